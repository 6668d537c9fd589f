"""Which bank line proves the payment of which invoice.

Matching looks at all measures that are paid from the same accounts at once, since an invoice may be shared and a bank line pays
once. It is pure and depends on what is there, never on the order in which it came. A match is made by itself only where it is
unique both ways; anything weaker is a suggestion that waits for a person.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from operator import attrgetter
from typing import Final, Literal
from uuid import UUID

from services.funding.domain.posting import payable_share
from shared.contracts.intake import ConfirmMatch, Payment, Receipt, RejectMatch, Voucher
from shared.values.money import apportion
from shared.values.source import Source

EARLIEST: Final = timedelta(days=-3)
LATEST: Final = timedelta(days=60)
"""A payment without reference fits an invoice from three days before its date to sixty after it."""
SHORTEST_TOKEN: Final = 5
"""An invoice number of fewer letters and digits is found in remittance texts by chance."""
MOST_SUGGESTIONS: Final = 5
"""Bank lines suggested for one invoice."""

REFERENCE: Final = "reference"
BY_AMOUNT: Final = "account+amount+date"
CONFIRMED: Final = "confirmed"

_NOT_A_TOKEN: Final = re.compile(r"[^0-9A-Z]+")
Stage = Literal["reference", "invoice number", "account+amount+date", "amount+date"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A voucher as matching sees it."""

    fact: UUID
    subject: str
    """Its measure."""
    place: tuple[str, str, str, int]
    """Measure, list, number, twin: the order in which matches are told."""
    invoice: Hashable
    """What the vouchers of one invoice share."""
    payable_cents: int
    """Of the whole invoice."""
    share_cents: int
    """What of it belongs to this measure."""
    budget_year: int
    invoice_date: date
    accounts: tuple[str, ...]
    """IBANs its measure is paid from."""
    reference: str | None
    token: str | None
    number_token: str | None
    payee: str | None
    formerly: tuple[UUID, ...] = ()
    """Facts it took the place of: what a person confirmed of them holds."""


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
    end_to_end_id: str | None
    tokens: frozenset[str]
    payee: str | None
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """A voucher and the bank line that proves its payment."""

    claim: Claim
    line: Line
    paid_cents: int
    """The voucher's part; negative where a credit note was paid back to us."""
    reasons: tuple[str, ...]

    @property
    def by_reference(self) -> bool:
        """Do amounts follow from something else than the amount itself?"""
        return self.reasons != (BY_AMOUNT,)


@dataclass(frozen=True, slots=True)
class Suggested:
    """A weak match: a person confirms or rejects it."""

    claim: Claim
    line: Line
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """What matching found, in a fixed order."""

    matches: tuple[Matched, ...]
    suggestions: tuple[Suggested, ...]
    unmatched: tuple[Line, ...]
    """Debits that prove no voucher's payment and were not taken back."""


@dataclass(slots=True)
class _Invoice:
    """All vouchers of one invoice."""

    claims: list[Claim]
    payables: set[int] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)

    @property
    def first(self) -> Claim:
        return self.claims[0]


Candidates = Callable[[_Invoice], Iterable[Line]]


