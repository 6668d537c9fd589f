"""Finding, missing fact, check: what a rule says, and how two sets of findings differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final, Literal
from uuid import UUID

from services.funding.domain.case import Case, CaseVoucher, ProgrammeCase
from services.funding.domain.rules import RuleSet
from shared.contracts.funding import CheckResult, Finding, Missing, Outcome, Severity
from shared.values.german import write_cents, write_count, write_day
from shared.values.source import id_of

Scope = Literal["voucher", "measure", "programme"]

LONGEST_OBJECT: Final = 300
"""Characters of a finding's object that are printed; its identity is made of all of them."""
MOST_INPUTS: Final = 500
MOST_REFERENCES: Final = 2_000
"""What a finding names one by one, such as the claims of an invoice that thousands share: an event has room for 256 kB."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a check yields; code, rules and identity are added by ``run``."""

    object: str
    legal_basis: str | None = None
    """Where it is another than the one the rule set names for the check's code."""
    severity: Severity | None = None
    """Where it differs from the check's own."""
    budget_year: int | None = None
    at_risk_cents: int = 0
    at_risk_eu_cents: int = 0
    inputs: Mapping[str, str] | None = None
    arithmetic: str = ""
    references: tuple[str, ...] = ()
    crosses: tuple[str, ...] = ()
    vouchers: Mapping[UUID, int] | None = None
    """What of it lies on which voucher (its fact → cents), so that FQ-01 takes no euro off twice."""


@dataclass(frozen=True, slots=True)
class Lacks:
    """A fact the check needs and does not have."""

    object: str
    what: str


NotApplicable = Literal["not applicable"]
NOT_APPLICABLE: Final[NotApplicable] = "not applicable"
"""A check yields it when there is nothing it could judge."""

Said = Noticed | Lacks | NotApplicable


@dataclass(frozen=True, slots=True)
class Check:
    """A rule with its code: a pure function of a case."""

    code: str
    severity: Severity
    scope: Scope
    of_measure: Callable[[Case], Iterator[Said]] | None = None
    of_programme: Callable[[ProgrammeCase], Iterator[Said]] | None = None

    def run(self, case: Case | ProgrammeCase) -> tuple[CheckResult, tuple[Finding, ...]]:
        """Outcome and findings, each identity once, in a fixed order."""
        if isinstance(case, Case):
            said = list(self.of_measure(case)) if self.of_measure else [NOT_APPLICABLE]
        else:
            said = list(self.of_programme(case)) if self.of_programme else [NOT_APPLICABLE]
        findings = {f.id: f for f in (self._finding(s, case.rules) for s in said if isinstance(s, Noticed))}
        lacks = {(s.object, s.what) for s in said if isinstance(s, Lacks)}
        missing = tuple(Missing(code=self.code, object=o, what=w) for o, w in sorted(lacks))
        outcome = (
            Outcome.FINDING
            if findings
            else Outcome.MISSING
            if missing
            else Outcome.NOT_APPLICABLE
            if NOT_APPLICABLE in said
            else Outcome.HOLDS
        )
        result = CheckResult(code=self.code, outcome=outcome, findings=len(findings), missing=missing)
        return result, tuple(sorted(findings.values(), key=lambda f: (f.code, f.object, f.budget_year or 0)))

    def identity(self, said: Noticed) -> UUID:
        """Code, object and year: what stays while amounts change."""
        return id_of("finding", self.code, said.object, str(said.budget_year or ""))

    def _finding(self, said: Noticed, rules: RuleSet) -> Finding:
        inputs, references = _named(said.inputs or {}, said.references)
        return Finding(
            id=self.identity(said),
            code=self.code,
            severity=said.severity or self.severity,
            object=said.object[:LONGEST_OBJECT],
            budget_year=said.budget_year,
            at_risk_cents=said.at_risk_cents,
            at_risk_eu_cents=said.at_risk_eu_cents,
            inputs=inputs,
            arithmetic=said.arithmetic,
            legal_basis=said.legal_basis or rules.source(self.code),
            references=references,
            crosses=said.crosses,
            vouchers={fact: cents for fact, cents in sorted((said.vouchers or {}).items()) if cents},
            rules=rules.digest,
        )


def _named(inputs: Mapping[str, str], references: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Inputs and references as far as there is room, and how many there are beyond."""
    named = dict(islice(inputs.items(), MOST_INPUTS))
    for label, there, most in (("…", len(inputs), MOST_INPUTS), ("… Fundstellen", len(references), MOST_REFERENCES)):
        if there > most:
            named[label] = f"und {write_count(there - most)} weitere"
    return named, references[:MOST_REFERENCES]


def check(code: str, severity: Severity, scope: Scope = "measure") -> Callable[[Callable[[Case], Iterator[Said]]], Check]:
    """Makes a check of a measure from a plain function; its docstring says what it asks."""

    def made(rule: Callable[[Case], Iterator[Said]]) -> Check:
        return Check(code, severity, scope, of_measure=rule)

    return made


def programme_check(code: str, severity: Severity) -> Callable[[Callable[[ProgrammeCase], Iterator[Said]]], Check]:
    """Makes a check of a programme from a plain function."""

    def made(rule: Callable[[ProgrammeCase], Iterator[Said]]) -> Check:
        return Check(code, severity, "programme", of_programme=rule)

    return made


def about(
    case: Case,
    voucher: CaseVoucher,
    *,
    at_risk: int,
    legal_basis: str | None = None,
    inputs: Mapping[str, str | int | date] | None = None,
    arithmetic: str = "",
    severity: Severity | None = None,
    also: tuple[str, ...] = (),
) -> Noticed:
    """A finding about one voucher. Cents (int) and days among the inputs are written as people read them; ``also`` are trail
    references beside the voucher's own."""
    return Noticed(
        object=f"voucher {voucher.name}",
        budget_year=voucher.data.budget_year,
        severity=severity,
        at_risk_cents=at_risk,
        at_risk_eu_cents=case.at_risk_eu(at_risk),
        inputs=written(inputs or {}),
        arithmetic=arithmetic,
        legal_basis=legal_basis,
        references=(*voucher.references, *also),
        vouchers={voucher.fact: at_risk},
    )


def written(inputs: Mapping[str, str | int | date]) -> dict[str, str]:
    """Inputs as text: whole cents as 1.234,56, days as 31.12.2026."""
    return {
        name: write_cents(value) if isinstance(value, int) else write_day(value) if isinstance(value, date) else value
        for name, value in inputs.items()
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """How findings changed between two statements of the same subject and day."""

    raised: tuple[Finding, ...]
    changed: tuple[Finding, ...]
    settled: tuple[Finding, ...]


def compare(before: Iterable[Finding], after: Iterable[Finding]) -> Difference:
    """Before minus after is settled; after minus before is raised; the same identity with other content is changed."""
    old: dict[UUID, Finding] = {f.id: f for f in before}
    new: dict[UUID, Finding] = {f.id: f for f in after}
    return Difference(
        raised=tuple(f for i, f in new.items() if i not in old),
        changed=tuple(f for i, f in new.items() if i in old and old[i] != f),
        settled=tuple(f for i, f in old.items() if i not in new),
    )
