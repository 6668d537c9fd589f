"""All checks run over all five programmes, act by act: what is expected comes out, nothing more and nothing less.

Only the pure parts are used: readers, matching, cases, checks. The demo itself takes the same files through the services.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import pytest

import services.funding.domain.rules as rules_module
from services.funding.domain.bank_line import line_of
from services.funding.domain.case import Proof, case_of, programme_case_of, proofs_of
from services.funding.domain.matching import claim_of, match
from services.funding.domain.reconciliation import Reconciled, reconcile, reconcile_programme
from services.funding.domain.rules import RuleSet
from services.intake.domain.identity import Identities, New, Standing, fact_of
from services.intake.domain.readers import read, read_rows
from services.intake.domain.reading import Given, Reading
from shared.contracts.funding import Finding, Head, Match, ProgrammeStatement
from shared.contracts.intake import (
    AwardAmended,
    CofundingCommitted,
    DecisionDetailed,
    DecisionRecorded,
    Fact,
    GrantAwarded,
    InstructionGiven,
    MeasureData,
    MeasureRegistered,
    MeasureWithdrawn,
    PaymentBooked,
    ProgrammeRegistered,
    StaffAssigned,
    VoucherCorrected,
    VoucherRecorded,
)
from shared.values.source import Source, digest_of, id_of
from shared.values.subject import kind_of, paper_key, subject_of
from tests.demo.handins import DEMO, KEYS

NOTHING = Head(number=0, seal="0" * 64)
SAID: Final[dict[str, Any]] = {"recorded_at": datetime(2026, 1, 2, tzinfo=UTC), "actor": "demo"}
OneFact = TypeVar("OneFact", bound=Fact)


class Told:
    """Facts by subject, in the order intake would tell them."""

    def __init__(self) -> None:
        self.facts: dict[str, list[Fact]] = {}
        self._standings: dict[bytes, list[Standing]] = {}

    def hand_in(self, reading: Reading, digest: str) -> None:
        judge = Identities(standings=self._standings)
        for place, draft in reading.drafts:
            source = Source(digest=digest, place=place)
            verdict = judge.judge(draft, source)
            assert isinstance(verdict, New), f"{draft.kind} {draft.key}: {verdict}"
            assert verdict.twin == 1
            assert verdict.remark is None
            self._tell(fact_of(draft, verdict, source, SAID))

    def instruct(self, subject: str, instruction: dict[str, Any]) -> None:
        source = Source(digest="0" * 64, place="1")
        fact = {"id": id_of("instruction", subject), "subject": subject, "source": source, "instruction": instruction}
        self._tell(InstructionGiven.model_validate(fact | SAID))

    def _tell(self, fact: Fact) -> None:
        self.facts.setdefault(fact.subject, []).append(fact)

    def all(self, kind: type[OneFact]) -> list[OneFact]:
        return [fact for facts in self.facts.values() for fact in facts if isinstance(fact, kind)]

    def standing(self, kind: type[OneFact]) -> list[OneFact]:
        replaced = {fact.corrects for facts in self.facts.values() for fact in facts if fact.corrects}
        return [fact for fact in self.all(kind) if fact.id not in replaced]

    def vouchers(self) -> list[VoucherRecorded | VoucherCorrected]:
        return [*self.standing(VoucherRecorded), *self.standing(VoucherCorrected)]


@cache
def rule_sets() -> dict[str, RuleSet]:
    folder = Path(rules_module.__file__).parent.parent / "rules"
    return {name: versions[-1] for name, versions in rules_module.rule_sets(folder).items()}


def told_after_each_act(key: str) -> Iterator[tuple[int, date, Told]]:
    told = Told()
    for number, folder in enumerate(sorted((DEMO / key).glob("act-*")), 1):
        plan = tomllib.loads((folder / "act.toml").read_text())
        for file in plan["file"]:
            content = (folder / file["path"]).read_bytes()
            reading = _read(file, content)
            assert not reading.rejected, [(row.place, row.faults) for row in reading.rejected]
            assert not reading.remarks
            told.hand_in(reading, digest_of(content))
        for instruction in plan.get("instruction", []):
            told.instruct(instruction["subject"], instruction["instruction"])
        yield number, plan["as_of"], told


def _read(file: dict[str, Any], content: bytes) -> Reading:
    if file["channel"] == "submission":
        data = json.loads(content)["data"]
        return read_rows(data["kind"], data["rows"], Given(name=file["path"], series=data["series"])).all()
    return read(content, Given(name=file["path"], kind=file["kind"], municipality=file.get("municipality"))).all()


def proofs_of_all(told: Told, measures: dict[str, MeasureData]) -> dict[UUID, Proof]:
    claims = [claim_of(f.id, f.subject, f.voucher, measures[f.voucher.measure].accounts) for f in told.vouchers()]
    lines = [line_of(f.id, f.source, f.payment, entry) for entry, f in enumerate(told.all(PaymentBooked), 1)]
    found = match(claims, lines)
    assert not found.suggestions
    return proofs_of(
        Match(
            voucher=matched.claim.fact, payment=matched.line.fact, account=matched.line.account,
            payment_source=matched.line.source, payment_entry=matched.line.entry, paid_cents=matched.paid_cents,
            invoice_paid_cents=matched.invoice_paid_cents, value_date=matched.value_date, reasons=matched.reasons,
            returns=matched.returns,
        )
        for matched in found.matches
    )  # fmt: skip


def state(told: Told, as_of: date) -> tuple[dict[str, Reconciled], ProgrammeStatement, dict[UUID, Finding]]:
    """Statements of the measures, of the programme, and every finding once."""
    measures = {f.measure.key: f.measure for f in told.standing(MeasureRegistered)}
    (programme,) = told.standing(ProgrammeRegistered)
    proofs = proofs_of_all(told, measures)
    papers = [*told.all(DecisionRecorded), *told.all(DecisionDetailed)]
    about = (MeasureRegistered, GrantAwarded, AwardAmended, MeasureWithdrawn)
    registering = {k: [f for f in told.facts[subject_of("measure", k)] if isinstance(f, about)] for k in measures}
    of_measures: dict[str, Reconciled] = {}
    for key, measure in measures.items():
        facts = told.facts[subject_of("measure", key)]
        promises = [f.commitment.decision for f in facts if isinstance(f, CofundingCommitted) and f.commitment.decision]
        named = {subject_of("paper", paper_key(measure.municipality.key, reference)) for reference in promises}
        neighbours = [
            registering[other] for other, m in measures.items()
            if other != key and (m.municipality.key == measure.municipality.key or m.carrier == measure.carrier)
        ]  # fmt: skip
        case = case_of(
            facts,
            as_of=as_of,
            rules=rule_sets()[measure.rule_set],
            programme=programme.programme,
            proofs=proofs,
            elsewhere=[(f, proofs.get(f.id)) for f in told.vouchers() if f.voucher.measure != key],
            staff_elsewhere=[f for f in told.standing(StaffAssigned) if f.staff.measure != key],
            papers=[f for f in papers if f.subject in named],
            programme_facts=told.facts[programme.subject],
            related=neighbours,
            bank_statements=any(f.payment.account in measure.accounts for f in told.all(PaymentBooked)),
        )
        of_measures[key] = reconcile(case)
    case_of_programme = programme_case_of(
        told.facts[programme.subject],
        as_of=as_of,
        rules=rule_sets()[programme.programme.rule_set],
        measures=registering,
        statements={k: r.statement(head=NOTHING, settlement=NOTHING, facts_upto=0) for k, r in of_measures.items()},
        findings={k: r.open_findings for k, r in of_measures.items()},
    )
    reconciled = reconcile_programme(case_of_programme)
    findings = {f.id: f for r in of_measures.values() for f in r.open_findings} | {f.id: f for f in reconciled.findings}
    return of_measures, reconciled.statement, findings


@pytest.mark.parametrize("key", KEYS)
def test_every_act_shows_what_is_expected_nothing_more_and_nothing_less(key: str) -> None:
    expected = tomllib.loads((DEMO / key / "expected.toml").read_text())["act"]
    for number, as_of, told in told_after_each_act(key):
        said = expected[number - 1]
        measures, programme, findings = state(told, as_of)
        came = sorted(
            (f.code, f.object, f.budget_year or 0, f.severity.value, f.at_risk_cents, f.arithmetic) for f in findings.values()
        )
        due = sorted(
            (f["code"], f["object"], f.get("year", 0), f["severity"], f["at_risk_cents"], f["arithmetic"])
            for f in said.get("finding", [])
        )
        same = len(came) == len(due) and all(
            fnmatchcase(one[1], other[1]) and (one[0], *one[2:]) == (other[0], *other[2:])
            for one, other in zip(came, due, strict=True)
        )
        assert same, f"act {number}: came {came}, expected {due}"
        missing = {(m.code, m.object, m.what) for r in measures.values() for m in r.missing}
        missing |= {(m.code, m.object, m.what) for check in programme.checks for m in check.missing}
        assert missing == {(m["code"], m["object"], m["what"]) for m in said.get("missing", [])}
        totals = programme.totals.model_dump()
        assert {name: totals[name] for name in said["totals"]} == said["totals"]
        for one in said["measure"]:
            figures = measures[one["key"]].totals.model_dump()
            assert {name: figures[name] for name in one if name != "key"} == {k: v for k, v in one.items() if k != "key"}


def test_every_file_is_of_one_kind_that_its_reader_knows_by_content() -> None:
    for key in KEYS:
        for folder in sorted((DEMO / key).glob("act-*")):
            for file in tomllib.loads((folder / "act.toml").read_text())["file"]:
                if file["channel"] != "submission":
                    given = Given(name=file["path"], municipality=file.get("municipality"))
                    assert read((folder / file["path"]).read_bytes(), given).kind == file["kind"]


def test_figures_are_provisional_until_a_report_is_signed_after_the_quarter() -> None:
    for number, as_of, told in told_after_each_act("offenbach"):
        measures, programme, _ = state(told, as_of)
        stated = [programme.provisional, *(measure.provisional for measure in measures.values())]
        cut_offs = {one.cut_off if one else None for one in stated}
        assert cut_offs == ({date(2014, 12, 1)} if number == 1 else {None})


def test_subjects_of_the_demo_are_those_of_the_streams() -> None:
    for key in KEYS:
        *_, (_, _, told) = told_after_each_act(key)
        assert {kind_of(subject) for subject in told.facts} <= {"measure", "programme", "account", "paper"}
