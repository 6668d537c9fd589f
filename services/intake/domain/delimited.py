"""CSV as people have it: delimiters, title rows, quoted line breaks, total rows; read by a template's columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, pairwise, zip_longest
from typing import Final

from services.intake.domain.columns import CORRECTS, Cells, Column, Template, drafts_of, read_cells, word_of
from services.intake.domain.errors import STATEMENT_FORMAT, Fault, Unreadable, Words
from services.intake.domain.pseudonyms import folded
from services.intake.domain.reading import Given, Reading, Row, series_of
from services.intake.domain.text import Text, misread
from shared.values.german import write_cents

DELIMITERS: Final = (";", ",", "\t", "|")
TITLE_ROWS: Final = 40
"""So many rows may stand above the headings."""
LONGEST_RECORD: Final = 200
"""Lines a quoted cell may span; more, and a quotation mark was forgotten."""

_TOTAL: Final = re.compile(
    r"(?:zu uebertragende |davon )?(?:gesamt|end|zwischen|seiten|teil)?"
    r"(?:summen?|summenzeile|total|uebertrag|saldo|insgesamt|gesamt|gesamtausgaben|gesamtkosten|betrag gesamt|σ)"
    r"(?:betrag)?(?: .*)?"
    r"|davon .*"
)
"""Labels of total rows, as they are compared."""
_WHOLE: Final = re.compile(
    r"(?:gesamt|end)?(?:summen?|total|insgesamt|gesamt|gesamtausgaben|gesamtkosten|betrag gesamt|σ)(?:betrag)?"
    r"(?: (?:aller|der|ausgaben|belege|kosten|gesamt|brutto|betraege|in|eur|euro|€))*"
)
"""Those of them whose amounts are the sum of all rows."""
_NOTE: Final = re.compile(
    r"\s*(?:_{3,}|\.{5,}|\*|ort\b|datum\b|unterschrift|stempel|sachlich|rechnerisch|erstellt|stand\b|seite \d|hinweis"
    r"|anmerkung|erlaeuterung|legende|quelle\b|bestaetig|hiermit|die richtigkeit|gedruckt|ausdruck|druckdatum|ende der)"
    r"|.{0,60}, den \d|.*\bunterschrift\b"
)
"""How lines begin that people and programs put below a list."""

csv.field_size_limit(4_000_000)


@dataclass(frozen=True)
class Heading:
    """The row of headings, and what its columns mean."""

    template: Template
    line: int
    cells: tuple[str, ...]
    columns: Mapping[int, Column]
    years: Mapping[int, int]
    """Position → year of a yearly column."""
    delimiter: str
    duplicate: str | None = None
    above: Mapping[str, str] = field(default_factory=dict)
    """What the title rows say of the whole list, by field of ``Given``: its measure, its name."""

    @property
    def missing(self) -> tuple[Column, ...]:
        """Required columns that are not there, those included that could be said at hand-in."""
        there = {column.name for column in self.columns.values()}
        return tuple(column for column in self.template.required if column.name not in there)

    def lacks(self, given: Given) -> tuple[Column, ...]:
        """Required columns that are neither there nor said above them or at hand-in."""
        return tuple(
            column
            for column in self.missing
            if not (column.given and (getattr(given, column.given) or column.given in self.above))
        )

    @cached_property
    def must(self) -> tuple[int, ...]:
        """Positions of what every row must say by itself."""
        return tuple(at for at, column in self.columns.items() if column.required and not column.given)

    def says_little(self, cells: Sequence[str]) -> bool:
        """Is most of what a row must say empty?"""
        said = [cells[at] for at in self.must if at < len(cells)]
        return (said.count("") + len(self.must) - len(said)) * 2 >= len(self.must)

    @cached_property
    def sums(self) -> Mapping[int, Column]:
        """Amount columns that are added up."""
        return {at: column for at, column in self.columns.items() if column.name in self.template.sums}

    def is_row(self, line: str) -> bool:
        """Does a line alone have all the cells, or a readable one in each required column?"""
        cells = line.rstrip("\r\n").split(self.delimiter)
        if len(cells) >= len(self.cells):
            return True
        required = [(at, column) for at, column in self.columns.items() if column.required]
        return bool(required) and all(at < len(cells) and _reads(column, cells[at]) for at, column in required)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Headings that mean nothing to this kind."""
        return tuple(
            cell.strip() for at, cell in enumerate(self.cells) if cell.strip() and at not in self.columns and at not in self.years
        )


