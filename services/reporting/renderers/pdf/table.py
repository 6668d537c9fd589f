"""Tables of any length. What a row needs is measured once, then each row becomes a few text operators: no layout engine
sits between, so 10,000 tagged rows take about a second."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from services.reporting.domain.document import (
    Cell,
    Cents,
    Chip,
    Count,
    Mark,
    Missing,
    Reference,
    Row,
    RowKind,
    Share,
    Table,
    Text,
)
from services.reporting.renderers.pdf.flow import Flow
from services.reporting.renderers.pdf.structure import Cells, CellTag, Node, attributes
from services.reporting.renderers.pdf.style import BODY, GROUP, HAIR, INK, MUTED, TONES, WHITE, ZEBRA
from services.reporting.renderers.pdf.typography import Style, Type, clean
from services.reporting.renderers.words import words, written

_SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
_LONG = 40  # rows from which on a table is set tighter and zebra-striped
_NUMBERS = (Cents, Count, Share)
_WRAPPED = (Text, Reference, Missing)
_CHIP_ROOM = 15.0  # dot and rounded ends


@dataclass(slots=True)
class _Part:
    """A cell ready to be drawn: x of its first line, what follows the text matrix, how many lines, its chip's box."""

    x: str
    shown: str
    lines: int
    chip: tuple[float, float, Mark] | None = None  # x, width


@dataclass(slots=True)
class _Line:
    """A row ready to be drawn; parts that are None have no content."""

    kind: RowKind
    height: float
    parts: list[_Part | None]
    tags: tuple[CellTag, ...]


def draw_table(flow: Flow, table: Table, parent: Node) -> None:
    """Draw the table from where the flow stands; the header is repeated on each page."""
    setting = _Setting(flow, table)
    lines = setting.lines(table)
    heads = list(_heads(lines))
    node = parent.add("Table")
    body: Node | None = None
    flow.need(setting.header_height + sum(line.height for line in lines[:2]))
    start, first = 0, True
    while start < len(lines):
        room = flow.y - flow.frame.bottom - setting.header_height
        end = _page_end(lines, heads, start, room)
        if end == start:
            flow.open()
            continue
        head = node.add("THead") if first else None
        y = setting.draw_header(head)
        setting.draw_grounds(lines[start:end], y, start)
        for line, cells in zip(lines[start:end], setting.draw_rows(lines[start:end], y), strict=True):
            if line.kind is RowKind.TOTAL and (body is None or body.tag != "TFoot"):
                body = node.add("TFoot")
            elif body is None or (body.tag == "TFoot" and line.kind is not RowKind.TOTAL):
                body = node.add("TBody")
            body.kids.append(cells)
            if line.kind is RowKind.SUBTOTAL:
                body = None
        flow.y = y - sum(line.height for line in lines[start:end])
        start, first = end, False
        if start < len(lines):
            flow.open()


def _heads(lines: list[_Line]) -> Iterator[bool]:
    """For each line, whether it must share the page with the next: a heading with what follows, a sum with what it sums."""
    for line, after in pairwise(lines):
        yield line.kind is RowKind.HEADING or (after.kind in (RowKind.SUBTOTAL, RowKind.TOTAL) and line.kind is RowKind.BODY)
    yield False


def _page_end(lines: list[_Line], glued: list[bool], start: int, room: float) -> int:
    """How far the lines from `start` on go into `room`; at least one line on an empty page is the caller's business."""
    used, end = 0.0, start
    while end < len(lines) and used + lines[end].height <= room:
        used += lines[end].height
        end += 1
    if end == len(lines):
        return end
    kept = end
    while kept > start and glued[kept - 1]:
        kept -= 1
    return kept if kept > start else end


