"""Is everything settled? Sums per lane that are equal when what was told was applied, and what stands in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlmodel import Session

from shared.messaging.inbox import Inbox
from shared.persistence.database import Database, cursor
from shared.values.subject import LANES

COUNTED_UP_TO = 10_000
"""Rows of a lane's backlog that are counted; "10,000" means "or more"."""


@dataclass(frozen=True)
class InboxFlow:
    """One consumer's side: applied sequences per lane, and what waits or went wrong."""

    stream: str
    applied: tuple[int, ...]
    held: int
    gaps: int
    behind: int
    forks: int
    parked: dict[str, int]
    """Rows by status: waiting, unreadable, refused."""


@dataclass(frozen=True)
class Flow:
    """A service's flow: sums of told sequences per lane of its own stream, its backlog, its inboxes, alarms and rare counts."""

    stream: str
    told: tuple[int, ...]
    unsent: tuple[int, ...]
    oldest_seconds: float
    """Age of the oldest outbox row that was not yet relayed; 0 if there is none."""
    alarms: int
    inboxes: dict[str, InboxFlow] = field(default_factory=dict)
    counted: dict[str, dict[str, int]] = field(default_factory=dict)
    """Rare things that happened since the database was made, by consumer."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def flow(database: Database, stream: str, inboxes: Sequence[Inbox] = ()) -> Flow:
    """Read a service's flow: a few sums, cheap enough to be asked for several times a second.

    What was applied is read first: a batch that commits in between then shows as told and not yet applied, never as settled.
    """
    with database.transaction() as session:
        applied = {inbox.consumer: _inbox(session, inbox) for inbox in inboxes}
        unsent, oldest = _backlog(session)
        return Flow(
            stream=stream,
            told=_per_lane(session, "select lane, sum(sequence)::int8 from told group by lane"),
            unsent=unsent,
            oldest_seconds=oldest,
            alarms=_one(session, "select count(*) from alarm where acknowledged_at is null"),
            inboxes=applied,
            counted=_counted(session),
        )


def settled(flows: Sequence[Flow]) -> bool:
    """Has every inbox applied all that its stream's publisher told, and is nothing held? Parked facts count as applied."""
    told = {one.stream: one.told for one in flows}
    return all(
        inbox.applied == told.get(inbox.stream, inbox.applied) and not inbox.held
        for one in flows for inbox in one.inboxes.values()
    )


def _inbox(session: Session, inbox: Inbox) -> InboxFlow:
    who = inbox.consumer
    states = dict(_rows(session, "select state, count(*) from inbox where consumer = %s and state <> 'ok' group by state", who))
    return InboxFlow(
        stream=inbox.stream,
        applied=_per_lane(session, "select lane, sum(sequence)::int8 from inbox where consumer = %s group by lane", who),
        held=_one(session, "select count(*) from held where consumer = %s", who),
        gaps=states.get("gap", 0),
        behind=states.get("behind", 0),
        forks=states.get("fork", 0),
        parked=dict(_rows(
            session, """select status, count(*) from parked where consumer = %s and status in ('waiting', 'unreadable', 'refused')
                        group by status""", who)),
    )


def _backlog(session: Session) -> tuple[tuple[int, ...], float]:
    rows = _rows(
        session,
        f"""select l.lane, o.waiting, coalesce(extract(epoch from now() - o.oldest), 0)::float8
            from generate_series(0, {LANES - 1}) as l(lane) left join relayed r on r.lane = l.lane cross join lateral (
              select count(*) as waiting, min(written_at) as oldest from (select written_at from outbox x
                where x.lane = l.lane and x.id > coalesce(r.id, 0) order by x.id limit {COUNTED_UP_TO}) b) o order by 1""",    # noqa: S608
    )
    return tuple(row[1] for row in rows), max(row[2] for row in rows)


def _per_lane(session: Session, sql: str, *parameters: Any) -> tuple[int, ...]:
    sums = dict(_rows(session, sql, *parameters))
    return tuple(int(sums.get(lane, 0)) for lane in range(LANES))


def _counted(session: Session) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    for who, what, times in _rows(session, "select who, what, times from counted order by who, what"):
        counted.setdefault(who, {})[what] = times
    return counted


def _one(session: Session, sql: str, *parameters: Any) -> int:
    return int(_rows(session, sql, *parameters)[0][0])


def _rows(session: Session, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with cursor(session) as run:
        return run.execute(sql, parameters).fetchall()