def match(
    claims: Iterable[Claim], lines: Iterable[Line], words: Sequence[ConfirmMatch | RejectMatch] = ()
) -> Matching:
    """Match vouchers and bank lines of accounts that belong together; ``words`` are what people said, in their order."""
    invoices = _invoices(claims)
    standing, doubtful = _standing(lines)
    said = _Said(invoices, standing, words)
    found: dict[int, tuple[list[Line], str]] = dict(said.confirmed)
    taken = {line.fact for of, _ in found.values() for line in of}
    weak: dict[int, dict[UUID, tuple[Line, list[str]]]] = defaultdict(dict)
    for stage, reason in (("reference", REFERENCE), ("invoice number", REFERENCE), ("account+amount+date", BY_AMOUNT)):
        open_lines = [line for line in standing if line.fact not in taken]
        candidates = _CANDIDATES[stage](open_lines)
        pairs: dict[int, list[Line]] = {}
        wanted: dict[UUID, int] = defaultdict(int)
        for index, invoice in enumerate(invoices):
            if index in found:
                continue
            fitting = [line for line in candidates(invoice) if _fits(invoice, line) and not said.rejects(index, line)]
            if fitting:
                pairs[index] = fitting
                for line in fitting:
                    wanted[line.fact] += 1
        for index, fitting in pairs.items():
            if len(fitting) == 1 and wanted[fitting[0].fact] == 1 and fitting[0].fact not in doubtful:
                found[index] = (fitting, reason)
                taken.add(fitting[0].fact)
            else:
                for line in fitting[:MOST_SUGGESTIONS]:
                    weak[index].setdefault(line.fact, (line, []))[1].append(stage)
    _suggest_by_amount(invoices, [line for line in standing if line.fact not in taken], found, said, weak)
    matches = _parted(invoices, found)
    suggestions = tuple(
        Suggested(invoices[index].first, line, tuple(reasons))
        for index in sorted(weak)
        if index not in found
        for line, reasons in list(weak[index].values())[:MOST_SUGGESTIONS]
        if line.fact not in taken
    )
    unmatched = tuple(line for line in standing if line.fact not in taken and line.amount_cents < 0)
    return Matching(matches, suggestions, unmatched)


def claim_of(fact: UUID, subject: str, voucher: Voucher, accounts: tuple[str, ...], formerly: tuple[UUID, ...] = ()) -> Claim:
    """A voucher for matching. Without an invoice number an invoice is the voucher itself."""
    number = token_of(voucher.invoice_number)
    bare = "".join(voucher.invoice_number.split()).casefold() if voucher.invoice_number else None
    return Claim(
        fact=fact,
        subject=subject,
        place=(voucher.measure, voucher.list, voucher.number, voucher.twin),
        invoice=(voucher.issuer.ref, bare, voucher.gross_cents) if bare else fact,
        payable_cents=voucher.payable_cents,
        share_cents=payable_share(voucher),
        budget_year=voucher.budget_year,
        invoice_date=voucher.invoice_date,
        accounts=accounts,
        reference=voucher.payment_reference,
        token=token_of(voucher.payment_reference),
        number_token=number if number and len(number) >= SHORTEST_TOKEN else None,
        payee=voucher.payee_account,
        formerly=formerly,
    )


