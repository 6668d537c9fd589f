"""The blocks of a document that are not tables, and the page's opening and end."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import segno

from services.reporting.domain.document import (
    Cell,
    Chart,
    CheckItem,
    CheckList,
    Chip,
    Document,
    Fact,
    KeyFigure,
    Mark,
    Missing,
    Notice,
    Paragraph,
    Reference,
    Release,
)
from services.reporting.renderers.pdf.flow import Flow
from services.reporting.renderers.pdf.seams import text_string
from services.reporting.renderers.pdf.sheet import Sheet
from services.reporting.renderers.pdf.structure import Link, Node, attributes
from services.reporting.renderers.pdf.style import (
    ACCENT,
    BODY,
    CHIP,
    HEADING,
    INK,
    LABEL,
    LINE,
    MONO,
    MUTED,
    ON_SERIES,
    PAPER,
    SERIES,
    SUBTITLE,
    TEXT,
    TITLE,
    TONES,
    VALUE,
    WHITE,
)
from services.reporting.renderers.pdf.typography import Style, clean
from services.reporting.renderers.words import marks, words, written
from shared.values.german import write_cents, write_day, write_share

# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def draw_opening(flow: Flow, document: Document) -> None:
    """Title, subtitle, status, facts, notices and key figures."""
    flow.y = flow.frame.height - 60 - TITLE.size
    flow.bookmark(document.title)
    _text(flow, document.title, TITLE, "H1", leading=TITLE.size * 1.12)
    if document.subtitle:
        flow.y -= 1
        _text(flow, document.subtitle, SUBTITLE, "P", leading=15)
    if document.status:
        flow.y -= 2
        draw_chips(flow, document.status)
    if document.facts:
        flow.y -= 4
        draw_facts(flow, document.facts)
    for notice in document.notices:
        flow.y -= 2
        draw_notice(flow, notice)
    if document.key_figures:
        flow.y -= 4
        draw_key_figures(flow, document.key_figures)


def draw_chips(flow: Flow, chips: Sequence[Chip]) -> None:
    """Chips in a line, breaking where there is no more room."""
    x = flow.frame.left
    flow.y -= 10
    node = flow.root.add("P")
    for chip in chips:
        width = chip_width(flow.sheet, chip)
        if x > flow.frame.left and x + width > flow.frame.right:
            x = flow.frame.left
            flow.y -= 17
        with flow.sheet.artifact():
            chip_ground(flow.sheet, chip, x, flow.y)
        with flow.sheet.tagged(node):
            chip_label(flow.sheet, chip, x, flow.y)
        x += width + 6
    flow.y -= 12


def chip_width(sheet: Sheet, chip: Chip) -> float:
    return sheet.type.width(clean(chip.label), CHIP) + 18


def chip_ground(sheet: Sheet, chip: Chip, x: float, y: float) -> None:
    """What stands behind a chip's label with its baseline at y; its left edge at x."""
    tone, width = TONES[chip.mark], chip_width(sheet, chip)
    if chip.mark is Mark.MISSING:
        sheet.outline(x, y - 4, width, 13.2, tone.ink, thick=0.7, radius=6.6, dash="2 1.4")
    else:
        sheet.box(x, y - 4, width, 13.2, tone.ink if tone.solid else tone.ground, radius=6.6)
    sheet.box(x + 5.6, y + 0.6, 4, 4, WHITE if tone.solid else tone.ink, radius=2)


def chip_label(sheet: Sheet, chip: Chip, x: float, y: float) -> None:
    tone = TONES[chip.mark]
    sheet.text(x + 12.4, y, f"{clean(chip.label)} ", Style(CHIP.face, CHIP.size, WHITE if tone.solid else tone.ink))


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def draw_heading(flow: Flow, title: str, room: float, tag: str = "H2", style: Style = HEADING) -> None:
    """A heading that stays with the next `room` points."""
    lines = flow.type.lines(title, style, flow.frame.inner)
    above = 12 if style is HEADING else 2
    flow.need(len(lines) * style.size * 1.25 + 12 + above + room)
    flow.y -= style.size + (above if flow.y < flow.frame.top else 0)
    if tag == "H2":
        flow.bookmark(title)
    _lines(flow, flow.root.add(tag), lines, style, style.size * 1.25)
    flow.y += style.size * 1.25 - 8


