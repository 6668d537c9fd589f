"""Personaleinsatz: shares of people's contracts by month. The person travels as a pseudonym only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import AMOUNT, CONTRACT, MONTH, NAME, Cells, Column, Template
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import MEASURE, about_measure
from services.intake.domain.reading import Draft
from shared.contracts.intake import StaffAssigned, StaffMonth
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[Draft]:
    """One person's share of one month."""
    year, month = cells["month"]
    staff = StaffMonth(
        measure=cells["measure"],
        person=cells.given.pseudonyms.person(cells["person"]),
        year=year,
        month=month,
        share=cells["share"],
        cost_cents=cells["cost"],
    )
    key = (staff.measure, staff.person, f"{year}-{month:02d}")
    yield Draft("staff", key, subject_of("measure", staff.measure), StaffAssigned, {"staff": staff}, cents=staff.cost_cents or 0)


TEMPLATE: Final = Template(
    "staff",
    Words("Personaleinsatz", "Staff"),
    Words(
        "Anteile der Arbeitszeit je Person und Monat. Schlüssel: Maßnahme, Person, Monat.",
        "Shares of working time by person and month. Key: measure, person, month.",
    ),
    (
        MEASURE,
        Column(
            "Person",
            "person",
            NAME,
            Words(
                "eine beliebige, immer gleiche Kennung; weitergegeben wird nur ein Pseudonym",
                "any token that stays the same; only a pseudonym travels",
            ),
            "P-07",
            required=True,
            also=("Personalnummer", "Mitarbeiter", "Mitarbeiter/in"),
        ),
        Column("Monat", "month", MONTH, Words("Monat", "month"), "10/2019", required=True),
        Column(
            "Anteil",
            "share",
            CONTRACT,
            Words("Anteil einer vollen Stelle in der Maßnahme", "share of a full contract that works for the measure"),
            "0,6",
            required=True,
            also=("Stellenanteil", "VZÄ"),
        ),
        Column(
            "Personalkosten",
            "cost",
            AMOUNT,
            Words("Arbeitgeberkosten dieses Anteils in diesem Monat", "employer's cost of that share in that month"),
            "2.412,50",
        ),
    ),
    drafts,
    about_measure,
    sums=("cost",),
)
