"""CSV as people have it: delimiters, title rows, quoted line breaks, total rows; read by a template's columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.intake.domain.columns import CORRECTS, Cells, Column, Template, drafts_of, read_cells, word_of
from services.intake.domain.errors import Fault, Unreadable
from services.intake.domain.pseudonyms import folded
from services.intake.domain.reading import Given, Reading, Row, series_of
from services.intake.domain.text import misread
from shared.values.german import write_cents

DELIMITERS: Final = (";", ",", "\t", "|")
TITLE_ROWS: Final = 40
"""So many rows may stand above the headings."""
LONGEST_RECORD: Final = 200
"""Lines a quoted cell may span; more, and a quotation mark was forgotten."""

_TOTAL = re.compile(
    r"(?:gesamt|end|zwischen|seiten)?(?:summe|summen|betrag gesamt|total|gesamt|uebertrag|saldo)(?:betrag)?"
    r"(?: (?:aller|der|gesamt|eur|€).*)?"
)
_WHOLE = re.compile(r"(?:gesamt|end)?(?:summe|summen|total|gesamt)")

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

    @property
    def missing(self) -> tuple[Column, ...]:
        """Required columns that are not there, those included that could be said at hand-in."""
        there = {column.name for column in self.columns.values()}
        return tuple(column for column in self.template.required if column.name not in there)

    def lacks(self, given: Given) -> tuple[Column, ...]:
        """Required columns that are neither there nor said at hand-in."""
        return tuple(column for column in self.missing if not (column.given and getattr(given, column.given)))

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
    """Lines of a text for a CSV reader that may be set back; a record gets no more than ``LONGEST_RECORD`` of them."""

    def __init__(self, text: str) -> None:
        self.all: Final = list(io.StringIO(text, newline=""))
        self.at = self.until = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.at >= min(self.until, len(self.all)):
            raise StopIteration
        self.at += 1
        return self.all[self.at - 1]


def records(text: str, delimiter: str, heading: Heading | None = None) -> Iterator[tuple[int, list[str] | str]]:
    """Rows with the line they start on; a line as it stands where its quotation marks do not match: only it is given up.

    Two stray marks may pair up and hide the rows between them. So a mark that closes must end its cell, and below the
    ``heading`` no cell may hold a line that is a row by itself.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while (first := lines.at) < len(lines.all):
        lines.until = first + LONGEST_RECORD
        try:
            cells = next(reader)
            sound = lines.at == first + 1 or heading is None or not _hides(heading, first, lines.all[first : lines.at])
        except csv.Error:
            sound = False
        if sound:
            yield first + 1, cells
        else:
            yield first + 1, lines.all[first].rstrip("\r\n")
            lines.at = first + 1
            reader = csv.reader(lines, delimiter=delimiter, strict=True)


def _hides(heading: Heading, first: int, lines: Sequence[str]) -> bool:
    """Does a record of several lines hold one that is a row by itself?"""
    if first < heading.line:
        return False
    if any(heading.is_row(line) for line in lines[1:-1]):
        return True
    # behind a first cell of several lines the last line has all the other cells: that alone says nothing
    return heading.is_row(lines[-1]) and (not lines[0].lstrip().startswith('"') or heading.is_row(lines[0]))


def heading_of(text: str, templates: Sequence[Template], given: Given) -> Heading:
    """Find delimiter, row of headings and kind. Raises ``Unreadable`` with the candidates, or with what is missing."""
    start = text[:200_000]
    found: list[Heading] = []
    for delimiter in _delimiters(start):
        body, skipped = _without_separator_line(start)
        for line, cells in _first(body, delimiter):
            for template in templates:
                heading = _match(template, line + skipped, cells, delimiter)
                if heading is not None:
                    found.append(heading)
    if not found:
        listed = ", ".join(template.kind for template in templates)
        hint = f"Bekannte Arten: {listed}.{_encoding(_first_line(text))}"
        raise Unreadable(Fault("FILE-01", value=_first_line(text), hint=hint), given.name)
    complete = [heading for heading in found if not heading.lacks(given)]
    if not complete:
        best = max(found, key=lambda heading: (len(heading.columns) - len(heading.lacks(given)), -heading.line))
        names = ", ".join(column.heading for column in best.lacks(given))
        hint = f"Als „{best.template.title.de}“ gelesen (Zeile {best.line}), es fehlen: {names}."
        hint += _encoding(", ".join(best.cells))
        raise Unreadable(Fault("FILE-03", names, _first_line(text), names, hint), given.name)
    best_score = max(map(_score, complete))
    best_found = [heading for heading in complete if _score(heading) == best_score]
    kinds = sorted({heading.template.kind for heading in best_found})
    if len(kinds) > 1:
        raise Unreadable(Fault("FILE-02", value=_first_line(text), hint=f"In Frage kommen: {', '.join(kinds)}."), given.name)
    heading = min(best_found, key=lambda heading: heading.line)
    if heading.duplicate:
        raise Unreadable(Fault("FILE-04", heading.duplicate, heading.duplicate), given.name)
    return heading


