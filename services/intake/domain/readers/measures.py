"""Maßnahmen: measures as their carriers register them; and withdrawals (Rücknahmen)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from services.intake.domain.columns import DAY, IBANS, KEY, LONG, NAME, Cells, Column, Template, text
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import (
    DEMO,
    END,
    MEASURE,
    MUNICIPALITY,
    MUNICIPALITY_NAME,
    OFFICIAL_KEY,
    PROGRAMME,
    START,
    about_measure,
    municipality_of,
)
from services.intake.domain.readers.programmes import RULE_SET
from services.intake.domain.reading import Draft
from shared.contracts.intake import MeasureAliased, MeasureData, MeasureRegistered, MeasureWithdrawn
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[tuple[str, Draft]]:
    """A measure is registered; a file reference (Aktenzeichen) is another name for it."""
    measure = MeasureData(
        key=cells["measure"],
        name=cells["name"],
        programme=cells["programme"],
        municipality=municipality_of(cells),
        carrier=cells["carrier"],
        service=cells["service"],
        target_group=cells["target_group"],
        implementation=cells.period("start", "end"),
        rule_set=cells["rule_set"],
        accounts=cells["accounts"] or (),
        grant_reference=cells["grant_reference"],
        demo=bool(cells["demo"]),
    )
    subject = subject_of("measure", measure.key)
    yield "", Draft("measures", (measure.key,), subject, MeasureRegistered, {"measure": measure})
    if cells["alias"]:
        said = {"measure": measure.key, "alias": cells["alias"], "valid_from": None}
        yield ".alias", Draft("aliases", (measure.key, cells["alias"]), subject, MeasureAliased, said)


def names_in(draft: Draft) -> Iterator[tuple[str, str]]:
    """What a draft says a measure is called, each with its key: the key itself, Förderkennzeichen, Aktenzeichen."""
    if draft.event is MeasureRegistered:
        measure: MeasureData = draft.body["measure"]
        yield from ((name, measure.key) for name in (measure.key, measure.grant_reference) if name)
    elif draft.event is MeasureAliased:
        yield draft.body["alias"], draft.body["measure"]


def withdrawn(cells: Cells) -> Iterator[Draft]:
    """A measure is withdrawn."""
    said = {"measure": cells["measure"], "withdrawn_on": cells["withdrawn_on"]}
    yield Draft("withdrawals", (cells["measure"],), subject_of("measure", cells["measure"]), MeasureWithdrawn, said)


TEMPLATE: Final = Template(
    "measures",
    Words("Maßnahmen", "Measures"),
    Words(
        "Maßnahmen mit Träger, Leistung, Zielgruppe und Zeitraum. Schlüssel: Maßnahme.",
        "Measures with carrier, service, target group and period. Key: measure.",
    ),
    (
        MEASURE,
        Column("Bezeichnung", "name", LONG, Words("Name der Maßnahme", "name of the measure"), "Kompetenzagentur", required=True),
        replace(PROGRAMME, required=False),
        MUNICIPALITY,
        MUNICIPALITY_NAME,
        OFFICIAL_KEY,
        Column(
            "Träger",
            "carrier",
            NAME,
            Words("wer sie durchführt", "who carries it out"),
            "Brücke e. V.",
            required=True,
            also=("Maßnahmeträger", "Projektträger"),
        ),
        Column(
            "Leistung",
            "service",
            NAME,
            Words("was getan wird, in den Worten des Programms", "what is done, in the words of the programme"),
            "Fallmanagement",
            required=True,
        ),
        Column("Zielgruppe", "target_group", NAME, Words("für wen", "for whom"), "Jugendliche 15–27", required=True),
        START,
        END,
        RULE_SET,
        Column(
            "Konten",
            "accounts",
            IBANS,
            Words("IBANs der Konten, von denen bezahlt wird", "IBANs of the accounts it is paid from"),
            "DE02120300000000202051",
            also=("Konto", "IBAN"),
        ),
        Column(
            "Förderkennzeichen",
            "grant_reference",
            text(80),
            Words("Förderkennzeichen", "grant reference"),
            "ESF-2014-17",
            also=("FKZ",),
        ),
        Column(
            "Aktenzeichen",
            "alias",
            KEY,
            Words("anderer Name der Maßnahme beim Absender", "another name of the measure"),
            "51.2-7/14",
            also=("Az", "Az."),
        ),
        DEMO,
    ),
    drafts,
    about_measure,
)

WITHDRAWALS: Final = Template(
    "withdrawals",
    Words("Rücknahmen", "Withdrawals"),
    Words(
        "Maßnahmen, die nicht mehr durchgeführt oder abgerechnet werden. Schlüssel: Maßnahme.",
        "Measures that are carried out or claimed no longer. Key: measure.",
    ),
    (
        MEASURE,
        Column(
            "zurückgezogen am", "withdrawn_on", DAY, Words("Tag der Rücknahme", "day of withdrawal"), "31.03.2015", required=True
        ),
    ),
    withdrawn,
    about_measure,
)
