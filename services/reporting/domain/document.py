"""What a report says, with no format in it: the renderers turn one `Document` into PDF, CSV or JSON.

A document is an opening (title, facts, notices, key figures), sections of blocks, and an end (basis, releases). To add a
document, write `documents/NAME.py` with a pure `compose(...) -> Document`; nothing here or in the renderers changes.

    Document(
        kind="D9", number="D9-herne-2012-3", title="Programmübersicht", subtitle="JUGEND STÄRKEN: Aktiv in der Region",
        status=(Chip(Mark.HOLDS, "Freigegeben"),),
        facts=(Fact("Stichtag", Day(date(2012, 12, 31))),),
        sections=(Section("Kommunen", (Table(
            (Column("Kommune"), Column("ESF"), Column("Bemerkung", weight=3)),
            (Row((Text("Herne"), Cents(47_222_222), Missing("Beschluss"))),
             Row((Text("Summe"), Cents(47_222_222), None), RowKind.TOTAL)),
        ),)),),
    )

Cells are values, not texts: amounts are whole cents (`Cents`), days are dates, shares are exact fractions. What is not
known is `Missing("Beschluss")`, printed "fehlt: Beschluss"; it is never 0 and never blank, so empty texts and empty cells
are refused when a document is built.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

# A document as JSON-able data.
Plain: TypeAlias = bool | int | str | list["Plain"] | dict[str, "Plain"] | None


class Mark(StrEnum):
    """How something stands: the outcome of a check, with the severity of a finding. Renderers give each its own shape,
    letter and colour, so that it can be told in grey print too."""

    HOLDS = "holds"
    BLOCKING = "blocking"  # B: blocks certification or payment
    FAULT = "fault"  # F: fault with an amount at risk
    WARNING = "warning"  # W
    HINT = "hint"  # H
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Text:
    """Words; `note` is a second, smaller line below them. Neither may be empty where it is given."""

    text: str
    note: str | None = None

    def __post_init__(self) -> None:
        if not self.text.strip() or (self.note is not None and not self.note.strip()):
            raise ValueError(f"Text({self.text!r}, note={self.note!r}) is empty: use Missing(what), or Text('–') for none")


@dataclass(frozen=True, slots=True)
class Cents:
    """An amount in whole euro cents."""

    cents: int

    def __post_init__(self) -> None:
        if type(self.cents) is not int:
            raise TypeError(f"Cents({self.cents!r}): an amount is a whole number of cents (int), not {type(self.cents).__name__}")


@dataclass(frozen=True, slots=True)
class Day:
    """A business day."""

    day: date


@dataclass(frozen=True, slots=True)
class Share:
    """An exact share, Fraction(3, 5) for 60 %; printed as percentage with one decimal, rounded half up."""

    share: Fraction

    def __post_init__(self) -> None:
        if not isinstance(self.share, Fraction):
            raise TypeError(f"Share({self.share!r}): a share is an exact Fraction, not {type(self.share).__name__}")


@dataclass(frozen=True, slots=True)
class Count:
    """A number of things, printed with thousands marks; a year is Text("2012")."""

    count: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference a reader can follow back, such as `M-1/123 · 3f2a9c1be07d:17`; printed in a fixed-width face."""

    reference: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A short state with its mark: Chip(Mark.HOLDS, "bestätigt")."""

    mark: Mark
    label: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact nobody handed in: `Missing("Finanzierungsplan")` is printed "fehlt: Finanzierungsplan"."""

    missing: str

    def __post_init__(self) -> None:
        if not self.missing.strip():
            raise ValueError("Missing('') says nothing: name the fact that is missing")


Cell: TypeAlias = Text | Cents | Day | Share | Count | Reference | Chip | Missing


def text_or_missing(text: str | None, what: str) -> Text | Missing:
    """The text, or that `what` is missing if there is none."""
    return Text(text) if text and text.strip() else Missing(what)


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value: Fact("Stichtag", Day(...))."""

    label: str
    value: Cell


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. Line breaks in it start a new paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A tinted box that must not be overlooked: "vorläufig", "unvollständig", "Demodaten"."""

    mark: Mark
    title: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Labelled values side by side."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One large value; `mark` colours it where it is not as it should be."""

    label: str
    value: Cell
    note: str | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Up to four to a row."""

    figures: tuple[KeyFigure, ...]


class RowKind(StrEnum):
    """What a table row is. A HEADING opens a group; SUBTOTAL and TOTAL close one or all."""

    BODY = "body"
    HEADING = "heading"
    SUBTOTAL = "subtotal"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its title. Amounts, days, counts, shares and chips are never broken and get the width they need;
    what is left is shared among the other columns by `weight` (None: by what they hold). A column that is not `printed` is for
    those who import the table: CSV and JSON hold it, pages do not."""

    title: str
    weight: int | None = None
    printed: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """Cells, one per column. In headings, subtotals and totals None stands for "nothing here", and the first cell
    extends over the None cells that follow it."""

    cells: tuple[Cell | None, ...]
    kind: RowKind = RowKind.BODY


