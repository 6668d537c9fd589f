"""The catalogue of what can be wrong with a hand-in: cause, what was expected, how to mend it, an example; German and English.

``FILE-…`` concerns a file as a whole: nothing of it is read. Every other code concerns one row: the rest goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Words:
    """One text in both languages."""

    de: str
    en: str

    def then(self, more: Words | None) -> Words:
        """The same with more behind it."""
        return Words(f"{self.de} {more.de}", f"{self.en} {more.en}") if more else self


STATEMENT_FORMAT: Final = Words(
    "Bei der Bank das Format camt.053 wählen (XML).", "Choose the format camt.053 (XML) at the bank."
)


@dataclass(frozen=True)
class Cause:
    """One entry of the catalogue."""

    code: str
    cause: Words
    expected: Words
    """What a row should hold; the column's own words take its place where it has some."""
    mend: Words
    example: str
    """What it looks like when it is right."""


CAUSES: Final = (
    Cause(
        "FILE-01",
        Words("Die Art der Datei ist nicht zu erkennen.", "The kind of file cannot be recognised."),
        Words("eine Art, deren Pflichtspalten alle da sind", "a kind whose required columns are all there"),
        Words(
            "Spaltenköpfe mit der Vorlage vergleichen, oder die Art beim Hochladen angeben.",
            "Compare the headings with the template, or name the kind when handing in.",
        ),
        "--kind vouchers",
    ),
    Cause(
        "FILE-02",
        Words("Die Datei passt zu mehreren Arten.", "The file fits several kinds."),
        Words("eine eindeutige Art", "one kind"),
        Words("Die Art beim Hochladen angeben.", "Name the kind when handing in."),
        "--kind commitments",
    ),
    Cause(
        "FILE-03",
        Words("Es fehlen Pflichtspalten.", "Required columns are missing."),
        Words("alle Pflichtspalten der Vorlage", "all required columns of the template"),
        Words("Die genannten Spalten ergänzen; ihre Reihenfolge ist frei.", "Add the columns named; their order is free."),
        "Belegnummer;Position;Brutto;…",
    ),
    Cause(
        "FILE-04",
        Words("Eine Spalte kommt zweimal vor.", "A column occurs twice."),
        Words("jeder Spaltenkopf einmal", "each heading once"),
        Words("Eine der beiden Spalten umbenennen oder entfernen.", "Rename or remove one of the two."),
        "Brutto;Skonto",
    ),
    Cause(
        "FILE-05",
        Words("Die Datei ist leer.", "The file is empty."),
        Words("eine Datei mit Spaltenköpfen und Zeilen", "a file with headings and rows"),
        Words(
            "Die richtige Datei wählen; hat das Fachverfahren beim Export abgebrochen?",
            "Choose the right file; did the export break off?",
        ),
        "Belegnummer;Brutto",
    ),
    Cause(
        "FILE-06",
        Words("Die Datei ist keine Textdatei, die gelesen werden kann.", "The file is no text file that can be read."),
        Words(
            "CSV, camt-XML oder OParl-JSON als UTF-8, UTF-16 oder Windows-1252",
            "CSV, camt XML or OParl JSON as UTF-8, UTF-16 or Windows-1252",
        ),
        Words(
            "In der Tabellenkalkulation als „CSV UTF-8“ speichern; PDF und Bilder lassen sich nicht einlesen.",
            "Save it as “CSV UTF-8” in the spreadsheet program; PDF and pictures cannot be read.",
        ),
        "belegliste.csv",
    ),
    Cause(
        "FILE-07",
        Words("Das XML ist fehlerhaft.", "The XML is not well-formed."),
        Words("ein vollständiges XML-Dokument ohne DTD", "a complete XML document without a DTD"),
        Words(
            "Den Kontoauszug bei der Bank erneut abrufen und unverändert einreichen.",
            "Download the statement from the bank again and hand it in unchanged.",
        ),
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">…',
    ),
    Cause(
        "FILE-08",
        Words("Das JSON ist fehlerhaft.", "The JSON is not valid."),
        Words("ein JSON-Objekt oder eine Liste von Objekten", "a JSON object or a list of objects"),
        Words(
            "Die Antwort der OParl-Schnittstelle unverändert speichern und einreichen.",
            "Save the answer of the OParl interface unchanged and hand it in.",
        ),
        '{"type": "https://schema.oparl.org/1.1/Paper", …}',
    ),
    Cause(
        "FILE-09",
        Words("Dieses XML oder JSON ist von keiner bekannten Art.", "This XML or JSON is of no known kind."),
        Words("camt.052, camt.053 oder camt.054; OParl 1.0 oder 1.1", "camt.052, camt.053 or camt.054; OParl 1.0 or 1.1"),
        Words(
            "Bei der Bank das Format camt.053 wählen; aus dem Ratsinformationssystem die OParl-Objekte nehmen.",
            "Choose the format camt.053 at the bank; take OParl objects from the council system.",
        ),
        "camt.053.001.08",
    ),
    Cause(
        "FILE-10",
        Words("Diese Art von Datei gibt es nicht.", "There is no such kind of file."),
        Words("eine der bekannten Arten", "one of the known kinds"),
        Words(
            "Eine der genannten Arten angeben, oder keine: dann wird sie erkannt.",
            "Name one of the kinds, or none: then it is recognised.",
        ),
        "--kind vouchers",
    ),
    Cause(
        "FILE-11",
        Words("Die Datei ist zu groß.", "The file is too large."),
        Words("eine Datei bis zur eingestellten Größe", "a file up to the size set"),
        Words("Die Liste teilen, etwa nach Jahren.", "Split the list, for example by year."),
        "PRUEFPFAD_UPLOAD_BYTES",
    ),
    Cause(
        "ROW-01",
        Words("Eine Pflichtangabe fehlt.", "A required value is missing."),
        Words("eine Angabe", "a value"),
        Words("Die Zelle ausfüllen.", "Fill in the cell."),
        "12",
    ),
    Cause(
        "ROW-02",
        Words("Der Betrag ist nicht eindeutig zu lesen.", "The amount cannot be read in one way only."),
        Words("ein Betrag in Euro wie 1.234,56", "an amount in euro such as 1.234,56"),
        Words(
            "Mit Komma vor den Cent und höchstens zwei Nachkommastellen schreiben.",
            "Write a comma before the cents and at most two decimals.",
        ),
        "1.234,56",
    ),
    Cause(
        "ROW-03",
        Words("Das Datum ist nicht zu lesen.", "The date cannot be read."),
        Words("ein Datum wie 31.12.2026", "a date such as 31.12.2026"),
        Words("Tag, Monat und Jahr mit vier Ziffern schreiben.", "Write day, month and a year of four digits."),
        "31.12.2026",
    ),
    Cause(
        "ROW-04",
        Words("Der Anteil ist nicht zu lesen.", "The share cannot be read."),
        Words("ein Anteil wie 60 % oder 0,6", "a share such as 60 % or 0,6"),
        Words(
            "Als Prozentwert mit Prozentzeichen oder als Zahl zwischen 0 und 1 schreiben.",
            "Write a percentage with its sign or a number between 0 and 1.",
        ),
        "60 %",
    ),
    Cause(
        "ROW-05",
        Words("Die Zahl ist nicht zu lesen.", "The number cannot be read."),
        Words("eine ganze Zahl ab 0", "a whole number from 0"),
        Words("Nur Ziffern schreiben, Tausenderpunkte sind erlaubt.", "Write digits only, dots between thousands are allowed."),
        "1.250",
    ),
    Cause(
        "ROW-06",
        Words("Das Jahr ist nicht zu lesen.", "The year cannot be read."),
        Words("ein Jahr zwischen 1990 und 2100", "a year between 1990 and 2100"),
        Words("Das Jahr mit vier Ziffern schreiben.", "Write the year with four digits."),
        "2014",
    ),
    Cause(
        "ROW-07",
        Words("Diese Angabe ist nicht bekannt.", "This word is not known."),
        Words("eine der bekannten Angaben", "one of the known words"),
        Words("Eine der genannten Angaben wählen.", "Choose one of the words named."),
        "beschlossen",
    ),
    Cause(
        "ROW-08",
        Words("Ja oder nein?", "Yes or no?"),
        Words("ja oder nein", "ja (yes) or nein (no)"),
        Words(
            "„ja“ oder „nein“ schreiben, oder die Zelle leer lassen, wo es nicht bekannt ist.",
            "Write “ja” or “nein”, or leave the cell empty where it is not known.",
        ),
        "ja",
    ),
    Cause(
        "ROW-09",
        Words("Die IBAN ist falsch.", "The IBAN is wrong."),
        Words("eine IBAN mit richtiger Prüfziffer", "an IBAN with the right check digits"),
        Words(
            "Die IBAN von der Rechnung oder vom Kontoauszug neu übernehmen.",
            "Copy the IBAN again from the invoice or the statement.",
        ),
        "DE02 1203 0000 0000 2020 51",
    ),
    Cause(
        "ROW-10",
        Words("Der Text ist zu lang.", "The text is too long."),
        Words("ein kürzerer Text", "a shorter text"),
        Words(
            "Den Text kürzen; Erläuterungen gehören in den Verwendungszweck.", "Shorten it; explanations belong into the purpose."
        ),
        "Sachkosten",
    ),
    Cause(
        "ROW-11",
        Words("Die Zeile hat mehr Zellen als Spaltenköpfe.", "The row has more cells than there are headings."),
        Words("höchstens so viele Zellen wie Spaltenköpfe", "at most as many cells as headings"),
        Words(
            "Texte, die das Trennzeichen enthalten, in Anführungszeichen setzen.",
            "Put texts that contain the delimiter into quotation marks.",
        ),
        '"Miete; März"',
    ),
    Cause(
        "ROW-12",
        Words("Das Ende liegt vor dem Beginn.", "The end lies before the beginning."),
        Words("ein Ende am oder nach dem Beginn", "an end on or after the beginning"),
        Words("Beginn und Ende prüfen; sind sie vertauscht?", "Check both dates; are they swapped?"),
        "01.01.2014;31.12.2014",
    ),
    Cause(
        "ROW-13",
        Words("Die Anführungszeichen passen nicht zusammen.", "The quotation marks do not match."),
        Words("Anführungszeichen paarweise, um die ganze Zelle", "quotation marks in pairs, around the whole cell"),
        Words(
            "Das fehlende Anführungszeichen ergänzen; eines im Text verdoppeln.",
            "Add the missing mark; double one that belongs to the text.",
        ),
        '"Projekt ""Brücke"""',
    ),
    Cause(
        "ROW-14",
        Words("Unter diesem Schlüssel ist schon etwas anderes eingereicht.", "Something else was handed in under this key."),
        Words(
            "dieselbe Angabe wie zuvor, oder „ja“ in der Spalte Berichtigt",
            "what was said before, or “ja” in the column Berichtigt",
        ),
        Words(
            "Ist es eine Berichtigung, in der Spalte Berichtigt „ja“ eintragen; sonst eine andere Nummer vergeben.",
            "If it is a correction, write “ja” into the column Berichtigt; if it is another thing, give it another number.",
        ),
        "Berichtigt: ja",
    ),
    Cause(
        "ROW-15",
        Words("Die Zeile, die berichtigt werden soll, ist nicht bekannt.", "The row to be corrected is not known."),
        Words(
            "eine Belegnummer derselben Liste, die schon eingereicht ist", "a voucher number of the same list that was handed in"
        ),
        Words(
            "Die Belegnummer prüfen, oder zuerst die ursprüngliche Zeile einreichen.",
            "Check the number, or hand in the original row first.",
        ),
        "Berichtigt: 12",
    ),
    Cause(
        "ROW-16",
        Words("Der Wert liegt außerhalb dessen, was möglich ist.", "The value lies outside of what is possible."),
        Words("ein möglicher Wert", "a possible value"),
        Words("Den Wert prüfen.", "Check the value."),
        "100,00",
    ),
    Cause(
        "ROW-17",
        Words("Der Monat ist nicht zu lesen.", "The month cannot be read."),
        Words("ein Monat wie 10/2019", "a month such as 10/2019"),
        Words("Monat und Jahr mit vier Ziffern schreiben.", "Write the month and a year of four digits."),
        "10/2019",
    ),
    Cause(
        "ROW-18",
        Words(
            "Zahlen mit Nachkommastellen sind als JSON-Zahl nicht genau.", "Numbers with decimals are not exact as JSON numbers."
        ),
        Words("ein Text, eine ganze Zahl, true, false oder null", "a string, a whole number, true, false or null"),
        Words("Den Wert als Text in Anführungszeichen senden.", "Send the value as a string."),
        '"1234.56"',
    ),
    Cause(
        "ROW-19",
        Words("Der amtliche Gemeindeschlüssel ist falsch.", "The official municipality key is wrong."),
        Words("5 oder 8 Ziffern", "5 or 8 digits"),
        Words("Führende Nullen nicht weglassen; die Spalte als Text speichern.", "Keep leading zeros; save the column as text."),
        "03157",
    ),
    Cause(
        "ROW-20",
        Words("Von mehreren möglichen Angaben fehlt jede.", "Of several possible values none is there."),
        Words("eine der genannten Spalten ausgefüllt", "one of the columns named filled in"),
        Words("Eine der genannten Spalten ausfüllen.", "Fill in one of the columns named."),
        "Leistungsdatum",
    ),
    Cause(
        "ROW-21",
        Words("Derselbe Mittelgeber ist schon mit anderer Art eingereicht.", "The same funder was handed in as another kind."),
        Words("je Kennung eines Mittelgebers eine Art", "one kind for each key of a funder"),
        Words(
            "Die Art richtigstellen, oder dem anderen Mittelgeber eine eigene Kennung geben; war die frühere falsch, „ja“ in die"
            " Spalte Berichtigt schreiben.",
            "Mend the kind, or give the other funder a key of its own; if the earlier one was wrong, write “ja” into the column"
            " Berichtigt.",
        ),
        "jugendamt;Kommune",
    ),
    Cause(
        "SUB-01",
        Words("Die Einreichung ist nicht zu lesen.", "The submission cannot be read."),
        Words(
            "ein CloudEvent 1.0 vom Typ de.pruefpfad.submission.rows.v1",
            "a CloudEvent 1.0 of type de.pruefpfad.submission.rows.v1",
        ),
        Words(
            "Den Aufbau mit der AsyncAPI-Beschreibung vergleichen und unter neuer Kennung senden.",
            "Compare it with the AsyncAPI document and send it under a new id.",
        ),
        '{"specversion": "1.0", "id": "17", "source": "urn:kasse", …}',
    ),
    Cause(
        "SUB-02",
        Words("Unter dieser Kennung ist schon etwas anderes eingereicht.", "Something else was submitted under this id."),
        Words("eine neue Kennung für neuen Inhalt", "a new id for new content"),
        Words("Den neuen Inhalt unter einer neuen „id“ senden.", "Send the new content under a new “id”."),
        '"id": "belege-2014-03-v2"',
    ),
    Cause(
        "BANK-01",
        Words("Das Konto des Auszugs hat keine IBAN.", "The account of the statement has no IBAN."),
        Words("eine IBAN des Kontos", "an IBAN of the account"),
        Words("Bei der Bank den Auszug mit IBAN abrufen.", "Download the statement with an IBAN from the bank."),
        "DE02120300000000202051",
    ),
    Cause(
        "BANK-02",
        Words("Die Buchung ist nicht in Euro.", "The entry is not in euro."),
        Words("eine Buchung in EUR", "an entry in EUR"),
        Words(
            "Den Gegenwert in Euro von der Bank belegen lassen; andere Währungen werden nicht gebucht.",
            "Have the bank state the value in euro; other currencies are not posted.",
        ),
        '<Amt Ccy="EUR">12.50</Amt>',
    ),
    Cause(
        "BANK-03",
        Words("Der Betrag der Buchung ist nicht zu lesen.", "The amount of the entry cannot be read."),
        Words("ein Betrag mit höchstens zwei Nachkommastellen und Punkt", "an amount with a dot and at most two decimals"),
        Words(
            "Den Kontoauszug bei der Bank erneut abrufen und unverändert einreichen.",
            "Download the statement from the bank again and hand it in unchanged.",
        ),
        "12.50",
    ),
    Cause(
        "BANK-04",
        Words("Die Buchung hat kein Datum.", "The entry has no date."),
        Words("ein Buchungs- oder Wertstellungsdatum", "a booking or value date"),
        Words(
            "Bei der Bank einen Auszug abrufen, der Buchungstage nennt; ohne Tag wird nichts gebucht.",
            "Download a statement from the bank that tells days of booking; without a day nothing is booked.",
        ),
        "<BookgDt><Dt>2014-12-31</Dt></BookgDt>",
    ),
    Cause(
        "BANK-05",
        Words("Soll oder Haben fehlt.", "Debit or credit is not said."),
        Words("CRDT oder DBIT", "CRDT or DBIT"),
        Words(
            "Den Kontoauszug bei der Bank erneut abrufen und unverändert einreichen.",
            "Download the statement from the bank again and hand it in unchanged.",
        ),
        "<CdtDbtInd>DBIT</CdtDbtInd>",
    ),
    Cause(
        "BANK-06",
        Words(
            "Die Datei bricht an dieser Stelle ab; was davor steht, ist gelesen.",
            "The file breaks off here; what stands before is read.",
        ),
        Words("ein vollständiges XML-Dokument", "a complete XML document"),
        Words(
            "Den Kontoauszug bei der Bank erneut abrufen und vollständig einreichen.",
            "Download the statement from the bank again and hand in all of it.",
        ),
        "</Document>",
    ),
    Cause(
        "PAP-01",
        Words("Das Objekt hat keine Kennung.", "The object has no id."),
        Words("eine Vorlage mit „id“ oder „reference“", "a paper with “id” or “reference”"),
        Words(
            "Das Objekt unverändert aus der OParl-Schnittstelle übernehmen.",
            "Take the object unchanged from the OParl interface.",
        ),
        '"reference": "2021/941"',
    ),
    Cause(
        "PAP-02",
        Words("Das Objekt ist nicht zu lesen.", "The object cannot be read."),
        Words("ein OParl-Objekt", "an OParl object"),
        Words(
            "Das Objekt unverändert aus der OParl-Schnittstelle übernehmen.",
            "Take the object unchanged from the OParl interface.",
        ),
        '{"type": "https://schema.oparl.org/1.1/Paper", …}',
    ),
)

