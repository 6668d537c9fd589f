"""Unterzeichnete Berichte: what was signed, over which period, with figures of which day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from services.intake.domain.columns import DAY, LONG, Cells, Column, Template
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import MEASURE, PROGRAMME
from services.intake.domain.reading import Draft
from shared.contracts.intake import ReportSigned, SignedReport
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[Draft]:
    """A report was signed, about a measure or about a programme."""
    measure, programme = cells["measure"], cells["programme"]
    if not measure and not programme:
        raise cells.fault("measure", "ROW-20", None, Words("Programm oder Maßnahme.", "Programm or Maßnahme."))
    if measure and programme:
        hint = Words("Entweder Programm oder Maßnahme, nicht beides.", "Either Programm or Maßnahme, not both.")
        raise cells.fault("measure", "ROW-16", measure, hint)
    report = SignedReport(
        programme=programme,
        measure=measure,
        title=cells["title"],
        period=cells.period("start", "end"),
        cut_off=cells["cut_off"],
        signed_on=cells["signed_on"],
    )
    subject = subject_of("measure", measure) if measure else subject_of("programme", programme)
    key = (subject, report.title, report.period.start.isoformat(), report.period.end.isoformat(), report.signed_on.isoformat())
    yield Draft("reports", key, subject, ReportSigned, {"report": report})


def about(said: Mapping[str, Any]) -> str | None:
    """Subject of a row that names a measure or a programme."""
    if said.get("measure"):
        return subject_of("measure", said["measure"])
    return subject_of("programme", said["programme"]) if said.get("programme") else None


TEMPLATE: Final = Template(
    "reports",
    Words("Unterzeichnete Berichte", "Signed reports"),
    Words(
        "Zeitraum, Stichtag der Zahlen und Tag der Unterschrift sind drei Angaben. "
        "Schlüssel: Programm oder Maßnahme, Bericht, Zeitraum, unterzeichnet am.",
        "Period, cut-off of the figures and day of signature are three things. "
        "Key: programme or measure, title, period, signed on.",
    ),
    (
        replace(PROGRAMME, required=False),
        replace(MEASURE, required=False, note=Words("statt des Programms", "instead of the programme"), example=""),
        Column("Bericht", "title", LONG, Words("Titel", "title"), "Bericht 4. Quartal 2014", required=True),
        Column(
            "Zeitraum von",
            "start",
            DAY,
            Words("erster Tag des Berichtszeitraums", "first day of the period"),
            "01.10.2014",
            required=True,
        ),
        Column(
            "Zeitraum bis",
            "end",
            DAY,
            Words("letzter Tag des Berichtszeitraums", "last day of the period"),
            "31.12.2014",
            required=True,
        ),
        Column(
            "Stichtag", "cut_off", DAY, Words("Stichtag der Zahlen", "cut-off date of the figures"), "01.12.2014", required=True
        ),
        Column(
            "unterzeichnet am",
            "signed_on",
            DAY,
            Words("Tag der Unterschrift", "day of signature"),
            "01.12.2014",
            required=True,
            also=("Unterschrift",),
        ),
    ),
    drafts,
    about,
)
