"""Outbox to Kafka: nothing lost by the cursor, nothing told out of order, heads and answers behind it."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging import heads, relay
from shared.messaging.envelope import Delivery, Heads, chain, read
from shared.messaging.flow import flow, settled
from shared.messaging.work import EventRefused, unit_of_work
from shared.persistence.database import Database, plain_url
from shared.runtime.embedded import MockBroker
from shared.values.subject import LANES, lane_of
from tests.conftest import Fresh
from tests.shared.messaging.flowing import a_relay, asking, reached, subscribe, task
from tests.shared.messaging.noted import SOURCE, STREAM, WHEN, Publisher, an_inbox, applied, note, rows


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    """An empty Kafka."""
    with MockBroker() as running:
        yield running


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story, with a limit."""
    asyncio.run(asyncio.wait_for(story(), 90))


async def log_of(kafka: str) -> list[Any]:
    """All records of the stream."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(STREAM, lane) for lane in range(LANES)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        records: list[Any] = []
        while [p for p, end in ends.items() if await consumer.position(p) < end]:
            records += [record for some in (await consumer.getmany(timeout_ms=200)).values() for record in some]
        return records
    finally:
        await consumer.stop()


def is_relayed(publisher: Publisher) -> Callable[[], bool]:
    """Is the whole outbox carried on?"""
    def state() -> bool:
        [(unsent,)] = rows(publisher.database, """select count(*) from outbox o left join relayed r on r.lane = o.lane
                                                  where o.id > coalesce(r.id, 0)""")
        return bool(unsent == 0)
    return state


def everything_settled(publisher: Publisher, consuming: Database, *inboxes: Any) -> Callable[[], bool]:
    """Has every inbox applied all that was told?"""
    return lambda: settled([flow(publisher.database, STREAM), flow(consuming, "other", inboxes)])


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_events_are_numbered_per_subject_and_chained(publisher: Publisher) -> None:
    publisher.tell(note("measure/A", 1), note("measure/B", 2))
    publisher.tell(note("measure/A", 3))
    told = rows(publisher.database, "select subject, sequence, previous, digest, type, body, lane from outbox order by id")
    assert [(s, n) for s, n, *_ in told] == [("measure/A", 1), ("measure/B", 1), ("measure/A", 2)]
    assert told[0][2] == bytes(32) and told[2][2] == told[0][3]
    for subject, sequence, previous, digest, kind, body, lane in told:
        assert digest == chain(bytes(previous), sequence, subject, kind.encode(), bytes(body))
        assert lane == lane_of(subject)


def test_what_is_rolled_back_was_never_told(publisher: Publisher) -> None:
    with pytest.raises(RuntimeError), unit_of_work(publisher.database, publisher.clock) as work:
        work.emit(note("measure/A", 1))
        raise RuntimeError
    publisher.tell(note("measure/A", 2))
    assert rows(publisher.database, "select sequence from outbox") == [(1,)]


@pytest.mark.parametrize(("event", "words"), [
    (note("measure/A", 1, "x" * 300_000), "bytes"), (note("measure/Ä", 1), "printable ASCII"),
    (note("measure/A", 1).model_copy(update={"actor": ""}), "actor"),
])
def test_an_event_that_cannot_travel_is_refused_where_it_is_told(publisher: Publisher, event: Any, words: str) -> None:
    with pytest.raises(EventRefused, match=words), unit_of_work(publisher.database, publisher.clock) as work:
        work.emit(event)


def test_the_day_of_a_work_is_that_of_berlin(publisher: Publisher) -> None:
    publisher.clock.at = datetime.fromisoformat("2026-07-31T22:30:00+00:00")
    with unit_of_work(publisher.database, publisher.clock) as work:
        assert work.today.isoformat() == "2026-08-01"


def test_a_cursor_over_ids_loses_nothing_while_many_write_and_some_roll_back(publisher: Publisher) -> None:
    stop, seen = threading.Event(), []

    def write(seed: int) -> int:
        chance, told = random.Random(seed), 0
        for turn in range(60):
            some = [note(f"measure/{chance.randrange(30)}", 1_000 * seed + turn) for _ in range(chance.randrange(1, 4))]
            try:
                with unit_of_work(publisher.database, publisher.clock) as work:
                    work.emit(*some)
                    work.tell()
                    time.sleep(chance.random() / 500)
                    if chance.random() < 0.1:
                        raise InterruptedError
                told += len(some)
            except InterruptedError:
                pass
        return told

    def follow() -> None:
        positions = dict.fromkeys(range(LANES), 0)
        with psycopg.connect(plain_url(publisher.database.url), autocommit=True) as connection:
            last_round = False
            while True:
                for lane, position in positions.items():
                    found = connection.execute(
                        "select id, subject, sequence from outbox where lane = %s and id > %s order by id", (lane, position)
                    ).fetchall()
                    if found:
                        positions[lane] = found[-1][0]
                        seen.extend(found)
                if last_round:
                    return
                last_round = stop.is_set()

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(4) as writers:
        told = sum(writers.map(write, range(4)))
    stop.set()
    reader.join()
    assert len(seen) == told == rows(publisher.database, "select count(*) from outbox")[0][0]
    order: dict[str, list[int]] = {}
    for _, subject, sequence in seen:
        order.setdefault(subject, []).append(sequence)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in order.values())


# ── on the wire ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_records_are_cloud_events_in_ascii_on_the_lane_of_their_subject(publisher: Publisher, broker: MockBroker) -> None:
    event = note("measure/A", 1, correlation="00000000-0000-0000-0000-000000000007", approved_by="Zweite Prüferin")
    publisher.tell(event)

    async def story() -> None:
        async with task(a_relay(publisher, broker.address).run()):
            await reached(is_relayed(publisher))
        [record] = [r for r in await log_of(broker.address) if isinstance(read(r), Delivery)]
        headers = dict(record.headers)
        assert all(value.isascii() for value in headers.values())
        assert record.partition == lane_of("measure/A") and record.key == b"measure/A"
        assert headers["ce_specversion"] == b"1.0" and headers["ce_source"] == SOURCE.encode()
        assert headers["ce_id"] == str(event.id).encode() and headers["ce_type"] == event.type.encode()
        assert headers["ce_time"] == WHEN.isoformat().encode() and headers["content-type"] == b"application/json"
        assert headers["ce_actor"] == b"Pr%C3%BCfstelle" and headers["ce_approvedby"] == b"Zweite Pr%C3%BCferin"
        assert headers["ce_correlationid"].endswith(b"7") and "ce_causationid" not in headers
        assert type(event).model_validate_json(record.value) == event

    run(story)


def test_heads_follow_what_was_sent_and_all_subjects_get_one_when_a_lane_is_taken(
    publisher: Publisher, broker: MockBroker
) -> None:
    publisher.tell(*(note(f"measure/{n % 50}", n) for n in range(200)))

    async def story() -> None:
        carrying = a_relay(publisher, broker.address, sweep=600)
        async with task(carrying.run()):
            await reached(lambda: is_relayed(publisher)() and carrying.counts["sweeps"])
        told = [heads.read_heads(r.value) for r in await log_of(broker.address) if isinstance(read(r), Heads)]
        full = {subject: sequence for one in told if one.full for subject, (sequence, _) in one.heads.items()}
        assert full == {f"measure/{n}": 4 for n in range(50)}
        again = a_relay(publisher, broker.address, sweep=600)
        async with task(again.run()):
            await reached(lambda: again.counts["heads"] == len({lane_of(f"measure/{n}") for n in range(50)}))
        assert again.counts["relayed"] == 0

    run(story)


def test_a_commit_is_on_kafka_within_a_blink(publisher: Publisher, broker: MockBroker) -> None:
    async def story() -> None:
        carrying = a_relay(publisher, broker.address, sweep=600)
        async with task(carrying.run()):
            await reached(lambda: len(carrying.lanes) == LANES)
            latencies = []
            for n in range(20):
                await asyncio.sleep(0.03)
                before = time.monotonic()
                await asyncio.to_thread(publisher.tell, note("measure/A", n))
                while carrying.counts["relayed"] <= n:
                    await asyncio.sleep(0.001)
                latencies.append(time.monotonic() - before)
        assert sorted(latencies)[9] < 0.1, latencies

    run(story)


def test_two_relays_share_the_lanes_and_one_takes_over_from_the_other(publisher: Publisher, broker: MockBroker) -> None:
    async def story() -> None:
        first, second = (a_relay(publisher, broker.address) for _ in range(2))
        async with task(second.run()) as other:
            await reached(lambda: len(second.lanes) == LANES)
            async with task(first.run()):
                publisher.tell(*(note(f"measure/{n}", n) for n in range(100)))
                await reached(is_relayed(publisher))
                assert not first.lanes
                other.cancel()
                await reached(lambda: len(first.lanes) == LANES)
                publisher.tell(*(note(f"measure/{n}", n) for n in range(100)))
                await reached(is_relayed(publisher))
        events = [d for r in await log_of(broker.address) if isinstance(d := read(r), Delivery)]
        assert len(events) == 200 == len({(d.subject, d.sequence) for d in events})

    run(story)


def test_a_relay_whose_sessions_are_ended_goes_on_and_loses_nothing(
    publisher: Publisher, fresh_database: Fresh, consumer_database: Database, broker: MockBroker
) -> None:
    inbox = an_inbox(consumer_database)

    async def story() -> None:
        carrying = a_relay(publisher, broker.address)
        async with task(carrying.run()), task(subscribe(broker.address, inbox)), \
                task(asking(consumer_database.url, broker.address, inbox).run()):
            for turn in range(4):
                await reached(lambda: len(carrying.lanes) == LANES)
                publisher.tell(*(note(f"measure/{n % 9}", 250 * turn + n) for n in range(250)))
                await asyncio.to_thread(_end_sessions, publisher, fresh_database)
                await reached(lambda: not carrying.lanes)
            await reached(everything_settled(publisher, consumer_database, inbox))

    run(story)
    assert sorted(n for numbers in applied(consumer_database).values() for n in numbers) == list(range(1_000))
    assert all(numbers == sorted(numbers) for numbers in applied(consumer_database).values())


def _end_sessions(publisher: Publisher, fresh: Fresh) -> None:
    """What an administrator, or a restarting server, does to the relay's sessions."""
    with psycopg.connect(plain_url(fresh.admin_url), autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()",
            (publisher.database.engine.url.database,),
        )


