"""Statement: totals, years, stages, verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from services.funding.domain.case import Proof, programme_case_of
from services.funding.domain.reconciliation import Reconciled, reconcile, reconcile_programme
from shared.contracts.funding import Head, Stage
from shared.contracts.intake import (
    Close,
    Fact,
    Municipality,
    Participation,
    ParticipationRecorded,
    ProgrammeData,
    ProgrammeRegistered,
    Step,
    StepResult,
)
from shared.values.dates import Period
from tests.builders import a_debit, a_proof
from tests.funding import facts
from tests.funding.domain.test_coverage import RULES, case


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
    assert stage("S3", stated(promise)).missing == "Beschluss"
    said = stage("S3", stated(promise, papers=(facts.decision(), facts.detail(90_00))))
    assert (said.left_cents, said.right_cents, said.unexplained_cents) == (100_00, 90_00, 10_00)
    assert stage("S3", stated(facts.promise(100_00))).verdict == "not_applicable"


def test_what_a_paper_names_counts_only_as_far_as_it_was_decided() -> None:
    promise = facts.promise(100_00, funder=facts.CITY, decision="V-1")
    assert stage("S3", stated(promise, papers=(facts.detail(100_00),))).missing == "Beschluss"
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
    head = Head(number=0, seal="0" * 64)
    assert said.statement(head=head, settlement=head, facts_upto=1).verdict == "reconciled"
    assert said.statement(head=head, settlement=head, facts_upto=1, parked=1).verdict == "open"
    assert said.statement(head=head, settlement=head, facts_upto=1, rejected=1).verdict == "open"


def test_a_programme_lists_every_municipality_and_adds_up_those_with_measures() -> None:
    period = Period(start=date(2026, 1, 1), end=date(2027, 12, 31))
    programme = told(ProgrammeRegistered, programme=ProgrammeData(key="P", name="P", rule_set="national", period=period))
    alone = Participation(
        programme="P", municipality=Municipality(key="a", name="A (Demo)"), joined_on=date(2026, 1, 1), amount_cents=7,
        left_on=date(2026, 6, 30),
    )
    said = stated(facts.plan(100_00), facts.promise(60_00))
    head = Head(number=0, seal="0" * 64)
    statement = said.statement(head=head, settlement=head, facts_upto=1)
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
