"""XML by local names: elements as they pass by, and what is left of one when namespaces and prefixes are off.

A document of any size takes little memory. DTDs, entities and the network are closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from services.intake.domain.text import Content

Element = etree._Element


@dataclass(frozen=True)
class Document:
    """An XML document: the file handed in, or one of several in a ZIP file."""

    content: Content
    name: str = ""
    """Its name within the ZIP file."""
    encoding: str | None = None
    """Its encoding, where it says a wrong one."""

    def walk(self, events: tuple[str, ...], tag: Iterable[str] | None = None) -> Iterator[tuple[str, Element]]:
        """Elements as they pass by. DTDs, entities and the network are closed."""
        with self.content.open() as file:
            file.seek(len(self.content.head) - len(self.content.head.lstrip()))  # no blanks may stand before the declaration
            yield from etree.iterparse(
                file,
                events=events,
                tag=tag,
                encoding=self.encoding,
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
            )


@dataclass(slots=True)
class Node:
    """An element: its own text, the currency of an amount, and its children by local name."""

    text: str
    currency: str
    children: dict[str, list[Node]]


_NONE: Final[dict[str, list[Node]]] = {}


def node_of(element: Element, *, without: str = "", path: str = "", found: dict[str, Any] | None = None) -> Node:
    """An element and all within it; ``found`` takes in its texts by their paths, as a person sees the row."""
    children: dict[str, list[Node]] = {}
    for child in element:
        name = _local(child.tag)
        if name == without:
            continue
        same = children.get(name)
        here = f"{path}{name}" if same is None else f"{path}{name}[{len(same) + 1}]"
        if len(child):
            node = node_of(child, path=f"{here}/", found=found)
        else:
            text, currency = (child.text or "").strip(), child.get("Ccy", "").strip() if name[-3:] == "Amt" else ""
            node = Node(text, currency, _NONE)
            if found is not None and text:
                found[here] = f"{text} {currency}" if currency else text
        if same is None:
            children[name] = [node]
        else:
            same.append(node)
    return Node("" if children else (element.text or "").strip(), "", children)


@lru_cache(maxsize=2_000)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def local_name(element: Element) -> str:
    """Name of an element without its namespace."""
    return _local(str(element.tag))


def children(node: Node | None, name: str) -> list[Node]:
    """Children of a name; none of what is not there."""
    return [] if node is None else node.children.get(name, [])


def child(node: Node | None, *names: str) -> Node | None:
    """The first child that has one of these names, or None."""
    if node is not None:
        for name in names:
            if found := node.children.get(name):
                return found[0]
    return None


def text_at(node: Node | None, *path: str) -> str | None:
    """Text at a path of local names, or None."""
    for name in path:
        if node is None:
            return None
        found = node.children.get(name)
        node = found[0] if found else None
    return (node.text or None) if node is not None else None
