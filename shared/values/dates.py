"""Business dates (Europe/Berlin), periods that include their last day, budget years and months."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, model_validator

BERLIN = ZoneInfo("Europe/Berlin")
"""Business dates are dates of this zone; instants are UTC."""


def business_date(instant: datetime) -> date:
    """The day it was in Berlin at that instant."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone has no business date")
    return instant.astimezone(BERLIN).date()


class Period(BaseModel):
    """Days from ``start`` to ``end``, both included (Bewilligungszeitraum, Durchführungszeitraum, Leistungszeitraum)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    start: date
    end: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"a period ends on or after the day it starts: {self.start} … {self.end}")
        return self

    @property
    def days(self) -> int:
        """Number of days, first and last included."""
        return (self.end - self.start).days + 1

    @property
    def years(self) -> range:
        """Calendar years the period touches: the budget years (Haushaltsjahre) it needs money in."""
        return range(self.start.year, self.end.year + 1)

    def overlap(self, other: Period) -> Period | None:
        """The days both share, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start=start, end=end) if start <= end else None


def last_day_of_month(year: int, month: int) -> date:
    """Last day of a month.

    >>> last_day_of_month(2024, 2)
    datetime.date(2024, 2, 29)
    """
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)
