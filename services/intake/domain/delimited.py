"""CSV as people have it, read by a template's columns: title rows, total rows, notes below the list, headings again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from typing import Final

from services.intake.domain.columns import Cells, Column, Template, drafts_of, read_cells
from services.intake.domain.errors import Fault, Words
from services.intake.domain.headings import Heading, heading_of, match, without_separator_line
from services.intake.domain.pseudonyms import folded
from services.intake.domain.reading import Given, Reading, Row, series_of
from services.intake.domain.records import GUARDS, bare, records
from services.intake.domain.text import Text
from shared.values.german import write_cents

_TOTAL: Final = re.compile(
    r"(?:zu uebertragende |davon |ggf )?(?:gesamt|end|zwischen|seiten|teil)?"
    r"(?:summen?|summenzeile|total|uebertrag|saldo|saldovortrag|vortrag|insgesamt|gesamt|gesamtausgaben|gesamtkosten"
    r"|betrag gesamt|σ)(?:betrag)?(?: .*)?"
    r"|davon .*|[a-z]+summe|[a-z ]+ (?:gesamt|insgesamt)"
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
    r"|.{0,60}, den \d|.*\bunterschrift\b|gez\b|blatt \d|anzahl\b|\d+ (?:zeile|beleg|buchung|datens|posten|position)"
)
"""How lines begin that people and programs put below a list."""
_RULED: Final = frozenset("-=_*\u2013\u2014 ")
"""What lines are ruled with."""


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
        for column, said in heading.amounts(cells):
            ours = self.sums.get(column.name, 0)
            if said != ours:
                self.remarks.append(
                    f"Zeile {place}: die Summe {write_cents(said)} in Spalte {column.heading} weicht von der Summe der Zeilen "
                    f"{write_cents(ours)} um {write_cents(said - ours)} ab."
                )


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
        skipped = without_separator_line(first)[1]
        lines = chain(() if skipped else (first.removeprefix("\ufeff"),), lines)
        break
    for line, cells in records(lines, heading.delimiter, is_row=heading.is_row, below=heading.line - skipped):
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
        bare_cells = [bare(cell) if cell and (cell[0] in GUARDS or cell[-1] in GUARDS) else cell for cell in cells]
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
    if heading.repeats(bare_cells):
        return Row(place, cells, ignored="wiederholte Spaltenköpfe")
    if bare_cells[0] in ("1", "(1)") and all(cell.strip("()") == str(at) for at, cell in enumerate(bare_cells[:width], 1)):
        return Row(place, cells, ignored="Spaltennummern unter den Spaltenköpfen")
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
    found = match(heading.template, line, cells, heading.delimiter)
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


def _no_fact(heading: Heading, cells: Sequence[str], place: str, totals: _Totals) -> str | None:
    """Why a row that says little is none: a total, or a note below the list."""
    filled = [at for at, cell in enumerate(cells) if cell]
    words = [at for at in filled if at not in heading.sums]
    label = next((text for at in words if _TOTAL.fullmatch(text := _plain(cells[at]))), None)
    if label is not None and len(words) <= max(3, len(cells) // 2):
        if _WHOLE.fullmatch(label):
            totals.compare(heading, cells, place)
        return f"Summenzeile: {label}"
    amounts = heading.amounts(cells)
    if not words and amounts and all(totals.sums.get(column.name) == said for column, said in amounts):
        return "Summenzeile ohne Beschriftung: die Summe der Zeilen darüber"
    if _RULED.issuperset("".join(cells)):
        return "Vermerk, keine Zeile der Liste"
    if len(words) == len(filled) <= 3 and _NOTE.match(folded(" ".join(cells[at] for at in words))):
        return "Vermerk, keine Zeile der Liste"
    return None


def _plain(label: str) -> str:
    return " ".join(re.sub(r"[:=()/*.,]+", " ", folded(label)).split())
