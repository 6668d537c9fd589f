"""Nobody holds up the others for ever: frozen transactions end, waiting ends, and both count as infrastructure."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.persistence import database
from shared.persistence.database import Database, is_lost
from tests.conftest import Fresh

LOCK = text("select pg_advisory_xact_lock(7)")


def test_a_transaction_that_says_nothing_any_more_gives_its_locks_back(
    fresh_database: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", 1.0)
    with Database(fresh_database.url) as frozen, Database(fresh_database.url) as other, frozen.engine.connect() as connection:
        connection.execute(LOCK)
        started = time.monotonic()
        with other.transaction() as session:
            session.execute(LOCK)
        assert 0.5 < time.monotonic() - started < 15
        with pytest.raises(DBAPIError) as ended:
            connection.execute(text("select 1"))
        assert is_lost(ended.value)
        connection.invalidate()


def test_waiting_for_a_lock_ends_and_may_be_tried_again(fresh_database: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.3)
    with Database(fresh_database.url) as busy, busy.transaction() as holder:
        holder.execute(LOCK)
        with pytest.raises(DBAPIError) as ended, busy.transaction() as session:
            session.execute(LOCK)
        assert is_lost(ended.value)


def test_no_free_connection_is_a_matter_of_infrastructure(fresh_database: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "POOL_SECONDS", 0.2)
    with Database(fresh_database.url, size=1) as small:
        taken = [small.engine.connect() for _ in range(2)]
        with pytest.raises(PoolTimeout) as full, small.transaction() as session:
            session.connection()
        assert is_lost(full.value)
        for connection in taken:
            connection.close()


def test_a_silent_server_is_noticed(database: Database) -> None:
    with database.engine.connect() as connection:
        info = connection.connection.driver_connection.info.get_parameters()      # type: ignore[union-attr]
    assert {name: info[name] for name in ("keepalives_idle", "tcp_user_timeout")} == {
        "keepalives_idle": "30", "tcp_user_timeout": "60000"
    }
