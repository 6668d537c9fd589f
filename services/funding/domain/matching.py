"""Which bank line proves the payment of which invoice.

Matching looks at all measures that are paid from the same accounts at once, since an invoice may be shared and a bank line pays
once. It is pure and depends on what is there, never on the order in which it came. A match is made by itself only where it is
unique both ways; anything weaker is a suggestion that waits for a person.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, product
from typing import Final, Literal
from uuid import UUID

from services.funding.domain.bank_line import Line, Returned, in_order, standing_lines, token_of
from services.funding.domain.case import standing_of
from services.funding.domain.invoice import Named, invoices_of, named_by
from services.funding.domain.posting import payable_share
from shared.contracts.funding import Match
from shared.contracts.intake import (
    ConfirmMatch,
    Fact,
    InstructionGiven,
    MeasureRegistered,
    RejectMatch,
    Voucher,
    VoucherCorrected,
    VoucherRecorded,
)
from shared.values.money import apportion

EARLIEST: Final = timedelta(days=-3)
LATEST: Final = timedelta(days=60)
"""A payment without reference fits an invoice from three days before its date to sixty after it."""
SHORTEST_TOKEN: Final = 5
"""An invoice number of fewer letters and digits is found in remittance texts by chance."""
MOST_SUGGESTIONS: Final = 5
"""Bank lines suggested for one invoice."""
MOST_INSTALMENTS: Final = 24
"""Debits that pay one invoice by themselves: two years of months. More than that a person confirms."""

REFERENCE: Final = "reference"
BY_AMOUNT: Final = "account+amount+date"
CONFIRMED: Final = "confirmed"
RETURNED: Final = "returned"

Stage = Literal["reference", "invoice number", "account+amount+date", "amount+date"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A voucher as matching sees it."""

    fact: UUID
    subject: str
    """Its measure."""
    place: tuple[str, str, str, int]
    """Measure, list, number, twin: the order in which matches are told."""
    named: Named | None
    """What it says of its invoice; without an invoice number an invoice is the voucher itself."""
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
class Matched:
    """A voucher and a bank line that proves its payment, or gives back one that did."""

    claim: Claim
    line: Line
    paid_cents: int
    """The voucher's part; negative where money came back: a credit note was paid to us, or the bank returned a debit."""
    invoice_paid_cents: int
    """The invoice's part: all of the debit, unless it pays several invoices."""
    reasons: tuple[str, ...]
    value_date: date
    """From this day on it counts: when the money moved; of a return, when it was booked."""
    returns: UUID | None = None
    """The debit the line gives back: that one counts no longer."""


    @property
    def match(self) -> Match:
        """As it is told."""
        line = self.line
        return Match(
            voucher=self.claim.fact, payment=line.fact, account=line.account, payment_source=line.source,
            payment_entry=line.entry, paid_cents=self.paid_cents, invoice_paid_cents=self.invoice_paid_cents,
            value_date=self.value_date, reasons=self.reasons, returns=self.returns,
        )

    def is_told_by(self, match: Match) -> bool:
        """Is it what was told of the same voucher and bank line?"""
        return (self.paid_cents, self.invoice_paid_cents, self.value_date, self.reasons, self.returns) == (
            match.paid_cents, match.invoice_paid_cents, match.value_date, match.reasons, match.returns
        )


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

    index: int
    claims: list[Claim] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)

    @property
    def first(self) -> Claim:
        return self.claims[0]

    @property
    def payable_cents(self) -> int:
        """Negative for a credit note."""
        return self.first.payable_cents


Found = dict[int, tuple[list[Line], str]]
"""Invoice → the bank lines that pay it, and why."""
_BY_REFERENCE: Final[Sequence[Stage]] = ("reference", "invoice number")
_BY_ITSELF: Final[Sequence[Stage]] = (*_BY_REFERENCE, "account+amount+date")


