"""The journal: balanced, numbered, sealed."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.application import entry_posted
from services.funding.domain.ledger import ZEROS, Journal, Unbalanced, reference_of, verify_chain
from services.funding.domain.posting import Books, entries_for
from shared.contracts.funding import Book, Entry, EntryPosted, Posting
from shared.values.source import Source, id_of
from tests.funding import facts

SUBJECT = "measure/M-1"
SOURCE = Source(digest="a" * 64, place="17")
DAY = date(2026, 3, 2)


def write(journal: Journal, *amounts: int) -> Entry:
    postings = tuple(Posting(account=f"cost:{n}", cents=cents) for n, cents in enumerate(amounts))
    return journal.append("voucher", postings, booked_on=DAY, valued_on=DAY, fact=id_of("f", str(amounts)), source=SOURCE)


def test_an_entry_that_does_not_balance_is_not_built_and_takes_no_number() -> None:
    journal = Journal(SUBJECT)
    with pytest.raises(Unbalanced, match="1 cents out of balance"):
        write(journal, 100, -99)
    with pytest.raises(Unbalanced, match="no postings"):
        write(journal)
    assert journal.head.number == 0
    assert journal.head.seal == ZEROS


def test_the_seal_can_be_made_again_by_hand() -> None:
    entry = write(Journal(SUBJECT), 100, -100)
    fields = [
        ZEROS, "measure/M-1", "main", "1", "voucher", "2026-03-02", "2026-03-02", "", str(entry.fact), "a" * 64, "17",
        "cost:0", "100", "", "", "cost:1", "-100", "", "",
    ]
    assert entry.seal == hashlib.sha256("".join(f"{len(f)}:{f}," for f in fields).encode()).hexdigest()


def test_what_is_built_without_looking_is_byte_by_byte_what_the_contract_validates() -> None:
    fact = facts.voucher(1, 119, eligible_cents=100)
    (entry,) = entries_for(fact, Books(Journal(SUBJECT)), DAY)
    event = entry_posted(entry, fact)
    validated = EntryPosted.model_validate_json(event.model_dump_json())
    assert validated == event
    assert validated.model_dump_json() == event.model_dump_json()
    assert list(validated.__dict__) == list(event.__dict__)


def test_a_reversal_undoes_to_the_cent_and_keeps_the_original_value_date() -> None:
    journal = Journal(SUBJECT)
    entry = journal.append(
        "voucher", (Posting(account="a", cents=5), Posting(account="b", cents=-5)), booked_on=DAY, valued_on=date(2025, 1, 1),
        fact=id_of("f"), source=SOURCE,
    )
    undone = journal.reverse(entry, booked_on=DAY, fact=id_of("g"), source=SOURCE)
    assert undone.reverses == 1
    assert undone.valued_on == date(2025, 1, 1)
    assert [p.cents for p in undone.postings] == [-5, 5]


def test_entries_are_called_as_they_are_printed() -> None:
    assert reference_of(SUBJECT, Book.MAIN, 123) == "M-1/123"
    assert reference_of(SUBJECT, Book.SETTLEMENT, 7) == "M-1/S-7"


def chain_of(count: int) -> tuple[Journal, list[Entry]]:
    journal = Journal(SUBJECT)
    return journal, [write(journal, n, -n) for n in range(1, count + 1)]


def test_an_untouched_chain_holds() -> None:
    journal, entries = chain_of(5)
    assert verify_chain(SUBJECT, Book.MAIN, entries, journal.head) is None


@given(at=st.integers(0, 4), what=st.sampled_from(["cents", "place", "valued_on", "missing", "swapped", "account"]))
def test_any_change_is_found_at_the_entry_it_was_made_in(at: int, what: str) -> None:
    journal, entries = chain_of(6)
    entry = entries[at]
    if what == "cents":
        one, other = entry.postings
        entries[at] = entry.model_copy(update={"postings": (
            one.model_copy(update={"cents": one.cents + 1}), other.model_copy(update={"cents": other.cents - 1}),
        )})
    elif what == "account":
        renamed = entry.postings[0].model_copy(update={"account": "x"})
        entries[at] = entry.model_copy(update={"postings": (renamed, entry.postings[1])})
    elif what == "place":
        entries[at] = entry.model_copy(update={"source": Source(digest="a" * 64, place="18")})
    elif what == "valued_on":
        entries[at] = entry.model_copy(update={"valued_on": date(2026, 3, 3)})
    elif what == "missing":
        del entries[at]
    else:
        entries[at], entries[at + 1] = entries[at + 1], entries[at]
    broken = verify_chain(SUBJECT, Book.MAIN, entries, journal.head)
    assert broken is not None
    assert broken.reference == f"M-1/{entries[at].number}"


def test_a_book_cut_off_at_its_end_is_found_by_its_head() -> None:
    journal, entries = chain_of(3)
    broken = verify_chain(SUBJECT, Book.MAIN, entries[:2], journal.head)
    assert broken is not None
    assert broken.reference == "M-1/3"


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6))
def test_whatever_is_written_balances(amounts: list[int]) -> None:
    entry = write(Journal(SUBJECT), *amounts, -sum(amounts))
    assert sum(p.cents for p in entry.postings) == 0
