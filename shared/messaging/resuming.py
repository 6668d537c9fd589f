"""A stopped subject goes on, if a person says so and the publisher's history is the one that was applied.

A fork may come from a stray record of somebody else: then the publisher still holds what we applied, and only the stray one was
wrong. Or the publisher is another one than it was: then nothing may be applied on top, whoever says so. Which of the two it is
shows on the stream, which keeps everything: is our last event among those the publisher itself told of the subject?

The consumer does not simply ask, since a publisher that is told of an event it does not hold takes itself for restored.
"""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.envelope import Delivery, read
from shared.messaging.heads import Head
from shared.messaging.inbox import Inbox
from shared.persistence.database import Database, cursor
from shared.values.subject import lane_of

OPEN_ALARMS = "select consumer, subject, what, detail, times, first_at, last_at from alarm where acknowledged_at is null"


class NotStopped(LookupError):
    """No consumer of this service has stopped the subject."""


class OtherHistory(RuntimeError):
    """The publisher's history is not the one that was applied: its text says where they part."""


async def verify_history(kafka: str, stream: str, subject: str, place: Head, *, source: str, **client: Any) -> None:
    """Raise ``OtherHistory`` unless ``source`` itself has told the event at this place. Reads the subject's lane once."""
    sequence, digest = place
    lane = TopicPartition(stream, lane_of(subject))
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False, max_partition_fetch_bytes=4_000_000,
        **client,
    )
    last, other = 0, False
    await consumer.start()
    try:
        consumer.assign([lane])
        end = (await consumer.end_offsets([lane]))[lane]
        await consumer.seek_to_beginning(lane)
        while await consumer.position(lane) < end:
            for record in (await consumer.getmany(lane, timeout_ms=500)).get(lane, ()):
                told = read(record)
                if (
                    not isinstance(told, Delivery) or told.subject != subject or not told.is_whole
                    or dict(record.headers or ()).get("ce_source") != source.encode("ascii")
                ):
                    continue
                if (told.sequence, told.digest) == (sequence, digest):
                    return
                last, other = max(last, told.sequence), other or told.sequence == sequence
    finally:
        await consumer.stop()
    if sequence > 0:
        why = "has another digest there" if other else f"reaches event {last} on Kafka and does not hold it"
        raise OtherHistory(f"event {sequence} of {subject} was applied here, but what {source} told {why}")


def stopped(inbox: Inbox, subject: str) -> Head | None:
    """Where a consumer has stopped a subject; nothing if it has not."""
    with inbox.database.transaction() as session, cursor(session) as run:
        run.execute(
            "select sequence, digest from inbox where consumer = %s and subject = %s and state = 'fork'",
            (inbox.consumer, subject),
        )
        found = run.fetchone()
    return None if found is None else (found[0], bytes(found[1]))


def resume(inbox: Inbox, subject: str, actor: str) -> None:
    """Let the subject go on behind its last event: what was held is dropped, the publisher is asked for what follows."""
    with inbox.database.transaction() as session, cursor(session) as run:
        run.execute("select pg_advisory_xact_lock(%s)", (inbox.lock_of(lane_of(subject)),))
        run.execute("delete from held where consumer = %s and subject = %s", (inbox.consumer, subject))
        run.execute(
            """update inbox set state = 'gap', held = 0, head = sequence
               where consumer = %s and subject = %s and state = 'fork'""", (inbox.consumer, subject),
        )
        run.execute(
            """update alarm set acknowledged_at = now(), acknowledged_by = %s
               where consumer = %s and subject = %s and what = 'fork' and acknowledged_at is null""",
            (actor, inbox.consumer, subject),
        )
    inbox.lacking.set()


def open_alarms(database: Database) -> list[dict[str, Any]]:
    """Alarms nobody has acknowledged, oldest first."""
    with database.transaction() as session, cursor(session) as run:
        run.execute(f"{OPEN_ALARMS} order by first_at, consumer, subject, what")
        names = [column.name for column in run.description or ()]
        return [dict(zip(names, row, strict=True)) for row in run]


def acknowledge(database: Database, actor: str, subject: str | None = None) -> int:
    """Say that the open alarms (of a subject) were seen to; returns how many. They stay; the same again opens them anew."""
    with database.transaction() as session, cursor(session) as run:
        run.execute(
            """update alarm set acknowledged_at = now(), acknowledged_by = %s
               where acknowledged_at is null and (%s::text is null or subject = %s)""", (actor, subject, subject),
        )
        return run.rowcount
