"""The embedded PostgreSQL and broker: what survives, and what the gate holds back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts import streams
from shared.messaging.work import Work
from shared.runtime.embedded import SESSION_TIMEOUT_MS, Embedded, EmbeddedError, Gate, MockBroker, Postgres
from shared.runtime.settings import Settings
from shared.runtime.stack import Stack
from shared.values.subject import LANES
from tests.conftest import no_more_files
from tests.shared.runtime import ping
from tests.shared.runtime.conftest import client, is_settled, numbers, until
from tests.shared.runtime.ping import BOTH, Asked

OURS = """
import os, pathlib, psycopg, signal, sys
from shared.runtime.embedded import Postgres
server = Postgres(pathlib.Path(sys.argv[1]))
server.start()
with psycopg.connect(server.admin_url) as connection:
    connection.execute("create table kept as select 42 as answer")
print(server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def kept(server: Postgres) -> object:
    with psycopg.connect(server.admin_url) as connection:
        return connection.execute("select answer from kept").fetchone()


def killed_while_running(folder: Path) -> int:
    """Start a server in a process that is killed at once; returns the postmaster it leaves behind."""
    command = [sys.executable, "-c", OURS, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": "."}, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return int(done.stdout)


def test_a_server_left_running_by_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    left = killed_while_running(tmp_path / "postgres")
    with Postgres(tmp_path / "postgres") as server:
        assert server.pid == left
        assert kept(server) == (42,)
    assert server.pid is None


def test_a_server_that_died_with_its_process_recovers(tmp_path: Path) -> None:
    left = killed_while_running(tmp_path / "postgres")
    os.kill(left, signal.SIGKILL)
    with Postgres(tmp_path / "postgres") as server:
        assert server.pid != left
        assert kept(server) == (42,)


@pytest.mark.parametrize("note", ["", "12", f"{os.getpid()}\n/elsewhere\n1\n5432\n/tmp\n\n1 1\nready\n"])
def test_a_stale_or_damaged_note_of_a_postmaster_does_not_stop_the_start(tmp_path: Path, note: str) -> None:
    folder = tmp_path / "postgres"
    with Postgres(folder) as server, psycopg.connect(server.admin_url) as connection:
        connection.execute("create table kept as select 42 as answer")
    (folder / "postmaster.pid").write_text(note, "ascii")
    with Postgres(folder) as server:
        assert kept(server) == (42,)


def test_who_can_open_no_more_files_does_not_take_the_note_of_a_live_server_for_stale(tmp_path: Path, postgres: Postgres) -> None:
    note = tmp_path / "postgres" / "postmaster.pid"
    note.parent.mkdir()
    note.write_text(f"{postgres.pid}\n", "ascii")
    with no_more_files(), pytest.raises(EmbeddedError):
        Postgres(note.parent, patience=0).start()
    assert note.exists()


def test_durability_is_left_on_and_settings_arrive(tmp_path: Path) -> None:
    with Postgres(tmp_path / "postgres") as server, psycopg.connect(server.admin_url) as connection:
        expected = {"fsync": "on", "full_page_writes": "on", "data_checksums": "on", "jit": "off", "TimeZone": "UTC"}
        for name, value in expected.items():
            assert connection.execute(f"show {name}").fetchone() == (value,)


def test_a_server_that_cannot_start_says_where_its_own_words_are(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    with Postgres(folder):
        pass
    (folder / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError, match=r"does not start: .*Its own words are in .*log"):
        Postgres(folder, patience=1).start()


# ── the gate ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_gate_lets_two_chunks_ahead_and_names_who_does_not_read() -> None:
    now = [0.0]

    async def run() -> None:
        with MockBroker() as broker:
            gate = Gate(broker.address, streams.INTAKE, ["funding.intake"], clock=lambda: now[0])
            place = TopicPartition(streams.INTAKE, 3)
            for last in (4, 9):
                await asyncio.wait_for(gate.wait(), 10)
                gate.sent({3: last})
            third = asyncio.create_task(gate.wait())
            await asyncio.wait({third}, timeout=0.5)
            assert not third.done()
            assert gate.stuck is None
            now[0] = 11
            assert gate.stuck == "group funding.intake does not read pruefpfad.intake; what follows waits in the outbox"
            consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, group_id="funding.intake", enable_auto_commit=False)
            await consumer.start()
            consumer.assign([place])
            await consumer.commit({place: 4})
            await asyncio.wait({third}, timeout=0.5)
            assert not third.done()                         # the next offset to read is 4: record 4 is not read yet
            await consumer.commit({place: 5})
            await asyncio.wait_for(third, 10)
            assert gate.stuck is None
            await consumer.stop()
            await gate.close()

    asyncio.run(run())


@pytest.mark.parametrize("gated", [True, False])
def test_a_slow_consumer_loses_nothing_behind_the_gate_and_something_without_it(
    embedded: Settings, monkeypatch: pytest.MonkeyPatch, gated: bool
) -> None:
    def slowly(work: Work, facts: Sequence[Asked]) -> None:
        if not gated:
            until(lambda: sum(stacks[0].service("intake").flow().unsent) == 0)
        original(work, facts)

    original, stacks = ping.answer, list[Stack]()
    monkeypatch.setattr(ping, "answer", slowly)
    with Stack(embedded, BOTH) as stack:
        stacks.append(stack)
        intake, funding = stack.service("intake"), stack.service("funding")
        if not gated:
            intake._relay.gate = None                       # type: ignore[union-attr]
        caller = client(stack)
        for first in range(100, 4_100, 500):
            question = {"subject": "measure/M-1", "first": first, "count": 500, "bulk": 4_000}
            answer = caller.http.post("/intake/questions", params=question)
            assert answer.status_code == 200
        until(lambda: is_settled(stack) or funding.flow().inboxes["funding.intake"].gaps)
        lost = sum(funding.flow().counted.get("funding.intake", {}).get(what, 0) for what in ("gaps", "held"))
        if gated:
            assert numbers(stack, "funding") == list(range(100, 4_100))
            assert lost == 0
            assert intake._relay.counts["replayed"] == 0    # type: ignore[union-attr]
        else:
            assert lost > 0


def test_a_busy_process_is_not_taken_for_a_dead_one_unless_somebody_says_when(tmp_path: Path) -> None:
    elsewhere = {"database": "postgresql://{service}@localhost/{service}", "owner_database": "postgresql://o@localhost/{service}"}
    with Embedded(Settings(data=tmp_path / "one", **elsewhere)) as embedded:
        assert embedded.settings.session_timeout_ms == SESSION_TIMEOUT_MS > Settings().session_timeout_ms
    with Embedded(Settings(data=tmp_path / "two", session_timeout_ms=1_500, **elsewhere)) as embedded:
        assert embedded.settings.session_timeout_ms == 1_500


def test_topics_of_the_embedded_broker_have_a_partition_per_lane() -> None:
    async def counted() -> dict[str, int]:
        with MockBroker() as broker:
            consumer: Any = AIOKafkaConsumer(*streams.STREAMS, bootstrap_servers=broker.address)
            await consumer.start()
            try:
                return {name: len(consumer.partitions_for_topic(name)) for name in streams.STREAMS}
            finally:
                await consumer.stop()

    assert asyncio.run(counted()) == dict.fromkeys(streams.STREAMS, LANES)
