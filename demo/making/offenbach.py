"""Kreis Offenbach, 4th quarter 2014: four measures of different funders, a report signed before the quarter ended, and the
story of Eschweiler (a funder drops out) in a model municipality.

Names, districts, modules, dates of the report and the amounts of Eschweiler are published; everything else is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
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
    debits,
    iban,
    sheet,
    statements,
    submission,
    voucher_rows,
)
from demo.making.vouchers import BY_AMOUNT, Bought, bought, listed, payroll

PROGRAMME: Final = "OF-Q4-2014"
KREIS: Final = "06438"
TOWN: Final = "OF-MK-50"
NETWORK, GUIDANCE, JUSTIQ, BUDGET, STORY = "OF-NETZ", "OF-BWB", "OF-JUSTIQ", "OF-HAQB", "OF-MK50"

ACCOUNT: Final = iban(6438_0001)
JUSTIQ_ACCOUNT: Final = iban(6438_0002)
HOLDER: Final = "Kreis Offenbach, Projektkonto (Demo)"

COUNTY: Final = ("OF-KREIS", "Kreis Offenbach", "Kommune")
FOUNDATION: Final = ("OF-STIFTUNG", "Stiftung Übergang Beispiel (Demo)", "Stiftung")
AGENCY: Final = ("OF-AGENTUR", "Agentur für Arbeit (Demo)", "Bund")
SECURITY: Final = ("OF-SGB2", "Träger der Grundsicherung (Demo)", "Jobcenter")
COUNCIL: Final = ("OF-MK50-STADT", "Modellkommune 50 (Demo)", "Kommune")
FEDERATION: Final = ("OF-BUND", "Bundeszuschuss (Demo)", "Bund")

MODULES: Final = "Case Management|Aufsuchende Jugendsozialarbeit|Niedrigschwellige Beratung/Clearing|Mikroprojekte"
DISTRICTS: Final = "Quartier 1|Quartier 2|Quartier 3|Quartier 4"

PLAN: Final = (
    (NETWORK, "1", "Personal", 2014, 61_200_00), (NETWORK, "2", "Honorare", 2014, 12_480_40),
    (NETWORK, "3", "Sachausgaben", 2014, 10_635_00), (NETWORK, "1", "Personal", 2015, 62_700_00),
    (NETWORK, "2", "Honorare", 2015, 12_700_00), (NETWORK, "3", "Sachausgaben", 2015, 10_712_75),
    (GUIDANCE, "1", "Personal", 2014, 48_750_60), (GUIDANCE, "3", "Sachausgaben", 2014, 6_240_00),
    (GUIDANCE, "1", "Personal", 2015, 49_800_00), (GUIDANCE, "3", "Sachausgaben", 2015, 6_300_00),
    (BUDGET, "1", "Personal", 2015, 96_240_50), (BUDGET, "4", "Teilnehmende", 2015, 51_822_00),
)  # fmt: skip

JUSTIQ_PLAN: Final = (
    ("1", "Personal", 2015, 138_666_67), ("3", "Sachausgaben", 2015, 34_666_66),
    *((position, name, year, cents) for year in (2016, 2017, 2018)
      for position, name, cents in (("1", "Personal", 142_553_18), ("3", "Sachausgaben", 35_638_30))),
)  # fmt: skip
"""Each row for four Quartiere × four Bausteine; no total divides by 16. Σ 707,907.77."""

JUSTIQ_ESF: Final = {2015: 86_666_66, 2016: 89_095_74, 2017: 89_095_74, 2018: 89_095_74}
JUSTIQ_COUNTY: Final = {2015: 86_666_67, 2016: 89_095_74, 2017: 89_095_74, 2018: 89_095_74}

STORY_YEARS: Final = (2015, 2016, 2017, 2018)
STORY_PLAN: Final = (("1", "Personal", 192_272_00), ("3", "Sachausgaben", 48_068_00))
"""240,340.00 a year, 961,360.00 in four years."""
STORY_ESF: Final = 120_170_00
STORY_PART: Final = 60_085_00
"""A quarter of a year, and of 961,360.00: what the town gives and what the federation was to give."""

PAY: Final = Issuer("Zentrale Lohnabrechnung Beispiel GmbH (Demo)", 50_01, "LA")
COACHES: Final = Issuer("Lernwerkstatt Muster gGmbH (Demo)", 50_02, "LW")
OFFICE: Final = Issuer("Bürobedarf Beispiel GmbH (Demo)", 50_03, "BB")
PRINT: Final = Issuer("Druckhaus Beispiel GmbH (Demo)", 50_04, "DH")
ROOMS: Final = Issuer("Vermietung Beispiel GmbH (Demo)", 50_05, "VM")

NETWORK_BOUGHT: Final[tuple[Bought, ...]] = (
    ("2014-02-11", "3", OFFICE, 342_18, "Moderationsmaterial, Flipcharts", {}),
    ("2014-03-14", "2", COACHES, 3_105_00, "Fortbildung der Beratungskräfte, Modul 1", {}),
    ("2014-04-08", "3", ROOMS, 1_890_00, "Raummiete Beratung, 1. Quartal", {}),
    ("2014-05-19", "3", PRINT, 1_264_97, "Wegweiser Schule–Beruf, 800 Stück", {"discount": 25_30}),
    ("2014-06-20", "2", COACHES, 3_105_00, "Fortbildung der Beratungskräfte, Modul 2", {}),
    ("2014-07-09", "3", ROOMS, 1_890_00, "Raummiete Beratung, 2. Quartal", {}),
    ("2014-09-26", "2", COACHES, 2_987_60, "Fachtag der drei Kommunen, Moderation", BY_AMOUNT),
    ("2014-10-08", "3", ROOMS, 1_890_00, "Raummiete Beratung, 3. Quartal", {}),
    ("2014-11-04", "3", OFFICE, 417_45, "Büromaterial Beratungsstellen", BY_AMOUNT),
)
GUIDANCE_BOUGHT: Final[tuple[Bought, ...]] = (
    ("2014-03-03", "3", PRINT, 688_21, "Kompetenzmappen", {}),
    ("2014-06-03", "3", OFFICE, 254_66, "Büromaterial Stützpunkte", {}),
    ("2014-09-15", "3", PRINT, 731_85, "Einladungen Elternabende", {}),
    ("2014-10-21", "3", OFFICE, 489_03, "Ausstattung Stützpunkt", BY_AMOUNT),
)
JUSTIQ_BOUGHT: Final[tuple[Bought, ...]] = (
    ("2015-02-24", "3", OFFICE, 1_312_74, "Erstausstattung Quartiersbüro",
     {"module": "Case Management", "district": "Quartier 1"}),
    ("2015-03-17", "3", PRINT, 846_09, "Flyer mehrsprachig",
     {"module": "Niedrigschwellige Beratung/Clearing", "district": "Quartier 2"}),
    ("2015-04-14", "3", ROOMS, 2_205_00, "Raummiete Beratung",
     {"module": "Niedrigschwellige Beratung/Clearing", "district": "Quartier 3"}),
    ("2015-05-20", "3", COACHES, 1_986_40, "Mikroprojekt Hofgestaltung, Anleitung",
     {"module": "Mikroprojekte", "district": "Quartier 4"}),
)  # fmt: skip


NETWORK_RECEIPTS: Final = (
    ("E-1", FOUNDATION, 15_200_00, "2014-04-15"),
    ("E-2", COUNTY, 25_300_00, "2014-05-02"),
    ("E-3", FOUNDATION, 13_126_16, "2014-10-15"),
    ("E-4", COUNTY, 16_100_00, "2014-11-03"),
)
GUIDANCE_RECEIPTS: Final = (("E-1", AGENCY, 24_100_00, "2014-09-30"), ("E-2", COUNTY, 21_000_00, "2014-10-30"))


def files() -> Iterator[tuple[str, bytes]]:
    """All hand-ins of the programme: path below ``demo/offenbach`` and content."""
    yield from _act_1()
    yield from _act_2()
    yield from _act_3()


def network_vouchers() -> list[Voucher]:
    """What the network paid from January to November 2014."""
    months = [(2014, month) for month in range(1, 12)]
    staff = payroll(NETWORK, "1", PAY, "N1", months, pay=4_861_33, special=1_104_20)
    return listed("2014", "OFN14", [*staff, *bought(NETWORK, NETWORK_BOUGHT, paid_by=date(2014, 11, 28))])


def guidance_vouchers() -> list[Voucher]:
    """What the vocational guidance paid from January to November 2014."""
    months = [(2014, month) for month in range(1, 12)]
    staff = payroll(GUIDANCE, "1", PAY, "B1", months, pay=3_902_71, special=884_60)
    return listed("2014", "OFB14", [*staff, *bought(GUIDANCE, GUIDANCE_BOUGHT, paid_by=date(2014, 11, 28))])


def justiq_vouchers() -> list[Voucher]:
    """What JUSTiQ paid from February to May 2015, each for one Baustein in one Quartier."""
    months = [(2015, month) for month in range(2, 6)]
    staff = [
        replace(voucher, module=module, district=district)
        for post, pay, module, district in (
            ("Q1", 3_587_14, "Case Management", "Quartier 1"),
            ("Q2", 3_498_52, "Aufsuchende Jugendsozialarbeit", "Quartier 2"),
        )
        for voucher in payroll(JUSTIQ, "1", PAY, post, months, pay=pay)
    ]
    return listed("2015-1", "OFJ15", [*staff, *bought(JUSTIQ, JUSTIQ_BOUGHT, paid_by=date(2015, 6, 26))])


def _act_1() -> Iterator[tuple[str, bytes]]:
    yield "act-1/01-programmes.csv", sheet(
        "Programme", tables.PROGRAMMES,
        [(PROGRAMME, "Kreis Offenbach: Übergang Schule–Arbeitswelt", "2014-2020", "01.01.2014", "31.12.2018", "", "ja")],
    )  # fmt: skip
    yield "act-1/02-measures.csv", sheet(
        "Maßnahmen", tables.MEASURES,
        [
            _measure(NETWORK, "Netzwerk Jugend in Beruf", "Vernetzung und Beratung in drei Kommunen",
                     "Schulverweigernde und junge Menschen mit mehrfachen Problemlagen", "01.01.2014", "31.12.2015", "national",
                     ACCOUNT),
            _measure(GUIDANCE, "Berufswegebegleitung", "Berufswegebegleitung an Stützpunkten",
                     "Schülerinnen und Schüler der Abgangsklassen", "01.01.2014", "31.12.2015", "national", ACCOUNT),
            _measure(JUSTIQ, "JUGEND STÄRKEN im Quartier", "Jugendsozialarbeit in vier Quartieren",
                     "Migrantinnen und Migranten, Geflüchtete, Zugewanderte aus Südosteuropa", "01.01.2015", "31.12.2018",
                     "2014-2020", JUSTIQ_ACCOUNT),
            _measure(BUDGET, "Hessisches Ausbildungs- und Qualifizierungsbudget", "Ausbildungsvorbereitung und Coaching",
                     "Leistungsberechtigte ohne Berufsabschluss", "01.01.2015", "31.12.2015", "national", ""),
        ],
    )  # fmt: skip
    yield "act-1/03-plans.csv", sheet(
        "Finanzierungspläne", tables.PLANS,
        [
            *((measure, key, name, str(year), amount(cents), "", "", "") for measure, key, name, year, cents in PLAN),
            *((JUSTIQ, key, name, str(year), amount(cents), MODULES, DISTRICTS, "") for key, name, year, cents in JUSTIQ_PLAN),
        ],
        encoding="utf-8-sig",
    )  # fmt: skip
    yield "act-1/04-awards.csv", sheet(
        "Bescheide", tables.awards(*JUSTIQ_ESF),
        [
            (JUSTIQ, "JQ-2014-0815", "1", "OF-ESF", "ESF-Verwaltungsbehörde Bund (Demo)", "ESF", "24.11.2014", "01.01.2015",
             "31.12.2018", "Anteil", "50 %", "gesamt", amount(sum(JUSTIQ_ESF.values())), *map(amount, JUSTIQ_ESF.values()), ""),
            (BUDGET, "AQB-2015-06438", "1", "OF-LAND", "Land Hessen (Demo)", "Land", "28.11.2014", "01.01.2015", "31.12.2015",
             "Anteil", "80 %", "gesamt", amount(118_450_00), amount(118_450_00), "", "", "", ""),
        ],
    )  # fmt: skip
    papers = [
        _county_paper("2013/D-611", "Netzwerk Jugend in Beruf 2014/2015 (Demo)", date(2013, 10, 7)),
        _county_paper("2013/D-612", "Berufswegebegleitung 2014/2015 (Demo)", date(2013, 10, 7)),
        _county_paper("2014/D-731", "JUGEND STÄRKEN im Quartier 2015 bis 2018 (Demo)", date(2014, 9, 1)),
    ]
    yield "act-1/05-papers.json", council("ratsinfo-kreis-of.demo.example", papers)
    county = (
        *(("2013/D-611", NETWORK, "KR-1", year, cents, "11.12.2013") for year, cents in ((2014, 50_589_24), (2015, 51_667_65))),
        *(("2013/D-612", GUIDANCE, "KR-1", year, cents, "11.12.2013") for year, cents in ((2014, 27_495_30), (2015, 28_050_00))),
        *(("2014/D-731", JUSTIQ, "KR-1", year, cents, "05.11.2014") for year, cents in JUSTIQ_COUNTY.items()),
    )
    yield "act-1/06-decisions.csv", sheet(
        "Beschlussdetails", tables.DECISIONS,
        [(KREIS, paper, *COUNTY, str(year), amount(cents), "ja", "", "", "3630", "") for paper, _, _, year, cents, _ in county],
    )  # fmt: skip
    yield "act-1/07-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS,
        [
            *(_promise(measure, number, COUNTY, year, cents, "beschlossen", on, paper)
              for paper, measure, number, year, cents, on in county),
            *(_promise(NETWORK, "ST-1", FOUNDATION, year, cents, "bewilligt", "18.12.2013", "")
              for year, cents in ((2014, 33_726_16), (2015, 34_445_10))),
            *(_promise(GUIDANCE, "AA-1", AGENCY, year, cents, "bewilligt", "16.12.2013", "")
              for year, cents in ((2014, 27_495_30), (2015, 28_050_00))),
            _promise(BUDGET, "GS-1", SECURITY, 2015, 29_612_50, "bewilligt", "20.11.2014", ""),
        ],
    )  # fmt: skip
    network, guidance = network_vouchers(), guidance_vouchers()
    yield "act-1/08-vouchers-netz.csv", sheet("Belegliste 2014", VOUCHER_COLUMNS, voucher_rows(network), encoding="cp1252")
    yield "act-1/09-vouchers-bwb.json", submission(
        "vouchers", f"{GUIDANCE} 2014", VOUCHER_COLUMNS, voucher_rows(guidance),
        ident="bwb-belege-2014-11-28", source="urn:demo:offenbach:fachverfahren",
    )  # fmt: skip
    yield "act-1/10-receipts.csv", sheet(
        "Eingänge", tables.RECEIPTS,
        [
            (measure, number, *funder, amount(cents), date.fromisoformat(on).strftime("%d.%m.%Y"), "2014", "", "")
            for measure, receipts in ((NETWORK, NETWORK_RECEIPTS), (GUIDANCE, GUIDANCE_RECEIPTS))
            for number, funder, cents, on in receipts
        ],
    )  # fmt: skip
    credits = [
        Line(date.fromisoformat(on), cents, funder[1], iban(7000 + n), f"Mittel {measure} 2014")
        for measure, receipts in ((NETWORK, NETWORK_RECEIPTS), (GUIDANCE, GUIDANCE_RECEIPTS))
        for n, (_, funder, cents, on) in enumerate(receipts)
    ]
    quarters = [
        ("2014-Q1", date(2014, 1, 1), date(2014, 3, 31)),
        ("2014-Q2", date(2014, 4, 1), date(2014, 6, 30)),
        ("2014-Q3", date(2014, 7, 1), date(2014, 9, 30)),
        ("2014-10", date(2014, 10, 1), date(2014, 10, 31)),
        ("2014-11", date(2014, 11, 1), date(2014, 11, 30)),
    ]
    found = statements(quarters, [*debits([*network, *guidance]), *credits])
    yield "act-1/11-bank.xml", camt(ACCOUNT, HOLDER, 60_000_00, found)[0]
    yield "act-1/12-reports.csv", _report("01.12.2014", "01.12.2014")


def _act_2() -> Iterator[tuple[str, bytes]]:
    yield "act-2/01-reports.csv", _report("31.12.2014", "15.01.2015")
    yield "act-2/02-measures.csv", sheet(
        "Maßnahmen", tables.MEASURES,
        [
            (STORY, "JUSTiQ in der Modellkommune 50 (Demo)", PROGRAMME, TOWN, COUNCIL[1], "",
             "Jugendamt der Modellkommune 50 (Demo)", "Beratung und Begleitung im Stadtteil",
             "Junge Menschen am Übergang Schule–Beruf", "01.01.2015", "31.12.2018",
             "2014-2020", "", "", "", "ja", "")
        ],
    )  # fmt: skip
    yield "act-2/03-plan.csv", sheet(
        "Finanzierungsplan 2015 bis 2018", tables.PLANS,
        [(STORY, key, name, str(year), amount(cents), "", "", "") for year in STORY_YEARS for key, name, cents in STORY_PLAN],
    )  # fmt: skip
    yield "act-2/04-awards.csv", sheet(
        "Bescheide", tables.awards(*STORY_YEARS),
        [
            (STORY, "JQ-2015-0050", "1", "OF-ESF", "ESF-Verwaltungsbehörde Bund (Demo)", "ESF", "12.02.2015", "01.01.2015",
             "31.12.2018", "Anteil", "50 %", "gesamt", amount(4 * STORY_ESF), *(amount(STORY_ESF) for _ in STORY_YEARS), "")
        ],
    )  # fmt: skip
    yield "act-2/05-paper.json", council("ratsinfo-mk50.demo.example", [_town_paper("2015/D-030", 1, date(2015, 1, 12))])
    yield "act-2/06-decisions.csv", _town_decisions("2015/D-030")
    yield "act-2/07-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS,
        [
            *(_promise(STORY, "KOM-1", COUNCIL, year, STORY_PART, "beschlossen", "24.02.2015", "2015/D-030")
              for year in STORY_YEARS),
            *(_promise(STORY, "BUND-1", FEDERATION, year, STORY_PART, "bewilligt", "27.02.2015", "") for year in STORY_YEARS),
        ],
    )  # fmt: skip
    gone = [_promise(STORY, "BUND-1", FEDERATION, year, 0, "entfallen", "20.03.2015", "", version=2) for year in STORY_YEARS]
    yield "act-2/08-commitments-bund.json", submission(
        "commitments", "OF-BUND 2015", tables.COMMITMENTS, gone, ident="bund-2015-03-20", source="urn:demo:bund:foerderportal"
    )


def _act_3() -> Iterator[tuple[str, bytes]]:
    yield "act-3/01-paper.json", council("ratsinfo-mk50.demo.example", [_town_paper("2015/D-077", 2, date(2015, 4, 13))])
    yield "act-3/02-decisions.csv", _town_decisions("2015/D-077")
    yield "act-3/03-commitments.csv", sheet(
        "Zusagen", tables.COMMITMENTS,
        [_promise(STORY, "KOM-2", COUNCIL, year, STORY_PART, "beschlossen", "19.05.2015", "2015/D-077") for year in STORY_YEARS],
    )  # fmt: skip
    vouchers = justiq_vouchers()
    yield "act-3/04-vouchers-justiq.csv", sheet("Belegliste 2015-1", VOUCHER_COLUMNS, voucher_rows(vouchers))
    months = [("2015-H1", date(2015, 1, 1), date(2015, 6, 30))]
    yield "act-3/05-bank.xml", camt(JUSTIQ_ACCOUNT, HOLDER, 45_000_00, statements(months, debits(vouchers)))[0]


def _measure(key: str, name: str, *rest: str) -> tuple[str, ...]:
    service, group, start, end, rules, account = rest
    return (
        key, name, PROGRAMME, KREIS, "Kreis Offenbach", KREIS, "Kreis Offenbach", service, group, start, end, rules, account, "",
        "", "ja", "",
    )  # fmt: skip


def _promise(
    measure: str, number: str, funder: tuple[str, str, str], year: int, cents: int, *rest: str, version: int = 1
) -> tuple[str, ...]:
    status, on, paper = rest
    form = "Beschluss" if paper else "Bescheid"
    return (measure, number, str(version), *funder, str(year), amount(cents), status, on, "", paper, form)


def _county_paper(reference: str, name: str, dated: date) -> Paper:
    year = dated.year
    steps = {
        2013: (date(2013, 11, 18), date(2013, 11, 27), date(2013, 12, 11)),
        2014: (date(2014, 10, 13), date(2014, 10, 22), date(2014, 11, 5)),
    }[year]
    return Paper(
        reference, name, "Beschlussvorlage", dated, f"{year}-12-15T09:00:00+00:00", "Fachdienst Jugend und Familie",
        (
            Step("Jugendhilfeausschuss", "Vorberatung", steps[0], "ungeändert beschlossen"),
            Step("Kreisausschuss", "Vorberatung", steps[1], "beschlossen"),
            Step("Kreistag", "Entscheidung", steps[2], "ungeändert beschlossen"),
        ),
    )  # fmt: skip


def _town_paper(reference: str, round_: int, dated: date) -> Paper:
    first, last = {1: (date(2015, 2, 10), date(2015, 2, 24)), 2: (date(2015, 5, 5), date(2015, 5, 19))}[round_]
    return Paper(
        reference, f"JUSTiQ: Eigenanteil {round_}. Teil (Demo)", "Beschlussvorlage", dated, f"{last}T20:00:00+00:00", "Jugendamt",
        (
            Step("Jugendhilfeausschuss", "Vorberatung", first, "ungeändert beschlossen"),
            Step("Stadtrat", "Entscheidung", last, "ungeändert beschlossen"),
        ),
    )  # fmt: skip


def _town_decisions(paper: str) -> bytes:
    return sheet(
        f"Beschlussdetails zu {paper}", tables.DECISIONS,
        [(TOWN, paper, *COUNCIL, str(year), amount(STORY_PART), "ja", "", "", "3630", "") for year in STORY_YEARS],
    )  # fmt: skip


def _report(cut_off: str, signed: str) -> bytes:
    return sheet(
        "Unterzeichnete Berichte", tables.REPORTS,
        [(PROGRAMME, "Bericht 4. Quartal 2014", "01.10.2014", "31.12.2014", cut_off, signed)],
    )  # fmt: skip
