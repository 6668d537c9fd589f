"""What a statement is made of, and where it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session

from services.funding.domain.ledger import ZEROS
from services.funding.domain.waiver import Content
from services.funding.store.rows import CONSUMER, count_of
from shared.contracts.funding import Finding, Head, MeasureStatement
from shared.messaging.parking import id_in
from shared.persistence.database import cursor


class Place(NamedTuple):
    """How far a subject is: both heads, its version, and the last fact of intake's stream that was applied."""

    version: int
    number: int
    seal: str
    settled: int
    settled_seal: str
    facts_upto: int

    @property
    def head(self) -> Head:
        """Of the main book."""
        return Head(number=self.number, seal=self.seal)

    @property
    def settlement(self) -> Head:
        """Of the settlement book."""
        return Head(number=self.settled, seal=self.settled_seal)


def place_of(session: Session, subject: str) -> Place:
    """Where a subject stands now."""
    with cursor(session) as run:
        run.execute(
            """select j.version, j.number, j.seal, j.settled, j.settled_seal,
                 coalesce((select i.sequence from inbox i where i.consumer = %s and i.subject = j.subject), 0)
               from journal j where j.subject = %s""",
            (CONSUMER, subject),
            binary=True,
        )
        row = run.fetchone()
    if row is None:
        return Place(0, 0, ZEROS, 0, ZEROS, 0)
    version, number, seal, settled, settled_seal, upto = row
    return Place(version, number, bytes(seal).hex() or ZEROS, settled, bytes(settled_seal).hex() or ZEROS, upto)


def facts_upto(session: Session, subjects: Sequence[str]) -> dict[str, int]:
    """Sequence of the last fact of each subject that was applied; 0 where nothing is known of it."""
    with cursor(session) as run:
        run.execute(
            "select subject, sequence from inbox where consumer = %s and subject = any(%s)",
            (CONSUMER, list(subjects)),
        )
        return dict.fromkeys(subjects, 0) | dict(run.fetchall())


def days_of(session: Session, subject: str, programme: str | None) -> list[date]:
    """Watched days of a subject, those of its programme included."""
    with cursor(session) as run:
        run.execute("select distinct day from watched where subject = %s or subject = %s order by day", (subject, programme))
        return [day for (day,) in run]


def unmatched_of(session: Session, measure: str) -> list[tuple[str, int, date]]:
    """Debits of the measure's accounts that prove nothing: account, number, value date."""
    with cursor(session) as run:
        run.execute(
            """select u.account, u.number, u.valued_on from account_use a join unmatched u on u.account = a.account
               where a.measure = %s order by u.account, u.number""",
            (measure,),
        )
        return run.fetchall()


def has_bank_statements(session: Session, measure: str, day: date) -> bool:
    """Was any bank line of the measure's accounts handed in that was valued by the day?"""
    with cursor(session) as run:
        run.execute(
            """select exists (select from account_use a join entry e on e.subject = a.account
               where a.measure = %s and e.book = 'main' and e.valued_on <= %s)""",
            (measure, day),
        )
        row = run.fetchone()
        return bool(row and row[0])


def count_suggestions(session: Session, subject: str, day: date) -> int:
    """Vouchers of a measure for which a person may confirm a match with a bank line valued by the day."""
    return count_of(
        session,
        """select count(distinct voucher) from suggestion
           where subject = %s and (convert_from(body, 'UTF8')::json ->> 'value_date')::date <= %s""",
        (subject, day),
    )


def count_parked(session: Session, subject: str) -> int:
    """Facts of a subject, and of the accounts it is paid from, that could not be applied."""
    return count_of(
        session,
        """select count(*) from parked where consumer = %s and status in ('waiting', 'unreadable', 'refused')
           and (subject = %s or subject in (select account from account_use where measure = %s))""",
        (CONSUMER, subject, subject),
    )


def dismissed(session: Session, subjects: Sequence[str]) -> tuple[UUID, ...]:
    """Facts of subjects, but vouchers and bank lines, that were parked and a person dismissed, oldest first."""
    with cursor(session) as run:
        run.execute(
            """select body from parked where consumer = %s and status = 'dismissed' and subject = any(%s)
               and type not like 'de.pruefpfad.voucher.%%' and type not like 'de.pruefpfad.payment.%%' order by id""",
            (CONSUMER, list(subjects)),
        )
        return tuple(fact for (body,) in run if (fact := id_in(bytes(body))) is not None)


