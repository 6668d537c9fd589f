"""Need against secured money."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.funding.domain.case import Case, case_of
from services.funding.domain.coverage import Coverage, cover
from services.funding.domain.rules import RuleSet
from shared.contracts.intake import CommitmentStatus, Fact, Step, StepResult
from tests.funding import facts

RULES = RuleSet("national", "Test", date(2000, 1, 1), "0" * 64, {})


def case(*of: Fact, as_of: date = date(2026, 12, 31), papers: tuple[Fact, ...] = (), **more: Any) -> Case:
    return case_of((facts.measure(), *of), as_of=as_of, rules=RULES, papers=papers, **more)


def covered(*of: Fact, as_of: date = date(2026, 12, 31), papers: tuple[Fact, ...] = ()) -> Coverage:
    return cover(case(*of, as_of=as_of, papers=papers))


def test_a_gap_is_what_is_planned_and_not_secured_in_its_year() -> None:
    said = covered(facts.plan(100), facts.plan(50, 2027), facts.promise(80), facts.promise(90, 2027))
    assert said.gaps == {2026: 20}, "a surplus in 2027 does not fill the gap of 2026"
    assert (said.planned_cents, said.valid_cents, said.gap_cents, said.term_gap) == (150, 170, 20, 0)


@pytest.mark.parametrize(
    ("status", "valid"),
    [("announced", 0), ("applied", 0), ("conditional", 0), ("withdrawn", 0), ("decided", 100), ("awarded", 100), ("cut", 100)],
)
def test_only_decided_awarded_and_cut_promises_cover(status: str, valid: int) -> None:
    (line,) = covered(facts.plan(100), facts.promise(100, status=CommitmentStatus(status))).lines
    assert (line.committed_cents, line.valid_cents, line.why_not is None) == (100, valid, valid == 100)


def test_a_cut_promise_covers_with_its_latest_amount() -> None:
    said = covered(facts.plan(100), facts.promise(100), facts.promise(70, version=2, status=CommitmentStatus.CUT))
    assert said.gaps == {2026: 30}


@pytest.mark.parametrize(
    ("versions", "committed"),
    [
        ([("decided", 100), ("withdrawn", 0)], 100),
        ([("decided", 100), ("cut", 70), ("withdrawn", 0)], 70),
        ([("decided", 100), ("withdrawn", 0), ("withdrawn", 0)], 100),
        ([("decided", 100), ("cut", 70)], 70),
        ([("withdrawn", 60)], 60),
        ([("decided", 100), ("withdrawn", 0), ("decided", 80)], 80),
    ],
)
def test_a_promise_taken_back_shows_what_it_promised_until_then(versions: list[tuple[str, int]], committed: int) -> None:
    told = [facts.promise(cents, version=n, status=CommitmentStatus(said)) for n, (said, cents) in enumerate(versions, 1)]
    others = facts.promise(500, 2027), facts.promise(300, number="KOM-2", funder=facts.ESF)
    line = next(x for x in covered(facts.plan(100), *told, *others).lines if (x.funder.key, x.budget_year) == ("land", 2026))
    assert (line.committed_cents, line.valid_cents) == (committed, 0 if versions[-1][0] == "withdrawn" else committed)


def test_a_promise_covers_on_its_last_day_and_not_the_day_after() -> None:
    promise = facts.promise(100, expires_on=date(2026, 6, 30))
    assert covered(promise, as_of=date(2026, 6, 30)).valid_cents == 100
    after = covered(promise, as_of=date(2026, 7, 1))
    assert after.valid_cents == 0
    assert after.lines[0].why_not == "abgelaufen am 30.06.2026, bis dahin eingegangen 0,00"


def test_what_was_received_by_the_last_day_still_covers() -> None:
    promise = facts.promise(100, expires_on=date(2026, 6, 30))
    in_time = facts.receipt(40, received_on=date(2026, 6, 30))
    late = facts.receipt(50, number="E-2", received_on=date(2026, 7, 1))
    assert covered(promise, in_time, late, as_of=date(2026, 8, 1)).valid_cents == 40


def test_what_was_received_in_time_and_repaid_covers_no_longer() -> None:
    promise = facts.promise(100, expires_on=date(2026, 6, 30))
    in_time = facts.receipt(40, received_on=date(2026, 6, 30))
    back, late = (facts.receipt(c, number=n, received_on=date(2026, 7, 2)) for n, c in (("E-2", -15), ("E-3", 10)))
    assert covered(promise, in_time, back, as_of=date(2026, 8, 1)).valid_cents == 25
    assert covered(promise, in_time, back, as_of=date(2026, 7, 1)).valid_cents == 40, "it had not been repaid by then"
    assert covered(promise, in_time, back, late, as_of=date(2026, 8, 1)).valid_cents == 35, "what came late may be what went back"


def test_a_municipal_promise_covers_only_years_its_decision_names_an_amount_for() -> None:
    promises = [facts.promise(100, year, funder=facts.CITY, decision="V-1") for year in (2026, 2027)]
    without = covered(*promises)
    assert [line.why_not for line in without.lines] == ["Beschluss V-1 liegt nicht vor"] * 2
    said = covered(*promises, papers=(facts.decision(), facts.detail(100, 2026)))
    assert said.valid == {2026: 100, 2027: 0}
    assert said.lines[1].why_not == "Beschluss V-1 deckt 2026, nicht 2027"


CONSULTED = Step(body="Ausschuss", role="Vorberatung", result=StepResult.PASSED_UNCHANGED, result_raw="zugestimmt")
OPEN = Step(body="Rat", role="Entscheidung")
PASSED = Step(body="Rat", role="Entscheidung", result=StepResult.PASSED_UNCHANGED, result_raw="beschlossen")
LATER = PASSED.model_copy(update={"held_on": date(2027, 1, 1)})


@pytest.mark.parametrize(
    ("papers", "why_not"),
    [
        ((facts.detail(100),), "Beschluss V-1 liegt nicht vor"),
        ((facts.decision(steps=()), facts.detail(100)), "Vorlage V-1 zeigt keine Entscheidung"),
        ((facts.decision(steps=(CONSULTED,)), facts.detail(100)), "Vorlage V-1 zeigt keine Entscheidung"),
        ((facts.decision(steps=(CONSULTED, OPEN)), facts.detail(100)), "Entscheidung über Vorlage V-1 ohne Ergebnis"),
        ((facts.decision(steps=(CONSULTED, LATER)), facts.detail(100)), "Vorlage V-1 zeigt keine Entscheidung"),
        ((facts.decision(steps=(CONSULTED, PASSED)),), "Beschluss V-1 deckt kein Haushaltsjahr, nicht 2026"),
        ((facts.decision(steps=(CONSULTED, PASSED)), facts.detail(100)), None),
        ((facts.decision(steps=(PASSED, OPEN)), facts.detail(100)), None),
    ],
    ids=["only details", "no steps", "only consulted", "no result", "decided after the day", "no details", "passed",
         "passed, and before another body since"],
)
def test_a_municipal_promise_is_secured_once_its_paper_passed(papers: tuple[Fact, ...], why_not: str | None) -> None:
    said = covered(facts.plan(100), facts.promise(100, funder=facts.CITY, decision="V-1"), papers=papers)
    assert said.lines[0].why_not == why_not
    assert (said.valid_cents, said.gap_cents) == ((0, 100) if why_not else (100, 0))
    assert said.lines[0].committed_cents == 100, "promised it is all the same"


def test_a_rejected_paper_and_a_promise_without_one_do_not_cover() -> None:
    rejected = Step(body="Rat", authoritative=True, held_on=date(2026, 1, 1), result=StepResult.REJECTED)
    promise = facts.promise(100, funder=facts.CITY, decision="V-1")
    said = covered(promise, papers=(facts.decision(steps=(rejected,)), facts.detail(100)))
    assert said.lines[0].why_not == "Vorlage V-1 wurde abgelehnt"
    assert covered(facts.promise(100, funder=facts.CITY)).lines[0].why_not == "kein Beschluss benannt"


def test_an_award_covers_by_its_years_from_its_day_until_it_is_revoked() -> None:
    given = facts.award(100, years={2026: 60, 2027: 40}, revoked_on=date(2026, 10, 1))
    assert covered(facts.plan(100), given, as_of=date(2026, 1, 1)).valid_cents == 0, "not known to the day before it was awarded"
    assert covered(facts.plan(100), given, as_of=date(2026, 9, 30)).valid == {2026: 60, 2027: 40}
    assert covered(facts.plan(100), given, as_of=date(2026, 10, 1)).lines[0].why_not == "widerrufen am 01.10.2026"


def test_an_award_that_was_handed_in_as_a_promise_as_well_covers_once() -> None:
    given = facts.award(100, years={2026: 60, 2027: 40}, grantor=facts.LAND)
    again = facts.promise(60, status=CommitmentStatus.AWARDED)
    said = covered(facts.plan(120), given, again)
    assert (said.valid, said.gaps) == ({2026: 60, 2027: 40}, {2026: 60})
    assert said.lines[0].why_not == "im Bescheid AZ-1 enthalten"
    for other in (
        facts.promise(60), facts.promise(60, 2028, status=CommitmentStatus.AWARDED),
        facts.promise(60, status=CommitmentStatus.AWARDED, funder=facts.ESF),
    ):
        assert covered(facts.plan(120), given, other).valid_cents == 160
    cut = facts.promise(-10, status=CommitmentStatus.AWARDED)
    assert covered(facts.plan(120), given, cut).valid == {2026: 50, 2027: 40}, "what is below zero is in no award"
    revoked = covered(facts.plan(120), facts.award(100, years={2026: 60}, grantor=facts.LAND, revoked_on=date(2026, 2, 1)), again)
    assert (revoked.valid_cents, revoked.lines[0].why_not) == (0, "widerrufen am 01.02.2026; im Bescheid AZ-1 enthalten")
    whole = facts.award(100, grantor=facts.LAND)
    assert covered(facts.plan(120), whole, again).valid_cents == 100
    assert covered(facts.plan(120), whole, facts.promise(60, 2028, status=CommitmentStatus.AWARDED)).valid_cents == 160


def test_an_award_without_years_covers_the_term_and_years_are_not_judged_singly() -> None:
    said = covered(facts.plan(60), facts.plan(40, 2027), facts.award(90))
    assert (said.gap(2026), said.gaps, said.term_gap, said.gap_cents) == (None, {}, 10, 10)


def test_without_a_plan_nothing_is_a_gap_and_nothing_is_known() -> None:
    said = covered(facts.promise(100))
    assert (said.planned, said.gap(2026), said.gap_cents) == ({}, None, 0)


def test_money_without_a_promise_has_a_line_of_its_own() -> None:
    (line,) = covered(facts.receipt(10)).lines
    assert (line.committed_cents, line.received_cents, line.why_not) == (0, 10, "keine Zusage")


def test_money_that_came_before_two_promises_lapsed_covers_once() -> None:
    lapsed = [facts.promise(1_000, number=number, expires_on=date(2026, 6, 30)) for number in ("K1", "K2")]
    said = covered(facts.plan(2_000), *lapsed, facts.receipt(1_000))
    assert (said.valid_cents, said.term_gap) == (1_000, 1_000)


def test_money_that_came_late_covers_the_promise_that_lapsed_late() -> None:
    early = facts.promise(1_000, number="K1", expires_on=date(2026, 1, 31))
    late = facts.promise(1_000, number="K2", expires_on=date(2026, 2, 1))
    assert covered(facts.plan(2_000), early, late, facts.receipt(1_500)).valid_cents == 1_000
    before = facts.receipt(1_500, received_on=date(2026, 1, 31))
    assert covered(facts.plan(2_000), early, late, before).valid_cents == 1_500


@pytest.mark.parametrize("authoritative", [None, True])
@pytest.mark.parametrize("result", list(StepResult))
def test_only_a_paper_that_passed_its_deciding_step_covers(result: StepResult, authoritative: bool | None) -> None:
    step = Step(body="Rat", role="Entscheidung", authoritative=authoritative, result=result, result_raw="wie gesagt")
    promise = facts.promise(100, funder=facts.CITY, number="S", decision="V-1")
    said = covered(facts.plan(100), promise, papers=(facts.decision(steps=(step,)), facts.detail(100)))
    passed = result in (StepResult.PASSED_UNCHANGED, StepResult.PASSED_CHANGED)
    assert said.valid_cents == (100 if passed else 0)
    assert ("V-1" in (said.lines[0].why_not or "")) is not passed


def test_a_paper_postponed_first_and_passed_later_covers() -> None:
    steps = tuple(
        Step(body="Rat", role="Entscheidung", result=result) for result in (StepResult.POSTPONED, StepResult.PASSED_UNCHANGED)
    )
    promise = facts.promise(100, funder=facts.CITY, number="S", decision="V-1")
    assert covered(facts.plan(100), promise, papers=(facts.decision(steps=steps), facts.detail(100))).valid_cents == 100


def test_one_reference_with_two_grantors_is_two_awards() -> None:
    said = covered(facts.plan(150), facts.award(years={2026: 100}), facts.award(years={2026: 50}, grantor=facts.LAND))
    assert (said.valid_cents, len(said.lines)) == (150, 2)


@pytest.mark.parametrize(("planned", "gap"), [(101, 0), (102, 2)])
def test_a_gap_of_one_cent_is_none_anywhere(planned: int, gap: int) -> None:
    said = covered(facts.plan(planned), facts.promise(100))
    assert (said.gap(2026), said.term_gap, said.gap_cents) == (gap, gap, gap)
