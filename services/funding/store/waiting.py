"""What waits: subjects that are due or set aside, and parked facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from sqlmodel import Session

from services.funding.store.posting import open_books
from services.funding.store.rows import CONSUMER, count_of
from shared.persistence.database import cursor


class Due(NamedTuple):
    """A subject that waits, as it was when it was looked at."""

    subject: str
    version: int
    own: bool


_READY: Final = (
    "j.due_since is not null and (j.retry_at is null or j.retry_at < clock_timestamp()) and "
    "(j.touched_at < clock_timestamp() - %(quiet)s * interval '1 second' or "
    "j.due_since < clock_timestamp() - %(patience)s * interval '1 second')"
)
_PAID: Final = (
    "(j.kind = 'account' or exists (select from account_use u join journal a on a.subject = u.account "
    "where u.measure = j.subject and a.facts > 0))"
)


def due_matching(session: Session, quiet: float, patience: float) -> list[Due]:
    """Accounts and measures whose vouchers and bank lines wait to be matched. Without any bank line there is nothing to match."""
    return _due(session, f"j.kind in ('account', 'measure') and j.matching and {_READY} and {_PAID}", quiet, patience, 1)


def due_measures(session: Session, quiet: float, patience: float, limit: int) -> list[Due]:
    """Measures that wait to be reconciled, unless their vouchers or an account of theirs wait to be matched first."""
    return _due(
        session,
        f"""j.kind = 'measure' and {_READY} and not (j.matching and {_PAID}) and not exists
            (select from account_use u join journal a on a.subject = u.account where u.measure = j.subject and a.matching)""",
        quiet,
        patience,
        limit,
    )


def due_programmes(session: Session, quiet: float, patience: float, limit: int) -> list[Due]:
    """Programmes that wait, once none of their measures does; those that were set aside keep nobody waiting."""
    return _due(
        session,
        f"""j.kind = 'programme' and {_READY} and not exists (select from measure m join journal x on x.subject = m.subject
            where m.programme = j.subject and x.due_since is not null and x.failed is null)""",
        quiet,
        patience,
        limit,
    )


def _due(session: Session, condition: str, quiet: float, patience: float, limit: int) -> list[Due]:
    with cursor(session) as run:
        run.execute(
            f"select j.subject, j.version, j.own from journal j where {condition} order by j.due_since limit %(limit)s",  # noqa: S608
            {"quiet": quiet, "patience": patience, "limit": limit},
        )
        return [Due(*row) for row in run]


def versions(session: Session, subjects: Sequence[str]) -> dict[str, int]:
    """How often each of these subjects was touched."""
    with cursor(session) as run:
        run.execute("select subject, version from journal where subject = any(%s)", (list(subjects),))
        return dict(run.fetchall())


def lock(session: Session, subjects: Iterable[str]) -> dict[str, int]:
    """Lock these journals, in order, and read their versions; those that are not there are made."""
    open_books(session, subjects, None)
    return versions(session, sorted(set(subjects)))


def touch(session: Session, subjects: Iterable[str], *, own: bool = False) -> None:
    """Mark subjects as due. Their rows are locked.

    What follows from other subjects waits for no quiet: only what is posted says that more of it may come.
    """
    with cursor(session) as run:
        run.execute(
            """update journal set version = version + 1,
               due_since = case when kind in ('measure', 'programme') then coalesce(due_since, clock_timestamp())
                 else due_since end,
               own = own or %s where subject = any(%s)""",
            (own, sorted(set(subjects))),
        )


def done(session: Session, subjects: Iterable[str], today: date) -> None:
    """These subjects are due no longer."""
    with cursor(session) as run:
        run.execute(
            """update journal set due_since = null, own = false, matching = false, day = %s, failed = null,
               failures = 0, retry_at = null where subject = any(%s)""",
            (today, sorted(set(subjects))),
        )


def matched(session: Session, subjects: Iterable[str]) -> None:
    """These subjects' vouchers and bank lines are matched; accounts are due no longer."""
    with cursor(session) as run:
        run.execute(
            """update journal set matching = false, due_since = case when kind = 'account' then null else due_since end,
               failed = null, failures = 0, retry_at = null where subject = any(%s)""",
            (sorted(set(subjects)),),
        )


def match_again(session: Session, subjects: Iterable[str]) -> None:
    """These subjects moved while they were matched, so that nothing of it was kept."""
    with cursor(session) as run:
        run.execute("update journal set matching = true where subject = any(%s)", (sorted(set(subjects)),))


def set_aside(session: Session, subjects: Iterable[str], reason: str) -> None:
    """These subjects could not be reconciled: they stay due, and are tried again after a pause that doubles up to an hour.

    Their rows are locked.
    """
    with cursor(session) as run:
        run.execute(
            """update journal set failed = %s, failures = failures + 1,
                 retry_at = clock_timestamp() + least(interval '1 hour', interval '10 seconds' * power(2, least(failures, 10)))
               where subject = any(%s)""",
            (reason, sorted(set(subjects))),
        )


