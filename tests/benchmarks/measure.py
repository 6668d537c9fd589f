"""How each variant is run and timed. All of them on the same Kafka and PostgreSQL, one after the other."""

from __future__ import annotations

import asyncio
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import psutil
import psycopg

from shared.contracts.intake import VoucherRecorded
from shared.messaging.envelope import Message
from shared.messaging.relay import READERS
from shared.messaging.work import SystemClock, unit_of_work
from shared.persistence.database import Database, plain_url
from shared.values.subject import LANES, lane_of
from tests.benchmarks import floor, naive
from tests.benchmarks.vouchers import registrations, tell, vouchers
from tests.tools.cluster import Cluster, looking, reached
from tests.tools.kafka import ROOT

LONG = 1_800.0
"""Seconds that a run may take before it is given up."""


@dataclass
class Run:
    """One timed run: how many vouchers in which time, and what it cost."""

    name: str
    events: int
    seconds: float
    cores: dict[str, float] = field(default_factory=dict)
    """Processor time used, per second of the run, by process."""
    samples: list[tuple[float, int]] = field(default_factory=list)
    """Seconds since the start, events arrived by then."""

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    @property
    def microseconds(self) -> dict[str, int]:
        """Processor time per voucher, by process."""
        return {name: round(used * self.seconds / self.events * 1e6) for name, used in self.cores.items()}


# ── ours ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def ours(
    cluster: Cluster, name: str, events: int, *, hops: int = 2, replicas: int = 1, measures: int = 200, together: int = 1
) -> Run:
    """The real services as separate processes: from the moment intake's relay takes its lanes until the last entry is visible in
    funding's database (one hop), or the last line in reporting's (two hops). Intake's outbox is filled before."""
    warm(cluster, replicas, measures)
    if hops == 1:
        for replica in range(replicas):
            cluster.stop("reporting", replica)
    cluster.stop("intake")
    with lanes_held(cluster) as (holder, release):
        tell(cluster.settings.database_of("intake"), vouchers(0, events, measures, together=together))
        for service in ("intake", "funding", "reporting"):
            cluster.run(service, "vacuum analyze")
        cluster.run("intake", "checkpoint")
        cluster.start("intake", wait=True)
        with looking(cluster, "intake") as ask:
            release()
            held = """select count(*) from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
                      where l.locktype = 'advisory' and l.classid = %s and l.pid <> %s"""
            reached("intake's relay to take its lanes", lambda: ask(held, READERS, holder), every=0.002)
        return timed(cluster, name, events, hops)


def warm(cluster: Cluster, replicas: int, measures: int) -> None:
    """Fresh databases and topics, all services up, all measures registered, everything settled."""
    cluster.begin(session_timeout_ms=10_000, heads_seconds=600.0)
    cluster.start("intake")
    for replica in range(replicas):
        cluster.start("funding", replica)
        cluster.start("reporting", replica)
    cluster.await_ready()
    tell(cluster.settings.database_of("intake"), registrations(measures))
    cluster.settle(seconds=LONG)


@contextmanager
def lanes_held(cluster: Cluster) -> Iterator[tuple[int, Callable[[], None]]]:
    """Hold the lanes of intake's relay, so that it can be ready and yet not carry anything; gives who holds them, and how to let
    them go."""
    with cluster.connect("intake") as holder:
        holder.execute("select pg_advisory_lock(%s, lane) from generate_series(0, %s) as lane", (READERS, LANES - 1))
        yield holder.info.backend_pid, holder.close


def timed(cluster: Cluster, name: str, events: int, hops: int) -> Run:
    """Wait for the last one, looking at the small table of places until all that can have come has come."""
    database, group, last = ("funding", "funding.intake", "entry") if hops == 1 else ("reporting", "reporting.funding", "line")
    with looking(cluster, database) as ask, Usage(cluster) as usage:
        begin = time.perf_counter()
        samples: list[tuple[float, int]] = []
        sums = "select coalesce(sum(sequence), 0)::int8 from inbox where consumer = %s"
        before, subjects = int(ask(sums, group)), ask("select count(*) from inbox where consumer = %s", group)
        every = 0.05 if subjects < 1_000 else 0.2              # asking costs a tenth of a core otherwise

        def arrived() -> bool:
            there = int(ask(sums, group)) - before
            if not samples or there != samples[-1][1]:
                samples.append((time.perf_counter() - begin, there))
            return there >= events

        cluster.reached(f"{events} events in {database}", arrived, seconds=LONG, every=every)
        count = f"select count(*) from {last} where kind = 'voucher'"
        cluster.reached(f"{events} rows of {last}", lambda: int(ask(count)) >= events, seconds=LONG, every=every)
        seconds = time.perf_counter() - begin
        assert int(ask(count)) == events, f"{ask(count)} rows of {last} for {events} vouchers"
        return Run(name, events, seconds, usage.cores(seconds), samples)


class Usage:
    """Processor time of all processes of a cluster while the block lasts."""

    def __init__(self, cluster: Cluster) -> None:
        self.pids = {member.name: member.process.pid for member in cluster.members.values()}
        self.pids |= {"Kafka": cluster.kafka.pid or 0, "PostgreSQL": cluster.postgres.pid or 0}

    def __enter__(self) -> Usage:
        self.before = self._used()
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def cores(self, seconds: float) -> dict[str, float]:
        """Cores used since the block was entered, by process."""
        return {name: round((used - self.before.get(name, 0)) / seconds, 2) for name, used in self._used().items()}

    def _used(self) -> dict[str, float]:
        return {name: sum(map(_seconds, [pid, *_children(pid)])) for name, pid in self.pids.items()}


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    except psutil.NoSuchProcess:
        return 0.0


