"""Rows in and out of intake's database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import pydantic_core
from psycopg.types.json import Jsonb
from sqlalchemy import desc
from sqlmodel import Session, col, select

from services.intake.domain.identity import Known, Standing
from services.intake.domain.readers import oparl
from services.intake.tables import Handin, Proposal, Rejection, Repetition, RowText, SetAside, Submission
from services.intake.tables import Standing as StandingRow
from shared.contracts.intake import SubjectTotal
from shared.messaging.work import Work
from shared.persistence.database import KEEPALIVE, cursor, plain_url, url_for
from shared.values.source import Source

READER: Final = 11
"""Advisory lock: who reads hand-ins. One at a time, in order of arrival, so that a correction finds what it corrects."""


class Turn:
    """The right to read hand-ins, held by a session of its own: the system gives it back when its holder dies.

    It only keeps replicas from working on the same file; that nothing is told twice rests on the row count of the hand-in.
    """

    def __init__(self, url: str) -> None:
        self.url = plain_url(url_for(url, "")) if url else ""
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def next(self) -> UUID | None:
        """The oldest hand-in that waits, if it is ours to read. Cheap enough to be asked again and again."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5, **KEEPALIVE)
                row = self._connection.execute("select pg_try_advisory_lock(%s)", (READER,)).fetchone()
                if row is None or not row[0]:
                    self.give_back()
                    return None
            row = self._connection.execute("select id from handin where state = 'waiting' order by number limit 1").fetchone()
            return UUID(str(row[0])) if row else None
        except psycopg.Error:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let others read."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


# ── hand-ins ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def was_read(work: Work, digest: str) -> bool:
    """Was this content read to its end before?"""
    with cursor(work.session) as at:
        at.execute("select exists (select from handin where digest = %s and state = 'read')", (digest,))
        row = at.fetchone()
    return bool(row and row[0])


def times_handed_in(work: Work, digest: str) -> int:
    """How often this content came before. Whoever asks holds the content's lock until the end of the transaction."""
    with cursor(work.session) as at:
        at.execute("select pg_advisory_xact_lock(12, hashtext(%s))", (digest,))
        at.execute("select coalesce(max(nth), 0) from handin where digest = %s", (digest,))
        row = at.fetchone()
    return int(row[0]) if row else 0


def add_handin(work: Work, handin: Handin) -> None:
    """Keep a new hand-in."""
    work.session.add(handin)
    work.session.flush()


def handin(work: Work, id: UUID) -> Handin | None:
    """A hand-in by its id."""
    return work.session.get(Handin, id)


def locked(work: Work, id: UUID) -> Handin:
    """A hand-in that nobody else changes until the end of the transaction, as it stands now."""
    return work.session.exec(
        select(Handin).where(Handin.id == id).with_for_update().execution_options(populate_existing=True)
    ).one()


def latest(work: Work, digest: str) -> Handin | None:
    """The last time this content was handed in; twelve digits of the digest are enough."""
    query = select(Handin).where(col(Handin.digest).startswith(digest, autoescape=True))
    return work.session.exec(query.order_by(desc(col(Handin.number))).limit(1)).first()


def list_handins(work: Work, limit: int, state: str | None) -> Sequence[Handin]:
    """Hand-ins, latest first."""
    query = select(Handin).order_by(desc(col(Handin.number))).limit(limit)
    return work.session.exec(query.where(Handin.state == state) if state else query).all()


def add_totals(work: Work, handin: UUID, totals: Mapping[str, tuple[int, int]]) -> None:
    """Add to what a hand-in brought for its subjects."""
    if totals:
        with cursor(work.session) as at:
            at.execute(
                """insert into handin_total (handin, subject, facts, cents)
                   select %s, * from unnest(%s::text[], %s::int[], %s::int8[]) on conflict (handin, subject)
                   do update set facts = handin_total.facts + excluded.facts, cents = handin_total.cents + excluded.cents""",
                (handin, list(totals), [facts for facts, _ in totals.values()], [cents for _, cents in totals.values()]),
            )


