"""Teilnahmen: municipalities in a programme."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import AMOUNT, DAY, Cells, Column, Template
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import (
    DEMO,
    MUNICIPALITY,
    MUNICIPALITY_NAME,
    OFFICIAL_KEY,
    PROGRAMME,
    about_programme,
    municipality_of,
)
from services.intake.domain.reading import Draft
from shared.contracts.intake import Participation, ParticipationRecorded
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[Draft]:
    """A municipality takes part; the same again with an end is news, and so is a later beginning: it rejoined."""
    joined, left = cells["joined_on"], cells["left_on"]
    if left is not None and left < joined:
        raise cells.fault("left_on", "ROW-12", f"{joined} … {left}")
    participation = Participation(
        programme=cells["programme"],
        municipality=municipality_of(cells),
        joined_on=joined,
        left_on=left,
        amount_cents=cells["amount"],
        demo=bool(cells["demo"]),
    )
    before = {"participation": participation.model_copy(update={"left_on": None})} if left is not None else None
    yield Draft(
        "participations",
        (participation.programme, participation.municipality.key, joined.isoformat()),
        subject_of("programme", participation.programme),
        ParticipationRecorded,
        {"participation": participation},
        cents=participation.amount_cents or 0,
        grows_from=before,
    )


TEMPLATE: Final = Template(
    "participations",
    Words("Teilnahmen", "Participations"),
    Words(
        "Kommunen, die an einem Programm teilnehmen. Schlüssel: Programm, Kommune, Beginn; wer wieder beitritt, hat zwei Zeilen. "
        "Ein später ergänztes Ende braucht kein „Berichtigt“.",
        "Municipalities that take part in a programme. Key: programme, municipality, beginning; who rejoins has two rows. "
        "An end added later needs no “Berichtigt”.",
    ),
    (
        PROGRAMME,
        MUNICIPALITY,
        MUNICIPALITY_NAME,
        OFFICIAL_KEY,
        Column(
            "Beginn", "joined_on", DAY, Words("erster Tag der Teilnahme", "first day of taking part"), "01.09.2011", required=True
        ),
        Column(
            "Ende",
            "left_on",
            DAY,
            Words("letzter Tag der Teilnahme; leer: nimmt noch teil", "last day; empty: still takes part"),
            "",
        ),
        Column(
            "Betrag",
            "amount",
            AMOUNT,
            Words("Anteil an den Mitteln des Programms", "share of the programme's money"),
            "472.222,22",
        ),
        DEMO,
    ),
    drafts,
    about_programme,
    sums=("amount",),
)
