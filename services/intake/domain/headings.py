"""Which row of a delimited file holds its headings, which kind they are of, and what each column means."""

from __future__ import annotations

import io
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import pairwise, zip_longest
from typing import Final

from services.intake.domain.columns import IN_PERCENT, Column, Template, word_of
from services.intake.domain.errors import STATEMENT_FORMAT, Fault, Unreadable, Words
from services.intake.domain.reading import Given
from services.intake.domain.records import bare, records
from services.intake.domain.text import misread

DELIMITERS: Final = (";", ",", "\t", "|")
TITLE_ROWS: Final = 40
"""So many rows may stand above the headings."""
LONGEST_HEADING: Final = 300
"""Characters; a longer cell explains something, and is no heading."""
_SEPARATOR_LINE: Final = re.compile(r"\ufeff?\s*\"?sep=(.)\"?[ \t]*\r?\n", re.IGNORECASE)
"""What Excel writes and reads as a first line: ``sep=;``."""


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
    rows: tuple[tuple[str, ...], ...] = ()
    """The row as it stands, or both rows where cells of the upper one stretch over several of the lower one."""

    @property
    def missing(self) -> tuple[Column, ...]:
        """Required columns that are not there, those included that could be said at hand-in."""
        there = {column.name for column in self.columns.values()}
        return tuple(column for column in self.template.required if column.name not in there)

    def lacks(self, given: Given) -> tuple[Column, ...]:
        """Required columns that are neither there nor said above them or at hand-in."""
        there = {column.name for column in self.columns.values()}
        return (
            *(
                column
                for column in self.missing
                if not (column.given and (getattr(given, column.given) or column.given in self.above))
            ),
            *(group[0] for group in self.template.one_of if there.isdisjoint(column.name for column in group)),
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
    def begins(self) -> frozenset[str]:
        """First cells of the rows of headings."""
        return frozenset(row[0] for row in self.rows if row)

    def repeats(self, cells: Sequence[str]) -> bool:
        """Is this row one of the headings again, as at the top of a page?"""
        return cells[0] in self.begins and _trimmed(cells) in self.rows

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

    def amounts(self, cells: Sequence[str]) -> list[tuple[Column, int]]:
        """Amounts of a row in the columns that are added up, as far as they can be read."""
        found = []
        for at, column in self.sums.items():
            if at < len(cells) and (cell := bare(cells[at])):
                with suppress(ValueError):
                    found.append((column, column.type.read(cell)))
        return found


def heading_of(start: str, templates: Sequence[Template], given: Given) -> Heading:
    """Find delimiter, row of headings and kind. Raises ``Unreadable`` with the candidates, or with what is missing."""
    found: list[Heading] = []
    body, skipped = without_separator_line(start)
    for delimiter in _delimiters(start):
        above: list[list[str]] = []
        for line, cells in _first(body, delimiter):
            for template in templates:
                found += (
                    replace(heading, above=_said_above(template, above))
                    for upper in (None, *above[-1:])
                    if (heading := match(template, line + skipped, cells, delimiter, upper)) is not None
                )
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
    heading = min(best_found, key=lambda heading: (heading.line, len(heading.rows)))
    if heading.duplicate:
        raise Unreadable(Fault("FILE-04", heading.duplicate, heading.duplicate), given.name)
    if fault := _misnamed(heading):
        raise Unreadable(fault, given.name)
    return heading


def _misnamed(heading: Heading) -> Fault | None:
    """A heading that nobody knows, and that sounds like a column whose lack would change what the rows say."""
    there = {column.name for column in heading.columns.values()}
    for column in heading.template.columns:
        if column.like and column.name not in there:
            for said in heading.unknown:
                if re.search(column.like, word_of(said)):
                    name = " ".join(said.split())
                    hint = Words(
                        f"Die Spalte „{name}“ klingt nach „{column.heading}“: so nennen, oder weglassen, wenn sie anderes meint.",
                        f"The column “{name}” sounds like “{column.heading}”: call it so, or leave it out if it is another.",
                    )
                    return Fault("FILE-03", column.heading, said[:200], column.heading, hint)
    return None


def is_mt940(start: str) -> bool:
    """Does it begin like a bank statement of SWIFT's older kind?"""
    return re.match(r"\s*(?::\d\d[A-Z]?:|\{1:F\d\d)", start) is not None


def _unknown_kind(start: str, templates: Sequence[Template]) -> Words:
    """What is known of a file none of whose rows are headings."""
    first = _first_line(start)
    if is_mt940(first):
        return Words("Das ist ein Kontoauszug in MT940.", "This is a bank statement in MT940.").then(STATEMENT_FORMAT)
    if _is_datev(first):
        return _DATEV
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
    if len(_OF_STATEMENTS.intersection(map(word_of, best.cells))) > 2:
        hint = _STATEMENT_AS_CSV.then(STATEMENT_FORMAT)
    elif _is_datev(_first_line(start)) or any(word_of(cell).startswith("umsatzohnesollhaben") for cell in best.cells):
        hint = _DATEV.then(hint)
    return Fault("FILE-03", names, _first_line(start), names, hint.then(_misread_hint(", ".join(best.cells))))


_DATEV: Final = Words(
    "Das ist ein DATEV-Buchungsstapel: er nennt weder Maßnahme noch Leistung, die eine Belegliste braucht.",
    "This is a DATEV batch of bookings: it names neither measure nor service, which a voucher list needs.",
)


def _is_datev(first: str) -> bool:
    return re.match(r'"?(?:EXTF|DTVF)"?;', first) is not None


_OF_STATEMENTS: Final = frozenset(
    word_of(heading)
    for heading in (
        "Auftragskonto", "Buchungstag", "Valuta", "Valutadatum", "Wertstellung", "Kontonummer", "Kontonummer/IBAN", "BLZ", "BIC",
        "BIC (SWIFT-Code)", "Währung", "Saldo", "Saldo nach Buchung", "Gläubiger-ID", "Mandatsreferenz", "Umsatzart", "Info",
        "Begünstigter/Zahlungspflichtiger", "Name Zahlungsbeteiligter", "IBAN Zahlungsbeteiligter", "Auftraggeber/Empfänger",
    )
)  # fmt: skip
"""Headings of what banks export as CSV, as they are compared."""
_STATEMENT_AS_CSV: Final = Words("Das sieht nach einem Kontoauszug als CSV aus.", "This looks like a bank statement as CSV.")


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
    by_word, said = template.words, dict[str, str]()
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
    said = _SEPARATOR_LINE.match(text)
    return (said[1],) if said else DELIMITERS


def without_separator_line(text: str) -> tuple[str, int]:
    """Text without Excel's ``sep=;`` line, and how many lines that were."""
    if said := _SEPARATOR_LINE.match(text):
        return text[said.end() :], said[0].count("\n")
    return text.removeprefix("\ufeff"), 0


def match(
    template: Template, line: int, cells: Sequence[str], delimiter: str, upper: Sequence[str] | None = None
) -> Heading | None:
    """The row as this kind's headings, or None if it is none: at least two columns, or all there are, must be known.

    ``upper``: the row above it, whose cells may stretch over several of these: „Leistungszeitraum“ over „von“ and „bis“.
    """
    by_word = template.words
    columns: dict[int, Column] = {}
    years: dict[int, int] = {}
    duplicate = None
    rest: dict[str, dict[int, list[int]]] = {}
    headings = [(cell.strip(),) for cell in cells] if upper is None else _stacked(upper, cells)
    names = [said[-1] for said in headings]
    for at, said in enumerate(headings):
        words = [(word, cell) for cell in said for word in _words_of(cell)]
        column, names[at] = next(((by_word[word], cell) for word, cell in words if word in by_word), (None, names[at]))
        if column is not None and "%" in names[at]:  # „MwSt %“ is a rate, no amount
            column = replace(column, type=IN_PERCENT[column.type]) if column.type in IN_PERCENT else None
        elif column is None:
            year = next((year for word, _ in words if (year := template.year_of(word)) is not None), None)
            if year is not None:
                years[at] = year
                continue
            for rank, (word, _) in enumerate(words):
                rest.setdefault(word, {}).setdefault(rank, []).append(at)
        if column is not None:
            if any(column.name == other.name for other in columns.values()):
                duplicate = names[at]
                continue
            columns[at] = column
    for column in template.columns:
        there = any(column.name == other.name for other in columns.values())
        if not there and (places := _otherwise(column, rest, columns)):
            columns[places[0]] = column
            if len(places) > 1 and column.required:
                duplicate = names[places[1]]
    if len(columns) < min(2, len(template.columns)):
        return None
    rows = tuple(_trimmed(row) for row in (upper, cells) if row is not None)
    return Heading(template, line, tuple(names), columns, years, delimiter, duplicate, rows=rows)


def _otherwise(column: Column, rest: Mapping[str, Mapping[int, list[int]]], taken: Container[int]) -> list[int]:
    """Where a heading stands that means the column for want of a better one; more than one where it stands twice."""
    for heading in column.else_:
        for _, places in sorted(rest.get(word_of(heading), {}).items()):  # as written first, without brackets and units last
            if free := [at for at in places if at not in taken]:
                return free
    return []


def _stacked(upper: Sequence[str], lower: Sequence[str]) -> list[tuple[str, ...]]:
    """Headings of two rows, from what says most to what says least; a cell of the upper row holds until the next one."""
    found: list[tuple[str, ...]] = []
    over = ""
    for above, below in zip_longest(map(str.strip, upper), map(str.strip, lower), fillvalue=""):
        over = above or over
        if below and over:
            found.append((f"{over} {below}", f"{below} {over}", below))
        else:
            found.append((below or above,))
    return found


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Cells without the empty ones behind the last that says something."""
    said = [cell.strip() for cell in cells]
    while said and not said[-1]:
        said.pop()
    return tuple(said)


@lru_cache(2_000)
def _words_of(cell: str) -> tuple[str, ...]:
    """A heading as it is compared: as written, then without what stands in brackets, then without a unit behind it."""
    if len(cell) > LONGEST_HEADING:
        return ()
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", cell).rstrip(" *")
    without_unit = re.sub(r"[\s,]*(?:\bin\s+)?(?:€|EUR|Euro|%)\s*$", "", bare, flags=re.IGNORECASE)
    words = word_of(cell), word_of(bare), word_of(without_unit)
    first, broken, _ = cell.strip().partition("\n")
    return (*words, word_of(first)) if broken else words        # the same below it in another language, or explained


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]
