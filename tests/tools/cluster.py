"""Services as processes of their own around a real Kafka and a PostgreSQL: what chaos tests kill and benchmarks measure.

    with Cluster(folder) as cluster:
        cluster.begin()                                     # empty databases and topics
        cluster.start("intake"); cluster.start("funding", replica=1)
        cluster.await_ready()
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

import httpx
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from psycopg import sql

from services.funding import tables as funding_tables
from services.intake import tables as intake_tables
from services.reporting import tables as reporting_tables
from shared.contracts import streams
from shared.messaging.tables import HISTORY
from shared.persistence import migrations
from shared.persistence.database import plain_url
from shared.runtime.access import Role, create_token
from shared.runtime.embedded import Postgres
from shared.runtime.kafka import prepare_topics
from shared.runtime.settings import SERVICES, Settings
from shared.values.subject import LANES
from tests.tools.kafka import ROOT, Kafka, free_port

HISTORIES: Final = {
    "intake": intake_tables.HISTORY, "funding": funding_tables.HISTORY, "reporting": reporting_tables.HISTORY,
}
GROUPS: Final = {"funding.intake": streams.INTAKE, "reporting.funding": streams.FUNDING, "reporting.intake": streams.INTAKE}
"""Consumer groups and what they read."""
REMEMBERS: Final = b"a key for pseudonyms that is the same in every run"

POISON: Final = "measure/POISON"
"""Subject that a test tells of itself, past every publisher: it is nobody's, and waited for by nobody."""

T = TypeVar("T")


class NotReached(AssertionError):
    """A state was waited for in vain; the text says which, and what the state was."""


def reached(what: str, state: Callable[[], T], *, seconds: float = 180.0, every: float = 0.05) -> T:
    """Wait until ``state()`` is true and return it; raises ``NotReached``. What fails to answer is asked again."""
    end, last = time.monotonic() + seconds, "nothing was seen"
    while time.monotonic() < end:
        try:
            if found := state():
                return found
            last = f"it was {found!r}"
        except (psycopg.Error, httpx.HTTPError, KafkaError, OSError) as error:
            last = f"it failed: {error!r}"
        time.sleep(every)
    raise NotReached(f"waited {seconds:.0f} s for {what}; {last}")


@dataclass
class Member:
    """One service process."""

    service: str
    replica: int
    url: str
    log: Path
    process: subprocess.Popen[bytes]
    extra: Sequence[str] = ()
    """Arguments of its own, to start it again."""
    stopped: bool = False
    """Did we end it ourselves?"""

    @property
    def name(self) -> str:
        return f"{self.service}-{self.replica}"

    @property
    def ended_by_itself(self) -> bool:
        return self.process.poll() is not None and not self.stopped

    def end(self, how: signal.Signals, *, wait: float = 40.0) -> None:
        """Stop or kill it; returns when it is gone."""
        self.stopped = True
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(wait)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def last_words(self, length: int = 1500) -> str:
        return self.log.read_text("utf-8", "replace")[-length:]


