"""The unit of work: session and clock of one transaction, and the one way out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import Table
from sqlmodel import Session, SQLModel

from shared.contracts.event import Event
from shared.messaging.envelope import MAX_BODY, ZERO, chain
from shared.messaging.tables import Outbox
from shared.persistence import database
from shared.persistence.database import Database
from shared.values.dates import business_date
from shared.values.subject import lane_of

WRITERS: Final = 7
"""Advisory lock (7, lane): who writes to a lane's outbox holds it until commit, so ids of a lane are in commit order."""
CHANNEL: Final = "pruefpfad_outbox"
"""What PostgreSQL notifies at commit, so that the relay need not poll."""

OUTBOX_COLUMNS: Final = (
    "lane", "subject", "sequence", "previous", "digest", "type", "event_id", "recorded_at", "actor", "approved_by", "correlation",
    "cause", "body",
)


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """This instant, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class StandingClock:
    """A clock that stands until it is set: for tests and for runs that must come out the same."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Parked(Exception):
    """Raised while a fact is applied: it cannot be, for this reason; ``waits_for`` names what would change that.

    A domain need not know this class: any exception is a reason, and an attribute ``waits_for`` on it is read.
    """

    def __init__(self, reason: str, waits_for: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.waits_for = reason, waits_for


class EventRefused(ValueError):
    """An event that cannot be told: its text says why."""


class Consuming(Protocol):
    """What an inbox does for the work it opens."""

    def parking(self, work: Work, fact: Event) -> AbstractContextManager[None]: ...
    def waiting(self, work: Work, key: str) -> list[Event]: ...
    def release(self, work: Work, reference: str) -> list[Event]: ...
    def dismiss(self, work: Work, reference: str, reason: str) -> None: ...
    def body(self, fact: Event) -> bytes | None: ...
    def parked_under(self, subject: str, fact: UUID, *, dismissed: bool) -> str | None: ...
    def sequence(self, fact: Event) -> int: ...


class Work:
    """One transaction (READ COMMITTED): its session, its time, and what it tells.

    Locks are taken in this order: lanes of the inbox, journal rows, lanes of the outbox; these are the last step.
    """

    def __init__(self, session: Session, now: datetime, inbox: Consuming | None = None) -> None:
        self.session = session
        self.now = now
        """UTC, the same throughout the transaction."""
        self.today: date = business_date(now)
        """The date in Europe/Berlin."""
        self.correlation: UUID | None = None
        """The hand-in this is about, for the log of who takes it in: nothing that names it is told yet."""
        self._inbox = inbox
        self._emitted: list[tuple[Event, bytes]] = []

    def emit(self, *events: Event) -> None:
        """Tell events: they are written with the transaction, in this order, or not at all."""
        for event in events:
            self._emitted.append((event, _body(event)))

    @property
    def emitted(self) -> list[Event]:
        """What this transaction tells so far, in order."""
        return [event for event, _ in self._emitted]

    def copy(self, table: type[SQLModel] | Table | str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Insert rows by COPY; returns how many. See ``shared.persistence.database.copy``."""
        return database.copy(self.session, table, columns, rows)

    def parking(self, fact: Event) -> AbstractContextManager[None]:
        """What raises inside parks this fact with its reason; nothing it emitted remains; the rest of the batch goes on.

        Rows written inside are not taken back: save after the blocks, not in them. Errors of the database pass through.
        """
        return self._consuming().parking(self, fact)

    def waiting(self, key: str) -> list[Event]:
        """Facts parked as "waits for ``key``", in the order in which they were parked, taken out of parking to be applied."""
        return self._consuming().waiting(self, key)

    def release(self, reference: str) -> list[Event]:
        """The parked fact of this reference (``measure/M-1#17``), taken out of parking because a person said so, though one may
        have dismissed it before; nothing if it still cannot be read."""
        return self._consuming().release(self, reference)

    def dismiss(self, reference: str, reason: str) -> None:
        """Close a parked fact, because a person said so and why; it stays as evidence, and only ``release`` takes it up again."""
        self._consuming().dismiss(self, reference, reason)

    def parked_under(self, subject: str, fact: UUID, *, dismissed: bool = False) -> str | None:
        """Reference under which this fact of the subject is parked, also if it came in this very batch, or, where that is asked
        for, was ``dismissed``; None if it is not."""
        return self._consuming().parked_under(subject, fact, dismissed=dismissed)

    def body(self, event: Event) -> bytes:
        """An event's JSON as it came, so that fields only a later version knows are kept; written anew if it did not come."""
        came = self._inbox.body(event) if self._inbox is not None else None
        return event.__pydantic_serializer__.to_json(event) if came is None else came

    def sequence(self, event: Event) -> int:
        """The number of an event of this batch in its subject's order."""
        return self._consuming().sequence(event)

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Forget what was emitted inside if it raises."""
        length = len(self._emitted)
        try:
            yield
        except BaseException:
            del self._emitted[length:]
            raise

    def tell(self) -> None:
        """Write what was emitted: lanes locked ascending, each event with its sequence and predecessor, one COPY.

        Called once, as the last step. READ COMMITTED matters: what is read after the lock shows the holder before.
        """
        if not self._emitted:
            return
        subjects = sorted({event.subject for event, _ in self._emitted})
        lanes = {subject: lane_of(subject) for subject in subjects}
        with database.cursor(self.session) as cursor:
            cursor.execute(
                "select pg_advisory_xact_lock(%s, lane) from unnest(%s::int[]) as lane", (WRITERS, sorted(set(lanes.values())))
            )
            cursor.execute("select subject, sequence, digest from told where subject = any(%s)", (subjects,), binary=True)
            heads = {subject: (sequence, bytes(digest)) for subject, sequence, digest in cursor}
            rows = []
            for event, body in self._emitted:
                subject = event.subject
                last, previous = heads.get(subject, (0, ZERO))
                digest = chain(previous, last + 1, subject, event.type.encode("ascii"), body)
                rows.append((
                    lanes[subject], subject, last + 1, previous, digest, event.type, event.id, event.recorded_at, event.actor,
                    event.approved_by, event.correlation, event.cause, body,
                ))
                heads[subject] = (last + 1, digest)
            database.copy(self.session, Outbox, OUTBOX_COLUMNS, rows)
            cursor.execute(
                """insert into told (subject, lane, sequence, digest)
                   select * from unnest(%s::text[], %s::int2[], %s::int8[], %s::bytea[])
                   on conflict (subject) do update set sequence = excluded.sequence, digest = excluded.digest""",
                (subjects, list(lanes.values()), [heads[s][0] for s in subjects], [heads[s][1] for s in subjects]),
            )
            cursor.execute(f"notify {CHANNEL}")
        self._emitted.clear()

    def _consuming(self) -> Consuming:
        if self._inbox is None:
            raise RuntimeError("only a use case that handles messages (once) can park or release facts, or ask for their places")
        return self._inbox


def _body(event: Event) -> bytes:
    """The event's JSON; refused here, where its cause is, rather than by PostgreSQL or Kafka later."""
    body = event.__pydantic_serializer__.to_json(event)
    if len(body) > MAX_BODY:
        raise EventRefused(f"{event.type} about {event.subject} has {len(body)} bytes, at most {MAX_BODY} are told in one event")
    subject, actor = event.subject, event.actor
    if not (subject.isascii() and subject.isprintable() and 0 < len(subject) <= 500):
        raise EventRefused(f"subject {subject[:80]!r} is not 1 to 500 printable ASCII characters; make it with subject_of()")
    if not actor or "\0" in actor or "\0" in (event.approved_by or ""):
        raise EventRefused(f"{event.type} about {subject} needs an actor, a name without NUL; got {actor!r}")
    return body


@contextmanager
def unit_of_work(at: Database, clock: Clock) -> Iterator[Work]:
    """One transaction for people and chores: ``with unit_of_work(database, clock) as work: use_case(work, …)``."""
    with at.transaction() as session:
        work = Work(session, clock.now())
        yield work
        work.tell()
