"""What counts on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.funding.domain.case import Proof, Unregistered, case_of
from services.funding.domain.waiver import Waiver
from shared.contracts.intake import (
    Close,
    MeasureWithdrawn,
    ReportSigned,
    SignedReport,
    StaffAssigned,
    StaffMonth,
    Step,
    StepResult,
    WaiveFinding,
)
from shared.values.dates import Period
from shared.values.source import id_of
from tests.builders import a_debit, a_proof
from tests.funding import facts
from tests.funding.domain.test_coverage import RULES, case

DAY = date(2026, 1, 10)
BEFORE = DAY - timedelta(days=1)


def test_nothing_is_known_about_a_measure_nobody_registered() -> None:
    with pytest.raises(Unregistered):
        case_of([facts.plan(1)], as_of=DAY, rules=RULES)


def test_facts_after_the_day_do_not_count_and_those_of_the_day_do() -> None:
    of = (
        facts.voucher(1, invoice_date=DAY), facts.promise(1, committed_on=DAY), facts.receipt(1, received_on=DAY),
        facts.award(1, awarded_on=DAY), facts.instruction("measure/M-1", Close(closed_on=DAY)),
    )
    on, before = case(*of, as_of=DAY), case(*of, as_of=BEFORE)
    assert [len(x) for x in (on.vouchers, on.commitments, on.receipts, on.awards, on.closes)] == [1] * 5
    assert [len(x) for x in (before.vouchers, before.commitments, before.receipts, before.awards, before.closes)] == [0] * 5


def test_the_plan_always_counts_and_its_latest_version_only() -> None:
    assert case(facts.plan(100), facts.plan(90), as_of=date(2000, 1, 1)).plan_years == {2026: 90}


def test_a_correction_takes_the_place_and_a_withdrawal_leaves_it_empty() -> None:
    one, other = facts.voucher(1, 100), facts.voucher(2, 200)
    known = case(one, other, facts.corrected(one, eligible_cents=50), facts.withdrawn(other))
    assert [v.data.eligible_cents for v in known.vouchers] == [50]


def test_a_payment_proves_nothing_before_its_value_date() -> None:
    fact = facts.voucher(1)
    proof = a_proof(100, DAY)
    assert case(fact, as_of=DAY, proofs={fact.id: proof}).spent_cents == 100_00
    assert case(fact, as_of=BEFORE, proofs={fact.id: proof}).vouchers == ()
    assert case(fact, as_of=DAY, proofs={fact.id: a_proof(100, date(2026, 2, 1))}).spent_cents == 0


def test_a_returned_payment_proves_until_the_day_it_was_returned() -> None:
    fact = facts.voucher(1)
    returned = Proof((replace(a_debit(100_00, DAY), returned_on=DAY + timedelta(days=3)),))
    spent = [case(fact, as_of=DAY + timedelta(days=n), proofs={fact.id: returned}).spent_cents for n in (0, 2, 3)]
    assert spent == [100_00, 100_00, 0]


def test_of_what_was_paid_in_parts_those_paid_by_the_day_count() -> None:
    fact = facts.voucher(1)
    parts = a_proof(60_00, DAY, a_debit(40_00, DAY + timedelta(days=9)))
    proofs = [case(fact, as_of=DAY + timedelta(days=n), proofs={fact.id: parts}).vouchers[0].proof for n in (0, 8, 9)]
    assert [(p.paid_cents, p.value_date) for p in proofs if p] == [
        (60_00, DAY), (60_00, DAY), (100_00, DAY + timedelta(days=9))
    ]


def test_a_later_version_of_an_award_counts_from_its_day() -> None:
    both = (facts.award(100), facts.award(80, version=2, awarded_on=date(2026, 5, 1)))
    assert [a.maximum_cents for a in case(*both, as_of=DAY).awards] == [100]
    assert [a.maximum_cents for a in case(*both).awards] == [80]
    assert [a.version for a in case(*both).award_versions] == [1, 2]


def test_papers_are_linked_by_municipality_and_reference_and_steps_ahead_do_not_count() -> None:
    taken = Step(body="Rat", authoritative=True, held_on=DAY, result=StepResult.PASSED_UNCHANGED)
    of = (facts.promise(1, funder=facts.CITY, decision="V-1", committed_on=BEFORE),)
    papers = (facts.decision(steps=(taken,)), facts.detail(1), facts.decision("V-2"))
    on, before = case(*of, as_of=DAY, papers=papers), case(*of, as_of=BEFORE, papers=papers)
    assert set(on.papers) == {"modell/V-1"}
    assert on.papers["modell/V-1"].state is not None
    assert [len(c.papers["modell/V-1"].state.steps) for c in (on, before) if c.papers["modell/V-1"].state] == [1, 0]


def test_a_waiver_is_known_with_its_reason() -> None:
    finding = id_of("finding")
    given = facts.instruction("measure/M-1", WaiveFinding(finding=finding, reason="geprüft"))
    assert dict(case(given).waivers) == {finding: Waiver(given.id, "geprüft")}


def test_a_waiver_that_was_taken_back_is_none() -> None:
    finding = id_of("finding")
    given = facts.instruction("measure/M-1", WaiveFinding(finding=finding, reason="geprüft"))
    back = facts.instruction("measure/M-1", WaiveFinding(finding=finding, reason="zu früh", withdrawn=True), 2)
    again = facts.instruction("measure/M-1", WaiveFinding(finding=finding, reason="doch"), 3)
    assert not case(given, back).waivers
    assert case(given, back, again).waivers[finding].reason == "doch"


def test_a_staff_month_counts_from_its_first_day() -> None:
    month = StaffMonth(measure="M-1", person=facts.person(1), year=2026, month=2, share=Decimal(1))
    fact = facts.told(StaffAssigned, "measure/M-1", "P", staff=month)
    other = facts.told(StaffAssigned, "measure/M-2", "P", staff=month.model_copy(update={"measure": "M-2"}))
    for day, counts in ((date(2026, 1, 31), 0), (date(2026, 2, 1), 1)):
        known = case(fact, as_of=day, staff_elsewhere=[other])
        assert (len(known.staff), len(known.staff_elsewhere)) == (counts, counts)


def test_a_measure_is_withdrawn_from_the_day_on_that_it_names() -> None:
    fact = facts.told(MeasureWithdrawn, "measure/M-1", "w", measure="M-1", withdrawn_on=date(2026, 2, 1))
    assert [case(fact, as_of=date(2026, n, d)).withdrawn_on for n, d in ((1, 31), (2, 1))] == [None, date(2026, 2, 1)]


def test_a_report_counts_from_the_day_it_was_signed() -> None:
    period = Period(start=date(2026, 1, 1), end=date(2026, 3, 31))
    report = SignedReport(measure="M-1", title="Bericht", period=period, cut_off=date(2026, 2, 1), signed_on=date(2026, 2, 1))
    fact = facts.told(ReportSigned, "measure/M-1", "r", report=report)
    assert [len(case(fact, as_of=date(2026, n, d)).reports) for n, d in ((1, 31), (2, 1))] == [0, 1]
