"""ZEI-01, ZEI-03, ZEI-07: done, paid and reported in time?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.funding.domain.checks.time.outside_implementation import outside_implementation
from services.funding.domain.checks.time.paid_after_final_date import paid_after_final_date
from services.funding.domain.checks.time.signed_before_period_end import signed_before_period_end
from shared.contracts.funding import Outcome, Severity
from shared.values.dates import Period
from tests.builders import (
    TERM,
    UNPAID,
    a_case,
    a_debit,
    a_measure,
    a_programme_case,
    a_proof,
    a_rule_set,
    a_signed_report,
    a_voucher,
    an_award,
    finding,
    findings,
    run,
)


def served(start: date, end: date, cents: int = 100_00):
    return a_voucher(1, cents, service=Period(start=start, end=end))


class TestOutsideImplementation:
    def test_a_service_wholly_outside_is_at_risk_in_full(self) -> None:
        case = a_case(vouchers=(served(date(2019, 1, 1), date(2019, 1, 31)),), awards=(an_award(),))
        found = finding(outside_implementation, case)
        assert (found.object, found.budget_year, found.at_risk_cents) == ("voucher M-1 2015-1/1", 2015, 100_00)
        assert found.at_risk_eu_cents == 50_00

    def test_a_service_partly_outside_is_at_risk_by_its_days_rounded_half_up(self) -> None:
        found = finding(outside_implementation, a_case(vouchers=(served(date(2018, 12, 30), date(2019, 1, 1)),)))
        assert (found.at_risk_cents, found.arithmetic) == (33_33, "100,00 × 1/3 = 33,33")
        odd = finding(outside_implementation, a_case(vouchers=(served(date(2018, 12, 31), date(2019, 1, 1), cents=1_01),)))
        assert odd.at_risk_cents == 51                                     # 50.5 cents

    def test_first_and_last_day_of_the_period_are_inside(self) -> None:
        assert run(outside_implementation, a_case(vouchers=(served(TERM.start, TERM.end),))).outcome is Outcome.HOLDS
        assert finding(outside_implementation, a_case(vouchers=(served(TERM.start - timedelta(days=1), TERM.start),)))

    def test_a_payment_before_spending_became_eligible_is_at_risk_in_full(self) -> None:
        early = a_measure(implementation=Period(start=date(2013, 1, 1), end=date(2018, 12, 31)))
        last, first = date(2013, 12, 31), date(2014, 1, 1)
        case = a_case(
            measure=early, vouchers=(a_voucher(1, proof=a_proof(100_00, last)), a_voucher(2, proof=a_proof(100_00, first)))
        )
        found = finding(outside_implementation, case)
        assert (found.object, found.at_risk_cents) == ("voucher M-1 2015-1/1", 100_00)
        assert found.legal_basis == "Art. 65 Abs. 2 VO (EU) Nr. 1303/2013"

    def test_of_instalments_only_those_paid_too_early_are_at_risk(self) -> None:
        early = a_measure(implementation=Period(start=date(2013, 1, 1), end=date(2018, 12, 31)))
        parts = a_proof(30_00, date(2013, 12, 31), a_debit(70_00, date(2014, 1, 1)))
        found = finding(outside_implementation, a_case(measure=early, vouchers=(a_voucher(1, 100_00, proof=parts),)))
        assert (found.at_risk_cents, found.arithmetic) == (30_00, "31.12.2013 < 01.01.2014 → 100,00 × 30,00/100,00 = 30,00")

    def test_without_any_bank_statement_when_it_was_paid_is_missing_and_not_held(self) -> None:
        unpaid = a_voucher(1, proof=UNPAID)
        result = run(outside_implementation, a_case(vouchers=(unpaid,), bank_statements=False))
        assert (result.outcome, [(m.object, m.what) for m in result.missing]) == (
            Outcome.MISSING, [("measure M-1", "Kontoauszug")]
        )
        with_statement = run(outside_implementation, a_case(vouchers=(unpaid,)))
        assert with_statement.outcome is Outcome.HOLDS, "that it is unpaid is BEL-05's business"

    def test_a_service_outside_is_found_also_while_the_bank_statement_is_missing(self) -> None:
        outside = replace(served(date(2019, 1, 1), date(2019, 1, 31)), proof=None)
        result = run(outside_implementation, a_case(vouchers=(outside,), bank_statements=False))
        assert (result.outcome, result.findings, len(result.missing)) == (Outcome.FINDING, 1, 1)

    def test_rules_without_a_first_day_need_no_bank_statement_here(self) -> None:
        case = a_case(rules=a_rule_set("national"), vouchers=(a_voucher(1, proof=UNPAID),), bank_statements=False)
        assert run(outside_implementation, case).outcome is Outcome.HOLDS

    def test_what_was_cancelled_is_not_claimed(self) -> None:
        outside = served(date(2019, 1, 1), date(2019, 1, 31))
        back = a_voucher("1-", -100_00, invoice_number="RE-1", service=outside.data.service, proof=UNPAID)
        assert run(outside_implementation, a_case(vouchers=(outside, back))).outcome is Outcome.HOLDS
        late = a_voucher(1, proof=a_proof(100_00, date(2024, 1, 1)))
        assert run(paid_after_final_date, a_case(vouchers=(late, back))).outcome is Outcome.NOT_APPLICABLE
        assert finding(paid_after_final_date, a_case(vouchers=(late,)))

    def test_money_that_comes_back_is_not_claimed(self) -> None:
        refund = a_voucher(1, -5_00, service=Period(start=date(2019, 1, 1), end=date(2019, 1, 1)), proof=UNPAID)
        nothing = a_voucher(1, 0, service=refund.data.service, proof=UNPAID)
        assert run(outside_implementation, a_case(vouchers=(refund, nothing))).outcome is Outcome.HOLDS

    def test_without_vouchers_there_is_nothing_to_judge(self) -> None:
        assert run(outside_implementation, a_case()).outcome is Outcome.NOT_APPLICABLE

    @given(st.integers(1, 10**9), st.integers(-900, 1900), st.integers(0, 900))
    def test_what_is_at_risk_is_never_more_than_the_claim(self, cents: int, begins: int, lasts: int) -> None:
        start = TERM.start + timedelta(days=begins)
        voucher = served(start, start + timedelta(days=lasts), cents)
        at_risk = [f.at_risk_cents for f in findings(outside_implementation, a_case(vouchers=(voucher,)))]
        inside = voucher.data.service.overlap(TERM)
        assert all(0 <= risk <= cents for risk in at_risk)
        assert bool(at_risk) == (inside != voucher.data.service)
        assert (at_risk == [cents]) or inside is not None


class TestPaidAfterFinalDate:
    """G12: a measure of 2007–2013."""

    RULES = a_rule_set("2007-2013")

    def test_a_voucher_paid_on_the_final_date_is_not_at_risk(self) -> None:
        on_time = (
            a_voucher(1, proof=a_proof(100_00, date(2015, 12, 30))),
            a_voucher(2, proof=a_proof(100_00, date(2015, 12, 31))),
        )
        assert run(paid_after_final_date, a_case(rules=self.RULES, vouchers=on_time)).outcome is Outcome.HOLDS
        day_after = a_voucher(1, proof=a_proof(100_00, date(2016, 1, 1)))
        assert finding(paid_after_final_date, a_case(rules=self.RULES, vouchers=(day_after,))).at_risk_cents == 100_00

    def test_a_voucher_paid_after_the_final_date_blocks_and_is_at_risk_in_full(self) -> None:
        found = finding(
            paid_after_final_date, a_case(rules=self.RULES, vouchers=(a_voucher(1, proof=a_proof(100_00, date(2016, 1, 4))),))
        )
        assert (found.severity, found.at_risk_cents, found.arithmetic) == (Severity.BLOCKING, 100_00, "04.01.2016 > 31.12.2015")
        assert found.legal_basis == "Art. 56 Abs. 1 VO (EG) Nr. 1083/2006"
        assert any(reference.endswith("/7") for reference in found.references)

    def test_of_instalments_only_those_paid_too_late_are_at_risk(self) -> None:
        parts = a_proof(60_00, date(2015, 12, 30), a_debit(40_00, date(2016, 1, 4)))
        found = finding(paid_after_final_date, a_case(rules=self.RULES, vouchers=(a_voucher(1, proof=parts, cents=100_00),)))
        assert (found.at_risk_cents, found.arithmetic) == (
            40_00, "04.01.2016 > 31.12.2015; 100,00 × 40,00/100,00 = 40,00"
        )
        partly_claimed = a_voucher(1, 50_01, gross_cents=100_00, proof=parts)
        assert finding(paid_after_final_date, a_case(rules=self.RULES, vouchers=(partly_claimed,))).at_risk_cents == 20_00

    def test_a_voucher_without_proof_of_payment_is_not_judged(self) -> None:
        unproven = a_voucher(1, proof=UNPAID, paid_on=date(2016, 1, 4))
        assert run(paid_after_final_date, a_case(rules=self.RULES, vouchers=(unproven,))).outcome is Outcome.NOT_APPLICABLE

    def test_money_without_the_union_knows_no_final_date(self) -> None:
        late = a_voucher(1, proof=a_proof(100_00, date(2030, 1, 1)))
        assert (
            run(paid_after_final_date, a_case(rules=a_rule_set("national"), vouchers=(late,))).outcome is Outcome.NOT_APPLICABLE
        )


class TestSignedBeforePeriodEnd:
    """G8: Kreis Offenbach, 4th quarter 2014, signed on 1 December."""

    QUARTER = Period(start=date(2014, 10, 1), end=date(2014, 12, 31))
    EARLY = a_signed_report(date(2014, 12, 1), QUARTER, title="Bericht 4. Quartal 2014", measure=None)

    def test_a_report_signed_before_its_period_ended_is_a_note_of_the_programme_once(self) -> None:
        found = finding(signed_before_period_end, a_programme_case(reports=(self.EARLY,)))
        assert found.object == "report P-1 Bericht 4. Quartal 2014 01.10.2014–31.12.2014"
        assert (found.severity, found.budget_year, found.at_risk_cents) == (Severity.NOTE, 2014, 0)
        assert run(signed_before_period_end, a_case(reports=(self.EARLY,))).outcome is Outcome.NOT_APPLICABLE

    def test_a_report_of_the_measure_is_the_measures_own_finding(self) -> None:
        assert finding(signed_before_period_end, a_case(reports=(a_signed_report(date(2014, 12, 1), self.QUARTER),)))

    def test_signed_on_the_last_day_is_in_time_and_on_the_day_before_it_is_not(self) -> None:
        for day, outcome in ((30, Outcome.FINDING), (31, Outcome.HOLDS)):
            report = a_signed_report(date(2014, 12, day), self.QUARTER)
            assert run(signed_before_period_end, a_case(reports=(report,))).outcome is outcome

    def test_a_later_report_over_the_same_period_settles_it_and_one_over_another_does_not(self) -> None:
        later = a_signed_report(date(2015, 1, 20), self.QUARTER, title="Bericht 4. Quartal 2014, Endfassung", measure=None)
        assert run(signed_before_period_end, a_programme_case(reports=(self.EARLY, later))).outcome is Outcome.HOLDS
        at_its_end = a_signed_report(date(2014, 12, 31), self.QUARTER, title="Endfassung", measure=None)
        assert run(signed_before_period_end, a_programme_case(reports=(self.EARLY, at_its_end))).outcome is Outcome.HOLDS
        year = Period(start=date(2014, 1, 1), end=date(2014, 12, 31))
        other = a_signed_report(date(2015, 1, 20), year, title="Jahresbericht", measure=None)
        assert finding(signed_before_period_end, a_programme_case(reports=(self.EARLY, other)))

    def test_without_reports_there_is_nothing_to_judge(self) -> None:
        assert run(signed_before_period_end, a_case()).outcome is Outcome.NOT_APPLICABLE
        assert run(signed_before_period_end, a_programme_case()).outcome is Outcome.NOT_APPLICABLE
