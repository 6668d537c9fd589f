"""Columns that several kinds share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.intake.domain.columns import AGS, DAY, FUNDER_KIND, KEY, NAME, YEAR, YES_NO, Cells, Column
from services.intake.domain.errors import Words
from shared.contracts.intake import Municipality
from shared.values.subject import subject_of

MEASURE: Final = Column(
    "Maßnahme",
    "measure",
    KEY,
    Words("Kennung der Maßnahme, überall dieselbe", "key of the measure, the same everywhere"),
    "M-1",
    required=True,
    given="measure",
    also=("Maßnahmennummer", "Maßnahme-Nr.", "Maßnahmen-Nr.", "Vorhaben", "Vorhabennummer", "Projekt", "Projektnummer"),
    else_=("Vorhaben-Nr.", "Vorhabens-Nr.", "Projekt-Nr.", "Kennung der Maßnahme", "Maßnahmekennung", "Projektkennung"),
)
PROGRAMME: Final = Column(
    "Programm",
    "programme",
    KEY,
    Words("Kennung des Programms", "key of the programme"),
    "JSAR",
    required=True,
    also=("Förderprogramm",),
)
MUNICIPALITY: Final = Column(
    "Kommune",
    "municipality",
    KEY,
    Words("Kennung der Kommune", "key of the municipality"),
    "05916",
    required=True,
    also=("Gemeinde",),
)
MUNICIPALITY_NAME: Final = Column(
    "Name der Kommune",
    "municipality_name",
    NAME,
    Words("Name der Kommune", "name of the municipality"),
    "Modellkommune 02 (Demo)",
    required=True,
)
OFFICIAL_KEY: Final = Column(
    "AGS",
    "ags",
    AGS,
    Words("amtlicher Gemeindeschlüssel", "official municipality key (AGS)"),
    "05916000",
    also=("Gemeindeschlüssel",),
)
START: Final = Column(
    "Beginn", "start", DAY, Words("erster Tag", "first day"), "01.01.2014", required=True, also=("von", "Laufzeit von", "Start")
)
END: Final = Column(
    "Ende", "end", DAY, Words("letzter Tag", "last day"), "31.12.2014", required=True, also=("bis", "Laufzeit bis")
)
DEMO: Final = Column("Demo", "demo", YES_NO, Words("ja: zur Vorführung gemacht", "ja: made for demonstration"), "nein")
KIND: Final = Column(
    "Art",
    "kind",
    FUNDER_KIND,
    Words("Art des Mittelgebers", "kind of funder"),
    "Kommune",
    required=True,
    also=("Art des Mittelgebers", "Mittelherkunft"),
)
BUDGET_YEAR: Final = Column(
    "Haushaltsjahr",
    "budget_year",
    YEAR,
    Words("Haushaltsjahr", "budget year"),
    "2014",
    required=True,
    also=("HHJ", "Jahr", "HH-Jahr"),
)
FUNDER: Final = Column(
    "Mittelgeber", "funder", KEY, Words("Kennung des Mittelgebers", "key of the funder"), "jugendamt", required=True
)
FUNDER_NAME: Final = Column(
    "Name des Mittelgebers", "funder_name", NAME, Words("Name des Mittelgebers", "name of the funder"), "Jugendamt"
)


def about_measure(said: Mapping[str, Any]) -> str | None:
    """Subject of a row that names a measure."""
    return subject_of("measure", said["measure"]) if said.get("measure") else None


def about_programme(said: Mapping[str, Any]) -> str | None:
    """Subject of a row that names a programme."""
    return subject_of("programme", said["programme"]) if said.get("programme") else None


def municipality_of(cells: Cells) -> Municipality:
    """Municipality of the columns key, name and official key."""
    return Municipality(key=cells["municipality"], name=cells["municipality_name"], ags=cells["ags"])