# ── the others ───────────────────────────────────────────────────────────────────────────────────────────────────────


def run_naive(cluster: Cluster, name: str, events: int, *, hops: int) -> Run:
    """The ordinary services, up and warm before the first voucher is sent."""
    url = own_database(cluster, "naive")
    naive.make_tables(url)
    services = ("funding", "reporting")[:hops]
    table = "entry" if hops == 1 else "line"
    return _others(cluster, name, naive.TOPICS, [("tests.benchmarks.naive", s) for s in services], url, table, events)


def run_floor(cluster: Cluster, name: str, events: int) -> Run:
    """Fetch, COPY, send on."""
    url = own_database(cluster, "floor")
    floor.make_tables(url)
    return _others(cluster, name, floor.TOPICS, [("tests.benchmarks.floor", hop) for hop in floor.HOPS], url, "second", events)


def _others(
    cluster: Cluster, name: str, topics: Sequence[str], commands: Sequence[tuple[str, str]], url: str, table: str, events: int
) -> Run:
    cluster.stop_all()
    cluster.make_topics(*topics)
    with ExitStack() as stack:
        for module, what in commands:
            command = [sys.executable, "-m", module, what, "--kafka", cluster.kafka.address, "--database", url]
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
            stack.callback(process.wait)
            stack.callback(process.kill)
        connection = stack.enter_context(psycopg.connect(plain_url(url), autocommit=True))

        def rows() -> int:
            found = connection.execute(f"select count(*) from {table}").fetchone()
            return int(found[0]) if found else 0

        warming = messages(vouchers(10_000_000, LANES * 10, LANES * 10))
        asyncio.run(_send(cluster.kafka.address, topics[0], warming))
        reached(f"{name} to be warm", lambda: rows() == len(warming))
        given = messages(vouchers(0, events, 200))
        cluster.run("postgres", "checkpoint")
        begin = time.perf_counter()
        asyncio.run(_send(cluster.kafka.address, topics[0], given))
        reached(f"{events} rows of {name}", lambda: rows() >= len(warming) + events, seconds=LONG, every=0.05)
        return Run(name, events, time.perf_counter() - begin)


async def _send(kafka: str, topic: str, given: Sequence[Message]) -> None:
    async with floor.producer(kafka) as producer:
        for first in range(0, len(given), 6_000):
            await floor.send(producer, topic, given[first : first + 6_000])


def messages(facts: Iterator[VoucherRecorded]) -> list[Message]:
    """Facts as they are on the wire, with the headers ours have."""
    headers = [
        ("ce_specversion", b"1.0"), ("ce_id", b"0" * 36), ("ce_source", b"urn:pruefpfad:bench:intake"),
        ("ce_type", b"de.pruefpfad.voucher.recorded.v1"), ("ce_time", b"2026-03-02T11:00:00+00:00"), ("ce_sequence", b"12345"),
        ("ce_previous", b"0" * 64), ("ce_digest", b"0" * 64), ("ce_actor", b"bench"), ("content-type", b"application/json"),
    ]
    return [
        Message(
            lane_of(f.subject), f.subject.encode(), f.model_dump_json().encode(), [*headers, ("ce_subject", f.subject.encode())]
        )
        for f in facts
    ]


def own_database(cluster: Cluster, name: str) -> str:
    """A database beside the services'; returns its URL."""
    if not cluster.run("postgres", "select 1 from pg_database where datname = %s", name):
        cluster.run("postgres", f"create database {name}")
    return cluster.postgres.url("postgres", name)


# ── idle ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def latency(cluster: Cluster, events: int, *, seed: int = 1) -> list[float]:
    """Milliseconds from the commit of a fact in intake to its line in reporting, one voucher at a time in an idle system."""
    warm(cluster, 1, 1)
    moments, taken = random.Random(seed), []
    with looking(cluster, "reporting") as ask, Database(cluster.settings.database_of("intake")) as database:
        there = "select 1 from line where subject = 'measure/M-00000' and book = 'main' and number = %s"
        for number, fact in enumerate(vouchers(0, events, 1), 1):
            time.sleep(moments.uniform(0.05, 0.4))              # it is to come at any moment, not in step with a poll
            with unit_of_work(database, SystemClock()) as work:
                work.emit(fact)
            begin = time.perf_counter()
            reached(f"line {number}", lambda number=number: ask(there, number), every=0.001)        # type: ignore[misc]
            taken.append((time.perf_counter() - begin) * 1_000)
    return taken


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def sections(run: Run, edges: Sequence[int]) -> list[tuple[int, int, float]]:
    """Events per second between these counts of events."""

    def at(count: int) -> float:
        return next((seconds for seconds, there in run.samples if there >= count), run.seconds)

    bounds = [0, *[edge for edge in edges if edge < run.events], run.events]
    return [
        (low, high, (high - low) / (at(high) - (at(low) if low else 0.0)))
        for low, high in pairwise(bounds)
    ]
