"""All checks, in the order reports list them."""

from __future__ import annotations

from typing import Final

from services.funding.domain.finding import Check

CHECKS: Final[tuple[Check, ...]] = ()
"""Every check runs over every measure or programme; what has nothing to judge says so."""
