"""Two ways to the same figures: whatever was handed in, reporting's own sums are those funding states, and no report is refused.

Both services read the same facts and add them up apart. Where they differed about what is right, an office would have no report.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, cast
from uuid import UUID

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from services.funding.application import RULES, entry_posted
from services.funding.domain.case import case_of
from services.funding.domain.ledger import ZEROS, Journal
from services.funding.domain.posting import Books, Unpostable, entries_for
from services.funding.domain.reconciliation import reconcile
from services.funding.domain.rules import in_force
from services.reporting.app import SHOWN
from services.reporting.domain.facts import papers_named, registration, shown
from services.reporting.domain.lines import line_of, up_to
from services.reporting.domain.snapshot import Basis, MeasureSnapshot, disagreements, measure_snapshot
from shared.contracts.funding import Book, EntryPosted, Head, MeasureStatement
from shared.contracts.intake import (
    Award,
    AwardAmended,
    Close,
    CofundingCommitted,
    Commitment,
    CommitmentStatus,
    Decision,
    DecisionDetail,
    DecisionDetailed,
    DecisionRecorded,
    Fact,
    FinancingType,
    GrantAwarded,
    IntakeEvent,
    MeasureWithdrawn,
    PlanLine,
    PlanLineRecorded,
    Receipt,
    ReceiptRecorded,
    Step,
    StepResult,
    VoucherRecorded,
    YearAmount,
)
from shared.values.dates import Period
from shared.values.subject import subject_of
from tests.funding import facts as tell

Draw = st.DrawFn

SUBJECT: Final = "measure/M-1"
YEARS: Final = st.sampled_from((2026, 2026, 2026, 2027, 2028))
DAYS: Final = st.sampled_from(tuple(date(2026 + n // 4, 3 * (n % 4) + 1, 15) for n in range(10)))
CUT_OFFS: Final = st.sampled_from((date(2026, 4, 15), date(2026, 10, 14), date(2027, 7, 16), date(2028, 12, 31)))
SOMETIMES: Final[st.SearchStrategy[bool]] = st.sampled_from((False, False, False, True))
AMOUNTS: Final = st.sampled_from((0, 1, 2, 50_00, 100_00, 333_33, 1_000_00, -1, -50_00))
FUNDERS: Final = st.sampled_from((tell.CITY, tell.CITY, tell.CITY, tell.LAND, tell.ESF))
PAPERS: Final = st.sampled_from(("V-1", "V-1", "V-1", "V-2"))
LOST: Final[st.SearchStrategy[bool]] = st.sampled_from((False,) * 9 + (True,))
"""Does it correct what never came? Then it waits, until a person dismisses it."""
STAYS: Final = st.none()


@st.composite
def plan_lines(draw: Draw) -> PlanLine:
    return PlanLine(
        measure="M-1", position=draw(st.sampled_from(("1", "2"))), budget_year=draw(YEARS), amount_cents=draw(AMOUNTS),
        district=draw(st.sampled_from((None, "Nord"))),
    )


@st.composite
def awards(draw: Draw) -> Award:
    years = draw(st.dictionaries(YEARS, AMOUNTS, max_size=2))
    return Award(
        measure="M-1", reference=draw(st.sampled_from(("AZ-1", "AZ-2"))), version=draw(st.integers(1, 3)), grantor=draw(FUNDERS),
        awarded_on=draw(DAYS), period=Period(start=date(draw(YEARS), 1, 1), end=date(2028, 12, 31)),
        financing=FinancingType.FIXED_AMOUNT, maximum_cents=draw(AMOUNTS), revoked_on=draw(STAYS | DAYS),
        years=tuple(YearAmount(budget_year=year, amount_cents=cents) for year, cents in years.items()),
    )


@st.composite
def promises(draw: Draw) -> Commitment:
    status = draw(st.sampled_from((*CommitmentStatus, *[CommitmentStatus.DECIDED] * 4, CommitmentStatus.AWARDED)))
    return Commitment(
        measure="M-1", funder=draw(FUNDERS), number=draw(st.sampled_from(("K-1", "K-2"))), version=draw(st.integers(1, 3)),
        budget_year=draw(YEARS), amount_cents=0 if status is CommitmentStatus.WITHDRAWN else draw(AMOUNTS), status=status,
        committed_on=draw(DAYS), expires_on=draw(STAYS | DAYS), decision=draw(PAPERS),
    )


@st.composite
def receipts(draw: Draw) -> Receipt:
    return Receipt(
        measure="M-1", funder=draw(FUNDERS), number="E", amount_cents=draw(AMOUNTS), received_on=draw(DAYS),
        award_year=draw(YEARS),
    )


@st.composite
def steps(draw: Draw) -> Step:
    return Step(
        body="Rat", role=draw(st.sampled_from((None, "Vorberatung", "Entscheidung", "Beschluss"))),
        authoritative=draw(st.sampled_from((None, True, False))), held_on=draw(STAYS | DAYS), result_raw="so",
        result=draw(STAYS | st.sampled_from((*StepResult, *[StepResult.PASSED_UNCHANGED] * 4))),
    )


@st.composite
def papers(draw: Draw) -> Decision:
    reference = draw(PAPERS)
    return Decision(
        paper=f"{tell.TOWN.key}/{reference}", reference=reference, title="Mitfinanzierung",
        steps=tuple(draw(st.lists(steps(), max_size=3))),
    )


@st.composite
def details(draw: Draw) -> DecisionDetail:
    return DecisionDetail(
        paper=f"{tell.TOWN.key}/{draw(PAPERS)}", funder=draw(FUNDERS), budget_year=draw(YEARS),
        amount_cents=draw(STAYS | AMOUNTS), approval="üpl", approved_on=draw(STAYS | DAYS),
    )


BODIES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "line": plan_lines(), "award": awards(), "commitment": promises(), "receipt": receipts(), "decision": papers(),
    "detail": details(), "withdrawn_on": DAYS, "close": DAYS,
    "voucher": st.builds(tell.voucher_data, st.integers(1, 99), AMOUNTS, budget_year=YEARS, invoice_date=DAYS),
}
KINDS: Final = ("line",) * 3 + ("award",) * 3 + ("commitment",) * 6 + ("receipt",) * 4 + ("decision", "detail") * 3 + (
    "voucher", "withdrawn_on", "close")
TYPES: Final[dict[str, type[Fact]]] = {
    "line": PlanLineRecorded, "award": GrantAwarded, "commitment": CofundingCommitted, "receipt": ReceiptRecorded,
    "decision": DecisionRecorded, "detail": DecisionDetailed, "voucher": VoucherRecorded,
}
CORRECTABLE: Final = frozenset(TYPES) - {"voucher"}


@st.composite
def histories(draw: Draw) -> list[Fact]:
    """Facts of one measure and its papers in the order they came; each is corrected once at most, by one of its kind.

    Some name what never came.
    """
    told: list[Fact] = [tell.measure()]
    correctable: dict[str, list[UUID]] = {}
    for n, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=14))):
        body = draw(BODIES[kind])
        if kind == "withdrawn_on":
            told.append(tell.told(MeasureWithdrawn, SUBJECT, n, measure="M-1", withdrawn_on=body))
            continue
        if kind == "close":
            told.append(tell.instruction(SUBJECT, Close(closed_on=body), n))
            continue
        earlier = correctable.setdefault(kind, [])
        corrects = earlier.pop(draw(st.integers(0, len(earlier) - 1))) if draw(SOMETIMES) and earlier else None
        if draw(LOST):
            corrects = UUID(int=n + 1)
        cls = AwardAmended if kind == "award" and corrects else TYPES[kind]
        subject = subject_of("paper", body.paper) if kind in ("decision", "detail") else SUBJECT
        fact = tell.told(cls, subject, n, corrects=corrects, **{kind: body})
        told.append(fact)
        if kind in CORRECTABLE:
            earlier.append(fact.id)
    return told


def stated(told: Sequence[Fact], on: date) -> tuple[MeasureStatement, list[EntryPosted]]:
    """What funding posts and states."""
    books = Books(Journal(SUBJECT))
    posted: list[EntryPosted] = []
    applied: list[Fact] = []
    dismissed: list[UUID] = []
    for fact in told:
        if fact.subject != SUBJECT:
            applied.append(fact)
            continue
        try:
            entries = entries_for(cast(IntakeEvent, fact), books, date(2026, 3, 2))
        except Unpostable:
            dismissed.append(fact.id)
            continue
        if entries:
            books.posted[fact.id] = tuple(e for e in entries if e.reverses is None)
        posted += (entry_posted(entry, cast(IntakeEvent, fact)) for entry in entries)
        applied.append(fact)
    case = case_of(
        [f for f in applied if f.subject == SUBJECT], as_of=on, rules=in_force(RULES["national"], on),
        entries={e.entry.fact: e.entry.number for e in posted}, papers=[f for f in applied if f.subject != SUBJECT],
    )
    statement = reconcile(case).statement(
        head=books.journal.head, settlement=Head(number=0, seal=ZEROS), facts_upto=len(told), dismissed=tuple(dismissed)
    )
    return statement, posted


def frozen(told: Sequence[Fact], statement: MeasureStatement, posted: Sequence[EntryPosted]) -> MeasureSnapshot:
    """What reporting freezes."""
    heard = [f for f in told if f.type in SHOWN]
    own = shown([f for f in heard if f.subject == SUBJECT], statement.as_of, statement.dismissed)
    registered = registration(own)
    assert registered is not None
    named = papers_named(own, registered.measure.municipality.key)
    of_papers = [f for paper in named for f in shown([f for f in heard if f.subject == paper], statement.as_of)]
    return measure_snapshot(
        statement,
        up_to([line_of(e) for e in posted], Book.MAIN, statement.head, SUBJECT),
        (),
        (*own, *of_papers),
        subject=SUBJECT,
        source=registered.source,
        measure=registered.measure,
        programme=None,
        basis=Basis(UUID(int=0), datetime(2026, 3, 2, tzinfo=UTC)),
        findings=(),
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), CUT_OFFS)
def test_reporting_finds_what_funding_states_whatever_was_handed_in(told: list[Fact], on: date) -> None:
    statement, posted = stated(told, on)
    wrong = disagreements(frozen(told, statement, posted))
    for fact in told:
        note(fact.model_dump_json(exclude_defaults=True, exclude={"source", "subject", "recorded_at", "actor"}))
    assert not wrong, "; ".join(map(str, wrong))
