"""Which euro a promise that does not cover puts at risk, so that none is at risk twice."""

from __future__ import annotations

from services.funding.domain.case import Case


def beyond_gap(case: Case, cents: int) -> tuple[int, str]:
    """Cents at risk of a promise that was cut, lapsed or was never decided, and what to add to its arithmetic.

    Where there is a plan KOF-01 says what is uncovered, and the promise's own finding puts nothing at risk on top; without a plan
    the promise is all one can say.
    """
    return (0, " → KOF-01") if case.plan else (cents, "")
