"""ZEI-01."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from services.funding.domain.case import Case
from services.funding.domain.checks.proofs import Proofs, reference
from services.funding.domain.finding import NOT_APPLICABLE, Said, about, check
from shared.contracts.funding import Severity
from shared.values.dates import Period
from shared.values.german import write_cents, write_day
from shared.values.money import round_half_up


@check("ZEI-01", Severity.ERROR, "voucher")
def outside_implementation(case: Case) -> Iterator[Said]:
    """Was every service rendered inside the implementation period, and nothing paid before spending became eligible?

    Wholly outside: the whole claim is at risk; partly: its part by days. Paid before the eligible start: the whole claim.
    """
    if not case.vouchers:
        yield NOT_APPLICABLE
    term, start, proofs = case.measure.implementation, case.rules.day("eligible_from"), Proofs(case)
    for voucher in case.vouchers:
        data = voucher.data
        if data.eligible_cents <= 0:
            continue
        outside, days = days_outside(data.service, term), data.service.days
        proof = proofs.of(voucher)
        if start and proof and proof.value_date < start:
            yield about(
                case,
                voucher,
                at_risk=data.eligible_cents,
                legal_basis=case.rules.source("eligible_from"),
                inputs={"paid_on": proof.value_date, "eligible_from": start, "claimed": data.eligible_cents},
                arithmetic=f"{write_day(proof.value_date)} < {write_day(start)} → {write_cents(data.eligible_cents)}",
                also=(reference(proof),),
            )
        elif outside:
            at_risk = round_half_up(Fraction(data.eligible_cents * outside, days))
            yield about(
                case,
                voucher,
                at_risk=at_risk,
                inputs={"service": _days(data.service), "implementation": _days(term), "claimed": data.eligible_cents},
                arithmetic=f"{write_cents(data.eligible_cents)} × {outside}/{days} = {write_cents(at_risk)}",
            )


def days_outside(service: Period, term: Period) -> int:
    """Days of a service that lie outside the term."""
    inside = service.overlap(term)
    return service.days - (inside.days if inside else 0)


def _days(period: Period) -> str:
    return f"{write_day(period.start)}–{write_day(period.end)}"
