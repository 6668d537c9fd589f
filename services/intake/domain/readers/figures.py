"""Veröffentlichte Zahlen: numbers somebody published about a programme, with their scope."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from services.intake.domain.columns import AMOUNT, DAY, LONG, Cells, Column, Template, Type, choice, text, word_of
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import PROGRAMME, about_programme
from services.intake.domain.reading import Draft
from shared.contracts.intake import Figure, FigurePublished
from shared.values.subject import subject_of

SCOPES: Final = {"kommunen": "municipalities", "teilnahmen": "participations", "mittelgeber": "funders"}
_UNITS: Final = choice(
    {"Anzahl": None, "EUR": 100, "Mio. EUR": 100_000_000},
    also={"Euro": 100, "€": 100, "Mio. Euro": 100_000_000, "Tsd. EUR": 100_000, "TEUR": 100_000},
)


def _decimal(cell: str) -> Decimal:
    if not re.fullmatch(r"-?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?", cell):
        raise ValueError("no number")
    return Decimal(cell.replace(".", "").replace(",", "."))


def drafts(cells: Cells) -> Iterator[Draft]:
    """One published number: a count, or an amount in cents."""
    factor = cells["unit"]
    exact = cells["value"] * (factor or 1)
    if exact != int(exact):
        raise cells.fault("value", "ROW-16", cells["value"])
    scope = SCOPES.get(word_of(cells["scope"]), cells["scope"])
    figure = Figure(
        programme=cells["programme"],
        scope=scope,
        unit="cents" if factor else "count",
        value=int(exact),
        rounding_unit_cents=cells["rounding"],
        published_on=cells["published_on"],
        publication=cells["publication"],
    )
    key = (figure.programme, figure.scope, figure.published_on.isoformat(), figure.publication)
    yield Draft("figures", key, subject_of("programme", figure.programme), FigurePublished, {"figure": figure})


TEMPLATE: Final = Template(
    "figures",
    Words("Veröffentlichte Zahlen", "Published figures"),
    Words(
        "Zahlen aus Berichten und Pressemitteilungen. Schlüssel: Programm, Bezug, veröffentlicht am, Quelle.",
        "Numbers from reports and press releases. Key: programme, scope, published on, publication.",
    ),
    (
        PROGRAMME,
        Column(
            "Bezug",
            "scope",
            text(80),
            Words(
                "worauf sich die Zahl bezieht: Kommunen, Teilnahmen, Mittelgeber …",
                "what it counts: Kommunen, Teilnahmen, Mittelgeber …",
            ),
            "Kommunen",
            required=True,
        ),
        Column(
            "Wert",
            "value",
            Type("ROW-05", Words("Zahl wie 36 oder 8,4", "number such as 36 or 8,4"), _decimal),
            Words("die Zahl", "the number"),
            "36",
            required=True,
        ),
        Column("Einheit", "unit", _UNITS, Words("Einheit", "unit"), "Anzahl", required=True),
        Column(
            "Rundung",
            "rounding",
            AMOUNT,
            Words("Einheit in Euro, auf die gerundet wurde; leer: genau", "unit in euro it was rounded to; empty: exact"),
            "",
        ),
        Column(
            "veröffentlicht am",
            "published_on",
            DAY,
            Words("Tag der Veröffentlichung", "day of publication"),
            "01.09.2011",
            required=True,
        ),
        Column(
            "Quelle",
            "publication",
            LONG,
            Words("wo sie steht", "where it stands"),
            "Pressemitteilung",
            required=True,
            also=("Veröffentlichung",),
        ),
    ),
    drafts,
    about_programme,
)
