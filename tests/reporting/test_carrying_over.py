"""A database that was filled before the order of things was kept is refused, not misread."""

from __future__ import annotations

import psycopg
import pytest

from services.reporting.tables import HISTORY
from shared.messaging.tables import HISTORY as MESSAGING
from shared.persistence import migrations
from shared.persistence.database import plain_url
from shared.runtime.embedded import Postgres
from tests.conftest import make_database


def test_statements_without_their_place_in_the_order_are_refused_and_left_as_they_are(postgres: Postgres) -> None:
    fresh = make_database(postgres, HISTORY)
    with psycopg.connect(plain_url(fresh.owner_url), autocommit=True) as owner:
        owner.execute(f"update {HISTORY.version_table} set version_num = '0002'")                       # type: ignore[call-overload]
        owner.execute(
            """insert into statement (subject, as_of, event, known_at, body, sequence)
               values ('measure/M-1', '2026-02-28', gen_random_uuid(), now(), '', 0)"""
        )
        with pytest.raises(migrations.CannotUpgrade, match=r"cannot be used: .*could not be proven\. Go on with that program"):
            migrations.upgrade(fresh.owner_url, fresh.name, MESSAGING, HISTORY, runtime_role="tester")
        kept = owner.execute(f"select version_num from {HISTORY.version_table}").fetchall()             # type: ignore[call-overload]
    assert kept == [("0002",)]
