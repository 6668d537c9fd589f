"""All documents, by kind. To add one: write its file, add a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from services.reporting.domain.document import Document
from services.reporting.domain.documents import cofunding_statement, programme_overview, reconciliation_statement, voucher_list
from services.reporting.domain.snapshot import MeasureSnapshot, ProgrammeSnapshot

OF_MEASURE: Final[Mapping[str, Callable[[MeasureSnapshot, str], Document]]] = {
    "D5": voucher_list.compose,
    "D6": cofunding_statement.compose,
    "D7": reconciliation_statement.compose,
}
"""Documents about a measure: kind → compose(snapshot, number)."""

OF_PROGRAMME: Final[Mapping[str, Callable[[ProgrammeSnapshot, str], Document]]] = {"D9": programme_overview.compose}
"""Documents about a programme."""

TITLES: Final = {"D5": "Belegliste", "D6": "Kofinanzierungsnachweis", "D7": "Abgleichsbericht", "D9": "Programmübersicht"}
