"""What was said cannot be changed: not by the role that works, not by the owner by mistake."""

from __future__ import annotations

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import errors
from sqlalchemy import create_engine

from shared.messaging.tables import HISTORY, Row
from shared.persistence import migrations
from shared.persistence.database import Database, url_for
from shared.runtime.embedded import Postgres
from tests.conftest import Fresh
from tests.shared.messaging.noted import Publisher, note


@pytest.fixture
def told(database: Database) -> Publisher:
    """A database in which something was said."""
    publisher = Publisher(database)
    publisher.tell(note("measure/A", 1))
    return publisher


FORBIDDEN = (
    "update outbox set actor = 'somebody else'", "delete from outbox", "truncate outbox", "drop table outbox",
    "alter table outbox disable trigger all", "alter table outbox disable trigger outbox_append_only",
    "drop trigger outbox_append_only on outbox", "drop trigger outbox_no_truncate on outbox",
    "drop function refuse_changes() cascade", "create or replace function refuse_changes() returns trigger language plpgsql as "
    "$$ begin return new; end $$", "alter table outbox owner to tester", "set session_replication_role = replica",
    "update applied set digests = ''", "delete from applied", "truncate applied", "create table mine (x int)",
    "delete from parked", "delete from inbox", "delete from told", "truncate parked", "grant update on outbox to tester",
    "set role tester_owner", "insert into alembic_version_messaging values ('9999')",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_runtime_role_may_not(told: Publisher, fresh_database: Fresh, statement: str) -> None:
    with psycopg.connect(fresh_database.url) as connection, pytest.raises((errors.InsufficientPrivilege, errors.UndefinedObject)):
        connection.execute(statement)
        connection.commit()
        if statement.startswith("grant"):                                       # PostgreSQL only warns that nothing was granted
            connection.execute("update outbox set actor = 'somebody else'")


@pytest.mark.parametrize("statement", ["update outbox set actor = 'x'", "delete from outbox", "truncate outbox"])
def test_the_owner_is_stopped_by_the_triggers(told: Publisher, fresh_database: Fresh, statement: str) -> None:
    with psycopg.connect(fresh_database.owner_url) as connection, pytest.raises(errors.RaiseException, match="append-only"):
        connection.execute(statement)
    assert len(told.records()) == 1


def test_the_runtime_role_may_do_its_work(told: Publisher, fresh_database: Fresh) -> None:
    with psycopg.connect(fresh_database.url) as connection:
        connection.execute("update told set sequence = sequence")
        connection.execute("select * from outbox")


def test_the_migrations_make_what_the_tables_say(fresh_database: Fresh) -> None:
    engine = create_engine(url_for(fresh_database.owner_url, ""))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        different = [
            change for change in compare_metadata(context, Row.metadata)
            if "index" not in str(change[0]) and "alembic_version" not in str(change)
        ]
    engine.dispose()
    assert different == []


def test_preparing_and_upgrading_again_changes_nothing(postgres: Postgres) -> None:
    for _ in range(2):
        migrations.prepare(postgres.admin_url, "again", owner_password="o", runtime_password="r")
        migrations.upgrade(postgres.url("again_owner", "again"), "again", HISTORY)
    with Database(postgres.url("again", "{service}"), service="again") as database:
        Publisher(database).tell(note("measure/A", 1))


def test_texts_are_ordered_as_python_orders_them_whatever_the_server_speaks(postgres: Postgres) -> None:
    migrations.prepare(postgres.admin_url, "ordered")
    with psycopg.connect(postgres.url("ordered", "ordered")) as connection:
        found = connection.execute("select datcollate, datctype, pg_encoding_to_char(encoding) from pg_database "
                                   "where datname = current_database()").fetchone()
    assert found == ("C", "C", "UTF8")


def test_a_database_of_a_newer_program_is_refused_with_what_to_do(fresh_database: Fresh) -> None:
    with psycopg.connect(fresh_database.owner_url) as owner:
        owner.execute("update alembic_version_messaging set version_num = '9999'")
    with pytest.raises(migrations.CannotUpgrade, match=r"made by a newer program.*restore the backup"):
        migrations.upgrade(fresh_database.owner_url, fresh_database.name, HISTORY, runtime_role="tester")


def test_a_url_that_is_not_postgresql_is_refused_without_its_password() -> None:
    with pytest.raises(ValueError, match=r"expected a PostgreSQL URL") as refused:
        Database("mysql://root:secret@host/x")
    assert "secret" not in str(refused.value)
