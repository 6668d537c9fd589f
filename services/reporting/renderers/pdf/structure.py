"""The structure tree of a tagged PDF (ISO 32000-1, 14.7): what a screen reader reads, in reading order.

Headings, paragraphs, lists are `Node`s. Table rows are `Cells`: a row knows its page and its first marked-content number,
and its cells are made only while the file is written, so that 10,000 rows cost a few megabytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from services.reporting.renderers.pdf.seams import PdfFile, text_string


@dataclass(slots=True, eq=False)
class Node:
    """A structure element; `content` holds (page, marked-content number) and ("link", annotation, page)."""

    tag: str
    attributes: str = ""
    kids: "list[Kid]" = field(default_factory=list)
    number: int = 0

    def add(self, tag: str, attributes: str = "") -> "Node":
        node = Node(tag, attributes)
        self.kids.append(node)
        return node


@dataclass(frozen=True, slots=True)
class Content:
    """Marked content on a page."""

    page: int
    mark: int


@dataclass(slots=True, eq=False)
class Link:
    """A link annotation on a page; `number` is its object's."""

    page: int
    number: int
    body: str


@dataclass(frozen=True, slots=True)
class CellTag:
    """Tag and attributes of a table cell; `empty` cells have no content on the page."""

    tag: str
    attributes: str = ""
    empty: bool = False


@dataclass(slots=True, eq=False)
class Cells:
    """A table row whose cells have consecutive marked-content numbers from `first` on."""

    page: int
    first: int
    tags: tuple[CellTag, ...]
    number: int = 0


Kid: TypeAlias = Node | Cells | Content | Link


def attributes(
    *,
    alt: str | None = None,
    scope: str | None = None,
    span: int = 1,
    box: Sequence[float] | None = None,
    unnumbered: bool = False,
) -> str:
    """The attributes our elements use, as PDF operands."""
    table = (f" /Scope /{scope}" if scope else "") + (f" /ColSpan {span}" if span > 1 else "")
    owners = [f"<</O /Table{table}>>"] if table else []
    if box:
        owners.append(f"<</O /Layout /Placement /Block /BBox [{' '.join(f'{side:.2f}' for side in box)}]>>")
    if unnumbered:
        owners.append("<</O /List /ListNumbering /None>>")
    return (f" /Alt {text_string(alt)}" if alt else "") + (f" /A {owners[0]}" if owners else "")


def write_tree(file: PdfFile, root: Node, pages: Sequence[int], marks: Sequence[int]) -> int:
    """Write the tree of `root` (the Document element); `pages` are page objects, `marks` counts their marked contents.
    Returns the number of the StructTreeRoot. Afterwards the pages' StructParents is their index."""
    tree = file.number()
    links: list[tuple[Link, Node]] = []
    parents: list[list[int]] = [[0] * count for count in marks]
    first = _count_up(root, 0)
    start = file.add_series(first, lambda: _bodies(root, tree, pages))
    _shift(root, start, parents, links)
    arrays = [file.add(f"[{' '.join([f'{number} 0 R' for number in page])}]".encode()) for page in parents]
    entries = [f"{index} {array} 0 R" for index, array in enumerate(arrays)]
    for index, (link, node) in enumerate(links, len(pages)):
        entries.append(f"{index} {node.number} 0 R")
        file.put(link.number, f"{link.body} /StructParent {index}>>".encode("latin-1"))
    parent_tree = file.add(f"<</Nums [{' '.join(entries)}]>>".encode())
    body = f"<</Type /StructTreeRoot /K {start} 0 R /ParentTree {parent_tree} 0 R /ParentTreeNextKey {len(entries)}>>"
    file.put(tree, body.encode())
    return tree


def _count_up(node: Node, number: int) -> int:
    """Number elements depth first from `number` on; returns the next free number."""
    node.number = number
    number += 1
    for kid in node.kids:
        if isinstance(kid, Node):
            number = _count_up(kid, number)
        elif isinstance(kid, Cells):
            kid.number = number
            number += 1 + len(kid.tags)
    return number


def _shift(node: Node, start: int, parents: list[list[int]], links: list[tuple[Link, Node]]) -> None:
    """Turn numbers from 0 into object numbers, and note for each marked content whose it is."""
    node.number += start
    for kid in node.kids:
        match kid:
            case Node():
                _shift(kid, start, parents, links)
            case Cells():
                kid.number += start
                mark = kid.first
                for index, tag in enumerate(kid.tags, kid.number + 1):
                    if not tag.empty:
                        parents[kid.page][mark] = index
                        mark += 1
            case Content(page, mark):
                parents[page][mark] = node.number
            case Link():
                links.append((kid, node))


def _bodies(node: Node, parent: int, pages: Sequence[int]) -> Iterator[bytes]:
    """The elements' bytes in the order they were numbered."""
    page = next((kid.page for kid in node.kids if isinstance(kid, Content)), None)
    kids = []
    for kid in node.kids:
        match kid:
            case Node() | Cells():
                kids.append(f"{kid.number} 0 R")
            case Content() if kid.page == page:
                kids.append(str(kid.mark))
            case Content():
                kids.append(f"<</Type /MCR /Pg {pages[kid.page]} 0 R /MCID {kid.mark}>>")
            case Link():
                kids.append(f"<</Type /OBJR /Obj {kid.number} 0 R /Pg {pages[kid.page]} 0 R>>")
    where = "" if page is None else f" /Pg {pages[page]} 0 R"
    yield f"<</S /{node.tag} /P {parent} 0 R{where} /K [{' '.join(kids)}]{node.attributes}>>".encode("latin-1")
    for kid in node.kids:
        if isinstance(kid, Node):
            yield from _bodies(kid, node.number, pages)
        elif isinstance(kid, Cells):
            yield from _row(kid, node.number, pages)


def _row(row: Cells, parent: int, pages: Sequence[int]) -> Iterator[bytes]:
    number, where, mark = row.number, pages[row.page], row.first
    cells = " ".join([f"{cell} 0 R" for cell in range(number + 1, number + 1 + len(row.tags))])
    yield f"<</S /TR /P {parent} 0 R /K [{cells}]>>".encode()
    for tag in row.tags:
        if tag.empty:
            yield f"<</S /{tag.tag} /P {number} 0 R{tag.attributes}>>".encode()
        else:
            yield f"<</S /{tag.tag} /P {number} 0 R /Pg {where} 0 R /K {mark}{tag.attributes}>>".encode()
            mark += 1
