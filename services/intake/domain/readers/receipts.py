"""Eingänge: money of funders that came in, or was paid back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import AMOUNT, DAY, KEY, YEAR, Cells, Column, Template, text
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import FUNDER, FUNDER_NAME, KIND, MEASURE, about_measure
from services.intake.domain.reading import Draft
from shared.contracts.intake import Receipt, ReceiptRecorded
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[Draft]:
    """One payment of a funder; negative when it was paid back."""
    receipt = Receipt(
        measure=cells["measure"],
        funder=cells.funder(),
        number=cells["number"],
        amount_cents=cells["amount"],
        received_on=cells["received_on"],
        award_year=cells["award_year"],
        award=cells["award"],
        payment_reference=cells.given.pseudonyms.reference(reference) if (reference := cells["payment_reference"]) else None,
    )
    subject = subject_of("measure", receipt.measure)
    yield Draft(
        "receipts",
        (receipt.measure, receipt.number),
        subject,
        ReceiptRecorded,
        {"receipt": receipt},
        cents=receipt.amount_cents,
        funder=receipt.funder,
    )


TEMPLATE: Final = Template(
    "receipts",
    Words("Eingänge", "Receipts"),
    Words(
        "Eingegangene Mittel; Rückzahlungen mit Minus. Schlüssel: Maßnahme, Eingang.",
        "Money received; repayments negative. Key: measure, number.",
    ),
    (
        MEASURE,
        Column(
            "Eingang",
            "number",
            KEY,
            Words("Nummer des Eingangs", "number of the receipt"),
            "E-1",
            required=True,
            also=("Eingangsnummer",),
        ),
        FUNDER,
        FUNDER_NAME,
        KIND,
        Column(
            "Betrag",
            "amount",
            AMOUNT,
            Words("Betrag; negativ: zurückgezahlt", "amount; negative: paid back"),
            "24.000,00",
            required=True,
        ),
        Column(
            "Datum",
            "received_on",
            DAY,
            Words("Tag des Eingangs", "day it came in"),
            "30.06.2014",
            required=True,
            also=("eingegangen am", "Eingangsdatum"),
        ),
        Column(
            "Bewilligungsjahr",
            "award_year",
            YEAR,
            Words("Haushaltsjahr der Bewilligung, zu dem es gehört", "budget year of the award it belongs to"),
            "2014",
            required=True,
        ),
        Column(
            "Aktenzeichen",
            "award",
            KEY,
            Words("Aktenzeichen des Bescheids", "reference of the award"),
            "51.2-7/14",
            also=("Az", "Az."),
        ),
        Column(
            "Zahlungsreferenz",
            "payment_reference",
            text(140),
            Words("Referenz im Kontoauszug", "reference in the bank statement"),
            "MA-2014-17",
        ),
    ),
    drafts,
    about_measure,
    sums=("amount",),
)
