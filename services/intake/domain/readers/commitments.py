"""Zusagen: promises of co-funding, by budget year and version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import AMOUNT, DAY, KEY, NUMBER, Cells, Column, Template, choice
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import BUDGET_YEAR, FUNDER, FUNDER_NAME, KIND, MEASURE, about_measure
from services.intake.domain.reading import Draft
from shared.contracts.intake import CofundingCommitted, Commitment, CommitmentStatus
from shared.values.subject import subject_of

STATUS: Final = choice(
    {
        "angekündigt": CommitmentStatus.ANNOUNCED,
        "beantragt": CommitmentStatus.APPLIED,
        "unter Vorbehalt": CommitmentStatus.CONDITIONAL,
        "beschlossen": CommitmentStatus.DECIDED,
        "bewilligt": CommitmentStatus.AWARDED,
        "gekürzt": CommitmentStatus.CUT,
        "entfallen": CommitmentStatus.WITHDRAWN,
    },
    also={status.value: status for status in CommitmentStatus},
)


def drafts(cells: Cells) -> Iterator[Draft]:
    """One year of a promise, in one of its versions."""
    commitment = Commitment(
        measure=cells["measure"],
        funder=cells.funder(),
        number=cells["number"],
        version=cells["version"] or 1,
        budget_year=cells["budget_year"],
        amount_cents=cells["amount"],
        status=cells["status"],
        committed_on=cells["committed_on"],
        expires_on=cells["expires_on"],
        decision=cells["decision"],
        legal_form=cells["legal_form"],
    )
    key = (commitment.measure, commitment.funder.key, commitment.number, str(commitment.budget_year), str(commitment.version))
    subject = subject_of("measure", commitment.measure)
    yield Draft(
        "commitments",
        key,
        subject,
        CofundingCommitted,
        {"commitment": commitment},
        cents=commitment.amount_cents,
        funder=commitment.funder,
    )


TEMPLATE: Final = Template(
    "commitments",
    Words("Zusagen", "Commitments"),
    Words(
        "Kofinanzierungszusagen je Haushaltsjahr. Schlüssel: Maßnahme, Mittelgeber, Zusage, Haushaltsjahr, Fassung.",
        "Promises of co-funding by budget year. Key: measure, funder, number, budget year, version.",
    ),
    (
        MEASURE,
        Column(
            "Zusage",
            "number",
            KEY,
            Words("Nummer der Zusage", "number of the promise"),
            "KOM-1",
            required=True,
            also=("Zusagenummer", "Zusage-Nr."),
        ),
        Column("Fassung", "version", NUMBER, Words("1, 2 … die höchste gilt", "1, 2 … the highest counts"), "1"),
        FUNDER,
        FUNDER_NAME,
        KIND,
        BUDGET_YEAR,
        Column(
            "Betrag",
            "amount",
            AMOUNT,
            Words("zugesagter Betrag des Jahres", "amount promised for the year"),
            "12.000,00",
            required=True,
        ),
        Column(
            "Status",
            "status",
            STATUS,
            Words(
                "wie weit die Zusage ist; es decken nur beschlossen, bewilligt und gekürzt",
                "how far it is; only decided, awarded and cut ones cover",
            ),
            "beschlossen",
            required=True,
        ),
        Column(
            "Datum",
            "committed_on",
            DAY,
            Words("Tag der Zusage", "day of the promise"),
            "15.12.2013",
            required=True,
            also=("Zusage vom", "Zusagedatum"),
        ),
        Column(
            "gültig bis",
            "expires_on",
            DAY,
            Words("letzter Tag, an dem abgerufen werden kann", "last day on which it can be drawn"),
            "31.12.2015",
        ),
        Column(
            "Vorlage",
            "decision",
            KEY,
            Words("Nummer der Ratsvorlage", "reference of the council paper"),
            "2021/941",
            also=("Beschluss", "Beschlussvorlage"),
        ),
        Column(
            "Rechtsform",
            "legal_form",
            KEY,
            Words("Beschluss, Bescheid, Vertrag, Absichtserklärung", "decision, notice, contract, letter of intent"),
            "Beschluss",
        ),
    ),
    drafts,
    about_measure,
    sums=("amount",),
)
