"""What facts mean in money."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.domain.ledger import Journal, verify_chain
from services.funding.domain.posting import Books, Unpostable, award_key, entries_for, payable_share
from shared.contracts.funding import Book, Entry
from shared.contracts.intake import CommitmentStatus, IntakeEvent
from tests.funding import facts

BOOKED = date(2026, 3, 2)


def post(books: Books, fact: IntakeEvent) -> tuple[Entry, ...]:
    entries = entries_for(fact, books, BOOKED)
    books.posted[fact.id] = tuple(e for e in entries if e.reverses is None)
    return entries


def books_of(subject: str = "measure/M-1") -> Books:
    return Books(Journal(subject))


def lines(entry: Entry) -> list[tuple[str, int, str | None, int | None]]:
    return [(p.account, p.cents, p.funder, p.budget_year) for p in entry.postings]


def test_a_voucher_debits_cost_and_what_is_not_eligible_and_credits_suppliers() -> None:
    (entry,) = post(books_of(), facts.voucher(1, 119_00, discount_cents=2_00, eligible_cents=100_00))
    assert lines(entry) == [
        ("cost:1.1", 100_00, None, 2026), ("ineligible:1.1", 17_00, None, 2026), ("suppliers", -117_00, None, 2026),
    ]
    assert (entry.valued_on, entry.booked_on) == (date(2026, 1, 10), BOOKED)


def test_a_shared_invoice_is_owed_by_its_share_rounded_half_up() -> None:
    assert payable_share(facts.voucher_data(1, 101, allocation=Decimal("0.5"))) == 51
    assert payable_share(facts.voucher_data(1, -101, allocation=Decimal("0.5"))) == -51


def test_a_bank_debit_clears_against_the_bank() -> None:
    (entry,) = post(books_of(f"account/{facts.IBAN}"), facts.payment(1, -100_00))
    assert lines(entry) == [("clearing", 100_00, None, None), ("bank", -100_00, None, None)]


def test_an_award_is_posted_by_year_or_as_a_whole() -> None:
    (by_year,) = post(books_of(), facts.award(100, years={2026: 60, 2027: 40}))
    assert lines(by_year) == [
        ("award", 60, "esf", 2026), ("commitment", -60, "esf", 2026),
        ("award", 40, "esf", 2027), ("commitment", -40, "esf", 2027),
    ]
    (whole,) = post(books_of(), facts.award(100))
    assert lines(whole) == [("award", 100, "esf", None), ("commitment", -100, "esf", None)]


@pytest.mark.parametrize("status", ["announced", "applied", "conditional", "withdrawn"])
def test_a_promise_that_is_no_money_yet_posts_nothing(status: str) -> None:
    assert post(books_of(), facts.promise(100, status=CommitmentStatus(status))) == ()


def test_a_promises_next_version_reverses_the_one_before_and_withdrawing_it_posts_the_reversal_only() -> None:
    books = books_of()
    post(books, facts.promise(100))
    cut = post(books, facts.promise(70, version=2, status=CommitmentStatus.CUT))
    assert [(e.kind, e.reverses, e.postings[0].cents) for e in cut] == [("reversal", 1, -100), ("commitment", None, 70)]
    gone = post(books, facts.promise(70, version=3, status=CommitmentStatus.WITHDRAWN))
    assert [(e.kind, e.reverses) for e in gone] == [("reversal", 3)]
    assert post(books, facts.promise(100, version=2, revision=2)) == (), "an older version that comes late changes nothing"


def test_a_correction_is_a_reversal_valued_as_it_was_and_a_new_entry_valued_at_the_day_it_names() -> None:
    books = books_of()
    first = facts.voucher(1, 100)
    post(books, first)
    second = facts.corrected(first, gross_cents=90, eligible_cents=90, invoice_date=date(2026, 1, 12))
    reversal, anew = post(books, second)
    assert (reversal.reverses, reversal.postings[0].cents, reversal.valued_on) == (1, -100, date(2026, 1, 10))
    assert (anew.kind, anew.postings[0].cents, anew.valued_on) == ("voucher", 90, date(2026, 1, 12))
    third = facts.corrected(second, revision=3, eligible_cents=80)
    assert [e.reverses for e in post(books, third)] == [3, None]


def test_what_waits_says_for_what_and_writes_nothing() -> None:
    unknown = Books(Journal("measure/M-1"), registered=False)
    with pytest.raises(Unpostable, match="nicht registriert") as waiting:
        post(unknown, facts.voucher(1))
    assert waiting.value.waits_for == "measure/M-1"
    books = books_of()
    with pytest.raises(Unpostable) as missing:
        post(books, facts.corrected(facts.voucher(1)))
    assert missing.value.waits_for == f"fact {facts.voucher(1).id}"
    assert books.journal.number == 0


def test_a_voucher_is_replaced_once() -> None:
    books = books_of()
    first = facts.voucher(1)
    post(books, first)
    post(books, facts.withdrawn(first))
    with pytest.raises(Unpostable, match="schon ersetzt"):
        post(books, facts.corrected(first))


def test_an_unknown_rule_set_keeps_a_measure_waiting() -> None:
    with pytest.raises(Unpostable) as waiting:
        entries_for(facts.measure(), Books(Journal("measure/M-1"), registered=False, rule_sets=frozenset({"2014-2020"})), BOOKED)
    assert waiting.value.waits_for == "rule set national"


def test_facts_without_money_write_no_entry() -> None:
    for fact in (facts.measure(), facts.plan(100), facts.decision(), facts.detail(1)):
        assert post(books_of(fact.subject), fact) == ()


@given(st.lists(st.tuples(st.sampled_from("vcw"), st.integers(-10_000, 10_000), st.integers(0, 5)), max_size=30))
def test_after_any_corrections_the_journal_holds_exactly_what_still_stands(steps: list[tuple[str, int, int]]) -> None:
    books, standing, written = books_of(), {}, []
    for n, (what, cents, at) in enumerate(steps):
        if what == "v" or not standing:
            fact = facts.voucher(n, cents)
            standing[fact.id] = fact
        else:
            before = list(standing.values())[at % len(standing)]
            del standing[before.id]
            if what == "c":
                fact = facts.corrected(before, revision=n, gross_cents=cents, eligible_cents=cents // 2)
                standing[fact.id] = fact
            else:
                fact = facts.withdrawn(before)
        written += post(books, fact)
    totals: Counter[str] = Counter()
    for entry in written:
        totals.update({p.account: 0 for p in entry.postings})
        for posting in entry.postings:
            totals[posting.account] += posting.cents
    assert totals["suppliers"] == -sum(f.voucher.payable_cents for f in standing.values())
    assert totals["cost:1.1"] == sum(f.voucher.eligible_cents for f in standing.values())
    assert verify_chain("measure/M-1", Book.MAIN, written, books.journal.head) is None


def test_ids_in_entries_are_those_of_the_facts() -> None:
    fact = facts.voucher(1)
    (entry,) = post(books_of(), fact)
    assert isinstance(entry.fact, UUID)
    assert (entry.fact, entry.source) == (fact.id, fact.source)


def test_two_grantors_under_one_reference_do_not_replace_each_other() -> None:
    assert award_key(facts.award().award) != award_key(facts.award(grantor=facts.LAND).award)
    assert award_key(facts.award().award) == award_key(facts.award(version=2).award)
