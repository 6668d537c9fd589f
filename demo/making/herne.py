"""Herne, JUGEND STÄRKEN: Aktiv in der Region: 36 municipalities, and Herne in detail with 240 vouchers and their bank lines.

Programme, term, 36 and later 35 municipalities, 17 million euro and the 20 % of national money are published. Everything about
Herne's own money is made: 17 million / 36 of ESF, the rest municipal, over three years.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from demo.making import tables
from demo.making.forms import (
    VOUCHER_COLUMNS,
    Line,
    Paper,
    Statement,
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
from demo.making.herne_bought import (
    BOUGHT_2011,
    BOUGHT_2012_1,
    BOUGHT_2012_2,
    BOUGHT_2013,
    COPY,
    EDUCATION,
    EVALUATION,
    IT,
    LEARNING,
    OFFICE,
    PAY,
    SPORT,
    THEATRE,
)
from demo.making.vouchers import Bought, bought, listed, payroll

PROGRAMME: Final = "JSAR"
MEASURE: Final = "HER-1"
TOWN: Final = "05916000"
TERM: Final = ("01.12.2010", "31.12.2013")
YEARS: Final = (2011, 2012, 2013)
AWARD: Final = "JSAR-2010-017"
PAPER: Final = "2010/D-0688"

ACCOUNT: Final = iban(5916_0001)
PARTNER_ACCOUNT: Final = iban(5916_0002)
"""Account of the co-operating carrier: its statement was handed in last."""
HOLDER: Final = "Stadt Herne, Projektkonto (Demo)"

GRANTOR: Final = ("JSAR-ESF", "ESF-Regiestelle (Demo)", "ESF")
COUNCIL: Final = ("HER-STADT", "Stadt Herne", "Kommune")

MUNICIPALITIES: Final = 36
LEFT: Final = 17
"""The municipality that left on 30.06.2012."""
PART: Final = 472_222_22
"""17 million / 36; 36 × 472,222.22 = 16,999,999.92."""

ESF: Final = {2011: 141_666_67, 2012: 165_277_78, 2013: 165_277_77}
OWN: Final = {2011: 35_416_67, 2012: 41_319_44, 2013: 41_319_45}
"""Σ 472,222.22 and 118,055.56: together 590,277.78, of which 20 % are 118,055.556."""

PLAN: Final = (
    ("1.1", "Koordination", (40_200_00, 42_150_00, 43_050_00)),
    ("1.2", "Fachkräfte", (78_600_00, 92_300_00, 94_200_00)),
    ("2", "Honorare", (27_400_00, 34_647_22, 33_847_22)),
    ("3", "Sachausgaben", (15_683_34, 18_500_00, 17_300_00)),
    ("4", "Teilnehmende", (15_200_00, 19_000_00, 18_200_00)),
)
"""Position × 2011, 2012, 2013; every year adds up to what is committed for it."""

POSTS: Final = (
    ("K", "1.1", {2011: (3_214_87, 1_802_10), 2012: (3_291_46, 1_845_30), 2013: (3_377_12, 1_890_20)}),
    ("F1", "1.2", {2011: (3_402_55, 1_903_30), 2012: (3_489_10, 1_951_50), 2013: (3_561_93, 1_992_40)}),
    ("F2", "1.2", {2011: (3_187_20, 1_604_40), 2012: (3_255_75, 1_823_10), 2013: (3_330_48, 1_864_90)}),
)
"""Post, position, year → monthly cost and what November adds. The second post began in March 2011."""

RECEIPTS: Final = (
    (1, "M-1", COUNCIL, 17_708_34, "2011-02-15", 2011),
    (1, "E-1", GRANTOR, 62_348_15, "2011-08-10", 2011),
    (1, "M-2", COUNCIL, 17_708_33, "2011-08-15", 2011),
    (1, "E-2", GRANTOR, 58_417_30, "2011-11-21", 2011),
    (2, "M-3", COUNCIL, 20_659_72, "2012-02-15", 2012),
    (2, "E-3", GRANTOR, 20_901_22, "2012-03-12", 2011),
    (2, "M-4", COUNCIL, 20_659_72, "2012-08-15", 2012),
    (2, "E-4", GRANTOR, 71_204_60, "2012-08-22", 2012),
    (3, "E-5", GRANTOR, 68_130_92, "2012-12-12", 2012),
    (4, "M-5", COUNCIL, 20_659_73, "2013-02-15", 2013),
    (4, "E-6", GRANTOR, 28_164_48, "2013-05-14", 2012),
    (4, "M-6", COUNCIL, 20_659_72, "2013-08-15", 2013),
    (4, "E-7", GRANTOR, 61_480_15, "2013-09-11", 2013),
    (4, "E-8", GRANTOR, 58_519_85, "2014-03-19", 2013),
    (5, "E-9", GRANTOR, -2_222_22, "2016-03-11", 2012),
    (5, "E-10", GRANTOR, 45_277_77, "2016-05-18", 2013),
)
"""Act, number, funder, cents, day, award year. E-6 is 2,222.22 more than was left of 2012; E-9 pays it back."""

DUPLICATE_OF: Final = ("2013-11-26", "Druck Informationsblätter")
REBOOKED: Final = ("2013-02-04", "2013-09-27")
"""Days of two invoices of the sports park that belong to the fees, not to the participants."""

FINAL: Final[tuple[Bought, ...]] = (
    ("2013-12-12", "2", LEARNING, 1_428_00, "Kompetenzfeststellung, Nachholtermin", {"paid": None}),
    ("2013-12-16", "3", COPY, 1_213_80, "Abschlussbroschüre, 300 Stück",
     {"paid": date(2014, 1, 9), "debit": 1_189_52, "eligible": 1_189_52}),
    ("2014-01-20", "2", EDUCATION, 932_40, "Elterncafé im Januar",
     {"service": (date(2014, 1, 13), date(2014, 1, 17)), "paid": date(2014, 2, 3)}),
    ("2014-01-15", "2", EVALUATION, 1_725_00, "Auswertung der Abschlussbefragung",
     {"service": (date(2013, 12, 16), date(2014, 1, 14)), "paid": date(2014, 1, 27)}),
    ("2015-12-14", "2", EVALUATION, 2_142_00, "Begleitevaluation, Schlussrechnung",
     {"service": (date(2013, 11, 1), date(2013, 11, 30)), "paid": date(2015, 12, 30)}),
    ("2015-12-16", "3", IT, 1_606_50, "Datenübergabe Fallakte",
     {"service": (date(2013, 12, 2), date(2013, 12, 20)), "paid": date(2016, 1, 4)}),
)  # fmt: skip
"""The list with the faults, without the duplicate: unpaid, paid less, outside the term, partly so, paid in time, paid late."""

SUPPLEMENT: Final[tuple[Bought, ...]] = (
    ("2013-11-08", "2", THEATRE, 3_274_60, "Theaterprojekt, Abschlussaufführung, Honorar", {}),
    ("2013-11-14", "2", LEARNING, 2_618_35, "Lernförderung Kleingruppe, Honorar", {}),
    ("2013-11-19", "3", IT, 3_412_65, "Datensicherung Fallakte", {}),
    ("2013-11-26", "2", EDUCATION, 3_105_48, "Sozialtraining Schulverweigerung, Honorar", {"reference": "-"}),
    ("2013-12-02", "3", COPY, 2_204_18, "Arbeitshilfe Übergang, Druck", {}),
    ("2013-12-05", "3", OFFICE, 672_14, "Büromaterial", {"reference": "-"}),
    ("2013-12-09", "2", EVALUATION, 4_215_75, "Begleitevaluation, Teilrechnung", {}),
    ("2013-12-11", "2", LEARNING, 2_987_20, "Kompetenzfeststellung, Durchführung", {}),
    ("2013-12-13", "3", OFFICE, 1_164_24, "Archivkartons und Regale für die Projektakten", {}),
)  # fmt: skip
"""What the co-operating carrier paid and nobody had handed in: it closes the sum to 590,277.78."""


def files() -> Iterator[tuple[str, bytes]]:
    """All hand-ins of the programme: path below ``demo/herne`` and content."""
    statement, balance = _bank(1, regular(2011), 160_000_00)
    yield from _act_1(statement)
    first, second = halves_of_2012()
    statement, balance = _bank(2, first, balance)
    yield from _act_2(first, statement)
    statement, balance = _bank(3, second, balance)
    yield from _act_3(second, statement)
    year, final = regular(2013), final_list()
    statement, balance = _bank(4, [*year, *final], balance)
    yield from _act_4(year, final, statement)
    yield from _act_5(_bank(5, [], balance)[0])


def regular(year: int) -> list[Voucher]:
    """The voucher list of a whole year."""
    goods = {2011: BOUGHT_2011, 2013: BOUGHT_2013}[year]
    return listed(str(year), f"HER{year % 100}", [*_staff(year, 1, 12), *bought(MEASURE, goods, paid_by=date(year, 12, 30))])


def halves_of_2012() -> tuple[list[Voucher], list[Voucher]]:
    """The lists of January to September and of October to December 2012."""
    first = [*_staff(2012, 1, 9), *bought(MEASURE, BOUGHT_2012_1, paid_by=date(2012, 9, 28))]
    second = [*_staff(2012, 10, 12), *bought(MEASURE, BOUGHT_2012_2, paid_by=date(2012, 12, 28))]
    return listed("2012-1", "HERA", first), listed("2012-2", "HERB", second)


def final_list() -> list[Voucher]:
    """The list with the planted faults; its third row repeats a row of the list 2013."""
    drafts = [replace(v, year=2013) for v in bought(MEASURE, FINAL, paid_by=date(2016, 1, 29))]
    drafts.insert(2, next(v for v in regular(2013) if (v.invoiced.isoformat(), v.purpose) == DUPLICATE_OF))
    return [
        replace(v, list="SCHLUSS", number=f"{n:02d}", reference=v.reference or f"HERS{n:04d}") for n, v in enumerate(drafts, 1)
    ]


def supplement() -> list[Voucher]:
    """What is handed in last, paid from the carrier's account."""
    return listed("NACHTRAG", "HERN", bought(MEASURE, SUPPLEMENT, paid_by=date(2013, 12, 30)))


