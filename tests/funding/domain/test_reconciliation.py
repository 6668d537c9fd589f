"""Statement: totals, years, stages, verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.funding.domain.case import Proof, programme_case_of
from services.funding.domain.reconciliation import Reconciled, reconcile, reconcile_programme
from shared.contracts.funding import Head, Outcome, Stage
from shared.contracts.intake import (
    Close,
    Fact,
    Figure,
    FigurePublished,
    Municipality,
    Participation,
    ParticipationRecorded,
    ProgrammeData,
    ProgrammeRegistered,
    Step,
    StepResult,
)
from shared.values.dates import Period
from tests.builders import a_debit, a_proof, a_rule_set
from tests.funding import facts
from tests.funding.domain.test_coverage import RULES, case

HEAD = Head(number=0, seal="0" * 64)


def stated(*of: Fact, **more: Any) -> Reconciled:
    return reconcile(case(*of, **more), ())


def stage(code: str, said: Reconciled) -> Stage:
    return next(s for s in said.stages if s.code == code)


def paid(fact: Any, cents: int) -> dict[Any, Proof]:
    return {fact.id: a_proof(cents, date(2026, 1, 20))}


def test_totals_are_sums_a_person_can_redo() -> None:
    voucher = facts.voucher(1, 119_00, eligible_cents=100_00)
    said = stated(
        facts.plan(300_00), facts.plan(50_00, 2027), facts.award(80_00, years={2026: 80_00}), facts.promise(120_00),
        facts.receipt(30_00), facts.receipt(-5_00, number="E-2"), voucher, facts.voucher(2, 10_00), proofs=paid(voucher, 119_00),
    ).totals
    assert (said.planned_cents, said.committed_cents, said.received_cents) == (350_00, 200_00, 25_00)
    assert (said.claimed_cents, said.spent_cents, said.gap_cents) == (110_00, 100_00, 150_00), "100 in 2026 and 50 in 2027"


def test_a_withdrawn_measure_has_no_gap() -> None:
    gone = facts.told(facts.intake.MeasureWithdrawn, "measure/M-1", "w", measure="M-1", withdrawn_on=date(2026, 2, 1))
    said = stated(facts.plan(100_00), gone)
    assert (said.state, said.totals.gap_cents, said.years[0].gap_cents) == ("withdrawn", 0, 0)
    assert [(e.code, e.cents) for e in stage("S1", said).explained] == [("D12", 100_00)]


def test_years_say_what_is_missing_open_or_reconciled() -> None:
    assert [y.verdict for y in stated(facts.promise(100_00)).years] == ["missing"]
    assert stated(facts.promise(100_00)).years[0].planned_cents is None, "missing is never 0"
    said = stated(facts.plan(100_00), facts.plan(50_00, 2027), facts.promise(100_00), facts.receipt(100_00))
    assert [(y.budget_year, y.gap_cents, y.verdict) for y in said.years] == [(2026, 0, "reconciled"), (2027, 50_00, "open")]


def test_without_union_money_drawdowns_do_not_apply_and_with_it_they_are_missing() -> None:
    without = stated(facts.plan(100_00), facts.promise(100_00))
    assert [(s.verdict, s.missing) for s in without.stages[-2:]] == [("not_applicable", None)] * 2
    with_it = stated(facts.plan(100_00), facts.award(100_00, years={2026: 100_00}))
    assert [(s.verdict, s.missing) for s in with_it.stages[-2:]] == [("missing", "Mittelabruf"), ("missing", "Zahlungsantrag")]


def test_the_award_leaves_the_rest_of_the_plan_to_co_funding() -> None:
    said = stage("S2", stated(facts.plan(100_00), facts.award(60_00, years={2026: 60_00}), facts.promise(30_00)))
    assert (said.left_cents, said.right_cents, said.unexplained_cents, said.verdict) == (40_00, 30_00, 10_00, "open")
    assert stage("S2", stated(facts.award(60_00))).missing == "Finanzierungsplan"


def test_municipal_promises_are_held_against_what_the_papers_name() -> None:
    promise = facts.promise(100_00, funder=facts.CITY, decision="V-1")
    assert stage("S3", stated(promise)).missing == "Ratsvorlage"
    said = stage("S3", stated(promise, papers=(facts.decision(), facts.detail(90_00))))
    assert (said.left_cents, said.right_cents, said.unexplained_cents) == (100_00, 90_00, 10_00)
    assert stage("S3", stated(facts.promise(100_00))).verdict == "not_applicable"


def test_what_a_paper_names_counts_only_as_far_as_it_was_decided() -> None:
    promise = facts.promise(100_00, funder=facts.CITY, decision="V-1")
    assert stage("S3", stated(promise, papers=(facts.detail(100_00),))).missing == "Ratsvorlage"
    consulted = facts.decision(steps=(Step(body="Ausschuss", role="Vorberatung", result=StepResult.PASSED_UNCHANGED),))
    said = stage("S3", stated(promise, papers=(consulted, facts.detail(100_00))))
    assert (said.left_cents, said.right_cents, said.verdict) == (100_00, 0, "open")
    assert stage("S3", stated(promise, papers=(facts.decision(), facts.detail(100_00)))).verdict == "reconciled"


def test_money_still_to_come_is_a_matter_of_time_until_the_final_close() -> None:
    of = (facts.plan(100_00), facts.promise(100_00), facts.receipt(70_00))
    said = stage("S4", stated(*of))
    assert [(e.code, e.cents) for e in said.explained] == [("D01", 30_00)]
    assert (said.unexplained_cents, said.verdict) == (0, "explained")
    closed = stage("S4", stated(*of, facts.instruction("measure/M-1", Close(closed_on=date(2026, 3, 1)))))
    assert (closed.explained, closed.unexplained_cents, closed.verdict) == ((), 30_00, "open")
    too_much = stage("S4", stated(facts.promise(100_00), facts.receipt(130_00)))
    assert (too_much.unexplained_cents, too_much.verdict) == (-30_00, "open")


def test_the_cent_that_is_no_gap_is_rounding_and_two_cents_are_open() -> None:
    said = stated(facts.plan(100_00), facts.award(60_00, years={2026: 60_00}), facts.promise(39_99))
    assert [(s.code, s.verdict, s.unexplained_cents) for s in said.stages[:2]] == [("S1", "explained", 0), ("S2", "explained", 0)]
    assert [(e.code, e.cents) for e in said.stages[0].explained] == [("D02", 1)]
    short = stated(facts.plan(100_00), facts.award(60_00, years={2026: 60_00}), facts.promise(39_98))
    assert [s.verdict for s in short.stages[:2]] == ["open", "open"]


def test_cents_short_in_every_year_are_a_gap_of_the_term() -> None:
    years = range(2026, 2030)
    said = stated(*(facts.plan(100_00, y) for y in years), *(facts.promise(99_99, y) for y in years))
    assert said.totals.gap_cents == 4, "no year has a gap, the term has: as KOF-01 says"


def test_promises_that_share_what_one_paper_grants_are_held_against_it_once() -> None:
    amounts = {"K-1": 60_00, "K-2": 40_00}
    promises = [facts.promise(cents, number=n, funder=facts.CITY, decision="V-1") for n, cents in amounts.items()]
    said = stage("S3", stated(*promises, papers=(facts.decision(), facts.detail(100_00))))
    assert (said.left_cents, said.right_cents, said.verdict) == (100_00, 100_00, "reconciled")


def test_a_cent_of_rounding_between_the_halves_of_an_invoice_is_explained() -> None:
    half = facts.voucher(1, 100_01, allocation="0.5", eligible_cents=50_00)
    proof = Proof((replace(a_debit(100_01, date(2026, 1, 20)), paid_cents=50_00),))
    said = stage("S5", stated(half, proofs={half.id: proof}, bank_statements=True))
    assert (said.left_cents, said.right_cents, said.unexplained_cents, said.verdict) == (50_01, 50_00, 0, "explained")
    assert [(e.code, e.cents) for e in said.explained] == [("D02", 1)]
    short = Proof((replace(a_debit(100_00, date(2026, 1, 20)), paid_cents=50_00),))
    assert stage("S5", stated(half, proofs={half.id: short}, bank_statements=True)).verdict == "open", "paid a cent too little"


def test_vouchers_are_held_against_their_parts_of_bank_lines() -> None:
    one, other = facts.voucher(1, 100_00), facts.voucher(2, 50_00)
    assert stage("S5", stated(one)).missing == "Kontoauszug"
    said = stage("S5", stated(one, other, proofs=paid(one, 100_00), bank_statements=True, unmatched_payments=("DE1/7",)))
    assert (said.left_cents, said.right_cents, said.unexplained_cents) == (150_00, 100_00, 50_00)
    assert (said.open_left, said.open_right, said.open_count) == ((other.source.reference,), ("DE1/7",), 2)
    assert stage("S5", stated(one, proofs=paid(one, 100_00), bank_statements=True)).verdict == "reconciled"
    assert stage("S5", stated()).verdict == "not_applicable"


def test_what_is_parked_or_rejected_keeps_a_measure_open() -> None:
    said = stated(facts.plan(100_00), facts.promise(100_00), facts.receipt(100_00))
    assert said.verdict == "reconciled"
    assert said.statement(head=HEAD, settlement=HEAD, facts_upto=1).verdict == "reconciled"
    assert said.statement(head=HEAD, settlement=HEAD, facts_upto=1, parked=1).verdict == "open"
    rejected = said.statement(head=HEAD, settlement=HEAD, facts_upto=1, rejected=1)
    assert (rejected.verdict, [y.verdict for y in rejected.years]) == ("open", ["open"])


CITY = facts.promise(100_00, funder=facts.CITY, decision="V-1")
COVERED = (facts.plan(100_00), facts.promise(100_00), facts.receipt(100_00))


@pytest.mark.parametrize(
    ("of", "more", "verdict", "years", "lacking"),
    [
        (COVERED, {}, "reconciled", ["reconciled"], {}),
        ((facts.voucher(1),), {}, "open", ["missing"],
         {"Finanzierungsplan": {"KOF-01", "FIN-01", "FIN-02"}, "Kontoauszug": {"BEL-04", "BEL-05", "S5"}}),
        (COVERED[1:], {}, "open", ["missing"], {"Finanzierungsplan": {"KOF-01", "S1"}}),
        ((*COVERED, CITY), {"papers": (facts.detail(100_00),)}, "open", ["open"],
         {"Ratsvorlage": {"BES-01", "BES-02", "BES-05", "BES-06", "S3"}}),
        ((facts.plan(100_00), CITY, facts.receipt(100_00, funder=facts.CITY)),
         {"papers": (facts.decision(), facts.detail(100_00))}, "reconciled", ["reconciled"], {}),
        ((), {}, "reconciled", [], {}),
    ],
    ids=["all there", "a voucher and nothing else", "no plan", "a paper nobody handed in", "and handed in", "nothing to judge"],
)
def test_what_could_not_be_judged_for_want_of_a_fact_has_not_passed(
    of: tuple[Fact, ...], more: dict[str, Any], verdict: str, years: list[str], lacking: dict[str, set[str]]
) -> None:
    said = reconcile(replace(case(*of, **more), rules=a_rule_set("national")))
    assert not said.findings
    assert (said.verdict, [y.verdict for y in said.years]) == (verdict, years)
    found: dict[str, set[str]] = {}
    for missing in said.missing:
        found.setdefault(missing.what, set()).add(missing.code)
    for missing_in in (s for s in said.stages if s.lacks_input):
        found.setdefault(missing_in.missing or "", set()).add(missing_in.code)
    assert found == lacking


@pytest.mark.parametrize(
    ("set_aside", "state"), [({}, "closed"), ({"rejected": 3}, "active"), ({"parked": 1}, "active")],
    ids=["nothing", "rejected rows", "a parked fact"],
)
def test_a_close_waits_for_what_is_parked_or_rejected(set_aside: dict[str, int], state: str) -> None:
    close = facts.instruction("measure/M-1", Close(closed_on=date(2026, 3, 1)))
    said = stated(*COVERED, close).statement(head=HEAD, settlement=HEAD, facts_upto=1, **set_aside)
    assert (said.state, said.close_ordered_on) == (state, date(2026, 3, 1))
    of_a_year = facts.instruction("measure/M-1", Close(closed_on=date(2026, 3, 1), budget_year=2026))
    open_still = stated(*COVERED, of_a_year).statement(head=HEAD, settlement=HEAD, facts_upto=1, **set_aside)
    assert (open_still.state, open_still.close_ordered_on) == ("active", None)


def test_what_was_known_when_the_close_was_ordered_is_judged_though_it_waits() -> None:
    close = facts.instruction("measure/M-1", Close(closed_on=date(2026, 3, 1)))
    said = reconcile(replace(case(*COVERED, close), rules=a_rule_set("national")))
    assert [f.code for f in said.findings] == ["KOF-05"], "no finding vanishes because a row could not be read"


def test_a_check_the_rules_of_the_day_do_not_know_is_not_applicable() -> None:
    rules = a_rule_set("national")
    before = replace(rules, rules={name: rule for name, rule in rules.rules.items() if name != "KOF-01"})
    of = replace(case(facts.plan(100_00)), rules=rules)
    assert [f.code for f in reconcile(of).findings] == ["KOF-01"]
    said = reconcile(replace(of, rules=before))
    assert (said.findings, next(c.outcome for c in said.checks if c.code == "KOF-01")) == ((), Outcome.NOT_APPLICABLE)


def test_drawdowns_that_nobody_can_hand_in_yet_keep_nothing_open() -> None:
    given = facts.award(100_00, years={2026: 100_00})
    said = stated(facts.plan(100_00), given, facts.receipt(100_00, funder=facts.ESF, award="AZ-1"))
    assert [s.code for s in said.stages if s.verdict == "missing"] == ["S6", "S7"]
    assert (said.verdict, [y.verdict for y in said.years]) == ("reconciled", ["reconciled"])


def test_of_a_withdrawn_measure_nothing_has_to_be_secured() -> None:
    gone = facts.told(facts.intake.MeasureWithdrawn, "measure/M-1", "w", measure="M-1", withdrawn_on=date(2026, 2, 1))
    of = (facts.award(100_00), CITY)
    assert [s.missing for s in stated(*of).stages[:3]] == ["Finanzierungsplan", "Finanzierungsplan", "Ratsvorlage"]
    assert [s.verdict for s in stated(*of, gone).stages[:3]] == ["not_applicable"] * 3


@pytest.mark.parametrize(
    ("of", "more", "verdict"),
    [
        (COVERED, {}, "reconciled"),
        ((*COVERED[:2], facts.receipt(70_00)), {}, "explained"),
        (COVERED[1:], {}, "open"),
        (COVERED, {"rejected": 1}, "open"),
    ],
    ids=["reconciled", "explained", "no plan", "a rejected row"],
)
def test_a_programme_is_as_far_as_the_worst_of_its_measures(of: tuple[Fact, ...], more: dict[str, int], verdict: str) -> None:
    statement = reconcile(case(*of)).statement(head=HEAD, settlement=HEAD, facts_upto=1, **more)
    known = {"M-1": [facts.measure()]}
    assert of_programme(measures=known, statements={"M-1": statement}) == verdict
    assert of_programme(measures=known) == "open", "nothing was stated about it yet"


def test_a_programme_whose_own_facts_are_missing_or_set_aside_is_open() -> None:
    figure = Figure(programme="P", scope="municipalities", unit="count", value=3, published_on=date(2026, 1, 1), publication="x")
    assert of_programme() == "reconciled"
    assert of_programme(told(FigurePublished, figure=figure)) == "open", "PRG-03 lacks the participations"
    assert [of_programme(parked=1), of_programme(rejected=1)] == ["open", "open"]


def of_programme(*more: Fact, parked: int = 0, rejected: int = 0, **known: Any) -> str:
    period = Period(start=date(2026, 1, 1), end=date(2027, 12, 31))
    registered = told(ProgrammeRegistered, programme=ProgrammeData(key="P", name="P", rule_set="national", period=period))
    programme = programme_case_of([registered, *more], as_of=date(2026, 12, 31), rules=a_rule_set("national"), **known)
    return reconcile_programme(programme, parked=parked, rejected=rejected).statement.verdict


def test_a_programme_lists_every_municipality_and_adds_up_those_with_measures() -> None:
    period = Period(start=date(2026, 1, 1), end=date(2027, 12, 31))
    programme = told(ProgrammeRegistered, programme=ProgrammeData(key="P", name="P", rule_set="national", period=period))
    alone = Participation(
        programme="P", municipality=Municipality(key="a", name="A (Demo)"), joined_on=date(2026, 1, 1), amount_cents=7,
        left_on=date(2026, 6, 30),
    )
    said = stated(facts.plan(100_00), facts.promise(60_00))
    statement = said.statement(head=HEAD, settlement=HEAD, facts_upto=1)
    known = programme_case_of(
        [programme, told(ParticipationRecorded, participation=alone)], as_of=date(2026, 12, 31), rules=RULES,
        measures={"M-1": [facts.measure()]}, statements={"M-1": statement},
    )
    result = reconcile_programme(known, ()).statement
    lines = [(x.municipality.key, x.participation_cents, x.measures) for x in result.lines]
    assert lines == [("a", 7, ()), ("modell", None, ("M-1",))]
    assert (result.totals.planned_cents, result.totals.gap_cents) == (100_00, 40_00)


def told(cls: Any, **body: Any) -> Any:
    return facts.told(cls, "programme/P", cls.__name__, **body)
