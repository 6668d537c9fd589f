"""Columns of the hand-ins, as their templates name them; each programme uses those it has values for."""

from __future__ import annotations

from typing import Final

PROGRAMMES: Final = ("Programm", "Bezeichnung", "Regelwerk", "Beginn", "Ende", "Mindestkofinanzierung", "Demo")
MEASURES: Final = (
    "Maßnahme", "Bezeichnung", "Programm", "Kommune", "Name der Kommune", "AGS", "Träger", "Leistung", "Zielgruppe", "Beginn",
    "Ende", "Regelwerk", "Konten", "Förderkennzeichen", "Aktenzeichen", "Demo", "Berichtigt",
)  # fmt: skip
PLANS: Final = ("Maßnahme", "Position", "Bezeichnung", "Haushaltsjahr", "Betrag", "Bausteine", "Quartiere", "Berichtigt")
COMMITMENTS: Final = (
    "Maßnahme", "Zusage", "Fassung", "Mittelgeber", "Name des Mittelgebers", "Art", "Haushaltsjahr", "Betrag", "Status", "Datum",
    "gültig bis", "Vorlage", "Rechtsform",
)  # fmt: skip
RECEIPTS: Final = (
    "Maßnahme", "Eingang", "Mittelgeber", "Name des Mittelgebers", "Art", "Betrag", "Datum", "Bewilligungsjahr", "Aktenzeichen",
    "Zahlungsreferenz",
)  # fmt: skip
DECISIONS: Final = (
    "Kommune", "Vorlage", "Mittelgeber", "Name des Mittelgebers", "Art", "Haushaltsjahr", "Betrag", "im Budget", "Bewilligung",
    "Bewilligung vom", "Produkt", "Berichtigt",
)  # fmt: skip
PARTICIPATIONS: Final = ("Programm", "Kommune", "Name der Kommune", "AGS", "Beginn", "Ende", "Betrag", "Demo")
FIGURES: Final = ("Programm", "Bezug", "Wert", "Einheit", "Rundung", "veröffentlicht am", "Quelle")
SIZE_BANDS: Final = ("Programm", "Einwohner von", "Einwohner bis", "Höchstbetrag")
POPULATION: Final = ("Programm", "Kommune", "Stichtag", "Einwohner")
STAFF: Final = ("Maßnahme", "Person", "Monat", "Anteil", "Personalkosten", "Berichtigt")
REPORTS: Final = ("Programm", "Bericht", "Zeitraum von", "Zeitraum bis", "Stichtag", "unterzeichnet am")


def awards(*years: int) -> tuple[str, ...]:
    """Columns of awards with a yearly maximum for each of the years."""
    return (
        "Maßnahme", "Aktenzeichen", "Fassung", "Zuwendungsgeber", "Name des Zuwendungsgebers", "Art", "Bescheid vom",
        "Beginn", "Ende", "Finanzierungsart", "Fördersatz", "Bemessung", "Höchstbetrag",
        *(f"Betrag {year}" for year in years), "Berichtigt",
    )  # fmt: skip
