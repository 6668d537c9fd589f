"""Cases of the pure middle: a test names what it cares about, everything else is plausible and the same.

The measure M-1 runs 2015–2018 under the rules of 2014–2020 in Modellstadt (Demo). Facts come from ``tests.funding.facts``.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from services.funding.domain.case import Case, CaseVoucher, Paid, Paper, ProgrammeCase, Proof, Related
from services.funding.domain.finding import Check
from services.funding.domain.rules import RuleSet, rule_sets
from shared.contracts.funding import CheckResult, Finding, Outcome
from shared.contracts.intake import (
    Award,
    CofundingCommitted,
    DecisionDetail,
    DecisionDetailed,
    Figure,
    FigurePublished,
    FinancingType,
    MeasureData,
    Municipality,
    Participation,
    Party,
    PlanLineRecorded,
    ProgrammeData,
    ReceiptRecorded,
    ReportSigned,
    SignedReport,
    StaffMonth,
    Step,
    StepResult,
    Voucher,
    YearAmount,
)
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from shared.values.source import id_of
from shared.values.subject import subject_of
from tests.funding import facts
from tests.funding.facts import CITY, ESF, IBAN, LAND, TOWN, person, source

RULES = Path(__file__).parents[1] / "services" / "funding" / "rules"
AS_OF = date(2018, 12, 31)
TERM = Period(start=date(2015, 1, 1), end=date(2018, 12, 31))
BUND = Funder(key="bund", name="Bund", kind=FunderKind.BUND)
PAPER = f"{TOWN.key}/V-1"


@cache
def a_rule_set(name: str = "2014-2020") -> RuleSet:
    """The rules as shipped."""
    return rule_sets(RULES)[name][-1]


def a_measure(key: str = "M-1", **given: Any) -> MeasureData:
    data: dict[str, Any] = {
        "key": key, "name": f"Maßnahme {key} (Demo)", "municipality": TOWN, "carrier": "Träger (Demo)", "service": "Beratung",
        "target_group": "Jugendliche", "implementation": TERM, "rule_set": "2014-2020", "accounts": (IBAN,), "demo": True,
    }
    return MeasureData(**data | given)


def a_case(**given: Any) -> Case:
    """A case of M-1 whose bank statements are there; without anything else there is nothing to judge."""
    data: dict[str, Any] = {
        "as_of": AS_OF,
        "rules": a_rule_set(),
        "measure": a_measure(),
        "source": source(),
        "bank_statements": True,
    }
    return Case(**data | given)


def a_plan(cells: dict[tuple[str, int], int], *, flat_rate: tuple[str, ...] = ()) -> tuple[PlanLineRecorded, ...]:
    """Plan lines: (position, year) → cents."""
    made = (facts.plan(cents, year, position=position) for (position, year), cents in cells.items())
    return tuple(
        f.model_copy(update={"line": f.line.model_copy(update={"flat_rate": f.line.position in flat_rate})}) for f in made
    )


def an_award(cents: int = 1_000_000, *, years: dict[int, int] | None = None, **given: Any) -> Award:
    """ESF, half of the total, from 1 January 2015 on."""
    data: dict[str, Any] = {
        "measure": "M-1", "reference": "AZ-1", "grantor": ESF, "awarded_on": date(2015, 1, 1), "period": TERM,
        "financing": FinancingType.PROPORTIONAL, "share": Decimal("0.5"), "maximum_cents": cents,
        "years": tuple(YearAmount(budget_year=y, amount_cents=c) for y, c in (years or {}).items()),
    }
    return Award(**data | given)


def a_promise(cents: int, year: int = 2015, **given: Any) -> CofundingCommitted:
    """Decided co-funding of the Land, which needs no council decision."""
    return facts.promise(cents, year, **{"committed_on": date(2015, 1, 5)} | given)


def a_receipt(cents: int, year: int = 2015, **given: Any) -> ReceiptRecorded:
    return facts.receipt(cents, year, **given)


def a_debit(cents: int, on: date = date(2015, 4, 1)) -> Paid:
    """A debit that pays this much of an invoice."""
    return Paid(
        payment=id_of("payment", str(cents), str(on)),
        account=IBAN,
        payment_entry=7,
        payment_source=source("bank"),
        value_date=on,
        paid_cents=cents,
        invoice_paid_cents=cents,
    )


def a_proof(cents: int, on: date = date(2015, 4, 1), *more: Paid) -> Proof:
    """A debit that pays exactly this invoice; ``more`` where it was paid in parts."""
    return Proof((a_debit(cents, on), *more))


UNPAID = object()


def a_voucher(number: object = 1, cents: int = 100_00, *, proof: Any = None, measure: str = "M-1", **given: Any) -> CaseVoucher:
    """A paid voucher of March 2015; ``cents`` is gross and claimed. ``proof=UNPAID`` for none; each has its own invoice."""
    data: dict[str, Any] = {
        "measure": measure, "list": "2015-1", "number": str(number), "position": "1.1", "issuer": Party(ref=person(1)),
        "invoice_number": f"RE-{number}", "invoice_date": date(2015, 3, 20),
        "service": Period(start=date(2015, 3, 1), end=date(2015, 3, 10)), "budget_year": 2015, "gross_cents": cents,
        "eligible_cents": cents,
    }
    voucher = Voucher(**data | given)
    held = None if proof is UNPAID else proof or a_proof(max(0, voucher.payable_cents))
    return CaseVoucher(id_of("voucher", measure, str(number)), source(f"{measure}-{number}"), 1, voucher, held)


def a_step(body: str = "Rat", role: str = "Entscheidung", **given: Any) -> Step:
    """A step that passed the paper unchanged."""
    data: dict[str, Any] = {
        "held_on": date(2015, 1, 5), "result": StepResult.PASSED_UNCHANGED, "result_raw": "ungeändert beschlossen",
    }
    return Step(body=body, role=role, **data | given)


def a_detail(cents: int | None, year: int = 2015, funder: Funder = CITY, **given: Any) -> DecisionDetailed:
    fact = facts.detail(cents, year, funder=funder)
    corrects = given.pop("corrects", None)
    detail = DecisionDetail(**fact.detail.model_dump() | given)
    return fact.model_copy(update={"detail": detail, "corrects": corrects})


def a_paper(*details: DecisionDetailed, steps: tuple[Step, ...] | None = None) -> dict[str, Paper]:
    """The council paper V-1, decided unchanged, as a case holds it."""
    return {PAPER: Paper(PAPER, facts.decision(steps=(a_step(),) if steps is None else steps), details)}


def a_city_promise(cents: int, year: int = 2015, **given: Any) -> CofundingCommitted:
    """Municipal co-funding that rests on V-1."""
    return a_promise(cents, year, **{"funder": CITY, "number": "STADT-1", "decision": "V-1"} | given)


def a_staff_month(share: str, cents: int | None = None, *, measure: str = "M-1", who: int = 1, month: int = 10) -> StaffMonth:
    return StaffMonth(measure=measure, person=person(who), year=2015, month=month, share=Decimal(share), cost_cents=cents)


def a_related(key: str = "M-2", *awards: Award, withdrawn: bool = False, **given: Any) -> Related:
    """Another measure of the same carrier, with an award of its own."""
    return Related(a_measure(key, **given), awards or (an_award(measure=key, reference=f"AZ-{key}"),), withdrawn)


def a_signed_report(signed_on: date, period: Period, *, title: str = "Bericht", measure: str | None = "M-1") -> ReportSigned:
    owner: dict[str, Any] = {"measure": measure} if measure else {"programme": "P-1"}
    report = SignedReport(title=title, period=period, cut_off=signed_on, signed_on=signed_on, **owner)
    made: ReportSigned = facts.told(ReportSigned, subject_of("programme", "P-1"), title, signed_on, report=report)
    return made


def a_programme(**given: Any) -> ProgrammeData:
    data: dict[str, Any] = {"key": "P-1", "name": "Programm (Demo)", "rule_set": "2014-2020", "period": TERM}
    return ProgrammeData(**data | given)


def a_programme_case(**given: Any) -> ProgrammeCase:
    return ProgrammeCase(**{"as_of": AS_OF, "rules": a_rule_set(), "programme": a_programme()} | given)


def a_participation(
    n: int, cents: int | None = None, *, joined_on: date = TERM.start, left_on: date | None = None
) -> Participation:
    town = Municipality(key=f"demo-{n:02d}", name=f"Modellkommune {n:02d} (Demo)")
    return Participation(programme="P-1", municipality=town, joined_on=joined_on, left_on=left_on, amount_cents=cents, demo=True)


def a_figure(value: int, on: date = date(2015, 6, 1), *, scope: str, unit: str, rounding: int | None = None) -> FigurePublished:
    figure = Figure.model_validate(
        {"programme": "P-1", "scope": scope, "unit": unit, "value": value, "rounding_unit_cents": rounding, "published_on": on,
         "publication": "Internetseite (Demo)"}
    )
    made: FigurePublished = facts.told(FigurePublished, subject_of("programme", "P-1"), scope, on, value, figure=figure)
    return made


def run(check: Check, case: Case | ProgrammeCase) -> CheckResult:
    """What a check says."""
    return check.run(case)[0]


def findings(check: Check, case: Case | ProgrammeCase) -> tuple[Finding, ...]:
    """What it finds; its outcome agrees."""
    result, found = check.run(case)
    assert (result.outcome is Outcome.FINDING) == bool(found)
    return found


def finding(check: Check, case: Case | ProgrammeCase) -> Finding:
    """The one thing it finds."""
    (found,) = findings(check, case)
    return found


__all__ = [
    "AS_OF", "BUND", "CITY", "ESF", "IBAN", "LAND", "PAPER", "TERM", "TOWN", "UNPAID", "a_case", "a_city_promise", "a_debit",
    "a_detail", "a_figure", "a_measure", "a_paper", "a_participation", "a_plan", "a_programme", "a_programme_case", "a_promise",
    "a_proof", "a_receipt", "a_related", "a_rule_set", "a_signed_report", "a_staff_month", "a_step", "a_voucher", "an_award",
    "finding", "findings", "run",
]
