"""Tables of reporting: lines and facts as it knows them, statements and findings by day, reports and who fetched them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.migrations import History

HISTORY: Final = History("reporting", Path(__file__).parent / "migrations")


class Row(SQLModel, registry=registry()):
    """Base of these tables: a registry of their own, so that three services fit into one process."""


def _text(**more: Any) -> Any:
    return Field(sa_type=Text, **more)


def _number(**more: Any) -> Any:
    return Field(sa_type=BigInteger, **more)


def _instant() -> Any:
    return Field(sa_type=DateTime(timezone=True))


class Line(Row, table=True):
    """One journal entry as funding posted it. Append-only."""

    subject: str = _text(primary_key=True)
    book: str = _text(primary_key=True)
    number: int = _number(primary_key=True)
    kind: str = _text()
    fact: UUID
    digest: str = _text()
    place: str = _text()
    valued_on: date
    known_at: datetime = _instant()
    body: bytes = Field(sa_type=LargeBinary)
    """The event, JSON."""


class Known(Row, table=True):
    """A fact of intake that documents show. Append-only."""

    id: UUID = Field(primary_key=True)
    subject: str = _text()
    type: str = _text()
    digest: str = _text()
    place: str = _text()
    known_at: datetime = _instant()
    body: bytes = Field(sa_type=LargeBinary)
    nth: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    """The order in which it came here."""
    sequence: int = _number()
    """Its number among all that intake told of its subject, by which a statement says how far it knows the subject."""


class Statement(Row, table=True):
    """What funding stated about a subject as of a day; the latest row counts. Append-only."""

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    subject: str = _text()
    as_of: date
    event: UUID
    known_at: datetime = _instant()
    body: bytes = Field(sa_type=LargeBinary)
    sequence: int = _number()
    """Its number among all that funding told of its subject: findings before it are its own, those behind it a later one's."""


class Found(Row, table=True):
    """A finding as of a day, as it was raised, changed or settled. Append-only."""

    subject: str = _text(primary_key=True)
    as_of: date = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    sequence: int = _number(primary_key=True)
    """As that of the statements."""
    code: str = _text()
    open: bool
    known_at: datetime = _instant()
    body: bytes = Field(sa_type=LargeBinary)


class Report(Row, table=True):
    """An issued report. Nothing of it changes, but that it becomes outdated."""

    id: UUID = Field(primary_key=True)
    number: str = _text(unique=True)
    document: str = _text()
    subject: str = _text()
    as_of: date
    version: int
    predecessor: UUID | None
    statement: UUID
    main_head: int = _number()
    settlement_head: int = _number()
    content_sha256: str = _text()
    """Digest of what the report says without its number and version: equal means nothing changed."""
    data_sha256: str = _text()
    files: dict[str, str] = Field(sa_type=JSONB)
    complete: bool
    issued_at: datetime = _instant()
    issued_by: str = _text()
    outdated_since: str | None = _text(nullable=True)


class ReportSource(Row, table=True):
    """Which rows a report stands on: the way forward from a row to every report it is in. Append-only."""

    __tablename__ = "report_source"

    digest: str = _text(primary_key=True)
    place: str = _text(primary_key=True)
    report: UUID = Field(primary_key=True)


class Retrieval(Row, table=True):
    """Who fetched which report, when. Append-only."""

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    report: UUID
    format: str = _text()
    actor: str = _text()
    fetched_at: datetime = _instant()
