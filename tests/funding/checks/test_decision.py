"""BES-01 to BES-07: does a council decision stand behind every municipal promise?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.funding.domain.checks.decision.amount_differs import amount_differs
from services.funding.domain.checks.decision.gap_in_sequence import gap_in_sequence
from services.funding.domain.checks.decision.no_decision import no_decision
from services.funding.domain.checks.decision.not_in_budget import not_in_budget
from services.funding.domain.checks.decision.not_passed import not_passed
from services.funding.domain.checks.decision.only_consulted import only_consulted
from services.funding.domain.checks.decision.year_not_covered import year_not_covered
from services.funding.domain.reconciliation import reconcile
from shared.contracts.funding import Outcome, Severity
from shared.contracts.intake import CommitmentStatus, Step, StepResult
from shared.values.funders import Funder, FunderKind
from tests.builders import (
    PAPER,
    a_case,
    a_city_promise,
    a_detail,
    a_paper,
    a_plan,
    a_promise,
    a_step,
    finding,
    findings,
    run,
)

FAMILY = (no_decision, only_consulted, amount_differs, not_in_budget, gap_in_sequence, not_passed, year_not_covered)
OF_PAPER = (no_decision, only_consulted, gap_in_sequence, not_passed)
PROMISE = a_city_promise(100_00)


def decided(*details, steps=None, promises=(PROMISE,), **given):
    """A promise of 100.00 on a paper."""
    return a_case(commitments=promises, papers=a_paper(*(details or (a_detail(100_00),)), steps=steps), **given)


@pytest.mark.parametrize("check", FAMILY, ids=lambda c: c.code)
class TestFamily:
    def test_a_complete_decision_holds(self, check) -> None:
        assert run(check, decided()).outcome is Outcome.HOLDS

    def test_promises_of_others_and_promises_not_yet_decided_need_no_council(self, check) -> None:
        waiting = a_city_promise(100_00, status=CommitmentStatus.CONDITIONAL, decision=None)
        assert run(check, a_case(commitments=(a_promise(100_00), waiting))).outcome is Outcome.NOT_APPLICABLE

    def test_a_withdrawn_measure_needs_no_decision(self, check) -> None:
        assert run(check, decided(steps=(), withdrawn_on=date(2016, 1, 1))).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("check", OF_PAPER, ids=lambda c: c.code)
@pytest.mark.parametrize("details", [(), (a_detail(100_00),)], ids=["nothing of it", "only its details"])
def test_a_paper_that_was_named_and_not_handed_in_is_missing(check, details) -> None:
    papers = {PAPER: replace(a_paper(*details)[PAPER], decision=None)} if details else {}
    result = run(check, a_case(commitments=(PROMISE,), papers=papers))
    assert [(m.object, m.what) for m in result.missing] == [(f"paper {PAPER}", "Ratsvorlage")]


@pytest.mark.parametrize("check", [amount_differs, not_in_budget, year_not_covered], ids=lambda c: c.code)
@pytest.mark.parametrize("papers", [{}, a_paper()], ids=["nothing of it", "only the paper"])
def test_where_nobody_read_what_a_paper_grants_its_details_are_missing(check, papers) -> None:
    result = run(check, a_case(commitments=(PROMISE,), papers=papers))
    assert [(m.object, m.what) for m in result.missing] == [(f"paper {PAPER}", "Beschlussdetails (Haushaltsjahr, Betrag)")]


class TestNoDecision:
    def test_a_promise_that_names_no_decision_blocks_once_over_its_years(self) -> None:
        promises = tuple(a_city_promise(50_00, year, decision=None) for year in (2015, 2016))
        found = finding(no_decision, a_case(commitments=promises))
        assert (found.object, found.budget_year, found.severity) == ("commitment M-1 STADT-1", None, Severity.BLOCKING)
        assert (found.at_risk_cents, found.arithmetic) == (100_00, "2 × 50,00 = 100,00")

    def test_a_promise_cut_to_nothing_needs_no_decision(self) -> None:
        cut = (a_city_promise(50_00, decision=None), a_city_promise(0, decision=None, version=2, status=CommitmentStatus.CUT))
        assert run(no_decision, a_case(commitments=cut)).outcome is Outcome.HOLDS
        assert finding(no_decision, a_case(commitments=(*cut, a_city_promise(1, decision=None, version=3)))).at_risk_cents == 1

    def test_where_there_is_a_plan_kof_01_names_the_amount(self) -> None:
        case = a_case(commitments=(a_city_promise(50_00, decision=None),), plan=a_plan({("1", 2015): 50_00}))
        assert finding(no_decision, case).at_risk_cents == 0


class TestOnlyConsulted:
    def test_a_paper_that_was_only_consulted_on_blocks_with_what_it_grants(self) -> None:
        found = finding(only_consulted, decided(steps=(a_step("Ausschuss", "Vorberatung"),)))
        assert (found.object, found.at_risk_cents, found.severity) == (f"paper {PAPER}", 100_00, Severity.BLOCKING)

    def test_a_step_marked_as_authoritative_decides_whatever_its_role_says(self) -> None:
        step = a_step("Kreistag", "Vorberatung", authoritative=True)
        assert run(only_consulted, decided(steps=(step,))).outcome is Outcome.HOLDS

    def test_a_step_marked_as_not_authoritative_decides_nothing_whatever_its_role_says(self) -> None:
        step = a_step("Ausschuss", "Beschlussfassung", authoritative=False)
        assert finding(only_consulted, decided(steps=(step,)))

    @pytest.mark.parametrize("result", [None, StepResult.REJECTED, StepResult.POSTPONED, StepResult.NOTED, StepResult.UNKNOWN])
    def test_a_deciding_step_without_a_positive_result_decides_nothing(self, result: StepResult | None) -> None:
        assert finding(only_consulted, decided(steps=(a_step(result=result, result_raw=None),)))

    def test_without_decision_details_the_promises_are_at_risk(self) -> None:
        case = a_case(commitments=(PROMISE,), papers=a_paper(steps=()))
        assert finding(only_consulted, case).at_risk_cents == 100_00


class TestAmountDiffers:
    def test_one_cent_more_than_was_decided_is_at_risk(self) -> None:
        found = finding(amount_differs, decided(a_detail(99_99)))
        assert (found.object, found.budget_year, found.at_risk_cents) == ("commitment M-1 STADT-1", 2015, 1)
        assert found.arithmetic == "100,00 − 99,99 = 0,01"

    def test_less_than_was_decided_is_found_with_nothing_at_risk(self) -> None:
        assert finding(amount_differs, decided(a_detail(100_01))).at_risk_cents == 0

    def test_two_promises_on_one_paper_are_taken_together(self) -> None:
        parts = (a_city_promise(60_00), a_city_promise(40_00, number="STADT-2"))
        assert run(amount_differs, decided(promises=parts)).outcome is Outcome.HOLDS

    def test_years_the_decision_does_not_cover_are_bes_07s_business(self) -> None:
        case = decided(a_detail(100_00, 2016))
        assert run(amount_differs, case).outcome is Outcome.NOT_APPLICABLE
        assert finding(year_not_covered, case)

    def test_a_funder_without_an_amount_in_a_year_that_is_covered_makes_it_missing(self) -> None:
        other = Funder(key="amt", name="Amt (Demo)", kind=FunderKind.MUNICIPALITY)
        result = run(amount_differs, decided(a_detail(100_00), a_detail(None, funder=other), promises=(
            PROMISE, a_city_promise(10_00, funder=other, number="AMT-1"))))
        assert [(m.object, m.what) for m in result.missing] == [("commitment M-1 AMT-1", "Beschlussbetrag 2015")]


class TestNotInBudget:
    OUTSIDE = a_detail(100_00, in_budget=False)

    def test_what_is_not_in_the_budget_and_not_approved_is_at_risk_once_per_paper_and_year(self) -> None:
        amt = Funder(key="amt", name="Amt (Demo)", kind=FunderKind.MUNICIPALITY)
        found = finding(not_in_budget, decided(self.OUTSIDE, a_detail(20_00, funder=amt, in_budget=False)))
        assert (found.object, found.budget_year, found.at_risk_cents) == (f"paper {PAPER}", 2015, 120_00)
        assert found.arithmetic == "100,00 + 20,00 = 120,00"
        assert found.inputs["Amt (Demo)"] == "20,00"

    def test_an_approval_settles_it_from_its_day_on(self) -> None:
        approved = a_detail(100_00, in_budget=False, approval="üpl-7 (Demo)", approved_on=date(2015, 2, 1))
        assert run(not_in_budget, decided(approved, as_of=date(2015, 2, 1))).outcome is Outcome.HOLDS
        assert finding(not_in_budget, decided(approved, as_of=date(2015, 1, 31)))

    def test_the_youth_welfare_committee_alone_cannot_decide_outside_the_budget(self) -> None:
        approved = a_detail(100_00, in_budget=False, approval="üpl-7 (Demo)")
        committee = a_step("Jugendhilfeausschuss")
        assert finding(not_in_budget, decided(approved, steps=(committee,)))
        assert run(not_in_budget, decided(approved, steps=(committee, a_step("Kreistag")))).outcome is Outcome.HOLDS
        assert run(not_in_budget, decided(steps=(committee,))).outcome is Outcome.HOLDS

    def test_of_a_promise_the_details_do_not_name_in_a_year_they_cover_it_is_missing(self) -> None:
        amt = Funder(key="amt", name="Amt (Demo)", kind=FunderKind.MUNICIPALITY)
        both = (PROMISE, a_city_promise(10_00, funder=amt, number="AMT-1"))
        assert [m.what for m in run(not_in_budget, decided(promises=both)).missing] == ["Im Budget enthalten 2015"]
        later = (PROMISE, a_city_promise(10_00, 2016))
        assert run(not_in_budget, decided(promises=later)).outcome is Outcome.HOLDS, "that year is BES-07's business"

    def test_where_the_paper_does_not_say_it_is_missing_for_what_was_promised_only(self) -> None:
        assert [m.what for m in run(not_in_budget, decided(a_detail(100_00, in_budget=None))).missing] == [
            "Im Budget enthalten 2015"
        ]
        amt = Funder(key="amt", name="Amt (Demo)", kind=FunderKind.MUNICIPALITY)
        named = a_detail(None, funder=amt, in_budget=None)
        assert run(not_in_budget, decided(a_detail(100_00), named)).outcome is Outcome.HOLDS


class TestGapInSequence:
    def test_peine_a_step_without_date_and_result_is_a_warning_once_per_paper(self) -> None:
        steps = (
            a_step("Jugendhilfeausschuss", "Vorberatung", held_on=date(2021, 9, 21)),
            a_step("Kreisausschuss", "Vorberatung", held_on=None, result=None, result_raw=None),
            a_step("Kreistag", held_on=date(2021, 10, 6)),
        )
        found = finding(gap_in_sequence, decided(steps=steps))
        assert (found.object, found.budget_year, found.severity) == (f"paper {PAPER}", None, Severity.WARNING)
        assert (found.at_risk_cents, found.arithmetic) == (0, "2 Kreisausschuss: kein Datum, kein Ergebnis")

    def test_steps_on_one_day_are_in_order_and_a_step_before_its_predecessor_is_not(self) -> None:
        first, second = a_step("Ausschuss", "Vorberatung", held_on=date(2015, 1, 5)), a_step(held_on=date(2015, 1, 5))
        assert run(gap_in_sequence, decided(steps=(first, second))).outcome is Outcome.HOLDS
        found = finding(gap_in_sequence, decided(steps=(first, a_step(held_on=date(2015, 1, 4)))))
        assert found.arithmetic == "2 Rat: 04.01.2015 < 05.01.2015"

    def test_what_was_consulted_on_after_the_decision_is_out_of_order_though_its_steps_are_sorted_by_date(self) -> None:
        before = a_step("Jugendhilfeausschuss", "Vorberatung", held_on=date(2021, 9, 21))
        council, late = a_step("Kreistag", held_on=date(2021, 10, 6)), date(2021, 10, 7)
        after = a_step("Kreisausschuss", "Vorberatung", held_on=late)
        found = finding(gap_in_sequence, decided(steps=(before, council, after)))
        assert found.arithmetic == "3 Kreisausschuss: Vorberatung 07.10.2021 nach der Entscheidung vom 06.10.2021"

        again = a_step("Kreistag", held_on=date(2021, 11, 3))
        postponed = a_step("Kreistag", held_on=date(2021, 10, 6), result=StepResult.POSTPONED, result_raw="vertagt")
        assert run(gap_in_sequence, decided(steps=(before, postponed, after, again))).outcome is Outcome.HOLDS
        assert run(gap_in_sequence, decided(steps=(before, council, after, again))).outcome is Outcome.HOLDS
        told = a_step("Jugendhilfeausschuss", "Kenntnisnahme", held_on=late)
        assert run(gap_in_sequence, decided(steps=(before, council, told))).outcome is Outcome.HOLDS

    def test_a_paper_without_any_step_has_a_gap(self) -> None:
        assert finding(gap_in_sequence, decided(steps=())).arithmetic == "steps: keine Beratung"


class TestNotPassed:
    @pytest.mark.parametrize(
        "result", [StepResult.REJECTED, StepResult.POSTPONED, StepResult.REFERRED, StepResult.NOTED, StepResult.UNKNOWN]
    )
    def test_a_result_that_passed_nothing_is_found_and_what_bes_02_puts_at_risk_is_not_again(self, result: StepResult) -> None:
        case = decided(steps=(a_step(result=result, result_raw="siehe Protokoll"),))
        assert finding(not_passed, case).at_risk_cents == 0
        assert finding(only_consulted, case).at_risk_cents == 100_00

    def test_a_paper_postponed_and_passed_later_holds(self) -> None:
        steps = (a_step(result=StepResult.POSTPONED, result_raw="vertagt"), a_step(held_on=date(2015, 2, 5)))
        assert run(not_passed, decided(steps=steps)).outcome is Outcome.HOLDS

    def test_what_a_committee_said_before_does_not_decide(self) -> None:
        steps = (a_step("Ausschuss", "Vorberatung", result=StepResult.REJECTED, result_raw="nicht empfohlen"), a_step())
        assert run(not_passed, decided(steps=steps)).outcome is Outcome.HOLDS

    def test_a_step_without_result_is_bes_05s_business(self) -> None:
        case = decided(steps=(a_step(result=None, result_raw=None),))
        assert run(not_passed, case).outcome is Outcome.HOLDS
        assert finding(gap_in_sequence, case)

    def test_passed_with_changes_is_found_until_the_amounts_are_those_of_the_changed_paper(self) -> None:
        changed = (a_step(result=StepResult.PASSED_CHANGED, result_raw="geändert beschlossen"),)
        assert finding(not_passed, decided(a_detail(100_00), steps=changed)).at_risk_cents == 100_00
        again = a_detail(100_00, corrects=UUID(int=7))
        assert run(not_passed, decided(again, steps=changed)).outcome is Outcome.HOLDS


class TestYearNotCovered:
    """G2, Peine 2023: the decision covers 2022 only."""

    PROMISES = (a_city_promise(21_493_17, 2022), a_city_promise(21_493_17, 2023))

    def test_a_year_the_decision_does_not_name_is_found_for_the_promise_and_year(self) -> None:
        found = finding(year_not_covered, decided(a_detail(21_493_17, 2022), promises=self.PROMISES))
        assert (found.object, found.budget_year, found.at_risk_cents) == ("commitment M-1 STADT-1", 2023, 21_493_17)

    def test_where_there_is_a_plan_kof_01_names_the_amount(self) -> None:
        plan = a_plan({("1", 2022): 21_493_17, ("1", 2023): 21_493_17})
        found = finding(year_not_covered, decided(a_detail(21_493_17, 2022), promises=self.PROMISES, plan=plan))
        assert (found.at_risk_cents, found.arithmetic) == (0, "2023 ∉ {2022}: 21.493,17 → KOF-01")

    def test_a_paper_without_amounts_makes_the_details_missing(self) -> None:
        result = run(year_not_covered, a_case(commitments=(PROMISE,), papers=a_paper()))
        assert [m.what for m in result.missing] == ["Beschlussdetails (Haushaltsjahr, Betrag)"]


def test_peine_act_1_shows_bes_04_and_bes_05_and_nothing_else_of_the_family() -> None:
    departments = [Funder(key=k, name=k, kind=FunderKind.MUNICIPALITY) for k in ("jugend", "arbeit", "soziales")]
    details = (
        a_detail(21_493_17, 2022, departments[0], in_budget=False),
        *(a_detail(None, 2022, funder, in_budget=None) for funder in departments[1:]),
    )
    steps = (
        a_step("Jugendhilfeausschuss", "Vorberatung", held_on=date(2021, 9, 21)),
        a_step("Kreisausschuss", "Vorberatung", held_on=None, result=None, result_raw=None),
        a_step("Kreistag", held_on=date(2021, 10, 6)),
    )
    promise = a_city_promise(21_493_17, 2022, funder=departments[0])
    case = decided(*details, steps=steps, promises=(promise,))
    assert [(f.code, f.at_risk_cents) for check in FAMILY for f in findings(check, case)] == [
        ("BES-04", 21_493_17),
        ("BES-05", 0),
    ]
    assert not [m for check in FAMILY for m in run(check, case).missing]


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ((a_step(result=StepResult.REJECTED, result_raw="abgelehnt"),), {"BES-02": 0, "BES-06": 0}),
        ((a_step(), a_step(held_on=date(2015, 2, 5), result=StepResult.REJECTED, result_raw="abgelehnt")), {"BES-06": 0}),
        ((a_step(role="Vorberatung"),), {"BES-02": 0}),
        ((), {"BES-02": 0, "BES-05": 0}),
        ((a_step(result=None, result_raw=None),), {"BES-02": 0, "BES-05": 0}),
    ],
    ids=["refused", "passed and then refused", "only consulted", "without steps", "without result"],
)
def test_no_euro_of_a_promise_without_a_decision_is_at_risk_twice(steps: tuple[Step, ...], found: dict[str, int]) -> None:
    case = decided(a_detail(100_00), steps=steps, plan=a_plan({("1", 2015): 100_00}))
    said = reconcile(case).findings
    assert {f.code: f.at_risk_cents for f in said if f.code != "KOF-01"} == found
    assert sum(f.at_risk_cents for f in said) == 100_00
    without_plan = reconcile(decided(a_detail(100_00), steps=steps)).findings
    assert sum(f.at_risk_cents for f in without_plan) == 100_00
