"""The golden scenarios of the five programmes, each against all checks: what is found, and that nothing else is.

G10 (late spending), G11 (flat rates), G13 (small cells) and G15 (reduction of a grant) need checks that do not exist yet; of G4
the co-funding is here, the staff that a municipality lends (KOF-08) is not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding import application
from services.funding.domain.case import Case, ProgrammeCase, case_of
from services.funding.domain.checks.all import CHECKS
from services.funding.domain.reconciliation import reconcile, reconcile_programme
from shared.contracts.funding import CheckResult, Finding
from shared.contracts.intake import (
    Close,
    CommitmentStatus,
    ConfirmMatch,
    Fact,
    FinancingType,
    PlanLine,
    PlanLineRecorded,
    Population,
    SetCutOff,
    SizeBand,
    StaffAssigned,
    StaffMonth,
)
from shared.messaging.work import StandingClock
from shared.runtime.embedded import Postgres
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from shared.values.money import apportion
from shared.values.source import id_of
from tests import builders as a
from tests.funding import facts
from tests.funding.running import Funding, twice_and_shuffled

QUARTERS = tuple(f"Quartier {n}" for n in range(1, 5))
MODULES = ("Case Management", "Aufsuchende Jugendsozialarbeit", "Niedrigschwellige Beratung/Clearing", "Mikroprojekte")


def found_in(case: Case | ProgrammeCase) -> tuple[Finding, ...]:
    return reconcile(case).findings if isinstance(case, Case) else reconcile_programme(case).findings


def codes(case: Case | ProgrammeCase) -> dict[str, int]:
    return dict(Counter(f.code for f in found_in(case)))


def missing(case: Case) -> list[tuple[str, str]]:
    return [(m.code, m.what) for m in reconcile(case).missing]


def only(case: Case | ProgrammeCase, code: str) -> Finding:
    (found,) = [f for f in found_in(case) if f.code == code]
    return found


class TestG1Peine2022:
    """One decision, three departments, one amount."""

    YEAR = Period(start=date(2022, 1, 1), end=date(2022, 12, 31))
    MEASURE = a.a_measure("M-1", rule_set="national", implementation=Period(start=YEAR.start, end=date(2023, 12, 31)))
    YOUTH, WORK, SOCIAL = (Funder(key=k, name=k.title(), kind=FunderKind.MUNICIPALITY) for k in ("jugend", "arbeit", "soziales"))
    STEPS = (
        a.a_step("Jugendhilfeausschuss", "Vorberatung", held_on=date(2021, 9, 21)),
        a.a_step("Kreisausschuss", "Vorberatung", held_on=None, result=None, result_raw=None),
        a.a_step("Kreistag", held_on=date(2021, 10, 6)),
    )

    def case(self, *, steps: tuple[Any, ...] = STEPS, complete: bool = False, **given: Any) -> Case:
        others = (18_240_55, 17_006_28) if complete else (None, None)
        amounts = dict(zip((self.YOUTH, self.WORK, self.SOCIAL), (21_493_17, *others), strict=True))
        approval = {"approval": "üpl-2021/17", "approved_on": date(2021, 10, 6)} if complete else {}
        details = tuple(
            a.a_detail(cents, 2022, funder, **({"in_budget": False} | approval if cents else {"in_budget": None}))
            for funder, cents in amounts.items()
        )
        promises = tuple(
            a.a_city_promise(cents, 2022, funder=funder, number=funder.key, committed_on=date(2021, 10, 6))
            for funder, cents in amounts.items() if cents
        )
        return a.a_case(**{
            "measure": self.MEASURE, "rules": a.a_rule_set("national"), "as_of": date(2022, 12, 31), "commitments": promises,
            "papers": a.a_paper(*details, steps=steps), "bank_statements": False,
        } | given)

    def test_g1_as_published_three_things_are_found_and_the_plan_is_missing(self) -> None:
        case = self.case()
        assert codes(case) == {"BES-04": 1, "BES-05": 1, "KOF-11": 1}
        assert missing(case) == [("KOF-01", "Finanzierungsplan")]
        assert only(case, "BES-04").at_risk_cents == 21_493_17

    def test_g1_with_approval_date_amounts_and_plan_all_is_clear(self) -> None:
        steps = (self.STEPS[0], a.a_step("Kreisausschuss", "Vorberatung", held_on=date(2021, 9, 27)), self.STEPS[2])
        case = self.case(steps=steps, complete=True, plan=a.a_plan({("1", 2022): 56_740_00}))
        assert (codes(case), missing(case), reconcile(case).verdict) == ({}, [], "explained")

    def test_g2_the_decision_of_2022_covers_no_gap_of_2023(self) -> None:
        again = a.a_city_promise(21_493_17, 2023, funder=self.YOUTH, number="jugend", committed_on=date(2021, 10, 6))
        before = self.case(
            steps=(self.STEPS[0], a.a_step("Kreisausschuss", "Vorberatung", held_on=date(2021, 9, 27)), self.STEPS[2]),
            complete=True,
        )
        case = replace(
            before, commitments=(*before.commitments, again), plan=a.a_plan({("1", 2022): 56_740_00, ("1", 2023): 21_493_17})
        )
        assert codes(case) == {"BES-07": 1, "KOF-01": 1}
        assert (only(case, "KOF-01").budget_year, only(case, "KOF-01").at_risk_cents) == (2023, 21_493_17)


class TestG3Eschweiler:
    """961,360.00 over four years, half ESF, a quarter each from the municipality and the Bund, which drops out."""

    YEARS = range(2015, 2019)

    def case(self, *more: Any, **given: Any) -> Case:
        years = dict.fromkeys(self.YEARS, 60_085_00)
        promises = [
            *(a.a_city_promise(cents, year) for year, cents in years.items()),
            *(a.a_promise(cents, year, funder=a.BUND, number="B-1") for year, cents in years.items()),
        ]
        return a.a_case(**{
            "plan": a.a_plan({("1.1", year): 240_340_00 for year in self.YEARS}),
            "awards": (a.an_award(480_680_00, years=dict.fromkeys(self.YEARS, 120_170_00)),),
            "commitments": (*promises, *more),
            "papers": a.a_paper(*(a.a_detail(cents, year) for year, cents in years.items())),
        } | given)

    def gone(self) -> list[Any]:
        withdrawn = {"funder": a.BUND, "number": "B-1", "version": 2, "status": CommitmentStatus.WITHDRAWN}
        return [a.a_promise(60_085_00, year, **withdrawn) for year in self.YEARS]

    def test_g3_while_all_keep_their_word_nothing_is_found(self) -> None:
        assert codes(self.case()) == {}

    def test_g3_the_funder_that_drops_out_leaves_a_gap_in_each_year_and_no_euro_is_at_risk_twice(self) -> None:
        case = self.case(*self.gone())
        assert codes(case) == {"KOF-04": 1, "KOF-01": 4}
        assert sum(f.at_risk_cents for f in found_in(case)) == 4 * 60_085_00 == reconcile(case).totals.gap_cents

    def test_g3_it_is_settled_by_a_second_commitment_or_by_withdrawing(self) -> None:
        second = [a.a_promise(60_085_00, year, number="K-2") for year in self.YEARS]
        assert codes(self.case(*self.gone(), *second)) == {}
        assert codes(self.case(*self.gone(), withdrawn_on=date(2015, 6, 1))) == {}


def test_g4_cash_and_staff_of_the_city_are_two_fifths_of_one_million_four_hundred_thousand() -> None:
    years = {2019: 400_000_00, 2020: 400_000_00, 2021: 400_000_00, 2022: 200_000_00}
    share = {year: cents * 60 // 100 for year, cents in years.items()}
    staff = dict(zip(years, apportion(200_000_00, list(years.values())), strict=True))
    cash = {year: cents - share[year] - staff[year] for year, cents in years.items()}
    promises = [
        a.a_city_promise(cents, year, number=number, committed_on=date(2018, 2, 8))
        for number, of in (("PERSONAL", staff), ("7128000451", cash)) for year, cents in of.items()
    ]
    case = a.a_case(
        as_of=date(2022, 6, 30), plan=a.a_plan({("1", year): cents for year, cents in years.items()}),
        awards=(a.an_award(840_000_00, years=share, awarded_on=date(2018, 12, 1)),), commitments=tuple(promises),
        papers=a.a_paper(*(a.a_detail(staff[year] + cash[year], year) for year in years)),
    )
    assert (sum(years.values()), sum(share.values()), sum(staff.values()), sum(cash.values())) == (
        1_400_000_00, 840_000_00, 200_000_00, 360_000_00
    )
    assert (codes(case), reconcile(case).totals.gap_cents) == ({}, 0)
    without_staff = replace(case, commitments=tuple(p for p in promises if p.commitment.number != "PERSONAL"))
    assert reconcile(without_staff).totals.gap_cents == 200_000_00


class TestG5Herne:
    """36 municipalities, 472,222.22 each."""

    def case(self, rounding: int | None = 100_000_000, **given: Any) -> ProgrammeCase:
        return a.a_programme_case(**{
            "participations": tuple(a.a_participation(n, 472_222_22) for n in range(1, 37)),
            "figures": (
                a.a_figure(17_000_000_00, scope="participations", unit="cents", rounding=rounding),
                a.a_figure(36, scope="municipalities", unit="count"),
            ),
        } | given)

    def test_g5_the_published_total_is_met_within_half_its_unit(self) -> None:
        assert codes(self.case()) == {}

    def test_g5_without_a_declared_unit_eight_cents_are_a_difference(self) -> None:
        assert only(self.case(rounding=None), "PRG-01").arithmetic.endswith("0,08 > 0,00")

    def test_g5_with_one_gone_the_published_number_is_not_met(self) -> None:
        left = (*self.case().participations[1:], a.a_participation(1, 472_222_22, left_on=date(2015, 6, 30)))
        assert codes(self.case(participations=left)) == {"PRG-03": 1}


class TestG6Kekiz:
    """Grants of 32,000 to 64,000 by size of the municipality; funders 3.2 + 3.1 + 1.9 + 0.2 = 8.4 million."""

    BANDS = (
        SizeBand(programme="P-1", inhabitants_from=0, inhabitants_to=99_999, maximum_cents=32_000_00),
        SizeBand(programme="P-1", inhabitants_from=100_000, inhabitants_to=None, maximum_cents=64_000_00),
    )

    def case(self, **awards: int) -> ProgrammeCase:
        towns = [a.a_participation(n).municipality for n in range(1, 19)]
        keys = {f"M{n}": town for n, town in enumerate(towns, 1)}
        return a.a_programme_case(
            participations=tuple(a.a_participation(n) for n in range(1, 19)), bands=self.BANDS,
            populations=tuple(
                Population(programme="P-1", municipality=t.key, counted_on=date(2014, 12, 31), inhabitants=100_000) for t in towns
            ),
            figures=(
                a.a_figure(3_200_000_00 + 3_100_000_00 + 1_900_000_00 + 200_000_00, scope="funders", unit="cents"),
                a.a_figure(18, scope="municipalities", unit="count"),
            ),
            measures={key: a.a_measure(key, municipality=town) for key, town in keys.items()},
            awards={key: (a.an_award(awards.get(key, 64_000_00), measure=key, grantor=a.LAND),) for key in keys},
        )

    def test_g6_one_award_of_seventy_thousand_goes_beyond_its_band(self) -> None:
        assert codes(self.case()) == {}
        case = self.case(M7=70_000_00)
        assert codes(case) == {"PRG-02": 1}
        assert only(case, "PRG-02").arithmetic == "70.000,00 − 64.000,00 = 6.000,00"

    def test_g6_the_line_of_a_municipality_shows_the_band_that_prg_02_judges_by(self) -> None:
        wide = SizeBand(programme="P-1", inhabitants_from=50_000, inhabitants_to=None, maximum_cents=48_000_00)
        case = replace(self.case(), bands=(self.BANDS[0], wide, self.BANDS[1]))
        assert {line.band_cents for line in reconcile_programme(case).statement.lines} == {64_000_00}
        assert codes(case) == {}

    def test_g6_a_fixed_grant_stays_while_costs_reach_it(self) -> None:
        fixed = a.an_award(64_000_00, grantor=a.LAND, financing=FinancingType.FIXED_AMOUNT, share=None)
        case = a.a_case(
            measure=a.a_measure(rule_set="national"), rules=a.a_rule_set("national"), awards=(fixed,),
            plan=a.a_plan({("1", 2015): 80_000_00}), commitments=(a.a_promise(16_000_00, number="S-1"),),
            receipts=(a.a_receipt(64_000_00),), vouchers=(a.a_voucher(1, 70_000_00, position="1"),),
            closes=(Close(closed_on=date(2018, 6, 30)),),
        )
        assert "KOF-05" not in codes(case)
        assert reconcile(case).totals.committed_cents == 80_000_00


class TestG7Harz:
    """One person and one invoice in two measures of one Landkreis."""

    def case(self, share: str = "0.5", ours: str | None = None, theirs: str | None = None, cents: int = 500_00) -> Case:
        def catering(measure: str, allocation: str | None, claimed: int) -> Any:
            shares = {"allocation": Decimal(allocation)} if allocation else {}
            return a.a_voucher(
                "C", claimed, measure=measure, invoice_number="RE-1016", gross_cents=500_00, proof=a.a_proof(500_00), **shares
            )

        return a.a_case(
            plan=a.a_plan({("1.1", 2015): 10_000_00}), awards=(a.an_award(10_000_00, years={2015: 10_000_00}),),
            vouchers=(catering("M-1", ours, 300_00 if ours else cents),),
            elsewhere=(catering("M-2", theirs, 200_00 if theirs else cents),),
            staff=(a.a_staff_month("0.6", 3_000_00),), staff_elsewhere=(a.a_staff_month(share, 2_500_00, measure="M-2"),),
            related=(a.a_related("M-2", a.an_award(measure="M-2", reference="AZ-2")),),
        )

    def test_g7_both_whole_a_tenth_of_a_post_too_much_and_the_invoice_twice(self) -> None:
        case = self.case()
        assert codes(case) == {"BEL-01": 1, "DOP-01": 1, "PER-01": 1}
        assert "1,1 − 1 = 0,1" in only(case, "PER-01").arithmetic

    def test_g7_shared_sixty_to_forty_and_within_one_post_only_the_suspicion_is_left(self) -> None:
        assert codes(self.case("0.4", "0.6", "0.4")) == {"DOP-01": 1}


class TestG8Offenbach:
    """A report over the fourth quarter, signed on 1 December."""

    QUARTER = Period(start=date(2014, 10, 1), end=date(2014, 12, 31))

    def test_g8_the_figures_are_provisional_until_a_later_signature(self) -> None:
        early = a.a_signed_report(date(2014, 12, 1), self.QUARTER, measure=None)
        said = reconcile_programme(a.a_programme_case(reports=(early,)))
        assert [(f.code, f.severity) for f in said.findings] == [("ZEI-07", "H")]
        assert said.statement.provisional is not None
        assert (said.statement.provisional.cut_off, said.statement.provisional.period_end) == (
            date(2014, 12, 1), self.QUARTER.end
        )
        final = a.a_signed_report(date(2015, 1, 20), self.QUARTER, measure=None)
        settled = reconcile_programme(a.a_programme_case(reports=(early, final)))
        assert (settled.findings, settled.statement.provisional) == ((), None)


def cells(total: int, *, key: str = "M-1") -> list[PlanLineRecorded]:
    """A total over four Quartiere × four Bausteine, by largest remainder."""
    places = list(product(QUARTERS, MODULES))
    return [
        facts.told(
            PlanLineRecorded, f"measure/{key}", quarter, module,
            line=PlanLine(measure=key, position="1", budget_year=2026, module=module, district=quarter, amount_cents=cents),
        )
        for (quarter, module), cents in zip(places, apportion(total, [1] * len(places)), strict=True)
    ]


class TestG9Quarters:
    """A planned total that does not divide evenly by sixteen."""

    def case(self, plan: list[PlanLineRecorded], total: int) -> Case:
        award = facts.award(total, years={2026: total})
        return case_of((facts.measure(), *plan, award), as_of=date(2026, 12, 31), rules=a.a_rule_set("national"))

    @given(st.integers(1, 10**11))
    def test_g9_every_cent_of_the_total_is_in_a_cell_and_no_cell_is_a_cent_off(self, total: int) -> None:
        plan = cells(total)
        said = reconcile(self.case(plan, total))
        assert said.totals.planned_cents == said.totals.committed_cents == sum(f.line.amount_cents for f in plan) == total
        assert (said.totals.gap_cents, [f.code for f in said.findings]) == (0, [])
        assert next(s for s in said.stages if s.code == "S1").unexplained_cents == 0
        assert max(abs(f.line.amount_cents * 16 - total) for f in plan) < 16, "less than a cent from a sixteenth"

    def test_g9_of_707907_77_the_first_cells_have_the_cents_that_are_left(self) -> None:
        amounts = [f.line.amount_cents for f in cells(707_907_77)]
        assert (amounts.count(44_244_24), amounts.count(44_244_23), 70_790_777 % 16) == (9, 7, 9)

    def test_g9_a_cent_missing_in_one_cell_or_too_much_is_seen(self) -> None:
        plan = cells(707_907_77)
        gone = case_of(
            (facts.measure(), *plan, facts.award(707_907_75, years={2026: 707_907_75})), as_of=date(2026, 12, 31),
            rules=a.a_rule_set("national"),
        )
        assert codes(gone) == {"KOF-01": 1}, "two cents are beyond the cent that is tolerated"

    def test_g9_a_corrected_cell_takes_the_place_of_one_cell_only(self) -> None:
        plan = cells(707_907_77)
        line = plan[3].line.model_copy(update={"amount_cents": plan[3].line.amount_cents + 1})
        corrected = facts.told(PlanLineRecorded, "measure/M-1", "again", corrects=plan[3].id, line=line)
        assert reconcile(self.case([*plan, corrected], 707_907_78)).totals.planned_cents == 707_907_78


def test_g12_paid_on_30_december_2015_passes_and_on_4_january_2016_blocks() -> None:
    early, late = (
        a.a_voucher(n, invoice_date=on, proof=a.a_proof(100_00, on)) for n, on in ((1, date(2015, 12, 30)), (2, date(2016, 1, 4)))
    )
    term = Period(start=date(2014, 1, 1), end=date(2015, 12, 31))
    case = a.a_case(
        as_of=date(2016, 1, 31), rules=a.a_rule_set("2007-2013"), measure=a.a_measure(implementation=term, rule_set="2007-2013"),
        plan=a.a_plan({("1.1", 2015): 200_00}), awards=(a.an_award(200_00, years={2015: 200_00}),), vouchers=(early, late),
    )
    assert codes(case) == {"ZEI-03": 1}
    assert (only(case, "ZEI-03").object, only(case, "ZEI-03").at_risk_cents) == ("voucher M-1 2015-1/2", 100_00)


# ── G14: twice and shuffled ──────────────────────────────────────────────────────────────────────────────────────────


def harz() -> list[Fact]:
    """Two measures that share a person, an invoice, an account and a carrier; payments in parts, returned, for several."""
    catering = {"invoice_number": "CATERING-7", "payment_reference": "CAT7", "issuer": facts.Party(ref=facts.person(7))}
    both = [facts.voucher(1, 100_00), facts.voucher(2, 80_00, key="M-2")]
    collective = facts.payment("c", -180_00)
    staff = [
        facts.told(
            StaffAssigned, f"measure/{key}", key,
            staff=StaffMonth(measure=key, person=facts.person(5), year=2026, month=1, share=Decimal(share), cost_cents=3_000_00),
        )
        for key, share in (("M-1", "0.6"), ("M-2", "0.5"))
    ]
    return [
        facts.measure("M-1"), facts.measure("M-2"), *both, *staff, facts.plan(1_000_00), facts.plan(1_000_00, key="M-2"),
        facts.award(500_00, years={2026: 500_00}), facts.award(1_000_00, key="M-2", reference="AZ-2", years={2026: 1_000_00}),
        facts.promise(500_00, funder=facts.CITY, decision="V-1"), facts.decision(), facts.detail(500_00),
        facts.voucher("c", 90_00, **catering), facts.voucher("c", 90_00, key="M-2", **catering),
        facts.voucher("p", 70_00, payment_reference="PARTS"), facts.voucher("r", 60_00, payment_reference="BACK"),
        facts.payment(1, -90_00, end_to_end_id="CAT7"), collective,
        facts.payment(2, -30_00, end_to_end_id="PARTS"), facts.payment(3, -40_00, references=("PARTS",)),
        facts.payment(4, -60_00, end_to_end_id="BACK"),
        facts.payment(5, 60_00, end_to_end_id="BACK", reversal=True, booked_on=date(2026, 1, 25)),
        *(
            facts.instruction(v.subject, ConfirmMatch(voucher=v.id, payment=collective.id, reason="Sammelüberweisung"), n)
            for n, v in enumerate(both)
        ),
        facts.instruction("measure/M-1", SetCutOff(as_of=date(2026, 1, 22))),
    ]


def outcome(funding: Funding) -> Any:
    """Seals of the main books, and every statement's totals, stages, checks and findings, as of both days."""
    days = (date(2026, 1, 22), None)
    statements = {
        (key, day): funding.statement(key, day) for key in ("M-1", "M-2") for day in days if key == "M-1" or day is None
    }
    return (
        funding.seals(),
        {key: (s.totals, s.years, s.coverage, s.stages, s.checks, s.verdict) for key, s in statements.items()},
        {(key, day): funding.findings(f"measure/{key}", day) for key, day in statements},
        funding.do(application.verify)["intact"],
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_g14_every_event_twice_and_shuffled_gives_the_same_seals_totals_and_findings(
    postgres: Postgres, clock: StandingClock, seed: int
) -> None:
    with Funding(postgres, clock) as plain:
        records = plain.records(*harz())
        plain.deliver(records)
        plain.settle()
        expected = outcome(plain)
    found = {key: Counter(f.code for f in of) for key, of in expected[2].items()}
    assert found[("M-2", None)] == {"BEL-01": 1, "DOP-01": 1, "PER-01": 1}
    assert found[("M-1", None)] == {"BEL-01": 1, "BEL-05": 1, "DOP-01": 1, "PER-01": 1}, "the returned debit proves nothing now"
    assert found[("M-1", date(2026, 1, 22))] == {"BEL-01": 1, "DOP-01": 1, "PER-01": 1}, "it did before"
    with Funding(postgres, clock) as shuffled:
        mixed = twice_and_shuffled(records, seed)
        size = (len(mixed), 1, 7)[seed - 1]
        for at in range(0, len(mixed), size):
            shuffled.deliver(mixed[at : at + size])
            if seed == 3:
                shuffled.settle()
        shuffled.settle()
        assert outcome(shuffled) == expected


@given(st.randoms())
def test_g14_what_other_measures_say_may_come_in_any_order(random: Any) -> None:
    shared = {"invoice_number": "RE-1", "gross_cents": 500_00}
    elsewhere = [
        a.a_voucher(n, cents, measure=key, proof=a.a_proof(paid) if paid else a.UNPAID, **shared)
        for n, (key, cents, paid) in enumerate((("M-2", 500_00, 0), ("M-3", 200_00, 500_00), ("M-2", 100_00, 500_00)))
    ]
    staff = [a.a_staff_month("0.4", 1_000_01, measure=key) for key in ("M-2", "M-3", "M-3")]
    related = [a.a_related(key, a.an_award(measure=key, reference=key)) for key in ("M-2", "M-3")]
    case = a.a_case(
        vouchers=(a.a_voucher("x", 500_00, proof=a.UNPAID, **shared),), staff=(a.a_staff_month("0.6", 1_000_00),),
        awards=(a.an_award(),), plan=a.a_plan({("1.1", 2015): 1_000_00}),
    )

    def said() -> tuple[tuple[CheckResult, ...], tuple[Finding, ...]]:
        found = reconcile(
            replace(case, elsewhere=tuple(elsewhere), staff_elsewhere=tuple(staff), related=tuple(related)), CHECKS
        )
        return found.checks, found.findings

    before = said()
    for of in (elsewhere, staff, related):
        random.shuffle(of)
    assert said() == before
    assert id_of("finding", "DOP-01", "measures M-1 M-2", "") in {f.id for f in before[1]}
