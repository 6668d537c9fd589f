"""The way out: outbox to Kafka in id order, heads behind it, and again for whoever asks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, Protocol

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.contracts import streams
from shared.messaging import heads, tolerant
from shared.messaging.envelope import SENT_COLUMNS, SENT_NAMES, ZERO, Message, Sent, message_of
from shared.messaging.heads import Head
from shared.messaging.inbox import COUNT, RAISE_ALARM, Inbox
from shared.messaging.replay import ASK, ROLL_CALL, Said, read_said, statement
from shared.messaging.work import CHANNEL
from shared.persistence.database import KEEPALIVE, plain_url
from shared.values.subject import LANES, lane_of

log = logging.getLogger("pruefpfad.relay")
tolerant.install()

READERS: Final = 8
"""Advisory lock (8, lane), held by the session of the one relay that carries this lane."""
FROZEN_AFTER: Final = 120.0
"""Seconds after which PostgreSQL takes a silent relay's lanes away. It asks every second, and waits for Kafka for less."""
PER_LANE: Final = 500
BYTES_PER_LANE: Final = 1_000_000
"""Most rows, and bytes of bodies, that are read of a lane at once."""
PER_ANSWER: Final = 2_000
"""Most events that are told again before what is new gets its turn."""
POLL: Final = 1.0
"""Seconds after which the outbox is looked at even without a notification."""
TICK: Final = 0.2
HEADS_AFTER: Final = 1.0
ASK_EVERY: Final = 0.5
LOOK_EVERY: Final = 5.0
"""Seconds after which it is looked for what our inboxes lack, though none says so: another replica may have found out, which has
not the lane, or has died since."""
FIRST_PAUSE: Final = 3.0
LONGEST_PAUSE: Final = 60.0
"""Seconds until the same question is asked again, when no answer has come."""

_IN_ARRAYS: Final = ", ".join(f"array_agg(o.{name} order by o.id)" for name in SENT_NAMES)

Fetched = list[tuple[Any, ...]]


class Gate(Protocol):
    """Holds publishing back where a broker keeps little: ``chunk_bytes`` at a time, each after ``wait``, noted by ``sent``."""

    async def wait(self) -> None: ...
    def sent(self, last: Mapping[int, int]) -> None: ...