def _encoding(headings: str) -> str:
    """Words on the likely cause where umlauts of the headings were misread, else nothing."""
    name = misread(headings)
    return f" Die Umlaute der Spaltenköpfe sind verstümmelt: die Datei ist wohl als {name} gespeichert." if name else ""


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
    for line, cells in records(text, delimiter):
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
    for at, cell in enumerate(cells):
        column = next((by_word[word] for word in heading_words(cell) if word in by_word), None)
        if column is not None:
            if column in columns.values():
                duplicate = cell.strip()
                continue
            columns[at] = column
        elif template.yearly and (year := re.fullmatch(word_of(template.yearly.heading) + r"(\d{4})(?:eur)?", word_of(cell))):
            years[at] = int(year[1])
    if len(columns) < min(2, len(template.columns)):
        return None
    return Heading(template, line, tuple(cell.strip() for cell in cells), columns, years, delimiter, duplicate)


def heading_words(cell: str) -> Iterator[str]:
    """A heading as it is compared: as written, then without what stands in brackets, then without a unit behind it."""
    yield word_of(cell)
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", cell).rstrip(" *")
    yield word_of(bare)
    yield word_of(re.sub(r"[\s,]*(?:\bin\s+)?(?:€|EUR|Euro|%)\s*$", "", bare, flags=re.IGNORECASE))


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
        for at, column in heading.columns.items():
            if column.name not in heading.template.sums or at >= len(cells) or not cells[at].strip():
                continue
            try:
                said = column.type.read(bare(cells[at]))
            except ValueError:
                continue
            ours = self.sums.get(column.name, 0)
            if said != ours:
                self.remarks.append(
                    f"Zeile {place}: die Summe {write_cents(said)} in Spalte {column.heading} weicht von der Summe der Zeilen "
                    f"{write_cents(ours)} um {write_cents(said - ours)} ab."
                )


def read_delimited(text: str, templates: Sequence[Template], given: Given) -> Reading:
    """A CSV file as one of the templates' kinds."""
    heading = heading_of(text, templates, given)
    template = heading.template
    totals = _Totals()
    if heading.unknown:
        totals.remarks.append("Nicht gelesene Spalten: " + ", ".join(dict.fromkeys(heading.unknown)) + ".")
    reading = Reading(template.kind, _series(text, heading, given), heading.cells, (), totals.remarks)
    reading.rows = _rows(text, heading, given, totals)
    return reading


def _series(text: str, heading: Heading, given: Given) -> str:
    """Series by what the first row says of its list, else by the measure said at hand-in, else by the file's name."""
    template = heading.template
    if given.series:
        return series_of(template.kind, given.series)
    if template.series:
        at_name = {column.name: at for at, column in heading.columns.items()}
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


def _body(text: str, heading: Heading) -> Iterator[tuple[int, list[str] | str]]:
    body, skipped = _without_separator_line(text)
    for line, cells in records(body, heading.delimiter, replace(heading, line=heading.line - skipped)):
        yield line + skipped, cells


def _rows(text: str, heading: Heading, given: Given, totals: _Totals) -> Iterator[Row]:
    template, width = heading.template, len(heading.cells)
    columns = list(heading.columns.items())
    for line, cells in _body(text, heading):
        if line <= heading.line:
            if line < heading.line and any(cells):
                yield Row(str(line), cells, ignored="Titelzeile über den Spaltenköpfen")
            continue
        place = str(line)
        if isinstance(cells, str):
            yield Row(place, cells, faults=(Fault("ROW-13", None, cells[:300]),))
            continue
        bare_cells = [bare(cell) if cell and (cell[0] in _GUARDS or cell[-1] in _GUARDS) else cell for cell in cells]
        if not any(bare_cells):
            if cells:
                yield Row(place, cells, ignored="leere Zeile")
            continue
        if len(cells) > width and any(bare_cells[width:]):
            yield Row(place, cells, faults=(Fault("ROW-11", None, " | ".join(bare_cells[width:])[:300]),))
            continue
        if tuple(bare_cells[:width]) == heading.cells:
            yield Row(place, cells, ignored="wiederholte Spaltenköpfe")
            continue
        if bare_cells.count("") * 2 >= len(bare_cells) - 4 and (reason := _total(heading, bare_cells)):
            if _WHOLE.match(reason):
                totals.compare(heading, cells, place)
            yield Row(place, cells, ignored=f"Summenzeile: {reason}")
            continue
        have = len(bare_cells)
        by_column = [(column, bare_cells[at]) for at, column in columns if at < have]
        yearly = {year: bare_cells[at] for at, year in heading.years.items() if at < have}
        yield row_of(template, by_column, yearly, given, place, cells, totals)


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


def _total(heading: Heading, cells: Sequence[str]) -> str | None:
    """The label of a total row, or None: a word such as Summe, and most required columns empty."""
    filled = [at for at, cell in enumerate(cells) if cell]
    if not filled or len(filled) > max(2, len(cells) // 2):
        return None
    label = next(
        (cells[at] for at in filled if _TOTAL.fullmatch(" ".join(re.sub(r"[:=]", " ", folded(cells[at])).split()))), None
    )
    if label is None:
        return None
    required = [at for at, column in heading.columns.items() if column.required]
    empty = sum(1 for at in required if at >= len(cells) or not cells[at])
    return folded(label).strip() if empty * 2 >= len(required) else None
