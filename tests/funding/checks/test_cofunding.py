"""KOF-01, KOF-03, KOF-04, KOF-05, KOF-11: is the whole secured, and by whom?"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.funding.domain.checks.cofunding.dropped_commitment import dropped_commitment
from services.funding.domain.checks.cofunding.minimum_share import minimum_share
from services.funding.domain.checks.cofunding.overfunding import overfunding
from services.funding.domain.checks.cofunding.uncovered_gap import uncovered_gap
from services.funding.domain.checks.cofunding.undocumented_amount import undocumented_amount
from shared.contracts.funding import Outcome, Severity
from shared.contracts.intake import Close, CommitmentStatus
from shared.values.funders import Funder, FunderKind
from tests.builders import (
    BUND,
    CITY,
    ESF,
    PAPER,
    a_case,
    a_city_promise,
    a_detail,
    a_paper,
    a_plan,
    a_programme,
    a_promise,
    a_receipt,
    a_voucher,
    an_award,
    finding,
    findings,
    run,
)

YEARS = (2015, 2016, 2017, 2018)
PLAN_OF_100 = a_plan({("1.1", 2015): 100_00})


class TestUncoveredGap:
    def test_what_is_planned_and_not_secured_is_at_risk_with_the_union_part_at_the_award_rate(self) -> None:
        award = an_award(50_00, years={2015: 50_00}, share=Decimal("0.5"))
        found = finding(uncovered_gap, a_case(plan=PLAN_OF_100, awards=(award,), commitments=(a_promise(29_99),)))
        assert (found.object, found.budget_year) == ("measure M-1", 2015)
        assert (found.at_risk_cents, found.at_risk_eu_cents) == (20_01, 10_00)
        assert found.arithmetic == "100,00 − 79,99 = 20,01"
        assert found.severity is Severity.ERROR
        assert found.inputs == {"planned": "100,00", "secured": "79,99"}

    def test_why_a_promise_does_not_cover_stands_beside_the_gap_of_its_year(self) -> None:
        said = tuple(a_promise(50_00, year, status=CommitmentStatus.ANNOUNCED) for year in (2015, 2016))
        assert finding(uncovered_gap, a_case(plan=PLAN_OF_100, commitments=said)).inputs["Land"] == "nur angekündigt"
        decided = (a_promise(50_00, 2015), said[1])
        assert "Land" not in finding(uncovered_gap, a_case(plan=PLAN_OF_100, commitments=decided)).inputs

    def test_before_an_award_a_gap_blocks(self) -> None:
        assert finding(uncovered_gap, a_case(plan=PLAN_OF_100)).severity is Severity.BLOCKING

    def test_a_gap_of_one_cent_is_tolerated_and_one_of_two_is_not(self) -> None:
        assert run(uncovered_gap, a_case(plan=PLAN_OF_100, commitments=(a_promise(99_99),))).outcome is Outcome.HOLDS
        assert finding(uncovered_gap, a_case(plan=PLAN_OF_100, commitments=(a_promise(99_98),))).at_risk_cents == 2

    def test_more_than_is_needed_in_one_year_does_not_cover_another(self) -> None:
        plan = a_plan({("1.1", 2015): 100_00, ("1.1", 2016): 100_00})
        found = finding(uncovered_gap, a_case(plan=plan, commitments=(a_promise(200_00),)))
        assert (found.budget_year, found.at_risk_cents) == (2016, 100_00)

    def test_an_award_for_the_whole_term_is_judged_over_the_term_only(self) -> None:
        plan = a_plan({("1.1", 2015): 100_00, ("1.1", 2016): 100_00})
        found = finding(uncovered_gap, a_case(plan=plan, awards=(an_award(150_00),)))
        assert (found.budget_year, found.at_risk_cents) == (None, 50_00)
        assert run(uncovered_gap, a_case(plan=plan, awards=(an_award(200_00),))).outcome is Outcome.HOLDS

    def test_a_commitment_without_a_plan_makes_the_plan_missing(self) -> None:
        result = run(uncovered_gap, a_case(commitments=(a_promise(1_00),)))
        assert result.outcome is Outcome.MISSING
        assert [(m.object, m.what) for m in result.missing] == [("measure M-1", "Finanzierungsplan")]

    def test_a_bare_registration_and_a_withdrawn_measure_have_nothing_to_cover(self) -> None:
        assert run(uncovered_gap, a_case()).outcome is Outcome.NOT_APPLICABLE
        gone = a_case(plan=PLAN_OF_100, withdrawn_on=date(2015, 2, 1))
        assert run(uncovered_gap, gone).outcome is Outcome.NOT_APPLICABLE


class TestMinimumShare:
    """JUGEND STÄRKEN: Aktiv in der Region asks for 20 %."""

    PROGRAMME = a_programme(minimum_cofunding=Decimal("0.20"))

    def case(self, national: int, eu: int, claimed: int = 590_277_78):
        receipts = (a_receipt(national, number="E-1", funder=CITY), a_receipt(eu, number="E-2", funder=ESF))
        return a_case(programme=self.PROGRAMME, receipts=receipts, vouchers=(a_voucher(1, claimed),))

    def test_herne_at_its_edge_is_silent(self) -> None:
        # 118,055.56 / 590,277.78 = 0.20000000678: a hundredth of a cent more than a fifth
        assert run(minimum_share, self.case(118_055_56, 472_222_22)).outcome is Outcome.HOLDS

    def test_exactly_a_fifth_holds(self) -> None:
        assert run(minimum_share, self.case(20_00, 80_00, claimed=100_00)).outcome is Outcome.HOLDS

    def test_one_cent_less_fires_and_what_the_union_paid_beyond_four_fifths_is_at_risk(self) -> None:
        found = finding(minimum_share, self.case(118_055_55, 472_222_23))
        assert found.arithmetic == (
            "118.055,55 / 590.277,78 = 20,00\u00a0% < 20,00\u00a0%; 472.222,23 − 0,8 × 590.277,78 = 0,01"
        )
        assert (found.at_risk_cents, found.at_risk_eu_cents) == (1, 1)     # 472,222.23 − ⌊0.8 × 590,277.78⌋ = 472,222.22

    def test_too_little_national_money_while_the_union_paid_no_more_than_its_part_is_found_with_nothing_at_risk(self) -> None:
        assert finding(minimum_share, self.case(1_00, 10_00, claimed=100_00)).at_risk_cents == 0

    def test_it_asks_only_where_a_programme_names_a_minimum_and_money_of_the_union_came_in(self) -> None:
        assert run(minimum_share, a_case(receipts=(a_receipt(1_00, funder=ESF),), vouchers=(a_voucher(),))).outcome \
            is Outcome.NOT_APPLICABLE
        assert run(minimum_share, self.case(0, 0)).outcome is Outcome.NOT_APPLICABLE
        assert run(minimum_share, self.case(1_00, 1_00, claimed=0)).outcome is Outcome.NOT_APPLICABLE

    def test_a_programme_nobody_registered_is_missing(self) -> None:
        case = self.case(1_00, 99_00, claimed=100_00)
        measure = case.measure.model_copy(update={"programme": "herne"})
        result = run(minimum_share, a_case(measure=measure, receipts=case.receipts, vouchers=case.vouchers))
        assert [m.what for m in result.missing] == ["Programm herne (Mindestkofinanzierung)"]


class TestDroppedCommitment:
    """G3, Eschweiler: 961,360.00 over four years, half ESF, a quarter each from the municipality and the Bund."""

    PLAN = a_plan({("1.1", year): 240_340_00 for year in YEARS})
    AWARD = an_award(480_680_00, years=dict.fromkeys(YEARS, 12017000))
    BUND_SAID = tuple(a_promise(60_085_00, year, funder=BUND, number="B-1", version=1) for year in YEARS)
    BUND_GONE = tuple(
        a_promise(60_085_00, year, funder=BUND, number="B-1", version=2, status=CommitmentStatus.WITHDRAWN) for year in YEARS
    )
    CITY_SAYS = tuple(a_promise(60_085_00, year, number="K-1") for year in YEARS)

    def case(self, *more, **given):
        promises = (*self.CITY_SAYS, *self.BUND_SAID, *more)
        return a_case(**{"plan": self.PLAN, "awards": (self.AWARD,), "commitments": promises} | given)

    def test_nothing_is_found_while_both_stand_by_their_word(self) -> None:
        assert run(dropped_commitment, self.case()).outcome is Outcome.HOLDS
        assert run(uncovered_gap, self.case()).outcome is Outcome.HOLDS

    def test_a_funder_that_drops_out_is_found_once_and_each_year_has_its_gap(self) -> None:
        case = self.case(*self.BUND_GONE)
        found = finding(dropped_commitment, case)
        assert (found.object, found.budget_year, found.severity) == ("commitment M-1 B-1", None, Severity.BLOCKING)
        assert found.arithmetic == "4 × 60.085,00 = 240.340,00 → KOF-01"
        gaps = findings(uncovered_gap, case)
        assert [(g.budget_year, g.at_risk_cents) for g in gaps] == [(year, 60_085_00) for year in YEARS]

    def test_no_euro_is_at_risk_twice(self) -> None:
        case = self.case(*self.BUND_GONE)
        everything = (*findings(dropped_commitment, case), *findings(uncovered_gap, case))
        assert sum(f.at_risk_cents for f in everything) == 240_340_00

    def test_without_a_plan_the_promise_itself_is_at_risk(self) -> None:
        assert finding(dropped_commitment, self.case(*self.BUND_GONE, plan=())).at_risk_cents == 240_340_00

    def test_it_is_settled_when_the_years_it_cut_are_covered_again(self) -> None:
        again = tuple(a_promise(60_085_00, year, number="K-2") for year in YEARS)
        assert run(dropped_commitment, self.case(*self.BUND_GONE, *again)).outcome is Outcome.HOLDS
        assert finding(dropped_commitment, self.case(*self.BUND_GONE, *again[1:]))

    def test_it_is_settled_when_the_measure_is_withdrawn(self) -> None:
        gone = self.case(*self.BUND_GONE, withdrawn_on=date(2015, 6, 1))
        assert run(dropped_commitment, gone).outcome is Outcome.NOT_APPLICABLE

    def test_a_cut_counts_with_what_it_takes_away(self) -> None:
        cut = a_promise(60_000_00, 2016, funder=BUND, number="B-1", version=2, status=CommitmentStatus.CUT)
        assert finding(dropped_commitment, self.case(cut)).arithmetic == "85,00 → KOF-01"
        for cents, outcome in ((1, Outcome.HOLDS), (2, Outcome.FINDING)):
            less = a_promise(60_085_00 - cents, 2016, funder=BUND, number="B-1", version=2, status=CommitmentStatus.CUT)
            assert run(dropped_commitment, self.case(less)).outcome is outcome, "a gap of a cent is none"

    def test_a_version_that_promises_as_much_or_more_is_no_cut(self) -> None:
        more = a_promise(60_085_00, 2016, funder=BUND, number="B-1", version=2)
        assert run(dropped_commitment, self.case(more)).outcome is Outcome.HOLDS

    def test_two_funders_with_the_same_number_stay_two(self) -> None:
        gone = [
            a_promise(1_00, 2015, funder=funder, number="1", version=v, status=status)
            for funder in (BUND, CITY)
            for v, status in ((1, CommitmentStatus.DECIDED), (2, CommitmentStatus.WITHDRAWN))
        ]
        found = findings(dropped_commitment, a_case(commitments=tuple(gone)))
        assert [f.object for f in found] == ["commitment M-1 1 bund", "commitment M-1 1 stadt"]


class TestOverfunding:
    RECEIPTS = (a_receipt(60_00, 2015, number="E-1"), a_receipt(60_00, 2016, number="E-2"))
    VOUCHERS = (a_voucher(1, 50_00), a_voucher(2, 60_00, budget_year=2016))
    FINAL = Close(closed_on=date(2018, 6, 30))

    def test_before_a_close_nothing_is_asked(self) -> None:
        assert run(overfunding, a_case(receipts=self.RECEIPTS, vouchers=self.VOUCHERS)).outcome is Outcome.NOT_APPLICABLE

    def test_a_close_after_the_cut_off_date_does_not_count(self) -> None:
        case = a_case(as_of=date(2018, 6, 29), closes=(self.FINAL,), receipts=self.RECEIPTS, vouchers=self.VOUCHERS)
        assert run(overfunding, case).outcome is Outcome.NOT_APPLICABLE

    def test_after_the_final_close_income_beyond_expenditure_is_at_risk(self) -> None:
        found = finding(overfunding, a_case(closes=(self.FINAL,), receipts=self.RECEIPTS, vouchers=self.VOUCHERS))
        assert (found.budget_year, found.at_risk_cents, found.arithmetic) == (None, 10_00, "120,00 − 110,00 = 10,00")

    def test_a_closed_year_is_judged_alone_and_not_at_risk_again_in_the_whole(self) -> None:
        closes = (Close(budget_year=2015, closed_on=date(2016, 6, 30)), self.FINAL)
        found = findings(overfunding, a_case(closes=closes, receipts=self.RECEIPTS, vouchers=self.VOUCHERS))
        assert [(f.budget_year, f.at_risk_cents) for f in found] == [(None, 0), (2015, 10_00)]

    def test_the_whole_puts_at_risk_what_no_closed_year_does(self) -> None:
        closes = (Close(budget_year=2015, closed_on=date(2016, 6, 30)), self.FINAL)
        vouchers = (a_voucher(1, 56_00), a_voucher(2, 50_00, budget_year=2016))
        found = findings(overfunding, a_case(closes=closes, receipts=self.RECEIPTS, vouchers=vouchers))
        assert [(f.budget_year, f.at_risk_cents) for f in found] == [(None, 10_00), (2015, 4_00)]
        assert found[0].arithmetic == "120,00 − 106,00 − 4,00 = 10,00"

    def test_a_closed_year_in_balance_holds(self) -> None:
        balanced = a_case(
            closes=(Close(budget_year=2016, closed_on=date(2017, 1, 1)),), receipts=self.RECEIPTS, vouchers=self.VOUCHERS
        )
        assert run(overfunding, balanced).outcome is Outcome.HOLDS

    def test_income_equal_to_expenditure_holds_and_a_cent_more_is_found_from_the_day_of_the_close_on(self) -> None:
        for spent, outcome in ((120_00, Outcome.HOLDS), (119_99, Outcome.FINDING)):
            vouchers = (a_voucher(1, spent),)
            case = a_case(as_of=self.FINAL.closed_on, closes=(self.FINAL,), receipts=self.RECEIPTS, vouchers=vouchers)
            assert run(overfunding, case).outcome is outcome


class TestUndocumentedAmount:
    """G1, Peine 2021/941: three departments, one amount."""

    JUGENDAMT, ARBEIT, SOZIALES = (
        Funder(key=k, name=k.title(), kind=FunderKind.MUNICIPALITY) for k in ("jugend", "arbeit", "soziales")
    )
    PAPER_2021 = a_paper(a_detail(21_493_17, 2022, JUGENDAMT), a_detail(None, 2022, ARBEIT), a_detail(None, 2022, SOZIALES))

    def test_two_of_three_undocumented_are_one_finding_with_no_amount_at_risk(self) -> None:
        found = finding(undocumented_amount, a_case(papers=self.PAPER_2021))
        assert (found.object, found.budget_year, found.at_risk_cents) == (f"paper {PAPER}", None, 0)
        assert found.arithmetic == "3 − 2 = 1 < 3"
        assert found.inputs["without_amount"] == "Arbeit, Soziales"

    @pytest.mark.parametrize(("status", "holds"), [(CommitmentStatus.DECIDED, True), (CommitmentStatus.ANNOUNCED, False)])
    def test_a_valid_promise_documents_an_amount_and_an_announced_one_does_not(
        self, status: CommitmentStatus, holds: bool
    ) -> None:
        own = a_paper(a_detail(1_00, 2022, self.ARBEIT), a_detail(2_00, 2022, self.SOZIALES))[PAPER]
        promises = tuple(
            a_city_promise(cents, 2022, funder=f, number=f.key, decision="V-2", status=status)
            for f, cents in ((self.ARBEIT, 1_00), (self.SOZIALES, 2_00))
        )
        case = a_case(papers=self.PAPER_2021 | {"modell/V-2": own}, commitments=promises)
        assert (run(undocumented_amount, case).outcome is Outcome.HOLDS) is holds

    def test_without_decision_details_there_is_nothing_to_compare(self) -> None:
        assert run(undocumented_amount, a_case(papers=a_paper())).outcome is Outcome.NOT_APPLICABLE

    def test_a_promise_for_another_year_documents_nothing(self) -> None:
        paper = a_paper(a_detail(1_00, 2016), a_detail(None, 2016, self.SOZIALES))
        other_year = a_city_promise(50_00, 2015, funder=self.SOZIALES, number="S", decision="V-2")
        same_year = a_city_promise(50_00, 2016, funder=self.SOZIALES, number="S", decision="V-2")
        own = {"modell/V-2": a_paper(a_detail(50_00, 2015, self.SOZIALES), a_detail(50_00, 2016, self.SOZIALES))[PAPER]}
        assert run(undocumented_amount, a_case(papers=paper | own, commitments=(other_year,))).outcome is Outcome.FINDING
        assert run(undocumented_amount, a_case(papers=paper | own, commitments=(same_year,))).outcome is Outcome.HOLDS
