"""What a finding that several measures share needs: the same words and cents from the side of each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from services.funding.domain.case import Case, CaseVoucher
from shared.contracts.intake import Award
from shared.values.money import apportion, round_down
from shared.values.subject import subject_of


@dataclass(frozen=True, slots=True)
class Spread:
    """An amount at risk on the vouchers of one invoice, in cents: the parts add up to it."""

    by_voucher: Mapping[UUID, int]
    """Fact of a voucher → its part."""
    by_measure: Mapping[str, int]
    """Measure key → its part."""


def spread(at_risk_cents: int, claims: Sequence[CaseVoucher], weights: Sequence[int]) -> Spread:
    """Spread an amount at risk over claims, by what each of them claims (``weights``: cents, as far as it counts)."""
    parts = apportion(at_risk_cents, weights)
    by_measure: dict[str, int] = defaultdict(int)
    for voucher, part in zip(claims, parts, strict=True):
        by_measure[voucher.data.measure] += part
    return Spread({v.fact: part for v, part in zip(claims, parts, strict=True)}, dict(by_measure))


def crossed(measures: Iterable[str]) -> tuple[str, ...]:
    """Subjects of the measures, sorted; nothing where there is only one."""
    keys = sorted(set(measures))
    return tuple(subject_of("measure", key) for key in keys) if len(keys) > 1 else ()


def eu_part(case: Case, parts: Mapping[str, int]) -> int:
    """The Union's part of an amount at risk, each measure's part at its own rate.

    ``parts``: measure key → cents. Rates of other measures are those of their awards in ``related``.
    """
    awards = {related.measure.key: related.awards for related in case.related} | {case.measure.key: case.awards_in_force}
    return sum(round_down(_rate(awards.get(measure, ())) * cents) for measure, cents in parts.items())


def _rate(awards: Iterable[Award]) -> Fraction:
    award = next((a for a in awards if a.grantor.is_eu), None)
    return Fraction(award.share) if award and award.share else Fraction(0)
