"""A document as PDF/A-3a and PDF/UA-1, with its data attached; the same input gives the same bytes."""

import hashlib
from datetime import UTC, datetime
from typing import assert_never

from services.reporting.domain.document import (
    Block,
    Chart,
    CheckList,
    Chip,
    Document,
    Facts,
    KeyFigures,
    Mark,
    Notice,
    Paragraph,
    Section,
    Table,
    printed,
    tables,
)
from services.reporting.renderers import delimited
from services.reporting.renderers.pdf.assembly import About, Attachment, assemble
from services.reporting.renderers.pdf.blocks import (
    chart_room,
    chip_ground,
    chip_label,
    chip_width,
    draw_chart,
    draw_check_list,
    draw_facts,
    draw_heading,
    draw_key_figures,
    draw_notice,
    draw_opening,
    draw_paragraph,
    draw_verification,
)
from services.reporting.renderers.pdf.flow import Flow
from services.reporting.renderers.pdf.seams import PdfFile
from services.reporting.renderers.pdf.sheet import Sheet
from services.reporting.renderers.pdf.style import CAPTION, FOOT, HAIR, INK, MM, MUTED, WHITE
from services.reporting.renderers.pdf.table import draw_table, room_of
from services.reporting.renderers.pdf.typography import Style, Type, clean
from services.reporting.renderers.words import words


def render(document: Document, *, data: bytes, digest: str, verify_url: str, created: datetime) -> bytes:
    """The document as PDF.

    data        canonical JSON of the report data, attached as it is (AFRelationship Data); the document's tables are
                attached beside it as CSV (Alternative)
    digest      SHA-256 of `data`, 64 hex digits: the report's identity, on every page and in the QR code's address
    verify_url  where the report can be verified; should hold the digest
    created     when the report was made, UTC, from the data and never from the clock

    Raises ValueError if `digest` is not that of `data`, or `created` has no time zone.
    """
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError(f"report {document.number}: the digest {digest} is not that of the data")
    if created.utcoffset() is None:
        raise ValueError(f"report {document.number}: created {created.isoformat()} has no time zone; give it in UTC")
    created = created.astimezone(UTC)
    file = PdfFile()
    flow = Flow(Type(file, document.language), document.language, landscape=any(s.landscape for s in document.sections[:1]))
    draw_opening(flow, document)
    for section in document.sections:
        _draw_section(flow, section)
    draw_verification(flow, document, digest, verify_url)
    for sheet in flow.sheets:
        _draw_margins(sheet, document, f"{created:%d.%m.%Y %H:%M} UTC", digest, len(flow.sheets))
    about = About(
        number=document.number,
        title=clean(f"{document.title} {document.number}"),
        subject=clean(document.subtitle or document.title),
        author=clean(document.author),
        language="de-DE" if document.language == "de" else document.language,
        digest=digest,
        verify_url=verify_url,
        created=created,
    )
    return assemble(file, flow, about, _attachments(document, data))


def _attachments(document: Document, data: bytes) -> list[Attachment]:
    """The data the digest is of, and each table as CSV."""
    word = words(document.language)
    files = delimited.render(document)
    titles = [delimited.title_of(section.title, table) for section, table in tables(document)]
    return [
        Attachment(f"{document.number}.json", data, "application/json", "Data", word["data file"]),
        *(
            Attachment(name, content, "text/csv", "Alternative", word["table file"].format(title))
            for (name, content), title in zip(files.items(), titles, strict=True)
        ),
    ]


def _draw_section(flow: Flow, section: Section) -> None:
    flow.turn(landscape=section.landscape)
    first = section.blocks[0] if section.blocks else None
    room = 64.0
    if isinstance(first, Table):
        room = _room(flow, printed(first)) + (30 if first.caption else 0)
    elif isinstance(first, Chart):
        room = chart_room(flow, first)
    draw_heading(flow, section.title, room=room)
    for block in section.blocks:
        _draw_block(flow, block)
        flow.y -= 8


