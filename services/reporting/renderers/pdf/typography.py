"""Fonts in use: how wide a text is, where its lines break, and how it is shown in a page's content."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyphen

from services.reporting.renderers.pdf.seams import Font, PdfFile

_FONTS = Path(__file__).parent / "fonts"
FACES = {
    "regular": "SourceSans3-Regular",
    "semibold": "SourceSans3-Semibold",
    "bold": "SourceSans3-Bold",
    "mono": "SourceCodePro-Regular",
}
REPLACEMENT = "□"  # printed for a character the font lacks; both families have it
_HYPHEN = "\u00ad"  # PDF's own mark for a hyphen that is no part of the word (ISO 32000-1, 14.8.2.2.3)
_BREAK_AFTER = "-/·_.@:,;&=+–"
_TOGETHER = re.compile(r"(?<=\bArt\.) (?=\d)|(?<=\bAbs\.) (?=\d)|(?<=\bNr\.) (?=\d)|(?<=§) (?=\d)|(?<=\d) (?=[%€])")
"""Spaces at which no line is broken: „Art. 15“, „§ 49“, „20 %“."""
_DROPPED = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F)])
_SPACES = dict.fromkeys([*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
_CLEAN = _DROPPED | _SPACES


@dataclass(frozen=True, slots=True)
class Style:
    """A face of `FACES`, a size in points, a colour as "r g b" operands."""

    face: str
    size: float
    colour: str


def colour(web: str) -> str:
    """"#0F2742" as operands of the rg and RG operators."""
    return " ".join(f"{int(web[i : i + 2], 16) / 255:.3f}".rstrip("0").rstrip(".") for i in (1, 3, 5))


class _Widths(dict[int, float]):
    """Width of each character in thousandths; that of the replacement for those the font lacks."""

    def __init__(self, font: Font) -> None:
        super().__init__({ord(" "): font.widths[32], 0xA0: font.widths[32]})
        self._font = font

    def __missing__(self, code: int) -> float:
        char = chr(code) if chr(code) in self._font else REPLACEMENT
        width = self[code] = self._font.widths[ord(char)]
        return width


class _Codes(dict[int, str]):
    """Character → what stands for it in a string operand, for `str.translate`. A character beyond the first 256 of a
    font closes the operand, switches to the subset that has it, and back."""

    def __init__(self, font: Font, size: float, replaced: dict[str, None]) -> None:
        super().__init__()
        self._font, self._size, self._replaced = font, size, replaced

    def __missing__(self, code: int) -> str:
        char = " " if code == 0xA0 else chr(code)
        if char not in self._font:
            self._replaced.setdefault(char)
            char = REPLACEMENT
        subset, byte = self._font.code(char)
        shown = f"\\{chr(byte)}" if byte in b"()\\" else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
        if subset != self._font.base:
            shown = f") Tj {subset} {self._size:g} Tf ({shown}) Tj {self._font.base} {self._size:g} Tf ("
        self[code] = shown
        return shown


class Type:
    """The fonts of one file. `replaced` collects the characters they lack, in order of first use."""

    def __init__(self, file: PdfFile, language: str = "de") -> None:
        self._fonts = {face: file.font(name, _FONTS / f"{name}.ttf") for face, name in FACES.items()}
        self._widths = {face: _Widths(font) for face, font in self._fonts.items()}
        self._codes: dict[tuple[str, float], _Codes] = {}
        self._lines: dict[tuple[str, str, float, float], list[str]] = {}
        self._language = language[:2]
        self.replaced: dict[str, None] = {}

    def width(self, text: str, style: Style) -> float:
        """Width in points."""
        return sum(map(self._widths[style.face].__getitem__, map(ord, text))) * style.size / 1000

    def font(self, style: Style) -> str:
        """The operator that selects a style's font."""
        return f"{self._fonts[style.face].base} {style.size:g} Tf"

    def codes(self, style: Style) -> dict[int, str]:
        """A table for `str.translate`: text → the inside of a string operand in this style."""
        key = style.face, style.size
        if key not in self._codes:
            self._codes[key] = _Codes(self._fonts[style.face], style.size, self.replaced)
        return self._codes[key]

    def lines(self, text: str, style: Style, width: float) -> list[str]:
        """The text in lines no wider than `width`. Each line but the last ends in a space or in a soft hyphen, so that
        who reads it aloud or copies it gets the words back."""
        key = text, style.face, style.size, width
        lines = self._lines.get(key)
        if lines is None:
            lines = self._broken(clean(text), style, width)
            if len(self._lines) < 50_000:
                self._lines[key] = lines
        return lines

    def fitted(self, text: str, style: Style, width: float) -> str:
        """One line; what does not fit is cut with an ellipsis. Only for what is printed in full elsewhere."""
        text = clean(text)
        if self.width(text, style) <= width:
            return text
        while text and self.width(f"{text}…", style) > width:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def _broken(self, text: str, style: Style, width: float) -> list[str]:
        if self.width(text, style) <= width:
            return [text]
        text = _TOGETHER.sub("\u00a0", text)
        lines: list[str] = []
        space = self.width(" ", style)
        line, used = "", 0.0
        for word in text.split(" "):
            wide = self.width(word, style)
            if line and used + space + wide <= width:
                line, used = f"{line} {word}", used + space + wide
                continue
            if line:
                lines.append(f"{line} ")
            if wide > width:
                *parts, line = self._pieces(word, style, width)
                lines.extend(parts)
                used = self.width(line, style)
            else:
                line, used = word, wide
        return [*lines, line]

    def _pieces(self, word: str, style: Style, width: float) -> list[str]:
        """A word wider than the line, in pieces that fit: after a mark, at a syllable, at last anywhere."""
        pieces = []
        while self.width(word, style) > width:
            most = 1
            while most < len(word) and self.width(word[: most + 1], style) <= width:
                most += 1
            marks = [i + 1 for i in range(most) if word[i] in _BREAK_AFTER and i + 1 < len(word)]
            if marks and marks[-1] > most // 3:
                cut, tail = marks[-1], ""
            else:
                inner = word.strip(".,;:()„“\"'")
                offset = word.find(inner)
                syllables = [offset + i for i in _hyphenation(self._language).positions(inner)] if inner.isalpha() else []
                fitting = [i for i in syllables if self.width(word[:i] + _HYPHEN, style) <= width]
                cut, tail = (fitting[-1], _HYPHEN) if fitting else (most, "")
            pieces.append(word[:cut] + tail)
            word = word[cut:]
        return [*pieces, word]


def clean(text: str) -> str:
    """The text as it can be printed: composed (NFC), control characters as spaces, invisible marks left out."""
    return text if text.isascii() and text.isprintable() else unicodedata.normalize("NFC", text).translate(_CLEAN)


@cache
def _hyphenation(language: str) -> pyphen.Pyphen:
    """The syllables of a language; reading them takes a third of a second, so only when a word needs it."""
    return pyphen.Pyphen(lang={"de": "de_DE", "en": "en_GB"}.get(language, "de_DE"), left=3, right=3)
