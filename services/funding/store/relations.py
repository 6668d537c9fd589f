"""Which subject concerns which: registrations, accounts, papers, neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlmodel import Session

from services.funding.domain.purpose import Purpose
from services.funding.store.reading import rare_facts
from services.funding.store.rows import subjects_of
from shared.contracts.intake import CofundingCommitted, MeasureData, MeasureRegistered
from shared.persistence.database import cursor
from shared.values.subject import subject_of


def register(session: Session, fact: MeasureRegistered) -> None:
    """Keep what a measure is found by."""
    m = fact.measure
    with cursor(session) as run:
        run.execute(
            """insert into measure (subject, key, programme, rule_set, body) values (%s, %s, %s, %s, %s) on conflict (subject)
               do update set programme = excluded.programme, rule_set = excluded.rule_set, body = excluded.body""",
            (
                fact.subject,
                m.key,
                subject_of("programme", m.programme) if m.programme else None,
                m.rule_set,
                m.model_dump_json().encode(),
            ),
        )
        run.execute("delete from account_use where measure = %s", (fact.subject,))
        run.execute(
            "insert into account_use (account, measure) select a, %s from unnest(%s::text[]) a on conflict do nothing",
            (fact.subject, [subject_of("account", iban) for iban in m.accounts]),
        )


def measures_of(session: Session, programmes: Iterable[str]) -> set[str]:
    """Registered measures of these programmes."""
    return subjects_of(session, "select subject from measure where programme = any(%s)", (list(programmes),))


def programmes_of(session: Session, measures: Iterable[str]) -> dict[str, MeasureData]:
    """Registrations by measure subject."""
    with cursor(session) as run:
        run.execute("select subject, body from measure where subject = any(%s)", (list(measures),))
        return {subject: MeasureData.model_validate_json(body) for subject, body in run}


def users_of_accounts(session: Session, subjects: Iterable[str]) -> set[str]:
    """Measures that are paid from those of these subjects that are accounts."""
    return subjects_of(session, "select measure from account_use where account = any(%s)", (list(subjects),))


def component(session: Session, subject: str) -> tuple[list[str], list[str]]:
    """Accounts and measures that belong together: paid from one another's accounts, directly or by way of others."""
    accounts: set[str] = {subject} if subject.startswith("account/") else set()
    measures: set[str] = {subject} if subject.startswith("measure/") else set()
    while True:
        with cursor(session) as run:
            run.execute(
                "select account, measure from account_use where account = any(%s) or measure = any(%s)",
                (list(accounts), list(measures)),
            )
            rows = run.fetchall()
        more_accounts, more_measures = accounts | {a for a, _ in rows}, measures | {m for _, m in rows}
        if (more_accounts, more_measures) == (accounts, measures):
            return sorted(accounts), sorted(measures)
        accounts, measures = more_accounts, more_measures


def papers_named_by(session: Session, measure: str) -> list[str]:
    """Papers that the promises of a measure name."""
    return sorted(subjects_of(session, "select paper from paper_use where measure = %s", (measure,)))


def users_of_papers(session: Session, papers: Iterable[str]) -> set[str]:
    """Measures whose promises name these papers."""
    return subjects_of(session, "select measure from paper_use where paper = any(%s)", (list(papers),))


def keep_use_of_papers(session: Session, uses: Iterable[tuple[str, str]]) -> None:
    """Remember which measures' promises name which papers."""
    pairs = sorted(set(uses))
    with cursor(session) as run:
        run.execute(
            "insert into paper_use (paper, measure) select * from unnest(%s::text[], %s::text[]) on conflict do nothing",
            ([paper for paper, _ in pairs], [measure for _, measure in pairs]),
        )


def forget_use_of_papers(session: Session, measure: str) -> list[str]:
    """Undo which papers a measure's promises name, and say which references they name: its municipality may be another now."""
    with cursor(session) as run:
        run.execute("delete from paper_use where measure = %s", (measure,))
    promised = (f for f in rare_facts(session, [measure])[measure] if isinstance(f, CofundingCommitted))
    return [fact.commitment.decision for fact in promised if fact.commitment.decision]


def concerned_by_series(session: Session, series: Iterable[str]) -> set[str]:
    """Subjects that rejected rows of these series are about."""
    with cursor(session) as run:
        run.execute("select distinct concerns from rejection where series = any(%s) and concerns is not null", (list(series),))
        return {subject for (subject,) in run}


def keep_purposes(session: Session, purposes: Mapping[str, Purpose]) -> None:
    """Keep what others see of measures now; what they saw before stays until they are told. Their journals are locked."""
    with cursor(session) as run:
        run.executemany(
            "update purpose set holds = false where subject = %s and holds and seen <> %s",
            [(subject, p.seen) for subject, p in purposes.items()],
        )
        run.executemany(
            """insert into purpose (subject, seen, groups, starts, ends, awards) values (%s, %s, %s, %s, %s, %s)
               on conflict (subject, seen) do update set holds = true""",
            [(subject, p.seen, list(p.groups), p.period.start, p.period.end, list(p.awards)) for subject, p in purposes.items()],
        )


class Neighbours(NamedTuple):
    """Awarded measures that may fund the same as one (DOP-01)."""

    compared: list[str]
    """Those it is compared with."""
    untold: set[str]
    """Those that saw it otherwise than it is now, or not at all: they are due, once it is saved."""


def neighbours(session: Session, subject: str) -> Neighbours:
    """Measures that share a group, a day and no single award with one, as it is and as it was when they were last told."""
    with cursor(session) as run:
        run.execute(
            """select o.subject, bool_or(m.holds), bool_or(m.news)
               from (select p.*, count(*) over () > 1 or not p.told as news from purpose p where p.subject = %s) m
                 join purpose o on o.groups && m.groups and o.holds and o.subject <> m.subject
                   and o.starts <= m.ends and m.starts <= o.ends and (o.awards <> m.awards or cardinality(o.awards) > 1)
               where m.holds or m.news group by o.subject order by o.subject""",
            (subject,),
        )
        rows = run.fetchall()
    return Neighbours([s for s, now, _ in rows if now], {s for s, _, news in rows if news})


def neighbours_told(session: Session, subjects: Iterable[str]) -> None:
    """Those that these measures concern are marked as due; what they once saw is forgotten. Their journals are locked."""
    known = sorted(set(subjects))
    with cursor(session) as run:
        run.execute("delete from purpose where subject = any(%s) and not holds", (known,))
        run.execute("update purpose set told = true where subject = any(%s) and not told", (known,))