def _room(flow: Flow, table: Table) -> float:
    """Room below a heading for the beginning of its table, at most half a page."""
    return min((flow.frame.top - flow.frame.bottom) / 2, max(64, room_of(flow, table)))


def _draw_block(flow: Flow, block: Block) -> None:
    match block:
        case Paragraph():
            draw_paragraph(flow, block)
        case Notice():
            draw_notice(flow, block)
        case Facts(facts):
            draw_facts(flow, facts)
        case KeyFigures(figures):
            draw_key_figures(flow, figures)
        case Chart(caption=caption):
            _draw_caption(flow, caption)
            draw_chart(flow, block)
        case Table(caption=caption):
            shown = printed(block)
            _draw_caption(flow, caption, _room(flow, shown) if caption else 0)
            draw_table(flow, shown, flow.root)
        case CheckList():
            draw_check_list(flow, block)
        case _:
            assert_never(block)


def _draw_caption(flow: Flow, caption: str | None, room: float = 60) -> None:
    if caption:
        draw_heading(flow, caption, room=max(room, 60), tag="H3", style=CAPTION)


def _draw_margins(sheet: Sheet, document: Document, created: str, digest: str, pages: int) -> None:
    """Head and foot of a page: whose report it is, how it stands, which page, and the beginning of the digest."""
    word, frame = words(document.language), sheet.frame
    y = frame.height - 17 * MM
    with sheet.artifact("Header"):
        sheet.box(frame.left, y - 2.2, 12, 12, INK, radius=2.4)
        sheet.stroke([(frame.left + 3, y + 3.9), (frame.left + 5.2, y + 1.4), (frame.left + 9.2, y + 6.8)], WHITE, 1.5)
        brand = Style("bold", 11, INK)
        sheet.text(frame.left + 17, y, "Prüfpfad", brand)
        style = Style("regular", 8.5, MUTED)
        start = frame.left + 17 + sheet.type.width("Prüfpfad", brand) + 12
        if sheet.index == 0:
            number = sheet.type.fitted(f"{word['report']} {document.number}", style, frame.right - start)
            sheet.text(frame.right, y, number, style, "right")
        else:
            x = _draw_status(sheet, document.status, start + 80, y)
            title = f"{document.title} · {document.subtitle}" if document.subtitle else document.title
            sheet.text(start, y, sheet.type.fitted(title, style, x - start - 12), style)
    with sheet.artifact("Footer"):
        sheet.rule(frame.left, frame.right, 12.5 * MM, HAIR, 0.6)
        page = word["page"].format(sheet.index + 1, pages)
        told = f"  ·  {word['made']} {created}  ·  {word['data hash']} {digest[:12]}…"
        room = frame.inner - sheet.type.width(told, FOOT) - sheet.type.width(page, FOOT) - 12
        foot = sheet.type.fitted(document.number, FOOT, room) + told
        sheet.text(frame.right, 8.6 * MM, page, FOOT, "right")
        sheet.text(frame.left, 8.6 * MM, foot, FOOT)


def _draw_status(sheet: Sheet, status: tuple[Chip, ...], start: float, y: float) -> float:
    """The status flush right, not further left than `start`; chips that find no room are counted. Returns where it begins."""
    shown = list(status)
    more: list[Chip] = []

    def width() -> float:
        return sum(chip_width(sheet, chip) + 6 for chip in [*shown, *more])

    while shown and sheet.frame.right - width() < start:
        shown.pop()
        more = [Chip(Mark.NOT_APPLICABLE, f"+{len(status) - len(shown)}")]
    begin = x = sheet.frame.right - width() + 6
    for chip in [*shown, *more]:
        chip_ground(sheet, chip, x, y)
        chip_label(sheet, chip, x, y)
        x += chip_width(sheet, chip) + 6
    return begin
