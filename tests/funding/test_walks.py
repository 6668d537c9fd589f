"""The walks of the architecture through funding, on PostgreSQL."""

from __future__ import annotations

from datetime import date

from services.funding import application
from services.funding.store import waiting
from services.reporting.domain.lines import line_of, standing
from shared.contracts.funding import (
    CoverageChanged,
    EntryPosted,
    FindingRaised,
    FindingSettled,
    MeasureReconciled,
    PaymentMatched,
    PaymentUnmatched,
)
from shared.contracts.intake import ReceiptRecorded, SetCutOff
from tests.funding import facts
from tests.funding.running import Funding


def test_a_voucher_is_posted_matched_and_stated(funding: Funding) -> None:
    voucher = facts.voucher(1, 119_00, eligible_cents=100_00, payment_reference="E2E1")
    funding.post(facts.measure(), facts.plan(100_00), voucher, facts.payment(1, -119_00, end_to_end_id="E2E1"))
    funding.settle()
    by_voucher = next(e for e in funding.told(EntryPosted) if e.entry.kind == "voucher")
    assert (by_voucher.entry.number, by_voucher.voucher, by_voucher.cause) == (1, voucher.voucher, voucher.id)
    (matched,) = funding.told(PaymentMatched)
    assert (matched.match.paid_cents, matched.match.payment_entry, matched.entry.number) == (119_00, 1, 1)
    statement = funding.statement()
    totals = statement.totals
    assert (totals.planned_cents, totals.claimed_cents, totals.spent_cents) == (100_00, 100_00, 100_00)
    assert (statement.head.number, statement.settlement.number, statement.facts_upto) == (1, 1, 3)
    assert statement.head.seal == by_voucher.entry.seal
    assert next(s.verdict for s in statement.stages if s.code == "S5") == "reconciled"
    trail = funding.do(application.find_entry, "M-1/1")
    assert (trail["row"], trail["fact"]["id"]) == (voucher.source.reference, str(voucher.id))
    assert [e["reference"] for e in trail["entries"]] == ["M-1/S-1"]


def test_a_council_decision_settles_a_gap(funding: Funding) -> None:
    funding.post(
        facts.measure(), facts.plan(100_00, 2027), facts.promise(100_00, 2027, funder=facts.CITY, decision="V-1"),
        facts.decision(),
    )
    funding.settle()
    (raised,) = [e for e in funding.told(FindingRaised) if e.finding.code == "KOF-01"]
    assert (raised.finding.budget_year, raised.finding.at_risk_cents) == (2027, 100_00)
    assert raised.as_of == funding.do(lambda work: work.today)
    assert funding.statement().totals.gap_cents == 100_00

    funding.post(facts.detail(100_00, 2027))
    funding.settle()
    assert [e.finding.id for e in funding.told(FindingSettled) if e.finding.code == "KOF-01"] == [raised.finding.id]
    last = funding.told(CoverageChanged)[-1]
    assert (last.budget_year, last.gap_before_cents, last.gap_cents) == (2027, 100_00, 0)
    statement = funding.statement()
    assert statement.totals.gap_cents == 0
    assert (statement.coverage[0].valid_cents, statement.coverage[0].decision) == (100_00, "V-1")


def test_a_correction_reverses_and_posts_anew(funding: Funding) -> None:
    voucher = facts.voucher(1, 100_00, payment_reference="E2E1")
    funding.post(facts.measure(), voucher, facts.payment(1, -100_00, end_to_end_id="E2E1"))
    funding.settle()
    funding.post(facts.corrected(voucher, eligible_cents=80_00))
    funding.settle()
    entries = [e.entry for e in funding.told(EntryPosted) if e.subject == "measure/M-1"]
    assert [(e.number, e.kind, e.reverses) for e in entries] == [(1, "voucher", None), (2, "reversal", 1), (3, "voucher", None)]
    assert {e.valued_on for e in entries} == {voucher.voucher.invoice_date}
    assert [e.match.voucher for e in funding.told(PaymentUnmatched)] == [voucher.id]
    statement = funding.statement()
    assert (statement.head.number, statement.totals.claimed_cents, statement.totals.spent_cents) == (3, 80_00, 80_00)
    assert funding.do(application.verify)["intact"]
    trail = funding.do(application.find_entry, "M-1/1")
    assert [(e["reference"], e["kind"]) for e in trail["entries"]] == [("M-1/2", "reversal"), ("M-1/S-1", "match")]


def test_nothing_is_told_twice_when_nothing_changed(funding: Funding) -> None:
    funding.post(facts.measure(), facts.plan(100_00))
    funding.settle()
    statements = len(funding.told(MeasureReconciled))
    with funding.database.transaction() as session:
        waiting.touch(session, ["measure/M-1"])
    funding.settle()
    assert len(funding.told(MeasureReconciled)) == statements


def test_a_corrected_day_counts_from_the_day_it_names_in_statement_and_lines(funding: Funding) -> None:
    voucher, receipt = facts.voucher(1, invoice_date=date(2026, 1, 10)), facts.receipt(50_00, received_on=date(2026, 1, 12))
    days = (date(2026, 1, 15), date(2026, 2, 1), date(2026, 2, 28))
    funding.post(facts.measure(), voucher, receipt, *(facts.instruction("measure/M-1", SetCutOff(as_of=d), d) for d in days))
    later = receipt.receipt.model_copy(update={"received_on": date(2026, 2, 20)})
    funding.post(
        facts.corrected(voucher, invoice_date=date(2026, 1, 20)),
        facts.told(ReceiptRecorded, receipt.subject, "again", corrects=receipt.id, receipt=later),
    )
    funding.settle()
    totals = [funding.statement(day=day).totals for day in days]
    assert [(t.claimed_cents, t.received_cents) for t in totals] == [(0, 0), (100_00, 0), (100_00, 50_00)]
    lines = standing([line_of(e) for e in funding.told(EntryPosted) if e.subject == "measure/M-1"])
    for day, total in zip(days, totals, strict=True):
        by_day = [x for x in lines if x.entry.valued_on <= day]
        added = sum(x.cents("cost") for x in by_day), -sum(x.cents("drawn") for x in by_day)
        assert added == (total.claimed_cents, total.received_cents), "the report adds its lines up to the statement"
