"""DOP-01, PRG-01, PRG-02, PRG-03: beside other measures, and in the programme as a whole."""

from __future__ import annotations

from datetime import date

from services.funding.domain.checks.double_funding.same_purpose import same_purpose
from services.funding.domain.checks.programme.band_exceeded import band_exceeded
from services.funding.domain.checks.programme.count_differs import count_differs
from services.funding.domain.checks.programme.total_differs import total_differs
from shared.contracts.funding import FindingRaised, Outcome, Severity
from shared.contracts.intake import FinancingType, Municipality, Population, SizeBand
from shared.messaging.envelope import MAX_BODY
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from tests.builders import (
    LAND,
    TOWN,
    a_case,
    a_figure,
    a_measure,
    a_participation,
    a_programme,
    a_programme_case,
    a_related,
    an_award,
    finding,
    findings,
    run,
)
from tests.funding import facts

HERNE = Period(start=date(2010, 10, 1), end=date(2013, 12, 31))
MILLION = 1_000_000_00


class TestSamePurpose:
    def test_the_same_service_of_one_carrier_at_the_same_time_is_a_warning_seen_alike_from_both(self) -> None:
        here = a_case(awards=(an_award(),), related=(a_related("M-2", target_group="andere"),))
        there = a_case(
            measure=a_measure("M-2", target_group="andere"), awards=a_related().awards, related=(a_related("M-1", an_award()),)
        )
        found, mirrored = finding(same_purpose, here), finding(same_purpose, there)
        assert (found.id, found.object) == (mirrored.id, "measures M-1 M-2")
        assert (found.severity, found.at_risk_cents, found.crosses) == (Severity.WARNING, 0, ("measure/M-1", "measure/M-2"))

    def test_each_pair_is_found_once(self) -> None:
        found = findings(same_purpose, a_case(awards=(an_award(),), related=(a_related("M-2"), a_related("M-3"))))
        assert [f.object for f in found] == ["measures M-1 M-2", "measures M-1 M-3"]

    def test_what_overlaps_with_very_many_is_found_once_for_all_of_them(self) -> None:
        few = tuple(a_related(f"M-{n:03d}") for n in range(2, 22))
        assert len(findings(same_purpose, a_case(awards=(an_award(),), related=few))) == len(few) == 20
        found = finding(same_purpose, a_case(awards=(an_award(),), related=(*few, a_related("M-022"))))
        assert (found.object, found.crosses, found.severity) == ("measure M-1", (), Severity.WARNING)
        assert (found.arithmetic, len(found.inputs), found.inputs["M-022"]) == ("21 > 20", 21, "01.01.2015–31.12.2018")

    def test_what_thousands_do_is_told_in_one_event_of_each(self) -> None:
        many = tuple(a_related(f"M-{n:04d}-{'ü' * 100}") for n in range(2_000))
        found = finding(same_purpose, a_case(awards=(an_award(),), related=many))
        assert found.inputs["…"] == "und 1.500 weitere"
        raised = FindingRaised(
            id=found.id, subject="measure/M-1", recorded_at=facts.KNOWN, actor="test", as_of=date(2018, 12, 31), finding=found
        )
        assert len(raised.model_dump_json().encode()) < MAX_BODY

    def test_one_common_day_is_an_overlap_and_two_that_follow_each_other_are_not(self) -> None:
        for start, outcome in ((date(2018, 12, 31), Outcome.FINDING), (date(2019, 1, 1), Outcome.HOLDS)):
            related = a_related("M-2", implementation=Period(start=start, end=date(2020, 12, 31)))
            assert run(same_purpose, a_case(awards=(an_award(),), related=(related,))).outcome is outcome

    def test_the_same_words_written_otherwise_are_the_same(self) -> None:
        related = a_related("M-2", service=" beratung", target_group="andere")
        assert finding(same_purpose, a_case(awards=(an_award(),), related=(related,)))

    def test_another_service_and_target_group_or_another_time_holds(self) -> None:
        other = a_related("M-2", service="Sprachkurs", target_group="Erwachsene")
        later = a_related("M-3", implementation=Period(start=date(2019, 1, 1), end=date(2020, 12, 31)))
        elsewhere = a_related("M-4", carrier="Anderer", municipality=Municipality(key="x", name="Andere (Demo)"))
        assert run(same_purpose, a_case(awards=(an_award(),), related=(other, later, elsewhere))).outcome is Outcome.HOLDS

    def test_a_municipality_has_other_keys_in_other_programmes_but_one_official_key(self) -> None:
        here, there = (Municipality(key=k, name="Modellstadt (Demo)", ags="99000001") for k in ("a", "b"))
        unknown = Municipality(key="c", name="Modellstadt (Demo)")
        case = a_case(
            measure=a_measure(municipality=here),
            awards=(an_award(),),
            related=(
                a_related("M-2", carrier="Anderer", municipality=there),
                a_related("M-3", carrier="Anderer", municipality=unknown),
            ),
        )
        assert finding(same_purpose, case).object == "measures M-1 M-2"

    def test_words_that_say_nothing_are_not_the_same(self) -> None:
        silent = {"service": "", "target_group": ""}
        case = a_case(measure=a_measure(**silent), awards=(an_award(),), related=(a_related("M-2", **silent),))
        assert run(same_purpose, case).outcome is Outcome.HOLDS

    def test_it_takes_two_awards(self) -> None:
        assert run(same_purpose, a_case(related=(a_related(),))).outcome is Outcome.NOT_APPLICABLE
        assert (
            run(same_purpose, a_case(awards=(an_award(),), related=(a_related(withdrawn=True),))).outcome
            is Outcome.NOT_APPLICABLE
        )
        one = a_case(awards=(an_award(),), related=(a_related("M-2", an_award(measure="M-2")),))
        assert run(same_purpose, one).outcome is Outcome.HOLDS


