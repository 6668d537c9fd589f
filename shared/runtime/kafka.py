"""FastStream as Prüfpfad uses it: raw records in batches, redelivery after an error, patience, topics made beforehand.

What is relied on was tried with FastStream 0.7.8 (hence pinned):

- Only ``NACK_ON_ERROR`` both redelivers after an exception and leaves a cancelled batch uncommitted. It seeks back at once and
  for ever, hence ``patience``.
- A typed body that fails validation is redelivered thousands of times a second; one odd header makes FastStream's own parser
  lose the whole batch. Hence ``raw`` and ``bytes_only``.
- A consumer whose loop fails is started again without a word (and with ``logger=None`` without a log line). Hence ``watch``.
- Two subscribers with one group id block each other's start: one group id per subscriber.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from aiokafka import ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from faststream import AckPolicy, BaseMiddleware
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.schemas import Topic

from shared.contracts import streams
from shared.messaging import tolerant
from shared.runtime.settings import Settings
from shared.runtime.telemetry import in_one_line
from shared.values.subject import LANES

__all__ = ["Consumers", "KafkaMessage", "Subscription", "TopicsMissing", "patience", "prepare_topics", "raw", "started"]

log = logging.getLogger("pruefpfad.kafka")
tolerant.install()

TOPICS: Final = dict.fromkeys((*streams.STREAMS, streams.SUBMISSIONS), LANES) | {streams.REPLAY: 1}
"""Partitions of every topic. A lane is a partition, so the number is fixed for ever."""
KEEP: Final = dict.fromkeys(streams.STREAMS, "-1") | {streams.SUBMISSIONS: "-1", streams.REPLAY: str(3_600_000)}
"""``retention.ms`` of every topic: streams are kept for ever, requests for replay for an hour."""
LONGEST_PAUSE: Final = 5.0
RECOVERED: Final = 30.0
"""Seconds a consumer's loop must run after it failed before it counts as well again."""

Handler = Callable[..., Any]
Trouble = Callable[[str, str | None], None]
"""Hears what does not work and why; ``None``: it works again."""


class TopicsMissing(RuntimeError):
    """Topics are not there, or not with the partitions they must have."""


@dataclass(frozen=True)
class Subscription:
    """One handler, what it reads, and as which group."""

    stream: str
    group: str
    handler: Handler


