"""Documents like the ones we issue, with made-up content (demo data), for tests and for looking at pages."""

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from services.reporting.domain.document import (
    Bar,
    Cents,
    Chart,
    CheckItem,
    CheckList,
    Chip,
    Column,
    Count,
    Day,
    Document,
    Fact,
    Facts,
    KeyFigure,
    KeyFigures,
    Mark,
    Missing,
    Notice,
    Paragraph,
    Reference,
    Release,
    Row,
    RowKind,
    Section,
    Share,
    Table,
    Text,
    plain,
)
from services.reporting.renderers.canonical import canonical, digest
from services.reporting.renderers.pdf.render import render

CREATED = datetime(2012, 12, 31, 9, 30, tzinfo=UTC)
DEMO = Chip(Mark.HINT, "Demodaten")
DEMO_NOTICE = Notice(Mark.HINT, "Demodaten", "Alle Beträge und Namen dieses Berichts sind zur Vorführung erfunden.")
LONG_NAME = "Arbeitsgemeinschaft Jugendberufshilfe Musterstadt-Nord gGmbH"  # 60 characters
COMPOUND = "Kinderundjugendhilfeweiterentwicklungsgesetzausführungsverordnung"
BASIS = (
    Fact("Stichtag", Day(date(2012, 12, 31))),
    Fact("Regelwerk", Text("ESF 2007–2013")),
    Fact("Regelwerk-Digest", Reference("9b1d04c7a2f3")),
    Fact("Journalstand", Reference("M-1/412 · 5c0e7ab91d22")),
    Fact("Programmversion", Text("0.1.0")),
)


def columns(titles: str) -> tuple[Column, ...]:
    """Columns from "Nr. | Betrag"."""
    return tuple(Column(title.strip()) for title in titles.split("|"))


def pdf_of(document: Document) -> bytes:
    """The document as PDF; its own plain data stands for the report's data."""
    data = canonical(plain(document))
    sha = digest(plain(document))
    return render(document, data=data, digest=sha, verify_url=f"https://pruefpfad.example/v/{sha}", created=CREATED)


