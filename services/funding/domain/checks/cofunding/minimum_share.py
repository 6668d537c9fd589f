"""KOF-03."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import number
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.values.german import write_cents, write_share
from shared.values.money import round_down


@check("KOF-03", Severity.ERROR)
def minimum_share(case: Case) -> Iterator[Said]:
    """Do national funders bear the least share of actual expenditure their programme asks for?

    Judged once money of the Union came in. At risk is what of it goes beyond the rest of the expenditure: ESF − (1 − min) · A.
    """
    eu, spent = case.received_cents(eu=True), case.claimed_cents
    if eu <= 0 or spent <= 0 or case.withdrawn_on:
        yield NOT_APPLICABLE
        return
    if case.programme is None and case.measure.programme:
        yield Lacks(objects.measure(case), f"Programm {case.measure.programme} (Mindestkofinanzierung)")
        return
    if case.programme is None or case.programme.minimum_cofunding is None:
        yield NOT_APPLICABLE
        return
    least, national = Fraction(case.programme.minimum_cofunding), case.received_cents(eu=False)
    if national >= least * spent:
        return
    allowed = round_down((1 - least) * spent)
    at_risk = max(0, eu - allowed)
    yield Noticed(
        object=objects.measure(case),
        at_risk_cents=at_risk,
        at_risk_eu_cents=at_risk,
        inputs=written({"claimed": spent, "national": national, "esf": eu, "minimum": write_share(least)}),
        arithmetic=f"{write_cents(national)} / {write_cents(spent)} = {write_share(Fraction(national, spent), decimals=2)} < "
        f"{write_share(least, decimals=2)}; {write_cents(eu)} − {number(1 - least)} × {write_cents(spent)} = "
        f"{write_cents(eu - allowed)}",
        references=tuple(f.source.reference for f in case.receipts),
    )
