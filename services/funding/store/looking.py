"""Answers to people and to whoever watches."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, TypedDict
from uuid import UUID

from sqlmodel import Session

from services.funding.store.reconciling import statement
from services.funding.store.rows import count_of, dicts_of
from shared.contracts.funding import MeasureStatement, ProgrammeStatement
from shared.persistence.database import cursor
from shared.values.subject import kind_of


def list_measures(session: Session) -> list[dict[str, Any]]:
    """Registered measures with the days they are stated for; ``failed`` says why one could not be reconciled."""
    return dicts_of(
        session,
        """select m.subject, m.key, m.programme, m.rule_set, j.number as entries, j.settled, j.due_since is not null as due,
             j.failed, j.failures, j.retry_at,
             coalesce((select array_agg(s.day order by s.day) from statement s where s.subject = m.subject), '{}') as days
           from measure m join journal j on j.subject = m.subject order by m.key""",
        (),
    )


def list_suggestions(session: Session, measure: str | None) -> list[dict[str, Any]]:
    """Weak matches, by measure."""
    return dicts_of(
        session,
        """select subject, voucher, payment, account, convert_from(body, 'UTF8')::json as about from suggestion
           where %(measure)s::text is null or subject = %(measure)s order by subject, voucher, payment limit 1000""",
        {"measure": measure},
    )


def overview(session: Session, day: date | None) -> list[dict[str, Any]]:
    """Each measure with its name and, as of the day or its latest one, its totals, whether they know of a plan, and how many
    findings are open."""
    return dicts_of(
        session,
        """with measures as (select subject, key, programme, convert_from(body, 'UTF8')::json as about from measure)
           select m.subject, m.key, m.programme, m.about->>'name' as name, m.about->'municipality'->>'name' as municipality,
             s.day as as_of, s.body->>'state' as state, s.body->'totals' as totals,
             exists (select from json_array_elements(s.body->'years') y where y->>'planned_cents' is not null) as has_plan,
             (select count(*) from finding f where f.subject = m.subject and f.day = s.day
                and convert_from(f.body, 'UTF8')::json->>'waived' is null) as open_findings,
             (select count(distinct voucher) from suggestion g where g.subject = m.subject) as suggestions
           from measures m left join lateral (
             select day, convert_from(body, 'UTF8')::json as body from statement
             where subject = m.subject and day = coalesce(%(day)s::date, day) order by day desc limit 1) s on true
           order by m.key""",
        {"day": day},
    )


_ABOUT: Final = """(%(subject)s::text is null or f.subject = %(subject)s
  or f.subject in (select subject from measure where programme = %(subject)s))"""
_CHOSEN: Final = f"""
select id, code, min(subject) as first, max((about ->> 'at_risk_cents')::bigint) as at_risk_cents
from (select f.subject, f.code, f.id, convert_from(f.body, 'UTF8')::json as about from finding f
      where f.day = %(day)s and (%(code)s::text is null or f.code = %(code)s)
        and (%(begins)s::text is null or starts_with(f.id::text, %(begins)s)) and {_ABOUT}) f
where %(severity)s::text is null or about ->> 'severity' = %(severity)s
group by id, code
having %(waived)s::boolean is null or bool_and(about ->> 'waived' is not null) = %(waived)s
"""                                                                                                                 # noqa: S608
"""Findings as of a day, each identity once, though measures may share it: at risk once, and waived for all or for none."""


class Chosen(TypedDict):
    """Which findings are asked for; what is None does not matter. ``subject`` may be a programme: its measures' count, too."""

    day: date
    subject: str | None
    code: str | None
    severity: str | None
    waived: bool | None
    begins: str | None
    """How the id begins."""


def list_findings(session: Session, chosen: Chosen, limit: int, offset: int) -> list[dict[str, Any]]:
    """Findings by measure, code and identity, as many identities as ``limit`` says behind the first ``offset``; a row for each
    subject that has it."""
    return dicts_of(
        session,
        f"""with chosen as ({_CHOSEN} order by first, code, id limit %(limit)s offset %(offset)s)
            select f.subject, convert_from(f.body, 'UTF8')::json as finding from chosen c
            join finding f on f.day = %(day)s and f.code = c.code and f.id = c.id and {_ABOUT}
            order by c.first, c.code, c.id, f.subject""",                                                           # noqa: S608
        {**chosen, "limit": limit, "offset": offset},
    )


def sum_findings(session: Session, chosen: Chosen) -> list[dict[str, Any]]:
    """How many findings there are of each check, each identity once, and what is at risk by them together, in cents."""
    return dicts_of(
        session,
        f"""select code, count(*) as findings, sum(at_risk_cents)::bigint as at_risk_cents from ({_CHOSEN}) c
            group by code order by code""",                                                                         # noqa: S608
        chosen,
    )


def days_stated(session: Session, subject: str) -> list[date]:
    """Days a subject has a statement for."""
    with cursor(session) as run:
        run.execute("select day from statement where subject = %s order by day", (subject,))
        return [day for (day,) in run]


def statement_of(session: Session, subject: str, day: date) -> MeasureStatement | ProgrammeStatement | None:
    """The statement of a measure or a programme as of a day."""
    found = statement(session, subject, day)
    if found is None:
        return None
    kind = MeasureStatement if kind_of(subject) == "measure" else ProgrammeStatement
    return kind.model_validate_json(found[1])


def entries_about(session: Session, subject: str, number: int, fact: UUID) -> list[tuple[str, str, int, str]]:
    """Subject, book, number and kind of entries that follow from the same fact, or that settle or undo this one."""
    with cursor(session) as run:
        run.execute(
            """select subject, book, number, kind from entry where fact = %(fact)s
               union select subject, book, number, kind from entry
                 where subject = %(subject)s and book = 'main' and reverses = %(number)s
               union select m.subject, 'settlement', m.entry, 'match' from match m
                 where m.voucher = %(fact)s or m.payment = %(fact)s
               order by 1, 2, 3""",
            {"fact": fact, "subject": subject, "number": number},
        )
        return run.fetchall()


def journals(session: Session) -> list[tuple[str, int, str, int, str]]:
    """Subject and heads of all journals that hold entries."""
    with cursor(session) as run:
        run.execute(
            """select subject, number, encode(seal, 'hex'), settled, encode(settled_seal, 'hex') from journal
               where number > 0 or settled > 0 order by subject"""
        )
        return run.fetchall()


def unbalanced_cents(session: Session) -> int:
    """Σ of |debits − credits| over the entries of journals something was posted to lately, and of measures whose payments may
    have been matched anew by it: anything but 0 is an alarm."""
    return count_of(
        session,
        """with moved as (select subject from journal where touched_at > clock_timestamp() - interval '1 minute'),
             near as (select subject from moved union
               select o.measure from moved m join account_use u on m.subject in (u.measure, u.account)
                 join account_use o on o.account = u.account)
           select coalesce(sum(abs(over)), 0)::int8 from
             (select sum(p.cents) as over from near n join posting p on p.subject = n.subject
              group by p.subject, p.book, p.number having sum(p.cents) <> 0) u""",
        (),
    )


def count_open_findings(session: Session, day: date) -> dict[str, int]:
    """Findings that hold as of a day, by code."""
    with cursor(session) as run:
        run.execute("select code, count(distinct id) from finding where day = %s group by code", (day,))
        return dict(run.fetchall())
