"""BEL-01."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from services.funding.domain.case import Case, CaseVoucher
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, number, sum_of
from services.funding.domain.checks.crossing import crossed, eu_part, spread
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from services.funding.domain.invoice import Invoice
from shared.contracts.funding import Severity
from shared.values.money import round_half_up


@check("BEL-01", Severity.ERROR, "voucher")
def claimed_twice(case: Case) -> Iterator[Said]:
    """Is an invoice (issuer, number, gross) claimed at more than 100 %, in any measure?

    A voucher without a declared share claims all of it. At risk is what is claimed beyond the invoice: Σ claims less the largest
    of them taken to 100 %, and that no more than was payable.
    """
    invoices: dict[Invoice, list[CaseVoucher]] = defaultdict(list)
    for invoice, voucher in _standing(case):
        if voucher.data.eligible_cents > 0:
            invoices[invoice].append(voucher)
    if not invoices or case.withdrawn_on:
        yield NOT_APPLICABLE                                    # what is withdrawn claims nothing, seen from any side
        return
    for invoice in sorted(invoices):
        claims = sorted(invoices[invoice], key=lambda v: v.name)
        if sum(map(_share, claims)) > 1:
            yield _beyond_invoice(case, invoice, claims)


def _beyond_invoice(case: Case, invoice: Invoice, claims: Sequence[CaseVoucher]) -> Noticed:
    cents = [v.data.eligible_cents for v in claims]
    whole = min(
        max(round_half_up(v.data.eligible_cents / _share(v)) for v in claims), max(v.data.payable_cents for v in claims)
    )
    at_risk = max(0, sum(cents) - whole)
    parts = spread(at_risk, claims)
    return Noticed(
        object=objects.invoice(invoice),
        at_risk_cents=at_risk,
        at_risk_eu_cents=eu_part(case, parts.by_measure),
        inputs={
            **written({v.name: v.data.eligible_cents for v in claims}),
            "shares": " + ".join(number(_share(v)) for v in claims),
        },
        arithmetic=f"{sum_of(cents)}; {less(sum(cents), whole)}",
        references=tuple(r for v in claims for r in v.references),
        crosses=crossed(parts.by_measure),
        vouchers=parts.by_voucher,
    )


def _share(voucher: CaseVoucher) -> Fraction:
    return Fraction(voucher.data.allocation if voucher.data.allocation is not None else 1)


def _standing(case: Case) -> Iterator[tuple[Invoice, CaseVoucher]]:
    """Vouchers that name an invoice, without those of the same measure that another one cancels by the opposite amount."""
    claims: dict[tuple[str, Invoice], list[CaseVoucher]] = defaultdict(list)
    taken_back: dict[tuple[str, Invoice], Counter[int]] = defaultdict(Counter)
    for voucher in (*case.vouchers, *case.elsewhere):
        if invoice := case.invoices.get(voucher.fact):
            key = voucher.data.measure, invoice._replace(gross_cents=abs(invoice.gross_cents))
            if invoice.gross_cents < 0:
                taken_back[key][-voucher.data.eligible_cents] += 1
            else:
                claims[key].append(voucher)
    for key, of in claims.items():
        for voucher in _uncancelled(of, taken_back[key]):
            yield key[1], voucher


def _uncancelled(claims: Iterable[CaseVoucher], taken_back: Counter[int]) -> list[CaseVoucher]:
    """What is left of equal vouchers: each cancellation takes the one that claims what it takes back, else the first."""
    left: list[CaseVoucher] = []
    for voucher in claims:
        if taken_back[voucher.data.eligible_cents]:
            taken_back[voucher.data.eligible_cents] -= 1
        else:
            left.append(voucher)
    return left[taken_back.total():]