def match(
    claims: Iterable[Claim], lines: Iterable[Line], words: Sequence[ConfirmMatch | RejectMatch] = ()
) -> Matching:
    """Match vouchers and bank lines of accounts that belong together; ``words`` are what people said, in their order.

    A line is matched by itself if it is the only one for its invoice and the invoice the only one for it. Several that name the
    same invoice and together pay it exactly are instalments. What the bank returned proved payment until it was returned.
    """
    invoices = _invoices(claims)
    standing, returned, doubtful = standing_lines(lines)
    gone = [r.debit for r in returned]
    said = _Said(invoices, [*standing, *gone], words)
    found, taken = said.confirmed(standing), set(said.lines)
    weak: dict[int, dict[UUID, tuple[Line, list[str]]]] = defaultdict(dict)
    for stage in _BY_ITSELF:
        fitting = _Fitting(stage, (i for i in invoices if i.index not in found), _free(standing, taken), said)
        for invoice in fitting.invoices:
            candidates = fitting.lines_of(invoice, MOST_INSTALMENTS + 1)
            sole = all(line.fact not in doubtful and fitting.is_sole(line) for line in candidates)
            if candidates and sole and (len(candidates) == 1 or (stage in _BY_REFERENCE and _instalments(invoice, candidates))):
                found[invoice.index] = candidates, _reason(stage)
                taken.update(line.fact for line in candidates)
            else:
                for line in candidates[:MOST_SUGGESTIONS]:
                    weak[invoice.index].setdefault(line.fact, (line, []))[1].append(stage)
    _suggest(invoices, _free(standing, taken), found, said, weak)
    matches = [*_parted(invoices, found), *_undone(invoices, returned, said)]
    return Matching(
        tuple(sorted(matches, key=lambda m: (m.claim.place, m.claim.fact, in_order(m.line)))),
        tuple(
            Suggested(invoices[index].first, line, tuple(reasons))
            for index in sorted(weak)
            for line, reasons in list(weak[index].values())[:MOST_SUGGESTIONS]
            if line.fact not in taken
        ),
        tuple(line for line in standing if line.fact not in taken and line.amount_cents < 0),
    )


def _reason(stage: Stage) -> str:
    return REFERENCE if stage in _BY_REFERENCE else BY_AMOUNT


def _free(lines: Iterable[Line], taken: set[UUID]) -> list[Line]:
    return [line for line in lines if line.fact not in taken]


def _instalments(invoice: _Invoice, lines: Sequence[Line]) -> bool:
    """Does each pay a part, and all together exactly the whole?"""
    whole = abs(invoice.payable_cents)
    return (
        len(lines) <= MOST_INSTALMENTS
        and all(abs(line.amount_cents) < whole for line in lines)
        and sum(abs(line.amount_cents) for line in lines) == whole
    )


