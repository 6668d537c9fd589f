"""A page being drawn: operators of its content stream, each inside a structure element or an artifact (ISO 14289-1, 7.1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from services.reporting.renderers.pdf.structure import Content, Link, Node
from services.reporting.renderers.pdf.style import Frame
from services.reporting.renderers.pdf.typography import Style, Type

_ARC = 0.5523  # control points of a quarter circle


class Sheet:
    """One page. Coordinates are points from the lower left corner."""

    def __init__(self, index: int, frame: Frame, type: Type) -> None:
        self.index, self.frame, self.type = index, frame, type
        self.operators: list[str] = []
        self.marks = 0
        self.links: list[Link] = []

    # ── tags ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def tagged(self, node: Node) -> Iterator[None]:
        """What is drawn inside belongs to `node`."""
        node.kids.append(Content(self.index, self.marks))
        self.operators.append(f"/{node.tag} <</MCID {self.marks}>> BDC")
        self.marks += 1
        yield
        self.operators.append("EMC")

    @contextmanager
    def artifact(self, subtype: str | None = None) -> Iterator[None]:
        """What is drawn inside is decoration, or (subtype Header, Footer) repeated on every page."""
        self.operators.append(f"/Artifact <</Type /Pagination /Subtype /{subtype}>> BDC" if subtype else "/Artifact BMC")
        yield
        self.operators.append("EMC")

    # ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def text(self, x: float, y: float, text: str, style: Style, align: str = "left") -> None:
        """One line with its baseline at y; `align` left, right or centre of x."""
        if align != "left":
            x -= self.type.width(text, style) / (1 if align == "right" else 2)
        shown = text.translate(self.type.codes(style))
        self.operators.append(
            f"{style.colour} rg BT {self.type.font(style)} 1 0 0 1 {x:.2f} {y:.2f} Tm ({shown}) Tj ET"
        )

    def lines(self, x: float, y: float, lines: list[str], style: Style, leading: float) -> None:
        """Lines downwards from a first baseline at y."""
        for number, line in enumerate(lines):
            self.text(x, y - number * leading, line, style)

    def write(self, node: Node, x: float, y: float, text: str, style: Style, *, align: str = "left") -> None:
        """One line that belongs to `node`."""
        with self.tagged(node):
            self.text(x, y, text, style, align)

    # ── shapes, always inside `tagged` (a figure) or `artifact` ──────────────────────────────────────────────────────

    def box(self, x: float, y: float, width: float, height: float, colour: str, *, radius: float = 0) -> None:
        """A filled box with its lower left corner at x, y."""
        if radius:
            self.operators.append(f"q {colour} rg 1 0 0 1 {x:.2f} {y:.2f} cm {_rounded(width, height, radius)} f Q")
        else:
            self.operators.append(f"{colour} rg {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f")

    def outline(
        self, x: float, y: float, width: float, height: float, colour: str, *, thick: float, radius: float = 0, dash: str = ""
    ) -> None:
        """The line around a box with its lower left corner at x, y."""
        dashed = f"[{dash}] 0 d " if dash else ""
        shape = _rounded(width, height, radius)
        self.operators.append(f"q {colour} RG {thick:g} w {dashed}1 0 0 1 {x:.2f} {y:.2f} cm {shape} S Q")

    def rule(self, x0: float, x1: float, y: float, colour: str, width: float) -> None:
        """A horizontal line."""
        self.operators.append(f"{colour} RG {width:g} w {x0:.2f} {y:.2f} m {x1:.2f} {y:.2f} l S")

    def stroke(self, points: list[tuple[float, float]], colour: str, width: float) -> None:
        """A line through points, with round ends."""
        path = " ".join(f"{x:.2f} {y:.2f} {'l' if index else 'm'}" for index, (x, y) in enumerate(points))
        self.operators.append(f"q {colour} RG {width:g} w 1 J 1 j {path} S Q")


@lru_cache(maxsize=4096)
def _rounded(width: float, height: float, radius: float) -> str:
    """The path of a box with round corners, its lower left corner at the origin."""
    r = min(radius, width / 2, height / 2)
    k = r * (1 - _ARC)

    def curve(*numbers: float) -> str:
        return " ".join(f"{number:.2f}" for number in numbers) + " c"

    return " ".join(
        (
            f"{r:.2f} 0 m {width - r:.2f} 0 l",
            curve(width - k, 0, width, k, width, r),
            f"{width:.2f} {height - r:.2f} l",
            curve(width, height - k, width - k, height, width - r, height),
            f"{r:.2f} {height:.2f} l",
            curve(k, height, 0, height - k, 0, height - r),
            f"0 {r:.2f} l",
            curve(0, k, k, 0, r, 0),
            "h",
        )
    )
