"""What the wiring of FastStream promises: odd records lose and block nothing, a failing batch comes again, but patiently."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from confluent_kafka import Producer
from faststream import Context

from shared.contracts import streams
from shared.runtime import kafka
from shared.runtime.embedded import MockBroker
from shared.runtime.kafka import Consumers, KafkaMessage, TopicsMissing, check_topics, prepare_topics
from shared.runtime.settings import Settings
from shared.values.subject import LANES
from tests.shared.runtime.ping import Asked
from tests.tools import latin1

Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]

ODD: list[Record] = [
    (b"k", b"{}", [("a", b"b")]),
    (b"k", b"1", [("a", b"\xff\xfe")]),
    (b"k", b"2", [("a", None)]),
    (b"k", b"3", []),
    (b"k", None, [("a", b"b")]),
    (None, b"4", [("a", b"b")]),
    (None, None, [("a", None)]),
    (b"\xff", b"\xff{", []),
    (b"k", b"5", [("content-type", b"\xff"), ("reply_to", b"x"), ("correlation_id", b"\xff")]),
]


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    with MockBroker() as started:
        yield started


@pytest.fixture
def settings(broker: MockBroker, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, kafka=broker.address, session_timeout_ms=1_500)


class Seen:
    """What reached the handler; it fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.records: list[Record] = []
        self.calls = 0
        self.failures = failures


class Troubles(asyncio.Queue[tuple[str, str | None]]):
    """What a service would hear."""

    def hear(self, what: str, why: str | None) -> None:
        self.put_nowait((what, why))


router = Consumers()


@router.subscriber(streams.INTAKE, group="test.intake")
def on_anything(message: KafkaMessage, seen: Annotated[Any, Context()]) -> None:
    """Note everything."""
    seen.calls += 1
    if seen.calls <= seen.failures:
        raise RuntimeError("not yet")
    seen.records.extend((record.key, record.value, list(record.headers)) for record in message.raw_message)


def send(settings: Settings, records: list[Record], lanes: range) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka})
    for lane in lanes:
        for key, value, headers in records:
            producer.produce(streams.INTAKE, value, key, lane, headers=headers)
    assert producer.flush(10) == 0


async def receive(settings: Settings, seen: Seen, expected: int, troubles: list[tuple[str, str | None]]) -> None:
    def trouble(what: str, why: str | None) -> None:
        troubles.append((what, why))

    def new() -> Any:
        return router.broker(settings, trouble, name="seen", publishes=streams.INTAKE, events=Asked, service=seen)

    running = await kafka.started(settings, new, lambda _: None)
    try:
        async with asyncio.timeout(30):
            while len(seen.records) < expected:
                await asyncio.sleep(0.01)
    finally:
        await running.stop()


def test_every_odd_record_reaches_the_handler_as_it_was_sent(settings: Settings) -> None:
    async def run() -> None:
        send(settings, ODD, range(3))
        await receive(settings, seen, 3 * len(ODD), [])

    seen = Seen()
    asyncio.run(run())
    assert sorted(map(str, seen.records)) == sorted(str(record) for record in ODD * 3)


def test_a_record_whose_header_name_is_not_utf_8_reaches_the_handler_and_so_does_what_comes_after_it(settings: Settings) -> None:
    async def run() -> None:
        assert settings.kafka is not None
        await latin1.send(settings.kafka, streams.INTAKE, 0, b"odd", before=b"before")
        send(settings, [(b"k", b"after", [])], range(2))
        await receive(settings, seen, 4, [])

    seen = Seen()
    asyncio.run(run())
    first = [record for record in seen.records if record[1] != b"after"]
    assert first == [(b"k", b"before", []), (b"k", b"odd", [(latin1.READ_AS, b"ja")])]
    assert [value for _, value, _ in seen.records].count(b"after") == 2


def test_a_consumer_whose_loop_fails_is_a_cause_until_it_has_run_for_a_while(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        def new() -> Any:
            return router.broker(
                settings, troubles.hear, name="seen", publishes=streams.INTAKE, events=Asked, service=Seen()
            )

        running = await kafka.started(settings, new, lambda _: None, troubles.hear)
        try:
            [subscriber] = running.subscribers
            consumer = subscriber.consumer      # type: ignore[attr-defined]
            fetch, failures = consumer.getmany, 2

            async def getmany(*places: Any, **how: Any) -> Any:
                nonlocal failures
                if failures:
                    failures -= 1
                    raise LookupError("no more")
                return await fetch(*places, **how)

            consumer.getmany = getmany
            async with asyncio.timeout(30):
                told.extend([await troubles.get() for _ in range(3)])
        finally:
            await running.stop()

    monkeypatch.setattr(kafka, "RECOVERED", 0.3)
    troubles, told = Troubles(), list[tuple[str, str | None]]()
    asyncio.run(run())
    what = "consumer test.intake"
    assert told == [(what, f"{what} failed and reads again since: LookupError: no more")] * 2 + [(what, None)]


def test_a_batch_that_fails_comes_again_whole_and_what_fails_is_told_until_it_works(settings: Settings) -> None:
    async def run() -> None:
        send(settings, ODD, range(1))
        await receive(settings, seen, len(ODD), troubles)

    seen, troubles = Seen(failures=2), list[tuple[str, str | None]]()
    asyncio.run(run())
    assert seen.calls == 3
    assert [str(record) for record in seen.records] == [str(record) for record in ODD]
    what = "batch of pruefpfad.intake"
    assert troubles == [(what, "a batch of pruefpfad.intake fails: RuntimeError: not yet")] * 2 + [(what, None)]


def test_what_was_handled_does_not_come_again_to_the_same_group(settings: Settings) -> None:
    async def run() -> None:
        send(settings, ODD, range(1))
        await receive(settings, first, len(ODD), [])
        send(settings, [(b"k", b"new", [])], range(1))
        await receive(settings, second, 1, [])

    first, second = Seen(), Seen()
    asyncio.run(run())
    assert [value for _, value, _ in second.records] == [b"new"]


@pytest.mark.parametrize(("stream", "group"), [(streams.FUNDING, "g"), (streams.INTAKE, "h")])
def test_a_group_and_a_stream_have_one_subscriber(stream: str, group: str) -> None:
    twice = Consumers()
    twice.subscriber(streams.INTAKE, group="g")(on_anything)
    with pytest.raises(ValueError, match=f"group {group} or stream {stream} has a subscriber already"):
        twice.subscriber(stream, group=group)


def test_a_start_without_kafka_waits_and_says_why(tmp_path: Path) -> None:
    reasons: list[str | None] = []

    async def run() -> None:
        settings = Settings(data=tmp_path, kafka="127.0.0.1:1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await kafka.started(settings, lambda: pytest.fail("no broker without Kafka"), reasons.append)

    asyncio.run(run())
    assert len(reasons) >= 2
    assert all(reason and reason.startswith("Kafka cannot be used: ") for reason in reasons)


def test_topics_with_other_partitions_are_refused() -> None:
    with MockBroker([(streams.INTAKE, 4)]) as broker:
        settings = Settings(kafka=broker.address)
        with pytest.raises(TopicsMissing, match=f"pruefpfad.intake has 4 partitions, not {LANES}"):
            asyncio.run(prepare_topics(settings))
        with pytest.raises(TopicsMissing, match=r"pruefpfad.funding.* are not there yet; `pruefpfad prepare` makes them"):
            asyncio.run(check_topics(settings, [streams.INTAKE, streams.FUNDING]))


def test_topics_that_are_right_are_left_alone(settings: Settings) -> None:
    assert asyncio.run(prepare_topics(settings)) == []
