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
_SHORT = 8  # rows up to which a table stays on one page
_LONG = 40  # rows from which on a table is set tighter and zebra-striped
_MANY = 13  # columns from which on it is set tighter still: a row of two lines is followed more easily than one of four
_SUMS = (RowKind.SUBTOTAL, RowKind.TOTAL)
_NUMBERS = (Cents, Count, Share)
_WRAPPED = (Text, Reference, Missing)
_NONE = Text("–")  # nothing to show: stands where the column's numbers stand
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
    group: _Line | None = None  # whose heading is repeated at the top of the next page
    flow.need(setting.header_height + lines[0].height + sum(min(line.height, 30) for line in lines[1:2]))
    start, first = 0, True
    while start < len(lines):
        carried = group if lines[start].kind is not RowKind.HEADING else None
        room = flow.y - flow.frame.bottom - setting.header_height - (carried.height if carried else 0)
        end = _page_end(lines, heads, start, room)
        if end == start and flow.y < flow.frame.top:
            flow.open()
            continue
        end = max(end, start + 1)
        head = node.add("THead") if first else None
        y = setting.draw_header(head)
        if carried:
            y = setting.draw_carried(carried, y)
        setting.draw_grounds(lines[start:end], y, start)
        for line, cells in zip(lines[start:end], setting.draw_rows(lines[start:end], y), strict=True):
            if line.kind is RowKind.TOTAL and (body is None or body.tag != "TFoot"):
                body = node.add("TFoot")
            elif body is None or (body.tag == "TFoot" and line.kind is not RowKind.TOTAL):
                body = node.add("TBody")
            body.kids.append(cells)
            if line.kind is RowKind.SUBTOTAL:
                body = None
            if line.kind is not RowKind.BODY:
                group = line if line.kind is RowKind.HEADING else None
        flow.y = y - sum(line.height for line in lines[start:end])
        start, first = end, False
        if start < len(lines):
            flow.open()


def room_of(flow: Flow, table: Table) -> float:
    """About how much room the table's beginning needs: its header and first rows; a short table is not divided."""
    first = Table(table.columns, table.rows[: 2 if len(table.rows) > _SHORT else _SHORT], table.caption)
    setting = _Setting(flow, first)
    return setting.header_height + sum(line.height for line in setting.lines(first)) * 1.1


def _heads(lines: list[_Line]) -> Iterator[bool]:
    """For each line, whether it must share the page with the next: a heading with what follows, a sum with what it sums."""
    for line, after in pairwise(lines):
        yield line.kind is RowKind.HEADING or (after.kind in _SUMS and line.kind in (RowKind.BODY, RowKind.SUBTOTAL))
    yield False


