"""Reads our PDFs back with pikepdf: texts by their place in the structure tree, as a screen reader meets them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pikepdf


@dataclass
class Element:
    """A structure element with the text drawn for it (not that of its children), Alt text, and attributes."""

    tag: str
    text: str
    alt: str
    span: int
    kids: "list[Element]" = field(default_factory=list)

    def all(self, tag: str) -> "list[Element]":
        """Elements with a tag, in reading order."""
        return [found for kid in self.kids for found in ([kid] if kid.tag == tag else []) + kid.all(tag)]

    def words(self) -> str:
        """The text of the element and all below it."""
        return "".join([self.text, *(kid.words() for kid in self.kids)])


def read_tree(content: bytes) -> Element:
    """The Document element of a PDF."""
    with pikepdf.open(BytesIO(content)) as pdf:
        texts = {page.obj.objgen: _marked(page) for page in pdf.pages}
        return _element(pdf.Root.StructTreeRoot.K, texts)


def read_tables(content: bytes) -> list[list[list[str]]]:
    """Tables as rows of cells, header first; a cell that spans several is followed by empty ones."""
    return [
        [
            [text for cell in row.kids for text in [cell.words(), *[""] * (cell.span - 1)]]
            for row in table.all("TR")
        ]
        for table in read_tree(content).all("Table")
    ]


def read_artifacts(content: bytes) -> list[str]:
    """The text of each page that is no part of the structure: running heads and feet, repeated table headers."""
    with pikepdf.open(BytesIO(content)) as pdf:
        return ["".join(_marked(page).get(-1, [])) for page in pdf.pages]


def instructions(page: pikepdf.Page) -> Iterator[tuple[Sequence[Any], str]]:
    """Operands and operator, one after the other as the page draws them."""
    for instruction in pikepdf.parse_content_stream(page):
        yield list(instruction.operands), str(instruction.operator)


def attachments(content: bytes) -> dict[str, tuple[bytes, str]]:
    """Embedded files: name → bytes and AFRelationship."""
    with pikepdf.open(BytesIO(content)) as pdf:
        related = {str(spec.UF): str(spec.AFRelationship) for spec in pdf.Root.AF}
        return {name: (spec.get_file().read_bytes(), related[name]) for name, spec in pdf.attachments.items()}


def _element(node: pikepdf.Object, texts: dict[tuple[int, int], dict[int, list[str]]]) -> Element:
    attributes = node.get("/A", pikepdf.Dictionary())
    element = Element(str(node.S)[1:], "", str(node.get("/Alt", "")), int(attributes.get("/ColSpan", 1)))
    kids = node.get("/K", pikepdf.Array())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary):
            if "/S" in kid:
                element.kids.append(_element(kid, texts))
            elif "/MCID" in kid:
                element.text += "".join(texts[kid.Pg.objgen].pop(int(kid.MCID)))
        else:
            element.text += "".join(texts[node.Pg.objgen].pop(int(kid)))
    return element


def _marked(page: pikepdf.Page) -> dict[int, list[str]]:
    """Texts of a page by marked-content number; -1 for artifacts."""
    maps = {name: _unicode(font) for name, font in page.Resources.Font.items()}
    texts: dict[int, list[str]] = {}
    stack: list[int] = []
    font: dict[int, str] = {}
    for operands, operator in instructions(page):
        match operator:
            case "BDC" | "BMC":
                properties = operands[1] if len(operands) > 1 else {}
                stack.append(int(properties.get("/MCID", -1)) if properties else -1)
                texts.setdefault(stack[-1], [])
            case "EMC":
                stack.pop()
            case "Tf":
                font = maps[str(operands[0])]
            case "Tj":
                assert stack, "text outside of tags and artifacts"
                texts[stack[-1]].extend(font[byte] for byte in bytes(operands[0]))
    return texts


def _unicode(font: pikepdf.Object) -> dict[int, str]:
    """Code → text of a simple font, from its ToUnicode map."""
    cmap = font.ToUnicode.read_bytes().decode("latin-1")
    codes: dict[int, str] = {}
    for body in re.findall(r"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for code, text in re.findall(r"<(\w+)>\s*<(\w+)>", body):
            codes[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for body in re.findall(r"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, _, row in re.findall(r"<(\w+)>\s*<(\w+)>\s*\[(.*?)\]", body, re.DOTALL):
            for code, text in enumerate(re.findall(r"<(\w+)>", row), int(first, 16)):
                codes[code] = bytes.fromhex(text).decode("utf-16-be")
        for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", body):
            start = int(text, 16)
            for code in range(int(first, 16), int(last, 16) + 1):
                codes[code] = chr(start + code - int(first, 16))
    return codes
