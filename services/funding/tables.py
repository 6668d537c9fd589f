"""Tables of funding: facts as they came, the journal, and what follows from both.

``fact`` and ``entry`` are append-only. Everything else can be made again from them.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.migrations import History

HISTORY: Final = History("funding", Path(__file__).parent / "migrations")


class Row(SQLModel, registry=registry()):
    """Base of these tables: a registry of their own, so that three services fit into one process."""


def _text(**more: Any) -> Any:
    return Field(sa_type=Text, **more)


def _number(**more: Any) -> Any:
    return Field(sa_type=BigInteger, **more)


def _small(**more: Any) -> Any:
    return Field(sa_type=SmallInteger, **more)


def _bytes(**more: Any) -> Any:
    return Field(sa_type=LargeBinary, **more)


def _instant(**more: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **more)


class FactRow(Row, table=True):
    """A fact as intake told it. Append-only; ``n`` is its place among the facts of its subject."""

    __tablename__ = "fact"

    subject: str = _text(primary_key=True)
    n: int = _number(primary_key=True)
    id: UUID
    type: str = _text()
    known_at: datetime = _instant()
    corrects: UUID | None
    crosses: int | None = _number(nullable=True)
    """Hash of what measures may share: the invoice of a voucher, the month of a person."""
    body: bytes = _bytes()


class EntryRow(Row, table=True):
    """A sealed journal entry. Append-only."""

    __tablename__ = "entry"

    subject: str = _text(primary_key=True)
    book: str = _text(primary_key=True)
    number: int = _number(primary_key=True)
    kind: str = _text()
    booked_on: date
    valued_on: date
    reverses: int | None = _number(nullable=True)
    fact: UUID
    digest: bytes = _bytes()
    place: str = _text()
    seal: bytes = _bytes()
    postings: str = _text()
    """JSON: account, cents (debit positive), funder and budget year of each line; the view ``posting`` shows the lines."""


class JournalRow(Row, table=True):
    """A subject: heads of its two books, how many facts it has, and whether it waits to be matched or reconciled."""

    __tablename__ = "journal"

    subject: str = _text(primary_key=True)
    kind: str = _text()
    number: int = _number()
    seal: bytes = _bytes()
    settled: int = _number()
    settled_seal: bytes = _bytes()
    facts: int = _number()
    version: int = _number()
    """Grows with everything that may change its statement: a statement of an older version is not saved."""
    due_since: datetime | None = _instant(nullable=True)
    touched_at: datetime = _instant()
    matching: bool
    """Vouchers or bank lines came: matching is due first."""
    own: bool
    """Due because of facts of its own: others that share an invoice or a person are due, too."""
    day: date | None
    """The last today it was reconciled for."""
    failed: str | None = _text(nullable=True)
    """Why it could not be reconciled when it was last tried: it is set aside, the others go on."""
    failures: int = _number()
    """How often in a row it was set aside."""
    retry_at: datetime | None = _instant(nullable=True)
    """It is left alone until then; a fact of its own ends the pause."""


class MeasureRow(Row, table=True):
    """A registered measure: what it is found by."""

    __tablename__ = "measure"

    subject: str = _text(primary_key=True)
    key: str = _text()
    programme: str | None = _text(nullable=True)
    rule_set: str = _text()
    body: bytes = _bytes()


class PurposeRow(Row, table=True):
    """What others see of an awarded measure. A state that holds no longer is kept until those it concerned are due."""

    __tablename__ = "purpose"

    subject: str = _text(primary_key=True)
    seen: str = _text(primary_key=True)
    """Digest of all that is seen."""
    groups: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    """Place and service, place and target group: what it is found by."""
    starts: date
    ends: date
    awards: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    """Grantor and reference of each, sorted."""
    holds: bool
    told: bool
    """Since it holds, those it concerns were marked as due."""


class AccountUse(Row, table=True):
    """A measure is paid from an account."""

    __tablename__ = "account_use"

    account: str = _text(primary_key=True)
    measure: str = _text(primary_key=True)


class PaperUse(Row, table=True):
    """A promise of a measure names a council paper."""

    __tablename__ = "paper_use"

    paper: str = _text(primary_key=True)
    measure: str = _text(primary_key=True)


class StandingRow(Row, table=True):
    """What an award or a promise last posted."""

    __tablename__ = "standing"

    subject: str = _text(primary_key=True)
    key: str = _text(primary_key=True)
    version: int = _number()
    fact: UUID
    entries: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))


class MatchRow(Row, table=True):
    """A match and the entry that settled it; ``ended`` is the entry that undid it."""

    __tablename__ = "match"

    subject: str = _text(primary_key=True)
    entry: int = _number(primary_key=True)
    voucher: UUID
    payment: UUID
    account: str = _text()
    budget_year: int = _small()
    body: bytes = _bytes()
    ended: int | None = _number(nullable=True)


class SuggestionRow(Row, table=True):
    """A weak match that waits for a person."""

    __tablename__ = "suggestion"

    voucher: UUID = Field(primary_key=True)
    payment: UUID = Field(primary_key=True)
    subject: str = _text()
    account: str = _text()
    body: bytes = _bytes()


class UnmatchedRow(Row, table=True):
    """A debit that proves no voucher's payment."""

    __tablename__ = "unmatched"

    account: str = _text(primary_key=True)
    number: int = _number(primary_key=True)
    valued_on: date


class Watched(Row, table=True):
    """A day (Stichtag) somebody asked to state everything as of; today is watched without being listed."""

    __tablename__ = "watched"

    subject: str = _text(primary_key=True)
    day: date = Field(primary_key=True)


class StatementRow(Row, table=True):
    """The last statement of a subject as of a day."""

    __tablename__ = "statement"

    subject: str = _text(primary_key=True)
    day: date = Field(primary_key=True)
    event: UUID
    body: bytes = _bytes()


class FindingRow(Row, table=True):
    """A finding that holds as of a day, waived or open."""

    __tablename__ = "finding"

    subject: str = _text(primary_key=True)
    day: date = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    code: str = _text()
    body: bytes = _bytes()


class WaiverRow(Row, table=True):
    """What a waiver was given for: its finding as it stood when funding came to know the waiver."""

    __tablename__ = "waiver"

    instruction: UUID = Field(primary_key=True)
    subject: str = _text()
    at_risk_cents: int = _number()
    inputs: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    """Digests of the finding's inputs, one for each different day."""


class RejectionRow(Row, table=True):
    """A row that could not be read, and the subject it is about where it still says so."""

    __tablename__ = "rejection"

    fact: UUID = Field(primary_key=True)
    file: str = _text()
    series: str | None = _text(nullable=True)
    concerns: str | None = _text(nullable=True)
    known_at: datetime = _instant()


class FileRow(Row, table=True):
    """A file that was read to its end. It settles rejections of earlier files of its series if it has as many rows at least and
    none of them was rejected."""

    __tablename__ = "file"

    file: str = _text(primary_key=True)
    series: str = _text()
    known_at: datetime = _instant()
    rows: int = _number()
    rejected: int = _number()


class ToldParked(Row, table=True):
    """A parked fact that was told of."""

    __tablename__ = "told_parked"

    reference: str = _text(primary_key=True)
    subject: str = _text()
    fact: UUID | None
    attempts: int = _number()
