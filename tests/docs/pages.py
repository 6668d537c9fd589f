"""What our pages name: paths, commands, links, code that is marked as runnable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    ROOT / "README.md", ROOT / "demo" / "README.md", ROOT / "deploy" / "runbook.md", *sorted((ROOT / "docs").rglob("*.md")),
)

_FENCED: Final = re.compile(r"^```.*?^```$", re.M | re.S)
_RUNNABLE: Final = re.compile(r"<!-- runnable: (\S+) -->\n```python\n(.*?)^```$", re.M | re.S)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page: Path) -> str:
    """A page's Markdown."""
    return page.read_text("utf-8")


def prose_of(page: Path) -> str:
    """A page without its fenced code."""
    return _FENCED.sub("", text_of(page))


def quoted(page: Path) -> Iterator[str]:
    """What stands between single backticks."""
    yield from re.findall(r"`([^`\n]+)`", prose_of(page))


def commands(page: Path) -> Iterator[str]:
    """Lines of indented code and quoted pieces: where commands stand."""
    yield from (line.strip() for line in text_of(page).splitlines() if line.startswith("    "))
    yield from quoted(page)


def links(page: Path) -> Iterator[str]:
    """Targets of links and images."""
    yield from _LINK.findall(prose_of(page))


def anchors(page: Path) -> set[str]:
    """Anchors that a page's headings have."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-") for heading in headings}


def runnable(page: Path, name: str) -> str:
    """The code block marked as runnable under this name."""
    return dict(_RUNNABLE.findall(text_of(page)))[name]
