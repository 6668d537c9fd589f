"""A trivial domain for tests of delivery: numbered notes, applied into one table in the order of their arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import psycopg

from shared.contracts.event import Event
from shared.messaging.envelope import SENT_COLUMNS, message_of
from shared.messaging.inbox import Inbox
from shared.messaging.work import StandingClock, Work, unit_of_work
from shared.persistence.database import Database, plain_url
from shared.values.source import id_of

WHEN = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
STREAM = "pruefpfad.intake"
CONSUMER = "tester.intake"
SOURCE = "urn:pruefpfad:test:intake"


class Noted(Event):
    """Something to apply: ``number`` goes into the table ``note``."""

    type: Literal["de.pruefpfad.test.noted.v1"] = "de.pruefpfad.test.noted.v1"
    number: int
    text: str = ""


def note(subject: str, number: int, text: str = "", **more: Any) -> Noted:
    """A note about a subject."""
    return Noted(
        id=id_of(subject, str(number), text), subject=subject, recorded_at=WHEN, actor="Prüfstelle", number=number, text=text,
        **more,
    )


def reads(kind: bytes, body: bytes) -> Event | None:
    """What the consumer under test reads."""
    if kind == b"de.pruefpfad.test.ignored.v1":
        return None
    if kind != b"de.pruefpfad.test.noted.v1":
        raise ValueError(f"unknown type {kind!r}")
    return Noted.model_validate_json(body)


def apply(work: Work, facts: Sequence[Event]) -> None:
    """Write every note down; ``note`` has no key, so applying one twice shows."""
    assert all(isinstance(fact, Noted) for fact in facts)
    work.copy("note", ("subject", "number"), [(fact.subject, fact.number) for fact in facts])      # type: ignore[attr-defined]


def create_note_table(owner_url: str) -> None:
    """The table the use case writes to; one number is refused by the database itself."""
    with psycopg.connect(plain_url(owner_url), autocommit=True) as connection:
        connection.execute("""create table note (place bigint generated always as identity, subject text not null,
                              number bigint not null check (number <> -666), noted_by text)""")


def applied(database: Database) -> dict[str, list[int]]:
    """Numbers per subject, in the order in which they were applied."""
    found: dict[str, list[int]] = {}
    with database.engine.connect() as connection:
        for subject, number in connection.exec_driver_sql("select subject, number from note order by place"):
            found.setdefault(subject, []).append(number)
    return found


def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


@dataclass(frozen=True)
class Record:
    """A Kafka record as the inbox sees it."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    key: bytes | None = b"k"
    topic: str = STREAM
    partition: int = 0
    offset: int = 0


@dataclass
class Publisher:
    """Tells notes into an outbox and hands out the records the relay would publish."""

    database: Database
    clock: StandingClock = field(default_factory=lambda: StandingClock(WHEN))

    def tell(self, *events: Event) -> list[Record]:
        """Emit in one transaction; the records of these events."""
        before = rows(self.database, "select coalesce(max(id), 0) from outbox")[0][0]
        with unit_of_work(self.database, self.clock) as work:
            work.emit(*events)
        return self.records(f"id > {before}")

    def records(self, condition: str = "true") -> list[Record]:
        """Records of outbox rows, in id order."""
        found = rows(self.database, f"select {SENT_COLUMNS} from outbox where {condition} order by id")
        messages = [message_of(row, SOURCE.encode()) for row in found]          # type: ignore[arg-type]
        return [Record(m.value, m.headers, m.key, partition=m.lane, offset=m.id) for m in messages]


def an_inbox(database: Database, **more: Any) -> Inbox:
    """The inbox under test; it does not sleep."""
    settings = {"consumer": CONSUMER, "reads": reads, "clock": StandingClock(WHEN), "sleep": lambda _: None}
    return Inbox(database, STREAM, **settings | more)
