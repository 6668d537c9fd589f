"""Everything that hangs on ReportLab's inside, in one place; written for and pinned to ReportLab 5.1.0.

ReportLab subsets and embeds the fonts and numbers their objects; pages, tags, attachments and the file itself are ours,
since ReportLab knows no PDF/A and no tagging. What is relied on (`tests/reporting/renderers/test_seams.py` fails when a
release changes it):

1. `PDFDocument` numbers objects in `objectcounter`, `numberToId`, `idToObject`; the object "BasicFonts" lists the fonts.
2. `TTFont.splitString` gives subset and code of a character, `getSubsetInternalName` the subset's resource name, and
   `addObjects` embeds what was used.
3. `TTFont.face` has `charToGlyph` and `charWidths` (thousandths of the size).
4. A formatted stream ends in `endstream` without the end of line before it that ISO 19005-3, 6.1.7.1 demands.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.ttfonts import TTFont

VERSION = "5.1.0"
_PER_STREAM = 200  # objects in one object stream: more pack better, fewer open faster


class Font:
    """A TrueType font as one file uses it: widths, and the 8-bit code of each character in one of its subsets."""

    def __init__(self, name: str, path: Path, document: pdfdoc.PDFDocument) -> None:
        self._ttf = TTFont(name, str(path), shapable=False)
        self._document = document
        self.widths: dict[int, float] = self._ttf.face.charWidths
        self.base = self._ttf.getSubsetInternalName(0, document) if self._ttf.splitString(" ", document) else ""

    def __contains__(self, char: str) -> bool:
        return ord(char) in self._ttf.face.charToGlyph

    def code(self, char: str) -> tuple[str, int]:
        """Resource name of the subset that holds the character ("/F1+0"), and its code there."""
        [(subset, code)] = self._ttf.splitString(char, self._document)
        return self._ttf.getSubsetInternalName(subset, self._document), code[0]


class PdfFile:
    """The objects of one PDF file. Numbers are given out first, bytes may follow; `write` puts all into object streams."""

    def __init__(self) -> None:
        self._document = pdfdoc.PDFDocument(compression=1, invariant=1)
        self._bodies: dict[int, bytes] = {}
        self._streams: dict[int, bytes] = {}
        self._series: dict[int, tuple[int, Callable[[], Iterator[bytes]]]] = {}
        self.fonts = self._document.idToObjectNumberAndVersion["BasicFonts"][0]

    def font(self, name: str, path: Path) -> Font:
        """Load a font for this file. Fonts are not shared between files: reading one moves a cursor in it."""
        return Font(name, path, self._document)

    def number(self) -> int:
        """The number of an object whose bytes follow by `put`."""
        self._document.objectcounter += 1
        return int(self._document.objectcounter)

    def put(self, number: int, body: bytes) -> None:
        self._bodies[number] = body

    def add(self, body: bytes) -> int:
        number = self.number()
        self._bodies[number] = body
        return number

    def add_stream(self, data: bytes, dictionary: str = "") -> int:
        """A stream, deflated here."""
        number, packed = self.number(), zlib.compress(data, 6)
        self._streams[number] = _stream(f"{dictionary} /Filter /FlateDecode", packed)
        return number

    def add_series(self, count: int, bodies: Callable[[], Iterator[bytes]]) -> int:
        """`count` objects with consecutive numbers, made only while the file is written; returns the first number."""
        first = int(self._document.objectcounter) + 1
        self._document.objectcounter += count
        self._series[first] = (count, bodies)
        return first

    def write(self, *, root: int, info: int, file_id: str) -> bytes:
        """The file: PDF 1.7 with object streams and a cross-reference stream. `file_id`: 32 hex digits."""
        for font in self._document.delayedFonts:
            font.addObjects(self._document)
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        places: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}
        last = int(self._document.objectcounter)
        waiting: list[tuple[int, bytes]] = []

        def flush() -> None:
            nonlocal last
            if not waiting:
                return
            last += 1
            head, position = [], 0
            for index, (number, body) in enumerate(waiting):
                head.append(b"%d %d" % (number, position))
                position += len(body) + 1
                places[number] = (2, last, index)
            index_line = b" ".join(head) + b"\n"
            packed = zlib.compress(index_line + b"\n".join([body for _, body in waiting]), 6)
            dictionary = f"/Type /ObjStm /N {len(waiting)} /First {len(index_line)} /Filter /FlateDecode"
            places[last] = (1, len(out), 0)
            out.extend(b"%d 0 obj\n%b\nendobj\n" % (last, _stream(dictionary, packed)))
            waiting.clear()

        def pack(number: int, body: bytes) -> None:
            waiting.append((number, body))
            if len(waiting) == _PER_STREAM:
                flush()

        number, end = 1, last
        while number <= end:
            if number in self._series:
                count, bodies = self._series[number]
                made = 0
                for made, body in enumerate(bodies(), 1):
                    pack(number + made - 1, body)
                if made != count:
                    raise AssertionError(f"{made} objects were made where {count} were announced")
                number += count
                continue
            body = self._streams.get(number) or self._bodies.get(number) or self._reportlab(number)
            if body.endswith(b"endstream"):
                places[number] = (1, len(out), 0)
                out.extend(b"%d 0 obj\n%b\nendobj\n" % (number, body))
            else:
                pack(number, body)
            number += 1
        flush()
        table = last + 1
        places[table] = (1, len(out), 0)
        entry = struct.Struct(">BIH").pack
        packed = zlib.compress(b"".join([entry(*places[number]) for number in range(table + 1)]), 6)
        dictionary = (
            f"/Type /XRef /Size {table + 1} /W [1 4 2] /Root {root} 0 R /Info {info} 0 R"
            f" /ID [<{file_id}><{file_id}>] /Filter /FlateDecode"
        )
        start = len(out)
        out.extend(b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, _stream(dictionary, packed), start))
        return bytes(out)

    def _reportlab(self, number: int) -> bytes:
        """An object ReportLab made (fonts), with the end of line before `endstream` it leaves out."""
        document = self._document
        body = bytes(pdfdoc.format(document.idToObject[document.numberToId[number]], document, toplevel=1)).strip()
        return body.removesuffix(b"endstream") + b"\nendstream" if body.endswith(b"endstream") else body


def _stream(dictionary: str, data: bytes) -> bytes:
    return b"<<%b /Length %d>>\nstream\n%b\nendstream" % (dictionary.strip().encode("latin-1"), len(data), data)


def text_string(text: str) -> str:
    """A PDF text string outside page content; ASCII stays readable."""
    if text.isascii() and text.isprintable():
        return "(" + text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") + ")"
    return "<FEFF" + text.encode("utf-16-be").hex().upper() + ">"
