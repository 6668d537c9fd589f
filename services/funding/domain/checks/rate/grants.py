"""Which award a receipt belongs to."""

from __future__ import annotations

from services.funding.domain.case import Case
from shared.contracts.intake import Award, CommitmentStatus, Receipt
from shared.values.funders import FunderKind

BY_AWARD = frozenset({FunderKind.ESF, FunderKind.BUND, FunderKind.LAND})
"""Funders that pay by award; one that promised co-funding here pays its promise instead."""


def is_grant(case: Case, receipt: Receipt) -> bool:
    """Is it money of an award: it names one, or its funder awarded something here, or is one that pays by award only, and whose
    promise, if there was one, was taken back?"""
    if receipt.award or receipt.funder.is_eu or any(a.grantor.key == receipt.funder.key for a in case.awards):
        return True
    promises = (f.commitment for f in case.current_commitments)
    promised = {promise.funder.key for promise in promises if promise.status is not CommitmentStatus.WITHDRAWN}
    return receipt.funder.kind in BY_AWARD and receipt.funder.key not in promised


def award_of(case: Case, receipt: Receipt) -> Award | None:
    """The award a receipt names; without a name its funder's: the one with a tranche of the award year, or whose period holds it,
    before others."""
    if receipt.award:
        named = [a for a in case.awards if a.reference == receipt.award]
        return next((a for a in named if a.grantor.key == receipt.funder.key), named[0] if named else None)
    granted = [a for a in case.awards if a.grantor.key == receipt.funder.key]
    by_year = [a for a in granted if receipt.award_year in {year.budget_year for year in a.years}]
    by_year += [a for a in granted if receipt.award_year in a.period.years]
    return next(iter((*by_year, *granted)), None)


def receipts_of(case: Case, award: Award) -> list[Receipt]:
    """Receipts and repayments of an award."""
    same = award.grantor.key, award.reference
    held = ((f.receipt, award_of(case, f.receipt)) for f in case.receipts)
    return [receipt for receipt, of in held if of and (of.grantor.key, of.reference) == same]