class _Lines:
    """Lines for a CSV reader that may be set back; a record gets no more than ``LONGEST_RECORD`` of them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._coming = iter(lines)
        self.held: Final[list[str]] = []
        """Lines of the record at hand, and behind them what was read ahead."""
        self.at = 0
        """Lines before the record at hand."""
        self.used = 0
        """Lines of the record at hand."""

    def begin(self) -> str | None:
        """First line of the next record."""
        del self.held[: self.used]
        self.at, self.used = self.at + self.used, 0
        return next(self, None)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.used == len(self.held):
            if self.used == LONGEST_RECORD:
                raise StopIteration
            self.held.append(next(self._coming))
        self.used += 1
        return self.held[self.used - 1]


def records(text: Iterable[str], delimiter: str, heading: Heading | None = None) -> Iterator[tuple[int, list[str] | str]]:
    """Rows with the line they start on; a line as it stands where its quotation marks do not match: only it is given up.

    Two stray marks may pair up and hide the rows between them. So a mark that closes must end its cell, and below the
    ``heading`` no cell may hold a line that is a row by itself.
    """
    lines = _Lines(text)
    while (line := lines.begin()) is not None:
        number = lines.at + 1
        if '"' not in line:  # by far the most
            bare_line = line.rstrip("\r\n")
            yield number, bare_line.split(delimiter) if bare_line else []
            continue
        lines.used = 0
        try:
            cells = next(csv.reader(lines, delimiter=delimiter, strict=True))
            sound = lines.used == 1 or heading is None or not _hides(heading, lines.at, lines.held[: lines.used])
        except csv.Error:
            sound = False
        if sound:
            yield number, cells
        else:
            lines.used = 1
            yield number, line.rstrip("\r\n")


def _hides(heading: Heading, first: int, lines: Sequence[str]) -> bool:
    """Does a record of several lines hold one that is a row by itself?"""
    if first < heading.line:
        return False
    if any(heading.is_row(line) for line in lines[1:-1]):
        return True
    # behind a first cell of several lines the last line has all the other cells: that alone says nothing
    return heading.is_row(lines[-1]) and (not lines[0].lstrip().startswith('"') or heading.is_row(lines[0]))


def heading_of(start: str, templates: Sequence[Template], given: Given) -> Heading:
    """Find delimiter, row of headings and kind. Raises ``Unreadable`` with the candidates, or with what is missing."""
    found: list[Heading] = []
    body, skipped = _without_separator_line(start)
    for delimiter in _delimiters(start):
        above: list[list[str]] = []
        for line, cells in _first(body, delimiter):
            for template in templates:
                heading = _match(template, line + skipped, cells, delimiter)
                if heading is not None:
                    found.append(replace(heading, above=_said_above(template, above)))
            above.append(cells)
    if not found:
        raise Unreadable(Fault("FILE-01", value=_first_line(start), hint=_unknown_kind(start, templates)), given.name)
    complete = [heading for heading in found if not heading.lacks(given)]
    if not complete:
        raise Unreadable(_incomplete(found, start, given), given.name)
    best_score = max(map(_score, complete))
    best_found = [heading for heading in complete if _score(heading) == best_score]
    kinds = sorted({heading.template.kind for heading in best_found})
    if len(kinds) > 1:
        listed = ", ".join(kinds)
        hint = Words(f"In Frage kommen: {listed}.", f"It may be: {listed}.")
        raise Unreadable(Fault("FILE-02", value=_first_line(start), hint=hint), given.name)
    heading = min(best_found, key=lambda heading: heading.line)
    if heading.duplicate:
        raise Unreadable(Fault("FILE-04", heading.duplicate, heading.duplicate), given.name)
    return heading


def is_mt940(start: str) -> bool:
    """Does it begin like a bank statement of SWIFT's older kind?"""
    return re.match(r"\s*(?::\d\d[A-Z]?:|\{1:F\d\d)", start) is not None


