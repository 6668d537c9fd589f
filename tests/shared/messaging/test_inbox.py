"""Applied once, in order, whatever Kafka delivers: repeats, gaps, forks, poison, heads."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Never

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.event import Event
from shared.messaging import heads
from shared.messaging.envelope import ZERO
from shared.messaging.flow import flow
from shared.messaging.inbox import FaultyRelease
from shared.messaging.work import Work
from shared.persistence.database import Database
from shared.values.subject import lane_of
from tests.shared.messaging.noted import (
    CONSUMER,
    STREAM,
    WHEN,
    Publisher,
    Record,
    an_inbox,
    applied,
    apply,
    note,
    reads,
    rows,
)

_consumers = itertools.count()
SUBJECTS = ("measure/A", "measure/B", "account/C")


def state_of(database: Database, subject: str) -> tuple[int, int, int, str]:
    """Sequence, head, held and state of a subject."""
    found = rows(database, f"select sequence, head, held, state from inbox where subject = '{subject}'")
    return found[0]                                                             # type: ignore[return-value]


def parked(database: Database) -> list[tuple[str, str, str]]:
    """Reference, status and reason of all parked rows, in order."""
    return rows(database, "select reference, status, reason from parked order by id")              # type: ignore[return-value]


def with_header(record: Record, name: str, *values: bytes | None) -> Record:
    """The record with other values (or none) of a header."""
    rest = [header for header in record.headers if header[0] != name]
    return dataclasses.replace(record, headers=[*rest, *((name, value) for value in values)])


def head_records(*told: tuple[str, int, bytes], full: bool = False, minutes: int = 0) -> list[Record]:
    """Heads messages, one per lane."""
    told_by_lane = [(lane_of(subject), subject, sequence, digest) for subject, sequence, digest in told]
    return [
        Record(message.value, message.headers, message.key, partition=message.lane, offset=10_000 + minutes)
        for message in heads.messages(told_by_lane, at=WHEN + timedelta(minutes=minutes), full=full)
    ]


def digest_of(publisher: Publisher, subject: str, sequence: int) -> bytes:
    [(digest,)] = rows(publisher.database, f"select digest from outbox where subject = '{subject}' and sequence = {sequence}")
    return bytes(digest)


# ── order, repeats, gaps ──────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Batches of (subject, number): everything at least once, in any order, with repeats."""
    everything = [(subject, number) for subject in range(3) for number in range(6)]
    repeats = draw(st.lists(st.sampled_from(everything), max_size=12))
    shuffled = draw(st.permutations(everything + repeats))
    cuts = sorted(draw(st.lists(st.integers(1, len(shuffled) - 1), max_size=5, unique=True)))
    return [list(shuffled[a:b]) for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=deliveries(), again=st.booleans())
def test_any_order_with_any_repeats_gives_the_same_applied_sequence(
    publisher: Publisher, consumer_database: Database, batches: list[list[tuple[int, int]]], again: bool
) -> None:
    told = _told_once(publisher)
    name = f"consumer {next(_consumers)}"
    before = applied(consumer_database)
    inbox = an_inbox(consumer_database, consumer=name)
    for batch in batches:
        records = [told[subject][number] for subject, number in batch]
        inbox.once(records, apply)
        if again:
            inbox.once(records, apply)
    after = {s: numbers[len(before.get(s, [])):] for s, numbers in applied(consumer_database).items()}
    assert after == {subject: list(range(6)) for subject in SUBJECTS}
    assert rows(consumer_database, f"select count(*) from held where consumer = '{name}'") == [(0,)]
    places = rows(consumer_database, f"select sequence, head, held, state from inbox where consumer = '{name}'")
    assert places == [(6, 6, 0, "ok")] * 3


def _told_once(publisher: Publisher) -> list[list[Record]]:
    if not publisher.records():
        publisher.tell(*(note(subject, number) for number in range(6) for subject in SUBJECTS))
    return [publisher.records(f"subject = '{subject}'") for subject in SUBJECTS]


