"""Landkreis Harz: JUSTiQ (ESF of the federation) beside KombI (ESF of the Land, Jobcenter as funder), in one house.

Names, funders and target groups are published, and that the meeting was on 16.10.2019; amounts, persons, vouchers are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

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
from shared.values.dates import last_day_of_month

PROGRAMME: Final = "HARZ-2019"
KREIS: Final = "15085"
JUSTIQ, KOMBI = "HZ-JUSTIQ", "HZ-KOMBI"
ACCOUNT: Final = iban(15085_0001)
YEARS: Final = (2019, 2020)

FEDERAL_ESF: Final = ("HZ-ESF-BUND", "ESF-Verwaltungsbehörde Bund (Demo)", "ESF")
LAND_ESF: Final = ("HZ-ESF-LAND", "ESF-Verwaltungsbehörde Sachsen-Anhalt (Demo)", "ESF")
COUNTY: Final = ("HZ-KREIS", "Landkreis Harz", "Kommune")
JOBCENTER: Final = ("HZ-KOBA", "KoBa Jobcenter Landkreis Harz", "Jobcenter")

PLAN: Final = (
    (JUSTIQ, "1", "Personal", 2019, 92_418_60), (JUSTIQ, "3", "Sachausgaben", 2019, 14_206_40),
    (JUSTIQ, "1", "Personal", 2020, 94_720_15), (JUSTIQ, "3", "Sachausgaben", 2020, 14_604_85),
    (KOMBI, "1", "Personal", 2019, 71_336_25), (KOMBI, "3", "Sachausgaben", 2019, 11_038_75),
    (KOMBI, "1", "Personal", 2020, 73_104_50), (KOMBI, "3", "Sachausgaben", 2020, 11_270_50),
)  # fmt: skip
"""JUSTiQ 106,625.00 + 109,325.00, KombI 82,375.00 + 84,375.00."""

SHARED: Final = {2019: (85_300_00, 21_325_00, 65_900_00, 16_475_00), 2020: (87_460_00, 21_865_00, 67_500_00, 16_875_00)}
"""Year → JUSTiQ: ESF, Landkreis; KombI: ESF, Jobcenter. 80 % and 20 %."""

FULL_POST: Final = 4_940_00
"""Employer's cost of the shared person's whole post in a month."""
PERSON: Final = "HARZ-PERSON-07"
JUSTIQ_SHARES: Final = {8: 60, 9: 60, 10: 60, 11: 60}
KOMBI_SHARES: Final = {8: 40, 9: 40, 10: 50, 11: 40}
"""Month of 2019 → share of the post in hundredths: in October 60 + 50."""
OTHERS: Final = ((JUSTIQ, "HARZ-PERSON-01", 100, 4_611_20), (KOMBI, "HARZ-PERSON-02", 80, 3_528_16))

PAY: Final = Issuer("Bezügestelle Beispiel GmbH (Demo)", 70_01, "BZ")
KITCHEN: Final = Issuer("Catering Beispiel GmbH (Demo)", 70_02, "CB")
OFFICE: Final = Issuer("Büroprofi Beispiel GmbH (Demo)", 70_03, "BP")
TRAINING: Final = Issuer("Coachingwerk Muster gGmbH (Demo)", 70_04, "CW")
TRAVEL: Final = Issuer("Fahrdienst Muster GmbH (Demo)", 70_05, "FM")

CATERING: Final[dict[str, Any]] = {
    "invoice": "CB-2019-1016", "service": (date(2019, 10, 16), date(2019, 10, 16)), "paid": date(2019, 11, 4),
    "reference": "HZ20191104CB",
}  # fmt: skip
CATERING_CENTS: Final = 862_75
"""60 % are 517.65, 40 % are 345.10."""

JUSTIQ_BOUGHT: Final[tuple[Bought, ...]] = (
    ("2019-08-20", "3", OFFICE, 418_62, "Arbeitsmaterial Case Management", {}),
    ("2019-09-10", "3", TRAINING, 1_785_00, "Supervision, fünf Sitzungen", {}),
    ("2019-10-17", "3", KITCHEN, CATERING_CENTS, "Verpflegung Vernetzungstreffen 16.10.2019", CATERING),
    ("2019-11-05", "3", TRAVEL, 296_31, "Fahrten zum Vernetzungstreffen", BY_AMOUNT),
)
KOMBI_BOUGHT: Final[tuple[Bought, ...]] = (
    ("2019-08-27", "3", TRAINING, 2_142_00, "Gruppencoaching, sechs Termine", {}),
    ("2019-09-18", "3", OFFICE, 233_07, "Büromaterial Koordinierungsstelle", {}),
    ("2019-10-17", "3", KITCHEN, CATERING_CENTS, "Verpflegung Vernetzungstreffen 16.10.2019", CATERING),
    ("2019-11-12", "3", TRAVEL, 184_90, "Fahrdienst Teilnehmende", {"credit": 12_40}),
)

RECEIPTS: Final = (
    (JUSTIQ, "E-1", FEDERAL_ESF, 18_640_00, "2019-11-22", "JQH-2019-01"),
    (JUSTIQ, "E-2", COUNTY, 5_400_00, "2019-11-25", ""),
    (KOMBI, "E-1", LAND_ESF, 12_300_00, "2019-11-26", "RUE-2019-44"),
    (KOMBI, "E-2", JOBCENTER, 3_900_00, "2019-11-27", ""),
)


def files() -> Iterator[tuple[str, bytes]]:
    """All hand-ins of the programme: path below ``demo/harz`` and content."""
    yield from _measures_and_money()
    yield from _vouchers_and_staff()
    yield from _mended()


def vouchers(measure: str) -> list[Voucher]:
    """What a measure claims for August to November 2019: its own person, the shared one, what was bought."""
    months = [(2019, month) for month in JUSTIQ_SHARES]
    own = next((cost for key, _, _, cost in OTHERS if key == measure))
    shares = JUSTIQ_SHARES if measure == JUSTIQ else KOMBI_SHARES
    post = "J" if measure == JUSTIQ else "K"
    staff = payroll(measure, "1", PAY, f"{post}1", months, pay=own)
    shared = [
        replace(voucher, gross=FULL_POST * shares[voucher.invoiced.month] // 100)
        for voucher in payroll(measure, "1", PAY, f"{post}7", months, pay=FULL_POST)
    ]
    goods = bought(measure, JUSTIQ_BOUGHT if measure == JUSTIQ else KOMBI_BOUGHT, paid_by=date(2019, 12, 20))
    return listed("2019-2", f"HZ{post}19", [*staff, *shared, *goods])


def _measures_and_money() -> Iterator[tuple[str, bytes]]:
    yield "act-1/01-programmes.csv", sheet(
        "Programme", tables.PROGRAMMES,
        [(PROGRAMME, "Landkreis Harz: Übergang Schule–Beruf", "2014-2020", "01.01.2019", "30.06.2022", "", "ja")],
    )  # fmt: skip
    yield "act-1/02-measures.csv", sheet(
        "Maßnahmen", tables.MEASURES,
        [
            (key, name, PROGRAMME, KREIS, "Landkreis Harz", KREIS, "Landkreis Harz", "Sozialpädagogische Einzelfallhilfe", group,
             "01.01.2019", "31.12.2020", "2014-2020", ACCOUNT, "", alias, "ja", "")
            for key, name, group, alias in (
                (JUSTIQ, "JUSTiQ Harz", "Schulverweigernde Jugendliche bis zum ersten Schulabschluss", "JQH-2019-01"),
                (KOMBI, "KombI Harz (RÜMSA)", "Junge Erwachsene bis 35 Jahre mit mehrfachen Problemlagen", "RUE-2019-44"),
            )
        ],
    )  # fmt: skip
    yield "act-1/03-plans.csv", sheet(
        "Finanzierungspläne", tables.PLANS,
        [(measure, key, name, str(year), amount(cents), "", "", "") for measure, key, name, year, cents in PLAN],
        encoding="cp1252",
    )  # fmt: skip
    yield "act-1/04-awards.csv", sheet(
        "Bescheide", tables.awards(*YEARS),
        [
            (measure, reference, "1", *grantor, on, "01.01.2019", "31.12.2020", "Anteil", "80 %", "gesamt",
             amount(sum(SHARED[year][at] for year in YEARS)), *(amount(SHARED[year][at]) for year in YEARS), "")
            for measure, reference, grantor, on, at in (
                (JUSTIQ, "JQH-2019-01", FEDERAL_ESF, "17.12.2018", 0),
                (KOMBI, "RUE-2019-44", LAND_ESF, "20.12.2018", 2),
            )
        ],
    )  # fmt: skip
    steps = (
        Step("Jugendhilfeausschuss", "Vorberatung", date(2018, 11, 14), "ungeändert beschlossen"),
        Step("Kreisausschuss", "Vorberatung", date(2018, 11, 28), "ungeändert beschlossen"),
        Step("Kreistag", "Entscheidung", date(2018, 12, 12), "ungeändert beschlossen"),
    )
    paper = Paper("2018/D-207", "Eigenanteil JUSTiQ 2019/2020 (Demo)", "Beschlussvorlage", date(2018, 10, 22),
                  "2018-12-20T08:00:00+00:00", "Jugendamt", steps)  # fmt: skip
    yield "act-1/05-paper.json", council("ratsinfo-harz.demo.example", [paper])
    yield "act-1/06-decisions.csv", sheet(
        "Beschlussdetails zu 2018/D-207", tables.DECISIONS,
        [(KREIS, "2018/D-207", *COUNTY, str(year), amount(SHARED[year][1]), "ja", "", "", "3631", "") for year in YEARS],
    )  # fmt: skip
    yield "act-1/07-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS,
        [
            *((JUSTIQ, "LK-1", "1", *COUNTY, str(year), amount(SHARED[year][1]), "beschlossen", "12.12.2018", "", "2018/D-207",
               "Beschluss") for year in YEARS),
            *((KOMBI, "JC-1", "1", *JOBCENTER, str(year), amount(SHARED[year][3]), "bewilligt", "14.12.2018", "", "", "Bescheid")
              for year in YEARS),
        ],
    )  # fmt: skip


def _vouchers_and_staff() -> Iterator[tuple[str, bytes]]:
    justiq, kombi = vouchers(JUSTIQ), vouchers(KOMBI)
    yield "act-1/08-vouchers-justiq.csv", sheet("Belegliste JUSTiQ", VOUCHER_COLUMNS, voucher_rows(justiq))
    yield "act-1/09-vouchers-kombi.json", submission(
        "vouchers", f"{KOMBI} 2019-2", VOUCHER_COLUMNS, voucher_rows(kombi),
        ident="kombi-belege-2019-2", source="urn:demo:harz:kombi",
    )  # fmt: skip
    yield "act-1/10-receipts.csv", sheet(
        "Eingänge", tables.RECEIPTS,
        [(measure, number, *funder, amount(cents), day(date.fromisoformat(on)), "2019", award, "")
         for measure, number, funder, cents, on, award in RECEIPTS],
    )  # fmt: skip
    credits = [
        Line(date.fromisoformat(on), cents, funder[1], iban(9000 + n), f"Mittel {measure} 2019")
        for n, (measure, _, funder, cents, on, _) in enumerate(RECEIPTS)
    ]
    periods = [(f"2019-{month:02d}", date(2019, month, 1), last_day_of_month(2019, month)) for month in range(8, 13)]
    found = statements(periods, [*debits([*justiq, *kombi]), *credits])
    yield "act-1/11-bank.xml", camt(ACCOUNT, "Landkreis Harz, Projektkonto (Demo)", 70_000_00, found, version="08")[0]
    yield "act-1/12-staff.csv", sheet(
        "Personaleinsatz", tables.STAFF,
        [
            *(_month(JUSTIQ, PERSON, month, share, FULL_POST * share // 100) for month, share in JUSTIQ_SHARES.items()),
            *(_month(KOMBI, PERSON, month, share, FULL_POST * share // 100) for month, share in KOMBI_SHARES.items()),
            *(_month(measure, person, month, share, cost) for measure, person, share, cost in OTHERS for month in JUSTIQ_SHARES),
        ],
    )  # fmt: skip


def _mended() -> Iterator[tuple[str, bytes]]:
    """The invoice shared 60 to 40, the person 0.5 and 0.5, and what October's pay may claim of it."""
    catering = {m: next(v for v in vouchers(m) if v.issuer is KITCHEN) for m in (JUSTIQ, KOMBI)}
    october = next(v for v in vouchers(JUSTIQ) if v.invoice == f"{PAY.mark}-J7-201910")
    rows = [
        replace(catering[JUSTIQ], allocation="60 %", eligible=517_65, corrects="ja"),
        replace(catering[KOMBI], allocation="40 %", corrects="ja"),
        replace(october, eligible=FULL_POST // 2, corrects="ja"),
    ]
    yield "act-2/01-vouchers.csv", sheet("Berichtigungen", VOUCHER_COLUMNS, voucher_rows(rows))
    yield "act-2/02-staff.csv", sheet(
        "Personaleinsatz, Berichtigung", tables.STAFF, [_month(JUSTIQ, PERSON, 10, 50, FULL_POST // 2, "ja")]
    )


def _month(measure: str, person: str, month: int, share: int, cost: int, corrected: str = "") -> tuple[str, ...]:
    text = f"{share // 100},{share % 100:02d}".rstrip("0").rstrip(",")
    return (measure, person, f"{month:02d}/2019", text, amount(cost), corrected)