def _page_end(lines: list[_Line], glued: list[bool], start: int, room: float) -> int:
    """How far the lines from `start` on go into `room`; at least one line on an empty page is the caller's business."""
    used, end = 0.0, start
    while end < len(lines) and used + lines[end].height <= room:
        used += lines[end].height
        end += 1
    if end == len(lines):
        return end
    if end == len(lines) - 1 and end - start > 2:  # no row stands alone on the last page
        end -= 1
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
        titles = [
            f"{column.title} €" if self._amounts(table, index) and "€" not in column.title else column.title
            for index, column in enumerate(table.columns)
        ]
        self.titles = [title.replace(" €", "\u00a0€") for title in titles]
        measures = [_measure(table, index, title, self.type, flow.language) for index, title in enumerate(self.titles)]
        size, self.widths = _columns(table, measures, self.right, flow.frame.inner)
        self.size = size
        self.before, self.after = _padding(table, self.right, size)
        self.leading = round(size * 1.24, 2)
        self.above = round(size * (0.32 if self.long or size < 7.5 else 0.48 if len(table.rows) > 12 else 0.62), 2)
        self.base = Style("regular", size, BODY)  # of the whole text block; other styles are switched to and back
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
        self.title_lines = [self.type.lines(title, self.head, self._room(index)) for index, title in enumerate(self.titles)]
        self.header_height = max(map(len, self.title_lines)) * self.head.size * 1.2 + 7
        # A higher row is cut in pieces of half a page, which find room below a heading.
        self.most_lines = int((flow.frame.top - flow.frame.bottom - self.header_height - 2 * self.above) / self.leading / 2)
        self._chips: dict[tuple[Chip, int], _Part] = {}
        self._tags: dict[tuple[int, tuple[bool, ...]], tuple[CellTag, ...]] = {}

    @staticmethod
    def _amounts(table: Table, index: int) -> bool:
        return any(type(row.cells[index]) is Cents for row in table.rows)

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def lines(self, table: Table) -> list[_Line]:
        if not table.rows:
            part = _Part(self._x(0), self._shown([self.words["no rows"]], self.note), 1)
            tags = (CellTag("TD", attributes(span=len(table.columns))),)
            return [_Line(RowKind.BODY, self.leading + 2 * self.above, [part], tags)]
        return [line for row in table.rows for line in self._row(row)]

    def _row(self, row: Row) -> Iterator[_Line]:
        """The row, or if it is higher than half a page, its pieces."""
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
        """A row too high: its texts are cut into several rows, nothing is left out."""
        style = self.base if row.kind is RowKind.BODY else self.strong
        texts: list[list[str]] = []
        for index, cell in enumerate(row.cells):
            if isinstance(cell, _WRAPPED):
                told = written(cell, self.flow.language)
                if isinstance(cell, Text) and cell.note:
                    told = f"{told} {cell.note}"
                texts.append(self.type.lines(told, style, self._room(index)))
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
        left = self.left[index] + self.before[index]
        width = self._room(index, span)
        kind = type(cell)
        if kind is Text:
            assert isinstance(cell, Text)  # noqa: S101 - told by its type, which is quicker for long tables
            main = self.strong if cell.note and style is self.base else style
            lines = self.type.lines(cell.text, main, width)
            if self.right[index] and cell == _NONE:
                return _Part(f"{left + width - self.type.width(cell.text, main):.2f}", self._shown(lines, main), 1)
            if not cell.note:
                return _Part(self._x(index), self._shown(lines, main), len(lines))
            shown = self._shown([*lines[:-1], f"{lines[-1]} "], main)
            notes = self.type.lines(cell.note, self.note, width)
            return _Part(self._x(index), f"{shown} T* {self._shown(notes, self.note)}", len(lines) + len(notes))
        if kind is Chip:
            assert isinstance(cell, Chip)  # noqa: S101
            if (cell, index) not in self._chips:
                self._chips[cell, index] = self._chip_part(cell, left)
            return self._chips[cell, index]
        if kind is Missing:
            style = self.missing
        elif kind is Reference:
            style = self.mono
        text = clean(written(cell, self.flow.language))
        if kind is Reference:
            text = " ".join(_steps(text))
        lines = self.type.lines(text, style, width) if kind in _WRAPPED else [text]
        if not self.right[index]:
            return _Part(self._x(index), self._shown(lines, style), len(lines))
        starts = [left + width - self.type.width(line.rstrip(" "), style) for line in lines]
        return _Part(f"{starts[0]:.2f}", self._shown(lines, style, starts), len(lines))

    def _chip_part(self, cell: Chip, left: float) -> _Part:
        tone = TONES[cell.mark]
        style = Style(self.chip.face, self.chip.size, WHITE if tone.solid else tone.ink)
        label = clean(cell.label)
        room = self.type.width(label, style) + _CHIP_ROOM
        return _Part(f"{left + 10.5:.2f}", self._shown([label], style), 1, (left, room, cell.mark))

    def _x(self, index: int) -> str:
        return f"{self.left[index] + self.before[index]:.2f}"

    def _room(self, index: int, span: int = 1) -> float:
        """The width a cell's content has."""
        last = index + span - 1
        return self.left[last] + self.widths[last] - self.after[last] - self.left[index] - self.before[index]

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

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def draw_header(self, head: Node | None) -> float:
        """Column titles and the line below them; tagged on the first page, an artifact on the others. Returns the height
        where the rows begin."""
        sheet, frame, y = self.flow.sheet, self.flow.frame, self.flow.y
        bottom = y - self.header_height
        leading = self.head.size * 1.2
        first_mark = sheet.marks
        for index, lines in enumerate(self.title_lines):
            top = bottom + 6 + (len(lines) - 1) * leading
            edge = self.left[index + 1] - self.after[index] if self.right[index] else self.left[index] + self.before[index]
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

    def draw_carried(self, line: _Line, y: float) -> float:
        """The heading of a group that began on an earlier page, as an artifact; returns the height below it."""
        sheet, frame, part = self.flow.sheet, self.flow.frame, line.parts[0]
        if part is None:
            return y
        more = self._shown([f" ({self.words['continued']})"], self.note)
        base = f"{y - self.above - self.size * 0.88:.2f}"
        with sheet.artifact("Header"):
            sheet.box(frame.left, y - line.height, frame.inner, line.height, GROUP)
            start = f"BT {self.type.font(self.base)} {BODY} rg {self.leading:g} TL 1 0 0 1 {part.x} {base} Tm"
            sheet.operators.append(f"{start} {part.shown} {more} ET")
        return y - line.height

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
                if line.kind is RowKind.HEADING:
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
                if line.kind in (RowKind.SUBTOTAL, RowKind.TOTAL):
                    sheet.rule(frame.left, frame.right, y, INK, 0.9 if line.kind is RowKind.TOTAL else 0.5)
                for part in line.parts:
                    if part and part.chip:
                        self._chip(part.chip, y - self.above)
                y -= line.height
            if lines[-1].kind is not RowKind.TOTAL:
                sheet.rule(frame.left, frame.right, y, INK if lines[-1].kind is RowKind.SUBTOTAL else HAIR, 0.6)

    def _chip(self, chip: tuple[float, float, Mark], top: float) -> None:
        x, width, mark = chip
        tone, height = TONES[mark], self.size * 1.36
        middle = top - self.size * 0.57
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
        drop = self.above + self.size * 0.88
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


