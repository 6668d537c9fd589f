"""What reporting says: a report was issued, a report is outdated."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from shared.contracts.event import Event


class ReportIssued(Event):
    """A report was composed, rendered and kept; its digest is its identity."""

    type: Literal["de.pruefpfad.report.issued.v1"] = "de.pruefpfad.report.issued.v1"
    report: UUID
    number: str
    """What is printed: ``HER-1-D5-2016-01-31-1``."""
    document: str
    """``D5``, ``D6``, ``D7`` or ``D9``."""
    as_of: date
    version: int
    predecessor: UUID | None = None
    data_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the canonical JSON."""
    files: dict[str, str]
    """Format → SHA-256 of the bytes kept."""
    complete: bool
    """False: issued on request although something is still missing, and marked „unvollständig“."""


class ReportOutdated(Event):
    """The journal or the findings went on behind a report; said once."""

    type: Literal["de.pruefpfad.report.outdated.v1"] = "de.pruefpfad.report.outdated.v1"
    report: UUID
    number: str
    since: str
    """What came after: a trail reference such as ``M-1/207``."""


ReportingEvent = Annotated[ReportIssued | ReportOutdated, Field(discriminator="type")]
"""All that reporting says."""

REPORTING: Final[TypeAdapter[ReportingEvent]] = TypeAdapter(ReportingEvent)
"""Reads any reporting event from its JSON."""
