"""Facts as intake tells them: a test names what it is about, the rest is plausible."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts import intake
from shared.contracts.intake import (
    Award,
    Commitment,
    CommitmentStatus,
    Decision,
    DecisionDetail,
    FinancingType,
    MeasureData,
    Municipality,
    Party,
    Payment,
    PlanLine,
    Receipt,
    Step,
    StepResult,
    Voucher,
    YearAmount,
)
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from shared.values.source import Source, id_of
from shared.values.subject import subject_of

KNOWN = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
IBAN = "DE02120300000000202051"
TOWN = Municipality(key="modell", name="Modellstadt (Demo)")
CITY = Funder(key="stadt", name="Modellstadt (Demo)", kind=FunderKind.MUNICIPALITY)
ESF = Funder(key="esf", name="ESF", kind=FunderKind.ESF)
LAND = Funder(key="land", name="Land", kind=FunderKind.LAND)


def person(n: int) -> str:
    """A pseudonym."""
    return f"P-{n:016x}"


def source(place: object = 1, digest: str = "a" * 64) -> Source:
    """A row of a file."""
    return Source(digest=digest, place=str(place))


def told(cls: type[Any], subject: str, *key: object, corrects: UUID | None = None, at: datetime = KNOWN, **body: Any) -> Any:
    """A fact with everything an event carries; its id is made of class and key."""
    return cls(
        id=id_of("fact", cls.__name__, subject, *map(str, key)), subject=subject, recorded_at=at, actor="test", corrects=corrects,
        source=source("-".join(map(str, key)) or "1"), **body,
    )


def measure(key: str = "M-1", *, corrects: UUID | None = None, **data: Any) -> intake.MeasureRegistered:
    given: dict[str, Any] = {
        "key": key, "name": "Maßnahme (Demo)", "municipality": TOWN, "carrier": "Träger (Demo)", "service": "Beratung",
        "target_group": "Jugendliche", "implementation": Period(start=date(2026, 1, 1), end=date(2027, 12, 31)),
        "rule_set": "national", "accounts": (IBAN,), "demo": True,
    }
    return told(
        intake.MeasureRegistered, subject_of("measure", key), "registered", corrects or "", corrects=corrects,
        measure=MeasureData(**given | data),
    )


def plan(cents: int, year: int = 2026, key: str = "M-1", position: str = "1.1") -> intake.PlanLineRecorded:
    line = PlanLine(measure=key, position=position, budget_year=year, amount_cents=cents)
    return told(intake.PlanLineRecorded, subject_of("measure", key), position, year, cents, line=line)


def award(cents: int = 100_00, *, years: dict[int, int] | None = None, key: str = "M-1", **data: Any) -> intake.GrantAwarded:
    given: dict[str, Any] = {
        "measure": key, "reference": "AZ-1", "grantor": ESF, "awarded_on": date(2026, 1, 2), "maximum_cents": cents,
        "period": Period(start=date(2026, 1, 1), end=date(2027, 12, 31)), "financing": FinancingType.PROPORTIONAL,
        "share": Decimal("0.5"), "years": tuple(YearAmount(budget_year=y, amount_cents=c) for y, c in (years or {}).items()),
    }
    made = Award(**given | data)
    return told(intake.GrantAwarded, subject_of("measure", key), made.reference, made.version, award=made)


def promise(
    cents: int, year: int = 2026, *, key: str = "M-1", corrects: UUID | None = None, revision: int = 1, **data: Any
) -> intake.CofundingCommitted:
    given: dict[str, Any] = {
        "measure": key, "funder": LAND, "number": "KOM-1", "budget_year": year, "amount_cents": cents,
        "status": CommitmentStatus.DECIDED, "committed_on": date(2026, 1, 5),
    }
    made = Commitment(**given | data)
    return told(
        intake.CofundingCommitted, subject_of("measure", key), made.funder.key, made.number, year, made.version, revision,
        corrects=corrects, commitment=made,
    )


def receipt(cents: int, year: int = 2026, *, key: str = "M-1", number: str = "E-1", **data: Any) -> intake.ReceiptRecorded:
    given: dict[str, Any] = {
        "measure": key, "funder": LAND, "number": number, "amount_cents": cents, "received_on": date(year, 2, 1),
        "award_year": year,
    }
    return told(intake.ReceiptRecorded, subject_of("measure", key), number, receipt=Receipt(**given | data))


def voucher(number: object = 1, cents: int = 100_00, *, key: str = "M-1", **data: Any) -> intake.VoucherRecorded:
    return told(
        intake.VoucherRecorded, subject_of("measure", key), "list", number, voucher=voucher_data(number, cents, key=key, **data)
    )


def corrected(before: Any, revision: int = 2, **data: Any) -> intake.VoucherCorrected:
    """The voucher of an earlier fact with other data."""
    return told(
        intake.VoucherCorrected, before.subject, before.voucher.number, revision, corrects=before.id,
        voucher=before.voucher.model_copy(update=data),
    )


def withdrawn(before: Any) -> intake.VoucherWithdrawn:
    v = before.voucher
    return told(
        intake.VoucherWithdrawn, before.subject, v.number, "withdrawn", corrects=before.id, measure=v.measure, list=v.list,
        number=v.number,
    )


def voucher_data(number: object = 1, cents: int = 100_00, *, key: str = "M-1", **data: Any) -> Voucher:
    given: dict[str, Any] = {
        "measure": key, "list": "2026", "number": str(number), "position": "1.1", "issuer": Party(ref=person(1)),
        "invoice_number": f"RE-2026-{number}", "invoice_date": date(2026, 1, 10),
        "service": Period(start=date(2026, 1, 2), end=date(2026, 1, 9)), "budget_year": 2026, "gross_cents": cents,
        "eligible_cents": cents,
    }
    return Voucher(**given | data)


def payment(entry: object = 1, cents: int = -100_00, *, iban: str = IBAN, **data: Any) -> intake.PaymentBooked:
    given: dict[str, Any] = {
        "account": iban, "statement": "2026-1", "entry": str(entry), "amount_cents": cents, "booked_on": date(2026, 1, 20),
        "value_date": date(2026, 1, 20),
    }
    return told(intake.PaymentBooked, subject_of("account", iban), "2026-1", entry, payment=Payment(**given | data))


def decision(reference: str = "V-1", *, steps: tuple[Step, ...] | None = None, **data: Any) -> intake.DecisionRecorded:
    paper = f"{TOWN.key}/{reference}"
    taken = Step(
        body="Rat", role="Entscheidung", authoritative=True, held_on=date(2026, 1, 15), result_raw="ungeändert beschlossen",
        result=StepResult.PASSED_UNCHANGED,
    )
    made = Decision(paper=paper, reference=reference, title="Kofinanzierung", steps=(taken,) if steps is None else steps, **data)
    return told(intake.DecisionRecorded, subject_of("paper", paper), reference, decision=made)


def detail(cents: int | None, year: int = 2026, reference: str = "V-1", funder: Funder = CITY) -> intake.DecisionDetailed:
    paper = f"{TOWN.key}/{reference}"
    made = DecisionDetail(paper=paper, funder=funder, budget_year=year, amount_cents=cents, in_budget=True)
    return told(intake.DecisionDetailed, subject_of("paper", paper), funder.key, year, detail=made)


def instruction(subject: str, given: Any, n: int = 1) -> intake.InstructionGiven:
    return told(intake.InstructionGiven, subject, given.kind, n, instruction=given)
