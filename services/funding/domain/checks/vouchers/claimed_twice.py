"""BEL-01."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from services.funding.domain.case import Case, CaseVoucher
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, number, sum_of
from services.funding.domain.checks.crossing import crossed, eu_part
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.values.money import apportion, round_half_up


@check("BEL-01", Severity.ERROR, "voucher")
def claimed_twice(case: Case) -> Iterator[Said]:
    """Is an invoice (issuer, number, gross) claimed at more than 100 %, in any measure?

    A voucher without a declared share claims all of it. At risk is what is claimed beyond the invoice: Σ claims less the largest
    of them taken to 100 %, and that no more than was payable.
    """
    invoices: dict[str, list[CaseVoucher]] = defaultdict(list)
    for voucher in _standing((*case.vouchers, *case.elsewhere)):
        if voucher.invoice and voucher.data.eligible_cents > 0:
            invoices[voucher.invoice].append(voucher)
    if not invoices or case.withdrawn_on:
        yield NOT_APPLICABLE                                    # what is withdrawn claims nothing, seen from any side
        return
    for fingerprint in sorted(invoices):
        claims = sorted(invoices[fingerprint], key=lambda v: v.name)
        if sum(map(_share, claims)) > 1:
            yield _beyond_invoice(case, claims)


def _beyond_invoice(case: Case, claims: Sequence[CaseVoucher]) -> Noticed:
    cents = [v.data.eligible_cents for v in claims]
    whole = min(
        max(round_half_up(v.data.eligible_cents / _share(v)) for v in claims), max(v.data.payable_cents for v in claims)
    )
    at_risk = max(0, sum(cents) - whole)
    parts = apportion(at_risk, cents)
    by_measure: dict[str, int] = defaultdict(int)
    for voucher, part in zip(claims, parts, strict=True):
        by_measure[voucher.data.measure] += part
    return Noticed(
        object=objects.invoice(claims[0]),
        at_risk_cents=at_risk,
        at_risk_eu_cents=eu_part(case, by_measure),
        inputs={
            **written({v.name: v.data.eligible_cents for v in claims}),
            "shares": " + ".join(number(_share(v)) for v in claims),
        },
        arithmetic=f"{sum_of(cents)}; {less(sum(cents), whole)}",
        references=tuple(r for v in claims for r in v.references),
        crosses=crossed(by_measure),
        vouchers={v.fact: part for v, part in zip(claims, parts, strict=True)},
    )


def _share(voucher: CaseVoucher) -> Fraction:
    return Fraction(voucher.data.allocation if voucher.data.allocation is not None else 1)


def _standing(vouchers: Iterable[CaseVoucher]) -> list[CaseVoucher]:
    """Without pairs that cancel each other: the same issuer and number once with the amount, once with its opposite."""
    kept: list[CaseVoucher] = []
    claims = list(vouchers)
    cancelled = Counter(_key(v, -v.data.gross_cents) for v in claims if v.data.gross_cents < 0)
    for voucher in claims:
        key = _key(voucher, voucher.data.gross_cents)
        if voucher.data.gross_cents < 0:
            continue
        if cancelled[key]:
            cancelled[key] -= 1
            continue
        kept.append(voucher)
    return kept


def _key(voucher: CaseVoucher, gross: int) -> tuple[str, str, str, int]:
    invoice_number = "".join((voucher.data.invoice_number or "").split()).casefold()
    return voucher.data.measure, voucher.data.issuer.ref, invoice_number, gross
