"""Größenstaffel: ceilings of a grant by inhabitants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import AMOUNT, NUMBER, Cells, Column, Template
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import PROGRAMME, about_programme
from services.intake.domain.reading import Draft
from shared.contracts.intake import SizeBand, SizeBandSet
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[Draft]:
    """One step of the scale."""
    start, end = cells["inhabitants_from"], cells["inhabitants_to"]
    if end is not None and end < start:
        raise cells.fault("inhabitants_to", "ROW-12", f"{start} … {end}")
    band = SizeBand(programme=cells["programme"], inhabitants_from=start, inhabitants_to=end, maximum_cents=cells["maximum"])
    yield Draft("size-bands", (band.programme, str(start)), subject_of("programme", band.programme), SizeBandSet, {"band": band})


TEMPLATE: Final = Template(
    "size-bands",
    Words("Größenstaffel", "Size bands"),
    Words(
        "Höchstbeträge nach Einwohnern. Schlüssel: Programm, Einwohner von.",
        "Ceilings by inhabitants. Key: programme, inhabitants from.",
    ),
    (
        PROGRAMME,
        Column(
            "Einwohner von",
            "inhabitants_from",
            NUMBER,
            Words("ab so vielen Einwohnern", "from so many inhabitants"),
            "0",
            required=True,
        ),
        Column(
            "Einwohner bis",
            "inhabitants_to",
            NUMBER,
            Words("bis zu so vielen, einschließlich; leer: nach oben offen", "up to so many, included; empty: open"),
            "49.999",
        ),
        Column("Höchstbetrag", "maximum", AMOUNT, Words("höchste Zuwendung", "most that is granted"), "32.000,00", required=True),
    ),
    drafts,
    about_programme,
)
