"""Delivery on a real Kafka that is killed, wiped and filled again."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from shared.messaging.flow import flow, settled
from shared.messaging.inbox import Inbox
from shared.messaging.restored import RestoredFromOlderBackup
from shared.persistence.database import Database
from shared.runtime.embedded import TOPICS, Postgres
from tests.shared.messaging.flowing import a_relay, asking, reached, subscribe, task
from tests.shared.messaging.noted import STREAM, Publisher, an_inbox, applied, note, rows
from tests.shared.messaging.test_restored import copy_of, relayed, verify
from tests.tools import kafka
from tests.tools.missing import skip_or_fail

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def broker() -> Iterator[kafka.Kafka]:
    """A broker of this test's own."""
    if lacking := kafka.missing():
        skip_or_fail(f"a real Kafka cannot run here: {lacking}")
    with tempfile.TemporaryDirectory(prefix="pruefpfad-kafka-") as folder, kafka.Kafka(Path(folder)) as running:
        yield running


async def create_topics(address: str) -> None:
    """What an operator does once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        while True:                             # a broker that has just started may not be ready to hold topics, and says so
            answer = await admin.create_topics([NewTopic(name, partitions, 1) for name, partitions in TOPICS])
            if all(code in (0, TopicAlreadyExistsError.errno) for _, code, *_ in answer.topic_errors):
                return
            await asyncio.sleep(0.1)
    finally:
        await admin.close()


@asynccontextmanager
async def everything_runs(publisher: Publisher, consuming: Database, address: str, inbox: Inbox) -> AsyncIterator[None]:
    """Both relays and the consumer."""
    async with task(a_relay(publisher, address).run()), task(asking(consuming.url, address, inbox).run()), \
            task(subscribe(address, inbox)):
        yield


async def tell(publisher: Publisher, count: int, first: int) -> None:
    """Events in several transactions."""
    for start in range(first, first + count, 100):
        await asyncio.to_thread(publisher.tell, *(note(f"measure/{n % 50}", n) for n in range(start, start + 100)))


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 200))


def all_in_order(database: Database, count: int) -> None:
    """Every event once, each subject in its order."""
    assert applied(database) == {f"measure/{k}": list(range(k, count, 50)) for k in range(50)}
    assert rows(database, "select count(*) from alarm") == [(0,)]
    assert rows(database, "select count(*) from parked") == [(0,)]


def test_kafka_killed_under_load_loses_and_doubles_nothing(
    publisher: Publisher, consumer_database: Database, broker: kafka.Kafka
) -> None:
    inbox = an_inbox(consumer_database)

    async def story() -> None:
        await create_topics(broker.address)
        async with everything_runs(publisher, consumer_database, broker.address, inbox):
            for turn in range(3):
                telling = asyncio.ensure_future(tell(publisher, 2_000, 2_000 * turn))
                await asyncio.sleep(0.2)
                await asyncio.to_thread(broker.kill)
                await telling
                await asyncio.to_thread(broker.start)
            await reached(lambda: done(publisher, consumer_database, inbox), seconds=90)

    run(story)
    all_in_order(consumer_database, 6_000)


def test_kafka_wiped_while_all_run_brings_everything_again(
    publisher: Publisher, consumer_database: Database, broker: kafka.Kafka
) -> None:
    inbox = an_inbox(consumer_database)

    async def story() -> None:
        await create_topics(broker.address)
        await tell(publisher, 3_000, 0)
        await relayed(publisher, broker.address)                                # nobody has read it when it is lost
        async with everything_runs(publisher, consumer_database, broker.address, inbox):
            await asyncio.to_thread(broker.wipe)
            await create_topics(broker.address)
            await tell(publisher, 1_000, 3_000)
            await reached(lambda: done(publisher, consumer_database, inbox), seconds=120)

    run(story)
    all_in_order(consumer_database, 4_000)


def test_wiped_with_a_consumer_that_had_a_part_asks_for_the_rest(
    publisher: Publisher, consumer_database: Database, broker: kafka.Kafka
) -> None:
    inbox = an_inbox(consumer_database)

    async def story() -> None:
        await create_topics(broker.address)
        async with everything_runs(publisher, consumer_database, broker.address, inbox):
            await tell(publisher, 500, 0)
            await reached(lambda: done(publisher, consumer_database, inbox))
        await tell(publisher, 2_000, 500)
        await relayed(publisher, broker.address)
        await asyncio.to_thread(broker.wipe)
        await create_topics(broker.address)
        await verify(publisher, broker.address)                                 # wiped is not restored
        carrying = a_relay(publisher, broker.address)
        async with task(carrying.run()), task(asking(consumer_database.url, broker.address, inbox).run()), \
                task(subscribe(broker.address, inbox)):
            await reached(lambda: done(publisher, consumer_database, inbox), seconds=90)
        assert carrying.counts["relayed"] == 0 and carrying.counts["replayed"] >= 2_000

    run(story)
    all_in_order(consumer_database, 2_500)
    assert inbox.counts["gaps"] == 50
    assert flow(publisher.database, STREAM).counted[STREAM]["replayed"] >= 2_000
    assert flow(consumer_database, "other").counted["pruefpfad.funding"]["asked"] >= 50


def test_a_restored_publisher_refuses_on_a_real_log(
    publisher: Publisher, postgres: Postgres, broker: kafka.Kafka
) -> None:
    async def story() -> None:
        await create_topics(broker.address)
        await tell(publisher, 500, 0)
        await relayed(publisher, broker.address)
        backup = copy_of(publisher, postgres)
        await tell(publisher, 100, 500)
        await relayed(publisher, broker.address)
        await verify(publisher, broker.address)
        with pytest.raises(RestoredFromOlderBackup):
            await verify(backup, broker.address)

    run(story)


def done(publisher: Publisher, consuming: Database, inbox: Inbox) -> bool:
    """Is everything applied that was told?"""
    return settled([flow(publisher.database, STREAM), flow(consuming, "other", [inbox])])
