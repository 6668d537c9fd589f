"""Finanzierungsplan: planned expenditure by position, budget year, module and district."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import AMOUNT, KEY, NAME, NAMES, YES_NO, Cells, Column, Template
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import BUDGET_YEAR, MEASURE, about_measure
from services.intake.domain.reading import Draft
from shared.contracts.intake import PlanLine, PlanLineRecorded
from shared.values.money import apportion
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[tuple[str, Draft]]:
    """One plan line; or one per district and module, the amount apportioned by largest remainder, every cent kept."""
    modules, districts = cells["modules"] or (), cells["districts"] or ()
    grid = [(district, module) for district in districts or (None,) for module in modules or (None,)]
    parts = apportion(cells["amount"], [1] * len(grid))
    subject = subject_of("measure", cells["measure"])
    for at, ((district, module), cents) in enumerate(zip(grid, parts, strict=True), 1):
        line = PlanLine(
            measure=cells["measure"],
            position=cells["position"],
            position_name=cells["position_name"],
            budget_year=cells["budget_year"],
            module=module,
            district=district,
            flat_rate=bool(cells["flat_rate"]),
            amount_cents=cents,
        )
        key = (line.measure, line.position, str(line.budget_year), module or "", district or "")
        place = f".{at}" if modules or districts else ""
        yield place, Draft("plans", key, subject, PlanLineRecorded, {"line": line}, cents=cents)


TEMPLATE: Final = Template(
    "plans",
    Words("Finanzierungsplan", "Financing plan"),
    Words(
        "Geplante förderfähige Ausgaben. Bausteine und Quartiere teilen eine Zeile auf, ohne einen Cent zu verlieren. "
        "Schlüssel: Maßnahme, Position, Haushaltsjahr, Baustein, Quartier.",
        "Planned eligible expenditure. Modules and districts share a row out without losing a cent. "
        "Key: measure, position, budget year, module, district.",
    ),
    (
        MEASURE,
        Column(
            "Position",
            "position",
            KEY,
            Words("Einzelansatz; Belege nennen denselben", "position; vouchers name the same"),
            "1.1",
            required=True,
            also=("Einzelansatz", "Kostenposition", "Kostenart"),
        ),
        Column("Bezeichnung", "position_name", NAME, Words("Name der Position", "name of the position"), "Personalkosten"),
        BUDGET_YEAR,
        Column(
            "Betrag",
            "amount",
            AMOUNT,
            Words("geplante Ausgaben", "planned expenditure"),
            "48.000,00",
            required=True,
            also=("Planbetrag", "Ansatz"),
        ),
        Column(
            "Bausteine",
            "modules",
            NAMES,
            Words("Namen, getrennt durch |", "names separated by |"),
            "Clearing|Beratung",
            also=("Baustein",),
        ),
        Column(
            "Quartiere",
            "districts",
            NAMES,
            Words("Namen, getrennt durch |", "names separated by |"),
            "Nord|Süd",
            also=("Quartier",),
        ),
        Column("Pauschale", "flat_rate", YES_NO, Words("ja: folgt ihrer Bemessungsgrundlage", "ja: follows its base"), "nein"),
    ),
    drafts,
    about_measure,
    sums=("amount",),
)
