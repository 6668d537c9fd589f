"""How findings call what they are about. One place, since a finding's identity is made of these words."""

from __future__ import annotations

from collections.abc import Iterable

from services.funding.domain.case import Case, ProgrammeCase
from services.funding.domain.invoice import Invoice
from shared.contracts.intake import Award, Commitment, Receipt, SignedReport, StaffMonth
from shared.values.german import write_cents, write_day


def measure(case: Case) -> str:
    """``measure M-1``."""
    return f"measure {case.measure.key}"


def commitment(case: Case, promise: Commitment) -> str:
    """``commitment M-1 KOM-1``; the funder is added where two funders use the same number."""
    owners = {f.commitment.funder.key for f in case.commitments if f.commitment.number == promise.number}
    funder = f" {promise.funder.key}" if len(owners) > 1 else ""
    return f"commitment {promise.measure} {promise.number}{funder}"


def award(granted: Award, among: Iterable[Award]) -> str:
    """``award M-1 AZ-7/2012``; the grantor is added where two grantors of the measure (``among``) award under one reference."""
    grantors = {a.grantor.key for a in among if a.reference == granted.reference}
    return f"award {granted.measure} {granted.reference}" + (f" {granted.grantor.key}" if len(grantors) > 1 else "")


def receipt(received: Receipt) -> str:
    """``receipt M-1 E-3``."""
    return f"receipt {received.measure} {received.number}"


def position(case: Case, name: str) -> str:
    """``position M-1 1.1``."""
    return f"position {case.measure.key} {name}"


def paper(key: str) -> str:
    """``paper 03157/2021/941``, without the measure: a decision that several measures rest on is flawed once."""
    return f"paper {key}"


def is_of_paper(name: str) -> bool:
    """Is it the name of a paper?"""
    return name.startswith("paper ")


def invoice(of: Invoice) -> str:
    """``invoice P-0123456789abcdef re-17 1.190,00``, without the measure: the same seen from each of them."""
    return f"invoice {of.issuer} {of.number} {write_cents(of.gross_cents)}"


def person(month: StaffMonth) -> str:
    """``person P-0123456789abcdef 2019-10``."""
    return f"person {month.person} {month.year:04d}-{month.month:02d}"


def measures(*keys: str) -> str:
    """``measures M-1 M-2``: sorted, so that each of them says the same."""
    return " ".join(("measures", *sorted(keys)))


def report(signed: SignedReport) -> str:
    """``report offenbach Bericht 4. Quartal 2014 01.10.2014–31.12.2014``."""
    period = f"{write_day(signed.period.start)}–{write_day(signed.period.end)}"
    return f"report {signed.measure or signed.programme} {signed.title} {period}"


def figure(case: ProgrammeCase, scope: str) -> str:
    """``programme herne municipalities``."""
    return f"programme {case.programme.key} {scope}"


def municipality(case: ProgrammeCase, key: str) -> str:
    """``municipality herne 05916``."""
    return f"municipality {case.programme.key} {key}"
