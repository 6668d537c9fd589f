"""Kein Kind zurücklassen: 18 model municipalities, grants limited by size, a fixed amount that stays although less was spent.

Number of municipalities, start, least and largest grant and the four funders are published. Who gets how much, the bands between
the two, inhabitants and vouchers are made; no municipality here is a real one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from demo.making import tables
from demo.making.forms import (
    VOUCHER_COLUMNS,
    Issuer,
    Line,
    Paper,
    Step,
    Voucher,
    amount,
    camt,
    council,
    day,
    debits,
    iban,
    sheet,
    statements,
    submission,
    voucher_rows,
)
from demo.making.vouchers import BY_AMOUNT, Bought, bought, listed, payroll
from shared.values.money import apportion

PROGRAMME: Final = "KEKIZ"
START: Final = "29.03.2012"
YEARS: Final = (2012, 2013, 2014)
LAND: Final = ("KKZ-LAND", "Land Nordrhein-Westfalen (Demo)", "Land")

BANDS: Final = (
    (0, 75_000, 32_000_00), (75_001, 150_000, 40_000_00), (150_001, 300_000, 48_000_00), (300_001, 500_000, 56_000_00),
    (500_001, None, 64_000_00),
)  # fmt: skip
"""Least and largest are published, the steps between them are not: an example."""

MUNICIPALITIES: Final = (
    (1, 71_240, 32_000_00), (2, 64_118, 30_500_00), (3, 73_905, 32_000_00), (4, 262_730, 48_000_00), (5, 101_566, 40_000_00),
    (6, 96_310, 38_750_00), (7, 172_480, 48_000_00), (8, 208_955, 46_200_00), (9, 259_302, 48_000_00), (10, 280_144, 48_000_00),
    (11, 334_870, 56_000_00), (12, 352_611, 54_900_00), (13, 395_027, 56_000_00), (14, 498_203, 56_000_00),
    (15, 577_640, 64_000_00), (16, 589_115, 64_000_00), (17, 266_391, 47_300_00), (18, 512_476, 70_000_00),
)  # fmt: skip
"""Number, inhabitants, grant. The last one's grant is above its band."""
TOO_LARGE: Final = 18
MENDED: Final = 64_000_00

EXAMPLE: Final = 4
EXAMPLE_PLAN: Final = 55_500_00
"""Planned beyond the grant of 48,000.00; the town decided the remaining 7,500.00."""
EXAMPLE_OWN: Final = {2013: 4_000_00, 2014: 3_500_00}
RUNNING: Final = 7
"""A second municipality that hands in vouchers."""

WEIGHTS: Final = (20, 32, 28, 5, 8, 7)
"""How a plan spreads over staff 2012–2014 and material 2012–2014, in hundredths."""

FUNDERS: Final = (
    ("Bertelsmann Stiftung", "3,2"), ("ESF", "3,1"), ("Land Nordrhein-Westfalen", "1,9"), ("Kommunen", "0,2"), ("gesamt", "8,4"),
)  # fmt: skip
"""Programme finance 2012–2015 in million euro, as published."""

PAY: Final = Issuer("Personalservice Beispiel GmbH (Demo)", 60_01, "PS")
FAMILY: Final = Issuer("Familienbildung Muster e. V. (Demo)", 60_02, "FB")
PRINT: Final = Issuer("Offsetdruck Muster GmbH (Demo)", 60_03, "OD")
PAPER: Final = Issuer("Papier und Büro Muster GmbH (Demo)", 60_04, "PB")
CATERING: Final = Issuer("Küche Muster gGmbH (Demo)", 60_05, "KM")

EXAMPLE_BOUGHT: Final[tuple[Bought, ...]] = (
    ("2012-09-12", "3", PAPER, 612_34, "Ausstattung Koordinierungsstelle", {}),
    ("2012-11-20", "3", PRINT, 1_418_75, "Bestandsaufnahme Präventionskette, Druck", {}),
    ("2013-02-19", "3", CATERING, 486_20, "Verpflegung Auftaktwerkstatt", {}),
    ("2013-05-07", "3", FAMILY, 1_875_00, "Elternwerkstatt, vier Termine", {}),
    ("2013-10-15", "3", PRINT, 968_43, "Familienwegweiser, 2.000 Stück", {"discount": 19_37}),
    ("2014-03-18", "3", FAMILY, 1_875_00, "Elternwerkstatt, Fortsetzung", {}),
    ("2014-06-24", "3", PAPER, 343_56, "Moderationsmaterial", BY_AMOUNT),
    ("2014-11-11", "3", PRINT, 1_202_88, "Abschlussdokumentation", {}),
)
RUNNING_BOUGHT: Final[tuple[Bought, ...]] = (
    ("2013-03-05", "3", PAPER, 734_10, "Ausstattung Lotsenbüro", {}),
    ("2013-06-11", "3", CATERING, 312_85, "Verpflegung Fachtag", {}),
    ("2013-09-24", "3", FAMILY, 1_540_00, "Schulung der Lotsinnen und Lotsen", {}),
    ("2014-02-12", "3", PRINT, 858_94, "Informationsblätter in fünf Sprachen", BY_AMOUNT),
)
RECEIPTS: Final = (
    (EXAMPLE, "E-1", "land", 8_900_00, "2012-12-14", 2012),
    (EXAMPLE, "E-2", "land", 19_600_00, "2013-12-13", 2013),
    (EXAMPLE, "E-3", "own", 3_760_00, "2013-12-16", 2013),
    (EXAMPLE, "E-4", "land", 19_500_00, "2014-12-12", 2014),
    (EXAMPLE, "E-5", "own", 1_150_00, "2014-12-15", 2014),
    (RUNNING, "E-1", "land", 14_250_00, "2013-12-13", 2013),
    (RUNNING, "E-2", "land", 12_180_00, "2014-12-12", 2014),
)


