"""PER-01, FIN-01, FIN-02: nobody works more than fully, no position is exceeded too far."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.funding.domain.checks.plan.overrun_uncovered import overrun_uncovered
from services.funding.domain.checks.plan.position_exceeded import position_exceeded
from services.funding.domain.checks.staff.over_full_time import over_full_time
from shared.contracts.funding import Outcome, Severity
from shared.contracts.intake import ConsentToPosition
from tests.builders import a_case, a_measure, a_plan, a_related, a_staff_month, a_voucher, an_award, finding, findings, run

OCTOBER = "person P-0000000000000001 2015-10"


class TestOverFullTime:
    """G7, Harz: 0.6 in one measure and 0.5 in another."""

    def test_the_excess_is_found_once_from_both_measures_and_at_risk_pro_rata(self) -> None:
        ours, theirs = a_staff_month("0.6", 3_000_00), a_staff_month("0.5", 2_500_00, measure="M-2")
        here = a_case(staff=(ours,), staff_elsewhere=(theirs,), awards=(an_award(),), related=(a_related(),))
        there = a_case(
            measure=a_measure("M-2"), staff=(theirs,), staff_elsewhere=(ours,), awards=a_related().awards,
            related=(a_related("M-1", an_award()),),
        )
        found = finding(over_full_time, here)
        assert found == finding(over_full_time, there)
        assert (found.object, found.budget_year, found.crosses) == (OCTOBER, 2015, ("measure/M-1", "measure/M-2"))
        # 0.1 of 1.1 of 5,500.00; the Union's half of each part: 272.73 → 136.36 and 227.27 → 113.63
        assert (found.at_risk_cents, found.at_risk_eu_cents) == (500_00, 136_36 + 113_63)
        assert found.arithmetic == "0,6 + 0,5 = 1,1; 1,1 − 1 = 0,1; 5.500,00 × 0,1/1,1 = 500,00"

    def test_exactly_one_post_holds(self) -> None:
        case = a_case(staff=(a_staff_month("0.5"),), staff_elsewhere=(a_staff_month("0.5", measure="M-2"),))
        assert run(over_full_time, case).outcome is Outcome.HOLDS

    def test_a_share_corrected_to_nothing_is_no_work_and_crosses_nothing(self) -> None:
        nothing = a_staff_month("0", 0, measure="M-2")
        assert run(over_full_time, a_case(staff=(a_staff_month("1"),), staff_elsewhere=(nothing,))).outcome is Outcome.HOLDS
        found = finding(over_full_time, a_case(staff=(a_staff_month("1.1", 1_100_00),), staff_elsewhere=(nothing,)))
        assert (found.crosses, found.at_risk_cents) == ((), 100_00)
        assert found.arithmetic == "1,1 = 1,1; 1,1 − 1 = 0,1; 1.100,00 × 0,1/1,1 = 100,00"
        there = a_case(measure=a_measure("M-2"), staff=(nothing,), staff_elsewhere=(a_staff_month("1.1", 1_100_00),))
        assert run(over_full_time, there).outcome is Outcome.HOLDS

    def test_months_and_people_are_judged_singly(self) -> None:
        other_month, other_person = a_staff_month("0.5", measure="M-2", month=11), a_staff_month("0.5", measure="M-2", who=2)
        case = a_case(staff=(a_staff_month("0.6"),), staff_elsewhere=(other_month, other_person))
        assert run(over_full_time, case).outcome is Outcome.HOLDS

    def test_without_a_cost_the_excess_is_found_and_the_cost_is_missing(self) -> None:
        result, (found,) = over_full_time.run(a_case(staff=(a_staff_month("1.1"),)))
        assert (found.at_risk_cents, found.crosses) == (0, ())
        assert [(m.object, m.what) for m in result.missing] == [(OCTOBER, "Personalkosten")]

    def test_without_staff_there_is_nothing_to_judge(self) -> None:
        assert run(over_full_time, a_case()).outcome is Outcome.NOT_APPLICABLE

    @given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 10**7)), min_size=1, max_size=5))
    def test_it_fires_above_one_only_and_never_puts_the_whole_cost_at_risk(self, months: list[tuple[int, int]]) -> None:
        staff = tuple(
            a_staff_month(str(Decimal(share) / 100), cost, measure=f"M-{n}") for n, (share, cost) in enumerate(months, 1)
        )
        found = findings(over_full_time, a_case(staff=staff[:1], staff_elsewhere=staff[1:]))
        assert bool(found) == (sum(share for share, _ in months) > 100)
        assert all(f.at_risk_cents <= sum(cost for _, cost in months) for f in found)


class TestPositionExceeded:
    PLAN = a_plan({("1.1", 2015): 60_00, ("1.1", 2016): 40_00, ("2", 2015): 100_00})

    def test_120_percent_of_the_term_holds_and_one_cent_more_is_at_risk(self) -> None:
        assert run(position_exceeded, a_case(plan=self.PLAN, vouchers=(a_voucher(1, 120_00),))).outcome is Outcome.HOLDS
        found = finding(position_exceeded, a_case(plan=self.PLAN, vouchers=(a_voucher(1, 120_01),), awards=(an_award(),)))
        assert (found.object, found.budget_year, found.severity) == ("position M-1 1.1", None, Severity.ERROR)
        assert (found.at_risk_cents, found.at_risk_eu_cents) == (1, 0)
        assert found.arithmetic == "1,2 × 100,00 = 120,00; 120,01 − 120,00 = 0,01"

    def test_a_limit_that_is_no_whole_cent_is_rounded_down(self) -> None:
        odd = a_plan({("1.1", 2015): 99})                                  # 1.2 × 0.99 = 1.188
        assert run(position_exceeded, a_case(plan=odd, vouchers=(a_voucher(1, 118),))).outcome is Outcome.HOLDS
        assert finding(position_exceeded, a_case(plan=odd, vouchers=(a_voucher(1, 119),))).at_risk_cents == 1

    def test_consent_flat_rates_and_unplanned_positions_are_left_out(self) -> None:
        vouchers = (a_voucher(1, 200_00),)
        consent = ConsentToPosition(position="1.1", reference="Schreiben vom 03.03.2016 (Demo)")
        assert run(position_exceeded, a_case(plan=self.PLAN, vouchers=vouchers, consents=(consent,))).outcome is Outcome.HOLDS
        flat = a_plan({("1.1", 2015): 100_00}, flat_rate=("1.1",))
        assert run(position_exceeded, a_case(plan=flat, vouchers=vouchers)).outcome is Outcome.HOLDS
        assert (
            run(position_exceeded, a_case(plan=self.PLAN, vouchers=(a_voucher(1, 5_00, position="9"),))).outcome is Outcome.HOLDS
        )

    def test_vouchers_without_a_plan_make_the_plan_missing_and_nothing_spent_needs_none(self) -> None:
        assert [m.what for m in run(position_exceeded, a_case(vouchers=(a_voucher(),))).missing] == ["Finanzierungsplan"]
        assert run(position_exceeded, a_case(plan=self.PLAN)).outcome is Outcome.NOT_APPLICABLE


class TestOverrunUncovered:
    PLAN = a_plan({("1.1", 2015): 100_00, ("2", 2015): 100_00})

    def spent(self, one: int, two: int, **given):
        vouchers = (a_voucher(1, one, position="1.1"), a_voucher(2, two, position="2"))
        return a_case(**{"plan": self.PLAN, "vouchers": vouchers} | given)

    def test_an_overrun_made_good_by_savings_holds_to_the_cent(self) -> None:
        assert run(overrun_uncovered, self.spent(130_00, 70_00)).outcome is Outcome.HOLDS
        found = finding(overrun_uncovered, self.spent(110_00, 90_01))
        assert (found.object, found.at_risk_cents, found.arithmetic) == ("measure M-1", 1, "10,00 − 9,99 = 0,01")

    def test_what_fin_01_puts_at_risk_is_not_at_risk_again(self) -> None:
        case = self.spent(150_00, 100_00)
        assert finding(position_exceeded, case).at_risk_cents == 30_00
        found = finding(overrun_uncovered, self.spent(150_00, 100_00, awards=(an_award(),)))
        assert (found.at_risk_cents, found.at_risk_eu_cents) == (20_00, 10_00)
        assert found.arithmetic == "50,00 − 0,00 − 30,00 = 20,00"

    def test_consent_shields_a_position_but_never_the_total(self) -> None:
        consent = ConsentToPosition(position="1.1", reference="Schreiben (Demo)")
        case = self.spent(150_00, 100_00, consents=(consent,))
        assert run(position_exceeded, case).outcome is Outcome.HOLDS
        assert finding(overrun_uncovered, case).at_risk_cents == 50_00

    def test_savings_in_a_flat_rate_make_nothing_good_but_count_in_the_total(self) -> None:
        plan = a_plan({("1.1", 2015): 100_00, ("2", 2015): 100_00}, flat_rate=("2",))
        found = finding(overrun_uncovered, self.spent(110_00, 80_00, plan=plan))
        assert (found.at_risk_cents, found.arithmetic) == (10_00, "10,00 − 0,00 = 10,00")

    def test_an_unplanned_position_needs_savings_like_any_overrun(self) -> None:
        assert run(overrun_uncovered, self.spent(90_00, 90_00, plan=a_plan({("1.1", 2015): 180_00}))).outcome is Outcome.HOLDS
        found = finding(overrun_uncovered, self.spent(90_00, 90_00, plan=a_plan({("1.1", 2015): 179_00})))
        assert found.arithmetic == "90,00 − 89,00 = 1,00; 2 nicht geplant: 90,00"

    def test_vouchers_without_a_plan_make_the_plan_missing(self) -> None:
        assert [m.what for m in run(overrun_uncovered, a_case(vouchers=(a_voucher(),))).missing] == ["Finanzierungsplan"]
        assert run(overrun_uncovered, a_case(plan=self.PLAN)).outcome is Outcome.NOT_APPLICABLE


def test_a_position_nobody_planned_is_an_overrun_of_its_whole_amount() -> None:
    spent = (a_voucher(1, 100_00), a_voucher(2, 20_00, position="9.9"), a_voucher(3, 30_00, position="5"))
    case = a_case(plan=a_plan({("1.1", 2015): 100_00, ("5", 2015): 50_00}, flat_rate=("5",)), vouchers=spent)
    found = finding(overrun_uncovered, case)
    assert (found.at_risk_cents, found.arithmetic) == (20_00, "20,00 − 0,00 = 20,00; 9.9 nicht geplant: 20,00")
