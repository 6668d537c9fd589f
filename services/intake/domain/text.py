"""From bytes to text: encodings people's files have, found over the whole file, which is never held in memory as a whole."""

from __future__ import annotations

import codecs
import hashlib
import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Final, cast

from services.intake.domain.errors import Fault, Unreadable, Words

ZIP: Final = b"PK\x03\x04"
_BINARY: Final = (
    (ZIP, "ZIP"),
    (b"PK\x05\x06", "ZIP ohne Inhalt"),
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x1f\x8b", "GZIP"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"{\\rtf", "RTF"),
)
_PACKED: Final = ("GZIP", "7-Zip")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MISREAD: Final = {
    "cp850 (MS-DOS)": "cp850",
    "Mac Roman": "mac_roman",
}
_UNPACK: Final = Words("Entpacken und die Dateien einzeln einreichen.", "Unpack it and hand in the files one by one.")
_PIECE: Final = 1 << 20
MOST_UNPACKED: Final = 2_000_000_000
"""Bytes that a ZIP file may hold; more is no bank's export."""
START: Final = 200_000
"""So many signs from the beginning are looked at to find headings."""


class Content:
    """What was handed in: bytes that may be read from their beginning as often as needed, wherever they lie."""

    def __init__(self, open: Callable[[], io.BufferedIOBase]) -> None:
        self.open: Final = open
        """The bytes from their beginning, for whoever closes them."""

    @classmethod
    def of(cls, content: bytes | Content) -> Content:
        """Bytes in memory as a content."""
        return content if isinstance(content, Content) else cls(lambda: io.BytesIO(content))

    @classmethod
    def at(cls, path: Path) -> Content:
        """A file on disk as a content."""
        return cls(lambda: path.open("rb"))

    @cached_property
    def head(self) -> bytes:
        """The first bytes: what kinds of file are told apart by."""
        with self.open() as file:
            return file.read(4_096)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hex."""
        with self.open() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """All bytes, a megabyte at a time."""
        with self.open() as file:
            while piece := file.read(_PIECE):
                yield piece


@dataclass(frozen=True)
class Text:
    """A content as text in NFC, in the encoding it was found to have."""

    content: Content
    encoding: str

    def lines(self) -> Iterator[str]:
        """Lines with their ends, one at a time."""
        with self._opened() as file:
            for line in file:
                yield _composed(line)

    def start(self) -> str:
        """The beginning of the text."""
        with self._opened() as file:
            return _composed(file.read(START)).removeprefix("\ufeff")

    def whole(self) -> str:
        """All of it, for what cannot be read piece by piece."""
        with self._opened() as file:
            return _composed(file.read())

    def _opened(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(cast("IO[bytes]", self.content.open()), self.encoding, _AS_CP1252, newline="")


def members(content: Content) -> dict[str, Content]:
    """XML files of a ZIP file as banks export them, by name; empty where it holds something else, such as a spreadsheet."""
    try:
        with content.open() as file, zipfile.ZipFile(file) as packed:
            infos = [info for info in packed.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise Unreadable(Fault("FILE-06", value=f"ZIP: {error}"[:200], hint=_UNPACK)) from error
    infos = [info for info in infos if not _of_the_system(info.filename)]
    names = sorted(info.filename for info in infos)
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise Unreadable(Fault("FILE-06", value="XLSX, DOCX oder ODS"))
    if not names or not all(name.lower().endswith(".xml") for name in names) or any(map(_is_locked, infos)):
        raise Unreadable(Fault("FILE-06", value=f"ZIP: {', '.join(names)}"[:200], hint=_UNPACK))
    if sum(info.file_size for info in infos) > MOST_UNPACKED:
        raise Unreadable(Fault("FILE-11", value="ZIP"))
    return {name: Content(partial(_member, content, name)) for name in names}


def _is_locked(info: zipfile.ZipInfo) -> bool:
    """Encrypted, or packed in a way no bank uses: Python tells a damaged member of these as if the disk had failed."""
    return bool(info.flag_bits & 1) or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def _of_the_system(name: str) -> bool:
    """A file that macOS or Windows adds to a folder, so that it comes along in a ZIP file."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _member(content: Content, name: str) -> io.BufferedIOBase:
    return zipfile.ZipFile(content.open()).open(name)  # type: ignore[return-value]  # typeshed calls it IO[bytes]


def text_of(content: Content) -> Text:
    """UTF-8 (also with BOM), UTF-16 (also without), else Windows-1252; refuses what is no text. Reads all of it once."""
    head = content.head
    if not head.strip() and not any(piece.strip() for piece in content.pieces()):
        raise Unreadable(Fault("FILE-05"))
    for magic, name in _BINARY:
        if head.startswith(magic):
            raise Unreadable(Fault("FILE-06", value=name, hint=_UNPACK if name in _PACKED else None))
    return Text(content, _encoding(content))


def _encoding(content: Content) -> str:
    """Name of the encoding, found over all bytes: a single letter may decide it."""
    head = content.head[:1_000]
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return _checked(content, encoding)
    if head.count(0) > len(head) // 4:  # UTF-16 without BOM: every other byte of Latin text is zero
        return _checked(content, "utf-16-be" if head[:1] == b"\x00" else "utf-16-le")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in content.pieces():
            if b"\x00" in piece:
                raise Unreadable(Fault("FILE-06", value="Nullbytes"))
            if not piece.isascii() or decoder.getstate()[0]:
                decoder.decode(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return _likelier(content)
    return "utf-8"


def _likelier(content: Content) -> str:
    """UTF-8 where more of its letters beyond ASCII are whole than broken, else Windows-1252, which hardly ever looks like it."""
    decoder, whole, broken = codecs.getincrementaldecoder("utf-8")("surrogateescape"), 0, 0
    for piece in content.pieces():
        if b"\x00" in piece:
            raise Unreadable(Fault("FILE-06", value="Nullbytes"))
        text = decoder.decode(piece)
        sound = text.encode("utf-8", "ignore").decode("utf-8")
        broken += len(text) - len(sound)
        whole += len(sound) - len(sound.encode("ascii", "ignore"))
    return "utf-8" if whole > broken else "cp1252"


def _checked(content: Content, encoding: str) -> str:
    decoder, at = codecs.getincrementaldecoder(encoding)(_AS_CP1252 if encoding.startswith("utf-8") else "strict"), 0
    try:
        for piece in content.pieces():
            if "\x00" in decoder.decode(piece):
                raise Unreadable(Fault("FILE-06", value="Nullbytes"))
            at += len(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        raise Unreadable(Fault("FILE-06", value=f"{encoding}, Byte {at + error.start}")) from error
    return encoding


def _composed(text: str) -> str:
    return text if text.isascii() or unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 as Windows-1252; its five undefined ones as controls, so that no row is lost over one of them."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    broken = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in broken), error.end


_AS_CP1252: Final = "intake.as-cp1252"
codecs.register_error(_AS_CP1252, _as_cp1252)


def misread(text: str) -> str | None:
    """Name of the encoding a text was likely written in, where its umlauts are other signs than a German heading has.

    >>> misread("Maßnahme".encode("cp850").decode("cp1252")), misread("Maßnahme")
    ('cp850 (MS-DOS)', None)
    """
    said = [sign for sign in text if ord(sign) > 127]
    if not said or all(sign in "äöüÄÖÜß€§–éè\u00a0\ufeff" for sign in said):
        return None
    raw = b"".join(bytes([ord(sign)]) if "\x80" <= sign <= "\x9f" else sign.encode("cp1252", "replace") for sign in text)
    for name, encoding in _MISREAD.items():
        if all(sign in "äöüÄÖÜß" for sign in raw.decode(encoding) if ord(sign) > 127):
            return name
    if any(pair in text for pair in ("Ã¤", "Ã¶", "Ã¼", "ÃŸ", "Ã„", "Ã–", "Ãœ")):
        return "UTF-8, doppelt kodiert"
    return None
