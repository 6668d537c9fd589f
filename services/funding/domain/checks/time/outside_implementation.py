"""ZEI-01."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.proofs import Proofs, part_paid, references
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Said, about, check
from shared.contracts.funding import Severity
from shared.values.dates import Period
from shared.values.german import write_cents, write_day
from shared.values.money import round_half_up


@check("ZEI-01", Severity.ERROR, "voucher")
def outside_implementation(case: Case) -> Iterator[Said]:
    """Was every service rendered inside the implementation period, and nothing paid before spending became eligible?

    Wholly outside: the whole claim is at risk; partly: its part by days. Paid before the eligible start: what was paid then.
    """
    if not case.vouchers:
        yield NOT_APPLICABLE
    term, start, proofs = case.measure.implementation, case.rules.day("eligible_from"), Proofs(case)
    if start and not case.bank_statements and any(proofs.of(v) is None for v in case.claims):
        yield Lacks(objects.measure(case), "Kontoauszug")
    for voucher in case.claims:
        data, proof = voucher.data, proofs.of(voucher)
        outside, days = days_outside(data.service, term), data.service.days
        by_days = round_half_up(Fraction(data.eligible_cents * outside, days))
        early, how = 0, ""
        if start and proof and any(line.value_date < start for line in proof.lines):
            early, how = part_paid(data.eligible_cents, proof, start.__gt__)
        if proof and start and early and early >= by_days:
            yield about(
                case,
                voucher,
                at_risk=early,
                legal_basis=case.rules.source("eligible_from"),
                inputs={"paid_on": proof.lines[0].value_date, "eligible_from": start, "claimed": data.eligible_cents},
                arithmetic=f"{write_day(proof.lines[0].value_date)} < {write_day(start)} → "
                + (how or write_cents(data.eligible_cents)),
                also=references(proof),
            )
        elif outside:
            yield about(
                case,
                voucher,
                at_risk=by_days,
                inputs={"service": _days(data.service), "implementation": _days(term), "claimed": data.eligible_cents},
                arithmetic=f"{write_cents(data.eligible_cents)} × {outside}/{days} = {write_cents(by_days)}",
            )


def days_outside(service: Period, term: Period) -> int:
    """Days of a service that lie outside the term."""
    inside = service.overlap(term)
    return service.days - (inside.days if inside else 0)


def _days(period: Period) -> str:
    return f"{write_day(period.start)}–{write_day(period.end)}"
