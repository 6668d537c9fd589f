"""The least one can do: fetch, COPY the bytes, send them on. No order kept, nothing read, nothing checked.

    python -m tests.benchmarks.floor first --kafka 127.0.0.1:9092 --database postgresql://…/floor
"""

from __future__ import annotations

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Iterable

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.messaging.envelope import Message
from shared.persistence.database import plain_url

INTAKE, FUNDING = "floor.intake", "floor.funding"
TOPICS = (INTAKE, FUNDING)
HOPS = {"first": (INTAKE, FUNDING), "second": (FUNDING, None)}
BATCH = 2_000


def make_tables(database: str) -> None:
    """Empty tables."""
    with psycopg.connect(plain_url(database), autocommit=True) as connection:
        for hop in HOPS:
            connection.execute(f"drop table if exists {hop}")
            connection.execute(f"create table {hop} (body bytea not null)")


def producer(kafka: str) -> AIOKafkaProducer:
    """As our relay has it."""
    return AIOKafkaProducer(
        bootstrap_servers=kafka, enable_idempotence=True, acks="all", max_batch_size=512 * 1024, max_request_size=4 * 1024 * 1024
    )


async def send(to: AIOKafkaProducer, topic: str, messages: Iterable[Message]) -> None:
    """One Kafka batch per lane, all acknowledged."""
    lanes = defaultdict(list)
    for message in messages:
        lanes[message.lane].append(message)
    sent = []
    for lane, some in lanes.items():
        batch = to.create_batch()
        for message in some:
            event = {"key": message.key, "value": message.value, "timestamp": None, "headers": message.headers}
            while batch.append(**event) is None:
                sent.append(await to.send_batch(batch, topic, partition=lane))
                batch = to.create_batch()
        sent.append(await to.send_batch(batch, topic, partition=lane))
    await asyncio.gather(*sent)


async def hop(name: str, kafka: str, database: str) -> None:
    """Fetch, COPY, send on, commit; for ever."""
    source, target = HOPS[name]
    connection = await psycopg.AsyncConnection.connect(plain_url(database))
    consumer = AIOKafkaConsumer(
        source, bootstrap_servers=kafka, group_id=f"floor.{name}", auto_offset_reset="earliest", enable_auto_commit=False,
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    async with producer(kafka) as onward:
        while True:
            fetched = await consumer.getmany(timeout_ms=50, max_records=BATCH)
            records = [record for some in fetched.values() for record in some]
            if not records:
                continue
            async with connection.cursor() as cursor, cursor.copy(f"copy {name} (body) from stdin (format binary)") as to:
                to.set_types(["bytea"])
                for record in records:
                    await to.write_row((record.value,))
            await connection.commit()
            if target is not None:
                await send(onward, target, (Message(r.partition, r.key, r.value, list(r.headers)) for r in records))
            await consumer.commit()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.floor", description=__doc__)
    parser.add_argument("hop", choices=HOPS)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    asyncio.run(hop(given.hop, given.kafka, given.database))


if __name__ == "__main__":
    main()
