"""Relay and consumer as background tasks, for tests that stop, wipe and restart things around them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging.inbox import Inbox
from shared.messaging.relay import Relay
from shared.values.subject import LANES
from tests.shared.messaging.noted import SOURCE, STREAM, Publisher, apply

UseCase = Callable[..., Any]


async def reached(state: Callable[[], Any], *, seconds: float = 30) -> None:
    """Wait until a state is reached; fail if it is not."""
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(state):
        assert time.monotonic() < end, "the state waited for was not reached"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def task(work: Awaitable[None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run in the background while the block lasts."""
    running = asyncio.ensure_future(work)
    try:
        yield running                                                           # type: ignore[misc]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def a_relay(publisher: Publisher, kafka: str, **more: Any) -> Relay:
    """The relay of a publisher; it sweeps every second."""
    return Relay(publisher.database.url, STREAM, kafka, **({"source": SOURCE, "sweep": 1.0} | more))


def asking(database_url: str, kafka: str, *inboxes: Inbox) -> Relay:
    """The relay of the consuming service: it has nothing to tell, but asks for what its inboxes lack."""
    return Relay(database_url, "pruefpfad.funding", kafka, source="urn:pruefpfad:test:funding", inboxes=inboxes, sweep=600.0)


async def subscribe(kafka: str, inbox: Inbox, use_case: UseCase = apply) -> None:
    """Hand the stream to an inbox, from its beginning, for ever; a batch that fails comes again; a wiped log is read anew."""
    while True:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False, metadata_max_age_ms=1_000,
            request_timeout_ms=5_000,
        )
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            try:
                await consumer.start()
                consumer.assign([TopicPartition(STREAM, lane) for lane in range(LANES)])
                while True:
                    fetched = await consumer.getmany(timeout_ms=50, max_records=1_000)
                    if records := [record for some in fetched.values() for record in some]:
                        await asyncio.to_thread(inbox.once, records, use_case)
            finally:
                await consumer.stop()
        await asyncio.sleep(0.2)