def totals(work: Work, handin: UUID, limit: int) -> tuple[SubjectTotal, ...]:
    """What a hand-in brought per subject, by subject, at most ``limit``."""
    with cursor(work.session) as at:
        at.execute("select subject, facts, cents from handin_total where handin = %s order by subject limit %s", (handin, limit))
        return tuple(SubjectTotal(subject=subject, facts=facts, cents=cents) for subject, facts, cents in at)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def keep_rows(work: Work, digest: str, rows: Sequence[tuple[str, Any, str | None]], *, again: bool) -> None:
    """Keep rows as handed in; ``again``: the same content came before, so most are there."""
    raw = bytes.fromhex(digest)
    if again:
        with cursor(work.session) as at:
            at.execute("select place from row_text where digest = %s and place = any(%s)", (raw, [place for place, _, _ in rows]))
            there = {place for (place,) in at}
        rows = [row for row in rows if row[0] not in there]
    work.copy(
        RowText,
        ("digest", "place", "cells", "ignored"),
        ((raw, place, to_json(cells), why) for place, cells, why in rows),
    )


def keep_repetitions(work: Work, digest: str, rows: Sequence[tuple[str, Known]], *, again: bool) -> None:
    """Keep which earlier rows some repeat; ``again``: the same content came before, so most are there."""
    raw = bytes.fromhex(digest)
    if again:
        with cursor(work.session) as at:
            at.execute("select place from repetition where digest = %s and place = any(%s)", (raw, [place for place, _ in rows]))
            there = {place for (place,) in at}
        rows = [row for row in rows if row[0] not in there]
    work.copy(
        Repetition,
        ("digest", "place", "fact", "of_digest", "of_place"),
        ((raw, place, known.fact, bytes.fromhex(known.digest), known.place) for place, known in rows),
    )


def repetitions_of_row(work: Work, digest: str, place: str) -> list[tuple[str, UUID, Source]]:
    """What a row repeats: the place in it, the fact, and where that was said first."""
    with cursor(work.session) as at:
        at.execute(
            """select place, fact, encode(of_digest, 'hex'), of_place from repetition
               where digest = %s and (place = %s or place like %s) order by place""",
            (bytes.fromhex(digest), place, place.replace("%", "") + ".%"),
        )
        return [(found, fact, Source(digest=of, place=of_place)) for found, fact, of, of_place in at]


def passed_over(work: Work, digest: str) -> list[tuple[str, int, list[str]]]:
    """Why rows of a content are no facts, what is most frequent first: the reason, how many rows, the first places."""
    with cursor(work.session) as at:
        at.execute(
            """select ignored, count(*), (array_agg(place order by length(place), place))[:5] from row_text
               where digest = %s and ignored is not null group by ignored order by 2 desc, 1 limit 50""",
            (bytes.fromhex(digest),),
        )
        return at.fetchall()


def keep_rejections(work: Work, rows: Iterable[tuple[UUID, str, int, str, str | None, str | None, str, str]]) -> None:
    """Keep the faults of rejected rows, with their values."""
    work.copy(Rejection, ("handin", "place", "ordinal", "error", "column_name", "value", "expected", "mend"), rows)


def rejections(work: Work, handin: UUID, limit: int) -> Sequence[Rejection]:
    """Faults of a hand-in in the order of its rows."""
    query = select(Rejection).where(Rejection.handin == handin)
    found = work.session.exec(query.order_by(Rejection.place, Rejection.ordinal).limit(100_000)).all()  # type: ignore[arg-type]
    return sorted(found, key=lambda one: (_natural(one.place), one.ordinal))[:limit]


def _natural(place: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in place.split("."))


def row(work: Work, digest: str, place: str) -> RowText | None:
    """A row as handed in, or None."""
    return work.session.get(RowText, (bytes.fromhex(digest), place))


def facts_of_row(work: Work, digest: str, place: str) -> list[tuple[str, UUID, int]]:
    """Facts a row was the first to say: place, id, revision."""
    with cursor(work.session) as at:
        at.execute(
            """select place, fact, revision from standing
               where digest = %s and (place = %s or place like %s) and twin > 0 order by place""",
            (bytes.fromhex(digest), place, place.replace("%", "") + ".%"),
        )
        return [(found, fact, revision) for found, fact, revision in at]


def erase(work: Work, digest: str, place: str | None, now: datetime) -> int:
    """Forget the texts of a row, or of all rows of a content; returns how many had some."""
    raw = bytes.fromhex(digest)
    with cursor(work.session) as at:
        at.execute(
            """update row_text set cells = null, erased_at = %s
               where digest = %s and (%s::text is null or place = %s) and cells is not null""",
            (now, raw, place, place),
        )
        count = at.rowcount
        at.execute(
            """update rejection set value = null from handin where handin.id = rejection.handin and handin.digest = %s
               and (%s::text is null or place = %s)""",
            (digest, place, place),
        )
    return count