def test_events_behind_a_gap_wait_and_what_is_missing_is_known(publisher: Publisher, consumer_database: Database) -> None:
    one, two, three, four = publisher.tell(*(note("measure/A", n) for n in range(1, 5)))
    inbox = an_inbox(consumer_database)
    inbox.lacking.clear()
    inbox.once([one, three, four], apply)
    assert applied(consumer_database) == {"measure/A": [1]}
    assert state_of(consumer_database, "measure/A") == (1, 4, 2, "gap")
    assert inbox.lacking.is_set()
    assert inbox.lacks() == {"measure/A": (1, digest_of(publisher, "measure/A", 1))}
    assert (inbox.counts["gaps"], inbox.counts["held"]) == (1, 2)

    inbox.once([two], apply)
    assert applied(consumer_database) == {"measure/A": [1, 2, 3, 4]}
    assert state_of(consumer_database, "measure/A") == (4, 4, 0, "ok")
    assert inbox.lacks() == {}


def test_a_gap_in_one_subject_holds_up_no_other(publisher: Publisher, consumer_database: Database) -> None:
    records = publisher.tell(*(note(subject, n) for n in range(3) for subject in SUBJECTS))
    an_inbox(consumer_database).once(records[1:], apply)
    assert applied(consumer_database) == {"measure/B": [0, 1, 2], "account/C": [0, 1, 2]}


def test_only_so_many_are_held_and_the_nearest_to_the_gap(publisher: Publisher, consumer_database: Database) -> None:
    records = publisher.tell(*(note("measure/A", n) for n in range(1, 31)))
    inbox = an_inbox(consumer_database, held=5)
    for first in (20, 10, 1):
        inbox.once(records[first : first + 10], apply)
    assert rows(consumer_database, "select sequence from held order by sequence") == [(n,) for n in range(2, 7)]
    assert state_of(consumer_database, "measure/A") == (0, 30, 5, "gap")

    inbox.once(records[:1], apply)                          # the gap closes as far as was held; the rest is known to be missing
    assert applied(consumer_database) == {"measure/A": list(range(1, 7))}
    assert state_of(consumer_database, "measure/A") == (6, 30, 0, "gap")
    inbox.once(records, apply)                              # told again
    assert applied(consumer_database) == {"measure/A": list(range(1, 31))}


