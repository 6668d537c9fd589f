"""BEW-01."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.rate.grants import is_grant
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import Award, Receipt
from shared.values.german import write_cents, write_day


@check("BEW-01", Severity.BLOCKING)
def paid_without_award(case: Case) -> Iterator[Said]:
    """Was grant money paid while no award was in force? An award is in force from its date until the day it is revoked."""
    grants = [f for f in case.receipts if is_grant(case, f.receipt)]
    if not grants and not case.awards:
        yield NOT_APPLICABLE
    for fact in grants:
        receipt = fact.receipt
        versions = _awards_for(case, receipt)
        if receipt.amount_cents <= 0 or any(_in_force(version, versions, receipt.received_on) for version in versions):
            continue
        yield Noticed(
            object=objects.receipt(receipt),
            budget_year=receipt.award_year,
            at_risk_cents=receipt.amount_cents,
            at_risk_eu_cents=receipt.amount_cents if receipt.funder.is_eu else 0,
            inputs=written({"received_on": receipt.received_on, "funder": receipt.funder.name, "award": _told(versions)}),
            arithmetic=f"{write_day(receipt.received_on)}: {write_cents(receipt.amount_cents)}",
            references=(fact.source.reference, *case.references_of(*versions)),
        )


def _awards_for(case: Case, receipt: Receipt) -> list[Award]:
    """All versions of the award it names, or of all its funder's awards."""
    versions = case.award_versions or case.awards
    if receipt.award:
        named = [a for a in versions if a.reference == receipt.award]
        return [a for a in named if a.grantor.key == receipt.funder.key] or named
    return [a for a in versions if a.grantor.key == receipt.funder.key]


def _in_force(award: Award, versions: list[Award], day: date) -> bool:
    """Was this version the latest on the day, and not revoked by it?"""
    same = [o for o in versions if (o.grantor.key, o.reference) == (award.grantor.key, award.reference)]
    later = any(o.version > award.version and o.awarded_on <= day for o in same)
    return award.in_force(day) and not later


def _told(versions: list[Award]) -> str:
    """Days on which the versions begin, and end."""
    spans = (f"ab {write_day(a.awarded_on)}" + (f" bis {write_day(a.revoked_on)}" if a.revoked_on else "") for a in versions)
    return ", ".join(spans) or "kein Bescheid"