def corrections() -> list[Voucher]:
    """Each fault mended: rows that take the place of earlier ones, and withdrawals."""
    unpaid, less, twice, outside, partly, _, late = final_list()
    rebooked = [v for v in regular(2013) if v.issuer is SPORT and v.invoiced.isoformat() in REBOOKED]
    inside = (partly.service[0], date(2013, 12, 31))
    return [
        *(replace(v, position="2", purpose=f"{v.purpose}: Honorar der Kursleitung", corrects="ja") for v in rebooked),
        replace(unpaid, paid=date(2013, 12, 23), corrects="ja"),
        replace(less, credit=24_28, corrects="ja"),
        replace(twice, withdrawn="ja"),
        replace(outside, withdrawn="ja"),
        replace(partly, service=inside, eligible=partly.gross * 16 // 30, corrects="ja"),
        replace(late, withdrawn="ja"),
    ]


def _act_1(statement: bytes) -> Iterator[tuple[str, bytes]]:
    yield "act-1/01-programmes.csv", sheet(
        "Programme", tables.PROGRAMMES,
        [(PROGRAMME, "JUGEND STÄRKEN: Aktiv in der Region", "2007-2013", "01.10.2010", "31.12.2013", "20 %", "ja")],
    )  # fmt: skip
    yield "act-1/02-participations.csv", sheet(
        "Teilnahmen", tables.PARTICIPATIONS,
        [
            (PROGRAMME, TOWN, "Herne", TOWN, "01.10.2010", "", amount(PART), "ja"),
            *(_participation(n, "") for n in range(2, MUNICIPALITIES + 1)),
        ],
        encoding="cp1252",
    )  # fmt: skip
    yield "act-1/03-figures.csv", sheet(
        "Veröffentlichte Zahlen", tables.FIGURES,
        [
            (PROGRAMME, "Kommunen", "36", "Anzahl", "", "15.01.2011", "Programmseite Aktiv in der Region"),
            (PROGRAMME, "Teilnahmen", "17", "Mio. EUR", "1.000.000", "15.01.2011", "Programmseite Aktiv in der Region"),
        ],
    )  # fmt: skip
    yield "act-1/04-measures.csv", sheet(
        "Maßnahmen", tables.MEASURES,
        [
            (MEASURE, "Aktiv in der Region – Herne", PROGRAMME, TOWN, "Herne", TOWN, "Stadt Herne",
             "Kompetenzagentur und zweite Chance", "Schulverweigernde und junge Menschen am Übergang Schule–Beruf", *TERM,
             "2007-2013", f"{ACCOUNT} | {PARTNER_ACCOUNT}", AWARD, "", "ja", "")
        ],
    )  # fmt: skip
    yield "act-1/05-plan.csv", sheet(
        "Finanzierungsplan", tables.PLANS,
        [
            (MEASURE, key, name, str(year), amount(cents), "", "", "")
            for key, name, years in PLAN
            for year, cents in zip(YEARS, years, strict=True)
        ],
    )  # fmt: skip
    yield "act-1/06-award.csv", sheet(
        "Bescheide", tables.awards(*YEARS),
        [
            (MEASURE, AWARD, "1", *GRANTOR, "20.12.2010", *TERM, "Anteil", "80 %", "gesamt", amount(PART),
             *map(amount, ESF.values()), "")
        ],
    )  # fmt: skip
    steps = (
        Step("Jugendhilfeausschuss", "Vorberatung", date(2010, 11, 9), "ungeändert beschlossen"),
        Step("Haupt- und Finanzausschuss", "Vorberatung", date(2010, 11, 30), "ungeändert beschlossen"),
        Step("Rat der Stadt", "Entscheidung", date(2010, 12, 14), "ungeändert beschlossen"),
    )
    paper = Paper(PAPER, "Aktiv in der Region: Eigenanteil 2011 bis 2013 (Demo)", "Beschlussvorlage", date(2010, 10, 18),
                  "2010-12-21T08:00:00+00:00", "Fachbereich Kinder-Jugend-Familie", steps)  # fmt: skip
    yield "act-1/07-paper.json", council("ratsinfo-herne.demo.example", [paper])
    yield "act-1/08-decisions.csv", sheet(
        f"Beschlussdetails zu {PAPER}", tables.DECISIONS,
        [(TOWN, PAPER, *COUNCIL, str(year), amount(cents), "ja", "", "", "060301", "") for year, cents in OWN.items()],
    )  # fmt: skip
    yield "act-1/09-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS,
        [
            (MEASURE, "KOM-1", "1", *COUNCIL, str(year), amount(cents), "beschlossen", "14.12.2010", "31.12.2016", PAPER,
             "Beschluss")
            for year, cents in OWN.items()
        ],
    )  # fmt: skip
    yield "act-1/10-vouchers-2011.csv", _list("2011", regular(2011), "cp1252")
    yield "act-1/11-receipts.csv", _receipts(1)
    yield "act-1/20-bank.xml", statement