def _unknown_kind(start: str, templates: Sequence[Template]) -> Words:
    """What is known of a file none of whose rows are headings."""
    first = _first_line(start)
    if is_mt940(first):
        return Words("Das ist ein Kontoauszug in MT940.", "This is a bank statement in MT940.").then(STATEMENT_FORMAT)
    if first.startswith(('"EXTF"', "EXTF;")):
        return Words("Das ist ein DATEV-Buchungsstapel.", "This is a DATEV batch of bookings.")
    listed = ", ".join(template.kind for template in templates)
    return Words(f"Bekannte Arten: {listed}.", f"Known kinds: {listed}.").then(_misread_hint(first))


def _incomplete(found: Sequence[Heading], start: str, given: Given) -> Fault:
    """What is missing in the row that comes nearest to headings."""
    best = max(found, key=lambda heading: (len(heading.columns) - len(heading.lacks(given)), -heading.line))
    missing = best.lacks(given)
    names, title = ", ".join(column.heading for column in missing), best.template.title
    hint = Words(
        f"Als „{title.de}“ gelesen (Zeile {best.line}), es fehlen: {names}.",
        f"Read as “{title.en}” (row {best.line}), missing: {names}.",
    )
    if options := ", ".join(f"{column.heading} (--{column.given})" for column in missing if column.given):
        hint = hint.then(Words(f"Beim Hochladen angeben lassen sich: {options}.", f"May be said at hand-in: {options}."))
    return Fault("FILE-03", names, _first_line(start), names, hint.then(_misread_hint(", ".join(best.cells))))


def _misread_hint(headings: str) -> Words | None:
    """Words on the likely cause where umlauts of the headings were misread."""
    if name := misread(headings):
        return Words(
            f"Die Umlaute der Spaltenköpfe sind verstümmelt: die Datei ist wohl als {name} gespeichert.",
            f"The umlauts of the headings are garbled: the file was likely saved as {name}.",
        )
    return None


def _said_above(template: Template, rows: Iterable[Sequence[str]]) -> dict[str, str]:
    """What title rows say of a whole list, as ``Maßnahme: M-1`` in one cell or two. Only what looks like a key: a title that
    says „Projekt: Brücken bauen“ names the measure, but not by its key."""
    by_word, said = words_of(template), dict[str, str]()
    for cells in rows:
        filled = [cell for cell in map(bare, cells) if cell]
        for label, value in (*pairwise(filled), *(map(str.strip, cell.split(":", 1)) for cell in filled if ":" in cell)):
            column = by_word.get(word_of(label))
            if column is not None and column.given and re.fullmatch(r"(?=.*\d)\S{1,60}", value):
                said.setdefault(column.given, value)
    return said


def _score(heading: Heading) -> tuple[int, int]:
    known = len(heading.columns) + len(heading.years)
    return (-len(heading.unknown), known)


def _reads(column: Column, cell: str) -> bool:
    said = bare(cell).strip('"')
    try:
        column.type.read(said)
    except ValueError:
        return False
    return bool(said)


