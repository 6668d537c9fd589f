"""All checks, in the order reports list them."""

from __future__ import annotations

from typing import Final

from services.funding.domain.checks.cofunding.dropped_commitment import dropped_commitment
from services.funding.domain.checks.cofunding.minimum_share import minimum_share
from services.funding.domain.checks.cofunding.overfunding import overfunding
from services.funding.domain.checks.cofunding.uncovered_gap import uncovered_gap
from services.funding.domain.checks.cofunding.undocumented_amount import undocumented_amount
from services.funding.domain.checks.decision.amount_differs import amount_differs
from services.funding.domain.checks.decision.gap_in_sequence import gap_in_sequence
from services.funding.domain.checks.decision.no_decision import no_decision
from services.funding.domain.checks.decision.not_in_budget import not_in_budget
from services.funding.domain.checks.decision.not_passed import not_passed
from services.funding.domain.checks.decision.only_consulted import only_consulted
from services.funding.domain.checks.decision.year_not_covered import year_not_covered
from services.funding.domain.checks.double_funding.same_purpose import same_purpose
from services.funding.domain.checks.plan.overrun_uncovered import overrun_uncovered
from services.funding.domain.checks.plan.position_exceeded import position_exceeded
from services.funding.domain.checks.programme.band_exceeded import band_exceeded
from services.funding.domain.checks.programme.count_differs import count_differs
from services.funding.domain.checks.programme.total_differs import total_differs
from services.funding.domain.checks.rate.maximum_exceeded import maximum_exceeded
from services.funding.domain.checks.rate.paid_without_award import paid_without_award
from services.funding.domain.checks.rate.rate_exceeded import rate_exceeded
from services.funding.domain.checks.staff.over_full_time import over_full_time
from services.funding.domain.checks.time.outside_implementation import outside_implementation
from services.funding.domain.checks.time.paid_after_final_date import paid_after_final_date
from services.funding.domain.checks.time.signed_before_period_end import signed_before_period_end
from services.funding.domain.checks.vouchers.allocated_beyond_payment import allocated_beyond_payment
from services.funding.domain.checks.vouchers.claimed_twice import claimed_twice
from services.funding.domain.checks.vouchers.paid_other_amount import paid_other_amount
from services.funding.domain.checks.vouchers.unpaid import unpaid
from services.funding.domain.finding import Check

CHECKS: Final[tuple[Check, ...]] = (
    uncovered_gap,  # KOF-01
    minimum_share,  # KOF-03
    dropped_commitment,  # KOF-04
    overfunding,  # KOF-05
    undocumented_amount,  # KOF-11
    rate_exceeded,  # FQ-01
    maximum_exceeded,  # FQ-02
    paid_without_award,  # BEW-01
    outside_implementation,  # ZEI-01
    paid_after_final_date,  # ZEI-03
    signed_before_period_end,  # ZEI-07
    claimed_twice,  # BEL-01
    allocated_beyond_payment,  # BEL-03
    paid_other_amount,  # BEL-04
    unpaid,  # BEL-05
    over_full_time,  # PER-01
    position_exceeded,  # FIN-01
    overrun_uncovered,  # FIN-02
    no_decision,  # BES-01
    only_consulted,  # BES-02
    amount_differs,  # BES-03
    not_in_budget,  # BES-04
    gap_in_sequence,  # BES-05
    not_passed,  # BES-06
    year_not_covered,  # BES-07
    same_purpose,  # DOP-01
    total_differs,  # PRG-01
    band_exceeded,  # PRG-02
    count_differs,  # PRG-03
)
"""Every check runs over every measure or programme; what has nothing to judge says so."""
