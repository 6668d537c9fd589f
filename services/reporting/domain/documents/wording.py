"""What funding names for machines, written for people: objects of findings, rule sets, calculations, trail references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from services.reporting.domain.snapshot import MeasureSnapshot, ProgrammeSnapshot
from shared.contracts import catalogue
from shared.contracts.funding import Finding
from shared.values.source import SHORT

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
_ROW = re.compile(rf"(?P<file>[0-9a-f]{{{SHORT}}}):(?P<place>\S+)")
PSEUDONYM: Final = re.compile(r"P-[0-9a-f]{16}")
PSEUDONYMS: Final = "Namen verlassen die einreichende Stelle nicht; sie kann das Pseudonym einer Person zuordnen."
_MONTH = re.compile(r"(?P<person>P-[0-9a-f]{16}) (?P<year>\d{4})-(?P<month>\d{2})")


def rule_set(name: str) -> str:
    """``2007-2013`` → „ESF 2007–2013, VO (EG) Nr. 1083/2006“."""
    return RULE_SETS.get(name, name)


def object_of(finding: Finding, issuers: Mapping[str, str]) -> str:
    """What a finding is about, in German: ``invoice P-… re-17 1.190,00`` → „Rechnung re-17 über 1.190,00 € von …“.

    ``issuers`` names the pseudonyms that stand for businesses; persons keep theirs.
    """
    month = finding.object.startswith("person ")  # says the year itself
    return named(finding.object, issuers) + (f" ({finding.budget_year})" if finding.budget_year and not month else "")


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
    if first == "report" and what:
        return f"{what}, {key}" if what.startswith(noun) else f"{noun} {what}, {key}"
    if first in ("voucher", "commitment", "award", "receipt", "position") and what:
        return f"{noun} {what}, Maßnahme {key}"
    return f"{noun} {rest}"


def issuers_of(snapshot: MeasureSnapshot | ProgrammeSnapshot) -> dict[str, str]:
    """Names behind the pseudonyms of those who wrote invoices, as far as the vouchers tell them."""
    if isinstance(snapshot, ProgrammeSnapshot):
        return {}
    return {v.voucher.issuer.ref: v.voucher.issuer.name for v in snapshot.vouchers if v.voucher.issuer.name}


def reckoning(finding: Finding) -> str | None:
    """The calculation and what it was made of, so that a person can redo it; None where there is neither."""
    arithmetic = readable(finding.arithmetic)
    told = (f"{catalogue.input_label(name, 'de')} {readable(value)}" for name, value in sorted(finding.inputs.items()))
    said = arithmetic.replace(":", "")
    given = "; ".join(x for x in told if x not in said)
    return " · ".join(x for x in (arithmetic, given) if x) or None


def readable(text: str) -> str:
    """Signs that few people read, or the fonts lack, in words; ``→ KOF-01``: the amount is at risk under that check."""
    plain = text.replace("∉", "nicht in").replace("∈", "in").replace("∞", "unbegrenzt").replace("{", "").replace("}", "")
    return _COUNTED_AT.sub(r"(im Risiko bei \1)", plain)


_COUNTED_AT = re.compile(r"→ ([A-Z]{2,3}-\d{2})")


def files_named(findings: Iterable[Finding]) -> dict[str, set[str]]:
    """Files that findings refer to by their short form, each with the places in it."""
    named: dict[str, set[str]] = {}
    for reference in (r for f in findings for r in f.references):
        if found := _ROW.fullmatch(reference):
            named.setdefault(found["file"], set()).add(found["place"])
    return named


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
    """Runs of neighbours as one: rows 3 to 18 as ``…:3–18``, cells of row 15 as ``…:15.1–15.16``."""
    for (head, row), group in groupby(sorted(told, key=_in_order), key=lambda x: _place(x)[:2]):
        places = [_place(reference)[2] for reference in group]
        if places == [None]:
            yield head
            continue
        within = f"{row}." if row is not None else ""
        for _, run in groupby(enumerate(p for p in places if p is not None), key=lambda pair: pair[1] - pair[0]):
            numbers = [number for _, number in run]
            last = f"–{within}{numbers[-1]}" if len(numbers) > 1 else ""
            yield f"{head}:{within}{numbers[0]}{last}"


_WITHIN = re.compile(r"(?P<head>.+):(?:(?P<row>\d+)\.)?(?P<number>\d+)")


def _place(reference: str) -> tuple[str, int | None, int | None]:
    """``…:15.3`` → file, row 15, cell 3; ``…:15`` → file, no row, 15; anything else stands for itself."""
    found = _WITHIN.fullmatch(reference)
    if found is None:
        return reference, None, None
    return found["head"], int(found["row"]) if found["row"] else None, int(found["number"])


def _in_order(reference: str) -> tuple[str, int, int]:
    head, row, number = _place(reference)
    return head, row or 0, number or 0