def _first(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    count = 0
    for line, cells in records(io.StringIO(text, newline=""), delimiter):
        if isinstance(cells, list) and any(cell.strip() for cell in cells):
            yield line, cells
            count += 1
            if count >= TITLE_ROWS:
                return


def _delimiters(text: str) -> Sequence[str]:
    said = re.match(r"\ufeff?\s*\"?sep=(.)\"?[ \t]*\r?\n", text, re.IGNORECASE)
    return (said[1],) if said else DELIMITERS


def _without_separator_line(text: str) -> tuple[str, int]:
    """Text without Excel's ``sep=;`` line, and how many lines that were."""
    if said := re.match(r"\ufeff?\s*\"?sep=(.)\"?[ \t]*\r?\n", text, re.IGNORECASE):
        return text[said.end() :], said[0].count("\n")
    return text.removeprefix("\ufeff"), 0


def _match(template: Template, line: int, cells: Sequence[str], delimiter: str) -> Heading | None:
    """The row as this kind's headings, or None if it is none: at least two columns, or all there are, must be known."""
    by_word = words_of(template)
    columns: dict[int, Column] = {}
    years: dict[int, int] = {}
    duplicate = None
    rest: dict[str, int] = {}
    for at, cell in enumerate(cells):
        column = next((by_word[word] for word in heading_words(cell) if word in by_word), None)
        if column is not None:
            if column in columns.values():
                duplicate = cell.strip()
                continue
            columns[at] = column
        elif template.yearly and (year := re.fullmatch(word_of(template.yearly.heading) + r"(\d{4})(?:eur)?", word_of(cell))):
            years[at] = int(year[1])
        else:
            for word in heading_words(cell):
                rest.setdefault(word, at)
    for column in template.columns:
        if column.else_ and column not in columns.values():
            places = (rest.get(word_of(heading)) for heading in column.else_)
            place = next((place for place in places if place is not None and place not in columns), None)
            if place is not None:
                columns[place] = column
    if len(columns) < min(2, len(template.columns)):
        return None
    return Heading(template, line, tuple(cell.strip() for cell in cells), columns, years, delimiter, duplicate)


def heading_words(cell: str) -> Iterator[str]:
    """A heading as it is compared: as written, then without what stands in brackets, then without a unit behind it."""
    yield word_of(cell)
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", cell).rstrip(" *")
    yield word_of(bare)
    yield word_of(re.sub(r"[\s,]*(?:\bin\s+)?(?:€|EUR|Euro|%)\s*$", "", bare, flags=re.IGNORECASE))
    if "\n" in (cell := cell.strip()):
        yield word_of(cell.partition("\n")[0])  # the same below it in another language, or explained


_WORDS: dict[int, dict[str, Column]] = {}


def words_of(template: Template) -> dict[str, Column]:
    """All headings of a template as they are compared, with their columns."""
    found = _WORDS.get(id(template))
    if found is None:
        found = {}
        for column in (CORRECTS, *template.columns):
            for heading in (*column.also, column.name, column.heading):
                found[word_of(heading)] = column
        _WORDS[id(template)] = found
    return found


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]


# ---------------------------------------------------------------------------------------------- rows


@dataclass
class _Totals:
    """Sums of the amount columns, to compare a total row with."""

    sums: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add(self, cells: Cells) -> None:
        for name in cells.template.sums if cells.template else ():
            if (amount := cells.said.get(name)) is not None:
                self.sums[name] = self.sums.get(name, 0) + amount

    def compare(self, heading: Heading, cells: Sequence[str], place: str) -> None:
        for column, said in amounts_of(heading, cells):
            ours = self.sums.get(column.name, 0)
            if said != ours:
                self.remarks.append(
                    f"Zeile {place}: die Summe {write_cents(said)} in Spalte {column.heading} weicht von der Summe der Zeilen "
                    f"{write_cents(ours)} um {write_cents(said - ours)} ab."
                )


def amounts_of(heading: Heading, cells: Sequence[str]) -> list[tuple[Column, int]]:
    """Amounts of a row in the columns that are added up, as far as they can be read."""
    found = []
    for at, column in heading.sums.items():
        if at < len(cells) and (cell := bare(cells[at])):
            with suppress(ValueError):
                found.append((column, column.type.read(cell)))
    return found


