"""Bank lines, and which of them the bank took back."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from operator import attrgetter
from typing import Final, TypeVar
from uuid import UUID

from shared.contracts.intake import Payment
from shared.values.source import Source

_NOT_A_TOKEN: Final = re.compile(r"[^0-9A-Z]+")


@dataclass(frozen=True, slots=True)
class Line:
    """A booked bank line as matching sees it."""

    fact: UUID
    account: str
    entry: int
    """Number of its entry in the account's journal."""
    source: Source
    amount_cents: int
    """Debits are negative."""
    value_date: date
    booked_on: date
    end_to_end_id: str | None
    tokens: frozenset[str]
    payee: str | None
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """A debit the bank took back, and the line that did."""

    debit: Line
    back: Line
    on: date
    """From this day on the debit proves nothing."""


def line_of(fact: UUID, source: Source, payment: Payment, entry: int) -> Line:
    """A bank line for matching."""
    return Line(
        fact=fact,
        account=payment.account,
        entry=entry,
        source=source,
        amount_cents=payment.amount_cents,
        value_date=payment.value_date,
        booked_on=payment.booked_on,
        end_to_end_id=payment.end_to_end_id,
        tokens=frozenset(filter(None, map(token_of, (*payment.references, payment.end_to_end_id)))),
        payee=payment.counterparty_account,
        reversal=payment.reversal,
    )


def token_of(text: str | None) -> str | None:
    """Letters and digits of a reference, in upper case; None if there are none.

    >>> token_of(" re 2012/0047 ")
    'RE20120047'
    """
    return _NOT_A_TOKEN.sub("", text.upper()) or None if text else None


def in_order(line: Line) -> tuple[date, str, int, UUID]:
    """The order in which bank lines are looked at."""
    return line.value_date, line.account, line.entry, line.fact


def standing_lines(lines: Iterable[Line]) -> tuple[list[Line], list[Returned], set[UUID]]:
    """Bank lines in order: those that stand, those the bank took back, and which that stand are doubtful."""
    ordered = sorted(lines, key=in_order)
    if not any(line.reversal for line in ordered):
        return ordered, [], set()
    returned, doubtful = _taken_back(ordered)
    gone = {r.debit.fact for r in returned}
    return [line for line in ordered if not line.reversal and line.fact not in gone], returned, doubtful


def _taken_back(ordered: Sequence[Line]) -> tuple[list[Returned], set[UUID]]:
    """Entries the bank took back, and entries of which one or the other was taken back.

    A reversal takes back an entry of the same account and the opposite amount, not valued after it. Which one is not guessed: it
    is the one its end-to-end id names, or all that its references name, or that was paid to the same account; only a reversal
    that says nothing has its amount alone. Entry numbers play no part. What is doubtful proves nothing by itself: a person
    confirms it.
    """
    groups: dict[tuple[str, int], tuple[list[Line], list[Line]]] = defaultdict(lambda: ([], []))
    for line in ordered:
        groups[line.account, line.amount_cents if line.reversal else -line.amount_cents][line.reversal].append(line)
    returned: dict[UUID, Returned] = {}
    resolved: set[UUID] = set()
    doubts: dict[UUID, list[Line]] = {}
    for entries, backs in groups.values():
        left = backs
        for same in (_by_id, _by_tokens, _by_payee, _by_nothing) if backs else ():
            live = [line for line in entries if line.fact not in returned]
            for fitting, alike in same(live, left):
                pairs, unclear = _in_turn((line for line in fitting if line.fact not in returned), alike)
                returned |= {r.debit.fact: r for r in pairs}
                for back in alike if unclear else ():
                    doubts.setdefault(back.fact, unclear)
                resolved.update(r.back.fact for r in pairs)
            left = [back for back in left if back.fact not in resolved]
    unclear_still = {id(of): of for back, of in doubts.items() if back not in resolved}.values()
    return list(returned.values()), {line.fact for of in unclear_still for line in of} - returned.keys()


Alike = Iterator[tuple[Iterable[Line], list[Line]]]
"""Entries, and reversals that may have taken back any of them."""


def _by_id(entries: Iterable[Line], backs: Iterable[Line]) -> Alike:
    return _keyed(entries, backs, attrgetter("end_to_end_id"))


def _by_payee(entries: Iterable[Line], backs: Iterable[Line]) -> Alike:
    return _keyed(entries, backs, attrgetter("payee"))


def _by_nothing(entries: Iterable[Line], backs: Iterable[Line]) -> Alike:
    silent = [back for back in backs if not (back.end_to_end_id or back.tokens or back.payee)]
    if silent:
        yield entries, silent


def _keyed(entries: Iterable[Line], backs: Iterable[Line], key_of: Callable[[Line], str | None]) -> Alike:
    held = _grouped(entries, key_of)
    for key, alike in _grouped(backs, key_of).items():
        if key and key in held:
            yield held[key], alike


def _by_tokens(entries: Iterable[Line], backs: Iterable[Line]) -> Alike:
    """By all references of a reversal that any entry shows; the reversal that names most comes first."""
    shown: dict[str, list[Line]] = defaultdict(list)
    for line in entries:
        for token in line.tokens:
            shown[token].append(line)
    known = frozenset(shown)
    named = _grouped(backs, lambda back: back.tokens & known)
    for tokens in sorted(named, key=lambda t: (-len(t), sorted(t))):
        if tokens:
            rarest = min((shown[token] for token in tokens), key=len)
            fitting = [line for line in rarest if tokens <= line.tokens]
            yield fitting or _united(shown[token] for token in tokens), named[tokens]


def _united(lines: Iterable[Iterable[Line]]) -> list[Line]:
    return sorted({line.fact: line for line in chain.from_iterable(lines)}.values(), key=in_order)


K = TypeVar("K")


def _grouped(lines: Iterable[Line], key_of: Callable[[Line], K]) -> dict[K, list[Line]]:
    groups: dict[K, list[Line]] = defaultdict(list)
    for line in lines:
        groups[key_of(line)].append(line)
    return groups


def _in_turn(entries: Iterable[Line], backs: Iterable[Line]) -> tuple[list[Returned], list[Line]]:
    """Pairs of alike entries and reversals, day by day, and the entries that stay doubtful.

    As soon as as many were reversed as there were to reverse, all of them were: the first on the day of the first reversal at the
    earliest, so none of them counts longer than that.
    """
    pairs: list[Returned] = []
    there: list[Line] = []
    waiting: list[Line] = []
    for line in sorted((*entries, *backs), key=lambda x: (x.value_date, x.reversal, x.fact)):
        if not line.reversal:
            there.append(line)
        elif there:
            waiting.append(line)
            if len(waiting) == len(there):
                on = min(back.booked_on for back in waiting)
                pairs += [Returned(entry, back, on) for entry, back in zip(there, waiting, strict=True)]
                there, waiting = [], []
    return pairs, [line for line in there if waiting and line.value_date <= waiting[-1].value_date]
