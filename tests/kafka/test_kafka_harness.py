"""The harness itself: what a killed broker keeps, and what a wiped one forgets. Without this no chaos test means anything."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.tools.kafka import Kafka

TOPIC = "harness"


def test_a_killed_broker_comes_back_under_the_same_address_with_every_acknowledged_record(own_kafka: Kafka) -> None:
    asyncio.run(create(own_kafka.address))
    asyncio.run(send(own_kafka.address, 2_000))
    address, first = own_kafka.address, own_kafka.pid

    own_kafka.kill()
    assert own_kafka.pid is None
    own_kafka.start()

    assert own_kafka.address == address
    assert own_kafka.pid != first
    assert asyncio.run(read(address, 2_000)) == [str(number) for number in range(2_000)]


def test_a_wiped_broker_forgets_topics_and_records(own_kafka: Kafka) -> None:
    asyncio.run(create(own_kafka.address))
    asyncio.run(send(own_kafka.address, 10))

    own_kafka.wipe()

    assert asyncio.run(topics(own_kafka.address)) == []
    asyncio.run(create(own_kafka.address))
    asyncio.run(send(own_kafka.address, 3))
    assert asyncio.run(read(own_kafka.address, 3)) == ["0", "1", "2"]


async def create(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    finally:
        await admin.close()


async def topics(address: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        return list(await admin.list_topics())
    finally:
        await admin.close()


async def send(address: str, count: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        sent = [await producer.send(TOPIC, str(number).encode(), partition=0) for number in range(count)]
        await asyncio.gather(*sent)


async def read(address: str, count: int) -> list[str]:
    """All records from the beginning; waits until there are ``count``."""
    async with AIOKafkaConsumer(TOPIC, bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
        async with asyncio.timeout(30):
            values = [(await consumer.getone()).value for _ in range(count)]
        more = await consumer.getmany(timeout_ms=200)
        return [value.decode() for value in values] + [record.value.decode() for records in more.values() for record in records]