class Relay:
    """Carries one service's outbox to its stream, and speaks for the service's inboxes on ``pruefpfad.replay``.

    One PostgreSQL session holds the lane locks, reads the rows and moves the positions: if it dies, it can do none of these
    any more. Replicas each take the lanes they get. Idle it costs a second connection that listens, and one query a second.
    """

    def __init__(
        self, database_url: str, stream: str, kafka: str, *, source: str, inboxes: Sequence[Inbox] = (), sweep: float = 600.0,
        gate: Gate | None = None, chunk_bytes: int = 2_000_000, **client: Any,
    ) -> None:
        """``source`` is the URN of installation and service (``ce_source``); ``sweep`` the seconds between full heads;
        ``client`` goes to every Kafka client (security settings)."""
        self.url, self.stream, self.kafka, self.source = plain_url(database_url), stream, kafka, source.encode("ascii")
        self.inboxes, self.sweep, self.gate, self.chunk_bytes = tuple(inboxes), sweep, gate, chunk_bytes
        self.client = {"bootstrap_servers": kafka, "metadata_max_age_ms": 10_000, **client}
        self.counts: Counter[str] = Counter()
        """relayed, replayed, asked, heads, sweeps, sessions: since this process started."""
        self.lanes: frozenset[int] = frozenset()
        """Lanes this relay carries now."""
        self.problem: str | None = None
        """What keeps it from working, in words; nothing while it works."""
        self.contradicted: str | None = None
        """A consumer knows events this outbox does not hold: it was restored from an older backup."""

    async def run(self) -> None:
        """Relay until cancelled. Whatever fails is tried again after a pause that grows to five seconds."""
        pause = 0.1
        while True:
            started = time.monotonic()
            # A task of its own: aiokafka's clients await what they cancel, and a failing group of tasks cancels its parent.
            session = asyncio.create_task(self._session(), name=f"{self.stream} relay session")
            try:
                await session
            except (Exception, asyncio.CancelledError) as error:    # a relay that ends in silence is the worst
                ours = asyncio.current_task()
                if isinstance(error, asyncio.CancelledError) and ours is not None and ours.cancelling():
                    raise
                causes = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
                self.problem = "; ".join(f"{type(cause).__name__}: {cause}".strip() for cause in causes)
                expected = all(isinstance(cause, psycopg.Error | KafkaError | OSError | TimeoutError) for cause in causes)
                log.warning("%s: %s", self.stream, self.problem, exc_info=None if expected else error)
            finally:
                self.lanes = frozenset()
            pause = 0.1 if time.monotonic() - started > 10 else min(pause * 2, 5.0)
            await asyncio.sleep(pause)

    async def _session(self) -> None:
        async with AsyncExitStack() as stack:
            connection = await self._connect(stack, ends_idle=self.gate is None)
            listening = await self._connect(stack)
            producer = AIOKafkaProducer(
                enable_idempotence=True, acks="all", max_batch_size=512 * 1024, max_request_size=4 * 1024 * 1024,
                request_timeout_ms=10_000, **self.client,
            )
            requests = AIOKafkaConsumer(auto_offset_reset="latest", enable_auto_commit=False, **self.client)
            for client in (producer, requests):
                stack.push_async_callback(client.stop)              # also if its start fails: it has tasks by then
                await client.start()
            requests.assign([TopicPartition(streams.REPLAY, 0)])
            session = _Session(self, connection, producer, await cluster_of(self.client))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(session.listen(listening))
                tasks.create_task(session.hear(requests))
                tasks.create_task(session.forward())

    async def _connect(self, stack: AsyncExitStack, *, ends_idle: bool = False) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """``ends_idle``: a process that says nothing any more is frozen, and its lanes go to another. Not behind a gate, which
        may hold back for longer. The outbox is read in the order of its key, whatever the statistics of a table that grows by the
        second make the planner think: a bitmap would read the whole backlog for every piece of it."""
        ends_after = round(FROZEN_AFTER * 1000) if ends_idle else 0
        options = f"-c timezone=utc -c enable_bitmapscan=off -c idle_session_timeout={ends_after}"
        connection = await psycopg.AsyncConnection.connect(
            self.url, autocommit=True, options=options, connect_timeout=10, **KEEPALIVE
        )
        stack.push_async_callback(connection.close)                 # gives the lane locks back
        return connection

    async def publish(self, producer: AIOKafkaProducer, messages: Iterable[Message]) -> dict[int, int]:
        """Everything leaves here, replays and heads too: chunk by chunk through the gate. Returns each lane's last offset."""
        last: dict[int, int] = {}
        for chunk in _chunks(messages, self.chunk_bytes if self.gate else None):
            if self.gate:
                await self.gate.wait()
            sent = await self._send(producer, chunk)
            if self.gate:
                self.gate.sent(sent)
            last |= sent
        return last

    async def _send(self, producer: AIOKafkaProducer, messages: Sequence[Message]) -> dict[int, int]:
        """One Kafka batch per lane (or as many as are needed), all acknowledged."""
        lanes: dict[int, list[Message]] = {}
        for message in messages:
            lanes.setdefault(message.lane, []).append(message)
        sent = []
        for lane, some in lanes.items():
            batch = producer.create_batch()
            for message in some:
                event = {"key": message.key, "value": message.value, "timestamp": None, "headers": message.headers}
                while batch.append(**event) is None:                                # full
                    sent.append((lane, await producer.send_batch(batch, self.stream, partition=lane)))
                    batch = producer.create_batch()
            sent.append((lane, await producer.send_batch(batch, self.stream, partition=lane)))
        results = await asyncio.gather(*(future for _, future in sent))
        return {lane: record.offset for (lane, _), record in zip(sent, results, strict=True)}