def to_json(value: Any) -> str:
    """JSON that PostgreSQL takes: without NUL."""
    text = pydantic_core.to_json(value, fallback=str).decode()
    return text.replace("\\u0000", "") if "\\u0000" in text else text


# ── what keys say ────────────────────────────────────────────────────────────────────────────────────────────────────


def standings(work: Work, keys: Sequence[bytes]) -> dict[bytes, list[Standing]]:
    """What was said under these keys."""
    found: dict[bytes, list[Standing]] = {}
    if keys:
        with cursor(work.session) as at:
            at.execute(
                """select key, twin, revision, content, fact, marked, state, digest, place from standing where key = any(%s)
                   order by key, twin, revision""",
                (list(keys),),
                binary=True,
            )
            for key, twin, revision, content, fact, marked, state, digest, place in at:
                one = Standing(twin, revision, bytes(content), fact, marked, bytes(digest).hex(), place, state)
                found.setdefault(bytes(key), []).append(one)
    return found


def keep_standings(work: Work, made: Iterable[tuple[bytes, Standing]]) -> None:
    """Keep what is said under keys from now on. A twin or revision that is there already fails the transaction."""
    work.copy(
        StandingRow,
        ("key", "twin", "revision", "content", "fact", "marked", "state", "digest", "place"),
        (
            (
                key,
                one.twin,
                one.revision,
                one.content,
                one.fact,
                one.marked,
                one.state,
                bytes.fromhex(one.digest),
                one.place,
            )
            for key, one in made
        ),
    )


# ── council objects ──────────────────────────────────────────────────────────────────────────────────────────────────