def test_positions_moved_back_only_cause_repeats(publisher: Publisher, consumer_database: Database, broker: MockBroker) -> None:
    inbox = an_inbox(consumer_database)
    publisher.tell(*(note(f"measure/{n % 9}", n) for n in range(300)))

    async def story() -> None:
        async with task(subscribe(broker.address, inbox)):
            for _ in range(2):
                async with task(a_relay(publisher, broker.address).run()):
                    await reached(is_relayed(publisher))
                    await reached(everything_settled(publisher, consumer_database, inbox))
                with publisher.database.transaction() as session:
                    session.connection().exec_driver_sql("update relayed set id = 0")
            async with task(a_relay(publisher, broker.address).run()):
                await reached(lambda: inbox.counts["repeats"] >= 600)

    run(story)
    assert sum(map(len, applied(consumer_database).values())) == 300
    assert rows(consumer_database, "select count(*) from alarm") == [(0,)]


# ── telling again ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_kafka_is_filled_again_from_the_outbox_and_nothing_is_doubled(
    publisher: Publisher, consumer_database: Database
) -> None:
    """The consumer has a part, the log is gone: full heads say what is missing, and it is asked for."""
    inbox = an_inbox(consumer_database)
    told = publisher.tell(*(note(f"measure/{n % 40}", n) for n in range(5_000)))

    async def story(kafka: str) -> None:
        async with task(a_relay(publisher, kafka).run()):
            await reached(is_relayed(publisher))

    async def after_the_wipe(kafka: str) -> Mapping[str, int]:
        carrying = a_relay(publisher, kafka)
        async with task(carrying.run()), task(subscribe(kafka, inbox)), \
                task(asking(consumer_database.url, kafka, inbox).run()):
            await reached(everything_settled(publisher, consumer_database, inbox))
        return carrying.counts

    inbox.once(told[:700] + told[900:1_000], _apply)
    with MockBroker() as old:
        asyncio.run(story(old.address))
    with MockBroker() as new:
        counts = asyncio.run(after_the_wipe(new.address))
    assert applied(consumer_database) == {f"measure/{k}": list(range(k, 5_000, 40)) for k in range(40)}
    assert counts["relayed"] == 0 and counts["replayed"] >= 4_300
    assert counts["replayed"] <= 3 * 5_000                                      # asked once or twice, not in a storm