class TestTotalDiffers:
    """G5, JS:AidR: 36 × 472,222.22 = 16,999,999.92 against the published 17 million."""

    TOWNS = tuple(a_participation(n, 472_222_22) for n in range(36))

    def case(self, *figures, **given):
        return a_programme_case(**{"participations": self.TOWNS, "figures": figures} | given)

    def test_half_the_declared_rounding_unit_is_tolerated(self) -> None:
        rounded = a_figure(17 * MILLION, scope="participations", unit="cents", rounding=MILLION)
        assert run(total_differs, self.case(rounded)).outcome is Outcome.HOLDS

    def test_without_a_rounding_unit_eight_cents_are_a_difference(self) -> None:
        found = finding(total_differs, self.case(a_figure(17 * MILLION, scope="participations", unit="cents")))
        assert found.object == "programme P-1 participations"
        assert found.arithmetic == "36 × 472.222,22 = 16.999.999,92; 16.999.999,92 − 17.000.000,00 = −0,08; 0,08 > 0,00"

    def test_the_tolerance_itself_is_inside(self) -> None:
        at_edge = a_figure(1_000_10, scope="participations", unit="cents", rounding=20)
        beyond = a_figure(1_000_11, scope="participations", unit="cents", rounding=20)
        one = (a_participation(1, 1_000_00),)
        assert run(total_differs, self.case(at_edge, participations=one)).outcome is Outcome.HOLDS
        assert finding(total_differs, self.case(beyond, participations=one))

    def test_figures_of_another_scope_are_not_compared(self) -> None:
        funders = a_figure(8_400_000_00, scope="funders", unit="cents", rounding=10_000_000)
        assert run(total_differs, self.case(funders)).outcome is Outcome.NOT_APPLICABLE

    def test_a_participation_without_an_amount_is_missing_and_nothing_is_compared(self) -> None:
        towns = (a_participation(1, 1_00), a_participation(2))
        result = run(total_differs, self.case(a_figure(9_00, scope="participations", unit="cents"), participations=towns))
        assert [(m.object, m.what) for m in result.missing] == [("municipality P-1 demo-02", "Betrag der Teilnahme")]

    def test_what_a_municipality_got_stays_its_amount_after_it_left(self) -> None:
        left = (a_participation(1, 60_00), a_participation(2, 40_00, left_on=date(2016, 1, 1)))
        case = self.case(a_figure(100_00, scope="participations", unit="cents"), participations=left)
        assert run(total_differs, case).outcome is Outcome.HOLDS


