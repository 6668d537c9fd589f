"""The coverage a statement lists is held against the report's own facts: tampered with, it is found, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from services.reporting.domain.facts import shown
from services.reporting.domain.lines import line_of, up_to
from services.reporting.domain.snapshot import Basis, MeasureSnapshot, disagreements, measure_snapshot
from shared.contracts.funding import Book, CoverageLine, EntryPosted, MeasureStatement, PaymentMatched, YearLine
from shared.contracts.intake import (
    Award,
    CofundingCommitted,
    CommitmentStatus,
    DecisionDetailed,
    DecisionRecorded,
    Fact,
    FinancingType,
    GrantAwarded,
    MeasureRegistered,
    ReceiptRecorded,
    StepResult,
    YearAmount,
)
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from shared.values.source import Source
from tests.reporting.story import AS_OF, CITY, LIST, WHEN, Story, named, two_vouchers

STATE = Funder(key="land", name="Land Beispiel (Demo)", kind=FunderKind.LAND)


def given(story: Story, facts: Sequence[Fact], statement: MeasureStatement) -> MeasureSnapshot:
    lines = [line_of(e) for e in story.told if isinstance(e, EntryPosted | PaymentMatched)]
    registered = next(f for f in facts if isinstance(f, MeasureRegistered))
    return measure_snapshot(
        statement,
        up_to(lines, Book.MAIN, statement.head, story.subject),
        up_to(lines, Book.SETTLEMENT, statement.settlement, story.subject),
        shown([f for f in facts if f is not registered], AS_OF),
        subject=story.subject,
        source=registered.source,
        measure=registered.measure,
        programme=None,
        basis=Basis(story.told[-1].id, WHEN),
        findings=(),
    )


def facts_with(story: Story, **commitment: Any) -> list[Fact]:
    """The story's facts, its promise changed."""
    facts = [f for f in story.facts() if isinstance(f, Fact)]
    return [
        f.model_copy(update={"commitment": f.commitment.model_copy(update=commitment)})
        if isinstance(f, CofundingCommitted) else f
        for f in facts
    ]


def found(snapshot: MeasureSnapshot) -> dict[tuple[str, str], tuple[int, int]]:
    assert all(d.de and str(d) for d in disagreements(snapshot))
    return {(d.figure, d.of): (d.stated_cents, d.found_cents) for d in disagreements(snapshot)}


def changed(statement: MeasureStatement, *, line: dict[str, Any] | None = None, year: dict[str, Any] | None = None,
            **totals: int) -> MeasureStatement:
    (only,), (its_year,) = statement.coverage, statement.years
    return statement.model_copy(update={
        "coverage": (only.model_copy(update=line or {}),),
        "years": (its_year.model_copy(update=year or {}),),
        "totals": statement.totals.model_copy(update=totals),
    })


def test_what_is_stated_rightly_agrees() -> None:
    story = two_vouchers()
    assert found(given(story, facts_with(story), story.state().statement)) == {}


@pytest.mark.parametrize(
    ("promise", "most"),
    [
        ({"status": CommitmentStatus.WITHDRAWN}, 0),
        ({"status": CommitmentStatus.CONDITIONAL}, 0),
        ({"expires_on": date(2026, 2, 27)}, 60_000),                # what came in by then still covers
        ({"expires_on": date(2026, 1, 31)}, 0),                     # it came in on the first of February
        ({"decision": None}, 0),
        ({"decision": "2025/8"}, 0),
    ],
)
def test_a_promise_that_is_withdrawn_lapsed_or_undecided_cannot_be_counted_as_secured(promise: dict[str, Any], most: int) -> None:
    story = two_vouchers()
    statement = story.state().statement
    wrong = found(given(story, facts_with(story, **promise), statement))
    assert wrong == {("secured at most", "stadt 2026"): (100_000, most)}
    gap = 100_000 - most
    right = changed(statement, line={"valid_cents": most, "why_not": "so nicht"}, year={"valid_cents": most, "gap_cents": gap},
                    committed_cents=most, gap_cents=gap)
    assert found(given(story, facts_with(story, **promise), right)) == {}


def test_a_promise_on_a_paper_that_was_rejected_or_names_another_year_cannot_be_counted() -> None:
    story = two_vouchers()
    statement = story.state().statement
    facts = facts_with(story)
    paper = next(f for f in facts if isinstance(f, DecisionRecorded))
    detail = next(f for f in facts if isinstance(f, DecisionDetailed))
    (step,) = paper.decision.steps
    rejected = paper.decision.model_copy(update={"steps": (step.model_copy(update={"result": StepResult.REJECTED}),)})
    for fact, mended in (
        (paper, paper.model_copy(update={"decision": rejected})),
        (detail, detail.model_copy(update={"detail": detail.detail.model_copy(update={"budget_year": 2027})})),
    ):
        wrong = found(given(story, [mended if f is fact else f for f in facts], statement))
        assert wrong == {("secured at most", "stadt 2026"): (100_000, 0)}


def test_a_promise_stated_with_another_amount_is_found() -> None:
    story = two_vouchers()
    statement = changed(story.state().statement, line={"committed_cents": 100_001, "why_not": "gekürzt"})
    assert found(given(story, facts_with(story), statement)) == {("promised", "stadt 2026"): (100_001, 100_000)}