def _act_2(vouchers: list[Voucher], statement: bytes) -> Iterator[tuple[str, bytes]]:
    yield "act-2/01-participations.csv", sheet("Teilnahmen", tables.PARTICIPATIONS, [_participation(LEFT, "30.06.2012")])
    yield "act-2/10-vouchers-2012-1.csv", _list("2012, Januar bis September", vouchers, "utf-8-sig")
    yield "act-2/11-receipts.csv", _receipts(2)
    yield "act-2/20-bank.xml", statement


def _act_3(vouchers: list[Voucher], statement: bytes) -> Iterator[tuple[str, bytes]]:
    yield "act-3/01-figures.csv", sheet(
        "Veröffentlichte Zahlen", tables.FIGURES,
        [(PROGRAMME, "Kommunen", "35", "Anzahl", "", "21.12.2012", "Mitteilung des Bundesministeriums vom 21.12.2012")],
    )  # fmt: skip
    yield "act-3/10-vouchers-2012-2.json", submission(
        "vouchers", f"{MEASURE} 2012-2", VOUCHER_COLUMNS, voucher_rows(vouchers),
        ident="herne-belege-2012-2", source="urn:demo:herne:finanzverfahren",
    )  # fmt: skip
    yield "act-3/11-receipts.csv", _receipts(3)
    yield "act-3/20-bank.xml", statement