def draw_paragraph(flow: Flow, paragraph: Paragraph) -> None:
    for part in paragraph.text.splitlines():
        if part.strip():
            height = 12.4 * len(_broken(flow, part, TEXT))
            flow.need(height if height < 80 else 40)  # a few lines are not divided
            flow.y -= 9
            _text(flow, part, TEXT, "P", leading=12.4)


def _text(flow: Flow, text: str, style: Style, tag: str, leading: float) -> None:
    _lines(flow, flow.root.add(tag), _broken(flow, text, style), style, leading)


def _broken(flow: Flow, text: str, style: Style) -> list[str]:
    return flow.type.lines(text, style, min(flow.frame.inner, 620))  # longer lines are hard to read


def _most(flow: Flow) -> float:
    """The height from which on a block is set as running text, since it might not fit on a sheet."""
    return (flow.frame.top - flow.frame.bottom) * 0.8


def _lines(flow: Flow, node: Node, lines: Sequence[str], style: Style, leading: float, *, indent: float = 0) -> None:
    """Lines of one element from the flow's height on, over as many sheets as it takes; the first baseline is at flow.y."""
    for line in lines:
        if flow.y < flow.frame.bottom:
            flow.open()
            flow.y -= style.size
        flow.sheet.write(node, flow.frame.left + indent, flow.y, line, style)
        flow.y -= leading


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


_Laid = tuple[float, list[tuple[Fact, float, list[str], list[str], list[str]]]]  # height; x, label, value, note


def _value_style(value: Cell) -> Style:
    if isinstance(value, Reference):
        return Style(MONO.face, 8, BODY)
    return Style(VALUE.face, VALUE.size, TONES[Mark.MISSING].ink) if isinstance(value, Missing) else VALUE


