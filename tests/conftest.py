"""What tests stand on: a real PostgreSQL, a fresh database with owner and runtime role, a clock that stands."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from shared.messaging.tables import HISTORY
from shared.messaging.work import StandingClock
from shared.persistence import migrations
from shared.persistence.database import Database, plain_url
from shared.runtime.embedded import Postgres

settings.register_profile("unhurried", deadline=None)   # how long an example takes is the machine's affair
settings.load_profile("unhurried")

_names = (f"test_{n}" for n in itertools.count(1))


@contextmanager
def no_more_files() -> Iterator[None]:
    """Nothing more can be opened in this process while the block lasts."""
    import resource  # not on every system

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(open_file.name) for open_file in Path("/dev/fd").iterdir())
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 8, hard))
        with suppress(OSError):
            while True:
                stack.enter_context(Path(os.devnull).open("rb"))
        yield


@dataclass(frozen=True)
class Fresh:
    """A database of its own: URLs of its owner and of its runtime role, and of the superuser."""

    name: str
    owner_url: str
    url: str
    admin_url: str


class Quick(Postgres):
    """Tests survive a killed server, not a power cut."""

    SETTINGS = {**Postgres.SETTINGS, "fsync": "off"}                            # noqa: RUF012


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """An embedded server for the session, stopped at its end.

    Not in pytest's own folder: its root is closed to others whenever a pytest starts, and run by root the server is another user.
    """
    with tempfile.TemporaryDirectory(prefix="pruefpfad-tests-") as folder, Quick(Path(folder) / "postgres") as server:
        migrations.prepare(server.admin_url, "tester")
        migrations.upgrade(server.url("tester_owner", "tester"), "tester", HISTORY)
        yield server


@pytest.fixture
def fresh_database(postgres: Postgres) -> Fresh:
    """A migrated database for one test (the tables of delivery; a service's test adds its own history)."""
    return make_database(postgres)


@pytest.fixture
def database(fresh_database: Fresh) -> Iterator[Database]:
    """The same, as the runtime role sees it."""
    with Database(fresh_database.url) as opened:
        yield opened


@pytest.fixture
def clock() -> StandingClock:
    """A clock that stands at noon of 2 March 2026, Berlin time."""
    return StandingClock(datetime(2026, 3, 2, 11, 0, tzinfo=UTC))


def make_database(server: Postgres, *histories: migrations.History) -> Fresh:
    """Another migrated database, with the roles ``tester_owner`` and ``tester``; it lives as long as the server."""
    name = next(_names)
    fresh = Fresh(name, server.url("tester_owner", name), server.url("tester", name), server.admin_url)
    with psycopg.connect(plain_url(fresh.admin_url), autocommit=True) as connection:
        connection.execute(f'create database "{name}" template tester owner tester_owner')       # faster than migrating
    migrations.create_database(fresh.admin_url, name, owner="tester_owner", runtime="tester")
    if histories:
        migrations.upgrade(fresh.owner_url, name, HISTORY, *histories, runtime_role="tester")
    return fresh