class _Setting:
    """How one table is set: size of type, where the columns stand, and the operators of its cells."""

    def __init__(self, flow: Flow, table: Table) -> None:
        self.flow, self.type = flow, flow.type
        self.words = words(flow.language)
        self.long = len(table.rows) > _LONG
        self.right = [_right(table, index) for index in range(len(table.columns))]
        self.titles = [
            f"{column.title}\u00a0€" if self._amounts(table, index) and "€" not in column.title else column.title
            for index, column in enumerate(table.columns)
        ]
        measures = [_measure(table, index, title, self.type, flow.language) for index, title in enumerate(self.titles)]
        self.size, self.widths = _columns(table, measures, flow.frame.inner, self.long)
        size = self.size
        self.pad = 4.0 if size >= 8.5 else 3.0 if size >= 7 else 2.2
        self.leading = round(size * 1.24, 2)
        self.above = round(size * 0.62, 2) if not self.long and size >= 8 else round(size * 0.32, 2)
        self.base = Style("regular", size, BODY)
        self.strong = Style("semibold", size, BODY)
        self.total = Style("bold", size, INK)
        self.note = Style("regular", round(size * 0.86, 2), MUTED)
        self.mono = Style("mono", round(size * 0.84, 2), BODY)
        self.missing = Style("semibold", round(size * 0.94, 2), TONES[Mark.MISSING].ink)
        self.chip = Style("semibold", round(size * 0.86, 2), BODY)
        self.head = Style("semibold", round(min(size, size * 0.5 + 3.6), 2), MUTED)
        self.left = [flow.frame.left]
        for width in self.widths:
            self.left.append(self.left[-1] + width)
        # The outer columns stand flush with the text above and below, as far as there is no ground behind them.
        self.title_lines = [
            self.type.lines(title, self.head, width - 2 * self.pad) for title, width in zip(self.titles, self.widths, strict=True)
        ]
        self.header_height = max(map(len, self.title_lines)) * self.head.size * 1.2 + 7
        self.most_lines = int((flow.frame.top - flow.frame.bottom - self.header_height - 2 * self.above) / self.leading) - 1
        self._tags: dict[tuple[int, tuple[bool, ...]], tuple[CellTag, ...]] = {}

    @staticmethod
    def _amounts(table: Table, index: int) -> bool:
        return any(type(row.cells[index]) is Cents for row in table.rows)

    # --- rows

    def lines(self, table: Table) -> list[_Line]:
        if not table.rows:
            part = _Part(self._x(0), self._shown([self.words["no rows"]], self.note), 1)
            tags = (CellTag("TD", attributes(span=len(table.columns))),)
            return [_Line(RowKind.BODY, self.leading + 2 * self.above, [part], tags)]
        return [line for row in table.rows for line in self._row(row)]

    def _row(self, row: Row) -> Iterator[_Line]:
        """The row, or if it is higher than a page, its pieces."""
        style = {RowKind.BODY: self.base, RowKind.TOTAL: self.total}.get(row.kind, self.strong)
        span = _span(row)
        parts: list[_Part | None] = []
        high = 1
        for index, cell in enumerate(row.cells):
            if index and index < span:
                continue
            part = None if cell is None else self._part(cell, index, span if index == 0 else 1, style)
            if part and part.lines > high:
                high = part.lines
            parts.append(part)
        tags = self._cell_tags(span, parts)
        if high > self.most_lines:
            yield from self._split(row, tags)
            return
        yield _Line(row.kind, high * self.leading + 2 * self.above, parts, tags)

    def _split(self, row: Row, tags: tuple[CellTag, ...]) -> Iterator[_Line]:
        """A row higher than a page: its texts are cut into rows of what a page holds, nothing is left out."""
        style = self.base if row.kind is RowKind.BODY else self.strong
        texts: list[list[str]] = []
        for index, cell in enumerate(row.cells):
            if isinstance(cell, Text):
                width = self.widths[index] - 2 * self.pad
                note = self.type.lines(cell.note, style, width) if cell.note else []
                texts.append([*self.type.lines(cell.text, style, width), *note])
            else:
                texts.append([])
        highest = max(map(len, texts))
        for start in range(0, highest, self.most_lines):
            parts: list[_Part | None] = []
            for index, cell in enumerate(row.cells):
                piece = texts[index][start : start + self.most_lines]
                if piece:
                    parts.append(_Part(self._x(index), self._shown(piece, style), len(piece)))
                else:
                    parts.append(self._part(cell, index, 1, style) if cell and not texts[index] and start == 0 else None)
            tall = max(part.lines if part else 1 for part in parts)
            marked = tuple(CellTag("TD", empty=part is None) for part in parts)
            yield _Line(row.kind, tall * self.leading + 2 * self.above, parts, marked)

    def _part(self, cell: Cell, index: int, span: int, style: Style) -> _Part:
        left = self.left[index]
        width = self.left[index + span] - left - 2 * self.pad
        kind = type(cell)
        if kind is Text:
            assert isinstance(cell, Text)  # noqa: S101 - told by its type, which is quicker for long tables
            main = self.strong if cell.note and style is self.base else style
            lines = self.type.lines(cell.text, main, width)
            shown = self._shown(lines, main)
            if not cell.note:
                return _Part(self._x(index), shown, len(lines))
            notes = self.type.lines(cell.note, self.note, width)
            return _Part(self._x(index), f"{shown} T* {self._shown(notes, self.note)}", len(lines) + len(notes))
        if kind is Chip:
            assert isinstance(cell, Chip)  # noqa: S101
            tone = TONES[cell.mark]
            ink = WHITE if tone.solid else tone.ink
            chip = Style(self.chip.face, self.chip.size, ink)
            label = clean(cell.label)
            room = self.type.width(label, chip) + _CHIP_ROOM
            return _Part(f"{left + self.pad + 10.5:.2f}", self._shown([label], chip), 1, (left + self.pad, room, cell.mark))
        if kind is Missing:
            style = self.missing
        elif kind is Reference:
            style = self.mono
        text = clean(written(cell, self.flow.language))
        lines = self.type.lines(text, style, width) if kind in _WRAPPED else [text]
        if not self.right[index]:
            return _Part(self._x(index), self._shown(lines, style), len(lines))
        edge = left + self.pad + width
        starts = [edge - self.type.width(line.rstrip(" "), style) for line in lines]
        return _Part(f"{starts[0]:.2f}", self._shown(lines, style, starts), len(lines))

    def _x(self, index: int) -> str:
        return f"{self.left[index] + self.pad:.2f}"

    def _shown(self, lines: list[str], style: Style, starts: list[float] | None = None) -> str:
        """Operators that show lines one below the other; the table's own font and colour hold outside."""
        codes = self.type.codes(style)
        if len(lines) == 1:
            shown = f"({lines[0].translate(codes)}) Tj"
        elif starts is None:
            shown = " T* ".join([f"({line.translate(codes)}) Tj" for line in lines])
        else:
            moves = ["", *(f"{x - before:.2f} {-self.leading:.2f} Td " for before, x in pairwise(starts))]
            shown = " ".join(f"{move}({line.translate(codes)}) Tj" for move, line in zip(moves, lines, strict=True))
        if style is self.base:
            return shown
        return f"{self.type.font(style)} {style.colour} rg {shown} {self.type.font(self.base)} {BODY} rg"

    def _cell_tags(self, span: int, parts: list[_Part | None]) -> tuple[CellTag, ...]:
        key = span, tuple(part is None for part in parts)
        if key not in self._tags:
            first = CellTag("TH", attributes(scope="Row", span=span))
            self._tags[key] = (first, *(CellTag("TD", empty=empty) for empty in key[1][1:]))
        return self._tags[key]

    # --- drawing

    def draw_header(self, head: Node | None) -> float:
        """Column titles and the line below them; tagged on the first page, an artifact on the others. Returns the height
        where the rows begin."""
        sheet, frame, y = self.flow.sheet, self.flow.frame, self.flow.y
        bottom = y - self.header_height
        leading = self.head.size * 1.2
        first_mark = sheet.marks
        for index, lines in enumerate(self.title_lines):
            top = bottom + 6 + (len(lines) - 1) * leading
            edge = self.left[index + 1] - self.pad if self.right[index] else self.left[index] + self.pad
            tag = "/Artifact BMC" if head is None else f"/TH <</MCID {sheet.marks}>> BDC"
            sheet.marks += head is not None
            sheet.operators.append(tag)
            for number, line in enumerate(lines):
                text = line.rstrip(" ") if self.right[index] and number == len(lines) - 1 else line
                wide = self.type.width(line.rstrip(" "), self.head)
                sheet.text(edge - wide if self.right[index] else edge, top - number * leading, text, self.head)
            sheet.operators.append("EMC")
        if head is not None:
            title = CellTag("TH", attributes(scope="Column"))
            head.kids.append(Cells(sheet.index, first_mark, (title,) * len(self.title_lines)))
        with sheet.artifact():
            sheet.rule(frame.left, frame.right, bottom, INK, 0.9)
        return bottom

    def draw_grounds(self, lines: list[_Line], y: float, start: int) -> None:
        """Stripes, grounds, lines and chips behind the rows of one page, as one artifact."""
        sheet, frame = self.flow.sheet, self.flow.frame
        stripes: list[str] = []
        grounds: list[str] = []
        rules: list[str] = []
        with sheet.artifact():
            top = y
            for index, line in enumerate(lines):
                box = f"{frame.left:.2f} {y - line.height:.2f} {frame.inner:.2f} {line.height:.2f} re"
                if line.kind in (RowKind.SUBTOTAL, RowKind.HEADING):
                    grounds.append(box)
                elif line.kind is RowKind.BODY and self.long and (start + index) % 2:
                    stripes.append(box)
                y -= line.height
                after = lines[index + 1].kind if index + 1 < len(lines) else None
                if not self.long and line.kind is after is RowKind.BODY:
                    rules.append(f"{frame.left:.2f} {y:.2f} m {frame.right:.2f} {y:.2f} l")
            for colour, boxes in ((ZEBRA, stripes), (GROUP, grounds)):
                if boxes:
                    sheet.operators.append(f"{colour} rg {' '.join(boxes)} f")
            if rules:
                sheet.operators.append(f"{HAIR} RG 0.6 w {' '.join(rules)} S")
            y = top
            for line in lines:
                if line.kind is RowKind.TOTAL:
                    sheet.rule(frame.left, frame.right, y, INK, 0.9)
                for part in line.parts:
                    if part and part.chip:
                        self._chip(part.chip, y - self.above)
                y -= line.height
            if lines[-1].kind is not RowKind.TOTAL:
                sheet.rule(frame.left, frame.right, y, INK if lines[-1].kind is RowKind.SUBTOTAL else HAIR, 0.6)

    def _chip(self, chip: tuple[float, float, Mark], top: float) -> None:
        x, width, mark = chip
        tone, height = TONES[mark], self.size * 1.36
        middle = top - self.size * 0.5
        sheet = self.flow.sheet
        if mark is Mark.MISSING:
            sheet.outline(x, middle - height / 2, width, height, tone.ink, thick=0.6, radius=height / 2, dash="1.8 1.2")
        else:
            sheet.box(x, middle - height / 2, width, height, tone.ink if tone.solid else tone.ground, radius=height / 2)
        sheet.box(x + 4.4, middle - 1.7, 3.4, 3.4, WHITE if tone.solid else tone.ink, radius=1.7)

    def draw_rows(self, lines: list[_Line], y: float) -> list[Cells]:
        """The texts of the rows of one page; returns the rows' places in the structure tree."""
        sheet = self.flow.sheet
        rows = []
        put, mark = sheet.operators.append, sheet.marks
        put(f"BT {self.type.font(self.base)} {BODY} rg {self.leading:g} TL")
        drop = self.above + self.size * 0.8
        for line in lines:
            base = f"{y - drop:.2f}"
            rows.append(Cells(sheet.index, mark, line.tags))
            for part, tag in zip(line.parts, line.tags, strict=True):
                if part is not None:
                    put(f"/{tag.tag} <</MCID {mark}>> BDC 1 0 0 1 {part.x} {base} Tm {part.shown} EMC")
                    mark += 1
            y -= line.height
        put("ET")
        sheet.marks = mark
        return rows