def _laid(flow: Flow, facts: Sequence[Fact]) -> list[_Laid]:
    """Labels above values on a grid; a long value takes several columns of it."""
    columns = 4 if flow.frame.inner < 600 else 6
    gap = 14.0
    width = (flow.frame.inner + gap) / columns
    rows: list[list[tuple[Fact, int, int]]] = [[]]  # fact, first column, columns
    at = 0
    for fact in facts:
        shown = clean(written(fact.value, flow.language, unit=True))
        wide = max(flow.type.width(shown, _value_style(fact.value)), flow.type.width(clean(fact.label), LABEL) * 0.9) + gap
        span = min(columns, max(1, int(-(-wide // width))))
        if at + span > columns:
            rows.append([])
            at = 0
        rows[-1].append((fact, at, span))
        at += span
    laid: list[_Laid] = []
    for row in rows:
        cells = []
        for fact, first, span in row:
            room = span * width - gap
            labels = flow.type.lines(fact.label, LABEL, room)
            values = flow.type.lines(written(fact.value, flow.language, unit=True), _value_style(fact.value), room)
            note = getattr(fact.value, "note", None)
            notes = flow.type.lines(note, LABEL, room) if note else []
            cells.append((fact, first * width, labels, values, notes))
        height = max(len(labels) * 9.4 + len(values) * 11.6 + len(notes) * 9.4 for _, _, labels, values, notes in cells)
        laid.append((height, cells))
    return laid


def draw_facts(flow: Flow, facts: Sequence[Fact]) -> None:
    """Labelled values side by side."""
    for height, cells in _laid(flow, facts):
        flow.need(height + 6)
        top = flow.y - 8
        deepest = max(len(labels) for _, _, labels, _, _ in cells)
        for fact, indent, labels, values, notes in cells:
            node = flow.root.add("P")
            x, y = flow.frame.left + indent, top - (deepest - len(labels)) * 9.4
            for lines, style, leading in ((labels, LABEL, 9.4), (values, _value_style(fact.value), 11.6), (notes, LABEL, 9.4)):
                if lines is values:
                    y -= 2.2
                for number, line in enumerate(lines):
                    last = lines is not notes and number == len(lines) - 1
                    flow.sheet.write(node, x, y, f"{line} " if last else line, style)
                    y -= leading
        flow.y -= height + 12
    flow.y -= 2


def draw_notice(flow: Flow, notice: Notice) -> None:
    """A tinted box with icon, title and text."""
    tone = TONES[notice.mark]
    width = flow.frame.inner - 44
    title = Style("semibold", 9.4, tone.ink)
    text = Style("regular", 8.6, BODY)
    heads = flow.type.lines(notice.title, title, width)
    lines = flow.type.lines(notice.text, text, width) if notice.text else []
    height = len(heads) * 12 + len(lines) * 11.2 + 14
    if lines and height > _most(flow):
        draw_notice(flow, Notice(notice.mark, notice.title))
        draw_paragraph(flow, Paragraph(notice.text or ""))
        return
    flow.need(height + 8)
    bottom = flow.y - height
    with flow.sheet.artifact():
        ground = PAPER if tone.ground == WHITE else tone.ground
        flow.sheet.box(flow.frame.left, bottom, flow.frame.inner, height, ground, radius=4)
        flow.sheet.box(flow.frame.left, bottom, 3, height, tone.ink)
    icon(flow.sheet, notice.mark, flow.frame.left + 20, flow.y - 13.2)
    node = flow.root.add("P")
    y = flow.y - 16.4
    for number, line in enumerate(heads):
        flow.sheet.write(node, flow.frame.left + 34, y, f"{line} " if number == len(heads) - 1 and lines else line, title)
        y -= 12
    for line in lines:
        flow.sheet.write(node, flow.frame.left + 34, y, line, text)
        y -= 11.2
    flow.y = bottom - 8


# ── key figures ──────────────────────────────────────────────────────────────────────────────────────────────────────


def draw_key_figures(flow: Flow, figures: Sequence[KeyFigure]) -> None:
    """Cards, up to four in a row; the values of a row have one size."""
    for start, end in _rows_of(len(figures), 4 if flow.frame.inner < 600 else 6):
        _cards(flow, figures[start:end])


def _rows_of(count: int, most: int) -> Iterator[tuple[int, int]]:
    """Slices of at most `most`, as even as can be: five cards in rows of four are three and two."""
    rows = -(-count // most)
    start = 0
    for row in range(rows):
        size = count // rows + (row < count % rows)
        yield start, start + size
        start += size


def _cards(flow: Flow, figures: Sequence[KeyFigure]) -> None:
    gap, inset = 9.0, 10.0
    columns = max(len(figures), 3 if flow.frame.inner < 600 else 4)
    width = (flow.frame.inner - (columns - 1) * gap) / columns
    room = width - 2 * inset
    shown = [clean(written(figure.value, flow.language, unit=True)) for figure in figures]
    size = 15.0
    while size > 9.5 and any(
        flow.type.width(text, Style("bold", size, INK)) > room
        for text, figure in zip(shown, figures, strict=True)
        if not isinstance(figure.value, Missing)
    ):
        size -= 0.5
    cells = []
    for figure, text in zip(figures, shown, strict=True):
        mark = Mark.MISSING if isinstance(figure.value, Missing) else figure.mark
        ink = INK if mark in (None, Mark.HOLDS) else TONES[mark].ink
        value = Style("bold", min(size, 10.5) if isinstance(figure.value, Missing) else size, ink)
        small = Style("regular", 8, MUTED if ink == INK else ink)
        labels = flow.type.lines(figure.label, Style("regular", 8, MUTED), room)
        values = flow.type.lines(text, value, room)
        notes = flow.type.lines(figure.note, small, room) if figure.note else []
        cells.append((labels, values, value, notes, small))
    deepest = max(len(labels) for labels, *_ in cells)
    height = max(len(values) * value.size * 1.2 + len(notes) * 9.8 for _, values, value, notes, _ in cells) + deepest * 9.8 + 24
    flow.need(height + 8)
    for number, (labels, values, value, notes, small) in enumerate(cells):
        x, y = flow.frame.left + number * (width + gap), flow.y - 16
        with flow.sheet.artifact():
            flow.sheet.box(x, flow.y - height, width, height, PAPER, radius=4)
        node = flow.root.add("P")
        for lines, style, leading in (
            (labels, Style("regular", 8, MUTED), 9.8),
            (values, value, value.size * 1.2),
            (notes, small, 9.8),
        ):
            if lines is values:
                y = flow.y - 16 - (deepest - 1) * 9.8 - value.size - 3.4
            elif lines is notes:
                y = flow.y - height + 10.5 + (len(notes) - 1) * 9.8
            for index, line in enumerate(lines):
                ends = index == len(lines) - 1 and lines is not notes
                flow.sheet.write(node, x + inset, y, f"{line} " if ends else line, style)
                y -= leading
    flow.y -= height + gap


# ── chart ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def chart_room(flow: Flow, chart: Chart) -> float:
    """About how much room a chart needs, for the heading that stays with it."""
    return 22.0 * len(chart.bars) + 14 * len(_legend_rows(flow, list(chart.series), Style("regular", 8, MUTED))) + 8


def draw_chart(flow: Flow, chart: Chart) -> None:
    """Stacked bars on one scale: shares in the bars, totals on the right, a legend below, the numbers in the Alt text."""
    if not chart.bars:
        return
    names, bars = _merged(chart, words(flow.language)["total"])
    label, total, inside = Style("semibold", 8.8, BODY), Style("semibold", 8.8, INK), Style("semibold", 7.8, WHITE)
    legend = Style("regular", 8, MUTED)
    sheet_type = flow.type
    left_width = min(120.0, max(sheet_type.width(clean(bar_label), label) for bar_label, _ in bars)) + 10
    labels = [sheet_type.lines(bar_label, label, left_width - 8) for bar_label, _ in bars]
    totals = [write_cents(sum(cents), unit=True) for _, cents in bars]
    right_width = max(sheet_type.width(text, total) for text in totals) + 10
    full = flow.frame.inner - left_width - right_width
    scale = max(1, *(sum(part for part in cents if part > 0) for _, cents in bars))
    steps = [max(22.0, len(lines) * 10.6 + 6) for lines in labels]
    rows = _legend_rows(flow, names, legend)
    negative = any(part < 0 for _, cents in bars for part in cents)
    height = sum(steps) + 14 * len(rows) + 6 + (12 if negative else 0)
    flow.need(height)
    top = flow.y
    box = (flow.frame.left, top - height, flow.frame.right, top)
    node = flow.root.add("Figure", attributes(alt=_told(flow.language, names, bars), box=box))
    sheet = flow.sheet
    with sheet.tagged(node):
        y = top - 4
        for (_, cents), lines, text, step in zip(bars, labels, totals, steps, strict=True):
            middle = y - step / 2 + 1
            sheet.lines(flow.frame.left, middle - 3 + (len(lines) - 1) * 5.3, lines, label, 10.6)
            x = flow.frame.left + left_width
            base = sum(part for part in cents if part > 0)
            for index, part in enumerate(cents):
                if part <= 0:
                    continue
                width = full * part / scale
                sheet.box(x, middle - 7.5, max(width - 0.8, 0.4), 15, SERIES[index])
                share = write_share(Fraction(part, base))
                if sheet_type.width(share, inside) + 9 < width:
                    sheet.text(x + 5, middle - 2.7, share, Style("semibold", 7.8, ON_SERIES[index]))
                x += width
            sheet.text(flow.frame.right, middle - 3, text, total, "right")
            y -= step
        for row in rows:
            y -= 14
            x = flow.frame.left + left_width
            for index, name in row:
                sheet.box(x, y + 1, 7, 7, SERIES[index])
                sheet.text(x + 11, y + 1.6, name, legend)
                x += 11 + sheet_type.width(name, legend) + 13
        if negative:
            sheet.text(flow.frame.left + left_width, y - 10, words(flow.language)["not drawn"], Style("regular", 7.6, MUTED))
    flow.y = top - height - 4


def _merged(chart: Chart, rest: str) -> tuple[list[str], list[tuple[str, tuple[int, ...]]]]:
    """Series and bars with no more series than there are colours; the last then stands for all others."""
    most = len(SERIES)
    if len(chart.series) <= most:
        return list(chart.series), [(bar.label, bar.cents) for bar in chart.bars]
    others = f"weitere ({len(chart.series) - most + 1})"
    return [*chart.series[: most - 1], others], [
        (bar.label, (*bar.cents[: most - 1], sum(bar.cents[most - 1 :]))) for bar in chart.bars
    ]


def _legend_rows(flow: Flow, names: list[str], style: Style) -> list[list[tuple[int, str]]]:
    rows: list[list[tuple[int, str]]] = [[]]
    used = 0.0
    most = flow.frame.inner - 130
    for index, name in enumerate(names):
        shown = flow.type.fitted(name, style, most - 24)
        width = flow.type.width(shown, style) + 24
        if used + width > most and rows[-1]:
            rows.append([])
            used = 0.0
        rows[-1].append((index, shown))
        used += width
    return rows


def _told(language: str, names: list[str], bars: list[tuple[str, tuple[int, ...]]]) -> str:
    """The chart in words, for who cannot see it."""
    told = [words(language)["stacked"]]
    for label, cents in bars:
        parts = ", ".join(f"{name} {write_cents(part)}" for name, part in zip(names, cents, strict=True))
        told.append(f"{label} {write_cents(sum(cents))}: {parts}.")
    return clean(" ".join(told))


# ── check list ───────────────────────────────────────────────────────────────────────────────────────────────────────


_CHECK, _DETAIL = Style("semibold", 8.8, BODY), Style("regular", 7.9, MUTED)


def draw_check_list(flow: Flow, checks: CheckList) -> None:
    """Outcomes with their icon; two columns on a normal page, three on a wide one."""
    columns = 1 if checks.wide else 2 if flow.frame.inner < 600 else 3
    gap = 18.0
    width = (flow.frame.inner - (columns - 1) * gap) / columns
    node = flow.root.add("L", attributes(unnumbered=True))
    starts = range(0, len(checks.items), columns)
    rows = [[_check_lines(flow, item, width - 20) for item in checks.items[start : start + columns]] for start in starts]
    heights = [max(len(heads) * 10.8 + len(details) * 9.6 for _, heads, details in row) for row in rows]
    for number, (start, row, height) in enumerate(zip(starts, rows, heights, strict=True)):
        if height > _most(flow):
            for item in checks.items[start : start + columns]:
                _draw_long_check(flow, item, node)
            continue
        last = heights[number + 1] + 8 if number == len(rows) - 2 else 0  # no row stands alone on the last page
        flow.need(height + 8 + (last if height + 8 + last <= _most(flow) else 0))
        for column, (item, heads, details) in enumerate(row):
            x, y = flow.frame.left + column * (width + gap), flow.y - 11
            icon(flow.sheet, item.mark, x + 6.6, y + 0.6)
            body = node.add("LI").add("LBody")
            for lines, style, leading in ((heads, _CHECK, 10.8), (details, _DETAIL, 9.6)):
                for index, line in enumerate(lines):
                    flow.sheet.write(body, x + 20, y, f"{line} " if lines is heads and index == len(lines) - 1 else line, style)
                    y -= leading
        flow.y -= height + 8
    flow.y -= 2


def _draw_long_check(flow: Flow, item: CheckItem, node: Node) -> None:
    """An outcome that needs more than a page: its icon, and its texts over as many sheets as they take."""
    _, heads, details = _check_lines(flow, item, flow.frame.inner - 20)
    flow.need(60)
    flow.y -= 11
    icon(flow.sheet, item.mark, flow.frame.left + 6.6, flow.y + 0.6)
    body = node.add("LI").add("LBody")
    _lines(flow, body, [*heads[:-1], f"{heads[-1]} "], _CHECK, 10.8, indent=20)
    _lines(flow, body, details, _DETAIL, 9.6, indent=20)
    flow.y -= 8


def _check_lines(flow: Flow, item: CheckItem, width: float) -> tuple[CheckItem, list[str], list[str]]:
    head = f"{item.code} {item.text}" if item.code else item.text
    told = [marks(flow.language)[item.mark]]
    if item.at_risk is not None:
        told.append(f"{words(flow.language)['at risk']} {write_cents(item.at_risk, unit=True)}")
    if item.detail:
        told.append(item.detail)
    if item.mark is Mark.MISSING and item.detail:
        told = [item.detail if item.detail.startswith(told[0]) else f"{told[0]}: {item.detail}"]
    return (
        item,
        flow.type.lines(head, _CHECK, width),
        flow.type.lines(" · ".join(told), _DETAIL, width),
    )


def icon(sheet: Sheet, mark: Mark, x: float, y: float) -> None:
    """The icon of a mark around x, y; shape and letter tell it from the others without colour."""
    tone = TONES[mark]
    r = 6.6
    with sheet.artifact():
        if mark is Mark.MISSING:
            sheet.box(x - r, y - r, 2 * r, 2 * r, WHITE, radius=r)
            sheet.outline(x - r, y - r, 2 * r, 2 * r, tone.ink, thick=0.8, radius=r, dash="2 1.3")
        elif mark is Mark.NOT_APPLICABLE:
            sheet.outline(x - r, y - r, 2 * r, 2 * r, tone.ink, thick=0.6, radius=r)
        else:
            square = 2.4 if mark in (Mark.BLOCKING, Mark.FAULT) else r
            sheet.box(x - r, y - r, 2 * r, 2 * r, tone.ink if tone.solid else tone.ground, radius=square)
            if mark is not Mark.HOLDS and not tone.solid:
                sheet.outline(x - r, y - r, 2 * r, 2 * r, tone.ink, thick=0.5, radius=square)
        if tone.sign == "check":
            sheet.stroke([(x - 2.8, y), (x - 0.8, y - 2.2), (x + 3, y + 2.5)], tone.ink, 1.35)
        elif tone.sign == "dash":
            sheet.stroke([(x - 2.6, y), (x + 2.6, y)], tone.ink, 1.2)
        else:
            sheet.text(x, y - 2.9, tone.sign, Style("bold", 8.4, WHITE if tone.solid else tone.ink), "centre")


# ── end ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def draw_verification(flow: Flow, document: Document, digest: str, verify_url: str) -> None:
    """What the report stands on, and how its reader can check it: QR code, address, full digest."""
    word = words(flow.language)
    side = 78.0
    text = Style("regular", 8.4, BODY)
    width = flow.frame.inner - side - 44
    hints = flow.type.lines(word["how to verify"], text, min(width, 420))
    link = Style("semibold", 7.6, ACCENT)
    urls = flow.type.lines(verify_url, link, width)
    replaced = flow.type.replaced
    notes: list[str] = []
    if replaced:
        told = ", ".join(f"U+{ord(char):04X}" for char in list(replaced)[:12]) + (" …" if len(replaced) > 12 else "")
        notes = flow.type.lines(word["replaced"].format("□", told), Style("regular", 7.8, BODY), width)
    digits = " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))
    mono = Style("mono", 7 if flow.type.width(digits, MONO) <= width else 6.2, BODY)
    height = max(side + 22, 30 + len(hints) * 10.8 + len(urls) * 9.6 + 32 + len(notes) * 9.6)
    signing = 58.0 * -(-len(document.releases) // 2)
    whole = flow.frame.top - flow.frame.bottom
    end = min(height + 10 + signing, whole)
    if document.basis:  # who signs sees what is signed, and what it stands on: on the same sheet where there is room
        basis = 44 + sum(tall + 12 for tall, _ in _laid(flow, document.basis))
        flow.need(basis + end if basis + end <= whole else 0)
        draw_heading(flow, word["basis"], 60)
        draw_facts(flow, document.basis)
    flow.need(end)
    flow.y -= 6
    sheet, left, top = flow.sheet, flow.frame.left, flow.y
    with sheet.artifact():
        sheet.box(left, top - height, flow.frame.inner, height, PAPER, radius=5)
    _qr(flow, verify_url, left + 11, top - 11, side)
    x, y = left + side + 28, top - 20
    flow.bookmark(word["verify"])
    sheet.write(flow.root.add("H2"), x, y, word["verify"], Style("bold", 10.5, INK))
    y -= 14
    node = flow.root.add("P")
    for line in hints:
        sheet.write(node, x, y, line, text)
        y -= 10.8
    y -= 2.4
    node = flow.root.add("P").add("Link")
    for line in urls:
        sheet.write(node, x, y, line, link)
        _link(flow, node, verify_url, (x, y - 2, x + flow.type.width(line, link), y + 7), word["qr"].format(verify_url))
        y -= 9.6
    y -= 2.6
    node = flow.root.add("P")
    sheet.write(node, x, y, f"{word['sha']} ", LABEL)
    sheet.write(node, x, y - 9.8, digits, mono)
    y -= 22
    node = flow.root.add("P") if notes else node
    for line in notes:
        sheet.write(node, x, y, line, Style("regular", 7.8, BODY))
        y -= 9.6
    flow.y = top - height - 10
    draw_releases(flow, document.releases)


def _qr(flow: Flow, url: str, x: float, top: float, side: float) -> None:
    """The QR code as boxes on white, with the quiet zone of ISO/IEC 18004; runs of modules in a row are one box."""
    quiet = 4
    modules = [list(row) for row in segno.make(url, error="m", boost_error=False, micro=False).matrix]
    step = side / (len(modules) + 2 * quiet)
    alt = words(flow.language)["qr"].format(url)
    node = flow.root.add("Figure", attributes(alt=alt, box=(x, top - side, x + side, top)))
    boxes = []
    for number, row in enumerate(modules):
        start = 0
        while start < len(row):
            end = start
            while end < len(row) and row[end]:
                end += 1
            if end > start:
                y = top - (number + 1 + quiet) * step
                boxes.append(f"{x + (start + quiet) * step:.3f} {y:.3f} {(end - start) * step:.3f} {step * 1.002:.3f} re")
            start = end + 1
    with flow.sheet.tagged(node):
        flow.sheet.box(x, top - side, side, side, WHITE, radius=2)
        flow.sheet.operators.append(f"{INK} rg {' '.join(boxes)} f")


def _link(flow: Flow, node: Node, url: str, box: tuple[float, float, float, float], told: str) -> None:
    rect = " ".join(f"{side:.2f}" for side in box)
    body = (
        f"<</Type /Annot /Subtype /Link /Rect [{rect}] /Border [0 0 0] /F 4 /Contents {text_string(told)}"
        f" /A <</S /URI /URI {text_string(url)}>>"
    )
    link = Link(flow.sheet.index, 0, body)
    node.kids.append(link)
    flow.sheet.links.append(link)


def draw_releases(flow: Flow, releases: Sequence[Release]) -> None:
    """Lines to sign on, two to a row."""
    if not releases:
        return
    word = words(flow.language)
    gap = 18.0
    width = (flow.frame.inner - gap) / 2
    style = Style("regular", 8, BODY)
    for start in range(0, len(releases), 2):
        flow.need(58)
        flow.y -= 38
        for number, release in enumerate(releases[start : start + 2]):
            x = flow.frame.left + number * (width + gap)
            with flow.sheet.artifact():
                flow.sheet.rule(x, x + width, flow.y, LINE, 0.6)
            node = flow.root.add("P")
            told = f"{release.role}: {release.by}" if release.by else release.role
            aside = write_day(release.day) if release.day else word["sign"]
            room = width - flow.type.width(aside, LABEL) - 10
            y = flow.y - 10.5
            for line in flow.type.lines(f"{told}\u00a0", style, room):
                flow.sheet.write(node, x, y, line, style)
                y -= 10
            flow.sheet.write(node, x + width, flow.y - 10.5, aside, LABEL, align="right")
        flow.y -= 20
