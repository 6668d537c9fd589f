"""The two doors and the chores: one transaction each, tried again only where nothing was committed."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from shared.contracts import streams
from shared.contracts.intake import INTAKE, IntakeEvent
from shared.messaging.work import Work
from shared.runtime import service as services
from shared.runtime.access import Actor
from shared.runtime.service import OutcomeUnknown, Service
from shared.runtime.settings import Settings
from shared.runtime.stack import Stack
from shared.runtime.telemetry import exposition
from tests.shared.runtime.conftest import is_settled, numbers, until
from tests.shared.runtime.ping import BOTH, ask, ask_about, funding

CLERK = Actor("jugendamt", "clerk")


@pytest.fixture
def intake(running: Stack) -> Service:
    return running.service("intake")


def end_own_connection(work: Work) -> None:
    """Let PostgreSQL end the connection of this transaction."""
    work.session.execute(text("select pg_terminate_backend(pg_backend_pid())"))


def end_connection_of(service: Service, pid: int) -> None:
    with psycopg.connect(service.settings.database_of(service.name)) as connection:
        connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))


def test_do_returns_what_the_use_case_returns_and_commits(running: Stack, intake: Service) -> None:
    assert intake.do(ask, "measure/do", range(20_000, 20_003), CLERK) == 3
    until(lambda: [n for n in numbers(running, "funding") if 20_000 <= n < 20_100] == [20_000, 20_001, 20_002])


def test_a_use_case_that_raises_leaves_nothing(running: Stack, intake: Service) -> None:
    def fails(work: Work) -> None:
        ask(work, "measure/raises", [20_100], CLERK)
        raise LookupError("no")

    with pytest.raises(LookupError):
        intake.do(fails)
    intake.do(ask, "measure/raises", [20_101], CLERK)
    until(lambda: is_settled(running))
    assert [n for n in numbers(running, "funding") if 20_100 <= n < 20_200] == [20_101]


def test_a_connection_lost_before_the_commit_is_tried_again_and_told_once(running: Stack, intake: Service) -> None:
    attempts: list[int] = []

    def unlucky(work: Work) -> None:
        attempts.append(1)
        ask(work, "measure/unlucky-twice", [20_200], CLERK)
        if len(attempts) < 3:
            end_own_connection(work)

    intake.do(unlucky)
    assert len(attempts) == 3
    until(lambda: is_settled(running))
    assert [n for n in numbers(running, "funding") if 20_200 <= n < 20_300] == [20_200]


def test_what_never_works_is_given_up(intake: Service) -> None:
    attempts: list[int] = []

    def hopeless(work: Work) -> None:
        attempts.append(1)
        end_own_connection(work)

    with pytest.raises(OperationalError):
        intake.do(hopeless)
    assert len(attempts) == 5


def test_what_postgresql_refuses_is_not_tried_again(intake: Service) -> None:
    attempts: list[int] = []

    def wrong(work: Work) -> None:
        attempts.append(1)
        work.session.execute(text("select nothing from nowhere"))

    with pytest.raises(ProgrammingError):
        intake.do(wrong)
    assert len(attempts) == 1


def test_a_connection_lost_while_committing_is_neither_repeated_nor_called_done(intake: Service) -> None:
    attempts: list[int] = []

    def unlucky(work: Work) -> None:
        attempts.append(1)
        pid = work.session.execute(text("select pg_backend_pid()")).scalar_one()
        event.listen(work.session, "before_commit", lambda _: end_connection_of(intake, pid), once=True)

    with pytest.raises(OutcomeUnknown, match="look before repeating"):
        intake.do(unlucky)
    assert len(attempts) == 1


def test_the_log_line_of_a_use_case_has_its_actor_and_nothing_personal(
    intake: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "pruefpfad.use_case"):
        intake.do(ask, "measure/secret-name", [], CLERK)
    line = next(record for record in caplog.records if record.getMessage() == "ask")
    fields: dict[str, object] = line.fields         # type: ignore[attr-defined]
    assert fields["actor"] == "jugendamt"
    assert fields["outcome"] == "done"
    assert "secret-name" not in str(fields)


def lines(caplog: pytest.LogCaptureFixture, use_case: str) -> list[dict[str, Any]]:
    """Fields of the log lines of a use case, in their order."""
    return [record.fields for record in caplog.records if record.getMessage() == use_case]      # type: ignore[attr-defined]


def test_the_log_line_counts_subjects_and_names_the_hand_in_all_belongs_to(
    running: Stack, intake: Service, caplog: pytest.LogCaptureFixture
) -> None:
    hand_in = uuid4()
    with caplog.at_level(logging.INFO, "pruefpfad.use_case"):
        intake.do(ask_about, ["measure/log-1", "measure/log-2"], hand_in, CLERK)
        until(lambda: is_settled(running))
    told, = lines(caplog, "ask_about")
    assert (told["subjects"], told["emitted"], told["correlation"]) == (2, 2, str(hand_in))
    applied = lines(caplog, "answer")
    assert sum(line["subjects"] for line in applied) == 2
    assert {line["correlation"] for line in applied} == {str(hand_in)}
    assert "log-1" not in str(told) + str(applied)


def test_the_log_line_of_what_belongs_to_several_hand_ins_names_none(
    intake: Service, caplog: pytest.LogCaptureFixture
) -> None:
    def both(work: Work, actor: Actor) -> None:
        for _ in range(2):
            ask_about(work, ["measure/log-3"], uuid4(), actor)

    with caplog.at_level(logging.INFO, "pruefpfad.use_case"):
        intake.do(both, CLERK)
    line, = lines(caplog, "both")
    assert (line["subjects"], line["emitted"], line.get("correlation")) == (1, 2, None)


@pytest.mark.parametrize("events", [IntakeEvent, INTAKE])
def test_asyncapi_declares_every_event_the_service_tells(events: object) -> None:
    service = Service("intake", Settings(kafka="kafka:9092"), publishes=streams.INTAKE, events=events)
    document = json.loads(service.asyncapi())
    schemas = set(document["components"]["schemas"])
    assert {"VoucherRecorded", "FileRead", "RowRejected"} <= schemas
    assert service.asyncapi() == service.asyncapi()


# ── chores ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_chore_runs_by_itself_sooner_when_woken_and_at_once_while_there_is_more(outside: Settings) -> None:
    runs: list[int] = []

    def count(_: Work) -> bool:
        runs.append(1)
        return len(runs) < 5

    def with_chore(settings: Settings) -> Service:
        service = funding(settings)
        service.chore(count, every=3_600)
        return service

    with Stack(outside, [BOTH[0], with_chore]) as stack:
        until(lambda: len(runs) == 5)
        stack.service("funding").wake()
        until(lambda: len(runs) == 6)
        stack.service("intake").do(ask, "measure/wakes", [1], CLERK)
        until(lambda: len(runs) >= 7)


def test_a_chore_is_left_alone_when_it_is_not_due(outside: Settings) -> None:
    asked, ran, due = threading.Event(), threading.Event(), threading.Event()

    def when() -> bool:
        asked.set()
        return due.is_set()

    def with_chore(settings: Settings) -> Service:
        service = funding(settings)
        service.chore(lambda _: ran.set(), every=0.05, when=when)
        return service

    with Stack(outside, [with_chore]):
        assert asked.wait(10)
        assert not ran.is_set()
        due.set()
        assert ran.wait(10)


def test_a_chore_that_fails_says_so_in_readiness_until_it_works(outside: Settings) -> None:
    works = threading.Event()
    works.set()

    def fragile(_: Work) -> None:
        if not works.is_set():
            raise RuntimeError("not yet")

    def with_chore(settings: Settings) -> Service:
        service = funding(settings)
        service.chore(fragile, every=0.05)
        return service

    with Stack(outside, [with_chore]) as stack:
        service = stack.service("funding")
        works.clear()
        until(lambda: service.causes() == ["fragile fails: RuntimeError: not yet"])
        assert service.dead() is None
        assert failures(service) > 0
        works.set()
        until(lambda: not service.causes())
        assert failures(service) == 0


def failures(service: Service) -> float:
    """What the metrics page says of the chore ``fragile``."""
    service.telemetry.cache_seconds = 0
    page = exposition([service.telemetry])[0].decode()
    told, = re.findall(r'pruefpfad_chore_failures\{chore="fragile",service="funding"\} (\S+)', page)
    return float(told)


def test_parked_facts_are_tried_again_now_and_then(embedded: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "RETRY_EVERY", 0.2)
    with Stack(embedded, BOTH) as stack:
        stack.service("intake").do(ask, "measure/parked", [13], CLERK)

        def attempts() -> int:
            with stack.service("funding").database.transaction() as session:
                return session.execute(text("select max(attempts) from parked")).scalar() or 0

        until(lambda: attempts() > 2)


def test_a_chore_that_does_not_end_does_not_keep_the_service_from_going_down(embedded: Settings) -> None:
    began, ended = threading.Event(), threading.Event()

    def endless(_: Work) -> None:
        began.set()
        ended.wait(120)

    def busy(settings: Settings) -> Service:
        made = funding(settings)
        made.chore(endless, every=60)
        return made

    try:
        with Stack(embedded.model_copy(update={"graceful_seconds": 0.5}), [BOTH[0], busy]):
            assert began.wait(60)
            started = time.monotonic()
        assert time.monotonic() - started < 25
    finally:
        ended.set()
