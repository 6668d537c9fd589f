"""How a document is made from a snapshot, and with which versions: the same for issuing and for whoever checks."""

from __future__ import annotations

import zlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from services.reporting.domain.document import Document
from services.reporting.domain.documents.all import OF_MEASURE, OF_PROGRAMME
from services.reporting.domain.snapshot import MeasureSnapshot, ProgrammeSnapshot


def composed(snapshot: MeasureSnapshot | ProgrammeSnapshot, kind: str, number: str) -> Document:
    """The document of a kind; KeyError if there is no such kind for the subject."""
    if isinstance(snapshot, MeasureSnapshot):
        return OF_MEASURE[kind](snapshot, number)
    return OF_PROGRAMME[kind](snapshot, number)


@cache
def made_with() -> dict[str, str]:
    """Versions that decide about the bytes of a PDF: the same versions make the same bytes of the same data."""
    found = {"zlib": zlib.ZLIB_RUNTIME_VERSION}
    for name in ("pruefpfad", "reportlab", "pyphen", "segno"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "source"
    return found
