"""Einwohner: inhabitants of municipalities on a reference day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import DAY, NUMBER, Cells, Column, Template
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import MUNICIPALITY, PROGRAMME, about_programme
from services.intake.domain.reading import Draft
from shared.contracts.intake import Population, PopulationRecorded
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[Draft]:
    """How many people lived there that day."""
    population = Population(
        programme=cells["programme"],
        municipality=cells["municipality"],
        counted_on=cells["counted_on"],
        inhabitants=cells["inhabitants"],
    )
    key = (population.programme, population.municipality, population.counted_on.isoformat())
    yield Draft("population", key, subject_of("programme", population.programme), PopulationRecorded, {"population": population})


TEMPLATE: Final = Template(
    "population",
    Words("Einwohner", "Population"),
    Words(
        "Einwohnerzahlen zu einem Stichtag. Schlüssel: Programm, Kommune, Stichtag.",
        "Inhabitants on a reference day. Key: programme, municipality, day.",
    ),
    (
        PROGRAMME,
        MUNICIPALITY,
        Column("Stichtag", "counted_on", DAY, Words("Tag der Zählung", "day of the count"), "31.12.2010", required=True),
        Column(
            "Einwohner",
            "inhabitants",
            NUMBER,
            Words("Zahl der Einwohner", "number of inhabitants"),
            "48.250",
            required=True,
            also=("Einwohnerzahl",),
        ),
    ),
    drafts,
    about_programme,
)
