"""Beschlussdetails: money, year, budget and approvals of council papers, which council systems do not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.intake.domain.columns import AMOUNT, DAY, NAME, YES_NO, Cells, Column, Template, text
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import BUDGET_YEAR, FUNDER, FUNDER_NAME, KIND, MUNICIPALITY
from services.intake.domain.reading import Draft
from shared.contracts.intake import DecisionDetail, DecisionDetailed
from shared.values.subject import subject_of


def drafts(cells: Cells) -> Iterator[Draft]:
    """What a paper decides for one funder and year."""
    paper = f"{cells['municipality']}/{cells['reference']}"
    detail = DecisionDetail(
        paper=paper,
        funder=cells.funder(),
        budget_year=cells["budget_year"],
        amount_cents=cells["amount"],
        in_budget=cells["in_budget"],
        approval=cells["approval"],
        approved_on=cells["approved_on"],
        product=cells["product"],
    )
    key = (paper, detail.funder.key, str(detail.budget_year))
    yield Draft(
        "decisions",
        key,
        subject_of("paper", paper),
        DecisionDetailed,
        {"detail": detail},
        cents=detail.amount_cents or 0,
        funder=detail.funder,
    )


def about_paper(said: Mapping[str, Any]) -> str | None:
    """Subject of a row that names a paper."""
    return subject_of("paper", f"{said['municipality']}/{said['reference']}")


TEMPLATE: Final = Template(
    "decisions",
    Words("Beschlussdetails", "Decision details"),
    Words(
        "Was Ratsinformationssysteme nicht kennen: Betrag, Jahr, Haushalt. Ohne Betrag: der Mittelgeber ist genannt, mehr nicht. "
        "Schlüssel: Vorlage, Mittelgeber, Haushaltsjahr.",
        "What council systems do not know: amount, year, budget. Without an amount: the funder is named, no more. "
        "Key: paper, funder, budget year.",
    ),
    (
        MUNICIPALITY,
        Column(
            "Vorlage",
            "reference",
            text(90),
            Words("Nummer der Vorlage", "reference of the paper"),
            "2021/941",
            required=True,
            also=("Vorlagennummer", "Drucksache"),
        ),
        FUNDER,
        FUNDER_NAME,
        KIND,
        BUDGET_YEAR,
        Column("Betrag", "amount", AMOUNT, Words("leer: ohne Betrag genannt", "empty: named without an amount"), "21.493,17"),
        Column(
            "im Budget",
            "in_budget",
            YES_NO,
            Words("im Budget enthalten; leer: die Vorlage sagt es nicht", "in the budget; empty: the paper does not say"),
            "nein",
            also=("im Budget enthalten", "im Haushalt enthalten"),
        ),
        Column(
            "Bewilligung",
            "approval",
            NAME,
            Words("über- oder außerplanmäßige Bewilligung, Nachtrag, Deckungsvorschlag", "approval outside the budget"),
            "",
        ),
        Column("Bewilligung vom", "approved_on", DAY, Words("Tag der Bewilligung", "day of approval"), ""),
        Column("Produkt", "product", text(80), Words("Produkt oder Konto", "product or account"), "3631", also=("Produktkonto",)),
    ),
    drafts,
    about_paper,
    sums=("amount",),
)