@dataclass(frozen=True, slots=True)
class Table:
    """A table of any length, from no row ("keine Einträge") to the voucher list of 100,000.

    Body rows have a cell for every column. ValueError names the row that has not.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str | None = None

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row.cells) != len(self.columns):
                raise ValueError(f"{self._place(number)}: {len(row.cells)} cells for {len(self.columns)} columns")
            if row.kind is RowKind.BODY and None in row.cells:
                column = self.columns[row.cells.index(None)].title
                raise ValueError(
                    f"{self._place(number)}, column {column!r}: an empty cell hides what is missing;"
                    " use Missing(what), or Text('–') if there is none"
                )

    def _place(self, row: int) -> str:
        return f"table {self.caption or self.columns[0].title!r}, row {row}"


def printed(table: Table) -> Table:
    """The table as pages show it."""
    kept = [index for index, column in enumerate(table.columns) if column.printed]
    if len(kept) == len(table.columns):
        return table
    rows = tuple(Row(tuple(row.cells[index] for index in kept), row.kind) for row in table.rows)
    return Table(tuple(table.columns[index] for index in kept), rows, table.caption)


@dataclass(frozen=True, slots=True)
class Bar:
    """One stacked bar: cents per series, in the order of `Chart.series`."""

    label: str
    cents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked bars on one common scale, for instance planned, committed, received and spent by funder."""

    series: tuple[str, ...]
    bars: tuple[Bar, ...]
    caption: str | None = None

    def __post_init__(self) -> None:
        for bar in self.bars:
            if len(bar.cents) != len(self.series):
                raise ValueError(f"bar {bar.label!r}: {len(bar.cents)} amounts for {len(self.series)} series")


@dataclass(frozen=True, slots=True)
class CheckItem:
    """The outcome of one check: its code, what it says, and the arithmetic or the missing fact below it."""

    mark: Mark
    text: str
    detail: str | None = None
    code: str | None = None
    at_risk: int | None = None  # cents


@dataclass(frozen=True, slots=True)
class CheckList:
    """Outcomes of checks, in two columns where there is room (`wide`: one column, for long texts)."""

    items: tuple[CheckItem, ...]
    wide: bool = False


Block: TypeAlias = Paragraph | Notice | Facts | KeyFigures | Table | Chart | CheckList


# ── document ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its blocks. Wide tables ask for `landscape` pages; the opening page follows the first section."""

    title: str
    blocks: tuple[Block, ...]
    landscape: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """A line to sign on, or who has signed: Release("Geprüft", "Kämmerei")."""

    role: str
    by: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A report as it is read.

    kind      D5, D6, D7, D9 …
    number    the report's number, unique; names its files
    status    chips in the head of every page: "Freigegeben", "vorläufig", "unvollständig", "Demodaten"
    notices   boxes below the title that explain the status
    basis     what the report stands on: cut-off date, rule set and its digest, journal heads, program version, filter;
              printed beside the digest, so that the same report can be made again
    demo data is marked by whoever composes, with a chip and a notice
    """

    kind: str
    number: str
    title: str
    subtitle: str | None = None
    author: str = "Prüfpfad"
    language: str = "de"
    status: tuple[Chip, ...] = ()
    facts: tuple[Fact, ...] = ()
    notices: tuple[Notice, ...] = ()
    key_figures: tuple[KeyFigure, ...] = ()
    sections: tuple[Section, ...] = ()
    basis: tuple[Fact, ...] = ()
    releases: tuple[Release, ...] = field(default=())


def tables(document: Document) -> Iterator[tuple[Section, Table]]:
    """Every table with its section, in reading order."""
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                yield section, block


def plain(document: Document) -> dict[str, Plain]:
    """The document as JSON-able data: whole cents, ISO days, shares as "3/5". Fields left at their default are left out;
    blocks carry their kind as "block", cells are told by their one key ({"cents": 100}, {"missing": "Beschluss"})."""
    data = _plain(document)
    assert isinstance(data, dict)  # noqa: S101 - a dataclass becomes a dict
    return data


_BLOCKS = (Paragraph, Notice, Facts, KeyFigures, Table, Chart, CheckList)


def _plain(value: object) -> Plain:
    match value:
        case StrEnum():
            return str(value)
        case None | bool() | int() | str():
            return value
        case Cents(cents):
            return {"cents": cents}
        case date():
            return value.isoformat()
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case Sequence():
            return [_plain(item) for item in value]
    if not is_dataclass(value):
        raise TypeError(f"{value!r} has no place in a document")
    data: dict[str, Plain] = {"block": type(value).__name__.lower()} if isinstance(value, _BLOCKS) else {}
    for each in fields(value):
        content = getattr(value, each.name)
        if content is not each.default and content != each.default:
            data[each.name] = _plain(content)
    return data
