"""Was this publisher restored from an older backup? Asked at start, before its doors open.

A restored outbox would give sequences a second time to other events; below a consumer's own place these look like repeats.

- Restored, and Kafka kept its log: this check. The stream, behind the remembered offset, holds a record the outbox does not.
- Restored, Kafka wiped (or another one), consumers up: this check. They are called, and have applied what the outbox lacks.
- The same, consumers down at that moment: the consumers, later. ``behind``: full heads lower than their place. ``fork``: a repeat
  or a head with another digest, another predecessor. They ask what follows, and the relay sees it is ``contradicted``.
- Restored together with all consumers, and Kafka wiped: nobody, since no memory is left. Hand in again what was handed in
  since; identity drops what is there.
- Restored, and told exactly the same again: nobody, and nothing was lost: same content, same digests.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.contracts import streams
from shared.messaging.envelope import Delivery, Record, read
from shared.messaging.inbox import Inbox
from shared.messaging.relay import cluster_of, unknown
from shared.messaging.replay import ROLL_CALL, STANDS, Said, read_said, statement
from shared.persistence.database import KEEPALIVE, plain_url
from shared.values.subject import LANES, lane_of

log = logging.getLogger("pruefpfad.restored")

CALL_EVERY: Final = 0.5

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class RestoredFromOlderBackup(RuntimeError):
    """The outbox lacks events that were told: refuse to start, restore a newer backup. Names one of them."""

    def __init__(self, stream: str, subject: str, sequence: int, known_from: str) -> None:
        self.stream, self.lane, self.subject, self.sequence = stream, lane_of(subject), subject, sequence
        super().__init__(
            f"{known_from} holds event {sequence} of {subject} (lane {self.lane} of {stream}), which this outbox does not: the "
            "database was restored from an older backup. Nothing is told until a newer backup is restored, since consumers would "
            "take new events for repeats."
        )


async def verify_own_log(
    database_url: str, stream: str, kafka: str, *, source: str, inboxes: Sequence[Inbox] = (), expects: Collection[str] = (),
    answer_within: float = 5.0, **client: Any,
) -> None:
    """Hold the stream's newest records, and where Kafka has forgotten them its consumers' places, against the outbox.

    Reads only what lies behind the remembered offset. If the log was wiped (or is another Kafka's) consumers are called for
    up to ``answer_within`` seconds, less if all that are expected (``expects``: their names) have answered; 0 does not call.
    ``inboxes`` answer for this service while it waits, so that services starting together hear each other.
    Raises ``RestoredFromOlderBackup``; what fails to answer (Kafka, PostgreSQL) raises its own errors and may be tried again.
    """
    settings = {"bootstrap_servers": kafka, "metadata_max_age_ms": 10_000, **client}
    async with AsyncExitStack() as stack:
        connection = await psycopg.AsyncConnection.connect(
            plain_url(database_url), autocommit=True, connect_timeout=10, **KEEPALIVE
        )
        stack.push_async_callback(connection.close)
        consumer = AIOKafkaConsumer(
            auto_offset_reset="earliest", enable_auto_commit=False, max_partition_fetch_bytes=4_000_000, **settings
        )
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        forgotten = await _read_own_log(connection, consumer, stream, source.encode("ascii"), await cluster_of(settings))
        if forgotten and answer_within > 0:
            await _call_roll(connection, consumer, stack, stream, inboxes, set(expects), answer_within, settings)


async def _read_own_log(connection: Connection, consumer: AIOKafkaConsumer, stream: str, source: bytes, cluster: str) -> bool:
    """Compare record by record; returns whether Kafka has forgotten what this outbox once sent."""
    rows = await (await connection.execute("select lane, at, cluster from relayed")).fetchall()
    remembered = {lane: at if known == cluster else -1 for lane, at, known in rows}
    forgotten = any(known != cluster for _, at, known in rows if at >= 0)
    places = [TopicPartition(stream, lane) for lane in range(LANES)]
    begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    consumer.assign(places)
    for place in places:
        at = remembered.get(place.partition, -1)
        if at >= ends[place]:
            forgotten, at = True, -1
        consumer.seek(place, max(at + 1, begins[place]))
    async for records in _until(consumer, ends):
        newest: dict[str, Delivery] = {}
        for record in records:
            told = read(record)
            if isinstance(told, Delivery) and dict(record.headers or ()).get("ce_source") == source and told.is_whole:
                known = newest.get(told.subject)
                if known is None or told.sequence > known.sequence:     # in a chain the last stands for those before
                    newest[told.subject] = told
        for subject, sequence in await unknown(connection, {s: (d.sequence, d.digest) for s, d in newest.items()}):
            raise RestoredFromOlderBackup(stream, subject, sequence, "Kafka")
    return forgotten


async def _until(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> AsyncIterator[list[Record]]:
    """Batches of records up to given offsets."""
    while True:
        open_places = [place for place, end in ends.items() if await consumer.position(place) < end]
        if not open_places:
            return
        fetched = await consumer.getmany(*open_places, timeout_ms=500)
        yield [record for some in fetched.values() for record in some]


async def _call_roll(
    connection: Connection, consumer: AIOKafkaConsumer, stack: AsyncExitStack, stream: str, inboxes: Sequence[Inbox],
    expected: set[str], seconds: float, settings: Mapping[str, Any],
) -> None:
    """Ask consumers where they stand, answer those who ask ourselves, and listen."""
    log.warning("%s: Kafka has forgotten what was sent; asking consumers where they stand, for up to %.1f s", stream, seconds)
    producer = AIOKafkaProducer(request_timeout_ms=10_000, **settings)
    stack.push_async_callback(producer.stop)
    await producer.start()
    place = TopicPartition(streams.REPLAY, 0)
    consumer.assign([place])
    await consumer.seek_to_end(place)
    waiting, answered, until, next_call = set(expected), set(), time.monotonic() + seconds, 0.0
    while time.monotonic() < until and (waiting or not expected):
        if time.monotonic() >= next_call:
            next_call = time.monotonic() + CALL_EVERY
            await producer.send_and_wait(streams.REPLAY, Said(ROLL_CALL, stream).encode(), partition=0)
        for record in (await consumer.getmany(place, timeout_ms=100)).get(place, ()):
            said = read_said(record.value)
            if said is None:
                continue
            if said.kind == ROLL_CALL:
                for inbox in (i for i in inboxes if i.stream == said.stream):
                    for part in statement(inbox.stream, inbox.consumer, await asyncio.to_thread(inbox.stands)):
                        await producer.send_and_wait(streams.REPLAY, part.encode(), partition=0)
            elif said.kind == STANDS and said.stream == stream:
                for subject, sequence in await unknown(connection, said.places):
                    raise RestoredFromOlderBackup(stream, subject, sequence, f"consumer {said.consumer}")
                if said.last:
                    waiting.discard(said.consumer)
                    answered.add(said.consumer)
    fit = f"answers of {', '.join(sorted(answered))} fit this outbox" if answered else "no consumer answered"
    log.warning("%s: %s", stream, fit)
