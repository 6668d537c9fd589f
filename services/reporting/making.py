"""How a document is made from a snapshot, and with which versions: the same for issuing and for whoever checks."""

from __future__ import annotations

import hashlib
import zlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from services.reporting.domain.document import Document
from services.reporting.domain.documents.all import OF_MEASURE, OF_PROGRAMME
from services.reporting.domain.snapshot import MeasureSnapshot, ProgrammeSnapshot

_HERE: Final = Path(__file__).parent
_SHARED: Final = _HERE.parents[1] / "shared"
_DECIDE: Final = (_HERE / "domain", _HERE / "renderers", _SHARED / "contracts", _SHARED / "values")
"""What decides about what a document says: whoever has these, byte for byte, makes the same of the same data."""


def composed(snapshot: MeasureSnapshot | ProgrammeSnapshot, kind: str, number: str) -> Document:
    """The document of a kind; KeyError if there is no such kind for the subject."""
    if isinstance(snapshot, MeasureSnapshot):
        return OF_MEASURE[kind](snapshot, number)
    return OF_PROGRAMME[kind](snapshot, number)


@cache
def made_with() -> dict[str, str]:
    """What decides about a document and the bytes of its PDF: the same versions, and the same source of ours, make the same of
    the same data."""
    source = hashlib.sha256()
    for folder in _DECIDE:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".toml", ".ttf")):
            source.update(hashlib.sha256(path.read_bytes()).digest())
    found = {"zlib": zlib.ZLIB_RUNTIME_VERSION, "source": source.hexdigest()[:16]}
    for name in ("pruefpfad", "reportlab", "pyphen", "segno"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "source"
    return found
