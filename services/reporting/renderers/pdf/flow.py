"""Where the next thing goes: sheets are opened as the content needs them, top to bottom."""

from services.reporting.renderers.pdf.sheet import Sheet
from services.reporting.renderers.pdf.structure import Node
from services.reporting.renderers.pdf.style import LANDSCAPE, PORTRAIT, Frame
from services.reporting.renderers.pdf.typography import Type


class Flow:
    """The open sheet, and the height `y` down to which it is filled."""

    def __init__(self, type: Type, language: str, *, landscape: bool) -> None:
        self.type, self.language = type, language
        self.root = Node("Document")
        self.sheets: list[Sheet] = []
        self.outline: list[tuple[str, int, float]] = []  # title, page, height
        self.frame: Frame = LANDSCAPE if landscape else PORTRAIT
        self.y = 0.0
        self.open()

    @property
    def sheet(self) -> Sheet:
        return self.sheets[-1]

    def open(self) -> None:
        """Begin a new sheet."""
        self.sheets.append(Sheet(len(self.sheets), self.frame, self.type))
        self.y = self.frame.top

    def turn(self, *, landscape: bool) -> None:
        """Go on in the other orientation, on a new sheet; nothing if it is the same."""
        frame = LANDSCAPE if landscape else PORTRAIT
        if frame is not self.frame:
            self.frame = frame
            self.open()

    def need(self, height: float) -> None:
        """Begin a new sheet unless `height` points are left (or the sheet is still empty)."""
        if self.y - height < self.frame.bottom and self.y < self.frame.top:
            self.open()

    def bookmark(self, title: str) -> None:
        """Let the outline point here."""
        self.outline.append((title, self.sheet.index, self.y + 12))