def _steps(reference: str) -> list[str]:
    """``M-1/1 · 3f2a…:17 · M-1/S-1 · 9c0b…:3``: an entry and its row stay together, so do proof and bank line."""
    parts = reference.split(" · ")
    if len(parts) < 4 or len(parts) % 2:
        return [reference]
    return [f"{entry}\u00a0·\u00a0{row}" for entry, row in zip(parts[::2], parts[1::2], strict=True)]


def _line_of(reference: str) -> str:
    """What of it should stand in one line: an entry and its row; of several references two."""
    steps = _steps(reference)
    if len(steps) > 1:
        return max(steps, key=len)
    told = reference.replace(" · ", "\u00a0·\u00a0").split(" ")
    return " ".join(sorted(told, key=len)[-2:])


def _right(table: Table, index: int) -> bool:
    """Whether a column is set flush right: it holds numbers."""
    cells = (row.cells[index] for row in table.rows if row.kind is RowKind.BODY)
    kinds = [type(cell) for cell in cells if type(cell) is not Missing and cell != _NONE]
    return bool(kinds) and all(kind in _NUMBERS for kind in kinds[:50])


def _span(row: Row) -> int:
    """Over how many columns the first cell of a heading or a sum extends."""
    if row.kind is RowKind.BODY:
        return 1
    span = 1
    while span < len(row.cells) and row.cells[span] is None:
        span += 1
    return span


# ── columns ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Measure:
    """What a column needs, in thousandths of the size of type: unbreakable content, longest word, usual and longest
    text (three of four are no longer than the usual), title, label of its widest chip."""

    whole: float
    word: float
    usual: float
    text: float
    title: float
    chip: float
    reference: bool


def _measure(table: Table, index: int, title: str, type_: Type, language: str) -> _Measure:
    body, strong = Style("regular", 1000, BODY), Style("bold", 1000, BODY)
    mono, label = Style("mono", 840, BODY), Style("semibold", 860, BODY)
    whole = word = text = chip = 0.0
    widths: dict[str, float] = {}
    texts: list[float] = []
    longest = ""
    for row in table.rows:
        cell = row.cells[index]
        if cell is None or (index == 0 and _span(row) > 1):
            continue
        kind = type(cell)
        shown = written(cell, language)
        if kind in (Cents, Count) and row.kind is RowKind.BODY:
            if len(shown) > len(longest):  # tabular figures: the longest is the widest
                longest = shown
            continue
        seen = widths.get(shown)
        if seen is not None:
            if kind in _WRAPPED:
                texts.append(seen)
            continue
        plainly = row.kind is RowKind.BODY and not (isinstance(cell, Text) and cell.note)
        style = mono if kind is Reference else label if kind is Chip else body if plainly else strong
        wide = widths[shown] = type_.width(_line_of(shown) if kind is Reference else shown, style)
        if kind not in _WRAPPED:
            if kind is Chip:
                chip = max(chip, wide)
            else:
                whole = max(whole, wide)
            continue
        note = cell.note if isinstance(cell, Text) and cell.note else ""
        beneath = type_.width(note, body)
        texts.append(max(wide, beneath / 2))  # a note may well take two lines
        text = max(text, wide, beneath)
        if wide > word or note:
            word = max(word, *(type_.width(each, style) for each in f"{shown} {note}".split(" ")))
    whole = max(whole, type_.width(longest, body))
    head = max(type_.width(each, Style("semibold", 1000, BODY)) for each in title.split(" "))
    at = len(table.rows) * 3 // 4 - (len(table.rows) - len(texts))  # rows with something unbreakable count as short
    usual = sorted(texts)[at] if texts and at >= 0 else 0.0
    reference = all(type(row.cells[index]) is Reference for row in table.rows if row.kind is RowKind.BODY)
    return _Measure(whole, word, usual, text, head, chip, reference)


