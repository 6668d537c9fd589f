"""FQ-01."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, number
from services.funding.domain.checks.rate.accepted import accepted
from services.funding.domain.checks.rate.grants import receipts_of
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import Award, FinancingType
from shared.values.german import write_cents, write_share
from shared.values.money import round_down


@check("FQ-01", Severity.ERROR)
def rate_exceeded(case: Case) -> Iterator[Said]:
    """Was more money of the Union paid than the award's rate of the accepted expenditure? ESF ≤ round_down(A_accepted × rate).

    Several awards together bear no more than the highest of their rates. Revoking one makes nothing good that was paid under it.
    """
    judged, excess = False, 0
    rated: list[tuple[Award, int]] = []
    for award in (a for a in case.awards if a.grantor.is_eu):
        paid = sum(receipt.amount_cents for receipt in receipts_of(case, award))
        if award.share is None:
            if award.financing is FinancingType.PROPORTIONAL and (paid > 0 or award in case.awards_in_force):
                yield Lacks(objects.award(award, case.awards), "Fördersatz")
                judged = True
            continue
        judged = True
        if paid <= 0:
            continue
        rated.append((award, paid))
        for found in _beyond(case, award, paid, objects.award(award, case.awards), counted=0):
            excess += found.at_risk_cents
            yield found
    if len(rated) > 1:                                          # together they bear no more than the highest of their rates
        highest = max((award for award, _ in rated), key=lambda a: a.share or 0)
        yield from _beyond(case, highest, sum(paid for _, paid in rated), objects.measure(case), counted=excess)
    if not judged:
        yield NOT_APPLICABLE


def _beyond(case: Case, award: Award, paid: int, name: str, *, counted: int) -> Iterator[Noticed]:
    """What was paid beyond the award's rate; ``counted``: what of it is at risk already."""
    share, base = Fraction(award.share or 0), accepted(case, award)
    allowed = round_down(share * base.cents)
    if paid - counted <= allowed:
        return
    base_inputs = {"claimed": base.claimed_cents, "at_risk": base.at_risk_cents, "private": base.private_cents}
    yield Noticed(
        object=name,
        at_risk_cents=paid - allowed - counted,
        at_risk_eu_cents=paid - allowed - counted,
        inputs={**written({"paid": paid, **base_inputs}), "rate": write_share(share, decimals=2)},
        arithmetic=f"{less(base.claimed_cents, base.at_risk_cents, base.private_cents)}; "
        f"{number(share)} × {write_cents(base.cents)} = {write_cents(allowed)}; "
        f"{less(paid, allowed, *([counted] if counted else []))}",
        references=(*case.references_of(award), *(f.source.reference for f in case.receipts if f.receipt.funder.is_eu)),
    )