def count_rejected(session: Session, subject: str) -> int:
    """Rows about a subject, or an account it is paid from, that could not be read and that no later file has settled.

    Only an edition can settle them that could hold what they were meant to say: of the same series, read to its end after them,
    with as many rows at least, and none of them rejected. Of a file that never came to its end only the rejections are known.
    """
    return count_of(
        session,
        """select count(*) from rejection r
           where (r.concerns = %s or r.concerns in (select account from account_use where measure = %s)) and not exists
           (select from file f where f.series = r.series and f.file <> r.file and f.known_at > r.known_at and f.rejected = 0
              and f.rows >= coalesce((select e.rows from file e where e.file = r.file),
                                     (select count(*) from rejection o where o.file = r.file)))""",
        (subject, subject),
    )


def statement(session: Session, subject: str, day: date) -> tuple[UUID, bytes] | None:
    """Event and body of the last statement as of a day."""
    with cursor(session) as run:
        run.execute("select event, body from statement where subject = %s and day = %s", (subject, day), binary=True)
        row = run.fetchone()
        return (row[0], bytes(row[1])) if row else None


def save_statement(session: Session, subject: str, day: date, event: UUID, body: bytes) -> None:
    """Keep the last statement as of a day; earlier ones are in the outbox."""
    with cursor(session) as run:
        run.execute(
            """insert into statement (subject, day, event, body) values (%s, %s, %s, %s)
               on conflict (subject, day) do update set event = excluded.event, body = excluded.body""",
            (subject, day, event, body),
        )


def findings(session: Session, subject: str, day: date) -> list[Finding]:
    """Findings that hold as of a day, waived ones too."""
    with cursor(session) as run:
        run.execute("select body from finding where subject = %s and day = %s order by code, id", (subject, day), binary=True)
        return [Finding.model_validate_json(body) for (body,) in run]


def save_findings(session: Session, subject: str, day: date, kept: Sequence[Finding], gone: Sequence[Finding]) -> None:
    """Keep raised and changed findings, drop settled ones."""
    with cursor(session) as run:
        if kept:
            run.execute(
                """insert into finding (subject, day, id, code, body)
                   select %s, %s, v.* from unnest(%s::uuid[], %s::text[], %s::bytea[]) as v
                   on conflict (subject, day, id) do update set body = excluded.body""",
                (subject, day, [f.id for f in kept], [f.code for f in kept], [f.model_dump_json().encode() for f in kept]),
            )
        if gone:
            run.execute(
                "delete from finding where subject = %s and day = %s and id = any(%s)", (subject, day, [f.id for f in gone])
            )


def given_for(session: Session, instructions: Sequence[UUID]) -> dict[UUID, Content]:
    """What these waivers were given for, as far as it is known."""
    with cursor(session) as run:
        run.execute("select instruction, at_risk_cents, inputs from waiver where instruction = any(%s)", (list(instructions),))
        return {instruction: Content(cents, frozenset(inputs)) for instruction, cents, inputs in run}


def save_given_for(session: Session, subject: str, given: Mapping[UUID, Content]) -> None:
    """Keep what waivers were given for; what is kept already stays."""
    with cursor(session) as run:
        run.executemany(
            "insert into waiver (instruction, subject, at_risk_cents, inputs) values (%s, %s, %s, %s) on conflict do nothing",
            [(instruction, subject, c.at_risk_cents, sorted(c.inputs)) for instruction, c in given.items()],
        )


def findings_waived(session: Session, subject: str, waived: Sequence[UUID]) -> list[Finding]:
    """These findings of a subject, as they hold on any day."""
    with cursor(session) as run:
        run.execute("select body from finding where subject = %s and id = any(%s)", (subject, list(waived)), binary=True)
        return [Finding.model_validate_json(body) for (body,) in run]


def measure_statements(session: Session, measures: Sequence[str], day: date) -> dict[str, tuple[UUID, MeasureStatement]]:
    """Statements of measures as of a day, by subject."""
    with cursor(session) as run:
        run.execute(
            "select subject, event, body from statement where subject = any(%s) and day = %s", (list(measures), day), binary=True
        )
        return {subject: (event, MeasureStatement.model_validate_json(body)) for subject, event, body in run}


def findings_of(session: Session, subjects: Sequence[str], day: date) -> dict[str, tuple[Finding, ...]]:
    """Open findings by subject as of a day."""
    found: dict[str, list[Finding]] = {}
    with cursor(session) as run:
        run.execute(
            "select subject, body from finding where subject = any(%s) and day = %s order by subject, code, id",
            (list(subjects), day),
            binary=True,
        )
        for subject, body in run:
            finding = Finding.model_validate_json(body)
            if finding.waived is None:
                found.setdefault(subject, []).append(finding)
    return {subject: tuple(of) for subject, of in found.items()}