def line_of(fact: UUID, source: Source, payment: Payment, entry: int) -> Line:
    """A bank line for matching."""
    return Line(
        fact=fact,
        account=payment.account,
        entry=entry,
        source=source,
        amount_cents=payment.amount_cents,
        value_date=payment.value_date,
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


def match_receipts(receipts: Mapping[UUID, Receipt], lines: Iterable[Line]) -> dict[UUID, Line]:
    """Receipts and the credits that show them: by reference, else by amount and date; unique both ways. For display only."""
    credits = sorted((line for line in lines if line.amount_cents > 0 and not line.reversal), key=_line_order)
    by_token: dict[str, list[Line]] = defaultdict(list)
    by_amount: dict[tuple[int, date], list[Line]] = defaultdict(list)
    for line in credits:
        by_amount[line.amount_cents, line.value_date].append(line)
        for token in line.tokens:
            by_token[token].append(line)
    found: dict[UUID, Line] = {}
    stages: tuple[Callable[[Receipt], Sequence[Line]], ...] = (
        lambda r: by_token.get(token_of(r.payment_reference) or "", ()),
        lambda r: by_amount.get((r.amount_cents, r.received_on), ()),
    )
    for stage in stages:
        taken = {line.fact for line in found.values()}
        pairs = {
            fact: [line for line in stage(receipt) if line.fact not in taken]
            for fact, receipt in receipts.items()
            if fact not in found
        }
        wanted: dict[UUID, int] = defaultdict(int)
        for fitting in pairs.values():
            for line in fitting:
                wanted[line.fact] += 1
        found |= {fact: of[0] for fact, of in pairs.items() if len(of) == 1 and wanted[of[0].fact] == 1}
    return found


# ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────────


def _invoices(claims: Iterable[Claim]) -> list[_Invoice]:
    groups: dict[Hashable, _Invoice] = {}
    for claim in sorted(claims, key=lambda c: (c.place, c.fact)):
        invoice = groups.get(claim.invoice)
        if invoice is None:
            invoice = groups[claim.invoice] = _Invoice([])
        invoice.claims.append(claim)
        invoice.payables.add(claim.payable_cents)
        invoice.accounts.update(claim.accounts)
    return list(groups.values())


def _line_order(line: Line) -> tuple[date, str, int, UUID]:
    return line.value_date, line.account, line.entry, line.fact


def _standing(lines: Iterable[Line]) -> tuple[list[Line], set[UUID]]:
    """Bank lines in order, without those the bank took back and the lines that took them back; and which of them are doubtful."""
    ordered = sorted(lines, key=_line_order)
    if not any(line.reversal for line in ordered):
        return ordered, set()
    undone, doubtful = _taken_back(ordered)
    return [line for line in ordered if not line.reversal and line.fact not in undone], doubtful


_SAME: Final[tuple[Callable[[Line, Line], bool], ...]] = (
    lambda back, line: bool(back.end_to_end_id) and back.end_to_end_id == line.end_to_end_id,
    lambda back, line: bool(back.tokens & line.tokens),
    lambda back, line: back.payee is not None and back.payee == line.payee,
    lambda back, line: not (back.end_to_end_id or back.tokens or back.payee),
)
"""What a reversal says about the entry it takes back, the most exact first; one that says nothing has its amount only."""


def _taken_back(ordered: Sequence[Line]) -> tuple[set[UUID], set[UUID]]:
    """Entries the bank took back, and entries of which one or the other was taken back.

    A reversal takes back an entry of the same account and the opposite amount, not valued after it. Which one is not guessed: as
    many reversals as entries must fit each other and nothing else. Entry numbers play no part. What is doubtful proves nothing
    by itself: a person confirms it.
    """
    backs = [line for line in ordered if line.reversal]
    entries: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for line in ordered:
        if not line.reversal:
            entries[line.account, -line.amount_cents].append(line)
    undone: set[UUID] = set()
    doubtful: dict[UUID, frozenset[UUID]] = {}
    for fits in _SAME:
        pairs = {
            back.fact: frozenset(
                line.fact for line in entries[back.account, back.amount_cents]
                if line.fact not in undone and line.value_date <= back.value_date and fits(back, line)
            )
            for back in backs
            if back.fact not in undone
        }
        alike = Counter(pairs.values())
        wanted = Counter(chain.from_iterable(pairs.values()))
        for back, fitting in pairs.items():
            if fitting and alike[fitting] == len(fitting) and all(wanted[fact] == len(fitting) for fact in fitting):
                undone |= {back, *fitting}
            elif fitting:
                doubtful.setdefault(back, fitting)
    return undone, set(chain.from_iterable(of for back, of in doubtful.items() if back not in undone)) - undone


def _fits(invoice: _Invoice, line: Line) -> bool:
    """Is it one of the accounts the invoice is paid from, and does the money go the right way?"""
    return line.account in invoice.accounts and (line.amount_cents < 0) == (invoice.first.payable_cents >= 0)


# ── what people said ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Said:
    """Confirmed and rejected pairs; the last word about a pair counts, and a confirmed invoice is paid by nothing else."""

    def __init__(self, invoices: list[_Invoice], lines: list[Line], words: Sequence[ConfirmMatch | RejectMatch]) -> None:
        self.confirmed: dict[int, tuple[list[Line], str]] = {}
        self._rejected: set[tuple[int, UUID]] = set()
        if not words:
            return
        by_line = {line.fact: line for line in lines}
        by_voucher: dict[UUID, int] = {}
        for index, invoice in enumerate(invoices):
            for claim in invoice.claims:
                by_voucher.update(dict.fromkeys((claim.fact, *claim.formerly), index))
        for word in words:
            if word.voucher not in by_voucher or word.payment not in by_line:
                continue
            index, line = by_voucher[word.voucher], by_line[word.payment]
            if isinstance(word, ConfirmMatch):
                self.confirmed[index] = ([line], CONFIRMED)
                self._rejected.discard((index, line.fact))
            else:
                self._rejected.add((index, line.fact))
                if self.confirmed.get(index, ([], ""))[0] == [line]:
                    del self.confirmed[index]

    def rejects(self, index: int, line: Line) -> bool:
        """Did a person say that this line does not pay this invoice?"""
        return bool(self._rejected) and (index, line.fact) in self._rejected


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _by_reference(lines: list[Line]) -> Candidates:
    by_id: dict[str, list[Line]] = defaultdict(list)
    by_token: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.end_to_end_id:
            by_id[line.end_to_end_id].append(line)
        for token in line.tokens:
            by_token[token].append(line)

    def candidates(invoice: _Invoice) -> Iterable[Line]:
        found: dict[UUID, Line] = {}
        for claim in invoice.claims:
            if claim.reference:
                for line in (*by_id.get(claim.reference, ()), *by_token.get(claim.token or "", ())):
                    found[line.fact] = line
        return found.values()

    return candidates


def _by_number(lines: list[Line]) -> Candidates:
    by_token: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        for token in line.tokens:
            by_token[token].append(line)
    return lambda invoice: by_token.get(invoice.first.number_token or "", ())


def _by_payee(lines: list[Line]) -> Candidates:
    return _in_window(lines, lambda line: (line.payee, line.amount_cents) if line.payee else None, attrgetter("payee"))


def _in_window(
    lines: list[Line], key_of: Callable[[Line], Hashable | None], payee_of: Callable[[Claim], str | None]
) -> Candidates:
    by_key: dict[Hashable, list[Line]] = defaultdict(list)
    for line in lines:
        key = key_of(line)
        if key is not None:
            by_key[key].append(line)
    days = {key: [line.value_date for line in of] for key, of in by_key.items()}

    def candidates(invoice: _Invoice) -> Iterable[Line]:
        found: dict[UUID, Line] = {}
        for claim in invoice.claims:
            key = (payee_of(claim), -claim.payable_cents)
            if key in by_key:
                start = bisect_left(days[key], claim.invoice_date + EARLIEST)
                end = bisect_right(days[key], claim.invoice_date + LATEST)
                found.update({line.fact: line for line in by_key[key][start:end]})
        return found.values()

    return candidates


_CANDIDATES: Final[Mapping[str, Callable[[list[Line]], Candidates]]] = {
    "reference": _by_reference,
    "invoice number": _by_number,
    "account+amount+date": _by_payee,
}


def _suggest_by_amount(
    invoices: list[_Invoice],
    lines: list[Line],
    found: Mapping[int, object],
    said: _Said,
    weak: dict[int, dict[UUID, tuple[Line, list[str]]]],
) -> None:
    """Amount and date alone prove nothing, yet a person may recognise them."""
    if not lines or len(found) == len(invoices):
        return
    candidates = _in_window(lines, lambda line: (None, line.amount_cents), lambda _: None)
    for index, invoice in enumerate(invoices):
        if index in found:
            continue
        for line in list(candidates(invoice))[:MOST_SUGGESTIONS]:
            if _fits(invoice, line) and not said.rejects(index, line) and line.fact not in weak[index]:
                weak[index][line.fact] = (line, ["amount+date"])


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parted(invoices: list[_Invoice], found: Mapping[int, tuple[list[Line], str]]) -> tuple[Matched, ...]:
    """Each debit spread over the vouchers it pays, by their shares; what no voucher claims of an invoice stays out."""
    paying: dict[UUID, list[int]] = defaultdict(list)
    for index, (lines, _) in found.items():
        paying[lines[0].fact].append(index)
    matches = []
    for indexes in paying.values():
        (line, *_), reason = found[indexes[0]]
        claims = [claim for index in sorted(indexes) for claim in invoices[index].claims]
        for claim, part in zip(claims, _parts(-line.amount_cents, claims, len(indexes)), strict=False):
            matches.append(Matched(claim, line, part, (reason,)))
    return tuple(sorted(matches, key=lambda m: (m.claim.place, m.claim.fact)))


def _parts(paid: int, claims: list[Claim], invoices: int) -> list[int]:
    if len(claims) == 1 and abs(claims[0].share_cents) >= abs(claims[0].payable_cents):
        return [paid]
    weights = [abs(claim.share_cents) for claim in claims]
    unclaimed = max(0, abs(claims[0].payable_cents) - sum(weights)) if invoices == 1 else 0
    if not sum(weights) + unclaimed:
        weights = [1] * len(claims)
    return apportion(paid, [*weights, unclaimed])[: len(claims)]
