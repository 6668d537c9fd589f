"""What readers say about a file in German, in English: why rows were passed over, and remarks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from shared.values.phrases import Phrases

MOST_PLACES: Final = 5
"""As many places of passed-over rows are named for one reason."""

PHRASES: Final = Phrases({
    # why a row is passed over
    "Titelzeile über den Spaltenköpfen": "title row above the headings",
    "Spaltenköpfe in anderer Reihenfolge": "headings in another order; they hold from here",
    "wiederholte Spaltenköpfe": "headings repeated",
    "Spaltennummern unter den Spaltenköpfen": "numbers of the columns below the headings",
    "leere Zeile": "empty row",
    "Summenzeile: {}": "total row: {}",
    "Summenzeile ohne Beschriftung: die Summe der Zeilen darüber": "total row without a label: the sum of the rows above",
    "Vermerk, keine Zeile der Liste": "a note, no row of the list",
    "storniert, war aber nie eingereicht": "withdrawn, but was never handed in",
    "älterer Stand als der bekannte ({})": "an older state than the one known ({})",
    "Buchung nicht endgültig ({})": "entry not final ({})",
    "Betrag null: es wurde nichts gezahlt": "an amount of zero: nothing was paid",
    "Vorschau ({}): gebucht wird mit dem Kontoauszug (camt.053)": "preview ({}): the statement (camt.053) books it",
    "steht schon in einem früheren Auszug dieser Datei": "stands in an earlier statement of this file already",
    "{}: wird für Vorlagen gemerkt": "{}: remembered for council papers",
    "{}: enthält keine Beratung": "{}: holds no consultation",
    # remarks
    "Nicht gelesene Spalten: {}.": "Columns not read: {}.",
    "Über den Spaltenköpfen gelesen: {}.": "Read above the headings: {}.",
    "Zeile {}: die Summe {} in Spalte {} weicht von der Summe der Zeilen {} um {} ab.":
        "Row {}: the total {} in column {} differs from the sum of the rows, {}, by {}.",
    "Zeile {}: als Berichtigung gekennzeichnet, aber nichts früheres ist bekannt.":
        "Row {}: marked as a correction, but nothing earlier is known.",
    "Auszug {}: die Prüfziffer der Kontonummer {}… stimmt nicht.":
        "Statement {}: the check digits of account {}… are wrong.",
    "Auszug {}: Buchungen ohne Wertstellung; es gilt das Buchungsdatum.":
        "Statement {}: entries without a value date; the booking date counts.",
    "Auszug {}: Buchungen ohne Buchungsdatum; es gilt die Wertstellung.":
        "Statement {}: entries without a booking date; the value date counts.",
    "Auszug {}, Buchung {}: die {} Einzelposten ergeben nicht den Betrag {}; sie gilt als eine Zahlung.":
        "Statement {}, entry {}: its {} transactions do not add up to {}; it counts as one payment.",
    "Auszug {}, Buchung {}: die Sammelbuchung über {} Posten nennt sie nicht einzeln; sie gilt als eine Zahlung.":
        "Statement {}, entry {}: the batch of {} transactions does not tell them one by one; it counts as one payment.",
    "In der Datei stehen keine Buchungen.": "There are no entries in the file.",
    "Auszug {}: er enthält keine Buchungen.": "Statement {}: there are no entries in it.",
    "Auszug {}: er nennt {} Buchungen, in der Datei stehen {}.": "Statement {}: it speaks of {} entries, the file holds {}.",
    "{} ist eine Vorschau: nichts davon wird gebucht, bis der Kontoauszug (camt.053) da ist.":
        "{} is a preview: none of it is booked until the statement (camt.053) is there.",
    "Auszug {}: der Saldo ist nicht prüfbar, er ist nicht in Euro.":
        "Statement {}: the balance cannot be checked, it is not in euro.",
    "Auszug {}: der Saldo ist nicht prüfbar, weil Buchungen abgewiesen wurden.":
        "Statement {}: the balance cannot be checked, since entries were rejected.",
    "Auszug {}: Anfangssaldo {} und Buchungen {} ergeben {}, der Schlusssaldo ist {}: Differenz {}.":
        "Statement {}: opening balance {} and entries {} make {}, the closing balance is {}: difference {}.",
    "„{}“ ist {}; noch einmal einreichen, was vorher so hieß, und das Geparkte verwerfen: {}.":
        "“{}” is {}; hand in again what was called so before, and dismiss what is parked: {}.",
    "Das ist eine Seite von mehreren; die nächste ist {}.": "This is one page of several; the next is {}.",
    "Aktenzeichen {} steht an zwei Vorlagen; es gilt die spätere von beiden.":
        "Reference {} stands on two papers; the later of them counts.",
    "Vorlage {} hat kein Aktenzeichen (reference); es gilt das Ende ihrer Kennung.":
        "Paper {} has no reference; the end of its id counts.",
    "Vorlage {}: keine ihrer Beratungen nennt Sitzung oder Tagesordnungspunkt; ihre Ergebnisse bleiben unbekannt.":
        "Paper {}: none of its consultations names a meeting or an agenda item; their results stay unknown.",
    "Die Kommune ist nicht genannt; als ihr Schlüssel gilt {}. Mit --municipality angeben, wie sie in den Maßnahmen heißt.":
        "The municipality is not named; {} counts as its key. Say with --municipality what it is called in the measures.",
    "Noch nicht eingereicht: Sitzungen {}; bis dahin zeigen Beratungen weder Tag noch Ergebnis.":
        "Not handed in yet: meetings {}; until then consultations show neither day nor result.",
    "Nicht gelesene Listen: {}.": "Lists not read: {}.",
    "Vorlage {}: das Datum {} ist nicht zu lesen; erwartet ist 2021-10-06.":
        "Paper {}: the date {} cannot be read; expected is 2021-10-06.",
    "Vorlage {}: eine Beratung ist weder Objekt noch Kennung ({}) und wird nicht gelesen.":
        "Paper {}: a consultation is neither an object nor an id ({}) and is not read.",
    "Vorlage {}: die Beratung {} ist noch nicht eingereicht.": "Paper {}: consultation {} was not handed in yet.",
    "Vorlage {}: die Rolle {} einer Beratung ist nicht zu lesen.": "Paper {}: the role {} of a consultation cannot be read.",
    "Vorlage {}: der Sitzungstag {} ist nicht zu lesen; erwartet ist 2021-10-06.":
        "Paper {}: the day {} of a meeting cannot be read; expected is 2021-10-06.",
})


def passed_over(reasons: Iterable[tuple[str, int, list[str]]]) -> list[dict[str, Any]]:
    """Why rows are no facts, for people: reason in both languages, how many rows, and the first of them."""
    return [
        {"reason": reason, "reason_en": PHRASES.english(reason), "rows": rows, "places": places[:MOST_PLACES]}
        for reason, rows, places in reasons
    ]
