"""Who gives money, and where that money comes from."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class FunderKind(StrEnum):
    """Kinds of funder (Mittelgeber), as a funder matrix lists them."""

    ESF = "esf"
    BUND = "bund"
    LAND = "land"
    MUNICIPALITY = "municipality"
    JOBCENTER = "jobcenter"
    FOUNDATION = "foundation"
    CARRIER = "carrier"
    PARTICIPANTS = "participants"
    OTHER = "other"


GERMAN: Final = {
    FunderKind.ESF: "ESF",
    FunderKind.BUND: "Bund",
    FunderKind.LAND: "Land",
    FunderKind.MUNICIPALITY: "Kommune",
    FunderKind.JOBCENTER: "Jobcenter",
    FunderKind.FOUNDATION: "Stiftung",
    FunderKind.CARRIER: "Träger",
    FunderKind.PARTICIPANTS: "Teilnehmende",
    FunderKind.OTHER: "Sonstige",
}

EU: Final = frozenset({FunderKind.ESF})
"""Money of the Union: never national co-funding (KOF-06), the numerator of the funding rate (FQ-01)."""


class Funder(BaseModel):
    """One funder of a measure: a key that stays, the name people know, and its kind."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str = Field(min_length=1, max_length=80)
    name: str = Field(min_length=1, max_length=200)
    kind: FunderKind

    @property
    def is_eu(self) -> bool:
        """Does its money come from the Union?"""
        return self.kind in EU
