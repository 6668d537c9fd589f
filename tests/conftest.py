"""What tests stand on: a real PostgreSQL, a fresh database with owner and runtime role, a clock that stands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import pytest

from shared.messaging.tables import HISTORY
from shared.messaging.work import StandingClock
from shared.persistence import migrations
from shared.persistence.database import Database, plain_url
from shared.runtime.embedded import Postgres

_names = (f"test_{n}" for n in itertools.count(1))


@dataclass(frozen=True)
class Fresh:
    """A database of its own: URLs of its owner and of its runtime role, and of the superuser."""

    name: str
    owner_url: str
    url: str
    admin_url: str


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """An embedded server for the session, stopped at its end."""
    with Postgres(tmp_path_factory.mktemp("postgres")) as server:
        migrations.prepare(server.admin_url, "tester")
        yield server


@pytest.fixture
def fresh_database(postgres: Postgres) -> Iterator[Fresh]:
    """A migrated database for one test (the tables of delivery; a service's test adds its own history)."""
    fresh = make_database(postgres)
    yield fresh
    drop_database(fresh)


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
    """Another migrated database on the server, with the roles ``tester_owner`` and ``tester``."""
    name = next(_names)
    fresh = Fresh(name, server.url("tester_owner", name), server.url("tester", name), server.admin_url)
    migrations.create_database(fresh.admin_url, name, owner="tester_owner", runtime="tester")
    migrations.upgrade(fresh.owner_url, name, HISTORY, *histories, runtime_role="tester")
    return fresh


def drop_database(fresh: Fresh) -> None:
    """Drop it, whoever is still connected."""
    with psycopg.connect(plain_url(fresh.admin_url), autocommit=True) as connection:
        connection.execute(f'drop database if exists "{fresh.name}" with (force)')