def _apply(work: Any, facts: Any) -> None:
    from tests.shared.messaging.noted import apply

    apply(work, facts)


def test_a_long_history_is_told_again_in_parts_while_new_events_pass(
    publisher: Publisher, consumer_database: Database, broker: MockBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "PER_ANSWER", 100)
    publisher.tell(*(note("measure/A", n) for n in range(1_000)))
    inbox = an_inbox(consumer_database, held=50)

    async def story() -> None:
        async with task(a_relay(publisher, broker.address).run()):
            await reached(is_relayed(publisher))
            consumer = subscribe_from_the_end(broker.address, inbox)
            async with task(consumer), task(asking(consumer_database.url, broker.address, inbox).run()):
                await reached(lambda: rows(consumer_database, "select from inbox where subject = 'measure/A' and head = 1000"))
                publisher.tell(note("measure/B", 1), note("measure/A", 1_000))
                await reached(everything_settled(publisher, consumer_database, inbox))

    run(story)
    assert applied(consumer_database)["measure/A"] == list(range(1_001))
    assert rows(consumer_database, "select count(*) from held") == [(0,)]


def test_what_is_lacking_is_asked_for_although_the_database_went_away_while_it_was_looked_up(
    publisher: Publisher, consumer_database: Database, broker: MockBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = publisher.tell(*(note("measure/A", n) for n in range(5)))
    inbox = an_inbox(consumer_database)
    inbox.once(told[:1] + told[2:], _apply)
    looked_up = inbox.lacks

    def lost() -> Any:
        monkeypatch.setattr(inbox, "lacks", looked_up)
        raise psycopg.OperationalError("the server went away")

    monkeypatch.setattr(inbox, "lacks", lost)

    async def story() -> None:
        carrying = a_relay(publisher, broker.address, sweep=600.0)              # no later head may help
        async with task(carrying.run()):
            await reached(lambda: carrying.counts["sweeps"])
            async with task(subscribe_from_the_end(broker.address, inbox)), \
                    task(asking(consumer_database.url, broker.address, inbox).run()):
                await reached(everything_settled(publisher, consumer_database, inbox))

    run(story)
    assert applied(consumer_database)["measure/A"] == list(range(5))


def test_what_another_replica_turned_out_to_lack_is_asked_for_by_the_one_that_has_the_lane(
    publisher: Publisher, consumer_database: Database, broker: MockBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "LOOK_EVERY", 0.2)
    told = publisher.tell(*(note("measure/A", n) for n in range(5)))
    reading, other = an_inbox(consumer_database), an_inbox(consumer_database)
    first, second = (asking(consumer_database.url, broker.address, inbox) for inbox in (other, reading))

    async def story() -> None:
        carrying = a_relay(publisher, broker.address, sweep=600.0)              # no later head may help
        async with task(carrying.run()), task(first.run()):
            await reached(lambda: carrying.counts["sweeps"] and len(first.lanes) == LANES and not other.lacking.is_set())
            async with task(second.run()), task(subscribe_from_the_end(broker.address, reading)):
                await asyncio.to_thread(reading.once, told[:1] + told[2:], _apply)
                await reached(everything_settled(publisher, consumer_database, reading), seconds=10)

    run(story)
    assert applied(consumer_database)["measure/A"] == list(range(5))


async def subscribe_from_the_end(kafka: str, inbox: Any) -> None:
    """A consumer whose offsets were set beyond everything."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="latest", enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(STREAM, lane) for lane in range(LANES)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        while True:
            fetched = await consumer.getmany(timeout_ms=50)
            if records := [record for some in fetched.values() for record in some]:
                await asyncio.to_thread(inbox.once, records, _apply)
    finally:
        await consumer.stop()


def test_publishing_waits_for_the_gate_replays_and_heads_too(publisher: Publisher, broker: MockBroker) -> None:
    class Counting:
        def __init__(self) -> None:
            self.waited, self.passed = 0, 0

        async def wait(self) -> None:
            self.waited += 1

        def sent(self, last: Mapping[int, int]) -> None:
            self.passed += 1

    gate = Counting()
    publisher.tell(*(note("measure/A", n, "x" * 1_000) for n in range(100)))

    async def story() -> None:
        carrying = a_relay(publisher, broker.address, gate=gate, chunk_bytes=20_000)
        async with task(carrying.run()):
            await reached(lambda: is_relayed(publisher)() and carrying.counts["sweeps"] >= 2)

    run(story)
    assert gate.waited == gate.passed >= 10 + 2


def test_a_client_that_is_cancelled_while_it_stops_does_not_end_the_relay(publisher: Publisher) -> None:
    """aiokafka awaits its cancelled sender where a producer is stopped during a reconnect."""

    class Interrupted(relay.Relay):
        sessions = 0

        async def _session(self) -> None:
            self.sessions += 1
            raise asyncio.CancelledError

    async def outlives() -> None:
        carrying = Interrupted(publisher.database.url, STREAM, "127.0.0.1:1", source=SOURCE)
        async with task(carrying.run()) as running:
            await reached(lambda: carrying.sessions > 1)
            assert not running.done()
        assert running.cancelled()

    asyncio.run(outlives())


def test_a_frozen_relay_loses_its_lanes_to_another(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        with MockBroker() as broker:
            frozen = a_relay(publisher, broker.address)
            async with AsyncExitStack() as stack:
                connection = await frozen._connect(stack, ends_idle=True)
                await connection.execute("select pg_advisory_lock(%s, lane) from generate_series(0, 11) lane", (relay.READERS,))
                publisher.tell(note("measure/M-1", 1))
                async with task(a_relay(publisher, broker.address).run()):      # the other says nothing any more
                    await reached(is_relayed(publisher))

    monkeypatch.setattr(relay, "FROZEN_AFTER", 2.0)
    run(story)