class Consumers:
    """The subscribers of a service, declared at the top of its ``consumer.py``, made anew for every broker.

    ::

        router = Consumers()

        @router.subscriber(streams.INTAKE, group="funding.intake")
        def on_intake_events(message: KafkaMessage, funding: Annotated[Service, Context()]) -> None:
            \"\"\"Post intake facts, a batch per transaction; what follows leaves through the outbox.\"\"\"
            funding.once(message.raw_message, post_facts)
    """

    def __init__(self) -> None:
        self.subscriptions: list[Subscription] = []

    def subscriber(self, stream: str, *, group: str) -> Callable[[Handler], Handler]:
        """Let the function handle batches of the stream as this group. One group and one stream per subscriber."""
        if any(group == known.group or stream == known.stream for known in self.subscriptions):
            raise ValueError(f"group {group} or stream {stream} has a subscriber already; two would block each other")

        def subscribe(handler: Handler) -> Handler:
            self.subscriptions.append(Subscription(stream, group, handler))
            return handler

        return subscribe

    def groups(self, stream: str) -> tuple[str, ...]:
        """Groups that read the stream."""
        return tuple(known.group for known in self.subscriptions if known.stream == stream)

    def broker(
        self, settings: Settings, trouble: Trouble, *, name: str, publishes: str, events: Any, service: Any, gated: bool = False
    ) -> KafkaBroker:
        """A new, not yet started broker with all subscribers. Handlers get ``service`` under its name (``funding``);
        ``publishes`` and ``events`` declare for AsyncAPI what it tells; ``trouble`` hears why a batch fails, and ``None`` when it
        does not any more; ``gated``: the embedded broker, which wakes nobody who waits."""
        broker = KafkaBroker(
            (settings.kafka or "").split(","),
            client_id=f"pruefpfad.{name}",
            metadata_max_age_ms=10_000,         # else a group whose topics were made again stands still for five minutes
            graceful_timeout=settings.graceful_seconds,
            middlewares=(patience(trouble),),
            logger=None,                        # its critical log repeats every traceback at every redelivery
        )
        for known in self.subscriptions:
            broker.subscriber(
                Topic(known.stream, declare=False),
                group_id=known.group,
                batch=True,
                max_records=settings.batch,
                batch_timeout_ms=20,                # FastStream sleeps as long again if nothing came
                fetch_max_wait_ms=20 if gated else 500,
                check_crcs=False,                   # every event proves its bytes by its digest
                session_timeout_ms=settings.session_timeout_ms,
                heartbeat_interval_ms=max(300, settings.session_timeout_ms // 4),
                auto_offset_reset="earliest",
                ack_policy=AckPolicy.NACK_ON_ERROR,
                parser=bytes_only,
                decoder=raw,
                no_reply=True,
            )(known.handler)
        told = f"Everything {publishes} tells, keyed by subject"
        broker.publisher(Topic(publishes, declare=False), schema=events, description=told)
        broker.context.set_global(name, service)
        return broker


async def raw(message: Any) -> Any:
    """Decoder that decodes nothing: what cannot be read is found, and parked, event by event."""
    return message.body


async def bytes_only(batch: Sequence[ConsumerRecord], original: Callable[[Any], Awaitable[Any]]) -> Any:
    """Parser that cannot fail: FastStream's own sees two records without headers, then the whole batch is put in place.

    Two parameters: FastStream passes its own parser as the second. ``raw_message`` must be the whole batch, since a
    redelivery seeks by it.
    """
    ends = tuple(replace(record, headers=()) for record in (batch[0], batch[-1]))
    message = await original(ends)
    message.raw_message = message.body = batch
    return message


def watch(broker: KafkaBroker, trouble: Trouble) -> None:
    """Tell when the loop of a started broker's consumer fails, each time anew, and when it has run for a while since."""
    for subscriber in broker.subscribers:
        _watch(subscriber, trouble)


def _watch(subscriber: Any, trouble: Trouble) -> asyncio.Task[Any]:
    name = f"consumer {subscriber.group_id}"
    current: asyncio.Task[Any] = subscriber.tasks[-1]

    def ended(task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task not in subscriber.tasks:        # the broker stops
            return
        why = in_one_line(error) if (error := task.exception()) else "it ended by itself"
        trouble(name, f"{name} failed and reads again since: {why}")
        log.error("%s failed and was started again: %s", name, why, exc_info=error)
        if subscriber.tasks[-1] is not task:                        # FastStream's own callback has come first
            again = _watch(subscriber, trouble)
            task.get_loop().call_later(RECOVERED, lambda: None if again.done() else trouble(name, None))

    current.add_done_callback(ended)
    return current


def patience(trouble: Trouble) -> Any:
    """Middleware: after an error the same batch comes again, but not before a pause that grows to five seconds."""
    pauses: dict[str, float] = {}

    class Patience(BaseMiddleware):
        async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
            place = msg.raw_message[0].topic
            try:
                result = await call_next(msg)
            except Exception as error:
                pause = pauses[place] = min(pauses.get(place, 0.05) * 2, LONGEST_PAUSE)
                trouble(f"batch of {place}", f"a batch of {place} fails: {in_one_line(error)}")
                log.warning("a batch of %s fails and comes again in %.1f s: %s", place, pause, in_one_line(error))
                await asyncio.sleep(pause)
                raise
            if pauses.pop(place, None):
                trouble(f"batch of {place}", None)
            return result

    return Patience


async def started(
    settings: Settings, make: Callable[[], KafkaBroker], waiting: Callable[[str | None], None], trouble: Trouble = lambda *_: None
) -> KafkaBroker:
    """A started broker, watched: ``trouble`` hears of consumers whose loop fails.

    Tries for ever, with growing pauses and a new broker each time; ``waiting`` hears the reason, then ``None``. Missing topics
    are a reason to wait, too: they may still be made.
    """
    pause = 0.2
    while True:
        broker = None
        try:
            await check_topics(settings, list(TOPICS))
            broker = make()
            await broker.start()
            watch(broker, trouble)
            waiting(None)
            return broker
        except (KafkaError, OSError, TimeoutError, TopicsMissing) as error:
            reason = in_one_line(error)
            waiting(f"Kafka cannot be used: {reason}")
            log.warning("Kafka cannot be used, trying again in %.1f s: %s", pause, reason)
            await _stopped(broker)
        except BaseException:
            await _stopped(broker)
            raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _stopped(broker: KafkaBroker | None) -> None:
    if broker is None:
        return
    for stop in (broker.stop, broker.config.disconnect):        # the second is skipped by the first if a subscriber fails to stop
        try:
            await stop()
        except Exception as error:      # noqa: BLE001  (it is thrown away; what matters is why it did not start)
            log.debug("broker does not stop cleanly: %r", error)


async def check_topics(settings: Settings, names: Sequence[str]) -> None:
    """Raise ``TopicsMissing`` unless every one of these topics is there with the partitions it must have."""
    there = await _partitions(settings)
    missing = [name for name in names if name not in there]
    if missing:
        raise TopicsMissing(f"topics {', '.join(missing)} are not there yet; `pruefpfad prepare` makes them")
    _refuse_wrong({name: there[name] for name in names})


async def prepare_topics(settings: Settings) -> list[str]:
    """Make the topics that are not there and return their names; raises ``TopicsMissing`` if one has other partitions."""
    there = await _partitions(settings)
    _refuse_wrong({name: count for name, count in there.items() if name in TOPICS})
    missing = [name for name in TOPICS if name not in there]
    wanted = [NewTopic(name, TOPICS[name], settings.replication, topic_configs={"retention.ms": KEEP[name]}) for name in missing]
    async with _admin(settings) as admin:
        answer = await admin.create_topics(wanted) if wanted else None
    for name, code, *_ in answer.topic_errors if answer else ():
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} cannot be made")
    return missing


def _refuse_wrong(counts: Mapping[str, int]) -> None:
    wrong = [f"{name} has {count} partitions, not {TOPICS[name]}" for name, count in counts.items() if count != TOPICS[name]]
    if wrong:
        raise TopicsMissing(f"{'; '.join(wrong)}. A lane is a partition: such a topic cannot be used nor mended in place")


async def _partitions(settings: Settings) -> dict[str, int]:
    async with _admin(settings) as admin:               # all topics: asking for one by name could make it
        return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, request_timeout_ms=10_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
