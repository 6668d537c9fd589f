"""What funding names for machines, written for people: objects of findings, rule sets, calculations, trail references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from services.reporting.domain.snapshot import MeasureSnapshot, ProgrammeSnapshot
from shared.contracts import catalogue
from shared.contracts.funding import Finding

RULE_SETS: Final = {
    "2007-2013": "ESF 2007–2013, VO (EG) Nr. 1083/2006",
    "2014-2020": "ESF 2014–2020, VO (EU) Nr. 1303/2013",
    "national": "ohne EU-Mittel, deutsches Haushaltsrecht",
}
"""Rule sets as a reader knows them; one that is not listed is printed by its name."""

SCOPES: Final = {
    "municipalities": "Zahl der Kommunen",
    "participations": "Summe der Anteile",
    "funders": "Mittelgeber des Programms",
}
"""What published figures are about; other scopes are printed as they were handed in."""

NOUNS: Final = {
    "measure": "Maßnahme",
    "measures": "Maßnahmen",
    "voucher": "Beleg",
    "commitment": "Zusage",
    "award": "Bescheid",
    "receipt": "Eingang",
    "position": "Position",
    "paper": "Vorlage",
    "invoice": "Rechnung",
    "person": "Person",
    "report": "Bericht",
    "programme": "Programm",
    "municipality": "Kommune",
}
"""First word of a finding's object. The identity itself stays as it is, in the data."""

MOST_REFERENCES: Final = 6
"""References of a finding that are printed one by one; of more, neighbouring rows of a file are drawn together."""

_INVOICE = re.compile(r"(?P<issuer>P-[0-9a-f]{16}) (?P<number>.+) (?P<gross>[\d.]+,\d\d)")
_MONTH = re.compile(r"(?P<person>P-[0-9a-f]{16}) (?P<year>\d{4})-(?P<month>\d{2})")


def rule_set(name: str) -> str:
    """``2007-2013`` → „ESF 2007–2013, VO (EG) Nr. 1083/2006“."""
    return RULE_SETS.get(name, name)


def object_of(finding: Finding, issuers: Mapping[str, str]) -> str:
    """What a finding is about, in German: ``invoice P-… re-17 1.190,00`` → „Rechnung re-17 über 1.190,00 € von …“.

    ``issuers`` names the pseudonyms that stand for businesses; persons keep theirs.
    """
    return named(finding.object, issuers) + (f" ({finding.budget_year})" if finding.budget_year else "")


def named(subject: str, issuers: Mapping[str, str]) -> str:
    """An object by its German noun; what does not begin with a known one stays as it is."""
    first, _, rest = subject.partition(" ")
    noun = NOUNS.get(first)
    if noun is None or not rest:
        return subject
    if first == "invoice" and (found := _INVOICE.fullmatch(rest)):
        issuer = issuers.get(found["issuer"], f"Aussteller {found['issuer']}")
        return f"{noun} {found['number'].upper()} über {found['gross']}\u00a0€, {issuer}"
    if first == "person" and (found := _MONTH.fullmatch(rest)):
        return f"{noun} {found['person']}, {found['month']}/{found['year']}"
    if first == "measures":
        return f"{noun} {' und '.join(rest.split())}"
    if first == "programme":
        key, _, scope = rest.partition(" ")
        return f"{noun} {key}: {SCOPES.get(scope, scope)}" if scope else f"{noun} {key}"
    key, _, what = rest.partition(" ")
    if first in ("voucher", "commitment", "award", "receipt", "position", "report") and what:
        return f"{noun} {what}, Maßnahme {key}" if first != "report" else f"{noun} {what}, {key}"
    return f"{noun} {rest}"


def issuers_of(snapshot: MeasureSnapshot | ProgrammeSnapshot) -> dict[str, str]:
    """Names behind the pseudonyms of those who wrote invoices, as far as the vouchers tell them."""
    if isinstance(snapshot, ProgrammeSnapshot):
        return {}
    return {v.voucher.issuer.ref: v.voucher.issuer.name for v in snapshot.vouchers if v.voucher.issuer.name}


def reckoning(finding: Finding) -> str | None:
    """The calculation and what it was made of, so that a person can redo it; None where there is neither."""
    given = "; ".join(f"{catalogue.input_label(name, 'de')} {readable(value)}" for name, value in sorted(finding.inputs.items()))
    return " · ".join(x for x in (readable(finding.arithmetic), given) if x) or None


def readable(text: str) -> str:
    """Signs that few people read and the fonts lack, in words."""
    return text.replace("∉", "nicht in").replace("∈", "in").replace("∞", "unbegrenzt")


def legal(basis: str) -> str:
    """A legal basis whose wording nobody has compared yet says so in words one cannot take for the check's outcome."""
    return basis.replace("(nicht geprüft)", "(Wortlaut noch ungeprüft)")


def references(given: Iterable[str]) -> str:
    """Trail references side by side; of many, neighbouring rows of one file as ``1feae000cde7:3–18``."""
    told = list(dict.fromkeys(x for x in given if x))
    if len(told) > MOST_REFERENCES:
        told = list(_drawn_together(told))
    return " ".join(told) or "–"


def _drawn_together(told: list[str]) -> Iterable[str]:
    def by_file(reference: str) -> str:
        head, _, place = reference.rpartition(":")
        return head if place.isdecimal() else reference

    for head, group in groupby(sorted(told, key=lambda x: (by_file(x), _place(x))), key=by_file):
        rows = list(group)
        if len(rows) == 1:
            yield rows[0]
            continue
        for _, run in groupby(enumerate(_place(x) for x in rows), key=lambda pair: pair[1] - pair[0]):
            places = [place for _, place in run]
            yield f"{head}:{places[0]}" if len(places) == 1 else f"{head}:{places[0]}–{places[-1]}"


def _place(reference: str) -> int:
    place = reference.rpartition(":")[2]
    return int(place) if place.isdecimal() else 0