def _right(table: Table, index: int) -> bool:
    """Whether a column is set flush right: it holds numbers."""
    kinds = [type(row.cells[index]) for row in table.rows if row.kind is RowKind.BODY and type(row.cells[index]) is not Missing]
    return bool(kinds) and all(kind in _NUMBERS for kind in kinds[:50])


def _span(row: Row) -> int:
    """Over how many columns the first cell of a heading or a sum extends."""
    if row.kind is RowKind.BODY:
        return 1
    span = 1
    while span < len(row.cells) and row.cells[span] is None:
        span += 1
    return span


# ------------------------------------------------------------------------------------------------------- columns


@dataclass(slots=True)
class _Measure:
    """What a column needs, in thousandths of the size of type: unbreakable content, longest word, longest text, title."""

    whole: float
    word: float
    text: float
    title: float
    chip: bool


def _measure(table: Table, index: int, title: str, type_: Type, language: str) -> _Measure:
    body, strong = Style("regular", 1000, BODY), Style("bold", 1000, BODY)
    mono = Style("mono", 840, BODY)
    whole = word = text = 0.0
    chip = False
    widths: dict[str, float] = {}
    longest: dict[int, str] = {}
    for row in table.rows:
        cell = row.cells[index]
        if cell is None or (index == 0 and _span(row) > 1):
            continue
        kind = type(cell)
        if kind in (Cents, Count) and row.kind is RowKind.BODY:
            shown = written(cell, language)  # tabular figures: the longest is the widest
            if len(shown) > len(longest.get(0, "")):
                longest[0] = shown
            continue
        if kind not in _WRAPPED:
            chip = chip or kind is Chip
            style = strong if row.kind is not RowKind.BODY or kind is Chip else body
            shown = written(cell, language)
            if shown not in widths:
                widths[shown] = type_.width(shown, style)
                whole = max(whole, widths[shown])
            continue
        style = mono if kind is Reference else body if row.kind is RowKind.BODY else strong
        for shown in (written(cell, language), getattr(cell, "note", None) or ""):
            if shown and shown not in widths:
                widths[shown] = wide = type_.width(shown, style)
                text = max(text, wide)
                if wide > word:
                    word = max(word, *(type_.width(each, style) for each in shown.split(" ")))
    if longest:
        whole = max(whole, type_.width(longest[0], body))
    head = max(type_.width(each, Style("semibold", 1000, BODY)) for each in title.split(" "))
    return _Measure(whole, word, text, head, chip)