def _act_4(year: list[Voucher], final: list[Voucher], statement: bytes) -> Iterator[tuple[str, bytes]]:
    yield "act-4/10-vouchers-2013.csv", _list("2013", year, "utf-8")
    yield "act-4/11-vouchers-final.csv", _list("Schlussabrechnung", final, "cp1252")
    yield "act-4/12-receipts.csv", _receipts(4)
    yield "act-4/20-bank.xml", statement


def _act_5(statement: bytes) -> Iterator[tuple[str, bytes]]:
    more = supplement()
    yield "act-5/10-corrections.csv", _list("Berichtigungen", corrections(), "utf-8")
    yield "act-5/11-vouchers-supplement.csv", _list("Nachtrag", more, "utf-8")
    yield "act-5/12-receipts.csv", _receipts(5)
    yield "act-5/20-bank.xml", statement
    late = [v for v in corrections() if v.number == "01"]
    quarter = statements([("2013-4", date(2013, 10, 1), date(2013, 12, 31))], debits([*more, *late]))
    holder = "Bildungswerk Beispiel e. V., Projektkonto (Demo)"
    yield "act-5/21-bank-partner.xml", camt(PARTNER_ACCOUNT, holder, 30_000_00, quarter, version="08")[0]


def _staff(year: int, first: int, last: int) -> Iterator[Voucher]:
    for post, position, pays in POSTS:
        begins = 3 if (post, year) == ("F2", 2011) else first
        pay, special = pays[year]
        yield from payroll(MEASURE, position, PAY, post, [(year, m) for m in range(begins, last + 1)], pay=pay, special=special)