def read_delimited(text: Text, templates: Sequence[Template], given: Given) -> Reading:
    """A CSV file as one of the templates' kinds."""
    start = text.start()
    heading = heading_of(start, templates, given)
    missing = {column.given for column in heading.missing}
    said = {name: value for name, value in heading.above.items() if name in missing and not getattr(given, name)}
    given = replace(given, **said)  # type: ignore[arg-type]
    template = heading.template
    totals = _Totals()
    if heading.unknown:
        totals.remarks.append("Nicht gelesene Spalten: " + ", ".join(dict.fromkeys(heading.unknown)) + ".")
    if said:
        totals.remarks.append(f"Über den Spaltenköpfen gelesen: {', '.join(said.values())}.")
    reading = Reading(template.kind, _series(text, heading, given), heading.cells, (), totals.remarks)
    reading.rows = _rows(text, heading, given, totals)
    return reading


def _series(text: Text, heading: Heading, given: Given) -> str:
    """Series by what the first row says of its list, else by the measure said at hand-in, else by the file's name."""
    template = heading.template
    if given.series:
        return series_of(template.kind, given.series)
    at_name = {column.name: at for at, column in heading.columns.items()}
    if template.series and all(name in at_name or getattr(given, name, None) for name in template.series):
        for line, cells in _body(text, heading):
            if line <= heading.line or isinstance(cells, str):
                continue
            said = []
            for name in template.series:
                at = at_name.get(name)
                cell = bare(cells[at]) if at is not None and at < len(cells) else ""
                said.append(cell or getattr(given, name, None) or "")
            if all(said):
                return series_of(template.kind, *said)
    return series_of(template.kind, given.measure or "", given.name)


def _body(text: Text, heading: Heading) -> Iterator[tuple[int, list[str] | str]]:
    lines, skipped = text.lines(), 0
    for first in lines:
        skipped = _without_separator_line(first)[1]
        lines = chain(() if skipped else (first.removeprefix("\ufeff"),), lines)
        break
    for line, cells in records(lines, heading.delimiter, replace(heading, line=heading.line - skipped)):
        yield line + skipped, cells


def _rows(text: Text, heading: Heading, given: Given, totals: _Totals) -> Iterator[Row]:
    first = heading
    for line, cells in _body(text, heading):
        if line <= first.line:
            if line < first.line and any(cells):
                yield Row(str(line), cells, ignored="Titelzeile über den Spaltenköpfen")
            continue
        place = str(line)
        if isinstance(cells, str):
            yield Row(place, cells, faults=(Fault("ROW-13", None, cells[:300]),))
            continue
        bare_cells = [bare(cell) if cell and (cell[0] in _GUARDS or cell[-1] in _GUARDS) else cell for cell in cells]
        row = _row(heading, bare_cells, cells, given, place, totals)
        if row is None:
            continue
        if row.faults and (other := _heading_again(heading, line, bare_cells, given)):
            heading, row = other, Row(place, cells, ignored="Spaltenköpfe in anderer Reihenfolge")
        elif heading is not first:  # cells are shown by position under the first headings; these stand elsewhere
            row.cells = dict(zip_longest(heading.cells, cells, fillvalue=""))
        yield row


def _row(
    heading: Heading, bare_cells: Sequence[str], cells: Sequence[str], given: Given, place: str, totals: _Totals
) -> Row | None:
    """What a record below the headings is; None for an empty line."""
    width, have = len(heading.cells), len(bare_cells)
    if not any(bare_cells):
        return Row(place, cells, ignored="leere Zeile") if cells else None
    if have > width and (any(bare_cells[width:]) or heading.delimiter == ","):
        return Row(place, cells, faults=(Fault("ROW-11", None, " | ".join(bare_cells[width:])[:300], None, _comma(heading)),))
    if bare_cells[0] == heading.cells[0] and tuple(bare_cells[:width]) == heading.cells:
        return Row(place, cells, ignored="wiederholte Spaltenköpfe")
    if heading.says_little(bare_cells) and (reason := _no_fact(heading, bare_cells, place, totals)):
        return Row(place, cells, ignored=reason)
    by_column = [(column, bare_cells[at]) for at, column in heading.columns.items() if at < have]
    yearly = {year: bare_cells[at] for at, year in heading.years.items() if at < have}
    return row_of(heading.template, by_column, yearly, given, place, cells, totals)


