"""Matches, settlement books, and what is left over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session

from services.funding.domain.ledger import ZEROS, Journal
from services.funding.store.rows import count_of
from shared.contracts.funding import Book, Match
from shared.persistence.database import copy, cursor


class Settled(NamedTuple):
    """A match that holds, and the entry that settled it."""

    subject: str
    entry: int
    match: Match
    budget_year: int


def matches(session: Session, subjects: Sequence[str]) -> list[Settled]:
    """Matches that hold, of these measures, in the order of their entries."""
    with cursor(session) as run:
        run.execute(
            """select subject, entry, body, budget_year from match where subject = any(%s) and ended is null
               order by subject, entry""",
            (list(subjects),),
            binary=True,
        )
        return [Settled(subject, entry, Match.model_validate_json(body), year) for subject, entry, body, year in run]


def matches_of_vouchers(session: Session, vouchers: Sequence[UUID]) -> list[Settled]:
    """Matches that hold, of these vouchers."""
    if not vouchers:
        return []
    with cursor(session) as run:
        run.execute(
            "select subject, entry, body, budget_year from match where voucher = any(%s) and ended is null",
            (list(vouchers),),
            binary=True,
        )
        return [Settled(subject, entry, Match.model_validate_json(body), year) for subject, entry, body, year in run]


def settlements(session: Session, subjects: Sequence[str]) -> dict[str, Journal]:
    """Heads of the settlement books. Their rows are locked."""
    with cursor(session) as run:
        run.execute(
            "select subject, settled, settled_seal from journal where subject = any(%s)", (sorted(set(subjects)),), binary=True
        )
        return {s: Journal(s, Book.SETTLEMENT, number, bytes(seal).hex() or ZEROS) for s, number, seal in run}


def save_settlements(session: Session, journals: Iterable[Journal]) -> None:
    """Move the heads of settlement books."""
    with cursor(session) as run:
        run.executemany(
            "update journal set settled = %s, settled_seal = %s where subject = %s",
            [(j.number, bytes.fromhex(j.seal) if j.number else b"", j.subject) for j in journals],
        )


def save_matches(session: Session, made: Sequence[Sequence[Any]], ended: Sequence[tuple[str, int, int]]) -> None:
    """End matches (subject, entry, undone by) and add new ones (columns of ``match`` but ``ended``)."""
    with cursor(session) as run:
        if ended:
            run.execute(
                """update match m set ended = v.by from unnest(%s::text[], %s::int8[], %s::int8[]) as v(subject, entry, by)
                   where m.subject = v.subject and m.entry = v.entry""",
                tuple(map(list, zip(*ended, strict=True))),
            )
    if made:
        copy(session, "match", ("subject", "entry", "voucher", "payment", "account", "budget_year", "body"), made)


def save_leftovers(
    session: Session, accounts: Sequence[str], suggested: Sequence[Sequence[Any]], unmatched: Sequence[tuple[str, int, date]]
) -> bool:
    """Replace suggestions and unmatched debits of these accounts; says whether unmatched debits changed."""
    with cursor(session) as run:
        run.execute("delete from suggestion where account = any(%s)", (list(accounts),))
        run.executemany(
            """insert into suggestion (voucher, payment, subject, account, body) values (%s, %s, %s, %s, %s)
               on conflict do nothing""",
            suggested,
        )
        run.execute("select account, number, valued_on from unmatched where account = any(%s)", (list(accounts),))
        before, after = set(run.fetchall()), set(unmatched)
        if gone := before - after:
            run.execute(
                """delete from unmatched u using unnest(%s::text[], %s::int8[]) as v(account, number)
                   where u.account = v.account and u.number = v.number""",
                ([g[0] for g in gone], [g[1] for g in gone]),
            )
    if after - before:
        copy(session, "unmatched", ("account", "number", "valued_on"), sorted(after - before))
    return before != after


def has_new_bank_lines(session: Session, accounts: Sequence[str]) -> bool:
    """Did bank lines come that were not matched yet?"""
    return bool(count_of(session, "select count(*) from journal where subject = any(%s) and matching", (list(accounts),)))


def numbers_of_payments(session: Session, account: str) -> dict[UUID, int]:
    """Entry number of each bank line of an account, by fact."""
    with cursor(session) as run:
        run.execute(
            "select fact, number from entry where subject = %s and book = 'main' and reverses is null", (account,), binary=True
        )
        return dict(run.fetchall())


def numbers_of_vouchers(session: Session, subject: str) -> dict[UUID, int]:
    """Entry number of each voucher of a measure, by fact."""
    with cursor(session) as run:
        run.execute(
            "select fact, number from entry where subject = %s and book = 'main' and kind = 'voucher'", (subject,), binary=True
        )
        return dict(run.fetchall())
