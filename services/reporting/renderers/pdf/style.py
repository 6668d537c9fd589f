"""Measures, colours and type of the printed reports: ink on white, few lines, tabular figures, readable in grey print."""

from dataclasses import dataclass

from services.reporting.domain.document import Mark
from services.reporting.renderers.pdf.typography import Style, colour

MM = 72 / 25.4
A4 = (595.276, 841.890)

INK, BODY, MUTED = colour("#0F2742"), colour("#1F2937"), colour("#566173")
HAIR, LINE, PAPER, ZEBRA, WHITE = colour("#E4E8EE"), colour("#C4CCD6"), colour("#F6F8FA"), colour("#F7F9FB"), colour("#FFFFFF")
GROUP, ACCENT = colour("#EAEFF5"), colour("#2F6F9F")

# Neighbours differ in lightness, so that the bars can be told apart in grey print; the last is "the others".
SERIES = [colour(web) for web in ("#173B63", "#6FA8C7", "#2F6F9F", "#C9A15A", "#4B5B6E", "#A9C29A", "#7C4F6B", "#C4CCD6")]
ON_SERIES = [WHITE, INK, WHITE, INK, WHITE, INK, WHITE, INK]


@dataclass(frozen=True, slots=True)
class Tone:
    """How a mark looks: light ground, dark ink, the letter or sign in its icon, and whether the icon is filled dark."""

    ground: str
    ink: str
    sign: str
    solid: bool = False


TONES = {
    Mark.HOLDS: Tone(colour("#E3F3E9"), colour("#14532D"), "check"),
    Mark.BLOCKING: Tone(colour("#FCE5E2"), colour("#8E1B12"), "B", solid=True),
    Mark.FAULT: Tone(colour("#FCE5E2"), colour("#8E1B12"), "F"),
    Mark.WARNING: Tone(colour("#FDF1D3"), colour("#7A4A00"), "W"),
    Mark.HINT: Tone(colour("#E6EEF7"), colour("#1E4470"), "H"),
    Mark.MISSING: Tone(colour("#FFFFFF"), colour("#7A4A00"), "?"),
    Mark.NOT_APPLICABLE: Tone(colour("#EEF0F3"), colour("#566173"), "dash"),
}

TITLE = Style("bold", 22, INK)
SUBTITLE = Style("regular", 12, MUTED)
HEADING = Style("bold", 11.5, INK)
CAPTION = Style("semibold", 9, INK)
TEXT = Style("regular", 9, BODY)
LABEL = Style("regular", 7.6, MUTED)
VALUE = Style("semibold", 9.2, BODY)
FOOT = Style("regular", 7.4, MUTED)
CHIP = Style("semibold", 7.6, BODY)
MONO = Style("mono", 7, BODY)


@dataclass(frozen=True, slots=True)
class Frame:
    """A page and the area of its content."""

    width: float
    height: float
    left: float
    right: float
    top: float  # of the content on pages after the first
    bottom: float

    @property
    def inner(self) -> float:
        return self.right - self.left


PORTRAIT = Frame(A4[0], A4[1], 20 * MM, A4[0] - 18 * MM, A4[1] - 27 * MM, 20 * MM)
LANDSCAPE = Frame(A4[1], A4[0], 16 * MM, A4[1] - 16 * MM, A4[0] - 23 * MM, 18 * MM)
