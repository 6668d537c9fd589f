"""Tables of intake: what was handed in, the rows as they came, what each key says, council objects to remember."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.migrations import History

HISTORY: Final = History("intake", Path(__file__).parent / "migrations")


class Table(SQLModel, registry=registry()):
    """Base of these tables: a registry of their own, so that three services fit into one process."""


def _text(**more: Any) -> Any:
    return Field(sa_type=Text, **more)


def _json(**more: Any) -> Any:
    return Field(sa_type=JSONB, **more)


def _instant(**more: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **more)


class Handin(Table, table=True):
    """One hand-in: a file or a submission, its progress and its counts. Its id is the correlation of all it brings."""

    id: UUID = Field(primary_key=True)
    number: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True)))
    """Order of arrival: hand-ins are read one after another in it."""
    digest: str = _text()
    nth: int
    """How many times this content was handed in, this time included."""
    name: str = _text()
    kind: str = _text()
    given: dict[str, Any] = _json()
    """What was said beside the file: measure, list, municipality, series."""
    submission: str | None = _text(nullable=True)
    """``source id`` of a submission; None for a file."""
    actor: str = _text()
    received_at: datetime = _instant()
    state: str = _text()
    """``waiting``, ``read``, ``refused`` (nothing of it can be read) or ``failed`` (a fault of ours)."""
    series: str = _text()
    columns: list[str] = _json()
    rows: int = 0
    """Rows read so far; in a resumed reading they are passed by."""
    facts: int = 0
    known: int = 0
    rejected: int = 0
    ignored: int = 0
    remarks: list[str] = _json()
    problem: dict[str, Any] | None = _json(nullable=True)
    read_at: datetime | None = _instant(nullable=True)


class HandinTotal(Table, table=True):
    """What a hand-in brought for one subject."""

    __tablename__ = "handin_total"
    handin: UUID = Field(primary_key=True)
    subject: str = _text(primary_key=True)
    facts: int
    cents: int = Field(sa_type=BigInteger)


class RowText(Table, table=True):
    """A row as it was handed in. The only place, beside the kept file, where names and free text are; erasable."""

    __tablename__ = "row_text"
    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    place: str = _text(primary_key=True)
    cells: str | None = _text(nullable=True)
    """JSON: cells by position, or the object."""
    ignored: str | None = _text(nullable=True)
    erased_at: datetime | None = _instant(nullable=True)


class Rejection(Table, table=True):
    """One fault of a rejected row. ``value`` is erasable."""

    handin: UUID = Field(primary_key=True)
    place: str = _text(primary_key=True)
    ordinal: int = Field(primary_key=True)
    error: str = _text()
    column_name: str | None = _text(nullable=True)
    value: str | None = _text(nullable=True)
    expected: str = _text()
    mend: str = _text()


class Standing(Table, table=True):
    """One thing said under a business key: which fact, and where it stands. Append-only."""

    key: bytes = Field(sa_type=LargeBinary, primary_key=True)
    """Digest of kind and business key."""
    twin: int = Field(primary_key=True)
    """0 where it is no fact of its own but what a fact says beside: the kind of a funder."""
    revision: int = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)
    fact: UUID
    marked: bool
    state: str | None = _text(nullable=True)
    digest: bytes = Field(sa_type=LargeBinary)
    place: str = _text()


class Repetition(Table, table=True):
    """A row, or a place in it, that says what an earlier one said: its fact, and where that was said first. Append-only."""

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    place: str = _text(primary_key=True)
    fact: UUID
    of_digest: bytes = Field(sa_type=LargeBinary)
    of_place: str = _text()


class Council(Table, table=True):
    """A council object handed in before, for papers and meetings that come later."""

    id: str = _text(primary_key=True)
    kind: str = _text()
    modified: str = _text()
    names: list[str] = Field(sa_type=ARRAY(Text))
    """Ids it has or names."""
    body: dict[str, Any] = _json()


class Submission(Table, table=True):
    """Identity of a submission: (source, id). The same again changes nothing, another content is a conflict. Append-only."""

    source: str = _text(primary_key=True)
    id: str = _text(primary_key=True)
    digest: str = _text()
    handin: UUID


class MeasureName(Table, table=True):
    """What a measure is called: its key, its Aktenzeichen, its Förderkennzeichen. A name of several measures stands for none.
    Append-only: the latest word on name and measure counts."""

    __tablename__ = "measure_name"
    n: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    name: str = _text()
    measure: str = _text()
    holds: bool = True
    """False since a correction left it out."""


class Proposal(Table, table=True):
    """An instruction that needs two people: what the first said, and what the second made of it."""

    number: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    subject: str = _text()
    instruction: dict[str, Any] = _json()
    actor: str = _text()
    proposed_at: datetime = _instant()
    state: str = Field(default="waiting", sa_type=Text)
    """``waiting``, ``approved`` or ``declined``."""
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    fact: UUID | None = None
    """The fact it became."""


class SetAside(Table, table=True):
    """A Kafka record that is no submission, with its reason. Append-only."""

    __tablename__ = "set_aside"
    partition: int = Field(primary_key=True)
    position: int = Field(sa_type=BigInteger, primary_key=True)
    reason: str = _text()
    headers: dict[str, Any] = _json()
    body: bytes = Field(sa_type=LargeBinary)
    kept_at: datetime = _instant()


class Installation(Table, table=True):
    """What is made once per installation: the key of its pseudonyms. Part of every backup. Append-only."""

    name: str = _text(primary_key=True)
    value: bytes = Field(sa_type=LargeBinary)