def voucher_list(count: int) -> Document:
    """D5: a voucher list in groups of cost categories, landscape."""
    rng = random.Random(count)  # the same every time
    payees = [
        "Stadtwerke Modellkommune 02",
        LONG_NAME,
        "Bürobedarf Muster & Söhne OHG",
        "Volkshochschule Modellkommune 02",
        f"Verein für {COMPOUND} e. V.",
        "Deutsche Bahn AG",
    ]
    purposes = [
        "Honorar Kompetenzfeststellung, 12 Termine",
        "Miete Beratungsräume",
        "Fahrtkosten Teilnehmende",
        "Verbrauchsmaterial für die Jugendwerkstatt, Lieferung in zwei Teilen mit Nachberechnung der Versandkosten",
        "Personalkosten Fallmanagement",
    ]
    groups = ("Personalausgaben", "Honorare", "Sachausgaben", "Teilnehmende")
    rows: list[Row] = []
    total = 0
    for number in range(1, count + 1):
        group = groups[(number - 1) * len(groups) // count]
        if number == 1 or group != groups[(number - 2) * len(groups) // count]:
            rows.append(Row((Text(group), *[None] * 11), RowKind.HEADING))
            subtotal = 0
        gross = rng.randint(500, 900_000) if number % 41 else -rng.randint(500, 90_000)
        tax = gross * 19 // 119 if number % 3 == 0 else 0
        issued = date(2012, 1, 2) + timedelta(days=rng.randint(0, 350))
        subtotal += gross - tax
        total += gross - tax
        rows.append(
            Row(
                (
                    Count(number),
                    Text(f"2012-{number:05d}"),
                    Text(payees[rng.randrange(len(payees))]),
                    Text(purposes[rng.randrange(len(purposes))]),
                    Text(f"{issued.month:02d}/2012"),
                    Day(issued),
                    Day(issued + timedelta(days=14)) if number % 17 else Missing("Zahlungsnachweis"),
                    Cents(gross),
                    Cents(tax),
                    Cents(gross - tax),
                    Chip(Mark.HOLDS, "bezahlt") if number % 17 else Chip(Mark.FAULT, "BEL-05"),
                    Reference(f"M-1/{number} · 3f2a9c1be07d:{number + 1}"),
                )
            )
        )
        if number == count or group != groups[number * len(groups) // count]:
            rows.append(Row((Text(f"Zwischensumme {group}"), *[None] * 8, Cents(subtotal), None, None), RowKind.SUBTOTAL))
    if count:
        rows.append(Row((Text("Summe"), *[None] * 8, Cents(total), None, None), RowKind.TOTAL))
    titles = "Nr. | Beleg | Empfänger | Grund | Leistung | Rechnung | Zahlung | Brutto | MwSt | förderfähig | Status | Prüfpfad"
    return Document(
        kind="D5",
        number="D5-M-1-3",
        title="Belegliste",
        subtitle="JUGEND STÄRKEN: Aktiv in der Region – Modellkommune 02 (Demo)",
        status=(Chip(Mark.WARNING, "vorläufig"), DEMO),
        facts=(
            Fact("Maßnahme", Reference("M-1")),
            Fact("Zuwendungsempfänger", Text(LONG_NAME)),
            Fact("Aktenzeichen", Text("JSA-2011-0815")),
            Fact("Zeitraum", Text("01.01.2012 – 31.12.2012")),
            Fact("Stichtag", Day(date(2012, 12, 31))),
            Fact("Zweckbindung bis", Missing("Bescheid")),
        ),
        notices=(DEMO_NOTICE,),
        key_figures=(
            KeyFigure("Belege", Count(count)),
            KeyFigure("förderfähig beantragt", Cents(total)),
            KeyFigure("ohne Zahlungsnachweis", Count(count // 17), "Feststellung BEL-05", Mark.FAULT),
        ),
        sections=(Section("Belege", (Table(columns(titles), tuple(rows)),), landscape=True),),
        basis=BASIS,
        releases=(Release("Geprüft", "Kämmerei"), Release("Freigegeben", "Dezernat II", date(2013, 1, 14))),
    )


def cofunding_statement() -> Document:
    """D6: key figures, stacked bars, funders, decisions, checks."""
    funders: list[tuple[str, str, Mark, str, int, int, int]] = [
        ("Europäischer Sozialfonds", "Bescheid vom 12.12.2011", Mark.HOLDS, "bestätigt", 47_222_222, 47_222_222, 31_845_050),
        ("Modellkommune 02", "Ratsbeschluss, Haushaltsstelle 3610", Mark.HOLDS, "gesichert", 11_805_556, 9_000_000, 5_123_000),
        ("Land Nordrhein-Westfalen", "Vereinbarung", Mark.WARNING, "Nachweis offen", 6_450_000, 4_000_000, 0),
        (LONG_NAME, "Zusage angekündigt", Mark.MISSING, "fehlt", 1_500_000, 0, 0),
    ]
    amounts = [funder[4:] for funder in funders]
    planned, committed, spent = (sum(column) for column in zip(*amounts, strict=True))
    rows = [
        Row((Text(name, note), Chip(mark, label), Cents(p), Cents(c), Cents(s), Share(Fraction(s, p))))
        for name, note, mark, label, p, c, s in funders
    ]
    rows.append(
        Row((Text("Summe"), None, Cents(planned), Cents(committed), Cents(spent), Share(Fraction(spent, planned))), RowKind.TOTAL)
    )
    decisions = Table(
        columns("Vorlage | Betreff | Gremium | Rolle | Datum | Ergebnis | Jahr | Betrag | im Budget | Datei"),
        (
            Row(
                (
                    Text("2011/0815"),
                    Text(f"Fortführung des Projektes gemäß {COMPOUND}"),
                    Text("Ausschuss für Kinder, Jugend und Familie"),
                    Text("Vorberatung"),
                    Day(date(2011, 1, 20)),
                    Text("ungeändert beschlossen"),
                    Text("2012"),
                    Cents(11_805_556),
                    Text("ja"),
                    Reference("7d1e09ab33c4:2"),
                )
            ),
            Row(
                (
                    Text("2011/0815"),
                    Text("Fortführung des Projektes"),
                    Text("Rat"),
                    Text("Entscheidung"),
                    Day(date(2011, 2, 3)),
                    Missing("Ergebnis"),
                    Text("2012"),
                    Cents(11_805_556),
                    Missing("Haushaltsstelle"),
                    Reference("7d1e09ab33c4:3"),
                )
            ),
        ),
    )
    return Document(
        kind="D6",
        number="D6-M-1-2",
        title="Kofinanzierungsnachweis",
        subtitle="JUGEND STÄRKEN: Aktiv in der Region – Modellkommune 02 (Demo)",
        status=(Chip(Mark.BLOCKING, "unvollständig"), Chip(Mark.WARNING, "vorläufig"), DEMO),
        facts=(
            Fact("Zuwendungsempfänger", Text("Modellkommune 02 (Demo)")),
            Fact("Aktenzeichen", Text("JSA-2011-0815")),
            Fact("Bewilligungszeitraum", Text("01.01.2011 – 31.12.2013")),
            Fact("Stichtag", Day(date(2012, 12, 31))),
        ),
        notices=(
            Notice(Mark.BLOCKING, "Unvollständig", "Zwei Meldungen der Datenannahme fehlen noch; die Summen können sich ändern."),
            DEMO_NOTICE,
        ),
        key_figures=(
            KeyFigure("Finanzierungsplan", Cents(planned), "4 Quellen"),
            KeyFigure("Rechtlich gebunden", Cents(committed), "90,0 % des Plans"),
            KeyFigure("Verausgabt", Cents(spent), "55,2 % des Plans"),
            KeyFigure("ESF-Anteil (Ist)", Share(Fraction(31_845_050, spent)), "Obergrenze 80,0 %", Mark.FAULT),
            KeyFigure("Deckungslücke", Cents(committed - planned), mark=Mark.WARNING),
            KeyFigure("Haushaltsvermerk", Missing("Bewilligung nach § 83 GO")),
        ),
        sections=(
            Section(
                "Finanzierungsstruktur",
                (
                    Chart(
                        tuple(funder[0] for funder in funders),
                        tuple(
                            Bar(label, tuple(row[index] for row in amounts))
                            for index, label in enumerate(("Geplant", "Zugesagt", "Verausgabt"))
                        ),
                    ),
                ),
            ),
            Section(
                "Finanzierung nach Quellen",
                (Table(columns("Quelle und Nachweis | Status | Geplant | Zugesagt | Verausgabt | Quote"), tuple(rows)),),
            ),
            Section(
                "Prüfschritte",
                (
                    CheckList(
                        (
                            CheckItem(Mark.HOLDS, "Summe der Quellen gleich Plan", "669.777,78 € = 669.777,78 €", "KOF-05"),
                            CheckItem(Mark.BLOCKING, "Deckungslücke im Haushaltsjahr 2012", "Zusage fehlt", "KOF-01", 6_755_556),
                            CheckItem(Mark.FAULT, "ESF-Anteil zu hoch", "86,1 % von höchstens 80,0 %", "FQ-01", 2_300_050),
                            CheckItem(Mark.WARNING, "Nachweis des Landes liegt nicht vor", "Frist: 30.11.2012", "KOF-04"),
                            CheckItem(Mark.HINT, "Bericht vor Ende des Zeitraums unterschrieben", code="ZEI-07"),
                            CheckItem(Mark.MISSING, "Drittmittel gesichert?", "Zusage der Arbeitsgemeinschaft", "KOF-11"),
                            CheckItem(Mark.NOT_APPLICABLE, "Festbetrag je Größenklasse", code="PRG-02"),
                        )
                    ),
                ),
            ),
            Section("Beschlüsse", (Paragraph("Jede Zusage beruht auf diesen Beratungsschritten."), decisions), landscape=True),
            Section("Einnahmen", (Table((Column("Datum"), Column("Geber"), Column("Betrag")), ()),)),
        ),
        basis=BASIS,
        releases=(Release("Geprüft", "Kämmerei"), Release("Freigegeben")),
    )


def reconciliation_report() -> Document:
    """D7: stages with totals, differences and a verdict."""
    stages = [
        ("S1", "Plan ↔ Bescheid", 66_977_778, 66_977_778, 0, Mark.HOLDS, "abgeglichen"),
        ("S2", "Bescheid ↔ Zusagen", 66_977_778, 60_222_222, 0, Mark.FAULT, "offen"),
        ("S3", "Zusagen ↔ Beschlüsse und Haushalt", 60_222_222, 60_222_222, 0, Mark.HOLDS, "abgeglichen"),
        ("S4", "Zusagen ↔ Eingänge", 60_222_222, 36_968_050, 23_254_172, Mark.HINT, "erklärt"),
        ("S5", "Belege ↔ Bank", 123_456_789_01, 123_456_654_32, 134_69, Mark.HINT, "erklärt"),
    ]
    rows = [
        Row((Text(code), Text(name), Cents(a), Cents(b), Cents(a - b), Cents(e), Cents(a - b - e), Chip(mark, verdict)))
        for code, name, a, b, e, mark, verdict in stages
    ]
    for code, name in (("S6", "Belege ↔ Mittelabruf"), ("S7", "Mittelabruf ↔ Erklärung")):
        missing = Missing("Mittelabruf")
        rows.append(Row((Text(code), Text(name), *[missing] * 5, Chip(Mark.MISSING, "fehlt"))))
    titles = "Stufe | Abgleich | links | rechts | Differenz | erklärt | offen | Urteil"
    return Document(
        kind="D7",
        number="D7-M-1-2",
        title="Abgleichsbericht",
        subtitle="Alle Stufen vom Finanzierungsplan bis zur Ausgabenerklärung",
        status=(Chip(Mark.WARNING, "vorläufig"), DEMO),
        facts=(Fact("Maßnahme", Reference("M-1")), Fact("Stichtag", Day(date(2012, 12, 31)))),
        notices=(DEMO_NOTICE,),
        sections=(
            Section("Stufen", (Table(columns(titles), tuple(rows)),)),
            Section(
                "S5: ohne Gegenstück",
                (
                    Paragraph("Belege, zu denen keine Zahlung gefunden wurde, und Zahlungen, zu denen kein Beleg gehört."),
                    Facts((Fact("Belege ohne Zahlung", Count(14)), Fact("Zahlungen ohne Beleg", Count(3)))),
                    Table(
                        (Column("Beleg"), Column("Grund der Differenz"), Column("Betrag")),
                        (Row((Reference("M-1/123 · 3f2a9c1be07d:17"), Text("D01 Zeitliche Abgrenzung"), Cents(-13_469))),),
                        caption="Belege ohne Zahlung",
                    ),
                    Table((Column("Zahlung"), Column("Betrag")), (), caption="Zahlungen ohne Beleg"),
                ),
            ),
            Section(
                "Prüfergebnisse",
                (
                    CheckList(
                        (
                            CheckItem(
                                Mark.FAULT,
                                f"Ein Beleg des Trägers {LONG_NAME} ist ohne Zahlungsnachweis",
                                "Rechnung 2012-00017 über 134,69 €; gesucht im Konto der Maßnahme vom 01.01.2012 bis 31.12.2012,"
                                " Zeitfenster 60 Tage, gleiche IBAN und gleicher Betrag; kein Treffer.",
                                "BEL-05",
                                13_469,
                            ),
                            CheckItem(Mark.HOLDS, "Jeder Beleg ist nur einmal abgerechnet", "412 Belege, 0 Treffer", "BEL-01"),
                        ),
                        wide=True,
                    ),
                ),
            ),
        ),
        basis=BASIS,
    )


def programme_overview() -> Document:
    """D9: 36 municipalities with status, amounts and findings."""
    rows = []
    for number in range(1, 37):
        total = 59_027_778 - number * 1_311
        esf = 47_222_222
        rows.append(
            Row(
                (
                    Text(f"Modellkommune {number:02d} (Demo)" if number != 7 else LONG_NAME),
                    Text("kreisfreie Stadt" if number % 3 else "Kreis"),
                    Text("ausgeschieden zum 30.06.2012") if number == 36 else Text("aktiv"),
                    Cents(total),
                    Cents(esf),
                    Cents(total - esf) if number % 11 else Missing("Beschluss"),
                    Share(Fraction(esf, total)),
                    Chip(Mark.WARNING, "1 W") if number == 36 else Chip(Mark.HOLDS, "keine"),
                )
            )
        )
    rows.append(Row((Text("Summe"), None, None, Cents(2_124_126_996), Cents(1_699_999_992), None, None, None), RowKind.TOTAL))
    titles = "Kommune | Typ | Status | Gesamt | ESF | Kommune | ESF-Quote | Feststellungen"
    return Document(
        kind="D9",
        number="D9-herne-2012-3",
        title="Programmübersicht",
        subtitle="JUGEND STÄRKEN: Aktiv in der Region, Förderperiode 2007–2013",
        status=(Chip(Mark.HOLDS, "Freigegeben"), DEMO),
        facts=(Fact("Stichtag", Day(date(2012, 9, 30))), Fact("Kommunen", Count(36))),
        sections=(
            Section(
                "Summenprüfung",
                (
                    KeyFigures(
                        (
                            KeyFigure("Summe ESF", Cents(1_699_999_992)),
                            KeyFigure("veröffentlicht", Cents(1_700_000_000), "Einheit 1 Mio. €"),
                            KeyFigure("Abweichung", Cents(-8), "erklärt: Rundung", Mark.HOLDS),
                        )
                    ),
                ),
            ),
            Section("Kommunen", (Table(columns(titles), tuple(rows)),)),
        ),
        basis=BASIS,
    )


SAMPLES = {
    "D5": lambda: voucher_list(300),
    "D6": cofunding_statement,
    "D7": reconciliation_report,
    "D9": programme_overview,
}