def _list(title: str, vouchers: Iterable[Voucher], encoding: str) -> bytes:
    return sheet(f"Belegliste {title}", VOUCHER_COLUMNS, voucher_rows(vouchers), encoding=encoding)


def _participation(n: int, left: str) -> tuple[str, ...]:
    return (PROGRAMME, f"JSAR-MK-{n:02d}", f"Modellkommune {n:02d} (Demo)", "", "01.10.2010", left, amount(PART), "ja")


def _receipts(act: int) -> bytes:
    rows = [
        (MEASURE, number, *funder, amount(cents), day(date.fromisoformat(on)), str(year),
         AWARD if funder is GRANTOR else "", f"JSAR-{number}" if funder is GRANTOR else "")
        for in_act, number, funder, cents, on, year in RECEIPTS if in_act == act
    ]  # fmt: skip
    return sheet("Eingänge", tables.RECEIPTS, rows)


def _bank(act: int, vouchers: Iterable[Voucher], opening: int) -> tuple[bytes, int]:
    """The project account's statements handed in with an act, and the balance the next ones open with."""
    lines = debits(v for v in vouchers)
    lines += [
        Line(date.fromisoformat(on), cents, funder[1], iban(9900 + (funder is COUNCIL)), f"Mittel {MEASURE} {year}",
             f"JSAR-{number}" if funder is GRANTOR else "")
        for in_act, number, funder, cents, on, year in RECEIPTS if in_act == act
    ]  # fmt: skip
    return camt(ACCOUNT, HOLDER, opening, _periods(act, lines))


def _periods(act: int, lines: list[Line]) -> list[Statement]:
    def quarter(year: int, n: int) -> tuple[str, date, date]:
        return f"{year}-{n}", date(year, 3 * n - 2, 1), date(year, 3 * n, 30 if n in {2, 3} else 31)

    periods = {
        1: [quarter(2011, n) for n in (1, 2, 3, 4)],
        2: [quarter(2012, n) for n in (1, 2, 3)],
        3: [quarter(2012, 4)],
        4: [
            *(quarter(2013, n) for n in (1, 2, 3, 4)),
            ("2014", date(2014, 1, 1), date(2014, 12, 31)),
            ("2015", date(2015, 1, 1), date(2015, 12, 31)),
            ("2016-01", date(2016, 1, 1), date(2016, 1, 31)),
        ],
        5: [("2016-02", date(2016, 2, 1), date(2016, 5, 31))],
    }
    return statements(periods[act], lines)
