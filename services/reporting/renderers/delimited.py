"""The tables of a document as CSV: what an auditor imports into a spreadsheet or audit software.

One file per table, because an import wants one population with one set of columns. Each file: UTF-8 with BOM (so that
spreadsheets know the encoding), semicolons, CRLF, a title row; amounts as 1234567,89 (decimal comma, no thousands marks, no
unit), days as 31.12.2026, shares as 60,0 (percent). The first column says what a row is (Zeile, Zwischensumme, Summe), so
that the population can be filtered from the sums; if the table has groups, the second names the row's group.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import assert_never

from services.reporting.domain.document import (
    Cell,
    Cents,
    Chip,
    Count,
    Day,
    Document,
    Missing,
    Reference,
    RowKind,
    Share,
    Table,
    Text,
    tables,
)
from services.reporting.renderers.words import ROWS, written
from shared.values.german import write_cents, write_share

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(document: Document) -> dict[str, bytes]:
    """File name → CSV, one per table, in reading order: {"D5-M-1-3-01-Belege.csv": b"…"}."""
    return {
        f"{_name(document.number)}-{number:02d}-{_name(title_of(section.title, table))}.csv": _file(table, document.language)
        for number, (section, table) in enumerate(tables(document), 1)
    }


def packed(files: Mapping[str, bytes]) -> bytes:
    """Files as one ZIP archive: the same files, the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            about = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            about.external_attr, about.create_system, about.compress_type = 0o644 << 16, 3, zipfile.ZIP_DEFLATED
            archive.writestr(about, content)
    return out.getvalue()


def title_of(section: str, table: Table) -> str:
    """What a table is called: its caption, else its section's title."""
    return table.caption or section


def _file(table: Table, language: str) -> bytes:
    lines = (";".join(map(_quoted, cells)) for cells in _lines(table, language))
    return b"\xef\xbb\xbf" + "".join(f"{line}\r\n" for line in lines).encode()


def _lines(table: Table, language: str) -> Iterator[list[str]]:
    grouped = any(row.kind is RowKind.HEADING for row in table.rows)
    yield ["Zeilenart", *(["Gruppe"] if grouped else []), *(_guarded(column.title) for column in table.columns)]
    group = ""
    for row in table.rows:
        if row.kind is RowKind.HEADING:
            group = " ".join(written(cell, language) for cell in row.cells if cell)
            continue
        if row.kind is RowKind.TOTAL:
            group = ""
        yield [ROWS[row.kind], *([_guarded(group)] if grouped else []), *(_cell(cell, language) for cell in row.cells)]


def _cell(cell: Cell | None, language: str) -> str:
    match cell:
        case None:
            return ""
        case Cents(cents):
            return write_cents(cents).replace(".", "").replace("−", "-")
        case Share(share):
            return write_share(share).removesuffix("\u00a0%").replace("−", "-")
        case Count(count):
            return str(count)
        case Day():
            return written(cell, language)
        case Text(text, note):
            return _guarded(text if note is None else f"{text} – {note}")
        case Reference() | Chip() | Missing():
            return _guarded(written(cell, language))
    assert_never(cell)


def _guarded(text: str) -> str:
    """Text a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _quoted(text: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(mark in text for mark in ';"\r\n') else text


def _name(text: str) -> str:
    """A file name of letters, digits and hyphens, at most 60 characters."""
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(umlaut, letters)
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:60]
