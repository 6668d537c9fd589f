"""The words renderers add to a document, in the document's language, and how a cell is written out in German."""

from typing import assert_never

from services.reporting.domain.document import Cell, Cents, Chip, Count, Day, Mark, Missing, Reference, RowKind, Share, Text
from shared.values.german import write_cents, write_count, write_day, write_share

# Numbers and dates stay German in English reports: they are read beside German files.
WORDS = {
    "de": {
        "missing": "fehlt",
        "no rows": "keine Einträge",
        "report": "Bericht",
        "page": "Seite {} von {}",
        "made": "erstellt",
        "data hash": "Daten-Hash",
        "verify": "Echtheit prüfen",
        "how to verify": "Die Prüfseite sagt, ob dieser Bericht ausgestellt wurde, ob er noch gilt und welche Fassung die neueste"
        " ist. Ohne Server rechnet „pruefpfad verify DATEI.pdf --offline“ Daten, Siegel und Summen nach. Daten und Tabellen"
        " liegen dieser Datei als JSON und CSV bei.",
        "qr": "QR-Code zur Prüfseite {}",
        "sha": "SHA-256 der Berichtsdaten",
        "basis": "Grundlage",
        "sign": "Datum, elektronische Signatur",
        "at risk": "Betrag im Risiko",
        "not drawn": "Negative Beträge (Erstattungen) sind nicht gezeichnet, in der Summe rechts aber enthalten.",
        "replaced": "Zeichen, die der Schrift fehlen, sind als {0} gedruckt: {1}."
        " Die beigefügten Daten enthalten sie unverändert.",
        "total": "Summe",
        "data file": "Maschinenlesbare Berichtsdaten (Quelle des Hashwerts)",
        "table file": "Tabelle „{}“ als CSV",
        "stacked": "Gestapelte Balken, Beträge in Euro.",
        "continued": "Fortsetzung",
    },
    "en": {
        "missing": "missing",
        "no rows": "no entries",
        "report": "Report",
        "page": "Page {} of {}",
        "made": "made",
        "data hash": "data hash",
        "verify": "Verify this report",
        "how to verify": "The verification page tells whether this report was issued, whether it still stands and which version"
        " is the latest. Without a server, “pruefpfad verify FILE.pdf --offline” recomputes data, seals and sums. Data and"
        " tables are attached to this file as JSON and CSV.",
        "qr": "QR code to the verification page {}",
        "sha": "SHA-256 of the report data",
        "basis": "Basis",
        "sign": "Date, electronic signature",
        "at risk": "amount at risk",
        "not drawn": "Negative amounts (repayments) are not drawn but are part of the totals on the right.",
        "replaced": "Characters the font lacks are printed as {0}: {1}. The attached data holds them unchanged.",
        "total": "Total",
        "data file": "Machine-readable report data (source of the hash)",
        "table file": "Table “{}” as CSV",
        "stacked": "Stacked bars, amounts in euro.",
        "continued": "continued",
    },
}

MARKS = {
    "de": {
        Mark.HOLDS: "ohne Feststellung",
        Mark.BLOCKING: "Feststellung B",
        Mark.FAULT: "Feststellung F",
        Mark.WARNING: "Warnung",
        Mark.HINT: "Hinweis",
        Mark.MISSING: "fehlt",
        Mark.NOT_APPLICABLE: "entfällt",
    },
    "en": {
        Mark.HOLDS: "nothing found",
        Mark.BLOCKING: "Finding B",
        Mark.FAULT: "Finding F",
        Mark.WARNING: "Warning",
        Mark.HINT: "Hint",
        Mark.MISSING: "missing",
        Mark.NOT_APPLICABLE: "not applicable",
    },
}

ROWS = {RowKind.BODY: "Zeile", RowKind.HEADING: "Gruppe", RowKind.SUBTOTAL: "Zwischensumme", RowKind.TOTAL: "Summe"}


def words(language: str) -> dict[str, str]:
    """The words for "de", "de-DE", "en", …; German for a language we do not write."""
    return WORDS.get(language[:2], WORDS["de"])


def marks(language: str) -> dict[Mark, str]:
    """What each mark is called."""
    return MARKS.get(language[:2], MARKS["de"])


def written(cell: Cell, language: str = "de", *, unit: bool = False) -> str:
    """A cell as people read it; `unit` adds the euro sign to amounts."""
    match cell:
        case Text(text):
            return text
        case Cents(cents):
            return write_cents(cents, unit=unit)
        case Day(day):
            return write_day(day)
        case Share(share):
            return write_share(share)
        case Count(count):
            return write_count(count)
        case Reference(reference):
            return reference
        case Chip(_, label):
            return label
        case Missing(what):
            return f"{words(language)['missing']}: {what}"
    assert_never(cell)