def files() -> Iterator[tuple[str, bytes]]:
    """All hand-ins of the programme: path below ``demo/kekiz`` and content."""
    yield from _programme()
    yield from _money()
    yield from _mended()


def example_vouchers() -> list[Voucher]:
    """What the example spent from September 2012 to November 2014: less than it planned."""
    months = [(year, month) for year in YEARS for month in range(1, 13) if (2012, 9) <= (year, month) <= (2014, 11)]
    staff = payroll(measure(EXAMPLE), "1", PAY, "K4", months, pay=1_583_44, special=512_30)
    return listed("2012-2014", "KKZD", [*staff, *bought(measure(EXAMPLE), EXAMPLE_BOUGHT, paid_by=date(2014, 12, 30))])


def running_vouchers() -> list[Voucher]:
    """What the second municipality spent in 2013 and 2014."""
    months = [(year, month) for year in (2013, 2014) for month in (2, 4, 6, 8, 10)]
    staff = payroll(measure(RUNNING), "1", PAY, "K7", months, pay=2_417_09)
    return listed("2013-2014", "KKZG", [*staff, *bought(measure(RUNNING), RUNNING_BOUGHT, paid_by=date(2014, 12, 30))])


def measure(number: int) -> str:
    """Key of a municipality's measure."""
    return f"KKZ-{number:02d}"


def _programme() -> Iterator[tuple[str, bytes]]:
    yield "act-1/01-programmes.csv", sheet(
        "Programme", tables.PROGRAMMES,
        [(PROGRAMME, "Kein Kind zurücklassen – Kommunen in NRW beugen vor", "2007-2013", START, "31.12.2015", "", "ja")],
    )  # fmt: skip
    yield "act-1/02-participations.csv", sheet(
        "Teilnahmen", tables.PARTICIPATIONS,
        [(PROGRAMME, _town(n), _name(n), "", START, "", "", "ja") for n, _, _ in MUNICIPALITIES],
    )  # fmt: skip
    published = ("29.06.2012", "Fakten zum Modellvorhaben")
    yield "act-1/03-figures.csv", sheet(
        "Veröffentlichte Zahlen", tables.FIGURES,
        [
            (PROGRAMME, "Kommunen", "18", "Anzahl", "", START, "Programmstart, 18 Modellkommunen"),
            *((PROGRAMME, "Mittelgeber", value, "Mio. EUR", "100.000", published[0], f"{published[1]}: {funder}")
              for funder, value in FUNDERS),
        ],
    )  # fmt: skip
    yield "act-1/04-size-bands.csv", sheet(
        "Größenstaffel (Beispiel)", tables.SIZE_BANDS,
        [(PROGRAMME, str(low), str(high or ""), amount(cents)) for low, high, cents in BANDS],
    )  # fmt: skip
    yield "act-1/05-population.json", submission(
        "population", "Einwohner 2011", tables.POPULATION,
        [(PROGRAMME, _town(n), "31.12.2011", str(people)) for n, people, _ in MUNICIPALITIES],
        ident="einwohner-2011-12-31", source="urn:demo:statistik",
    )  # fmt: skip


