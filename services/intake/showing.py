"""A fact in the words of whoever handed it in: for trying a file and looking at what was understood."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from services.intake.domain.errors import Words
from services.intake.domain.readers import TEMPLATES
from services.intake.domain.reading import Draft
from shared.values.german import write_cents, write_day

LONGEST: Final = 600
"""Characters a fact is shown with; what is longer is cut and ends with an ellipsis."""

_GERMAN: Final = {
    "account": "Konto", "amount": "Betrag", "booked_on": "Buchungstag", "counterparty": "Gegenseite", "dated": "vom",
    "deleted": "gelöscht", "district": "Quartier", "end_to_end_id": "Ende-zu-Ende-Referenz", "entry": "Buchung",
    "files": "Dateien", "implementation": "Durchführung", "key": "Schlüssel", "lead": "Federführung", "modified": "Stand",
    "module": "Baustein", "paper": "Vorlage", "paper_type": "Art", "period": "Zeitraum", "reference": "Nummer",
    "references": "Verweise", "reversal": "Rückbuchung", "rounding_unit": "gerundet auf", "service": "Leistung",
    "statement": "Auszug", "steps": "Beratungen", "title": "Titel", "twin": "Zwilling", "url": "Adresse",
    "valid_from": "gilt ab", "value_date": "Wertstellung", "year": "Jahr", "years": "Jahre",
}
"""What no column of a template names: parts of bank lines and council papers, and what a row is made into."""


def shown(draft: Draft, kind: str) -> Words:
    """All that was understood of a row, on one line.

    Pseudonyms of accounts are left out, since they say nothing to a person; amounts and days stand as reports print them.
    """
    said = next((value for value in draft.body.values() if isinstance(value, BaseModel)), None)
    body = said.model_dump(exclude_none=True) if said else draft.body
    template = TEMPLATES.get(kind)
    headings = {column.name: column.heading for column in template.columns} if template else {}
    parts = [(name.removesuffix("_cents"), text) for name, text in _parts(body)]
    return Words(
        _cut(", ".join(f"{headings.get(name) or _GERMAN.get(name, name)} {text}" for name, text in parts)),
        _cut(", ".join(f"{name.replace('_', ' ')} {text}" for name, text in parts)),
    )


def _parts(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and what they hold, without what is empty, says no, or counts a first of its kind."""
    for name, value in body.items():
        if value in ("", None, [], (), False) or (name, value) == ("twin", 1) or _is_pseudonym(value):
            continue
        yield name, _text(name, value)


def _is_pseudonym(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("P-") and len(value) == 18


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if name.endswith("_cents") and isinstance(value, int):
        return write_cents(value, unit=True)
    if isinstance(value, Decimal):
        return str(value).replace(".", ",")
    if isinstance(value, date):
        return write_day(value)
    if isinstance(value, dict):
        if set(value) == {"start", "end"}:
            return f"{_text('start', value['start'])} – {_text('end', value['end'])}"
        if "ref" in value:
            return str(value.get("name") or value["ref"])
        return " ".join(text for _, text in _parts(value))
    if isinstance(value, list | tuple):
        return ("; " if any(isinstance(one, dict) for one in value) else " · ").join(_text(name, one) for one in value)
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