class _Session:
    """What a relay knows for as long as its PostgreSQL session lives."""

    def __init__(
        self, relay: Relay, connection: psycopg.AsyncConnection[tuple[Any, ...]], producer: AIOKafkaProducer, cluster: str
    ) -> None:
        self.relay, self.connection, self.producer, self.cluster = relay, connection, producer, cluster
        self.positions: dict[int, int] = {}
        self.offsets: dict[int, int] = {}
        self.changed: dict[str, tuple[int, str, int, bytes]] = {}
        self.due: set[int] = set()
        """Lanes whose subjects all get a head, as soon as there is no backlog."""
        self.requests: dict[str, int] = {}
        self.to_say: list[Said] = []
        self.asked: dict[tuple[str, str], tuple[int, float, float]] = {}
        self.wake = asyncio.Event()
        self._told_at = self._next_lanes = self._next_sweep = self._next_ask = self._next_look = 0.0

    async def listen(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        """Wake when a transaction with events commits."""
        await connection.execute(f"listen {CHANNEL}")
        async for _ in connection.notifies():
            self.wake.set()
        raise psycopg.OperationalError("the listening connection was closed")

    async def hear(self, requests: AIOKafkaConsumer) -> None:
        """Read what is asked: to be told again, or where our inboxes stand."""
        while True:
            for records in (await requests.getmany(timeout_ms=1_000)).values():
                for record in records:
                    said = read_said(record.value)
                    if said is not None:
                        await self._heard(said)
            self.wake.set()

    async def _heard(self, said: Said) -> None:
        if said.kind == ROLL_CALL:
            for inbox in self.relay.inboxes:
                if inbox.stream == said.stream:
                    self.to_say += statement(inbox.stream, inbox.consumer, await asyncio.to_thread(inbox.stands))
        elif said.stream == self.relay.stream:
            ours = {subject: place for subject, place in said.places.items() if lane_of(subject) in self.positions}
            await self._hold_against(said.consumer, ours)
            if said.kind == ASK:
                for subject, (sequence, _) in ours.items():
                    self.requests[subject] = min(sequence, self.requests.get(subject, sequence))

    async def _hold_against(self, consumer: str, places: Mapping[str, Head]) -> None:
        """A consumer that has applied what this outbox does not hold proves a restore from an older backup."""
        for subject, sequence in await unknown(self.connection, places):
            text = f"{consumer} has applied event {sequence} of {subject}, which this outbox does not hold: restored?"
            self.relay.contradicted = text
            log.error("%s: %s", self.relay.stream, text)
            await self.connection.execute(RAISE_ALARM, (self.relay.stream, subject, "restored", text))

    async def forward(self) -> None:
        """Lanes, rows, heads, answers, questions, and again."""
        while True:
            self.wake.clear()
            await self._take_lanes()
            rows = await self._next_rows()
            await self._carry(rows)
            await self._tell_changed(backlog=bool(rows))
            if not rows:
                await self._tell_all()
            answered = await self._answer(backlog=bool(rows))
            await self._ask()
            self.relay.problem = None
            if not rows and not answered:
                await self._rest()

    async def _rest(self) -> None:
        """Wait for a commit, a request, something missing, or a second."""
        until = time.monotonic() + POLL
        while time.monotonic() < until and not self._question_due():
            try:
                await asyncio.wait_for(self.wake.wait(), TICK)
                return
            except TimeoutError:
                if self.changed:
                    return

    def _question_due(self) -> bool:
        now = time.monotonic()
        return now >= self._next_ask and (now >= self._next_look or any(inbox.lacking.is_set() for inbox in self.relay.inboxes))

    async def _take_lanes(self) -> None:
        """Take what lanes nobody carries. Lock first, then read."""
        now = time.monotonic()
        if len(self.positions) < LANES and now >= self._next_lanes:
            self._next_lanes = now + 1
            free = sorted(set(range(LANES)) - set(self.positions))
            taken = [lane for (lane,) in await self._fetch(
                "select lane from unnest(%s::int[]) as lane where pg_try_advisory_lock(%s, lane)", free, READERS)]
            if taken:
                await self.connection.execute(
                    """insert into relayed (lane, id, at, cluster) select lane, 0, -1, %s from unnest(%s::int2[]) lane
                       on conflict do nothing""", (self.cluster, taken),
                )
                known = await self._fetch("select lane, id, at, cluster from relayed where lane = any(%s)", taken)
                for lane, id, at, cluster in known:
                    self.positions[lane], self.offsets[lane] = id, at if cluster == self.cluster else -1
                self.due |= set(taken)
                self.relay.lanes = frozenset(self.positions)
        if now >= self._next_sweep:
            self._next_sweep, self.due = now + self.relay.sweep, set(self.positions)

    async def _next_rows(self) -> list[Sent]:
        """What follows each lane's position, bounded in rows and in bytes.

        A lane comes as one row of arrays: PostgreSQL sends rows in pieces of 8 kB, each of which would wake us up, and a
        handler that is busy lets us wait for the interpreter every time.
        """
        lanes = sorted(self.positions)
        fetched = await self._fetch(
            f"""select {_IN_ARRAYS} from unnest(%s::int2[], %s::int8[]) as p(lane, at) cross join lateral (
                  select {SENT_COLUMNS}, sum(octet_length(body)) over (order by id) - octet_length(body) as before from (
                    select * from outbox x where x.lane = p.lane and x.id > p.at order by x.id limit {PER_LANE}) r) o
                where o.before < {BYTES_PER_LANE} group by o.lane""", lanes, [self.positions[lane] for lane in lanes])    # noqa: S608
        return [row for arrays in fetched for row in zip(*arrays, strict=True)]

    async def _carry(self, rows: Sequence[Sent]) -> None:
        """Publish rows and move the positions behind them."""
        if not rows:
            return
        last = await self.relay.publish(self.producer, (message_of(row, self.relay.source) for row in rows))
        for row in rows:
            self.positions[row[0]] = row[1]
            self.changed[row[2]] = (row[0], row[2], row[3], row[5])
        await self._move(last)
        self.relay.counts["relayed"] += len(rows)

    async def _move(self, last: Mapping[int, int]) -> None:
        """Write positions down. Offsets that went back mean that Kafka was wiped: then all heads are due."""
        if not last:
            return
        for lane, at in last.items():
            if at <= self.offsets[lane]:
                log.warning("%s: lane %s went back from offset %s to %s: wiped", self.relay.stream, lane, self.offsets[lane], at)
                self.due.add(lane)
            self.offsets[lane] = at
        lanes = list(last)
        await self.connection.execute(
            """update relayed r set id = n.id, at = n.at, cluster = %s
               from unnest(%s::int2[], %s::int8[], %s::int8[]) as n(lane, id, at) where r.lane = n.lane""",
            (self.cluster, lanes, [self.positions[lane] for lane in lanes], [last[lane] for lane in lanes]),
        )

    async def _tell_changed(self, *, backlog: bool) -> None:
        """Heads of what was just sent: at once when there is a pause, else every second."""
        now = time.monotonic()
        if self.changed and (not backlog or now - self._told_at > HEADS_AFTER):
            told, self.changed, self._told_at = list(self.changed.values()), {}, now
            await self._tell(told, full=False)

    async def _tell_all(self) -> None:
        """Heads of all subjects of the lanes that are due: what was *sent*, never what is only in the outbox."""
        if not self.due:
            return
        lanes = sorted(self.due & set(self.positions))
        self.due = set()
        await self._tell(await self._heads_sent("t.lane = any(%s)", lanes), full=True)
        self.relay.counts["sweeps"] += 1

    async def _heads_sent(self, condition: str, *parameters: Any) -> Fetched:
        lanes = sorted(self.positions)
        return await self._fetch(
            f"""select t.lane, t.subject, o.sequence, o.digest from unnest(%s::int2[], %s::int8[]) as p(lane, at)
                join told t on t.lane = p.lane cross join lateral (select x.sequence, x.digest from outbox x
                  where x.subject = t.subject and x.id <= p.at order by x.sequence desc limit 1) o where {condition}""",    # noqa: S608
            lanes, [self.positions[lane] for lane in lanes], *parameters,
        )

    async def _tell(self, rows: Iterable[tuple[int, str, int, bytes]], *, full: bool) -> None:
        [(now,)] = await self._fetch("select clock_timestamp()")
        told = list(heads.messages(rows, at=now, full=full))
        await self._move(await self.relay.publish(self.producer, told))
        self.relay.counts["heads"] += len(told)

    async def _answer(self, *, backlog: bool) -> bool:
        """Tell again what was asked for, at most ``PER_ANSWER`` events before what is new gets its turn; then the head.

        That is a full head, which ends the wait for what was never told, unless a backlog may hold more.
        """
        if not self.requests:
            return False
        some = dict(list(self.requests.items())[:PER_ANSWER])
        told: dict[str, int] = dict(await self._fetch("select subject, sequence from told where subject = any(%s)", list(some)))
        chosen, room = {}, PER_ANSWER
        for subject, after in some.items():
            if room <= 0:
                break
            chosen[subject] = after
            room -= max(0, told.get(subject, 0) - after)
        lanes = sorted(self.positions)
        rows = await self._fetch(
            f"""select o.* from unnest(%s::text[], %s::int8[], %s::int2[]) as w(subject, after, lane)
                join unnest(%s::int2[], %s::int8[]) as p(lane, at) on p.lane = w.lane cross join lateral (
                  select {SENT_COLUMNS} from outbox x where x.subject = w.subject and x.sequence > w.after and x.id <= p.at
                  order by x.sequence limit {PER_ANSWER}) o""",    # noqa: S608
            list(chosen), list(chosen.values()), [lane_of(s) for s in chosen], lanes, [self.positions[lane] for lane in lanes],
        )
        await self._count("replayed", len(rows))        # first: what is told again is never told uncounted
        again = (message_of(row, self.relay.source) for row in rows)
        await self._move(await self.relay.publish(self.producer, again))
        reached = {row[2]: row[3] for row in rows}
        done = []
        for subject, after in chosen.items():
            if reached.get(subject, after) - after < PER_ANSWER:
                self.requests.pop(subject, None)
                done.append(subject)
            else:
                self.requests[subject] = reached[subject]
        known = await self._heads_sent("t.subject = any(%s)", done)
        unheard = [(lane_of(s), s, 0, ZERO) for s in done if s not in {row[1] for row in known}]
        await self._tell([*known, *unheard], full=not backlog)
        return True

    async def _ask(self) -> None:
        """Ask for what our inboxes lack; the same only after a pause, and after a longer one if nothing came."""
        now = time.monotonic()
        if self._question_due():
            looks = now >= self._next_look
            self._next_look = now + LOOK_EVERY if looks else self._next_look
            for inbox in self.relay.inboxes:
                if looks or inbox.lacking.is_set():
                    inbox.lacking.clear()
                    lacks = await asyncio.to_thread(inbox.lacks)
                    if lacks:
                        self._next_ask = now + ASK_EVERY
                        inbox.lacking.set()
                    if due := self._due(inbox, lacks, now):
                        await self._count("asked", len(due))
                        self.to_say.append(Said(ASK, inbox.stream, inbox.consumer, due))
        said, self.to_say = self.to_say, []
        for one in said:
            await self.producer.send_and_wait(streams.REPLAY, one.encode(), partition=0)

    async def _count(self, what: str, times: int) -> None:
        """Count what should be rare, also in the database."""
        if times:
            self.relay.counts[what] += times
            await self.connection.execute(COUNT, (self.relay.stream, [what], [times]))

    def _due(self, inbox: Inbox, lacks: Mapping[str, Head], now: float) -> dict[str, Head]:
        """Subjects of our lanes that were not asked for, or long ago; where progress is made the answer is under way."""
        due = {}
        for subject, place in lacks.items():
            if lane_of(subject) in self.positions:
                sequence, at, pause = self.asked.get((inbox.consumer, subject), (-1, 0.0, 0.0))
                if sequence == -1 or (place[0] == sequence and now - at >= pause):
                    due[subject] = place
                    self.asked[inbox.consumer, subject] = (place[0], now, min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE))
                elif place[0] != sequence:
                    self.asked[inbox.consumer, subject] = (place[0], now, FIRST_PAUSE)
        for key in [k for k in self.asked if k[0] == inbox.consumer and k[1] not in lacks]:
            del self.asked[key]
        return due

    async def _fetch(self, sql: str, *parameters: Any) -> Fetched:
        return await (await self.connection.execute(sql, parameters, binary=True)).fetchall()


