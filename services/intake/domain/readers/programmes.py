"""Programme: funding programmes over several municipalities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import LONG, SHARE, Cells, Column, Template, choice
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import DEMO, END, PROGRAMME, START, about_programme
from services.intake.domain.reading import Draft
from shared.contracts.intake import ProgrammeData, ProgrammeRegistered
from shared.values.subject import subject_of

RULE_SET: Final = Column(
    "Regelwerk",
    "rule_set",
    choice(
        {"2007-2013": "2007-2013", "2014-2020": "2014-2020", "national": "national"},
        also={
            "ohne EU": "national",
            "2007–2013": "2007-2013",
            "2014–2020": "2014-2020",
            "2007-13": "2007-2013",
            "2014-20": "2014-2020",
            "ESF 2007-2013": "2007-2013",
            "ESF 2014-2020": "2014-2020",
        },
    ),
    Words("Regeln, die gelten", "rules that apply"),
    "2014-2020",
    required=True,
    also=("Förderperiode",),
)


def drafts(cells: Cells) -> Iterator[Draft]:
    """A programme is registered."""
    programme = ProgrammeData(
        key=cells["programme"],
        name=cells["name"],
        rule_set=cells["rule_set"],
        period=cells.period("start", "end"),
        minimum_cofunding=cells["minimum_cofunding"],
        demo=bool(cells["demo"]),
    )
    yield Draft(
        "programmes", (programme.key,), subject_of("programme", programme.key), ProgrammeRegistered, {"programme": programme}
    )


TEMPLATE: Final = Template(
    "programmes",
    Words("Programme", "Programmes"),
    Words(
        "Förderprogramme über mehrere Kommunen. Schlüssel: Programm.",
        "Funding programmes over several municipalities. Key: programme.",
    ),
    (
        PROGRAMME,
        Column(
            "Bezeichnung", "name", LONG, Words("Name des Programms", "name of the programme"), "JUGEND STÄRKEN", required=True
        ),
        RULE_SET,
        START,
        END,
        Column(
            "Mindestkofinanzierung",
            "minimum_cofunding",
            SHARE,
            Words("kleinster nationaler Anteil an den Ausgaben", "least national share of expenditure"),
            "20 %",
        ),
        DEMO,
    ),
    drafts,
    about_programme,
)
