"""Calculations as a person redoes them: ``4 × 60.085,00 = 240.340,00``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from shared.values.german import write_cents

LISTED = 12
"""More terms than that are printed as their number and sum."""


def sum_of(terms: Sequence[int]) -> str:
    """A sum of cents, equal terms as a product.

    >>> sum_of([6_008_500] * 4)
    '4 × 60.085,00 = 240.340,00'
    >>> sum_of([100, 250]), sum_of([100])
    ('1,00 + 2,50 = 3,50', '1,00')
    """
    total = write_cents(sum(terms))
    if len(terms) < 2:
        return total
    if len(set(terms)) == 1:
        return f"{len(terms)} × {write_cents(terms[0])} = {total}"
    if len(terms) > LISTED:
        return f"Σ {len(terms)} = {total}"
    return " + ".join(map(write_cents, terms)) + f" = {total}"


def less(minuend: int, *subtrahends: int) -> str:
    """A difference of cents.

    >>> less(2_149_317, 0)
    '21.493,17 − 0,00 = 21.493,17'
    """
    return f"{write_cents(minuend)} − {' − '.join(map(write_cents, subtrahends))} = {write_cents(minuend - sum(subtrahends))}"


def number(value: Decimal | Fraction | int) -> str:
    """A number as Germans write it, as a fraction where its decimals do not end.

    >>> number(Decimal("1.20")), number(Fraction(1, 3)), number(1)
    ('1,2', '1/3', '1')
    """
    exact = Fraction(value)
    for places in range(7):
        scaled = exact * 10**places
        if scaled.denominator == 1:
            text = f"{Decimal(int(scaled)).scaleb(-places):f}"
            return text.replace(".", ",").replace("-", "\u2212")
    return str(exact)