CATALOGUE: Final = {cause.code: cause for cause in CAUSES}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where. ``value`` stays in intake: it goes to the submitter and into the erasable store, into no event."""

    code: str
    column: str | None = None
    value: str | None = None
    expected: str | Words | None = None
    """What this column expects, where that says more than the catalogue; a text alone is the same in both languages."""
    hint: Words | None = None
    """What this very row needs, put before the catalogue's words."""

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"{self.code} is not in the catalogue of row errors")

    @property
    def cause(self) -> Cause:
        """The catalogue's entry."""
        return CATALOGUE[self.code]

    @property
    def expected_text(self) -> str:
        """What was expected, in German."""
        said = self.expected or self.cause.expected
        return said.de if isinstance(said, Words) else said

    @property
    def expected_en(self) -> str:
        """What was expected, in English."""
        said = self.expected or self.cause.expected
        return said.en if isinstance(said, Words) else said

    @property
    def mend_text(self) -> str:
        """How to mend it, in German."""
        return self._mend.de

    @property
    def mend_en(self) -> str:
        """How to mend it, in English."""
        return self._mend.en

    @property
    def _mend(self) -> Words:
        return self.hint.then(self.cause.mend) if self.hint else self.cause.mend

    def sentence(self, file: str, place: str | None = None) -> Words:
        """One line for a person: file, row, column, value, what was expected, how to mend it."""
        shown = f"{self.value[:80]!r}" if self.value else None
        where_de = ", ".join(filter(None, (file, place and f"Zeile {place}", self.column and f"Spalte {self.column}")))
        where_en = ", ".join(filter(None, (file, place and f"row {place}", self.column and f"column {self.column}")))
        return Words(
            f"{where_de}: {self.code} {self.cause.cause.de}{f' (gelesen: {shown})' if shown else ''}"
            f" Erwartet: {self.expected_text}. {self.mend_text}",
            f"{where_en}: {self.code} {self.cause.cause.en}{f' (read: {shown})' if shown else ''}"
            f" Expected: {self.expected_en}. {self.mend_en}",
        )

    def as_dict(self) -> dict[str, Any]:
        """For people and programs, in both languages."""
        return {
            "error": self.code,
            "column": self.column,
            "value": self.value,
            "cause": self.cause.cause.de,
            "cause_en": self.cause.cause.en,
            "expected": self.expected_text,
            "expected_en": self.expected_en,
            "mend": self.mend_text,
            "mend_en": self.mend_en,
        }


class Unreadable(ValueError):
    """Nothing of the file can be read; ``fault`` says why and how to mend it."""

    def __init__(self, fault: Fault, file: str = "") -> None:
        self.fault = fault
        self.file = file
        super().__init__(fault.sentence(file).de)


class RowFault(ValueError):
    """One row cannot be read."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.code for fault in faults))
