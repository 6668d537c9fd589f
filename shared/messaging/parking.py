"""Parking: what could not be applied, set aside with its bytes and its reason, and taken out again in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlmodel import Session

from shared.contracts.event import Event
from shared.messaging.envelope import Delivery, Unplaced, printable
from shared.messaging.work import Parked, Work
from shared.persistence.database import cursor, driver_error, is_offence

Reads = Callable[[bytes, bytes], Event | None]
"""Type and body to event; nothing for a type this consumer only counts; raises for what it cannot read."""

WAITING: Final = "waiting"
UNREADABLE: Final = "unreadable"
REFUSED: Final = "refused"
OPEN: Final = "status in ('waiting', 'unreadable', 'refused')"
NOT_APPLIED: Final = "status <> 'released'"
"""What is open, and what a person dismissed: another decision may release it after all."""

_PARK: Final = """
insert into parked (consumer, reference, subject, sequence, type, status, reason, waits_for, headers, body, attempts)
select %s, reference, subject, sequence, type, status, reason, waits_for, headers, body, 1 from unnest(
  %s::text[], %s::text[], %s::int8[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::bytea[])
     with ordinality as p(reference, subject, sequence, type, status, reason, waits_for, headers, body, n) order by n
on conflict (consumer, reference) do update set status = excluded.status, reason = excluded.reason,
  waits_for = excluded.waits_for, attempts = parked.attempts + 1, changed_at = now()
"""
_ROW: Final = "id, reference, subject, sequence, type, body"


class NotParked(LookupError):
    """No fact is parked under this reference."""


class _Row(NamedTuple):
    reference: str
    subject: str | None
    sequence: int | None
    type: str
    status: str
    reason: str
    waits_for: str | None
    headers: Any
    body: bytes


def reference_of(delivery: Delivery) -> str:
    """Where a parked fact stands in its subject's order: ``measure/M-1#17``."""
    return f"{delivery.subject}#{delivery.sequence}"


def reason_of(error: BaseException) -> str:
    """Why, in words a person can read; never empty."""
    text = str(error).strip()
    return printable(text if isinstance(error, Parked) and text else f"{type(error).__name__}: {text or 'no further words'}")


class Parking:
    """What one transaction of one consumer sets aside. Kept in memory until ``flush``, so that it costs one statement."""

    def __init__(self, session: Session, consumer: str, reads: Reads) -> None:
        self._session, self._consumer, self._reads = session, consumer, reads
        self._origins: dict[int, tuple[Event, Delivery]] = {}
        self._rows: dict[str, _Row] = {}
        self.count = 0

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    def readable(self, delivery: Delivery) -> Event | None:
        """The event, if this consumer wants it; parked if it cannot be read."""
        try:
            return self._read(delivery)
        except Exception as error:                                              # contracts raise what they like
            if not is_offence(error):
                raise
            self._set_aside(delivery, UNREADABLE, reason_of(error))
            return None

    def _read(self, delivery: Delivery) -> Event | None:
        event = self._reads(delivery.type, delivery.body)
        if event is not None:
            if event.subject != delivery.subject:
                raise ValueError(f"the header says {delivery.subject}, the body {event.subject}")
            self._origins[id(event)] = (event, delivery)
        return event

    # ── setting aside ─────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def parking(self, work: Work, fact: Event) -> Iterator[None]:
        """See ``Work.parking``."""
        try:
            with work.undone_on_error():
                yield
        except Exception as error:                      # whatever a domain raises is a reason, not an accident
            if driver_error(error) is not None or not is_offence(error):
                raise
            waits_for = getattr(error, "waits_for", None)
            self._set_aside(self._origin(fact), WAITING, reason_of(error), None if waits_for is None else str(waits_for))

    def refuse(self, fact: Event, error: BaseException) -> None:
        """Set a fact aside that PostgreSQL, or a fault in the use case, refused when it was alone."""
        self._set_aside(self._origin(fact), REFUSED, reason_of(driver_error(error) or error))

    def unplaced(self, record: Unplaced) -> None:
        """Set a record aside whose place cannot be read; the event it may have been is told again."""
        self._add(_Row(
            record.reference, None, None, record.type, UNREADABLE, printable(record.reason), None, Jsonb(record.headers),
            record.body,
        ))

    def _set_aside(self, delivery: Delivery, status: str, reason: str, waits_for: str | None = None) -> None:
        kind = printable(delivery.type.decode("ascii", "replace"))
        key = None if waits_for is None else printable(waits_for)
        self._add(_Row(
            reference_of(delivery), delivery.subject, delivery.sequence, kind, status, reason, key, None, delivery.body
        ))

    def _add(self, row: _Row) -> None:
        self._rows[row.reference] = row
        self.count += 1

    def _origin(self, fact: Event) -> Delivery:
        try:
            return self._origins[id(fact)][1]
        except KeyError:
            raise RuntimeError(f"{fact.type} {fact.id} did not come with this batch: only facts handed over are parked") from None

    def body(self, fact: Event) -> bytes | None:
        """The bytes a fact came in; None if it did not come with this batch."""
        origin = self._origins.get(id(fact))
        return origin[1].body if origin is not None else None

    def sequence(self, fact: Event) -> int:
        """The place a fact of this batch has in its subject's order."""
        return self._origin(fact).sequence

    def flush(self) -> None:
        """Write what was set aside, in that order."""
        if self._rows:
            with cursor(self._session) as run:
                run.execute(_PARK, (self._consumer, *map(list, zip(*self._rows.values(), strict=True))))
            self._rows.clear()

    def forget(self, count: int) -> None:
        """The attempt that set aside what goes beyond this count is undone, also where it had been flushed."""
        self.count = count
        self._rows.clear()

    # ── taking out ────────────────────────────────────────────────────────────────────────────────────────────────

    def waiting(self, key: str) -> list[Event]:
        """See ``Work.waiting``."""
        self.flush()
        return self._take("status = 'waiting' and waits_for = %s", (printable(key),))

    def under(self, subject: str, fact: UUID, *, dismissed: bool = False) -> str | None:
        """See ``Work.parked_under``. The id is looked for in what cannot be read, too; other facts may only name it."""
        self.flush()
        parked = NOT_APPLIED if dismissed else OPEN
        with cursor(self._session) as run:
            run.execute(
                f"""select reference, body from parked where consumer = %s and {parked} and subject = %s
                    and position(%s::bytea in body) > 0 order by id""",                                           # noqa: S608
                (self._consumer, subject, str(fact).encode()),
            )
            return next((str(reference) for reference, body in run if id_in(body) == fact), None)

    def release(self, reference: str) -> list[Event]:
        """See ``Work.release``; ``NotParked`` if there is none. What still cannot be read is parked again."""
        self.flush()
        rows = self._rows_where(f"{NOT_APPLIED} and reference = %s and subject is not null", (reference,))
        if not rows:
            raise NotParked(f"nothing is parked under {reference}")
        return self._taken(rows)

    def dismiss(self, reference: str, reason: str) -> None:
        """See ``Work.dismiss``; ``NotParked`` if there is none."""
        self.flush()
        with cursor(self._session) as run:
            run.execute(
                f"""update parked set status = 'dismissed', reason = %s, changed_at = now()
                    where consumer = %s and reference = %s and {OPEN}""",                                         # noqa: S608
                (printable(f"{reason} (dismissed)"), self._consumer, reference),
            )
            if not run.rowcount:
                raise NotParked(f"nothing is parked under {reference}")

    def again(self, after: int, limit: int) -> tuple[int, list[Event]]:
        """Parked facts behind row ``after``, taken out to be tried again, and the last row looked at.

        Also what was refused: what a faulty release could not do, the mended one can.
        """
        rows = self._rows_where(f"{OPEN} and subject is not null and id > %s", (after,), limit)
        return (rows[-1][0] if rows else after), self._taken(rows)

    def subjects_again(self, after: int, limit: int) -> list[str]:
        """Subjects of the rows ``again`` will look at, to be locked before them."""
        with cursor(self._session) as run:
            run.execute(
                f"""select distinct subject from (select subject from parked where consumer = %s and subject is not null
                    and {OPEN} and id > %s order by id limit %s) p""", (self._consumer, after, limit),      # noqa: S608
            )
            return [subject for (subject,) in run]

    def _take(self, condition: str, parameters: Sequence[object]) -> list[Event]:
        return self._taken(self._rows_where(condition, parameters))

    def _rows_where(self, condition: str, parameters: Sequence[object], limit: int | None = None) -> list[tuple[Any, ...]]:
        with cursor(self._session) as run:
            run.execute(
                f"select {_ROW} from parked where consumer = %s and {condition} order by id limit %s for update",     # noqa: S608
                (self._consumer, *parameters, limit),
            )
            return run.fetchall()

    def _taken(self, rows: Sequence[tuple[Any, ...]]) -> list[Event]:
        facts = [fact for row in rows if (fact := self.readable(_delivery(row))) is not None]
        released = [row[1] for row in rows if row[1] not in self._rows]
        if released:
            with cursor(self._session) as run:
                run.execute(
                    "update parked set status = 'released', changed_at = now() where consumer = %s and reference = any(%s)",
                    (self._consumer, released),
                )
        return facts


def _delivery(row: tuple[Any, ...]) -> Delivery:
    _, _, subject, sequence, kind, body = row
    return Delivery(subject, sequence, b"", b"", kind.encode("ascii", "replace"), bytes(body))


def id_in(body: bytes) -> UUID | None:
    """The id of a fact that may be unreadable otherwise."""
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        return UUID(json.loads(body)["id"])
    return None
