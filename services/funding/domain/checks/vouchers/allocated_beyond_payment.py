"""BEL-03."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

from services.funding.domain.case import Case, CaseVoucher, Proof
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, number, sum_of
from services.funding.domain.checks.claims import beyond_invoice, claims_by_invoice, exceed_invoice, share_of
from services.funding.domain.checks.crossing import crossed, eu_part, spread
from services.funding.domain.checks.proofs import TOLERANCE_CENTS, Proofs, owed_cents, references, unproven
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, about, check, written
from services.funding.domain.invoice import Invoice
from shared.contracts.funding import Severity
from shared.values.german import write_cents
from shared.values.money import round_half_up


@check("BEL-03", Severity.ERROR, "voucher")
def allocated_beyond_payment(case: Case) -> Iterator[Said]:
    """Does a declared share of an invoice claim more than that share, or all of them together more than was paid for it?

    A share may claim its part of what was payable, rounded half up. Undeclared doubles are BEL-01's business, and what no bank
    line proves where there are some is BEL-05's.
    """
    declared = [voucher for voucher in case.claims if voucher.data.allocation is not None]
    if not declared or case.withdrawn_on:
        yield NOT_APPLICABLE                                    # what is withdrawn claims nothing, seen from any side
        return
    proofs, own, invoices = Proofs(case), {voucher.fact for voucher in declared}, claims_by_invoice(case)
    yield from unproven(case, declared, proofs)
    counted = {fact: cents for claims in invoices.values() for fact, cents in _counted(claims).items()}
    for voucher in declared:
        proof = proofs.of(voucher)
        if proof or not case.bank_statements:
            yield from _beyond_share(case, voucher, proof, counted.get(voucher.fact, 0))
    for invoice, claims in invoices.items():
        shared = [voucher for voucher in claims if voucher.data.allocation is not None]
        if any(voucher.fact in own for voucher in shared) and (proof := proofs.of(shared[0])):
            yield from _beyond_payment(case, invoice, shared, proof, counted)


def _counted(claims: Sequence[CaseVoucher]) -> Mapping[UUID, int]:
    """What BEL-01 puts at risk of each claim of an invoice already."""
    at_risk = beyond_invoice(claims)
    return spread(at_risk, claims, [v.data.eligible_cents for v in claims]).by_voucher if at_risk else {}


def _share_cents(voucher: CaseVoucher, proof: Proof | None) -> int:
    return max(0, round_half_up(owed_cents(voucher.data, proof) * share_of(voucher)))


def _beyond_share(case: Case, voucher: CaseVoucher, proof: Proof | None, counted: int) -> Iterator[Noticed]:
    """What a voucher claims beyond its own share; one that names no invoice also beyond what was paid. A cent is none: shares of
    an amount that does not divide evenly differ by it."""
    claimed, share = voucher.data.eligible_cents, _share_cents(voucher, proof)
    paid = max(0, proof.invoice_paid_cents) if proof and voucher.named is None else share
    most = min(share, paid)
    if claimed - most <= TOLERANCE_CENTS:
        return
    owed = write_cents(owed_cents(voucher.data, proof))
    part = f"{number(share_of(voucher))} × {owed} = {write_cents(share)}"
    inputs: dict[str, str | int | date] = {"claimed": claimed, "shares": number(share_of(voucher))}
    yield about(
        case,
        voucher,
        at_risk=max(0, claimed - most - counted),
        inputs=inputs | ({"paid": paid} if paid < share else {}),
        arithmetic=f"{part}; {less(claimed, most)}" + (f"; BEL-01: {write_cents(counted)}" if counted else ""),
        also=references(proof) if proof else (),
    )


def _beyond_payment(
    case: Case, invoice: Invoice, claims: Sequence[CaseVoucher], proof: Proof, counted: Mapping[UUID, int]
) -> Iterator[Noticed]:
    """What the shares of an invoice claim together beyond its payment, each no more than it may.

    Beyond the invoice itself it is at risk in BEL-01; where shares fall on halves of a cent, each is rounded up, and that cent is
    nobody's claim.
    """
    within = [min(voucher.data.eligible_cents, _share_cents(voucher, proof)) for voucher in claims]
    left = [min(may, v.data.eligible_cents - counted.get(v.fact, 0)) for v, may in zip(claims, within, strict=True)]
    together = min(sum(left), max(owed_cents(voucher.data, proof) for voucher in claims))
    paid = max(0, proof.invoice_paid_cents)
    if (sum(within) if exceed_invoice(claims) else together) <= paid:
        return
    at_risk = max(0, together - paid)
    parts = spread(at_risk, claims, left if at_risk else within)
    yield Noticed(
        object=objects.invoice(invoice),
        at_risk_cents=at_risk,
        at_risk_eu_cents=eu_part(case, parts.by_measure),
        inputs=written({voucher.name: may for voucher, may in zip(claims, within, strict=True)} | {"paid": paid}),
        arithmetic=f"{sum_of(within)}; {less(together, paid)}",
        references=(*(r for voucher in claims for r in voucher.references), *references(proof)),
        crosses=crossed(parts.by_measure),
        vouchers=parts.by_voucher,
    )
