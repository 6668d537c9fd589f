"""From emit to applied once: outbox, relay, Kafka, inbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.flow import flow, settled
from shared.messaging.inbox import Inbox
from shared.messaging.relay import Relay
from shared.persistence.database import Database
from shared.runtime.embedded import MockBroker
from shared.values.subject import LANES
from tests.shared.messaging.noted import SOURCE, STREAM, Publisher, an_inbox, applied, apply, note


async def consume(kafka: str, inbox: Inbox, until: Callable[[], bool], *, seconds: float = 30) -> None:
    """Hand batches to the inbox as a subscriber would, until a state is reached."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(STREAM, lane) for lane in range(LANES)])
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "the state waited for was not reached"
            fetched = await consumer.getmany(timeout_ms=50, max_records=1_000)
            if records := [record for some in fetched.values() for record in some]:
                await asyncio.to_thread(inbox.once, records, apply)
    finally:
        await consumer.stop()


def test_what_is_emitted_is_applied_once_over_kafka(publisher: Publisher, consumer_database: Database) -> None:
    publisher.tell(*(note(f"measure/M-{n % 7}", n) for n in range(100)))
    inbox = an_inbox(consumer_database)

    async def run(kafka: str) -> None:
        relay = asyncio.create_task(Relay(publisher.database.url, STREAM, kafka, source=SOURCE, sweep=1).run())
        def done() -> bool:
            return settled([flow(publisher.database, STREAM), flow(consumer_database, "other", [inbox])])

        try:
            await consume(kafka, inbox, done)
        finally:
            relay.cancel()
            await asyncio.gather(relay, return_exceptions=True)

    with MockBroker() as broker:
        asyncio.run(run(broker.address))

    assert applied(consumer_database) == {f"measure/M-{k}": list(range(k, 100, 7)) for k in range(7)}