def _columns(table: Table, measures: list[_Measure], inner: float, long: bool) -> tuple[float, list[float]]:
    """The largest size of type with which every column gets what it needs, and the columns' widths."""
    for size in _SIZES:
        if long and size > 8:
            continue
        pad = 2 * (4.0 if size >= 8.5 else 3.0 if size >= 7 else 2.2)
        k = size / 1000
        least, most, flexible = [], [], []
        for measure in measures:
            title = min(measure.title * min(k, (size * 0.5 + 3.6) / 1000), 62.0)
            whole = measure.whole * k + (_CHIP_ROOM if measure.chip else 0) + 0.5
            low = max(whole, min(measure.word * k, 11 * size), min(measure.text * k, 7 * size), title)
            least.append(low + pad)
            most.append(max(low, measure.text * k + 0.5) + pad)
            flexible.append(measure.text > 0 and measure.text * k > low)
        if sum(least) <= inner:
            return size, _share(table, least, most, flexible, inner)
    raise ValueError(
        f"table {table.caption or table.columns[0].title!r}: {len(table.columns)} columns do not fit on"
        f" {inner / 72 * 25.4:.0f} mm; ask for landscape, or split the table"
    )


def _share(table: Table, least: list[float], most: list[float], flexible: list[bool], inner: float) -> list[float]:
    """Widths that fill the page: each column gets the least it needs, texts share what is left by their weight."""
    widths = list(least)
    weights = [
        column.weight if column.weight is not None else max(wide - low, 0.0) ** 0.5
        for column, low, wide in zip(table.columns, least, most, strict=True)
    ]
    open_ = {index for index, soft in enumerate(flexible) if soft and weights[index] > 0}
    left = inner - sum(widths)
    while left > 0.01 and open_:
        total = sum(weights[index] for index in sorted(open_))
        used = 0.0
        for index in sorted(open_):
            more = min(left * weights[index] / total, most[index] - widths[index])
            widths[index] += more
            used += more
        open_ = {index for index in open_ if most[index] - widths[index] > 0.01}
        left -= used
    if left > 0.01:  # everything fits: spread what is left, texts before numbers
        shares = [wide if wide > low else wide * 0.35 for low, wide in zip(least, most, strict=True)]
        widths = [width + left * share / sum(shares) for width, share in zip(widths, shares, strict=True)]
    return widths
