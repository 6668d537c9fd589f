"""A service: two doors into it, one transaction behind each, and what it does at its own pace.

``once`` is the door for messages, ``do`` the one for people and clocks; nothing else opens a transaction. Both are open only
while the service runs, which it does in this order: database there and migrated, own log verified, parked facts tried again,
then consumers, relay and chores. It stops in reverse; a batch in flight ends and commits.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import psycopg
from aiokafka.errors import KafkaError
from alembic.script import ScriptDirectory
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from shared.contracts.event import Event
from shared.messaging import resuming
from shared.messaging.envelope import HEADS_KEY
from shared.messaging.flow import Flow, flow
from shared.messaging.inbox import Inbox
from shared.messaging.relay import Relay
from shared.messaging.restored import RestoredFromOlderBackup, verify_own_log
from shared.messaging.resuming import NotStopped
from shared.messaging.tables import HISTORY
from shared.messaging.work import Clock, SystemClock, Work, unit_of_work
from shared.persistence.database import Database, driver_error, is_lost
from shared.persistence.migrations import History, newer
from shared.runtime import kafka
from shared.runtime.access import Actor
from shared.runtime.chores import Chore, Chores
from shared.runtime.embedded import Gate
from shared.runtime.kafka import Consumers
from shared.runtime.settings import Settings
from shared.runtime.telemetry import Reading, Telemetry, in_one_line

log = logging.getLogger("pruefpfad.service")

ATTEMPTS: Final = 5
"""How often ``do`` tries what the database could not finish."""
LONGEST_PAUSE: Final = 5.0
RETRY_EVERY: Final = 3600.0
"""Seconds after which parked facts are tried again, in case whoever should have released them was killed."""
COLLECT: Final = (500_000, 20, 100)
"""Thresholds of Python's garbage collector. Batches make many objects that live as long as the batch and hold no cycles; with
the usual thresholds a third of the time goes into looking at them, with a tenth of these still a tenth."""
CORRELATION: Final = "ce_correlationid"
"""Header that names the hand-in an event goes back to."""
ROLLED_BACK: Final = ("40001", "40P01")
"""SQLSTATE of a transaction that PostgreSQL has undone to let others pass: serialization failure, deadlock."""

P = ParamSpec("P")
T = TypeVar("T")
UseCase = Callable[..., Any]


class NotOpen(RuntimeError):
    """The service has not come up yet, or is going down; ``causes`` say why."""

    def __init__(self, service: str, causes: Sequence[str]) -> None:
        self.causes = tuple(causes) or ("it is starting",)
        super().__init__(f"{service} is not open: {'; '.join(self.causes)}")


class OutcomeUnknown(RuntimeError):
    """The connection broke while committing: it may have been saved or not. Look before repeating."""


class NotMigrated(RuntimeError):
    """The database is older or newer than this program."""


@dataclass(frozen=True)
class Stream:
    """A stream that a service reads: what it says, and the use case that applies it (also at start, to what was parked)."""

    name: str
    events: TypeAdapter[Any]
    apply: UseCase
    only: frozenset[str] | None = None
    """Types of interest; others are counted and passed over. ``None``: all, and an unknown type is parked."""
    brief: Mapping[bytes, type[Event]] = field(default_factory=dict)
    """Models that read less of a type than its contract says, where the bytes are kept and only their place is needed now."""

    def reads(self, type: bytes, body: bytes) -> Event | None:
        """The event in a body, or ``None`` if it is of no interest. Raises what the contract raises."""
        if self.only is not None and type.decode("ascii") not in self.only:
            return None
        if (brief := self.brief.get(type)) is not None:
            return brief.model_validate_json(body)
        event: Event = self.events.validate_json(body)
        return event


class Service:
    """One service. Made in its ``app.py``, run by ``running()``; consumers, pages and chores only translate and call a door."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        publishes: str,
        events: Any,
        reads: Sequence[Stream] = (),
        consumers: Consumers | None = None,
        pages: Sequence[Any] = (),
        open_pages: Sequence[Any] = (),
        histories: Sequence[History] = (),
        clock: Clock | None = None,
        description: str = "",
    ) -> None:
        """``publishes`` and ``events``: the stream it tells and what it says (a union, or its adapter); ``reads``: the streams it
        applies; ``pages``: FastAPI routers, behind a token, ``open_pages``: without one; ``histories``: its migrations (those of
        messaging come first by themselves)."""
        self.name, self.settings, self.description = name, settings, description
        self.version = _version()
        self.publishes, self.events = publishes, events._type if isinstance(events, TypeAdapter) else events
        self.reads = {stream.name: stream for stream in reads}
        self.consumers = consumers or Consumers()
        self.pages, self.open_pages = tuple(pages), tuple(open_pages)
        self.histories = (HISTORY, *histories)
        self.clock = clock or SystemClock()
        self.telemetry = Telemetry(name)
        self.gate: Gate | None = None
        """Set in embedded mode: holds the relay back."""
        self.failed: BaseException | None = None
        """Why the service will never come up: a person must act."""
        self.on_failure: Callable[[BaseException], None] = lambda _: None

        self._backlog: Callable[[Session], int] | None = None
        self._database: Database | None = None
        self._open = threading.Event()
        self._troubles: dict[str, str] = {"start": "it is starting"}
        self._inboxes: dict[str, Inbox] = {}
        self._chores = Chores(name, self._trouble, _is_passing)
        self._stopping = threading.Event()
        self._broker: KafkaBroker | None = None
        self._relay: Relay | None = None
        self._relaying: asyncio.Task[None] | None = None
        self.telemetry.watch_delivery(
            self.flow,
            lambda: {inbox.consumer: inbox.counts for inbox in self._inboxes.values()},
            lambda: self._relay.counts if self._relay else {},
        )
        self.telemetry.gauge("not_ready", "1 while readiness names a cause", lambda: {(): float(bool(self.causes()))})
        self.telemetry.gauge(
            "chore_failures", "How often in a row a chore has failed: 0 when it works", self._chores.failures, ("chore",)
        )

    # ── the two doors ─────────────────────────────────────────────────────────────────────────────────────────────

    def once(self, records: Sequence[Any], use_case: UseCase) -> None:
        """Door for messages: apply a batch of one stream in one transaction, each event once. Only infrastructure fails it."""
        if not records:
            return
        self._must_be_open()
        with self.telemetry.use_case(use_case.__name__) as line:
            inbox = self._inboxes[records[0].topic]
            before = inbox.counts.copy()
            inbox.once(records, use_case)
            line.applied, line.parked = (inbox.counts[what] - before[what] for what in ("applied", "parked"))
            line.subjects, line.correlation = len({record.key for record in records} - {HEADS_KEY}), _correlation(records)
        if line.applied or line.parked:
            self.wake()

    def do(self, use_case: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Door for people and clocks: run ``use_case(work, …)`` in one transaction and return what it returns.

        What the database undid (a deadlock, a lost connection before the commit) is tried again, five times at most, so a use
        case must have no effect outside its transaction that may not happen twice. Raises ``OutcomeUnknown`` where the
        connection broke during the commit, ``NotOpen`` before the service is up.
        """
        result = self._transact(use_case, *args, **kwargs)
        self.wake()
        return result

    def _transact(self, use_case: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._must_be_open()
        name, actor, pause = _name(use_case), _actor(use_case, args, kwargs), 0.05
        for attempt in range(1, ATTEMPTS + 1):
            finished = False
            try:
                with self.telemetry.use_case(name, actor) as line, unit_of_work(self.database, self.clock) as work:
                    result = use_case(work, *args, **kwargs)
                    line.emitted, line.subjects, line.correlation = _told(work)
                    finished = True
                return result
            except (SQLAlchemyError, psycopg.Error) as error:
                state = getattr(driver_error(error), "sqlstate", None)
                if state not in ROLLED_BACK:
                    if not is_lost(error) or isinstance(error, PoolTimeout):    # that has waited long enough already
                        raise
                    if finished:
                        raise OutcomeUnknown(f"{name}: the connection broke while saving; look before repeating") from error
                if attempt == ATTEMPTS:
                    raise
                self.telemetry.retries.labels(self.name, name).inc()
                time.sleep(pause)
                pause *= 3
        raise AssertionError("unreachable")

    # ── at its own pace ───────────────────────────────────────────────────────────────────────────────────────────

    def chore(
        self, use_case: Callable[[Work], object], *, every: float, when: Callable[[], bool] | None = None, wakes: bool = True
    ) -> None:
        """Run ``use_case(work)`` by itself, in one thread with the other chores: at least every so many seconds, and, if it
        ``wakes``, sooner after something was applied (``wake``), if ``when()`` says so.

        Returns the use case ``True``, there is more to do and it runs again at once; else it rests as long as it worked,
        so that chores take at most half of the time. After an error it pauses, longer each time.
        """
        self._chores.add(Chore(_name(use_case), partial(self._transact, use_case), every, when, wakes))

    def wake(self) -> None:
        """Say that there may be something to do for the chores."""
        self._chores.wake()

    # ── how it is ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def database(self) -> Database:
        """The service's database. Only the two doors and ``flow`` use it."""
        if self._database is None:
            raise NotOpen(self.name, self.causes())
        return self._database

    def causes(self) -> list[str]:
        """Why the service is not ready; empty if it is. Asked by readiness, so it looks, and does not remember."""
        causes = list(self._troubles.values())
        if self.failed is not None:
            return [f"it refuses to start: {self.failed}"]
        if self.gate is not None and self.gate.stuck:
            causes.append(self.gate.stuck)
        if self._relay is not None:
            causes += [f"relay: {cause}" for cause in (self._relay.problem, self._relay.contradicted) if cause]
        if self._open.is_set():
            try:
                with self.database.engine.connect() as connection:
                    connection.execute(text("select 1"))
            except SQLAlchemyError as error:
                causes.append(f"the database does not answer: {in_one_line(error)}")
            if unreachable := _unreachable(self.settings.kafka or ""):
                causes.append(unreachable)
        return causes

    @property
    def waits_for_a_person(self) -> bool:
        """Would it refuse again, however often it is started? Then it stays and says why, instead of starting for ever."""
        return isinstance(self.failed, RestoredFromOlderBackup)

    def dead(self) -> str | None:
        """Why this process must be started again; nothing if it need not."""
        if self.failed is not None and not self.waits_for_a_person:
            return f"it refuses to start: {self.failed}"
        if self._open.is_set() and not self._stopping.is_set():
            if self._relaying is not None and self._relaying.done():
                return "the relay has ended"
            if self._chores.died:
                return "the thread of the chores has ended"
        return None

    def ask_again(self) -> dict[str, int]:
        """Try parked facts again, and ask for everything that is missing now instead of after the next heads."""
        released = {inbox.consumer: inbox.retry_parked(self.reads[stream].apply) for stream, inbox in self._inboxes.items()}
        for inbox in self._inboxes.values():
            inbox.lacking.set()
        self.wake()
        return released

    async def resume(self, subject: str, actor: str) -> list[str]:
        """Let a subject that was stopped as forked go on, where its publisher's history is the one that was applied; returns the
        consumers that do. Raises ``NotStopped``, or ``OtherHistory`` with where the histories part."""
        self._must_be_open()
        going = []
        for stream, inbox in self._inboxes.items():
            place = await asyncio.to_thread(resuming.stopped, inbox, subject)
            if place is not None:
                source = f"{self.settings.urn}:{stream.rpartition('.')[2]}"
                await resuming.verify_history(self.settings.kafka or "", stream, subject, place, source=source)
                await asyncio.to_thread(resuming.resume, inbox, subject, actor)
                log.warning("%s: %s goes on behind event %s, says %s", inbox.consumer, subject, place[0], actor)
                going.append(inbox.consumer)
        if not going:
            raise NotStopped(f"no consumer of {self.name} has stopped {subject}")
        return going

    def alarms(self) -> list[dict[str, Any]]:
        """Alarms nobody has acknowledged."""
        return resuming.open_alarms(self.database)

    def acknowledge(self, actor: str, subject: str | None = None) -> int:
        """Say that the open alarms (of a subject) were seen to; returns how many. They stay as rows."""
        return resuming.acknowledge(self.database, actor, subject)

    def flow(self) -> Flow:
        """Where everything is: told, relayed, applied, waiting. ``messaging.flow.settled`` compares those of all services."""
        return flow(self.database, self.publishes, list(self._inboxes.values()))

    def backlog(self, read: Callable[[Session], int]) -> None:
        """Say how to count what the service still has to do by itself: files to read, measures that are due."""
        self._backlog = read

    def work_left(self) -> int:
        """How much the service still has to do by itself; nothing is settled before it is 0."""
        if self._backlog is None:
            return 0
        with self.database.transaction() as session:
            return self._backlog(session)

    def gauge(self, name: str, text: str, read: Callable[[Session], Reading], labels: Sequence[str] = ()) -> None:
        """Publish a number of the domain as ``pruefpfad_<name>``: ``read(session)`` gives values by label values."""

        def from_database() -> Reading:
            with self.database.transaction() as session:
                return read(session)

        self.telemetry.gauge(name, text, from_database, labels)

    def asyncapi(self) -> bytes:
        """The AsyncAPI document of this service, as JSON."""
        broker = self._new_broker()
        document = AsyncAPI(broker, title=f"Prüfpfad {self.name}", version=self.version, description=self.description)
        return bytes(document.to_specification().to_json().encode())

    # ── running ───────────────────────────────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Service]:
        """Run the service while the block lasts. The block is entered at once; ``causes`` tell when it is ready, since
        databases and Kafka may come later."""
        gc.set_threshold(*COLLECT)
        opening = asyncio.create_task(self._come_up(), name=f"{self.name} comes up")
        try:
            yield self
        finally:
            await self._go_down(opening)

    async def _come_up(self) -> None:
        try:
            await self._patiently("database", self._connect)
            await self._verify()
            await self._patiently("parked facts", self._try_parked_again)
            again = Chore("retry_parked", self._try_parked_again, RETRY_EVERY, wakes=False, due=time.monotonic() + RETRY_EVERY)
            self._chores.add(again)
            gc.freeze()                             # what is here now stays: nobody need look at it again
            self._open.set()
            self._broker = await kafka.started(
                self.settings, self._new_broker, lambda why: self._trouble("kafka", why), self._trouble
            )
            self._relaying = asyncio.create_task(self._new_relay().run(), name=f"{self.name} relay")
            self._chores.start()
            self._trouble("start", None)
            log.info("%s is ready", self.name)
        except Exception as error:
            self.failed = error
            log.critical("%s refuses to start: %s", self.name, error, exc_info=not isinstance(error, RestoredFromOlderBackup))
            self.on_failure(error)

    async def _go_down(self, opening: asyncio.Task[None]) -> None:
        self._trouble("stop", "it is going down")
        self._stopping.set()
        self._chores.stop()
        if not opening.done():
            opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await opening
        if not await asyncio.to_thread(self._chores.join, self.settings.graceful_seconds):
            log.warning("%s goes down although a chore has not ended", self.name)
        if self._broker is not None:
            await self._broker.stop()
        if self._relaying is not None:
            self._relaying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._relaying
        self._open.clear()
        if self.gate is not None:
            await self.gate.close()
        if self._database is not None:
            await asyncio.to_thread(self._database.close)

    async def _patiently(self, what: str, step: Callable[[], None]) -> None:
        """Do a blocking step; while the database is away, tell so and try again."""
        pause = 0.1
        while True:
            try:
                await asyncio.to_thread(step)
                self._trouble(what, None)
                return
            except (SQLAlchemyError, psycopg.Error, NotMigrated) as error:
                if not (is_lost(error) or isinstance(error, NotMigrated)):
                    raise
                self._trouble(what, f"{what}: {in_one_line(error)}")
                log.warning("%s waits for its %s: %s", self.name, what, in_one_line(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _connect(self) -> None:
        """Reach the database and see that it is as new as this program."""
        if self._database is None:
            self._database = Database(self.settings.database_of(self.name), service=self.name)
            self._inboxes = {
                group.stream: Inbox(
                    self._database, group.stream, consumer=group.group, reads=self.reads[group.stream].reads, clock=self.clock,
                    held=self.settings.held, sleep=lambda _: None,      # the consumer's own patience waits, and can be cancelled
                )
                for group in self.consumers.subscriptions if group.stream in self.reads
            }
        with self._database.transaction() as session:
            for history in self.histories:
                script = ScriptDirectory(str(history.folder), version_locations=[str(history.folder)])
                newest, revisions = script.get_current_head(), {one.revision for one in script.walk_revisions()}
                known = session.execute(text("select to_regclass(:table)"), {"table": history.version_table}).scalar()
                there = session.execute(text(f"select version_num from {history.version_table}")).scalar() if known else None  # noqa: S608
                if there is not None and there not in revisions:
                    raise NotMigrated(newer(history))
                if there != newest:
                    raise NotMigrated(
                        f"the database stands at {there or 'nothing'} of {history.name}, this program needs {newest}; "
                        "run `pruefpfad prepare`"
                    )

    async def _verify(self) -> None:
        """Hold the own log on Kafka against the outbox, waiting for Kafka if need be; raises ``RestoredFromOlderBackup``."""
        groups = self.gate.groups if self.gate is not None else None        # embedded, all readers are known, and may be none
        pause = 0.2
        while True:
            try:
                await kafka.check_topics(self.settings, list(kafka.TOPICS))
                await verify_own_log(
                    self.settings.database_of(self.name), self.publishes, self.settings.kafka or "", source=self._source,
                    inboxes=list(self._inboxes.values()), expects=groups or (), answer_within=0.0 if groups == () else 5.0,
                )
                self._trouble("log", None)
                return
            except (KafkaError, OSError, TimeoutError, psycopg.OperationalError, kafka.TopicsMissing) as error:
                self._trouble("log", f"its own log cannot be verified: {in_one_line(error)}")
                log.warning("%s cannot verify its log; again in %.1f s: %s", self.name, pause, in_one_line(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    @property
    def _source(self) -> str:
        return f"{self.settings.urn}:{self.name}"

    def _try_parked_again(self) -> None:
        for stream, inbox in self._inboxes.items():
            inbox.retry_parked(self.reads[stream].apply)

    def _new_relay(self) -> Relay:
        self._relay = Relay(
            self.settings.database_of(self.name), self.publishes, self.settings.kafka or "",
            source=self._source, inboxes=list(self._inboxes.values()), sweep=self.settings.heads_seconds,
            gate=self.gate,
        )
        return self._relay

    def _new_broker(self) -> KafkaBroker:
        return self.consumers.broker(
            self.settings, self._trouble, name=self.name, publishes=self.publishes, events=self.events, service=self,
            gated=self.gate is not None,
        )

    def _must_be_open(self) -> None:
        contradicted = self._relay is not None and self._relay.contradicted is not None
        if contradicted or not self._open.is_set():
            raise NotOpen(self.name, self.causes())

    def _trouble(self, what: str, reason: str | None) -> None:
        """Remember why something does not work, or that it works again."""
        if reason is None:
            self._troubles.pop(what, None)
        else:
            self._troubles[what] = reason


def _is_passing(error: BaseException) -> bool:
    """Is it over by itself some day: a database that is away, a service that is not open?"""
    return is_lost(error) or isinstance(error, OutcomeUnknown | NotOpen)


def _name(use_case: UseCase) -> str:
    return str(getattr(use_case, "__name__", use_case))


def _actor(use_case: UseCase, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Who calls: an ``Actor`` among what is given, or what is given as ``actor``, the name of a token; else the program."""
    given = dict(zip(list(signature(use_case).parameters)[1:], args, strict=False)) | dict(kwargs)
    named = next((value for value in given.values() if isinstance(value, Actor)), given.get("actor"))
    return named.name if isinstance(named, Actor) else str(named or "pruefpfad")


def _told(work: Work) -> tuple[int, int, str]:
    """What a use case tells: events, subjects, and to which hand-in it belongs if all of it belongs to one."""
    events = work.emitted
    correlations = {event.correlation for event in events}
    one = correlations.pop() if len(correlations) == 1 else work.correlation
    return len(events), len({event.subject for event in events}), "" if one is None else str(one)


def _correlation(records: Sequence[Any]) -> str:
    """The hand-in to which a batch belongs, if all of it belongs to one."""
    first = next((header for header in records[0].headers or () if header[0] == CORRELATION), None)
    if first is None or first[1] is None or not all(first in (record.headers or ()) for record in records):
        return ""
    return str(first[1].decode("ascii", "replace"))


def _unreachable(kafka: str) -> str | None:
    """Why no address of Kafka answers."""
    reason = "no address is known"
    for address in kafka.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return None
        except (OSError, ValueError) as error:
            reason = str(error)
    return f"Kafka does not answer at {kafka}: {reason}; nothing is lost, the outbox keeps it"


def _version() -> str:
    try:
        return version("pruefpfad")
    except PackageNotFoundError:
        return "0"