def count_set_aside(session: Session) -> dict[str, int]:
    """How many subjects could not be reconciled, by kind."""
    with cursor(session) as run:
        run.execute("select kind, count(*) from journal where failed is not null group by kind")
        return dict(run.fetchall())


def count_set_aside_of(session: Session, programme: str) -> int:
    """Measures of a programme whose statement is of an earlier state, since they could not be reconciled."""
    return count_of(
        session,
        """select count(*) from measure m join journal j on j.subject = m.subject
           where m.programme = %s and j.failed is not null""",
        (programme,),
    )


def touch_of_earlier_days(session: Session, today: date, limit: int) -> int:
    """Mark as due what was last stated for an earlier today; returns how many."""
    with cursor(session) as run:
        run.execute(
            """update journal set version = version + 1, due_since = coalesce(due_since, clock_timestamp()), day = %s
               where subject in (select subject from journal where kind in ('measure', 'programme') and day < %s
                                 order by subject limit %s for update skip locked)""",
            (today, today, limit),
        )
        return run.rowcount


def touched_lately(session: Session, seconds: float, most: int) -> int:
    """How many subjects that are due were touched that lately; counted up to ``most``."""
    return count_of(
        session,
        """select count(*) from (select from journal where due_since is not null
           and touched_at > clock_timestamp() - %s * interval '1 second' limit %s) t""", (seconds, most),
    )


def count_due(session: Session) -> dict[str, int]:
    """How many subjects wait, by kind."""
    with cursor(session) as run:
        run.execute("select kind, count(*) from journal where due_since is not null group by kind")
        return dict(run.fetchall())


class ParkedFact(NamedTuple):
    """A fact that could not be applied."""

    reference: str
    subject: str
    type: str
    status: str
    reason: str
    waits_for: str | None
    attempts: int
    body: bytes


_PARKED_UNTOLD: Final = """parked p left join told_parked t on t.reference = p.reference where p.consumer = %s
  and p.status in ('waiting', 'unreadable', 'refused') and p.subject is not null
  and (t.reference is null or t.attempts <> p.attempts)"""
_RELEASED_UNTOLD: Final = """told_parked t join parked p on p.reference = t.reference and p.consumer = %s
  where p.status in ('released', 'dismissed')"""
_PARKED: Final = "p.reference, coalesce(p.subject, ''), p.type, p.status, p.reason, p.waits_for, p.attempts, p.body"


def parked_untold(session: Session, limit: int) -> list[ParkedFact]:
    """Parked facts nobody was told of yet, or which were parked again for another reason."""
    with cursor(session) as run:
        run.execute(
            f"select {_PARKED} from {_PARKED_UNTOLD} order by p.id limit %s",  # noqa: S608
            (CONSUMER, limit),
        )
        return [ParkedFact(*row) for row in run]


def released_untold(session: Session, limit: int) -> list[tuple[str, str, UUID | None, int]]:
    """Facts told of as parked that are parked no longer: reference, subject, fact, how often it was parked."""
    with cursor(session) as run:
        run.execute(
            f"select t.reference, t.subject, t.fact, p.attempts from {_RELEASED_UNTOLD} order by p.id limit %s",  # noqa: S608
            (CONSUMER, limit),
        )
        return run.fetchall()


def count_untold(session: Session) -> int:
    """How many facts were parked, or released, since that was told."""
    return sum(
        count_of(session, f"select count(*) from {untold}", (CONSUMER,)) for untold in (_PARKED_UNTOLD, _RELEASED_UNTOLD)  # noqa: S608
    )


def save_told(session: Session, told: Sequence[tuple[str, str, UUID | None, int]], gone: Sequence[str]) -> None:
    """Remember what was told of parked facts."""
    with cursor(session) as run:
        run.executemany(
            """insert into told_parked (reference, subject, fact, attempts) values (%s, %s, %s, %s)
               on conflict (reference) do update set attempts = excluded.attempts, fact = excluded.fact""",
            told,
        )
        run.execute("delete from told_parked where reference = any(%s)", (list(gone),))


_LISTED: Final = """p.consumer = %s and p.status = any(%s) and (%s::text is null or p.subject = %s)"""


def list_parked(session: Session, subject: str | None, dismissed: bool, limit: int, offset: int) -> list[ParkedFact]:
    """Parked facts, or dismissed ones, oldest first."""
    with cursor(session) as run:
        run.execute(
            f"select {_PARKED} from parked p where {_LISTED} order by p.id limit %s offset %s",                     # noqa: S608
            (CONSUMER, _statuses(dismissed), subject, subject, limit, offset),
        )
        return [ParkedFact(*row) for row in run]


def count_parked(session: Session, subject: str | None, dismissed: bool) -> int:
    """How many there are."""
    return count_of(
        session, f"select count(*) from parked p where {_LISTED}", (CONSUMER, _statuses(dismissed), subject, subject)  # noqa: S608
    )


def _statuses(dismissed: bool) -> list[str]:
    return ["dismissed"] if dismissed else ["waiting", "unreadable", "refused"]