@dataclass
class Cluster:
    """Kafka, PostgreSQL and service processes, all in one folder."""

    folder: Path
    command: Sequence[str] = ("-m", "services", "serve")
    """How a service is started; its name follows."""
    after_name: Sequence[str] = ()
    kafka: Kafka = field(init=False)
    postgres: Postgres = field(init=False)
    members: dict[str, Member] = field(default_factory=dict)
    settings: Settings = field(init=False)
    _tokens: dict[Role, str] = field(default_factory=dict)
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _round: int = 0

    def __enter__(self) -> Cluster:
        # A folder others may enter: run by root, PostgreSQL is another user.
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kafka = self._stack.enter_context(Kafka(self.folder / "kafka"))
        self.postgres = self._stack.enter_context(Postgres(self.folder / "postgres"))
        self.settings = Settings(
            kafka=self.kafka.address, database=self.postgres.url("{service}"),
            owner_database=self.postgres.url("{service}_owner"), admin_database=self.postgres.admin_url,
            session_timeout_ms=2_000, heads_seconds=2.0, graceful_seconds=10.0,
        )
        for service in SERVICES:
            self._prepare_template(service)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop_all(signal.SIGKILL)
        self._stack.close()

    # ── databases and topics ──────────────────────────────────────────────────────────────────────────────────────

    def begin(self, **settings: Any) -> None:
        """Empty databases, topics and data folder; services of the round before are gone."""
        self.stop_all(signal.SIGKILL)
        self._round += 1
        data = self.folder / f"data-{self._round}"
        self.settings = self.settings.model_copy(update={"data": data} | settings)
        for service in SERVICES:
            self.copy_database(f"clean_{service}", service)
        asyncio.run(self._empty_topics())
        self._tokens = {
            role: create_token(self.settings, f"test.{role}", role) for role in ("submitter", "clerk", "auditor", "operator")
        }

    def copy_database(self, template: str, name: str) -> None:
        """Put a copy of a database in the place of another, as a restore from a backup does."""
        runtime = next(service for service in SERVICES if service in name)
        with self.admin() as connection:
            ends = "select pg_terminate_backend(pid) from pg_stat_activity where datname = any(%s)"
            connection.execute(ends, ([template, name],))
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("create database {} template {} owner {}").format(
                    sql.Identifier(name), sql.Identifier(template), sql.Identifier(f"{runtime}_owner")
                )
            )
        migrations.create_database(self.settings.admin_database or "", name, owner=f"{runtime}_owner", runtime=runtime)

    def _prepare_template(self, service: str) -> None:
        admin = self.settings.admin_database or ""
        migrations.prepare(admin, service)
        migrations.upgrade(self.settings.owner_database_of(service), service, HISTORY, HISTORIES[service])
        if service == "intake":     # else pseudonyms, and what is made of them, would differ from run to run
            self.run("intake", "insert into installation (name, value) values ('pseudonyms', %s)", REMEMBERS)
        self.copy_database(service, f"clean_{service}")

    def make_topics(self, *names: str) -> None:
        """Make topics of their own, empty, with a partition per lane."""
        asyncio.run(self._make_topics(names))

    async def _make_topics(self, names: Sequence[str]) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.address)
        await admin.start()
        try:
            await _remove_topics(admin, lambda name: name in names)
            await admin.create_topics([NewTopic(name, LANES, 1) for name in names])
        finally:
            await admin.close()

    async def _empty_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.address)
        await admin.start()
        try:
            await _remove_topics(admin, lambda name: not name.startswith("__"))
        finally:
            await admin.close()
        await prepare_topics(self.settings)

    def prepare_topics(self) -> None:
        """Make the topics again, as an operator does after Kafka was wiped."""
        asyncio.run(prepare_topics(self.settings))

    def admin(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A superuser's connection."""
        return psycopg.connect(plain_url(self.postgres.admin_url), autocommit=True, connect_timeout=5)

    def run(self, database: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run SQL as a superuser; returns its rows. Tried again while PostgreSQL is getting over a kill."""
        end = time.monotonic() + 30
        while True:
            try:
                with self.connect(database) as connection:
                    done = connection.execute(statement, parameters)
                    return done.fetchall() if done.description else []
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A superuser's connection to a service's database, to look at it often."""
        return psycopg.connect(plain_url(self.postgres.url("postgres", database)), autocommit=True, connect_timeout=5)

    # ── services ──────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, service: str, replica: int = 0, *, extra: Sequence[str] = (), wait: bool = False) -> Member:
        """Start a service process; ``wait`` returns when it is ready."""
        port = free_port()
        log = self.folder / f"{service}-{replica}.{self._round}.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PRUEFPFAD_")}
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, *self.command, service, *self.after_name, *extra],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=inherited | self._environment(port), cwd=ROOT,
                start_new_session=True,
            )
        member = self.members[f"{service}-{replica}"] = Member(
            service, replica, f"http://127.0.0.1:{port}", log, process, tuple(extra)
        )
        if wait:
            self.await_ready()
        return member

    def start_all(self, replicas: int = 1) -> None:
        """Start every service so many times, and wait until all are ready."""
        for service in SERVICES:
            for replica in range(replicas):
                self.start(service, replica)
        self.await_ready()

    def _environment(self, port: int) -> dict[str, str]:
        s = self.settings
        return {
            "PRUEFPFAD_KAFKA": s.kafka or "", "PRUEFPFAD_DATABASE": s.database or "", "PRUEFPFAD_DATA": str(s.data),
            "PRUEFPFAD_HTTP": f"127.0.0.1:{port}", "PRUEFPFAD_SESSION_TIMEOUT_MS": str(s.session_timeout_ms),
            "PRUEFPFAD_HEADS_SECONDS": str(s.heads_seconds), "PRUEFPFAD_GRACEFUL_SECONDS": str(s.graceful_seconds),
            "PRUEFPFAD_BATCH": str(s.batch),
        }

    def await_ready(self, *, seconds: float = 180.0) -> None:
        """Wait until every started process says it is ready."""
        for member in list(self.members.values()):
            if not member.stopped:
                self.reached(f"{member.name} to be ready", partial(_is_ready, member), seconds=seconds)

    def reached(self, what: str, state: Callable[[], T], *, seconds: float = 180.0, every: float = 0.05) -> T:
        """``reached``, but a service that has ended by itself ends the waiting, with its last words."""

        def alive() -> T:
            for member in list(self.members.values()):
                if member.ended_by_itself:
                    raise AssertionError(f"{member.name} has ended by itself while {what} was awaited:\n{member.last_words()}")
            return state()

        try:
            return reached(what, alive, seconds=seconds, every=every)
        except NotReached as error:
            raise NotReached(f"{error}\n{self._words()}") from None

    def stop(self, service: str, replica: int = 0) -> None:
        """Stop a service in order."""
        self.members.pop(f"{service}-{replica}").end(signal.SIGTERM)

    def stop_all(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End all service processes."""
        for member in list(self.members.values()):        # all at once, then wait for each
            member.stopped = True
            if member.process.poll() is None:
                member.process.send_signal(how)
        for member in self.members.values():
            member.end(how)
        self.members.clear()

    def call(
        self, service: str, role: Role, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Call any replica of a service that answers."""
        with_token = {"Authorization": f"Bearer {self._tokens[role]}", **(headers or {})}
        error: Exception = ConnectionError(f"no {service} is running")
        for member in [m for m in self.members.values() if m.service == service and not m.stopped]:
            try:
                return httpx.request(method, f"{member.url}{path}", headers=with_token, timeout=20, **more)
            except httpx.HTTPError as failed:
                error = failed
        raise error

    # ── where everything is ───────────────────────────────────────────────────────────────────────────────────────

    def waiting(self) -> dict[str, Any]:
        """What has not come to rest, as the databases say; empty when all is settled."""
        sums = "select lane, sum(sequence)::int8 from told where subject <> %s group by lane"
        told = {
            stream: dict(self.run(service, sums, POISON))
            for service, stream in zip(SERVICES, streams.STREAMS, strict=True)
        }
        waits: dict[str, Any] = {}
        for group, stream in GROUPS.items():
            database = group.partition(".")[0]
            applied = "select lane, sum(sequence)::int8 from inbox where consumer = %s and subject <> %s group by lane"
            there = dict(self.run(database, applied, group, POISON))
            if missing := sum(told[stream].values()) - sum(there.values()):
                waits[group] = f"{missing} events of {stream} not applied"
            elif there != told[stream]:
                waits[group] = "lanes differ"
            odd = """select subject, sequence, head, held, state from inbox
                     where consumer = %s and (state <> 'ok' or held > 0) limit 3"""
            if places := self.run(database, odd, group):
                waits[f"{group} places"] = places
        if hand_ins := self.run("intake", "select count(*) from handin where state = 'waiting'")[0][0]:
            waits["hand-ins"] = hand_ins
        if due := self.run("funding", "select count(*) from journal where due_since is not null")[0][0]:
            waits["due"] = due
        return waits

    def settle(self, *, seconds: float = 90.0) -> None:
        """Wait until everything told is applied, everything handed in is read, and nothing is due any more."""
        seen: list[Any] = []

        def on_its_way() -> dict[str, Any]:
            waits = self.waiting()
            if not waits:                       # a chore may have told something between two looks: look twice
                total = self.run("funding", "select coalesce(sum(sequence), 0)::int8 from told")
                waits = {} if seen == [total] else {"told": total}
                seen[:] = [total]
            return waits

        self.rests("everything to settle", on_its_way, seconds=seconds)

    def rests(self, what: str, waiting: Callable[[], Mapping[str, Any]], *, seconds: float) -> None:
        """Wait until nothing is waiting any more."""
        last: list[Mapping[str, Any]] = [{}]

        def none() -> bool:
            last[0] = waiting()
            return not last[0]

        try:
            self.reached(what, none, seconds=seconds, every=0.1)
        except NotReached as error:
            raise NotReached(f"on its way: {last[0]}; {error}") from None

    def _words(self) -> str:
        return "\n".join(f"── {m.name}: {_health(m)}\n{m.last_words(800)}" for m in self.members.values())

    def counted(self) -> dict[str, dict[str, int]]:
        """Repeats, gaps and the like, by consumer, since the databases were made."""
        counts: dict[str, dict[str, int]] = {}
        for service in SERVICES:
            for who, what, times in self.run(service, "select who, what, times from counted"):
                counts.setdefault(who, {})[what] = times
        return counts

    # ── what goes wrong ───────────────────────────────────────────────────────────────────────────────────────────

    def kill(self, service: str, replica: int = 0) -> None:
        """kill −9."""
        self.members[f"{service}-{replica}"].end(signal.SIGKILL)

    def kill_postmaster(self) -> None:
        """kill −9 of PostgreSQL; its watcher starts it again."""
        pid = self.postgres.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            reached("PostgreSQL to come back", lambda: self.postgres.pid not in (None, pid) and self.run("postgres", "select 1"))

    def kill_backend(self, choose: Callable[[Sequence[int]], int]) -> bool:
        """kill −9 of one session of a service: PostgreSQL restarts all its sessions. False if there was none."""
        pids = [pid for (pid,) in self.run(
            "postgres", "select pid from pg_stat_activity where datname = any(%s) order by pid", list(SERVICES))]
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(choose(pids), signal.SIGKILL)
            return True
        return False

    def move_offsets(self, group: str, to: Callable[[int], int]) -> None:
        """Set a stopped group's offsets: ``to`` is given the end of each lane. Waits until its members are gone."""
        reached(f"offsets of {group} to be set", lambda: asyncio.run(self._move_offsets(group, to)), seconds=30, every=0.3)

    async def _move_offsets(self, group: str, to: Callable[[int], int]) -> bool:
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)        # it says at every attempt that members are left
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.address, group_id=group, enable_auto_commit=False)
        places = [TopicPartition(GROUPS[group], lane) for lane in range(LANES)]
        await consumer.start()
        try:
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            await consumer.commit({place: max(0, to(ends[place])) for place in places})
            return True
        finally:
            await consumer.stop()

    def publish(self, topic: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Write records to a topic, whatever they hold."""

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.kafka.address) as producer:
                for record in records:
                    await producer.send_and_wait(topic, **record)

        asyncio.run(send())


def _health(member: Member) -> str:
    try:
        return httpx.get(f"{member.url}/health/ready", timeout=5).text[:500]
    except httpx.HTTPError as error:
        return repr(error)


async def _remove_topics(admin: AIOKafkaAdminClient, chosen: Callable[[str], bool]) -> None:
    """Delete topics, and wait until they are gone: Kafka answers before, and what is still there is not made anew."""
    end = time.monotonic() + 60
    while there := [name for name in await admin.list_topics() if chosen(name)]:
        assert time.monotonic() < end, f"topics are not gone: {there}"
        await admin.delete_topics(there)
        await asyncio.sleep(0.05)


def _is_ready(member: Member) -> bool:
    answer = httpx.get(f"{member.url}/health/ready", timeout=5)
    return answer.status_code == 200


@contextlib.contextmanager
def looking(cluster: Cluster, database: str) -> Iterator[Callable[..., Any]]:
    """One value of SQL, asked again and again over one connection."""
    with cluster.connect(database) as connection:

        def ask(statement: str, *parameters: Any) -> Any:
            row = connection.execute(statement, parameters).fetchone()
            return row[0] if row else None

        yield ask