def _chunks(messages: Iterable[Message], most: int | None) -> Iterator[list[Message]]:
    """Messages in chunks of at most so many bytes, or all at once."""
    chunk: list[Message] = []
    size = 0
    for message in messages:
        if chunk and most is not None and size + message.size > most:
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += message.size
    if chunk:
        yield chunk


async def unknown(connection: psycopg.AsyncConnection[tuple[Any, ...]], places: Mapping[str, Head]) -> list[tuple[str, int]]:
    """Of places somebody else knows: those this outbox does not hold, or holds with another digest."""
    some = {subject: place for subject, place in places.items() if place[0] > 0}
    if not some:
        return []
    rows = await (await connection.execute(
        """select w.subject, w.sequence from unnest(%s::text[], %s::int8[], %s::bytea[]) as w(subject, sequence, digest)
           left join outbox o on o.subject = w.subject and o.sequence = w.sequence
           where o.digest is distinct from w.digest order by w.subject""",
        (list(some), [p[0] for p in some.values()], [p[1] for p in some.values()]),
    )).fetchall()
    return [(subject, sequence) for subject, sequence in rows]


async def cluster_of(client: Mapping[str, Any]) -> str:
    """Kafka's id of itself: another one is another log, whatever its offsets say."""
    admin = AIOKafkaAdminClient(**client)
    try:
        await admin.start()
        return str((await admin.describe_cluster()).get("cluster_id") or "")
    finally:
        await admin.close()