def test_a_promise_that_was_taken_back_stays_to_be_seen_with_what_it_promised() -> None:
    story = two_vouchers()
    facts = facts_with(story)
    promise = next(f for f in facts if isinstance(f, CofundingCommitted))
    back = promise.model_copy(update={
        **named("k", "2"),
        "commitment": promise.commitment.model_copy(
            update={"version": 2, "amount_cents": 0, "status": CommitmentStatus.WITHDRAWN}
        ),
    })
    statement = changed(story.state().statement, line={"valid_cents": 0, "why_not": "entfallen"},
                        year={"valid_cents": 0, "gap_cents": 100_000}, committed_cents=0, gap_cents=100_000)
    assert found(given(story, [*facts, back], statement)) == {}
    hidden = changed(statement, line={"committed_cents": 0})
    assert found(given(story, [*facts, back], hidden)) == {("promised", "stadt 2026"): (0, 100_000)}


def test_less_secured_than_promised_needs_a_reason() -> None:
    story = two_vouchers()
    statement = changed(story.state().statement, line={"valid_cents": 90_000}, year={"valid_cents": 90_000, "gap_cents": 10_000},
                        committed_cents=90_000, gap_cents=10_000)
    wrong = found(given(story, facts_with(story), statement))
    assert wrong == {("secured without a reason", "stadt 2026"): (90_000, 100_000)}


def test_a_gap_hidden_or_invented_is_found_in_its_year_and_in_the_total() -> None:
    story = two_vouchers()
    statement = changed(story.state().statement, year={"gap_cents": 7}, gap_cents=7)
    assert found(given(story, facts_with(story), statement)) == {("gap", "2026"): (7, 0), ("gap", ""): (7, 0)}


def test_money_put_down_to_another_year_or_funder_is_found() -> None:
    story = two_vouchers()
    facts = [
        f.model_copy(update={"receipt": f.receipt.model_copy(update={"award_year": 2027, "funder": STATE})})
        if isinstance(f, ReceiptRecorded) else f
        for f in facts_with(story)
    ]
    wrong = found(given(story, facts, story.state().statement))
    assert wrong == {
        ("received", "2026"): (60_000, 0), ("received", "2027"): (0, 60_000),
        ("received", "land 2027"): (0, 60_000), ("received", "stadt 2026"): (60_000, 0),
    }


def award(*, whole: bool, revoked_on: date | None = None, awarded_on: date = date(2026, 1, 5)) -> GrantAwarded:
    years = () if whole else (YearAmount(budget_year=2026, amount_cents=50_000),)
    return GrantAwarded(
        **named("g"), subject="measure/M-1", source=Source(digest=LIST, place="6"),
        award=Award(
            measure="M-1", reference="Az. 1", grantor=STATE, awarded_on=awarded_on,
            period=Period(start=date(2026, 1, 1), end=date(2026, 12, 31)), financing=FinancingType.FIXED_AMOUNT,
            maximum_cents=50_000, years=years, revoked_on=revoked_on,
        ),
    )


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("more", "most"), [({}, 50_000), ({"revoked_on": date(2026, 2, 1)}, 0)])
def test_an_award_covers_while_it_is_in_force_for_its_years_or_its_term(whole: bool, more: dict[str, Any], most: int) -> None:
    story = two_vouchers()
    statement = story.state().statement
    line = CoverageLine(funder=STATE, budget_year=2026, committed_cents=50_000, valid_cents=50_000, received_cents=0,
                        decision="Az. 1", whole_term=whole)
    year = statement.years[0].model_copy(update={"valid_cents": 100_000 if whole else 150_000})
    statement = statement.model_copy(update={
        "coverage": (line, *statement.coverage), "years": (year,),
        "totals": statement.totals.model_copy(update={"committed_cents": 150_000}),
    })
    wrong = found(given(story, [*facts_with(story), award(whole=whole, **more)], statement))
    assert wrong == ({} if most else {("secured at most", "land 2026"): (50_000, 0)})


def test_an_entry_that_books_under_seal_another_amount_than_the_fact_says_is_found() -> None:
    story = Story()
    story.receipt(60_000)
    facts = [
        f.model_copy(update={"receipt": f.receipt.model_copy(update={"amount_cents": 61_000})})
        if isinstance(f, ReceiptRecorded) else f
        for f in facts_with(story)
    ]
    wrong = found(given(story, facts, story.state().statement))
    assert wrong["posted", "M-1/1"] == (60_000, 61_000)


def test_figures_that_are_as_stated_but_for_a_year_are_named_by_year() -> None:
    story = two_vouchers()
    statement = story.state().statement
    other = YearLine(budget_year=2027, planned_cents=1, valid_cents=0, received_cents=0, claimed_cents=0, gap_cents=0,
                     verdict="open")
    statement = statement.model_copy(update={"years": (*statement.years, other)})
    snapshot = given(story, facts_with(story), statement)
    assert found(snapshot) == {("planned", "2027"): (1, 0)}
    assert [d.de for d in disagreements(snapshot)] == ["geplant (2027): abgeglichen 0,01, gefunden 0,00, Differenz −0,01"]


def test_what_funding_could_not_apply_is_no_part_of_what_is_compared() -> None:
    story = two_vouchers()
    statement = story.state().statement.model_copy(update={"parked": 1})
    assert found(given(story, facts_with(story, amount_cents=1, funder=CITY), statement)) == {}
