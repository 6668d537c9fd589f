"""Databases, roles and tables: made by the owner, used by a runtime role that can change nothing of what was said.

Per service one database ``<service>``, one role ``<service>_owner`` that migrates and one role ``<service>`` that works. What a
migration creates the runtime role may read and add to; update and delete are granted per table (``allow``), and never for a
table that is ``append_only``.

A history is a folder of alembic revisions (``revision``, ``down_revision``, ``upgrade()``; no ``env.py``, no ``alembic.ini``):
``shared/messaging/migrations`` first, then ``services/<service>/migrations``. There is no way down: what was kept, stays.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg import sql
from sqlalchemy import create_engine, text

from shared.persistence.database import plain_url, url_for

OWNER: Final = "{service}_owner"
RUNTIME: Final = "{service}"
LOCK: Final = 1_918_273_645
"""Advisory lock under which one process at a time migrates a database."""

REFUSE_CHANGES: Final = """
create or replace function refuse_changes() returns trigger language plpgsql as $$
begin
  raise exception using message = format('%s is append-only: %s is refused', tg_table_name, tg_op),
    hint = 'Correct by adding, never by changing.';
end $$
"""


@dataclass(frozen=True)
class History:
    """A folder of revisions, and the name under which a database remembers how far it is."""

    name: str
    folder: Path

    @property
    def version_table(self) -> str:
        """Table that holds the revision the database stands at."""
        return f"alembic_version_{self.name}"


def prepare(admin_url: str, service: str, *, owner_password: str | None = None, runtime_password: str | None = None) -> None:
    """Make a service's database and its two roles, if they are not there; a password given is set, also on a role that exists.

    ``admin_url`` is that of a superuser, or of a role with CREATEDB and CREATEROLE. May be called again at any time.
    """
    owner, runtime = OWNER.format(service=service), RUNTIME.format(service=service)
    with psycopg.connect(plain_url(url_for(admin_url, service)), autocommit=True) as connection:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
            for role, password in ((owner, owner_password), (runtime, runtime_password)):
                if connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone() is None:
                    connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
                if password is not None:
                    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))
            connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(owner)))
        create_database(admin_url, service, owner=owner, runtime=runtime)


def create_database(admin_url: str, name: str, *, owner: str, runtime: str) -> None:
    """Make a database that only its owner and its runtime role may connect to, if it is not there.

    Texts are ordered by code point, as Python orders them: the same on every machine, whatever language the server speaks.
    """
    with psycopg.connect(plain_url(url_for(admin_url, name)), autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", (name,)).fetchone() is None:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):     # another was faster
                connection.execute(
                    sql.SQL(
                        "create database {} owner {} template template0 encoding 'UTF8' locale_provider libc locale 'C'"
                    ).format(sql.Identifier(name), sql.Identifier(owner))
                )
        connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name)))
        connection.execute(sql.SQL("grant connect on database {} to {}").format(sql.Identifier(name), sql.Identifier(runtime)))


class CannotUpgrade(RuntimeError):
    """What a database holds cannot be carried over, or is of a newer program: the text says which, and what to do."""


def upgrade(owner_url: str, service: str, *histories: History, runtime_role: str | None = None) -> None:
    """Bring a service's database to the newest revision of each history, in the order given. Errors leave it as it was; raises
    ``CannotUpgrade`` with what a person can do."""
    runtime = runtime_role or RUNTIME.format(service=service)
    engine = create_engine(url_for(owner_url, service))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({LOCK})")
            connection.execute(text(REFUSE_CHANGES))
            quoted = connection.dialect.identifier_preparer.quote(runtime)
            connection.exec_driver_sql(f"grant usage on schema public to {quoted}")
            connection.exec_driver_sql(f"alter default privileges in schema public grant select, insert on tables to {quoted}")
            connection.exec_driver_sql(f"alter default privileges in schema public grant usage, select on sequences to {quoted}")
            for history in histories:
                script = ScriptDirectory(str(history.folder), version_locations=[str(history.folder)])
                steps = EnvironmentContext(Config(), script, fn=lambda at, _, script=script: script._upgrade_revs("head", at))
                steps.configure(connection=connection, version_table=history.version_table, runtime_role=quoted)
                try:
                    with steps:
                        steps.run_migrations()
                except CommandError as error:                       # alembic does not know the revision it stands at
                    raise CannotUpgrade(f"the database of {service} cannot be used: {newer(history)}") from error
                except CannotUpgrade as error:
                    raise CannotUpgrade(f"the database of {service} cannot be used: {error}") from error
                connection.exec_driver_sql(f"revoke insert on {history.version_table} from {quoted}")
    finally:
        engine.dispose()


def newer(history: History) -> str:
    """Why a database that stands at a revision this program does not know cannot be used."""
    return (
        f"its tables of {history.name} were made by a newer program than this one. Start that one, or restore the backup that "
        "was made before the upgrade"
    )


def refuse_if(found: str, why: str) -> None:
    """In a migration: refuse to carry over what this query finds, rather than be wrong in silence. Nothing is changed."""
    if op.get_bind().execute(text(found)).first() is not None:
        raise CannotUpgrade(why)


def append_only(*tables: str) -> None:
    """In a migration: nobody changes, deletes or truncates rows of these tables, not even their owner by mistake."""
    for table in tables:
        op.execute(f"revoke update, delete, truncate, references, trigger on {table} from {_runtime()}")
        for name, when in (("append_only", "update or delete on {} for each row"), ("no_truncate", "truncate on {}")):
            op.execute(f"create trigger {table}_{name} before {when.format(table)} execute function refuse_changes()")
            op.execute(f"alter table {table} enable always trigger {table}_{name}")


def allow(rights: str, *tables: str) -> None:
    """In a migration: let the runtime role do more than read and add, such as ``allow("update", "told")``."""
    for table in tables:
        op.execute(f"grant {rights} on {table} to {_runtime()}")


def _runtime() -> str:
    return str(op.get_context().opts["runtime_role"])
