"""From bytes to text: encodings people's files have, found without guessing more than needed."""

from __future__ import annotations

import codecs
import unicodedata

from services.intake.domain.errors import Fault, Unreadable

_BINARY = (
    (b"PK\x03\x04", "XLSX oder ZIP"),
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x1f\x8b", "GZIP"),
)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


_MISREAD = {
    "cp850 (MS-DOS)": "cp850",
    "Mac Roman": "mac_roman",
}


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


def decode(content: bytes) -> str:
    """Text in NFC. UTF-8 (also with BOM), UTF-16 (also without), else Windows-1252; refuses what is no text.

    >>> decode("Maßnahme".encode("cp1252")) == decode("Maßnahme".encode("utf-16")) == "Maßnahme"
    True
    """
    if not content.strip():
        raise Unreadable(Fault("FILE-05"))
    for magic, name in _BINARY:
        if content.startswith(magic):
            raise Unreadable(Fault("FILE-06", value=name))
    text = _decoded(content)
    if "\x00" in text:
        raise Unreadable(Fault("FILE-06", value="Nullbytes"))
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _decoded(content: bytes) -> str:
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                raise Unreadable(Fault("FILE-06", value=f"{encoding}, Byte {error.start}")) from error
    head = content[:1000]
    if len(content) % 2 == 0 and head.count(0) > len(head) // 4:  # UTF-16 without BOM: every other byte of Latin text is zero
        encoding = "utf-16-be" if head[0:1] == b"\x00" else "utf-16-le"
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            raise Unreadable(Fault("FILE-06", value=f"{encoding}, Byte {error.start}")) from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # five bytes are undefined in Windows-1252; they are kept as controls, so that no row is lost over one of them
        return "".join(content.decode("cp1252", "surrogateescape")).translate({0xDC00 + b: b for b in range(0x80, 0x100)})
