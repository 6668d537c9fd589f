"""What makes two vouchers vouchers of one invoice, whichever measures claim them.

Lists always say who issued an invoice, and sometimes the VAT id or the account, too; one list has the column, another has not. So
vouchers are compared by all that is known of their issuers: a shared VAT id, account or name makes them one, unless something
stronger says that they are two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple
from uuid import UUID

from shared.contracts.intake import Voucher


class Invoice(NamedTuple):
    """An invoice, as all of its vouchers call it (BEL-01)."""

    issuer: str
    """Pseudonym."""
    number: str
    """Without blanks, in lower case."""
    gross_cents: int


class Issuer(NamedTuple):
    """What a voucher knows of who issued its invoice: pseudonyms."""

    name: str
    account: str | None
    vat_id: str | None
    body: bool
    """It is no private person: those have one account for their invoices, businesses several."""


class Named(NamedTuple):
    """What a voucher says of its invoice."""

    number: str
    gross_cents: int
    issuer: Issuer


def named_by(voucher: Voucher) -> Named | None:
    """What a voucher says of its invoice; None where it names no invoice number."""
    if not voucher.invoice_number:
        return None
    party = voucher.issuer
    issuer = Issuer(party.ref, voucher.payee_account, party.vat_id, party.name is not None)
    return Named(number_of(voucher.invoice_number), voucher.gross_cents, issuer)


def number_of(invoice_number: str) -> str:
    """A number as numbers are compared: blanks and case do not matter."""
    return "".join(invoice_number.split()).casefold()


def invoices_of(vouchers: Iterable[tuple[UUID, Named]]) -> dict[UUID, Invoice]:
    """The invoice of each of these vouchers, in whatever order they come. What cancels an invoice has its issuer."""
    alike: dict[tuple[str, int], list[tuple[UUID, Named]]] = defaultdict(list)
    for fact, named in vouchers:
        alike[named.number, abs(named.gross_cents)].append((fact, named))
    found: dict[UUID, Invoice] = {}
    for of in alike.values():
        called = _called({named.issuer for _, named in of})
        found.update((fact, Invoice(called[named.issuer], named.number, named.gross_cents)) for fact, named in of)
    return found


def perhaps_of_one(own: Iterable[Named], others: Iterable[tuple[UUID, Named]]) -> set[UUID]:
    """Which other vouchers are, or by way of one another may be, of an invoice of one's own: all one needs to know to tell."""
    mine: dict[tuple[str, int], set[Issuer]] = defaultdict(set)
    theirs: dict[tuple[str, int], list[tuple[UUID, Issuer]]] = defaultdict(list)
    for named in own:
        mine[named.number, abs(named.gross_cents)].add(named.issuer)
    for fact, named in others:
        theirs[named.number, abs(named.gross_cents)].append((fact, named.issuer))
    found: set[UUID] = set()
    for key, of in theirs.items():
        known = mine.get(key, set())
        linked = {
            issuer
            for groups in _linked([[one] for one in known | {issuer for _, issuer in of}], _anything)
            if any(one in known for (one,) in groups)
            for (issuer,) in groups
        }
        found.update(fact for fact, issuer in of if issuer in linked)
    return found


# ── who is who ───────────────────────────────────────────────────────────────────────────────────────────────────────


Group = list[Issuer]
"""Issuers that are one."""
Marks = Callable[[Issuer], Iterable[str | None]]
"""What issuers that are one have in common."""


def _by_vat_id(issuer: Issuer) -> Iterable[str | None]:
    return (issuer.vat_id,)


def _by_account(issuer: Issuer) -> Iterable[str | None]:
    return (issuer.account,)


def _by_name(issuer: Issuer) -> Iterable[str | None]:
    return (issuer.name,)


def _anything(issuer: Issuer) -> Iterable[str | None]:
    return issuer.vat_id, issuer.account, issuer.name


STRONGEST_FIRST: Final[Sequence[Marks]] = (_by_vat_id, _by_account, _by_name)


def _called(issuers: set[Issuer]) -> Mapping[Issuer, str]:
    """How each is called: by its name, so that nothing changes when a list adds a column; by what is stronger where several that
    are not one have that name."""
    if len(issuers) == 1:
        return {issuer: issuer.name for issuer in issuers}
    groups = _told_apart(issuers)
    holders = Counter(chain.from_iterable({issuer.name for issuer in group} for group in groups))
    called: dict[Issuer, str] = {}
    for group in groups:
        name = min(issuer.name for issuer in group)
        if holders[name] > 1:
            name = next(min(known) for marks in STRONGEST_FIRST if (known := {m for i in group for m in marks(i) if m}))
        called.update(dict.fromkeys(group, name))
    return called


def _told_apart(issuers: Iterable[Issuer]) -> list[Group]:
    """Who is one: by VAT id, then by account, then by name.

    Two VAT ids are two issuers, whatever else they share, and so are two accounts of private people of one name. Who may be
    either of them is neither, and one only with others of whom no more is known.
    """
    groups: list[Group] = [[issuer] for issuer in issuers]
    for marks in STRONGEST_FIRST:
        groups = [joined for linked in _linked(groups, marks) for joined in _joined(linked, marks)]
    return groups


def _joined(linked: Sequence[Group], marks: Marks) -> Iterator[Group]:
    for knows in _TELLS_APART[marks]:
        certain = [group for group in linked if any(map(knows, group))]
        if len(certain) > 1:
            yield from certain
            for doubtful in _linked([group for group in linked if not any(map(knows, group))], marks):
                yield from _joined(doubtful, marks)
            return
    yield list(chain.from_iterable(linked))


def _has_vat_id(issuer: Issuer) -> bool:
    return issuer.vat_id is not None


def _has_account_of_its_own(issuer: Issuer) -> bool:
    return issuer.account is not None and not issuer.body


_TELLS_APART: Final[Mapping[Marks, Sequence[Callable[[Issuer], bool]]]] = {
    _by_vat_id: (),
    _by_account: (_has_vat_id,),
    _by_name: (_has_vat_id, _has_account_of_its_own),
}
"""Groups that share such a mark are not one if two of them know something stronger: it would be the same, were they one."""


def _linked(groups: Sequence[Group], marks: Marks) -> list[list[Group]]:
    """Groups that share a mark with one another, directly or by way of others."""
    leads = list(range(len(groups)))

    def lead(at: int) -> int:
        while leads[at] != at:
            leads[at] = at = leads[leads[at]]
        return at

    shown: dict[str, int] = {}
    for at, group in enumerate(groups):
        for mark in chain.from_iterable(map(marks, group)):
            if mark:
                leads[lead(at)] = lead(shown.setdefault(mark, at))
    together: dict[int, list[Group]] = defaultdict(list)
    for at, group in enumerate(groups):
        together[lead(at)].append(group)
    return list(together.values())