def claim_of(fact: UUID, subject: str, voucher: Voucher, accounts: tuple[str, ...], formerly: tuple[UUID, ...] = ()) -> Claim:
    """A voucher for matching."""
    number = token_of(voucher.invoice_number)
    return Claim(
        fact=fact,
        subject=subject,
        place=(voucher.measure, voucher.list, voucher.number, voucher.twin),
        named=named_by(voucher),
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


# ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────────


def claims_of(subject: str, facts: Sequence[Fact]) -> Iterator[Claim]:
    """Standing vouchers of a measure, each with the facts it took the place of."""
    standing = standing_of(facts)
    registered = [f for f in standing if isinstance(f, MeasureRegistered)]
    accounts = registered[-1].measure.accounts if registered else ()
    before = {f.id: f.corrects for f in facts if f.corrects is not None}
    for fact in standing:
        if isinstance(fact, VoucherRecorded | VoucherCorrected):
            formerly, at = [], fact.corrects
            while at is not None:
                formerly.append(at)
                at = before.get(at)
            yield claim_of(fact.id, subject, fact.voucher, accounts, tuple(formerly))


def words_of(facts: Iterable[Sequence[Fact]]) -> list[ConfirmMatch | RejectMatch]:
    """What people said about matches, in the order they said it; at the same instant a measure's own order holds."""
    said = [
        (fact.recorded_at, fact.instruction)
        for of in facts
        for fact in of
        if isinstance(fact, InstructionGiven) and isinstance(fact.instruction, ConfirmMatch | RejectMatch)
    ]
    return [word for _, word in sorted(said, key=lambda s: s[0])]


def _invoices(claims: Iterable[Claim]) -> list[_Invoice]:
    ordered = sorted(claims, key=lambda c: (c.place, c.fact))
    named = invoices_of((claim.fact, claim.named) for claim in ordered if claim.named)
    groups: dict[Hashable, _Invoice] = {}
    for claim in ordered:
        key = named.get(claim.fact, claim.fact)
        invoice = groups.get(key)
        if invoice is None:
            invoice = groups[key] = _Invoice(len(groups))
        invoice.claims.append(claim)
        invoice.accounts.update(claim.accounts)
    return list(groups.values())


# ── what people said ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Said:
    """Confirmed and rejected pairs. The last word about a pair counts; what was confirmed adds up, and pays alone."""

    def __init__(self, invoices: list[_Invoice], lines: list[Line], words: Sequence[ConfirmMatch | RejectMatch]) -> None:
        self._confirmed: dict[int, dict[UUID, Line]] = defaultdict(dict)
        self._rejected: set[tuple[int, UUID]] = set()
        if not words:
            return
        by_line = {line.fact: line for line in lines}
        by_voucher: dict[UUID, int] = {}
        for invoice in invoices:
            for claim in invoice.claims:
                by_voucher.update(dict.fromkeys((claim.fact, *claim.formerly), invoice.index))
        for word in words:
            if word.voucher not in by_voucher or word.payment not in by_line:
                continue
            index, line = by_voucher[word.voucher], by_line[word.payment]
            if isinstance(word, ConfirmMatch):
                self._confirmed[index][line.fact] = line
                self._rejected.discard((index, line.fact))
            else:
                self._rejected.add((index, line.fact))
                self._confirmed[index].pop(line.fact, None)

    @property
    def lines(self) -> Iterator[UUID]:
        """Bank lines a person gave to an invoice."""
        return chain.from_iterable(self._confirmed.values())

    @property
    def indexes(self) -> frozenset[int]:
        """Invoices a person gave a bank line to."""
        return frozenset(index for index, of in self._confirmed.items() if of)

    def confirmed(self, among: Iterable[Line]) -> Found:
        """What was confirmed, of these lines."""
        facts = {line.fact for line in among} if self._confirmed else set()
        kept = {
            index: sorted((line for line in of.values() if line.fact in facts), key=in_order)
            for index, of in self._confirmed.items()
        }
        return {index: (of, CONFIRMED) for index, of in kept.items() if of}

    def rejects(self, index: int, line: Line) -> bool:
        """Did a person say that this line does not pay this invoice?"""
        return bool(self._rejected) and (index, line.fact) in self._rejected


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Fitting:
    """Which bank lines and invoices fit each other at one stage, asked from either side and no further than needed.

    Thousands of equal invoices and equal lines fit each other thousands of times over; all one wants to know is whether there is
    a second one. So neither side is ever listed for the other, and work grows with what there is, not with its square.
    """

    def __init__(self, stage: Stage, invoices: Iterable[_Invoice], lines: Iterable[Line], said: _Said) -> None:
        self.invoices: list[_Invoice] = []
        """Those that some line may fit."""
        self._said = said
        self._keys_of_claim, self._keys_of_line, self._dated = _KEYS[stage]
        self._lines: dict[Hashable, list[Line]] = defaultdict(list)
        self._days_of_lines: dict[Hashable, list[date]] = defaultdict(list)
        for line in lines:
            for key in self._keys(line):
                self._lines[key].append(line)
                if self._dated:
                    self._days_of_lines[key].append(line.value_date)
        self._places: dict[int, list[tuple[Hashable, date]]] = {}
        self._invoices: dict[Hashable, list[tuple[date, int]]] = defaultdict(list)
        for invoice in invoices if self._lines else ():
            places = [place for place in self._places_of(invoice) if place[0] in self._lines]
            if places:
                self.invoices.append(invoice)
                self._places[invoice.index] = places
                for key, day in places:
                    self._invoices[key].append((day, invoice.index))
        for wanting in self._invoices.values():
            wanting.sort()
        self._sole: dict[UUID, bool] = {}

    def lines_of(self, invoice: _Invoice, most: int) -> list[Line]:
        """Lines that fit an invoice, in order, so many at most."""
        found: dict[UUID, Line] = {}
        for key, day in self._places[invoice.index]:
            lines, start = self._lines[key], 0
            end = len(lines)
            if self._dated:
                days = self._days_of_lines[key]
                start, end = bisect_left(days, day + EARLIEST), bisect_right(days, day + LATEST)
            for at in range(start, end):
                if not self._said.rejects(invoice.index, lines[at]):
                    found[lines[at].fact] = lines[at]
                    if len(found) == most:
                        return list(found.values())
        return list(found.values())

    def is_sole(self, line: Line) -> bool:
        """Does it fit one invoice only?"""
        known = self._sole.get(line.fact)
        if known is None:
            known = self._sole[line.fact] = self._fits_one(line)
        return known

    def _fits_one(self, line: Line) -> bool:
        first: int | None = None
        for key in self._keys(line):
            places = self._invoices.get(key, ())
            start = bisect_left(places, (line.value_date - LATEST, -1)) if self._dated else 0
            for at in range(start, len(places)):
                day, index = places[at]
                if self._dated and day + EARLIEST > line.value_date:
                    break
                if index != first and not self._said.rejects(index, line):
                    if first is not None:
                        return False
                    first = index
        return first is not None

    def _keys(self, line: Line) -> list[Hashable]:
        account, debit = line.account, line.amount_cents < 0
        return [(account, debit, key) for key in self._keys_of_line(line)]

    def _places_of(self, invoice: _Invoice) -> list[tuple[Hashable, date]]:
        """Where its lines are found: by the accounts it is paid from, and the way the money goes."""
        debit = invoice.payable_cents >= 0
        wanted = dict.fromkeys(
            (key, claim.invoice_date if self._dated else date.min)
            for claim in invoice.claims
            for key in self._keys_of_claim(claim)
        )
        accounts = sorted(invoice.accounts) if wanted else ()
        return [((account, debit, key), day) for (key, day), account in product(wanted, accounts)]


Keys = tuple[Callable[[Claim], Iterable[Hashable]], Callable[[Line], Iterable[Hashable]], bool]
_KEYS: Final[Mapping[Stage, Keys]] = {
    "reference": (
        lambda claim: (("id", claim.reference), ("token", claim.token)) if claim.reference else (),
        lambda line: (("id", line.end_to_end_id), *(("token", token) for token in line.tokens)),
        False,
    ),
    "invoice number": (
        lambda claim: (claim.number_token,) if claim.number_token else (),
        lambda line: line.tokens,
        False,
    ),
    "account+amount+date": (
        lambda claim: ((claim.payee, -claim.payable_cents),) if claim.payee else (),
        lambda line: ((line.payee, line.amount_cents),) if line.payee else (),
        True,
    ),
    "amount+date": (
        lambda claim: (-claim.payable_cents,),
        lambda line: (line.amount_cents,),
        True,
    ),
}
"""What a claim and a line that fit at a stage have in common, and whether their days must fit, too."""


# ── suggestions and what was returned ────────────────────────────────────────────────────────────────────────────────


def _suggest(
    invoices: Sequence[_Invoice],
    lines: list[Line],
    found: Found,
    said: _Said,
    weak: dict[int, dict[UUID, tuple[Line, list[str]]]],
) -> None:
    """What proves nothing, yet a person may recognise: amount and date alone, and lines that name an invoice half confirmed."""
    short = [invoices[index] for index, (of, reason) in found.items() if reason == CONFIRMED and _is_short(invoices[index], of)]
    looks: tuple[tuple[Stage, Iterable[_Invoice]], ...] = (
        *((stage, short) for stage in _BY_REFERENCE), ("amount+date", (i for i in invoices if i.index not in found)),
    )
    for stage, looking in looks if lines else ():
        fitting = _Fitting(stage, looking, lines, said)
        for invoice in fitting.invoices:
            for line in fitting.lines_of(invoice, MOST_SUGGESTIONS):
                weak[invoice.index].setdefault(line.fact, (line, [stage]))
    for index in found.keys() - {invoice.index for invoice in short}:
        weak.pop(index, None)


def _is_short(invoice: _Invoice, lines: Iterable[Line]) -> bool:
    return abs(sum(line.amount_cents for line in lines)) < abs(invoice.payable_cents)


def _undone(invoices: Sequence[_Invoice], returned: Sequence[Returned], said: _Said) -> Iterator[Matched]:
    """What proved payment until it was returned, and what took it back.

    Returned lines stand in nobody's way, so each is matched beside those that stand; an invoice may have been paid in vain twice.
    """
    if not returned:
        return
    lines = sorted((r.debit for r in returned), key=in_order)
    found, taken = said.confirmed(lines), set(said.lines)
    by_a_person = said.indexes
    for stage in _BY_ITSELF:
        looking = (i for i in invoices if i.index not in found and i.index not in by_a_person)
        fitting = _Fitting(stage, looking, _free(lines, taken), said)
        for invoice in fitting.invoices:
            candidates = fitting.lines_of(invoice, MOST_INSTALMENTS)
            if candidates and all(map(fitting.is_sole, candidates)) and (len(candidates) == 1 or stage in _BY_REFERENCE):
                found[invoice.index] = candidates, _reason(stage)
                taken.update(line.fact for line in candidates)
    backs = {r.debit.fact: r for r in returned}
    for proven in _parted(invoices, found):
        back = backs[proven.line.fact]
        yield proven
        yield Matched(
            proven.claim, back.back, -proven.paid_cents, -proven.invoice_paid_cents, (RETURNED,), back.on, proven.line.fact
        )


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parted(invoices: Sequence[_Invoice], found: Found) -> Iterator[Matched]:
    """Each line spread over the invoices it pays, and each invoice's part over its vouchers: not a cent more or less."""
    parts = _parts_of_invoices(invoices, found)
    for index, (lines, reason) in found.items():
        claims, weights = invoices[index].claims, _weights(invoices[index].claims)
        paid, before = 0, [0] * len(claims)
        for line in lines:
            cents = parts[index, line.fact]
            paid += cents
            upto = [paid] if len(weights) == 1 else apportion(paid, weights)[: len(claims)]
            for claim, now, then in zip(claims, upto, before, strict=True):
                yield Matched(claim, line, now - then, cents, (reason,), line.value_date)
            before = upto


def _weights(claims: Sequence[Claim]) -> list[int]:
    """How a payment is spread over the vouchers of its invoice, by their shares; last, what none of them claims."""
    weights = [abs(claim.share_cents) for claim in claims]
    unclaimed = max(0, abs(claims[0].payable_cents) - sum(weights))
    if not any(weights) and not unclaimed:
        return [1] * len(claims)
    return [*weights, unclaimed] if unclaimed else weights


def _parts_of_invoices(invoices: Sequence[_Invoice], found: Found) -> dict[tuple[int, UUID], int]:
    """What of each line pays which invoice. Those that pay one only come first: then it is known what is left of the others."""
    paying: dict[UUID, tuple[Line, list[int]]] = {}
    for index in sorted(found):
        for line in found[index][0]:
            paying.setdefault(line.fact, (line, []))[1].append(index)
    left = {index: invoices[index].payable_cents for index in found}
    parts: dict[tuple[int, UUID], int] = {}
    for line, indexes in sorted(paying.values(), key=lambda p: (len(p[1]) > 1, in_order(p[0]))):
        paid = -line.amount_cents
        shares = [paid] if len(indexes) == 1 else _collective(paid, [left[index] for index in indexes])
        for index, cents in zip(indexes, shares, strict=True):
            parts[index, line.fact] = cents
            left[index] -= cents
    return parts


def _collective(paid: int, left: Sequence[int]) -> list[int]:
    """A collective debit (Sammelüberweisung) over its invoices: each what is left to pay of it.

    Credit notes are set off in full; a debit that is more or less than the rest is spread by what is left.

    >>> _collective(80, [100, -20]), _collective(80, [100, 60]), _collective(80, [0, 0])
    ([100, -20], [50, 30], [40, 40])
    """
    if paid < 0:
        return [-part for part in _collective(-paid, [-cents for cents in left])]
    owed, credited = [max(0, cents) for cents in left], [min(0, cents) for cents in left]
    if not any(owed):
        return apportion(paid, [abs(cents) for cents in left] if any(left) else [1] * len(left))
    return [part + credit for part, credit in zip(apportion(paid - sum(credited), owed), credited, strict=True)]