def _money() -> Iterator[tuple[str, bytes]]:
    yield "act-1/06-measures.csv", sheet(
        "Maßnahmen", tables.MEASURES,
        [
            (measure(n), f"Kommunale Präventionskette {n:02d} (Demo)", PROGRAMME, _town(n), _name(n), "",
             f"Jugendamt der Modellkommune {n:02d} (Demo)", "Kommunale Präventionskette", "Kinder, Jugendliche und ihre Familien",
             START, "31.12.2014", "2007-2013", _account(n) if n in {EXAMPLE, RUNNING} else "", "", "", "ja", "")
            for n, _, _ in MUNICIPALITIES
        ],
    )  # fmt: skip
    yield "act-1/07-plans.csv", sheet(
        "Finanzierungspläne", tables.PLANS,
        [row for n, _, cents in MUNICIPALITIES for row in _plan(n, EXAMPLE_PLAN if n == EXAMPLE else cents, "")],
    )
    yield "act-1/08-awards.csv", sheet(
        "Bescheide", tables.awards(*YEARS), [_award(n, cents, "") for n, _, cents in MUNICIPALITIES], encoding="utf-8-sig"
    )
    steps = (
        Step("Jugendhilfeausschuss", "Vorberatung", date(2012, 9, 11), "ungeändert beschlossen"),
        Step("Stadtrat", "Entscheidung", date(2012, 9, 27), "ungeändert beschlossen"),
    )
    paper = Paper("2012/D-104", "Eigenmittel Präventionskette 2013/2014 (Demo)", "Beschlussvorlage", date(2012, 8, 20),
                  "2012-10-01T08:00:00+00:00", "Jugendamt", steps)  # fmt: skip
    yield "act-1/09-paper.json", council("ratsinfo-mk04.demo.example", [paper])
    yield "act-1/10-decisions.csv", sheet(
        "Beschlussdetails zu 2012/D-104", tables.DECISIONS,
        [(_town(EXAMPLE), "2012/D-104", *_own(), str(year), amount(cents), "ja", "", "", "060201", "")
         for year, cents in EXAMPLE_OWN.items()],
    )  # fmt: skip
    yield "act-1/11-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS,
        [(measure(EXAMPLE), "KOM-1", "1", *_own(), str(year), amount(cents), "beschlossen", "27.09.2012", "",
          "2012/D-104", "Beschluss") for year, cents in EXAMPLE_OWN.items()],
    )  # fmt: skip
    example, running = example_vouchers(), running_vouchers()
    yield "act-1/12-vouchers.csv", sheet("Beleglisten", VOUCHER_COLUMNS, voucher_rows([*example, *running]))
    yield "act-1/13-receipts.csv", sheet(
        "Eingänge", tables.RECEIPTS,
        [
            (measure(n), number, *(LAND if whose == "land" else _own()), amount(cents), day(date.fromisoformat(on)), str(year),
             _reference(n) if whose == "land" else "", "")
            for n, number, whose, cents, on, year in RECEIPTS
        ],
    )  # fmt: skip
    periods = [(str(year), date(year, 1, 1), date(year, 12, 31)) for year in YEARS]
    for file, n, vouchers in (("14-bank-04.xml", EXAMPLE, example), ("15-bank-07.xml", RUNNING, running)):
        credits = [
            Line(date.fromisoformat(on), cents, *_payer(n, whose), f"Mittel {year}")
            for municipality, _, whose, cents, on, year in RECEIPTS
            if municipality == n
        ]
        found = statements(periods, [*debits(vouchers), *credits])
        yield f"act-1/{file}", camt(_account(n), f"Modellkommune {n:02d} (Demo)", 35_000_00, found, version="08")[0]


def _mended() -> Iterator[tuple[str, bytes]]:
    yield "act-2/01-awards.csv", sheet("Bescheide, Berichtigung", tables.awards(*YEARS), [_award(TOO_LARGE, MENDED, "ja")])
    yield "act-2/02-plans.csv", sheet("Finanzierungsplan, Berichtigung", tables.PLANS, _plan(TOO_LARGE, MENDED, "ja"))


def _town(n: int) -> str:
    return f"KKZ-MK-{n:02d}"


def _name(n: int) -> str:
    return f"Modellkommune {n:02d} (Demo)"


def _own() -> tuple[str, str, str]:
    return ("KKZ-MK04", _name(EXAMPLE), "Kommune")


def _payer(n: int, whose: str) -> tuple[str, str]:
    return (LAND[1], iban(8000)) if whose == "land" else (_name(n), iban(8001))


def _account(n: int) -> str:
    return iban(60_100 + n)


def _reference(n: int) -> str:
    return f"KeKiz-2012-{n:02d}"


def _plan(n: int, cents: int, corrected: str) -> list[tuple[str, ...]]:
    cells = [(key, name, year) for key, name in (("1", "Personal"), ("3", "Sachausgaben")) for year in YEARS]
    parts = apportion(cents, WEIGHTS)
    return [
        (measure(n), key, name, str(year), amount(part), "", "", corrected)
        for (key, name, year), part in zip(cells, parts, strict=True)
    ]


def _award(n: int, cents: int, corrected: str) -> tuple[str, ...]:
    """Every second award names yearly amounts, the others cover the term as a whole; the too large one came late."""
    parts = apportion(cents, WEIGHTS)
    years = [amount(parts[i] + parts[i + 3]) for i in range(3)] if n % 2 else ["", "", ""]
    awarded = "08.12.2014" if n == TOO_LARGE else "18.06.2012"
    term = (awarded, START, "31.12.2014", "Festbetrag", "", "")
    return (measure(n), _reference(n), "1", *LAND, *term, amount(cents), *years, corrected)
