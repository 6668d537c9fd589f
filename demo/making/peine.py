"""Landkreis Peine, JUNGregio: no ESF, no vouchers, exact.

Paper 2021/941 is as its public page shows it, the consultation in the Kreisausschuss without a day and a result. What the two
other departments give is not published: their papers, amounts and the plan are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from demo.making import tables
from demo.making.forms import DEMO, Paper, Step, amount, council, sheet

PROGRAMME: Final = "JUNGREGIO"
MEASURE: Final = "PE-JUNGREGIO"
KREIS: Final = "03157"
HOST: Final = "ratsinfo-peine.demo.example"

YOUTH: Final = ("PE-JUGENDAMT", "Landkreis Peine, Fachdienst Jugendamt", "Kommune")
WORK: Final = ("PE-ARBEIT", "Landkreis Peine, Fachdienst Arbeit", "Kommune")
SOCIAL: Final = ("PE-SOZIALES", "Landkreis Peine, Fachdienst Soziales", "Kommune")

YOUTH_CENTS: Final = 21_493_17
WORK_CENTS: Final = 18_240_55
SOCIAL_CENTS: Final = 17_006_28

PLAN_2022: Final = (("1", "Personal", 43_210_00), ("2", "Honorare", 4_500_00), ("3", "Sachausgaben", 9_030_00))
"""Σ 56,740.00 = 21,493.17 + 18,240.55 + 17,006.28."""

OWN_PAPERS: Final = (
    ("2021/D-942", "Mitfinanzierung JUNGregio 2022, Fachdienst Arbeit (Demo)", "Fachdienst Arbeit", "Ausschuss für Arbeit"),
    ("2021/D-943", "Mitfinanzierung JUNGregio 2022, Fachdienst Soziales (Demo)", "Fachdienst Soziales", "Sozialausschuss"),
)
"""Complete decisions of the two other departments; made."""


def files() -> Iterator[tuple[str, bytes]]:
    """All hand-ins of the programme: path below ``demo/peine`` and content."""
    yield from _act_1()
    yield from _act_2()
    yield from _act_3()


def _act_1() -> Iterator[tuple[str, bytes]]:
    yield "act-1/01-programmes.csv", sheet(
        "Programme", tables.PROGRAMMES,
        [(PROGRAMME, "JUNGregio – mobile Anlaufstelle im Landkreis Peine", "national", "01.01.2022", "31.12.2023", "", "ja")],
    )  # fmt: skip
    yield "act-1/02-measures.csv", sheet("Maßnahmen", tables.MEASURES, [_measure("31.12.2022", "")])
    yield "act-1/03-paper.json", council(HOST, [_published(Step("Kreisausschuss", "Vorberatung"), "2021-10-11T08:00:00+00:00")])
    yield "act-1/04-decisions.csv", sheet(
        "Beschlussdetails zu 2021/941", tables.DECISIONS,
        [
            (KREIS, "2021/941", *YOUTH, "2022", amount(YOUTH_CENTS), "nein", "", "", "3631", ""),
            (KREIS, "2021/941", *WORK, "2022", "", "", "", "", "", ""),
            (KREIS, "2021/941", *SOCIAL, "2022", "", "", "", "", "", ""),
        ],
        encoding="cp1252",
    )  # fmt: skip
    yield "act-1/05-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS, [_promise("JA-1", YOUTH, 2022, YOUTH_CENTS, "06.10.2021", "2021/941")]
    )


def _act_2() -> Iterator[tuple[str, bytes]]:
    consulted = Step("Kreisausschuss", "Vorberatung", date(2021, 9, 29), "ungeändert beschlossen")
    own = [
        Paper(
            reference, name, "Beschlussvorlage", date(2021, 9, 8), "2021-10-11T08:00:00+00:00", lead,
            (
                Step(committee, "Vorberatung", date(2021, 9, 22), "ungeändert beschlossen"),
                Step("Kreisausschuss", "Vorberatung", date(2021, 9, 29), "ungeändert beschlossen"),
                Step("Kreistag", "Entscheidung", date(2021, 10, 6), "ungeändert beschlossen", "26. Sitzung"),
            ),
        )
        for reference, name, lead, committee in OWN_PAPERS
    ]  # fmt: skip
    yield "act-2/01-papers.json", council(HOST, [_published(consulted, "2021-11-02T08:00:00+00:00"), *own])
    approved = ("überplanmäßige Bewilligung üpl-2021-17 (Demo)", "18.10.2021")
    yield "act-2/02-decisions.csv", sheet(
        "Beschlussdetails", tables.DECISIONS,
        [
            (KREIS, "2021/941", *YOUTH, "2022", amount(YOUTH_CENTS), "nein", *approved, "3631", "ja"),
            (KREIS, "2021/D-942", *WORK, "2022", amount(WORK_CENTS), "ja", "", "", "3122", ""),
            (KREIS, "2021/D-943", *SOCIAL, "2022", amount(SOCIAL_CENTS), "ja", "", "", "3111", ""),
        ],
        encoding="cp1252",
    )  # fmt: skip
    yield "act-2/03-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS,
        [
            _promise("ARB-1", WORK, 2022, WORK_CENTS, "06.10.2021", "2021/D-942"),
            _promise("SOZ-1", SOCIAL, 2022, SOCIAL_CENTS, "06.10.2021", "2021/D-943"),
        ],
    )  # fmt: skip
    yield "act-2/04-plan.csv", sheet(
        "Finanzierungsplan 2022", tables.PLANS,
        [(MEASURE, key, name, "2022", amount(cents), "", "", "") for key, name, cents in PLAN_2022],
    )  # fmt: skip


def _act_3() -> Iterator[tuple[str, bytes]]:
    yield "act-3/01-measures.csv", sheet("Maßnahmen", tables.MEASURES, [_measure("31.12.2023", "ja")])
    yield "act-3/02-plan.csv", sheet(
        "Finanzierungsplan 2023", tables.PLANS, [(MEASURE, "1", "Personal", "2023", amount(YOUTH_CENTS), "", "", "")]
    )
    yield "act-3/03-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS, [_promise("JA-1", YOUTH, 2023, YOUTH_CENTS, "04.10.2022", "2021/941")]
    )


def _measure(end: str, corrected: str) -> tuple[str, ...]:
    return (
        MEASURE, "JUNGregio – mobile Anlaufstelle", PROGRAMME, KREIS, "Landkreis Peine", KREIS, "Paritätischer",
        "Mobile Anlaufstelle", "Junge Menschen von 15 bis 27 Jahren", "01.01.2022", end, "national", "", "", "", "ja", corrected,
    )  # fmt: skip


def _promise(number: str, funder: tuple[str, str, str], year: int, cents: int, *on_paper: str) -> tuple[str, ...]:
    on, paper = on_paper
    return (MEASURE, number, "1", *funder, str(year), amount(cents), "beschlossen", on, "", paper, "Beschluss")


def _published(in_between: Step, modified: str) -> Paper:
    return Paper(
        "2021/941", "Fortführung des Projektes JUNGregio", "Beschlussvorlage", None, modified, "Fachdienst Jugendamt",
        (
            Step("Jugendhilfeausschuss", "Vorberatung", date(2021, 9, 21), "ungeändert beschlossen"),
            in_between,
            Step("Kreistag", "Entscheidung", date(2021, 10, 6), "ungeändert beschlossen", "26. Sitzung"),
        ),
        (("Anlaufstelle_JUNGregio", 1889 * 1024), ("Antrag SPD", 369 * 1024)),
        note=f"{DEMO}; nachgebildet aus der öffentlichen Vorlage 2021/941"
        + ("" if in_between.held is None else ", die Beratung im Kreisausschuss ist erfunden"),
    )  # fmt: skip