def test_two_inboxes_at_once_apply_a_batch_once(publisher: Publisher, consumer_database: Database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    records = publisher.tell(*(note(f"measure/{n % 20}", n) for n in range(400)))
    inboxes = [an_inbox(consumer_database) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(inbox.once, records, apply) for inbox in inboxes]:
            done.result()
    assert sum(map(len, applied(consumer_database).values())) == 400
    assert sum(inbox.counts["repeats"] for inbox in inboxes) == 1_200


# ── forks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def restored(postgres, publisher: Publisher):  # type: ignore[no-untyped-def]
    """A second publisher that tells other events about the same subjects: what a restore from an older backup makes."""
    from tests.conftest import make_database

    fresh = make_database(postgres)
    with Database(fresh.url) as database:
        yield Publisher(database)


def test_another_predecessor_stops_the_subject(publisher: Publisher, restored: Publisher, consumer_database: Database) -> None:
    publisher.tell(*(note("measure/A", n) for n in range(3)))
    restored.tell(*(note("measure/A", n + 100) for n in range(6)))
    inbox = an_inbox(consumer_database)
    inbox.once(publisher.records(), apply)
    inbox.once(restored.records("sequence > 3"), apply)
    assert applied(consumer_database) == {"measure/A": [0, 1, 2]}
    assert state_of(consumer_database, "measure/A")[3] == "fork"
    assert inbox.counts["forks"] == 1
    assert rows(consumer_database, "select subject, what, times from alarm") == [("measure/A", "fork", 1)]
    publisher.tell(note("measure/A", 3))
    inbox.once(publisher.records(), apply)                  # stopped is stopped: a person decides
    assert applied(consumer_database) == {"measure/A": [0, 1, 2]}


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_repeat_with_another_digest_stops_the_subject(
    publisher: Publisher, restored: Publisher, consumer_database: Database, sequence: int
) -> None:
    publisher.tell(*(note("measure/A", n) for n in range(3)))
    restored.tell(*(note("measure/A", n + 100) for n in range(3)))
    inbox = an_inbox(consumer_database)
    inbox.once(publisher.records(), apply)
    inbox.once(restored.records(f"sequence = {sequence}"), apply)
    assert state_of(consumer_database, "measure/A")[3] == "fork"
    assert applied(consumer_database) == {"measure/A": [0, 1, 2]}


def test_genuine_repeats_are_no_fork(publisher: Publisher, consumer_database: Database) -> None:
    records = publisher.tell(*(note("measure/A", n) for n in range(2_500)))
    inbox = an_inbox(consumer_database)
    inbox.once(records, apply)
    inbox.once([*records, records[7]], apply)
    assert state_of(consumer_database, "measure/A")[3] == "ok"
    assert inbox.counts["repeats"] == 2_501


def test_a_head_that_differs_at_our_place_stops_the_subject(publisher: Publisher, consumer_database: Database) -> None:
    inbox = an_inbox(consumer_database)
    inbox.once(publisher.tell(note("measure/A", 1), note("measure/B", 1)), apply)
    inbox.once(head_records(("measure/A", 1, b"\1" * 32), ("measure/B", 1, digest_of(publisher, "measure/B", 1))), apply)
    assert state_of(consumer_database, "measure/A")[3] == "fork"
    assert state_of(consumer_database, "measure/B")[3] == "ok"


# ── heads ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_head_shows_that_the_last_events_are_missing(publisher: Publisher, consumer_database: Database) -> None:
    records = publisher.tell(*(note("measure/A", n) for n in range(3)))
    inbox = an_inbox(consumer_database)
    last = ("measure/A", 3, digest_of(publisher, "measure/A", 3))
    inbox.once([records[0], *head_records(last, ("measure/N", 7, ZERO))], apply)
    assert state_of(consumer_database, "measure/A") == (1, 3, 0, "gap")
    assert state_of(consumer_database, "measure/N") == (0, 7, 0, "gap")
    assert set(inbox.lacks()) == {"measure/A", "measure/N"}
    inbox.once(records, apply)
    assert state_of(consumer_database, "measure/A") == (3, 3, 0, "ok")


def test_a_full_head_lower_than_our_place_is_an_alarm(publisher: Publisher, consumer_database: Database) -> None:
    records = publisher.tell(*(note("measure/A", n) for n in range(3)))
    inbox = an_inbox(consumer_database)
    inbox.once(records, apply)
    first, last = (("measure/A", n, digest_of(publisher, "measure/A", n)) for n in (1, 3))
    inbox.once(head_records(first), apply)                                     # heads of a backlog are lower now and then
    inbox.once(head_records(last, full=True, minutes=5), apply)
    inbox.once(head_records(first, full=True, minutes=4), apply)               # older: a log read a second time
    assert state_of(consumer_database, "measure/A")[3] == "ok"
    inbox.once(head_records(last, full=True, minutes=5) + head_records(first, minutes=6), apply)
    assert state_of(consumer_database, "measure/A")[3] == "ok"
    inbox.once(head_records(first, full=True, minutes=6), apply)
    assert state_of(consumer_database, "measure/A")[3] == "behind"
    assert inbox.counts["behind"] == 1
    assert rows(consumer_database, "select what from alarm") == [("behind",)]
    inbox.once(head_records(last, full=True, minutes=7), apply)                # a newer backup was found
    assert state_of(consumer_database, "measure/A")[3] == "ok"


def test_a_full_head_does_not_speak_of_events_told_after_it(publisher: Publisher, consumer_database: Database) -> None:
    inbox = an_inbox(consumer_database)
    before = publisher.tell(note("measure/A", 1))
    full = head_records(("measure/A", 1, digest_of(publisher, "measure/A", 1)), full=True)
    inbox.once(before + full + publisher.tell(note("measure/A", 2)), apply)     # one batch, in the order of the log
    assert state_of(consumer_database, "measure/A") == (2, 2, 0, "ok")
    assert rows(consumer_database, "select what from alarm") == []


def test_a_full_head_ends_the_wait_for_what_the_publisher_never_told(publisher: Publisher, consumer_database: Database) -> None:
    [real] = publisher.tell(note("measure/A", 1))
    ghost = dataclasses.replace(real, headers=with_header(real, "ce_subject", b"measure/ghost").headers)
    inbox = an_inbox(consumer_database)
    inbox.once([ghost], apply)
    assert state_of(consumer_database, "measure/ghost") == (0, 0, 0, "gap")     # its digest does not fit: asked for again
    inbox.once(head_records(("measure/ghost", 0, ZERO), full=True), apply)
    assert state_of(consumer_database, "measure/ghost") == (0, 0, 0, "ok")


def test_heads_that_agree_cost_no_lock_and_change_nothing(publisher: Publisher, consumer_database: Database) -> None:
    inbox = an_inbox(consumer_database)
    inbox.once(publisher.tell(note("measure/A", 1)), apply)
    before = rows(consumer_database, "select xmin, xmax, ctid from inbox")
    inbox.once(head_records(("measure/A", 1, digest_of(publisher, "measure/A", 1)), full=True), apply)
    assert rows(consumer_database, "select xmin, xmax, ctid from inbox") == before


# ── poison ────────────────────────────────────────────────────────────────────────────────────────────────────────────

HEADER_FAULTS = {
    "not UTF-8": ("ce_subject", (b"\xff\xfe",), "not ASCII"),
    "null": ("ce_sequence", (None,), "null"),
    "missing": ("ce_digest", (), "missing"),
    "twice": ("ce_previous", (b"0" * 64, b"0" * 64), "twice"),
    "no number": ("ce_sequence", (b"one",), "do not fit"),
    "sequence 0": ("ce_sequence", (b"0",), "do not fit"),
    "too large": ("ce_sequence", (b"9" * 30,), "do not fit"),
    "no hex": ("ce_digest", (b"xyz",), "do not fit"),
    "NUL in subject": ("ce_subject", (b"measure/A\0",), "do not fit"),
    "type null": ("ce_type", (None,), "null"),
}


@pytest.mark.parametrize("fault", HEADER_FAULTS)
def test_a_record_with_bad_headers_is_set_aside_and_the_event_is_applied_when_told_again(
    publisher: Publisher, consumer_database: Database, fault: str
) -> None:
    name, values, words = HEADER_FAULTS[fault]
    one, two, other = publisher.tell(note("measure/A", 1), note("measure/A", 2), note("measure/B", 3))
    inbox = an_inbox(consumer_database)
    inbox.once([with_header(one, name, *values), two, other], apply)
    [(reference, status, reason)] = parked(consumer_database)
    assert (reference, status) == (f"{STREAM}/{one.partition}/{one.offset}", "unreadable")
    assert name in reason and words in reason
    assert rows(consumer_database, "select body from parked")[0][0] == one.value
    assert applied(consumer_database) == {"measure/B": [3]}
    inbox.once([one, two], apply)
    assert applied(consumer_database) == {"measure/B": [3], "measure/A": [1, 2]}
    inbox.once([with_header(one, name, *values)], apply)                        # the poison comes again: still one row
    assert len(parked(consumer_database)) == 1


@pytest.mark.parametrize("record", [
    Record(None, []), Record(None, [], None), Record(b"", [("a", None)]), Record(b"\xff{", [("a", b"\xff\xfe")], b"\xff"),
    Record(b"{}", [("ce_type", b"de.pruefpfad.heads.v1")]), Record(None, [("ce_type", b"de.pruefpfad.heads.v1")]),
    Record(b"x", [("a\0b", b"\0")]),
])
def test_what_is_no_event_at_all_is_kept_under_where_kafka_has_it(
    publisher: Publisher, consumer_database: Database, record: Record
) -> None:
    good = publisher.tell(note("measure/A", 1))
    an_inbox(consumer_database).once([dataclasses.replace(record, offset=77, partition=3), *good], apply)
    [(reference, status, reason)] = parked(consumer_database)
    assert (reference, status) == (f"{STREAM}/3/77", "unreadable")
    assert reason
    assert applied(consumer_database) == {"measure/A": [1]}


def test_headers_nobody_needs_may_be_odd(publisher: Publisher, consumer_database: Database) -> None:
    [record] = publisher.tell(note("measure/A", 1))
    odd = dataclasses.replace(record, headers=[*record.headers, ("reply_to", None), ("x", b"\xff"), ("x", b"\xfe")])
    an_inbox(consumer_database).once([odd], apply)
    assert applied(consumer_database) == {"measure/A": [1]}
    assert parked(consumer_database) == []


@pytest.mark.parametrize("value", [None, b"", b"{}", b"\xff\xfe"])
def test_a_body_that_does_not_match_its_digest_is_as_good_as_missing(
    publisher: Publisher, consumer_database: Database, value: bytes | None
) -> None:
    one, two = publisher.tell(note("measure/A", 1), note("measure/A", 2))
    inbox = an_inbox(consumer_database)
    inbox.once([dataclasses.replace(one, value=value), two], apply)
    assert applied(consumer_database) == {}
    assert state_of(consumer_database, "measure/A") == (0, 2, 1, "gap")
    assert inbox.counts["damaged"] == 1
    assert rows(consumer_database, "select what from alarm") == [("damaged",)]
    inbox.once([one], apply)
    assert applied(consumer_database) == {"measure/A": [1, 2]}


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_an_unknown_type_and_an_unreadable_body_are_parked_and_their_place_is_consumed(
    publisher: Publisher, consumer_database: Database
) -> None:
    strange = note("measure/A", 2).model_copy(update={"type": "de.pruefpfad.test.strange.v1"})
    unfit = note("measure/A", 3).model_copy(update={"number": "three"})
    records = publisher.tell(note("measure/A", 1), strange, unfit, note("measure/A", 4))
    inbox = an_inbox(consumer_database)
    inbox.once(records, apply)
    assert applied(consumer_database) == {"measure/A": [1, 4]}
    assert [(r, s) for r, s, _ in parked(consumer_database)] == [("measure/A#2", "unreadable"), ("measure/A#3", "unreadable")]
    assert state_of(consumer_database, "measure/A") == (4, 4, 0, "ok")

    newer = an_inbox(consumer_database, reads=lambda kind, body: reads(kind.replace(b"strange", b"noted"), body))
    assert newer.retry_parked(apply) == 0                   # the body still says the old type
    known = b"de.pruefpfad.test.noted.v1"
    newer = an_inbox(consumer_database, reads=lambda kind, body: reads(known, body.replace(b"strange", b"noted")))
    assert newer.retry_parked(apply) == 1
    assert applied(consumer_database) == {"measure/A": [1, 4, 2]}
    assert [(r, s) for r, s, _ in parked(consumer_database)] == [("measure/A#2", "released"), ("measure/A#3", "unreadable")]
    assert newer.retry_parked(apply) == 0


def test_types_the_consumer_only_counts_leave_no_hole(publisher: Publisher, consumer_database: Database) -> None:
    ignored = note("measure/A", 2).model_copy(update={"type": "de.pruefpfad.test.ignored.v1"})
    an_inbox(consumer_database).once(publisher.tell(note("measure/A", 1), ignored, note("measure/A", 3)), apply)
    assert applied(consumer_database) == {"measure/A": [1, 3]}
    assert parked(consumer_database) == []


# ── what PostgreSQL refuses, and what fails around it ─────────────────────────────────────────────────────────────────


def test_what_the_database_refuses_is_found_and_only_that_is_set_aside(publisher: Publisher, consumer_database: Database) -> None:
    records = publisher.tell(*(note(f"measure/{n % 5}", -666 if n in (7, 130, 131) else n) for n in range(200)))
    calls = []

    def counted(work, facts) -> None:  # type: ignore[no-untyped-def]
        calls.append(len(facts))
        apply(work, facts)

    inbox = an_inbox(consumer_database)
    inbox.once(records, counted)
    assert sum(map(len, applied(consumer_database).values())) == 197
    assert {s for _, s, _ in parked(consumer_database)} == {"refused"}
    assert [r for r, _, _ in parked(consumer_database)] == ["measure/2#2", "measure/0#27", "measure/1#27"]
    assert all("check constraint" in reason for _, _, reason in parked(consumer_database))
    assert inbox.counts["refused"] == 3
    assert len(calls) <= 1 + 3 * 2 * 8                      # halving: two attempts per level and offender


def test_a_fault_in_the_use_case_sets_aside_what_it_cannot_do_and_nothing_it_told(
    publisher: Publisher, consumer_database: Database
) -> None:
    def faulty(work, facts: Sequence) -> None:  # type: ignore[no-untyped-def,type-arg]
        for fact in facts:
            work.emit(note(fact.subject, fact.number))
            if fact.number == 3:
                raise KeyError("three")
        apply(work, facts)

    an_inbox(consumer_database).once(publisher.tell(*(note("measure/A", n) for n in range(6))), faulty)
    assert applied(consumer_database) == {"measure/A": [0, 1, 2, 4, 5]}
    assert parked(consumer_database) == [("measure/A#4", "refused", "KeyError: 'three'")]
    assert rows(consumer_database, "select convert_from(body, 'utf8')::json ->> 'number' from outbox order by id") == [
        ("0",), ("1",), ("2",), ("4",), ("5",)
    ]


def fails_by_a_fault(work: Work, facts: Sequence[Event]) -> None:
    """A release that was not tried."""
    raise AttributeError("'Noted' object has no attribute 'nummer'")


def test_what_a_faulty_release_could_not_do_the_mended_one_does(publisher: Publisher, consumer_database: Database) -> None:
    inbox = an_inbox(consumer_database)
    inbox.once(publisher.tell(*(note("measure/A", n) for n in range(5))), fails_by_a_fault)
    assert {status for _, status, _ in parked(consumer_database)} == {"refused"}
    assert inbox.retry_parked(fails_by_a_fault) == 0
    assert inbox.retry_parked(apply) == 5
    assert applied(consumer_database) == {"measure/A": [0, 1, 2, 3, 4]}


def test_a_fault_that_every_fact_of_several_subjects_meets_parks_nothing_and_the_batch_comes_again(
    publisher: Publisher, consumer_database: Database
) -> None:
    inbox = an_inbox(consumer_database)
    told = publisher.tell(*(note(f"measure/{n}", n) for n in range(5)))
    with pytest.raises(FaultyRelease, match="this release that is broken: AttributeError"):
        inbox.once(told, fails_by_a_fault)
    assert parked(consumer_database) == [] and applied(consumer_database) == {}
    inbox.once(told, apply)
    assert applied(consumer_database) == {f"measure/{n}": [n] for n in range(5)}


def test_facts_that_a_domain_refuses_one_and_all_are_set_aside(publisher: Publisher, consumer_database: Database) -> None:
    def refuses(work: Work, facts: Sequence[Event]) -> None:
        raise ValueError("not on a Sunday")

    an_inbox(consumer_database).once(publisher.tell(*(note(f"measure/{n}", n) for n in range(3))), refuses)
    assert len(parked(consumer_database)) == 3


def test_a_constraint_checked_at_commit_is_found_as_well(
    publisher: Publisher, fresh_database, consumer_database: Database  # type: ignore[no-untyped-def]
) -> None:
    with psycopg.connect(fresh_database.owner_url) as owner:
        owner.execute("""create function late() returns trigger language plpgsql as
            $$ begin if new.number = 5 then raise exception 'five is out of balance'; end if; return null; end $$""")
        owner.execute("""create constraint trigger late after insert on note deferrable initially deferred
                         for each row execute function late()""")
    an_inbox(consumer_database).once(publisher.tell(*(note("measure/A", n) for n in range(10))), apply)
    assert applied(consumer_database) == {"measure/A": [0, 1, 2, 3, 4, 6, 7, 8, 9]}
    [(reference, status, reason)] = parked(consumer_database)
    assert (reference, status) == ("measure/A#6", "refused") and "five is out of balance" in reason


def test_a_lost_connection_leaves_the_handler_after_a_growing_pause_and_the_batch_counts_when_it_comes_again(
    publisher: Publisher, fresh_database, consumer_database: Database  # type: ignore[no-untyped-def]
) -> None:
    records = publisher.tell(*(note("measure/A", n) for n in range(5)))
    pauses: list[float] = []
    inbox = an_inbox(consumer_database, sleep=pauses.append)

    def broken(work, facts) -> None:  # type: ignore[no-untyped-def]
        with psycopg.connect(fresh_database.admin_url, autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tester' and datname = %s",
                          (fresh_database.name,))
        apply(work, facts)

    for _ in range(3):
        with pytest.raises(Exception, match=r"terminat|closed|lost"):
            inbox.once(records, broken)
    inbox.once(records, apply)
    assert pauses == [0.1, 0.2, 0.4]
    assert applied(consumer_database) == {"measure/A": [0, 1, 2, 3, 4]}
    assert parked(consumer_database) == []


def test_a_missing_table_is_a_fault_of_the_deployment_and_parks_nothing(
    publisher: Publisher, consumer_database: Database
) -> None:
    def wrong(work, facts) -> None:  # type: ignore[no-untyped-def]
        work.copy("no_such_table", ("subject",), [("x",)])

    with pytest.raises(psycopg.errors.UndefinedTable):
        an_inbox(consumer_database).once(publisher.tell(note("measure/A", 1)), wrong)
    assert parked(consumer_database) == []


@pytest.mark.parametrize("while_read", [True, False], ids=["read", "applied"])
def test_memory_that_ran_out_is_held_against_no_fact(publisher: Publisher, consumer_database: Database, while_read: bool) -> None:
    def out_of_memory(*_: object) -> Never:
        raise MemoryError

    def parks(work: Work, facts: Sequence[Event]) -> None:
        for fact in facts:
            with work.parking(fact):
                apply(work, [fact]) if while_read else out_of_memory()

    records = publisher.tell(note("measure/A", 1))
    with pytest.raises(MemoryError):
        an_inbox(consumer_database, **({"reads": out_of_memory} if while_read else {})).once(records, parks)
    an_inbox(consumer_database).once(records, apply)
    assert (parked(consumer_database), applied(consumer_database)) == ([], {"measure/A": [1]})


# ── parking and release ───────────────────────────────────────────────────────────────────────────────────────────────


def odd_needs_key(work, facts: Sequence) -> None:  # type: ignore[no-untyped-def,type-arg]
    """Notes with a text wait until a note with that number has been applied, then follow it."""
    from shared.messaging.work import Parked

    known = {number for (number,) in work.session.connection().exec_driver_sql("select number from note")}
    todo = list(facts)
    while todo:
        fact = todo.pop(0)
        with work.parking(fact):
            work.emit(note("file/told", fact.number))
            if fact.text and int(fact.text) not in known:
                raise Parked(f"note {fact.text} is not known yet", waits_for=fact.text)
            apply(work, [fact])
            known.add(fact.number)
            todo = [*work.waiting(str(fact.number)), *todo]


def test_facts_that_wait_are_released_in_the_order_in_which_they_were_parked(
    publisher: Publisher, consumer_database: Database
) -> None:
    records = publisher.tell(
        note("measure/A", 1, "100"), note("measure/B", 2, "100"), note("measure/A", 3), note("measure/A", 4, "2"),
        note("measure/A", 100), note("measure/B", 5),
    )
    inbox = an_inbox(consumer_database)
    for record in records[:4]:
        inbox.once([record], odd_needs_key)
    assert applied(consumer_database) == {"measure/A": [3]}
    assert [(r, s) for r, s, _ in parked(consumer_database)] == [
        ("measure/A#1", "waiting"), ("measure/B#1", "waiting"), ("measure/A#3", "waiting")
    ]
    assert rows(consumer_database, "select count(*) from outbox") == [(1,)]     # what a parked fact emitted is not told
    inbox.once(records[4:], odd_needs_key)
    in_order = [number for (number,) in rows(consumer_database, "select number from note order by place")]
    assert in_order == [3, 100, 1, 2, 4, 5]
    assert {s for _, s, _ in parked(consumer_database)} == {"released"}
    assert inbox.counts["released"] == 3


def test_what_was_parked_by_an_attempt_that_is_undone_counts_once(publisher: Publisher, consumer_database: Database) -> None:
    inbox = an_inbox(consumer_database)
    inbox.once(publisher.tell(note("measure/A", 1, "9"), note("measure/B", 2), note("measure/C", -666)), odd_needs_key)
    assert [(r, s) for r, s, _ in parked(consumer_database)] == [("measure/A#1", "waiting"), ("measure/C#1", "refused")]
    assert inbox.counts["parked"] == 2


def test_a_fact_parked_and_wanted_in_the_same_batch_is_released_in_it(publisher: Publisher, consumer_database: Database) -> None:
    an_inbox(consumer_database).once(publisher.tell(note("measure/A", 1, "9"), note("measure/B", 9)), odd_needs_key)
    assert applied(consumer_database) == {"measure/B": [9], "measure/A": [1]}


def test_a_released_fact_that_fails_again_is_parked_again_in_its_old_place(
    publisher: Publisher, consumer_database: Database
) -> None:
    inbox = an_inbox(consumer_database)
    inbox.once(publisher.tell(note("measure/A", 1, "9"), note("measure/A", 2, "9")), odd_needs_key)
    before = parked(consumer_database)
    assert inbox.retry_parked(odd_needs_key) == 0
    assert parked(consumer_database) == before
    assert rows(consumer_database, "select attempts from parked") == [(2,), (2,)]


def test_an_operator_releases_or_dismisses_one_parked_fact(publisher: Publisher, consumer_database: Database) -> None:
    inbox = an_inbox(consumer_database)
    inbox.once(publisher.tell(note("measure/A", -666), note("measure/A", 1), note("measure/A", -666, "again")), apply)

    def instructed(work, facts: Sequence) -> None:  # type: ignore[no-untyped-def,type-arg]
        for fact in facts:
            with work.parking(fact):
                if fact.text == "dismiss":
                    work.dismiss("measure/A#3", "a duplicate")
                else:
                    apply(work, [f.model_copy(update={"number": 667}) for f in work.release(fact.text)])

    instructions = ("measure/A#1", "dismiss", "measure/A#9")
    inbox.once(publisher.tell(*(note("file/i", n, text) for n, text in enumerate(instructions))), instructed)
    assert applied(consumer_database) == {"measure/A": [1, 667]}
    assert [(r, s) for r, s, _ in parked(consumer_database)] == [
        ("measure/A#1", "released"), ("measure/A#3", "dismissed"), ("file/i#3", "waiting")
    ]
    assert "nothing is parked under measure/A#9" in parked(consumer_database)[2][2]
    inbox.once(publisher.tell(note("file/i", 3, "measure/A#3")), instructed)
    assert applied(consumer_database) == {"measure/A": [1, 667, 667]}, "a dismissal is corrected by a later decision"
    assert parked(consumer_database)[1][:2] == ("measure/A#3", "released")


# ── counting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_flow_adds_up_and_the_rare_outlives_the_process(publisher: Publisher, consumer_database: Database) -> None:
    records = publisher.tell(*(note(subject, n) for n in range(4) for subject in SUBJECTS))
    inbox = an_inbox(consumer_database)
    inbox.once(records[:3], apply)
    inbox.once(records[:3] + records[6:], apply)
    seen = flow(consumer_database, "other", [inbox]).inboxes[CONSUMER]
    assert (seen.held, seen.gaps, seen.forks, seen.parked) == (6, 3, 0, {})
    an_inbox(consumer_database).once(records, apply)
    here, there = flow(consumer_database, "other", [inbox]), flow(publisher.database, STREAM)
    assert here.inboxes[CONSUMER].applied == there.told
    assert there.told[lane_of("measure/A")] >= 4 and sum(there.told) == 12
    assert sum(there.unsent) == 12 and there.oldest_seconds > 0
    assert here.counted[CONSUMER] == {"gaps": 3, "held": 6, "repeats": 3 + 9}