class TestCountDiffers:
    """36 published, 35 later."""

    TOWNS = tuple(
        a_participation(n, joined_on=date(2011, 1, 1), left_on=date(2012, 6, 30) if n == 35 else None) for n in range(36)
    )
    SAID_36 = a_figure(36, date(2011, 3, 1), scope="municipalities", unit="count")
    SAID_35 = a_figure(35, date(2012, 12, 21), scope="municipalities", unit="count")

    def case(self, as_of: date, *figures):
        programme = a_programme(period=HERNE)
        return a_programme_case(as_of=as_of, programme=programme, participations=self.TOWNS, figures=figures or (self.SAID_36,))

    def test_the_last_day_of_a_participation_counts_and_the_day_after_does_not(self) -> None:
        assert run(count_differs, self.case(date(2012, 6, 30))).outcome is Outcome.HOLDS
        found = finding(count_differs, self.case(date(2012, 7, 1)))
        assert (found.object, found.severity, found.arithmetic) == ("programme P-1 municipalities", Severity.WARNING, "35 ≠ 36")

    def test_a_newer_figure_of_the_same_scope_settles_it_from_its_day_on(self) -> None:
        assert run(count_differs, self.case(date(2012, 12, 31), self.SAID_36, self.SAID_35)).outcome is Outcome.HOLDS
        assert run(count_differs, self.case(date(2012, 12, 21), self.SAID_36, self.SAID_35)).outcome is Outcome.HOLDS
        assert finding(count_differs, self.case(date(2012, 12, 20), self.SAID_36, self.SAID_35))

    def test_after_the_programme_it_is_judged_on_its_last_day(self) -> None:
        after = a_figure(30, date(2015, 1, 1), scope="municipalities", unit="count")
        assert run(count_differs, self.case(date(2016, 1, 31), self.SAID_36, self.SAID_35, after)).outcome is Outcome.HOLDS

    def test_a_figure_without_any_participation_makes_them_missing(self) -> None:
        case = a_programme_case(figures=(a_figure(36, scope="municipalities", unit="count"),))
        assert [m.what for m in run(count_differs, case).missing] == ["Teilnahmen"]
        assert run(count_differs, a_programme_case(participations=self.TOWNS)).outcome is Outcome.NOT_APPLICABLE


class TestBandExceeded:
    """G6, KeKiz: 32,000 to 64,000 by size; thresholds are examples."""

    BANDS = (
        SizeBand(programme="P-1", inhabitants_from=0, inhabitants_to=100_000, maximum_cents=32_000_00),
        SizeBand(programme="P-1", inhabitants_from=100_001, maximum_cents=64_000_00),
    )
    SMALL = Population(programme="P-1", municipality=TOWN.key, counted_on=date(2014, 12, 31), inhabitants=100_000)
    FUNDER = Funder(key="stiftung", name="Stiftung (Demo)", kind=FunderKind.FOUNDATION)

    def case(self, cents: int, *populations: Population, **given):
        award = an_award(cents, grantor=given.pop("grantor", self.FUNDER), financing=FinancingType.FIXED_AMOUNT, share=None)
        data = {"bands": self.BANDS, "populations": populations, "measures": {"M-1": a_measure()}, "awards": {"M-1": (award,)}}
        return a_programme_case(**data | given)

    def test_the_ceiling_holds_and_one_cent_more_is_at_risk(self) -> None:
        assert run(band_exceeded, self.case(32_000_00, self.SMALL)).outcome is Outcome.HOLDS
        found = finding(band_exceeded, self.case(32_000_01, self.SMALL))
        assert (found.object, found.severity, found.at_risk_cents, found.at_risk_eu_cents) == (
            "award M-1 AZ-1",
            Severity.ERROR,
            1,
            0,
        )

    def test_an_award_of_70000_exceeds_the_largest_band_by_6000(self) -> None:
        large = self.SMALL.model_copy(update={"inhabitants": 100_001})
        found = finding(band_exceeded, self.case(70_000_00, large))
        assert (found.at_risk_cents, found.arithmetic) == (6_000_00, "70.000,00 − 64.000,00 = 6.000,00")

    def test_the_latest_reference_day_decides_the_band(self) -> None:
        grown = self.SMALL.model_copy(update={"inhabitants": 120_000, "counted_on": date(2015, 12, 31)})
        assert run(band_exceeded, self.case(40_000_00, grown, self.SMALL)).outcome is Outcome.HOLDS
        on_the_day = self.case(40_000_00, grown, self.SMALL, as_of=date(2015, 12, 31))
        assert run(band_exceeded, on_the_day).outcome is Outcome.HOLDS
        assert finding(band_exceeded, self.case(40_000_00, grown, self.SMALL, as_of=date(2015, 12, 30)))

    def test_without_a_population_or_a_fitting_band_that_is_missing(self) -> None:
        assert [m.what for m in run(band_exceeded, self.case(1_00)).missing] == ["Einwohnerzahl"]
        result = run(band_exceeded, self.case(1_00, self.SMALL, bands=self.BANDS[1:]))
        assert [(m.object, m.what) for m in result.missing] == [("municipality P-1 modell", "Größenklasse für 100.000 Einwohner")]

    def test_a_programme_without_size_bands_limits_nothing(self) -> None:
        assert run(band_exceeded, self.case(99_000_00, self.SMALL, bands=())).outcome is Outcome.NOT_APPLICABLE
        own = Funder(key="stadt", name="Stadt", kind=FunderKind.MUNICIPALITY)
        assert run(band_exceeded, self.case(99_000_00, self.SMALL, grantor=own)).outcome is Outcome.NOT_APPLICABLE
        assert finding(band_exceeded, self.case(99_000_00, self.SMALL, grantor=LAND))
