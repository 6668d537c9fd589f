"""Two services end to end: facts in, results out, through whatever happens to them meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from shared.messaging.restored import RestoredFromOlderBackup
from shared.messaging.work import Work
from shared.runtime.access import ROLES, Actor
from shared.runtime.embedded import DataFolderInUse, locked
from shared.runtime.service import NotOpen
from shared.runtime.settings import Settings
from shared.runtime.stack import NotReady, Stack
from tests.shared.runtime import ping
from tests.shared.runtime.conftest import client, is_settled, numbers, until
from tests.shared.runtime.ping import BOTH, Asked
from tests.tools.kafka import free_port


def test_facts_become_results_and_come_back(running: Stack) -> None:
    client(running).ask("measure/there-and-back", 1_000, 200)
    expected = list(range(1_000, 1_200))
    until(lambda: [n for n in numbers(running, "intake") if n in expected] == expected)
    assert [n for n in numbers(running, "funding") if n in expected] == expected


def test_a_fact_that_cannot_be_applied_is_set_aside_and_the_rest_goes_on(running: Stack) -> None:
    client(running).ask("measure/unlucky", 10, 10)
    until(lambda: [n for n in numbers(running, "intake") if n < 20] == [10, 11, 12, 14, 15, 16, 17, 18, 19])
    assert running.service("funding").flow().inboxes["funding.intake"].parked == {"waiting": 1}


def test_stopped_half_way_with_the_brokers_data_gone_nothing_is_lost_or_doubled(embedded: Settings) -> None:
    subjects = [f"measure/M-{n}" for n in range(20)]
    with Stack(embedded, BOTH) as first:
        for subject in subjects:
            client(first).ask(subject, 100, 150)
        until(lambda: numbers(first, "funding"))
        half_way = len(numbers(first, "funding"))
    with Stack(embedded, BOTH) as second:
        client(second).ask(subjects[0], 250, 50)
        until(lambda: is_settled(second))
        expected = sorted([*range(100, 250)] * len(subjects) + [*range(250, 300)])
        assert numbers(second, "funding") == expected
        assert numbers(second, "intake") == expected
    assert half_way > 0


def test_a_publisher_restored_from_an_older_backup_refuses_to_start_and_says_what_to_do(outside: Settings) -> None:
    with Stack(outside, BOTH) as stack:
        client(stack).ask("measure/M-1", 100, 10)
        until(lambda: is_settled(stack))
    forget = "alter table outbox disable trigger user; delete from outbox where sequence > 5; update told set sequence = 5"
    with psycopg.connect(outside.admin_database.replace("/postgres?", "/intake?"), autocommit=True) as connection:     # type: ignore[union-attr]
        connection.execute(forget)
        connection.execute("update relayed set id = 0, at = -1 where at >= 0")
    refused = Stack(outside, BOTH)
    with pytest.raises(NotReady, match=r"intake: it refuses to start: .*restored from an older backup"):
        refused.__enter__()
    with pytest.raises(NotOpen):
        refused.service("intake").do(ping.ask, "measure/M-1", [1], Actor("jugendamt", "clerk"))
    with pytest.raises(RestoredFromOlderBackup):
        Stack(outside, BOTH).run()
    with serving(outside, "p.BOTH[:1]") as (process, url):
        until(lambda: "restored from an older backup" in httpx.get(f"{url}/health/ready").text)
        assert httpx.get(f"{url}/health/ready").status_code == 503
        assert httpx.get(f"{url}/health/live").status_code == 200               # started again it would refuse again
        assert 'pruefpfad_not_ready{service="intake"} 1.0' in httpx.get(f"{url}/metrics").text
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        said = process.stderr.read()
    assert said.count("refuses to start") == 1
    assert "Traceback" not in said


@contextmanager
def serving(settings: Settings, makers: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """These services as ``pruefpfad serve`` runs them, in a process of their own, and where HTTP answers."""
    given = settings.model_dump(exclude_none=True) | {"http": f"127.0.0.1:{free_port()}"}
    environment = {f"PRUEFPFAD_{name.upper()}": str(value) for name, value in given.items()} | {"PYTHONPATH": "."}
    served = "from shared.runtime import settings, stack as s; from tests.shared.runtime import ping as p; " + (
        f"s.serve(settings.read_settings(), {makers})"
    )
    with subprocess.Popen([sys.executable, "-c", served], env=environment, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: is_up(given["http"]))
        yield process, f"http://{given['http']}"
        if process.poll() is None:
            process.kill()


def is_up(address: str) -> bool:
    """Does anything answer there?"""
    try:
        return bool(httpx.get(f"http://{address}/health/live").status_code)
    except httpx.TransportError:
        return False


def test_postgresql_killed_while_everything_runs_comes_back_and_nothing_is_lost_or_doubled(embedded: Settings) -> None:
    with Stack(embedded, BOTH) as stack:
        caller = client(stack)
        caller.ask("measure/M-1", 100, 300)
        assert stack.embedded is not None and stack.embedded.postgres is not None
        killed = stack.embedded.postgres.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        until(lambda: stack.embedded.postgres.pid not in (None, killed))                    # type: ignore[union-attr]
        until(lambda: not stack.service("intake").causes() and not stack.service("funding").causes())
        caller.ask("measure/M-1", 400, 100)
        until(lambda: is_settled(stack))
        assert numbers(stack, "funding") == list(range(100, 500))
        assert numbers(stack, "intake") == list(range(100, 500))


def test_a_batch_in_flight_ends_and_commits_when_the_service_stops(outside: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def slowly(work: Work, facts: Sequence[Asked]) -> None:
        begun.set()
        assert may_end.wait(30)
        original(work, facts)
        ended.set()

    original = ping.answer
    monkeypatch.setattr(ping, "answer", slowly)
    with Stack(outside, BOTH) as stack:
        client(stack).ask("measure/in-flight", 1, 5)
        assert begun.wait(30)
        stopping = threading.Thread(target=stack.__exit__, args=(None, None, None))
        stopping.start()
        until(lambda: "it is going down" in stack.service("funding").causes())
        may_end.set()
        stopping.join(60)
        assert not stopping.is_alive()
    assert ended.is_set()
    assert outside.database is not None
    with psycopg.connect(outside.database_of("funding")) as connection:
        kept = connection.execute("select number from answer where subject = 'measure/in-flight' order by id").fetchall()
    assert kept == [(1,), (2,), (3,), (4,), (5,)]


def test_a_database_that_is_not_prepared_is_named(outside: Settings) -> None:
    with psycopg.connect(outside.owner_database_of("funding"), autocommit=True) as connection:
        connection.execute("delete from alembic_version_answers")
    with pytest.raises(NotReady, match=r"funding: .*stands at nothing of answers, .*pruefpfad prepare"):
        Stack(outside, BOTH, patience=2).__enter__()


def test_two_processes_do_not_share_a_data_folder(embedded: Settings) -> None:
    other = "import pathlib, sys; from shared.runtime import embedded; embedded.locked(pathlib.Path(sys.argv[1])).__enter__()"
    with locked(embedded.data):
        command = [sys.executable, "-c", other, str(embedded.data)]
        refused = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": "."})
        assert "DataFolderInUse" in refused.stderr
        assert f"process {os.getpid()}" in refused.stderr
        assert "PRUEFPFAD_DATA" in refused.stderr
        with pytest.raises(DataFolderInUse):
            locked(embedded.data).__enter__()
    with locked(embedded.data):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_order_and_leaves_no_postgresql_behind(embedded: Settings, number: signal.Signals) -> None:
    served = "from shared.runtime import settings, stack as s; from tests.shared.runtime import ping as p; " + (
        "s.serve(settings.read_settings(), p.BOTH)"
    )
    environment = {"PYTHONPATH": ".", "PRUEFPFAD_DATA": str(embedded.data), "PRUEFPFAD_HTTP": "127.0.0.1:0"}
    with subprocess.Popen([sys.executable, "-c", served], env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "funding is ready" in "".join(said) and "intake is ready" in "".join(said):
                break
        process.send_signal(number)
        said += process.stderr.readlines()
        assert process.wait(60) == 0, "".join(said)
    assert not (embedded.data / "postgres" / "postmaster.pid").exists()
    assert "Embedded mode: " in "".join(said)
    assert "".join(said).count("Access tokens, shown this once:") == 1
    assert all(f"  {role:<10} pp_" in "".join(said) for role in ROLES)
    assert "Traceback" not in "".join(said)


def test_doors_are_closed_before_the_service_is_up(embedded: Settings) -> None:
    service = ping.intake(embedded)
    with pytest.raises(NotOpen, match="starting"):
        service.do(ping.answer, [])
