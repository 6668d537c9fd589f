"""Bescheide: grant awards in their versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from services.intake.domain.columns import AMOUNT, DAY, KEY, NAME, NUMBER, SHARE, Cells, Column, Template, choice
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import END, KIND, MEASURE, START, about_measure
from services.intake.domain.reading import Draft
from shared.contracts.intake import Award, AwardAmended, FinancingType, GrantAwarded, YearAmount
from shared.values.subject import subject_of

FINANCING: Final = choice(
    {
        "Anteil": FinancingType.PROPORTIONAL,
        "Fehlbedarf": FinancingType.DEFICIT,
        "Festbetrag": FinancingType.FIXED_AMOUNT,
        "Voll": FinancingType.FULL,
    },
    also={
        "Anteilfinanzierung": FinancingType.PROPORTIONAL,
        "Anteilsfinanzierung": FinancingType.PROPORTIONAL,
        "Fehlbedarfsfinanzierung": FinancingType.DEFICIT,
        "Festbetragsfinanzierung": FinancingType.FIXED_AMOUNT,
        "Vollfinanzierung": FinancingType.FULL,
    },
)


def drafts(cells: Cells) -> Iterator[Draft]:
    """An award, or its next version (Änderungsbescheid)."""
    award = Award(
        measure=cells["measure"],
        reference=cells["reference"],
        version=cells["version"] or 1,
        grantor=cells.funder("grantor"),
        awarded_on=cells["awarded_on"],
        period=cells.period("start", "end"),
        financing=cells["financing"],
        share=cells["share"],
        base=cells["base"] or "total",
        maximum_cents=cells["maximum"],
        years=tuple(YearAmount(budget_year=year, amount_cents=cents) for year, cents in sorted(cells.yearly.items())),
        revoked_on=cells["revoked_on"],
    )
    event = GrantAwarded if award.version == 1 else AwardAmended
    key = (award.measure, award.grantor.key, award.reference, str(award.version))
    yield Draft(
        "awards",
        key,
        subject_of("measure", award.measure),
        event,
        {"award": award},
        cents=award.maximum_cents,
        corrected=AwardAmended,
        funder=award.grantor,
    )


TEMPLATE: Final = Template(
    "awards",
    Words("Bescheide", "Awards"),
    Words(
        "Zuwendungsbescheide und Änderungsbescheide. Schlüssel: Maßnahme, Zuwendungsgeber, Aktenzeichen, Fassung. "
        "Jahresbeträge: „Betrag 2014“ …",
        "Grant awards and amendments. Key: measure, grantor, reference, version: one award may carry the money of two grantors. "
        "Yearly amounts: “Betrag 2014” …",
    ),
    (
        MEASURE,
        Column(
            "Aktenzeichen",
            "reference",
            KEY,
            Words("Aktenzeichen des Bescheids", "reference of the award"),
            "51.2-7/14",
            required=True,
            also=("Az", "Az."),
        ),
        Column(
            "Fassung",
            "version",
            NUMBER,
            Words("1 ist der Bescheid, 2 der erste Änderungsbescheid", "1 is the award, 2 its first amendment"),
            "1",
        ),
        Column(
            "Zuwendungsgeber", "grantor", KEY, Words("Kennung des Zuwendungsgebers", "key of the grantor"), "bafza", required=True
        ),
        Column(
            "Name des Zuwendungsgebers",
            "grantor_name",
            NAME,
            Words("Name des Zuwendungsgebers", "name of the grantor"),
            "Bundesamt",
        ),
        replace(KIND, example="Bund"),
        Column(
            "Bescheid vom",
            "awarded_on",
            DAY,
            Words("Datum des Bescheids", "date of the award"),
            "15.12.2013",
            required=True,
            also=("Bescheiddatum",),
        ),
        START,
        END,
        Column(
            "Finanzierungsart", "financing", FINANCING, Words("Finanzierungsart", "kind of financing"), "Anteil", required=True
        ),
        Column(
            "Fördersatz",
            "share",
            SHARE,
            Words("Anteil an den förderfähigen Ausgaben", "share of eligible expenditure"),
            "50 %",
            also=("Interventionssatz",),
        ),
        Column(
            "Bemessung",
            "base",
            choice({"gesamt": "total", "öffentlich": "public"}),
            Words("worauf sich der Fördersatz bezieht", "what the rate applies to"),
            "gesamt",
        ),
        Column(
            "Höchstbetrag",
            "maximum",
            AMOUNT,
            Words("Zuwendung höchstens, über die ganze Laufzeit", "most that is granted over the whole term"),
            "48.000,00",
            required=True,
            also=("Zuwendungsbetrag", "Bewilligter Betrag", "Zuwendungshöchstbetrag"),
        ),
        Column("widerrufen am", "revoked_on", DAY, Words("Tag des Widerrufs", "day of revocation")),
    ),
    drafts,
    about_measure,
    sums=("maximum",),
    yearly=Column("Betrag", "amount_year", AMOUNT, Words("Höchstbetrag eines Jahres", "maximum of one year"), "24.000,00"),
)
