"""FQ-01, FQ-02, BEW-01: was no more paid than awarded, and only under an award?"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.domain.checks.rate.accepted import accepted
from services.funding.domain.checks.rate.maximum_exceeded import maximum_exceeded
from services.funding.domain.checks.rate.paid_without_award import paid_without_award
from services.funding.domain.checks.rate.rate_exceeded import rate_exceeded
from services.funding.domain.checks.vouchers.unpaid import unpaid
from services.funding.domain.waiver import Waiver
from shared.contracts.funding import Outcome, Severity
from shared.contracts.intake import CommitmentStatus, FinancingType
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from shared.values.source import id_of
from tests.builders import (
    CITY,
    ESF,
    LAND,
    UNPAID,
    a_case,
    a_promise,
    a_receipt,
    a_voucher,
    an_award,
    finding,
    findings,
    run,
)

FOUNDATION = Funder(key="stiftung", name="Stiftung (Demo)", kind=FunderKind.FOUNDATION)
LATE = Period(start=date(2019, 1, 1), end=date(2019, 1, 2))


def esf(cents: int, year: int = 2015, **data):
    return a_receipt(cents, year, **{"funder": ESF} | data)


class TestRateExceeded:
    def test_herne_at_exactly_its_rate_is_silent_and_one_cent_more_is_at_risk(self) -> None:
        award = an_award(472_222_22, share=Decimal("0.8"))
        vouchers = (a_voucher(1, 590_277_78),)  # 0.8 × 590,277.78 = 472,222.224, rounded down
        assert (
            run(rate_exceeded, a_case(awards=(award,), vouchers=vouchers, receipts=(esf(472_222_22),))).outcome is Outcome.HOLDS
        )
        found = finding(rate_exceeded, a_case(awards=(award,), vouchers=vouchers, receipts=(esf(472_222_23),)))
        assert (found.object, found.at_risk_cents, found.at_risk_eu_cents) == ("award M-1 AZ-1", 1, 1)
        assert found.arithmetic.endswith("0,8 × 590.277,78 = 472.222,22; 472.222,23 − 472.222,22 = 0,01")

    def test_what_voucher_findings_put_at_risk_is_not_accepted(self) -> None:
        vouchers = (a_voucher(1, 60_00), a_voucher(2, 40_00, proof=UNPAID))
        found = finding(rate_exceeded, a_case(awards=(an_award(),), vouchers=vouchers, receipts=(esf(50_00),)))
        assert found.at_risk_cents == 20_00                               # 50.00 − ½ × (100.00 − 40.00)

    def test_a_voucher_with_two_findings_is_taken_off_once(self) -> None:
        vouchers = (a_voucher(1, 60_00), a_voucher(2, 40_00, proof=UNPAID, service=LATE))
        case = a_case(awards=(an_award(),), vouchers=vouchers)
        assert accepted(case, an_award()).cents == 60_00

    def test_a_waived_finding_is_not_open_so_nothing_is_taken_off(self) -> None:
        case = a_case(awards=(an_award(),), vouchers=(a_voucher(1, 100_00, proof=UNPAID),))
        waivers = {finding(unpaid, case).id: Waiver(id_of("waiver"), "Barzahlung, Quittung lag vor")}
        assert accepted(case, an_award()).cents == 0
        assert accepted(a_case(vouchers=case.vouchers, waivers=waivers), an_award()).cents == 100_00

    def test_a_note_takes_nothing_off(self) -> None:
        unused = a_voucher(1, 100_00, discount_cents=2_00, proof=a_voucher(1, 100_00).proof)
        assert accepted(a_case(vouchers=(unused,)), an_award()).cents == 100_00

    def test_where_the_rate_applies_to_public_expenditure_private_money_is_no_base(self) -> None:
        award = an_award(base="public")
        receipts = (esf(45_00), a_receipt(10_00, number="E-9", funder=FOUNDATION))
        case = a_case(awards=(award,), vouchers=(a_voucher(1, 100_00),), receipts=receipts)
        assert run(rate_exceeded, case).outcome is Outcome.HOLDS  # ½ × (100.00 − 10.00) = 45.00
        assert (
            finding(rate_exceeded, a_case(awards=(award,), vouchers=case.vouchers, receipts=(*receipts, esf(1)))).at_risk_cents
            == 1
        )

    def test_two_awards_of_the_union_bear_no_more_than_the_highest_of_their_rates_together(self) -> None:
        awards = (an_award(share=Decimal("0.5")), an_award(reference="AZ-2", share=Decimal("0.4")))

        def paid(one: int, two: int):
            receipts = (esf(one, award="AZ-1"), esf(two, number="E-2", award="AZ-2"))
            return findings(rate_exceeded, a_case(awards=awards, vouchers=(a_voucher(1, 100_00),), receipts=receipts))

        assert paid(30_00, 20_00) == ()
        assert [(f.object, f.at_risk_cents) for f in paid(30_00, 20_01)] == [("measure M-1", 1)]
        both = {f.object: (f.at_risk_cents, f.arithmetic.rpartition("; ")[2]) for f in paid(55_00, 20_00)}
        assert both == {
            "award M-1 AZ-1": (5_00, "55,00 − 50,00 = 5,00"), "measure M-1": (20_00, "75,00 − 50,00 − 5,00 = 20,00"),
        }

    def test_a_repayment_counts_against_what_was_paid(self) -> None:
        receipts = (esf(60_00), esf(-10_00, number="E-2"))
        assert (
            run(rate_exceeded, a_case(awards=(an_award(),), vouchers=(a_voucher(),), receipts=receipts)).outcome is Outcome.HOLDS
        )

    def test_revoking_the_award_makes_nothing_good_that_was_paid_under_it(self) -> None:
        revoked = an_award(revoked_on=date(2016, 5, 1))
        for cents, outcome in ((50_00, Outcome.HOLDS), (50_01, Outcome.FINDING)):
            case = a_case(awards=(revoked,), vouchers=(a_voucher(),), receipts=(esf(cents),))
            assert run(rate_exceeded, case).outcome is outcome

    def test_it_does_not_apply_without_an_award_of_the_union_or_to_a_fixed_amount(self) -> None:
        assert run(rate_exceeded, a_case(receipts=(esf(1_00),))).outcome is Outcome.NOT_APPLICABLE
        fixed = an_award(financing=FinancingType.FIXED_AMOUNT, share=None)
        assert run(rate_exceeded, a_case(awards=(fixed,), receipts=(esf(1_00),))).outcome is Outcome.NOT_APPLICABLE

    def test_proportional_funding_without_a_rate_makes_the_rate_missing(self) -> None:
        result = run(rate_exceeded, a_case(awards=(an_award(share=None),), receipts=(esf(1_00),)))
        assert [(m.object, m.what) for m in result.missing] == [("award M-1 AZ-1", "Fördersatz")]

    @pytest.mark.parametrize(("cents", "outcome"), [(0, Outcome.HOLDS), (1, Outcome.MISSING)])
    def test_a_revoked_award_needs_a_rate_only_for_what_was_paid_under_it(self, cents: int, outcome: Outcome) -> None:
        revoked = an_award(share=None, revoked_on=date(2015, 3, 1))
        paid = esf(cents, award="AZ-1") if cents else esf(1_00, award="AZ-2")
        case = a_case(awards=(revoked, an_award(reference="AZ-2")), vouchers=(a_voucher(),), receipts=(paid,))
        assert run(rate_exceeded, case).outcome is outcome

    @given(st.lists(st.integers(1, 10**7), min_size=1, max_size=8), st.integers(1, 10_000))
    def test_it_never_fires_at_exactly_the_rate_rounded_down_and_always_one_cent_above(
        self, claims: list[int], rate: int
    ) -> None:
        award = an_award(share=Decimal(rate).scaleb(-4))
        vouchers = tuple(a_voucher(n, cents) for n, cents in enumerate(claims))
        allowed = int(Fraction(rate, 10_000) * sum(claims))
        at_rate = a_case(awards=(award,), vouchers=vouchers, receipts=(esf(allowed),) if allowed else ())
        assert not findings(rate_exceeded, at_rate)
        assert finding(rate_exceeded, a_case(awards=(award,), vouchers=vouchers, receipts=(esf(allowed + 1),))).at_risk_cents == 1


class TestMaximumExceeded:
    AWARD = an_award(100_00, years={2015: 60_00, 2016: 40_00})

    def test_a_year_exceeded_while_the_total_stays_below_blocks_with_the_excess(self) -> None:
        found = finding(
            maximum_exceeded, a_case(awards=(self.AWARD,), receipts=(esf(60_01, 2015), esf(39_00, 2016, number="E-2")))
        )
        assert (found.object, found.budget_year, found.severity) == ("award M-1 AZ-1", 2015, Severity.BLOCKING)
        assert (found.at_risk_cents, found.at_risk_eu_cents, found.arithmetic) == (1, 1, "60,01 − 60,00 = 0,01")
        assert found.references == (esf(60_01).source.reference,)

    def test_exactly_the_maximum_holds(self) -> None:
        case = a_case(awards=(self.AWARD,), receipts=(esf(60_00, 2015), esf(40_00, 2016, number="E-2")))
        assert run(maximum_exceeded, case).outcome is Outcome.HOLDS

    def test_the_year_of_a_receipt_is_its_award_year_not_the_day_it_came(self) -> None:
        late = esf(60_00, 2015, received_on=date(2017, 2, 1))
        assert run(maximum_exceeded, a_case(awards=(self.AWARD,), receipts=(late,))).outcome is Outcome.HOLDS

    def test_an_excess_repaid_to_its_award_year_is_settled(self) -> None:
        receipts = (esf(70_00, 2015), esf(-10_00, 2015, number="E-2", received_on=date(2016, 3, 1)))
        assert run(maximum_exceeded, a_case(awards=(self.AWARD,), receipts=receipts)).outcome is Outcome.HOLDS

    def test_the_total_puts_at_risk_only_what_no_year_does(self) -> None:
        award = an_award(90_00, years={2015: 60_00, 2016: 40_00})
        found = findings(maximum_exceeded, a_case(awards=(award,), receipts=(esf(65_00, 2015), esf(40_00, 2016, number="E-2"))))
        assert [(f.budget_year, f.at_risk_cents) for f in found] == [(None, 10_00), (2015, 5_00)]
        assert found[0].arithmetic == "105,00 − 90,00 − 5,00 = 10,00"

    def test_an_award_without_years_is_judged_in_total(self) -> None:
        found = finding(maximum_exceeded, a_case(awards=(an_award(100_00, grantor=LAND),), receipts=(a_receipt(100_01),)))
        assert (found.budget_year, found.at_risk_cents, found.at_risk_eu_cents) == (None, 1, 0)

    def test_revoking_the_award_makes_nothing_good_that_was_paid_under_it(self) -> None:
        for cents, outcome in ((100_00, Outcome.HOLDS), (100_01, Outcome.FINDING)):
            case = a_case(awards=(an_award(100_00, revoked_on=date(2016, 5, 1)),), receipts=(esf(cents),))
            assert run(maximum_exceeded, case).outcome is outcome

    def test_money_of_another_award_is_not_counted(self) -> None:
        other = an_award(50_00, reference="AZ-2")
        receipts = (esf(60_00, award="AZ-1"), esf(50_00, number="E-2", award="AZ-2"))
        assert run(maximum_exceeded, a_case(awards=(self.AWARD, other), receipts=receipts)).outcome is Outcome.HOLDS

    def test_money_that_names_no_award_is_of_the_one_that_pays_in_its_year(self) -> None:
        term = Period(start=date(2015, 1, 1), end=date(2018, 12, 31))
        later = an_award(50_00, reference="AZ-2", years={2017: 50_00}, period=term)
        case = a_case(awards=(later, self.AWARD), receipts=(esf(60_00, 2015), esf(50_00, 2017, number="E-2")))
        assert run(maximum_exceeded, case).outcome is Outcome.HOLDS

    def test_without_an_award_there_is_no_maximum(self) -> None:
        assert run(maximum_exceeded, a_case(receipts=(esf(1_00),))).outcome is Outcome.NOT_APPLICABLE


class TestPaidWithoutAward:
    def test_money_of_the_union_without_any_award_blocks_in_full(self) -> None:
        found = finding(paid_without_award, a_case(receipts=(esf(30_00),)))
        assert (found.object, found.budget_year, found.severity) == ("receipt M-1 E-1", 2015, Severity.BLOCKING)
        assert (found.at_risk_cents, found.at_risk_eu_cents) == (30_00, 30_00)

    def test_the_day_of_the_award_is_in_time_and_the_day_before_is_not(self) -> None:
        award = an_award(awarded_on=date(2015, 2, 1))
        assert run(paid_without_award, a_case(awards=(award,), receipts=(esf(1_00, received_on=date(2015, 2, 1)),))).outcome \
            is Outcome.HOLDS
        assert finding(paid_without_award, a_case(awards=(award,), receipts=(esf(1_00, received_on=date(2015, 1, 31)),)))

    def test_on_the_day_it_is_revoked_an_award_is_no_longer_in_force(self) -> None:
        award = an_award(revoked_on=date(2016, 5, 1))
        assert finding(paid_without_award, a_case(awards=(award,), receipts=(esf(1_00, received_on=date(2016, 5, 1)),)))
        assert run(paid_without_award, a_case(awards=(award,), receipts=(esf(1_00, received_on=date(2016, 4, 30)),))).outcome \
            is Outcome.HOLDS

    def test_money_that_came_under_the_first_version_stays_covered_when_there_is_a_second(self) -> None:
        first, second = an_award(), an_award(version=2, awarded_on=date(2017, 1, 1))
        case = a_case(awards=(second,), award_versions=(first, second), receipts=(esf(1_00),))
        assert run(paid_without_award, case).outcome is Outcome.HOLDS

    def test_a_second_version_that_was_revoked_takes_the_first_with_it(self) -> None:
        first = an_award()
        second = an_award(version=2, awarded_on=date(2017, 1, 1), revoked_on=date(2017, 1, 1))
        for day, covered in ((date(2016, 12, 31), True), (date(2017, 1, 1), False)):
            case = a_case(awards=(second,), award_versions=(first, second), receipts=(esf(1_00, received_on=day),))
            assert (run(paid_without_award, case).outcome is Outcome.HOLDS) is covered

    def test_money_that_names_an_award_nobody_handed_in_is_without_one(self) -> None:
        assert finding(paid_without_award, a_case(awards=(an_award(),), receipts=(esf(1_00, award="AZ-9"),)))

    def test_a_repayment_needs_no_award(self) -> None:
        assert run(paid_without_award, a_case(receipts=(esf(-1_00),))).outcome is Outcome.HOLDS

    def test_co_funding_is_no_grant(self) -> None:
        promised = a_case(receipts=(a_receipt(1_00), a_receipt(1_00, number="E-2", funder=CITY)), commitments=(a_promise(1_00),))
        assert run(paid_without_award, promised).outcome is Outcome.NOT_APPLICABLE

    def test_the_land_whose_promise_was_taken_back_pays_without_an_award(self) -> None:
        gone = (a_promise(1_00), a_promise(0, version=2, status=CommitmentStatus.WITHDRAWN))
        assert finding(paid_without_award, a_case(receipts=(a_receipt(1_00),), commitments=gone)).at_risk_cents == 1_00
        again = (*gone, a_promise(1_00, number="KOM-2"))
        assert run(paid_without_award, a_case(receipts=(a_receipt(1_00),), commitments=again)).outcome is Outcome.NOT_APPLICABLE

    def test_the_land_without_award_or_promise_pays_without_an_award(self) -> None:
        assert finding(paid_without_award, a_case(receipts=(a_receipt(1_00),))).at_risk_eu_cents == 0
