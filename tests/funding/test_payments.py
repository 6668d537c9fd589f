"""Payments in parts, collective debits and returned ones, from the bank line to the statement and the report's lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from services.funding import application
from services.funding.store.reading import Memory
from services.reporting.domain.lines import line_of, voucher_lines
from shared.contracts.funding import EntryPosted, Finding, PaymentMatched, PaymentUnmatched
from shared.contracts.intake import ConfirmMatch, IntakeEvent, SetCutOff
from shared.messaging.work import unit_of_work
from tests.funding import facts
from tests.funding.running import Funding

WHY = "geprüft"
BOUGHT, RETURNED, AGAIN = date(2026, 1, 20), date(2026, 1, 26), date(2026, 2, 3)


def watch(*days: date) -> list[Any]:
    return [facts.instruction("measure/M-1", SetCutOff(as_of=day), n) for n, day in enumerate(days)]


def codes(found: list[Finding]) -> list[str]:
    return [f.code for f in found]


def paid_in_report(funding: Funding, day: date) -> list[int]:
    """What the lines of a report as of a day show as paid, by voucher; they are read from the events alone."""
    lines = [line_of(e) for e in funding.told(EntryPosted, PaymentMatched, PaymentUnmatched) if e.subject == "measure/M-1"]
    main, settlement = ([x for x in lines if x.entry.book == book] for book in ("main", "settlement"))
    return [v.paid_cents for v in voucher_lines(main, settlement, day)]


def cleared(funding: Funding) -> int:
    """Balance of the clearing account over both books: 0 when every bank line is accounted for."""
    told = funding.told(EntryPosted, PaymentMatched, PaymentUnmatched)
    return sum(p.cents for e in told for p in e.entry.postings if p.account == "clearing")


def test_two_instalments_pay_an_invoice_day_by_day(funding: Funding) -> None:
    funding.post(
        facts.measure(), facts.voucher(1, payment_reference="X1"), *watch(BOUGHT, AGAIN),
        facts.payment(1, -60_00, end_to_end_id="X1", value_date=BOUGHT),
        facts.payment(2, -40_00, end_to_end_id="X1", value_date=AGAIN),
    )
    funding.settle()
    assert codes(funding.findings(day=BOUGHT)) == ["BEL-04"], "60 of 100 were paid by then"
    assert codes(funding.findings(day=AGAIN)) == []
    stage = next(s for s in funding.statement(day=AGAIN).stages if s.code == "S5")
    assert (stage.left_cents, stage.right_cents, stage.verdict) == (100_00, 100_00, "reconciled")
    assert (paid_in_report(funding, BOUGHT), paid_in_report(funding, AGAIN)) == ([60_00], [100_00])
    assert cleared(funding) == 0


def test_a_second_instalment_leaves_the_first_match_as_it_is(funding: Funding) -> None:
    funding.post(facts.measure(), facts.voucher(1, payment_reference="X1"), facts.payment(1, -60_00, end_to_end_id="X1"))
    funding.settle()
    funding.post(facts.payment(2, -40_00, end_to_end_id="X1"))
    funding.settle()
    assert [m.match.paid_cents for m in funding.told(PaymentMatched)] == [60_00, 40_00]
    assert funding.told(PaymentUnmatched) == []


def test_confirmed_debits_of_one_invoice_add_up_and_paying_twice_is_found(funding: Funding) -> None:
    voucher, debits = facts.voucher(1), [facts.payment(n, -100_00) for n in (1, 2)]
    words = [
        facts.instruction("measure/M-1", ConfirmMatch(voucher=voucher.id, payment=debit.id, reason=WHY), n)
        for n, debit in enumerate(debits)
    ]
    funding.post(facts.measure(), voucher, *debits, words[0])
    funding.settle()
    assert codes(funding.findings()) == []
    funding.post(words[1])
    funding.settle()
    (found,) = funding.findings()
    assert (found.code, found.inputs["paid"], found.at_risk_cents) == ("BEL-04", "200,00", 0)
    assert {r for r in found.references if "/" in r} >= {f"{facts.IBAN}/1", f"{facts.IBAN}/2"}


def test_a_confirmed_collective_debit_pays_vouchers_of_several_measures(funding: Funding) -> None:
    vouchers = [facts.voucher(1, 100_00), facts.voucher(2, 50_00), facts.voucher(1, 30_00, key="M-2")]
    debit = facts.payment(1, -180_00)
    funding.post(facts.measure(), facts.measure("M-2"), *vouchers, debit)
    for n, v in enumerate(vouchers):
        funding.post(facts.instruction(v.subject, ConfirmMatch(voucher=v.id, payment=debit.id, reason=WHY), n))
    funding.settle()
    assert (codes(funding.findings()), codes(funding.findings("measure/M-2"))) == ([], [])
    assert sorted(m.match.invoice_paid_cents for m in funding.told(PaymentMatched)) == [30_00, 50_00, 100_00]
    assert cleared(funding) == 0


def test_a_returned_debit_proves_payment_until_its_return_and_the_next_debit_from_then_on(funding: Funding) -> None:
    days = (date(2026, 1, 19), BOUGHT, date(2026, 1, 25), RETURNED, AGAIN)
    funding.post(
        facts.measure(), facts.voucher(1, payment_reference="X1"), *watch(*days),
        facts.payment(1, end_to_end_id="X1", value_date=BOUGHT),
    )
    funding.settle()
    funding.post(facts.payment(2, 100_00, end_to_end_id="X1", reversal=True, value_date=BOUGHT, booked_on=RETURNED))
    funding.settle()
    spent = [funding.statement(day=day).totals.spent_cents for day in days]
    assert spent == [0, 100_00, 100_00, 0, 0]
    assert [codes(funding.findings(day=day)) for day in days[1:]] == [[], [], ["BEL-05"], ["BEL-05"]]
    assert [sum(paid_in_report(funding, day)) for day in days] == spent
    assert funding.told(PaymentUnmatched) == [], "what proved payment is not undone, it is given back"
    assert cleared(funding) == 0
    funding.post(facts.payment(3, end_to_end_id="X1", value_date=AGAIN))
    funding.settle()
    assert [funding.statement(day=day).totals.spent_cents for day in days] == [0, 100_00, 100_00, 0, 100_00]
    assert cleared(funding) == 0


def test_a_corrected_voucher_keeps_what_was_paid_for_it_and_given_back(funding: Funding) -> None:
    voucher = facts.voucher(1, payment_reference="X1")
    funding.post(
        facts.measure(), voucher, *watch(BOUGHT),
        facts.payment(1, end_to_end_id="X1", value_date=BOUGHT),
        facts.payment(2, 100_00, end_to_end_id="X1", reversal=True, booked_on=RETURNED),
    )
    funding.settle()
    funding.clock.at = datetime(2026, 3, 3, 11, tzinfo=UTC)
    funding.post(facts.corrected(voucher, eligible_cents=80_00))
    funding.settle()
    assert funding.statement(day=BOUGHT).totals.spent_cents == 80_00
    assert funding.statement().totals.spent_cents == 0
    assert cleared(funding) == 0


def test_a_correction_that_comes_while_other_measures_are_reconciled_is_matched_before_its_measure_is(funding: Funding) -> None:
    other = facts.voucher(1, key="M-2", payment_reference="X2", invoice_number="RE-OTHER")
    told: list[str] = []

    class Meanwhile(Memory):
        """While the first measure of a batch is read, a correction to the second one is posted."""

        def facts(self, session: Session, subject: str) -> list[IntakeEvent]:
            if subject == "measure/M-1" and not told:
                told.append(subject)
                funding.post(facts.corrected(other, gross_cents=90_00, eligible_cents=90_00))
            return super().facts(session, subject)

    funding.post(
        facts.measure(), facts.measure("M-2"), facts.voucher(1, payment_reference="X1"), other,
        facts.payment(1, -100_00, end_to_end_id="X1"), facts.payment(2, -90_00, end_to_end_id="X2"),
    )
    with unit_of_work(funding.database, funding.clock) as work:
        assert application.match_due(work, funding.using)
    funding.using = replace(funding.using, memory=Meanwhile())
    funding.settle()
    assert told
    assert codes(funding.findings("measure/M-2")) == []
    assert funding.rows("select count(*) from journal where matching and kind = 'measure'") == [(0,)]


def test_a_fact_that_comes_while_a_measures_payments_are_matched_does_not_lose_them(funding: Funding) -> None:
    """The measure was reconciled before its bank lines came; while they are matched, a line of its plan comes."""
    told: list[str] = []

    class Meanwhile(Memory):
        """While the payments are read, another fact of the measure is posted."""

        def facts(self, session: Session, subject: str) -> list[IntakeEvent]:
            if subject.startswith("account/") and not told:
                told.append(subject)
                funding.post(facts.plan(100_00))
            return super().facts(session, subject)

    funding.post(facts.measure(), facts.voucher(1, payment_reference="X1"))
    funding.settle()
    funding.post(facts.payment(1, -100_00, end_to_end_id="X1"))
    funding.using = replace(funding.using, memory=Meanwhile())
    funding.settle()
    assert told
    assert funding.statement().totals.spent_cents == 100_00
