"""Whose money paid for what: the rule printed in D6, with numbers a person can redo."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.lines import VoucherLine, line_of
from services.reporting.domain.snapshot import MeasureSnapshot
from services.reporting.domain.use import use_of
from shared.contracts.funding import CoverageLine, EntryPosted
from shared.contracts.intake import Award, FinancingType, GrantAwarded
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from shared.values.source import Source
from tests.reporting.domain.test_composing import compose, empty, sums, table_of
from tests.reporting.story import CITY, LIST, Story, named

ESF = Funder(key="esf", name="ESF (Demo)", kind=FunderKind.ESF)


def secured(funder: Funder, year: int, cents: int, received: int = 0, **more: Any) -> CoverageLine:
    return CoverageLine(
        funder=funder, budget_year=year, committed_cents=cents, valid_cents=cents, received_cents=received, **more
    )


def snapshot(coverage: list[CoverageLine], paid: list[tuple[int, int]], *, deficit: str | None = None) -> MeasureSnapshot:
    """A measure with this coverage and vouchers of (budget year, cents), all proven paid."""
    story = Story()
    vouchers = []
    for number, (year, cents) in enumerate(paid, 1):
        voucher = story.voucher(str(number), cents, str(number + 1)).model_copy(update={"budget_year": year})
        event = story.told[-1]
        assert isinstance(event, EntryPosted)
        line = line_of(event)
        vouchers.append(VoucherLine(line, voucher, (line,)))
    award = Award(
        measure="M-1", reference=deficit or "AZ", grantor=ESF, awarded_on=date(2026, 1, 2),
        period=Period(start=date(2026, 1, 1), end=date(2027, 12, 31)), share=Decimal("0.5"), maximum_cents=1,
        financing=FinancingType.DEFICIT if deficit else FinancingType.PROPORTIONAL,
    )
    fact = GrantAwarded(**named("a"), subject="measure/M-1", source=Source(digest=LIST, place="9"), award=award)
    return replace(empty(coverage=tuple(coverage)), vouchers=tuple(vouchers), awards=(fact,))


def test_expenditure_of_a_year_is_borne_in_proportion_to_what_is_secured_for_it() -> None:
    (spell,) = use_of(snapshot([secured(CITY, 2026, 20_000, 20_000), secured(ESF, 2026, 80_000, 50_000)], [(2026, 60_000)]))
    assert [(u.used_cents, u.balance_cents) for u in spell.funders] == [(12_000, 8_000), (48_000, 2_000)]
    assert spell.uncovered_cents == 0


def test_what_is_paid_beyond_the_secured_money_of_a_year_is_borne_by_nobody_and_no_later_year_pays_it() -> None:
    years = use_of(snapshot([secured(CITY, 2026, 10_000), secured(CITY, 2027, 10_000)], [(2026, 12_345), (2025, 7)]))
    assert [(s.budget_year, s.own_cents, s.uncovered_cents) for s in years] == [(2025, 0, 7), (2026, 10_000, 2_345), (2027, 0, 0)]


def test_what_earlier_years_left_over_pays_for_a_later_one_the_oldest_first() -> None:
    lines = [secured(CITY, 2025, 1_000), secured(CITY, 2026, 10_000), secured(ESF, 2026, 30_000), secured(CITY, 2027, 5_000)]
    years = use_of(snapshot(lines, [(2026, 20_000), (2027, 10_000)]))
    assert [(s.own_cents, s.left_over_cents, s.uncovered_cents) for s in years] == [(0, 0, 0), (20_000, 0, 0), (5_000, 5_000, 0)]
    # 2025: its 1,000.00; of the 20,000.00 left in 2026 the other 4,000.00, 1:3 as they were secured
    assert [u.used_cents for s in years for u in s.funders] == [1_000, 6_000, 18_000, 5_000]


def test_deficit_funding_pays_only_what_the_others_leave() -> None:
    lines = [secured(ESF, 2026, 50_000, decision="AZ-7"), secured(CITY, 2026, 40_000)]
    (spell,) = use_of(snapshot(lines, [(2026, 45_000)], deficit="AZ-7"))
    assert [u.used_cents for u in spell.funders] == [5_000, 40_000]


def test_an_award_without_years_lets_the_term_be_allotted_as_one() -> None:
    lines = [secured(ESF, 2026, 90_000, whole_term=True), secured(CITY, 2027, 10_000)]
    (spell,) = use_of(snapshot(lines, [(2026, 30_000), (2027, 20_000)]))
    assert (spell.budget_year, [u.used_cents for u in spell.funders]) == (None, [45_000, 5_000])


@given(
    st.lists(st.tuples(st.integers(2026, 2028), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=6),
    st.lists(st.tuples(st.integers(2026, 2029), st.integers(1, 10**9)), max_size=6),
    st.booleans(),
)
def test_no_cent_is_lost_and_no_funder_bears_more_than_it_secured(
    coverage: list[tuple[int, int, int]], paid: list[tuple[int, int]], term: bool
) -> None:
    funders = [Funder(key=f"f-{n}", name=f"F {n}", kind=FunderKind.LAND) for n in range(len(coverage))]
    lines = [secured(f, *told, whole_term=term and f is funders[0]) for f, told in zip(funders, coverage, strict=True)]
    seen = snapshot(lines, paid)
    spells = use_of(seen)
    used = sum(u.used_cents for s in spells for u in s.funders)
    assert used == sum(s.own_cents + s.left_over_cents for s in spells)
    assert used + sum(s.uncovered_cents for s in spells) == sum(cents for _, cents in paid)
    assert sorted(u.line.funder.key for s in spells for u in s.funders) == sorted(f.key for f in funders)
    assert all(0 <= u.used_cents <= u.line.valid_cents for s in spells for u in s.funders)
    for number, spell in enumerate(spells):
        if spell.uncovered_cents:  # then nothing was left up to that year
            assert all(u.used_cents == u.line.valid_cents for s in spells[: number + 1] for u in s.funders)
    if lines or paid:
        for _, printed, added in sums(table_of(compose("D6", seen), "Verwendung und Bestand")):
            assert printed == added
