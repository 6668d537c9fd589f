"""A service's database: the engine, COPY, and the only commit of the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, cast

import psycopg
from psycopg import sql
from sqlalchemy import Engine, Table, create_engine, types
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session, SQLModel

DRIVER: Final = "postgresql+psycopg"
Cursor = psycopg.Cursor[tuple[Any, ...]]

LOCK_SECONDS: Final = 20.0
"""A lock nobody gives up for so long is an error of the infrastructure: rolled back, and tried again."""
IDLE_SECONDS: Final = 60.0
"""A transaction that says nothing for so long is ended by PostgreSQL, and its locks with it: its process may be frozen."""
POOL_SECONDS: Final = 10.0
"""How long to wait for one of the connections."""
KEEPALIVE: Final[dict[str, Any]] = {
    "keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000,
}
"""A server that went away without a word is noticed within a minute (libpq's settings; seconds, the last milliseconds)."""

REFUSALS: Final = ("22", "23", "54", "P0")
"""Classes of SQLSTATE by which PostgreSQL refuses what a row says: data, constraint, limit, a trigger that raises."""

BINARY: Final[tuple[tuple[type[types.TypeEngine[Any]], str], ...]] = (
    (types.SmallInteger, "int2"), (types.BigInteger, "int8"), (types.Integer, "int4"), (types.Boolean, "bool"),
    (types.Date, "date"), (types.LargeBinary, "bytea"), (types.Uuid, "uuid"), (types.Float, "float8"), (types.Numeric, "numeric"),
    (postgresql.JSONB, "jsonb"), (types.String, "text"),
)
"""Column types that go through binary COPY, more special ones first. Times depend on their zone and are added in ``_binary``."""


class Database:
    """One service's PostgreSQL, as its runtime role sees it. Threads share it; every transaction has a session of its own."""

    def __init__(self, url: str, *, service: str = "", size: int = 5) -> None:
        """``url`` may contain ``{service}``; ``size`` is the number of connections kept open."""
        self.url = url_for(url, service)
        self.engine: Engine = create_engine(
            self.url, pool_pre_ping=True, pool_size=size, max_overflow=size, isolation_level="READ COMMITTED",
            pool_timeout=POOL_SECONDS,
            connect_args={**KEEPALIVE, "connect_timeout": 10, "options": _options()},
            hide_parameters=True,               # errors are logged, and parameters may be personal
        )

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        A connection that saw the server die is thrown away, never used again.
        """
        session = Session(self.engine, expire_on_commit=False)
        try:
            yield session
            session.commit()
        except BaseException as error:
            if is_lost(error):
                session.invalidate()
            raise
        finally:
            session.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _options() -> str:
    """Settings of every session of a running service. Migrations have their own connections and may take their time."""
    return (
        f"-c lock_timeout={round(LOCK_SECONDS * 1000)} "
        f"-c idle_in_transaction_session_timeout={round(IDLE_SECONDS * 1000)}"
    )


def url_for(url: str, service: str) -> str:
    """URL of a service's database for SQLAlchemy with psycopg 3; ``{service}`` is filled in."""
    scheme, separator, rest = url.replace("{service}", service).partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgres", "postgresql"):
        shown = url.rpartition("@")[2]      # never the password
        raise ValueError(f"expected a PostgreSQL URL such as postgresql://user@host/{{service}}, got {shown!r}")
    return f"{DRIVER}://{rest}"


def plain_url(url: str) -> str:
    """The same URL for psycopg itself."""
    return "postgresql://" + url.partition("://")[2]


def cursor(session: Session) -> Cursor:
    """psycopg's cursor inside the session's transaction: for statements over arrays, where SQLAlchemy has nothing to add."""
    return cast(Cursor, session.connection().connection.cursor())


def copy(session: Session, table: type[SQLModel] | Table | str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows by COPY, in the session's transaction; returns how many.

    Given a table class, values go in PostgreSQL's binary format (an ``int`` must fit its column, JSON comes as
    ``psycopg.types.json.Jsonb``); given a name only, as text. A column of a kind not in ``BINARY`` makes it text, too.
    """
    of = table if isinstance(table, Table | str) else cast(Table, table.__table__)      # type: ignore[attr-defined]
    name = of if isinstance(of, str) else of.name
    binary = None if isinstance(of, str) else _binary(of, tuple(columns))
    statement = sql.SQL("copy {} ({}) from stdin" + (" (format binary)" if binary else "")).format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    with cursor(session) as to_close, to_close.copy(statement) as to:
        if binary:
            to.set_types(binary)
        for row in rows:
            to.write_row(row)
            count += 1
    return count


@lru_cache(256)
def _binary(table: Table, columns: tuple[str, ...]) -> tuple[str, ...] | None:
    """PostgreSQL's names of the columns' types, or nothing if one has no binary form here."""
    names = []
    for column in columns:
        kind = table.columns[column].type
        if isinstance(kind, types.DateTime):
            names.append("timestamptz" if kind.timezone else "timestamp")
        elif isinstance(kind, types.Enum):
            return None
        elif found := next((name for base, name in BINARY if isinstance(kind, base)), None):
            names.append(found)
        else:
            return None
    return tuple(names)


def driver_error(error: BaseException) -> psycopg.Error | None:
    """psycopg's own error, also where SQLAlchemy has wrapped it."""
    inner = error.orig if isinstance(error, DBAPIError) else error
    return inner if isinstance(inner, psycopg.Error) else None


def is_refusal(error: BaseException) -> bool:
    """Does PostgreSQL (or psycopg, before sending it) refuse what a row says? Then the rest of the batch may still be right."""
    inner = driver_error(error)
    if inner is None:
        return False
    if inner.sqlstate is None:
        return not isinstance(inner, psycopg.OperationalError | psycopg.InterfaceError)
    return inner.sqlstate[:2] in REFUSALS


def is_offence(error: BaseException) -> bool:
    """Is it what was said (or what the program makes of it), rather than what it runs on: a database that is away, read-only or
    wrongly set up, a disk, files or memory that ran out? Only an offence may be held against a row, a fact or a file for good."""
    if driver_error(error) is not None:
        return is_refusal(error)
    return not isinstance(error, OSError | MemoryError) and not is_lost(error)


def is_lost(error: BaseException) -> bool:
    """Is the connection gone, or the server unable to work? Then the same may succeed a moment later."""
    if isinstance(error, PendingRollbackError | PoolTimeout):   # the connection has gone; none became free
        return True
    if isinstance(driver_error(error), psycopg.errors.IdleInTransactionSessionTimeout):     # psycopg files it under internal
        return True
    return isinstance(driver_error(error), psycopg.OperationalError | psycopg.InterfaceError) and not is_refusal(error)
