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
from shared.contracts.intake import FinancingType
from shared.values.german import write_cents, write_share
from shared.values.money import round_down


@check("FQ-01", Severity.ERROR)
def rate_exceeded(case: Case) -> Iterator[Said]:
    """Was more money of the Union paid than the award's rate of the accepted expenditure? ESF ≤ round_down(A_accepted × rate).

    Revoking an award makes nothing good that was paid under it.
    """
    judged = False
    for award in (a for a in case.awards if a.grantor.is_eu):
        if award.share is None:
            if award.financing is FinancingType.PROPORTIONAL:
                yield Lacks(objects.award(award, case.awards), "Fördersatz")
                judged = True
            continue
        judged = True
        paid = sum(receipt.amount_cents for receipt in receipts_of(case, award))
        if paid <= 0:
            continue
        base = accepted(case, award)
        allowed = round_down(Fraction(award.share) * base.cents)
        if paid > allowed:
            base_inputs = {"claimed": base.claimed_cents, "at_risk": base.at_risk_cents, "private": base.private_cents}
            yield Noticed(
                object=objects.award(award, case.awards),
                at_risk_cents=paid - allowed,
                at_risk_eu_cents=paid - allowed,
                inputs={**written({"paid": paid, **base_inputs}), "rate": write_share(award.share, decimals=2)},
                arithmetic=f"{less(base.claimed_cents, base.at_risk_cents, base.private_cents)}; "
                f"{number(award.share)} × {write_cents(base.cents)} = {write_cents(allowed)}; {less(paid, allowed)}",
                references=(*case.references_of(award), *(f.source.reference for f in case.receipts if f.receipt.funder.is_eu)),
            )
    if not judged:
        yield NOT_APPLICABLE