def remembered(work: Work, names: Sequence[str]) -> list[dict[str, Any]]:
    """Council objects that have or name one of these ids: up to their papers, and down to all that explains these."""
    with cursor(work.session) as at:

        def find(where: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
            at.execute(f"select id, body from council where {where}", {"ids": list(ids)})  # noqa: S608 - our own words below
            return dict(at.fetchall())

        found = find("names && %(ids)s", names)
        for _ in range(2):  # agenda item, consultation, paper
            up = {name for thing in found.values() for name in oparl.upwards(thing)}
            found |= find("names && %(ids)s and kind in ('Paper', 'Consultation')", up)
        for _ in range(3):  # paper, consultation, agenda item, meeting
            down = {name for thing in found.values() for name in oparl.downwards(thing)}
            found |= find(
                "(id = any(%(ids)s) and kind <> 'Paper') or (names && %(ids)s and kind in ('Meeting', 'AgendaItem'))", down
            )
            found |= find("names && %(ids)s and kind = 'Consultation'", {id for id, thing in found.items() if _is_paper(thing)})
    return [thing for _, thing in sorted(found.items())]


def _is_paper(thing: Mapping[str, Any]) -> bool:
    return oparl.kind_of(dict(thing)) == "Paper"


def remember(work: Work, objects: Sequence[tuple[str, str, str, list[str], dict[str, Any]]]) -> None:
    """Keep the newest state of council objects."""
    with cursor(work.session) as at:
        at.executemany(
            """insert into council (id, kind, modified, names, body) values (%s, %s, %s, %s, %s) on conflict (id) do update
               set kind = excluded.kind, modified = excluded.modified, names = excluded.names, body = excluded.body
               where council.modified <= excluded.modified""",
            [(id, kind, modified, names, Jsonb(body, dumps=to_json)) for id, kind, modified, names, body in objects],
        )


# ── submissions, installation ────────────────────────────────────────────────────────────────────────────────────────


def submission(work: Work, source: str, id: str) -> Submission | None:
    """A submission by its identity. Whoever asks holds its lock until the end of the transaction."""
    with cursor(work.session) as at:
        at.execute("select pg_advisory_xact_lock(13, hashtext(%s))", (f"{source} {id}",))
    return work.session.get(Submission, (source, id))


def add_submission(work: Work, row: Submission) -> None:
    """Keep a submission's identity."""
    work.session.add(row)
    work.session.flush()


_NAMES: Final = "select distinct on (name, measure) name, measure, holds from measure_name order by name, measure, n desc"


def keep_names(
    work: Work, names: Iterable[tuple[str, str]], corrected: Collection[str] = (), before: Iterable[tuple[str, str]] = ()
) -> None:
    """Keep what measures are called: name and key of the measure. Measures whose row was ``corrected`` are called so, and no
    longer otherwise. What was said ``before`` counts only where nothing is known of it: a correction may have left it out."""
    said, repeated = set(names), set(before)
    measures = list({measure for _, measure in said | repeated})
    with cursor(work.session) as at:
        at.execute(f"select name, measure, holds from ({_NAMES}) n where measure = any(%s)", (measures,))  # noqa: S608
        known = {(name, measure): holds for name, measure, holds in at}
        news = [(*one, True) for one in said | (repeated - known.keys()) if not known.get(one)]
        news += [(*one, False) for one, holds in known.items() if holds and one[1] in corrected and one not in said]
        at.executemany("insert into measure_name (name, measure, holds) values (%s, %s, %s)", sorted(news))


def names_of_measures(work: Work) -> dict[str, str]:
    """Other names of measures → their keys; not those that several measures have, or that are the key of another. A name that a
    correction left out still leads to the measure while no other is called so."""
    with cursor(work.session) as at:
        at.execute(
            f"""select name, measure from (select name, (array_agg(measure order by holds desc, measure))[1] as measure,
                  count(*) filter (where holds) as called, count(*) as ever from ({_NAMES}) n group by name) m
                where (called = 1 or called = 0 and ever = 1) and measure <> name"""                                # noqa: S608
        )
        return dict(at.fetchall())


def files_about(work: Work, subjects: Sequence[str]) -> list[tuple[str, str]]:
    """Which files brought facts about these subjects: subject and digest, in the order of their arrival. No name: it may be a
    person's, and what is told of it is told for ever."""
    with cursor(work.session) as at:
        at.execute(
            """select t.subject, h.digest from handin_total t join handin h on h.id = t.handin
               where t.subject = any(%s) and t.facts > 0 order by h.number""",
            (list(subjects),),
        )
        return list(dict.fromkeys((subject, digest) for subject, digest in at))


def propose(work: Work, proposal: Proposal) -> Proposal:
    """Keep an instruction that waits for a second person; the one that waits already if it says the same."""
    with cursor(work.session) as at:
        at.execute("select pg_advisory_xact_lock(14, hashtext(%s))", (proposal.subject,))
    same = col(Proposal.subject) == proposal.subject, col(Proposal.instruction) == proposal.instruction
    waiting = work.session.exec(select(Proposal).where(*same, Proposal.state == "waiting")).first()
    if waiting is not None:
        return waiting
    work.session.add(proposal)
    work.session.flush()
    return proposal


def locked_proposal(work: Work, number: int) -> Proposal | None:
    """A proposal that nobody else decides until the end of the transaction."""
    return work.session.exec(
        select(Proposal).where(Proposal.number == number).with_for_update().execution_options(populate_existing=True)
    ).first()


def proposals(work: Work) -> Sequence[Proposal]:
    """Those that wait, oldest first."""
    return work.session.exec(select(Proposal).where(Proposal.state == "waiting").order_by(col(Proposal.number))).all()


def set_aside(work: Work, row: SetAside) -> bool:
    """Keep a record that is no submission, once; False if it is kept already."""
    if work.session.get(SetAside, (row.partition, row.position)) is not None:
        return False
    work.session.add(row)
    work.session.flush()
    return True


def installation(work: Work, name: str) -> bytes | None:
    """A value that was made once and stays."""
    with cursor(work.session) as at:
        at.execute("select value from installation where name = %s", (name,))
        row = at.fetchone()
    return bytes(row[0]) if row else None


def install(work: Work, name: str, value: bytes) -> None:
    """Keep a value for good, unless somebody else was first."""
    with cursor(work.session) as at:
        at.execute("insert into installation (name, value) values (%s, %s) on conflict do nothing", (name, value))


def counts(session: Session) -> dict[tuple[str, ...], float]:
    """Hand-ins by state, for the metrics."""
    with cursor(session) as at:
        at.execute("select state, count(*) from handin group by state")
        return {(state,): float(count) for state, count in at}


def count_waiting(session: Session) -> int:
    """Hand-ins that are not read to their end yet."""
    with cursor(session) as at:
        at.execute("select count(*) from handin where state = 'waiting'")
        return int((at.fetchone() or (0,))[0])


def set_aside_count(session: Session) -> dict[tuple[str, ...], float]:
    """Records set aside, for the metrics."""
    with cursor(session) as at:
        at.execute("select count(*) from set_aside")
        row = at.fetchone()
        return {(): float(row[0]) if row else 0.0}