def _padding(table: Table, right: list[bool], size: float) -> tuple[list[float], list[float]]:
    """Room before and after the content of each column: none at the outer edges where no ground is behind the rows, more
    where a text follows a number."""
    pad = 4.0 if size >= 8.5 else 3.0 if size >= 7 else 2.2
    before = [pad + (1.6 * pad if index and right[index - 1] and not right[index] else 0) for index in range(len(right))]
    after = [pad] * len(right)
    if len(table.rows) <= _LONG and all(row.kind in (RowKind.BODY, RowKind.TOTAL) for row in table.rows):
        before[0] = after[-1] = 0.0
    return before, after


def _columns(table: Table, measures: list[_Measure], right: list[bool], inner: float) -> tuple[float, list[float]]:
    """The largest size of type with which every column gets what it needs, and the columns' widths."""
    for size in _SIZES:
        if len(table.rows) > _LONG and size > 7.5:
            continue
        k = size / 1000
        least, usual, most = [], [], []
        for measure, before, after in zip(measures, *_padding(table, right, size), strict=True):
            title = min(measure.title * min(k, (size * 0.5 + 3.6) / 1000), 62.0)
            whole = max(measure.whole * k, measure.chip * k + _CHIP_ROOM if measure.chip else 0)
            if measure.reference:  # followed by eye and finger: in one line, if it is not too long
                whole = max(whole, min(measure.text * k, 18 * size))
            low = max(whole, min(measure.word * k, 11 * size), min(measure.text * k, 7 * size), title) + 0.5
            least.append(low + before + after)
            usual.append(max(low, measure.usual * k + 0.5) + before + after)
            most.append(max(low, measure.text * k + 0.5) + before + after)
        if len(table.columns) >= _MANY and size > 7.0 and sum(usual) > inner:
            continue
        if sum(least) <= inner:
            return size, _share(table, least, usual, most, inner)
    raise ValueError(
        f"table {table.caption or table.columns[0].title!r}: {len(table.columns)} columns do not fit on"
        f" {inner / 72 * 25.4:.0f} mm; ask for landscape, or split the table"
    )


def _share(table: Table, least: list[float], usual: list[float], most: list[float], inner: float) -> list[float]:
    """Widths that fill the page. Each column gets the least it needs; what is left goes to texts, first until the usual
    ones stand in one line, then the longest."""
    widths = list(least)
    for goals in (usual, most):
        while (left := inner - sum(widths)) > 0.01:
            gaps = [max(goal - width, 0.0) for goal, width in zip(goals, widths, strict=True)]
            weights = [
                0.0 if gap < 0.01 else float(gap**0.5 if column.weight is None else column.weight)
                for column, gap in zip(table.columns, gaps, strict=True)
            ]
            total = sum(weights)
            if not total:
                break
            more = [min(gap, left * weight / total) for gap, weight in zip(gaps, weights, strict=True)]
            widths = [width + extra for width, extra in zip(widths, more, strict=True)]
    if (left := inner - sum(widths)) > 0.01:  # everything fits in one line: spread the rest, texts before numbers
        shares = [width if goal > low else width * 0.35 for low, goal, width in zip(least, most, widths, strict=True)]
        widths = [width + left * share / sum(shares) for width, share in zip(widths, shares, strict=True)]
    return widths
