"""Tables of delivery, in every service's database: what was told, how far it was carried on, what was applied, what waits.

``outbox`` and ``applied`` are append-only. Digests are 32 bytes of SHA-256.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.migrations import History

HISTORY: Final = History("messaging", Path(__file__).parent / "migrations")


class Row(SQLModel, registry=registry()):
    """Base of these tables: a registry of their own, so that services share a process and no tables."""


def _text(**more: Any) -> Any:
    return Field(sa_type=Text, **more)


def _number(**more: Any) -> Any:
    return Field(sa_type=BigInteger, **more)


def _bytes(**more: Any) -> Any:
    return Field(sa_type=LargeBinary, **more)


def _written() -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now()))


class Outbox(Row, table=True):
    """What this service said, for ever: its public log. Ids of a lane are in the order of their commits."""

    lane: int = Field(sa_type=SmallInteger, primary_key=True)
    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    subject: str = _text()
    sequence: int = _number()
    previous: bytes = _bytes()
    digest: bytes = _bytes()
    type: str = _text()
    event_id: UUID
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    actor: str = _text()
    approved_by: str | None = _text(nullable=True)
    correlation: UUID | None
    cause: UUID | None
    body: bytes = _bytes()
    written_at: datetime = _written()


class Told(Row, table=True):
    """Last event of each subject this service tells of: the next one's sequence and predecessor."""

    subject: str = _text(primary_key=True)
    lane: int = Field(sa_type=SmallInteger)
    sequence: int = _number()
    digest: bytes = _bytes()


class Relayed(Row, table=True):
    """How far a lane's outbox rows were carried on: their id, the Kafka offset of the newest record, and which Kafka it was."""

    lane: int = Field(sa_type=SmallInteger, primary_key=True)
    id: int = _number()
    at: int = _number()
    cluster: str = _text()


class Inbox(Row, table=True):
    """How far a consumer has applied a subject. ``head`` above ``sequence`` means: something is still missing."""

    consumer: str = _text(primary_key=True)
    subject: str = _text(primary_key=True)
    lane: int = Field(sa_type=SmallInteger)
    sequence: int = _number()
    digest: bytes = _bytes()
    head: int = _number()
    held: int = _number()
    """Events kept back behind the gap."""
    state: str = _text()
    """``ok``, ``gap`` (told again), ``behind`` (the publisher knows less than we do), ``fork`` (stopped)."""


class Applied(Row, table=True):
    """Digests of what was consumed, 32 bytes each, from sequence ``first`` on: a repeat that differs is a fork."""

    consumer: str = _text(primary_key=True)
    subject: str = _text(primary_key=True)
    first: int = _number(primary_key=True)
    digests: bytes = _bytes()


class Held(Row, table=True):
    """Events behind a gap, until what is missing has come."""

    consumer: str = _text(primary_key=True)
    subject: str = _text(primary_key=True)
    sequence: int = _number(primary_key=True)
    previous: bytes = _bytes()
    digest: bytes = _bytes()
    type: bytes = _bytes()
    body: bytes = _bytes()


class Parked(Row, table=True):
    """What could not be applied, with its bytes and its reason. Rows stay; their status changes."""

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    consumer: str = _text()
    reference: str = _text()
    """``measure/M-1#17`` where it has a place in an order, else ``topic/partition/offset``; once per consumer."""
    subject: str | None = _text(nullable=True)
    sequence: int | None = _number(nullable=True)
    type: str = _text()
    status: str = _text()
    """``waiting``, ``unreadable``, ``refused``; later ``released`` or ``dismissed``."""
    reason: str = _text()
    waits_for: str | None = _text(nullable=True)
    headers: list[list[str | None]] | None = Field(sa_type=JSONB)
    """All headers as they came (values in hex), for records without a place."""
    body: bytes = _bytes()
    attempts: int = _number()
    parked_at: datetime = _written()
    changed_at: datetime = _written()


class Heard(Row, table=True):
    """Time of the newest full heads a consumer has read of a lane (publisher's clock): older ones are a repeated log."""

    consumer: str = _text(primary_key=True)
    lane: int = Field(sa_type=SmallInteger, primary_key=True)
    at: datetime = Field(sa_type=DateTime(timezone=True))


class Alarm(Row, table=True):
    """Something a person must look at: a fork, a publisher that knows less than it said, damaged bodies.

    Open until it is acknowledged; raised again it is open again.
    """

    consumer: str = _text(primary_key=True)
    subject: str = _text(primary_key=True)
    what: str = _text(primary_key=True)
    detail: str = _text()
    times: int = _number()
    first_at: datetime = _written()
    last_at: datetime = _written()
    acknowledged_at: datetime | None = Field(sa_type=DateTime(timezone=True), nullable=True)
    acknowledged_by: str | None = _text(nullable=True)


class Counted(Row, table=True):
    """How often the unusual happened: repeats, gaps, replays … by consumer (or by stream, for its relay)."""

    who: str = _text(primary_key=True)
    what: str = _text(primary_key=True)
    times: int = _number()