def _comma(heading: Heading) -> Words | None:
    if heading.delimiter != ",":
        return None
    return Words(
        "Das Komma trennt hier die Spalten: Beträge mit Komma gehören in Anführungszeichen.",
        "Here the comma separates columns: amounts with a comma belong into quotation marks.",
    )


def _heading_again(heading: Heading, line: int, cells: Sequence[str], given: Given) -> Heading | None:
    """A row that is no row because it is the headings of another table of the same kind, further down."""
    found = _match(heading.template, line, cells, heading.delimiter)
    return found if found and not found.duplicate and not found.lacks(given) else None


def row_of(
    template: Template,
    cells: Iterable[tuple[Column, str]],
    yearly: Mapping[int, str],
    given: Given,
    place: str,
    handed_in: object,
    totals: _Totals | None = None,
) -> Row:
    """One row of a template's columns: its facts, or all that is wrong with it."""
    read, faults = read_cells(template, cells, yearly, given, place)
    if totals is not None:
        totals.add(read)
    if faults:
        return Row(place, handed_in, faults=tuple(faults), concerns=_concerns(template, read))
    drafts, wrong = drafts_of(template, read)
    if wrong:
        return Row(place, handed_in, faults=wrong, concerns=_concerns(template, read))
    return Row(place, handed_in, drafts)


def _concerns(template: Template, cells: Cells) -> str | None:
    said = dict(cells.said)
    if "measure" not in said and cells.given.measure:
        said["measure"] = cells.given.measure
    try:
        return template.concerns(said)
    except (KeyError, ValueError, TypeError):
        return None


_GUARDS: Final = frozenset(" \t\r\n\v\f'=\u00a0\u202f\u2007\u2009\u200b\ufeff\x85\u2028\u2029")
"""Signs a cell may begin or end with that do not belong to it."""


def bare(cell: str) -> str:
    """A cell without blanks around it and without the guards of spreadsheet programs: ``'0123``, ``="0123"``."""
    cell = cell.strip().strip("\u00a0\u202f\u200b\ufeff")
    if cell[:1] == "'" and len(cell) > 1:
        return cell[1:].strip()
    if cell[:1] == "=" and (found := re.fullmatch(r'="(.*)"', cell, re.DOTALL)):
        return found[1].strip()
    return cell


def _no_fact(heading: Heading, cells: Sequence[str], place: str, totals: _Totals) -> str | None:
    """Why a row that says little is none: a total, or a note below the list."""
    filled = [at for at, cell in enumerate(cells) if cell]
    words = [at for at in filled if at not in heading.sums]
    label = next((text for at in words if _TOTAL.fullmatch(text := _plain(cells[at]))), None)
    if label is not None and len(words) <= max(3, len(cells) // 2):
        if _WHOLE.fullmatch(label):
            totals.compare(heading, cells, place)
        return f"Summenzeile: {label}"
    amounts = amounts_of(heading, cells)
    if not words and amounts and all(totals.sums.get(column.name) == said for column, said in amounts):
        return "Summenzeile ohne Beschriftung: die Summe der Zeilen darüber"
    if len(words) == len(filled) <= 3 and _NOTE.match(folded(" ".join(cells[at] for at in words))):
        return "Vermerk, keine Zeile der Liste"
    return None


def _plain(label: str) -> str:
    return " ".join(re.sub(r"[:=()/*.,]+", " ", folded(label)).split())
