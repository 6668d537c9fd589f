"""Documents as they are composed: what is not there is said calmly, what is there adds up, however much or long it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.document import (
    Cell,
    Cents,
    Chip,
    Count,
    Document,
    Mark,
    Paragraph,
    RowKind,
    Table,
    Text,
    plain,
    printed,
    tables,
)
from services.reporting.domain.documents import common, wording
from services.reporting.domain.documents.all import OF_MEASURE, OF_PROGRAMME
from services.reporting.domain.documents.programme_overview import kind_of_municipality
from services.reporting.domain.facts import papers_of, shown
from services.reporting.domain.lines import Line, VoucherLine, line_of
from services.reporting.domain.snapshot import (
    Basis,
    MeasureSnapshot,
    ProgrammeSnapshot,
    measure_snapshot,
    programme_disagreements,
)
from services.reporting.renderers.canonical import canonical
from services.reporting.renderers.pdf.render import render
from shared.contracts.funding import (
    Book,
    CheckResult,
    CoverageLine,
    EntryPosted,
    FigureLine,
    Finding,
    FunderTotal,
    Head,
    MeasureStatement,
    Missing,
    Outcome,
    PaymentMatched,
    PaymentUnmatched,
    ProgrammeLine,
    ProgrammeStatement,
    Provisional,
    Severity,
    Stage,
    Totals,
    YearLine,
)
from shared.contracts.intake import (
    DecisionDetailed,
    DecisionRecorded,
    Fact,
    MeasureData,
    Municipality,
    ProgrammeData,
    ReportSigned,
    SignedReport,
)
from shared.contracts.seal import ZEROS
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from shared.values.source import Source, digest_of, id_of
from tests.reporting.story import AS_OF, LIST, RULES, Story, two_vouchers

WHEN = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
NOTHING = Totals(planned_cents=0, committed_cents=0, received_cents=0, spent_cents=0, gap_cents=0, claimed_cents=0)
NO_HEAD = Head(number=0, seal=ZEROS)
LONG = "Koordinierungsstelle für den Übergang von der Schule in den Beruf und die Jugendberufshilfe im ländlichen Raum " * 2


def measure(name: str = "Brücken ins Berufsleben") -> MeasureData:
    return MeasureData(
        key="M-1",
        name=name,
        municipality=Municipality(key="05000", name="Stadt Beispiel (Demo)"),
        carrier="Träger Beispiel gGmbH (Demo)",
        service="Beratung",
        target_group="Jugendliche",
        implementation=Period(start=date(2026, 1, 1), end=date(2026, 12, 31)),
        rule_set="national",
    )


def empty(**changed: Any) -> MeasureSnapshot:
    """A measure of which nothing but its registration is known."""
    statement = MeasureStatement(
        as_of=AS_OF,
        rule_set="national",
        rules=RULES,
        head=NO_HEAD,
        settlement=NO_HEAD,
        facts_upto=1,
        state="active",
        totals=NOTHING,
        years=(),
        coverage=(),
        stages=(),
        checks=(),
        findings=(),
        parked=0,
        rejected=0,
        verdict="reconciled",
    )
    return MeasureSnapshot(
        subject="measure/M-1",
        source=Source(digest=LIST, place="2"),
        measure=measure(),
        programme=None,
        statement=statement.model_copy(update=changed),
        basis=Basis(id_of("statement"), WHEN),
        findings=(),
        main=(),
        settlement=(),
        vouchers=(),
    )


def told(story: Story, *findings: Finding) -> MeasureSnapshot:
    """The snapshot of a story that has been stated."""
    event = story.state(*findings)
    facts = [f for f in story.facts() if isinstance(f, Fact)]
    lines = [line_of(e) for e in story.told if isinstance(e, EntryPosted | PaymentMatched | PaymentUnmatched)]
    main = tuple(x for x in lines if x.entry.book is Book.MAIN)
    settlement = tuple(x for x in lines if x.entry.book is Book.SETTLEMENT)
    nothing = empty()
    return measure_snapshot(
        event.statement, main, settlement, shown(facts, AS_OF), subject=nothing.subject, source=nothing.source,
        measure=nothing.measure, programme=None, basis=nothing.basis, findings=findings,
    )


def compose(kind: str, snapshot: MeasureSnapshot) -> Document:
    return OF_MEASURE[kind](snapshot, f"M-1-{kind}-2026-02-28-1")


def pages(document: Document) -> bytes:
    data = canonical(plain(document))
    return render(document, data=data, digest=digest_of(data), verify_url="http://localhost/verify", created=WHEN)


def words(document: Document) -> str:
    return str(plain(document))


def table_of(document: Document, title: str) -> Table:
    """The first table of a section."""
    return next(table for section, table in tables(document) if section.title == title)


def column_of(table: Table, title: str) -> list[str]:
    """What the body rows of a table show in a column."""
    index = [column.title for column in table.columns].index(title)
    return [plain_cell(cell) for row in table.rows if row.kind is RowKind.BODY and (cell := row.cells[index])]


def sums(table: Table) -> Iterator[tuple[int, int, int]]:
    """For each column of amounts with a total: column, the total printed, the sum of the rows above it."""
    total = next((row for row in table.rows if row.kind is RowKind.TOTAL), None)
    for index in range(len(table.columns)):
        printed = total.cells[index] if total else None
        if isinstance(printed, Cents):
            body: list[Cell | None] = [row.cells[index] for row in table.rows if row.kind is RowKind.BODY]
            yield index, printed.cents, sum(c.cents for c in body if isinstance(c, Cents))


@pytest.mark.parametrize("kind", sorted(OF_MEASURE))
def test_a_measure_without_vouchers_plan_and_promises_is_reported_calmly(kind: str) -> None:
    document = compose(kind, empty())
    assert all(table.rows for _, table in tables(document)), "a table without rows instead of a line that says so"
    assert "Keine offenen Feststellungen zum Stichtag." in words(document)
    assert pages(document).startswith(b"%PDF")


def test_a_measure_without_a_plan_says_that_the_plan_is_missing_and_shows_no_gap_of_zero() -> None:
    figures = {f.label: plain_cell(f.value) for f in compose("D6", empty()).key_figures}
    assert figures["Finanzierungsplan"] == figures["Deckungslücke"] == "fehlt: Finanzierungsplan"


def plain_cell(cell: Cell) -> str:
    from services.reporting.renderers.words import written

    return written(cell)


def test_a_programme_without_municipalities_is_reported_calmly() -> None:
    statement = ProgrammeStatement(
        as_of=AS_OF, rule_set="2014-2020", rules=RULES, facts_upto=1, totals=NOTHING, lines=(), figures=(), checks=(),
        findings=(), verdict="reconciled",
    )
    period = Period(start=date(2014, 1, 1), end=date(2020, 12, 31))
    programme = ProgrammeData(key="P", name="Programm", rule_set="2014-2020", period=period)
    snapshot = ProgrammeSnapshot(
        "programme/P", Source(digest=LIST, place="2"), programme, statement, Basis(id_of("s"), WHEN), ()
    )
    document = OF_PROGRAMME["D9"](snapshot, "P-D9-2026-02-28-1")
    assert (document.notices[0].mark, document.notices[0].title) == (Mark.HOLDS, "Ohne Feststellung")
    assert all(table.rows for _, table in tables(document))
    assert "Es sind weder Teilnahmen noch Maßnahmen gemeldet." in words(document)
    assert pages(document).startswith(b"%PDF")


@pytest.mark.parametrize("kind", sorted(OF_MEASURE))
def test_thirty_six_funders_in_as_many_years_are_all_printed_and_add_up(kind: str) -> None:
    funders = [Funder(key=f"f-{n}", name=f"Mittelgeber {n:02d} (Demo)", kind=list(FunderKind)[n % 9]) for n in range(36)]
    coverage = tuple(
        CoverageLine(
            funder=f, budget_year=2000 + n, committed_cents=100_001 + n, valid_cents=100_001, received_cents=50_000 + n
        )
        for n, f in enumerate(funders)
    )
    years = tuple(
        YearLine(
            budget_year=c.budget_year,
            planned_cents=c.valid_cents,
            valid_cents=c.valid_cents,
            received_cents=c.received_cents,
            claimed_cents=0,
            gap_cents=0,
            verdict="reconciled",
        )
        for c in coverage
    )
    document = compose(kind, empty(coverage=coverage, years=years))
    for section, table in tables(document):
        for column, total, added in sums(table):
            assert total == added, f"{section.title}, {table.columns[column].title}"
    if kind == "D6":
        assert all(f.name in words(document) for f in funders)
        assert len([r for r in table_of(document, "Mittelherkunft").rows if r.kind is RowKind.BODY]) == 36
    assert pages(document).startswith(b"%PDF")


@pytest.mark.parametrize("kind", sorted(OF_MEASURE))
def test_very_long_names_are_printed_in_full(kind: str) -> None:
    long = measure(LONG).model_copy(update={"carrier": LONG[:200], "municipality": Municipality(key="05000", name=LONG[:200])})
    document = compose(kind, replace(told(two_vouchers()), measure=long))
    assert LONG[:200].strip() in words(document)
    assert pages(document).startswith(b"%PDF")


def test_vouchers_add_up_by_position_and_in_all() -> None:
    document = compose("D5", told(two_vouchers()))
    table = table_of(document, "Belege nach Position")
    titles = [column.title for column in table.columns]
    found = {titles[column]: (printed, added) for column, printed, added in sums(table)}
    assert found["Brutto €"] == found["beantragt €"] == (25_000, 25_000)
    assert found["gezahlt €"] == (20_000, 20_000)


def test_the_totals_of_a_voucher_list_can_be_redone_by_hand() -> None:
    rows = {row.cells[0]: row.cells[2] for row in table_of(compose("D5", told(two_vouchers())), "Summen").rows}
    amounts = {getattr(name, "text", ""): getattr(cents, "cents", None) for name, cents in rows.items()}
    assert amounts == {
        "Förderfähig beantragt": 25_000,
        "davon nachgewiesen bezahlt": 20_000,
        "davon ohne Zahlungsnachweis": 5_000,
        "Im Risiko auf einzelnen Belegen": 0,
        "Zahlung weder nachgewiesen noch beanstandet": 5_000,
        "Vorläufig anerkannt": 20_000,
        "Weiter im Risiko": 0,
        "Nicht förderfähiger Teil der Belege": 0,
        "Eingänge": 60_000,
        "Bestand": 40_000,
    }


def test_what_findings_put_at_risk_on_a_voucher_is_not_recognised_and_the_rest_adds_up() -> None:
    story = two_vouchers()
    paid, unpaid = (e.entry.fact for e in story.told if isinstance(e, EntryPosted) and e.voucher)
    late = story.find("ZEI-01", 3_000).model_copy(update={"vouchers": {paid: 3_000}})
    open_ = story.find("BEL-05", 5_000).model_copy(update={"vouchers": {unpaid: 5_000}})
    again = story.find("ZEI-03", 5_000).model_copy(update={"vouchers": {unpaid: 5_000}})  # no euro is taken off twice
    note = story.find("KOF-03", 700).model_copy(update={"severity": Severity.WARNING, "vouchers": {paid: 700}})
    document = compose("D5", told(story, late, open_, again, note, story.find("FIN-01", 1_234)))
    table = table_of(document, "Belege nach Position")
    assert column_of(table, "vorläufig anerkannt €") == ["170,00", "0,00"]
    assert all(printed == added for _, printed, added in sums(table))
    totals = table_of(document, "Summen")
    amounts = dict(zip(column_of(totals, "Summe"), column_of(totals, "Betrag €"), strict=True))
    told_apart = ("Im Risiko auf einzelnen Belegen", "Vorläufig anerkannt", "Weiter im Risiko")
    assert [amounts[name] for name in told_apart] == ["80,00", "170,00", "12,34"]


def test_a_voucher_whose_payment_is_neither_proven_nor_objected_to_is_not_taken_for_recognised_or_nothing() -> None:
    table = table_of(compose("D5", told(two_vouchers())), "Belege nach Position")
    assert column_of(table, "vorläufig anerkannt €") == ["200,00", "fehlt: Zahlung"]


def test_value_added_tax_and_deductions_are_shown_where_a_list_says_them_and_only_there() -> None:
    plain_list = table_of(compose("D5", told(two_vouchers())), "Belege nach Position")
    assert not {"davon USt €", "Abzüge €", "Netto €"} & {column.title for column in plain_list.columns}
    story = two_vouchers()
    first = next(i for i, e in enumerate(story.told) if isinstance(e, EntryPosted))
    event = story.told[first]
    assert isinstance(event, EntryPosted) and event.voucher
    told_vat = {"vat_cents": 3_193, "ineligible_vat_cents": 3_193, "discount_cents": 400}
    story.told[first] = event.model_copy(update={"voucher": event.voucher.model_copy(update=told_vat)})
    document = compose("D5", told(story))
    table = table_of(document, "Belege nach Position")
    assert column_of(table, "davon USt €") == ["31,93", "–"]
    assert column_of(table, "Abzüge €") == ["4,00", "0,00"]
    assert column_of(table, "Netto €") == ["168,07", "–"]
    assert all(printed == added for _, printed, added in sums(table))
    assert "Umsatzsteuer weisen die eingereichten Listen nicht aus" not in words(document)
    assert "Netto €" not in {column.title for column in printed(table).columns}, "for import only"
    assert pages(document).startswith(b"%PDF")


def test_the_code_of_a_finding_stands_at_the_line_of_its_voucher() -> None:
    story = two_vouchers()
    finding = story.find().model_copy(update={"references": ("M-1/2", f"{LIST[:12]}:18")})
    table = table_of(compose("D5", told(story, finding)), "Belege nach Position")
    assert column_of(table, "Feststellung") == ["–", "BEL-05"]


def test_a_correction_shows_the_entry_the_one_that_took_it_back_and_the_new_one() -> None:
    story = Story()
    story.voucher("1", 20_000, "17")
    story.correct("1", 1, 20_000, 18_000, "30")
    (row,) = table_of(compose("D5", told(story)), "Berichtigungen").rows
    shown = [plain_cell(c) for c in row.cells if c]
    assert [s.split(" · ")[0] for s in (shown[1], shown[3], shown[6])] == ["M-1/1", "M-1/2", "M-1/3"]
    assert (shown[5], shown[7]) == ("200,00", "180,00")


def test_a_payment_that_proves_another_voucher_afterwards_is_not_booked_anew_for_the_one_before() -> None:
    story = Story()
    story.voucher("1", 10_000, "17")
    story.voucher("2", 10_000, "18")
    story.pay("1", 5_000, "3.1", debit="one")
    story.pay("2", 5_000, "3.1", debit="one")
    story.unmatch(1)
    story.unmatch(2)
    story.correct("1", 1, 10_000, 9_000, "30")
    story.pay("1", 9_000, "3.1", edition="2", debit="one")
    rows = table_of(compose("D5", told(story)), "Berichtigungen").rows
    assert [row.cells[0] for row in rows[1:]] == [Text("Zahlungsnachweis", "L/1"), Text("Zahlungsnachweis", "L/2")]
    told_of = [[plain_cell(c).split(" · ")[0] for c in row.cells if c] for row in rows[1:]]
    assert [(r[1], r[5], r[6], r[7]) for r in told_of] == [
        ("M-1/S-1", "50,00", "M-1/S-5", "90,00"),
        ("M-1/S-2", "50,00", "–", "–"),
    ]


def test_every_row_of_amounts_of_a_voucher_list_names_its_source() -> None:
    table = table_of(compose("D5", told(two_vouchers())), "Belege nach Position")
    assert column_of(table, "Prüfpfad") == [f"M-1/1 · {LIST[:12]}:17 · M-1/S-1 · {'b' * 12}:3.1", f"M-1/2 · {LIST[:12]}:18"]


def test_sources_are_listed_once_with_their_kind_and_full_digest() -> None:
    table = table_of(compose("D6", told(two_vouchers())), "Quellenverzeichnis")
    found = {plain_cell(r.cells[3]): plain_cell(r.cells[1]) for r in table.rows if r.cells[3] and r.cells[1]}
    assert found["b" * 64] == "Kontoauszug"
    assert set(found[LIST].split(", ")) == {"Belegliste", "Eingänge", "Finanzierungsplan", "Maßnahmen", "Zusagen"}


def test_files_only_findings_refer_to_are_listed_and_what_crosses_measures_is_explained() -> None:
    story, elsewhere = two_vouchers(), "e" * 12
    shared = story.find().model_copy(update={
        "object": "person P-0123456789abcdef 2026-01", "crosses": ("measure/M-1", "measure/M-2"),
        "references": ("M-1/2", f"{LIST[:12]}:18", f"{elsewhere}:7", f"{elsewhere}:9"),
    })
    document = compose("D7", told(story, shared))
    rows = {plain_cell(r.cells[0]): r.cells for r in table_of(document, "Quellenverzeichnis").rows if r.cells[0]}
    assert rows[elsewhere][2:] == (Count(2), Text("in den Berichten der anderen Maßnahmen"))
    assert len(rows) == len(table_of(compose("D7", told(two_vouchers())), "Quellenverzeichnis").rows) + 1
    said = next(s for s in document.sections if s.title == "Feststellungen").blocks[-1]
    assert isinstance(said, Paragraph)
    assert "mehrere Maßnahmen" in said.text and "Pseudonym" in said.text
    own = story.find().model_copy(update={"references": ("M-1/2",)})
    assert "mehrere Maßnahmen" not in words(compose("D7", told(story, own)))


@pytest.mark.parametrize(("kind", "title"), [("D6", "Deckung nach Haushaltsjahren"), ("D7", "Urteil je Haushaltsjahr")])
def test_what_is_secured_for_the_whole_term_is_part_of_what_the_years_add_up_to(kind: str, title: str) -> None:
    snapshot = told(two_vouchers())
    line = snapshot.statement.coverage[0].model_copy(update={"whole_term": True, "valid_cents": 70_000})
    year = snapshot.statement.years[0].model_copy(update={"valid_cents": 30_000})
    statement = snapshot.statement.model_copy(update={"coverage": (line,), "years": (year,)})
    table = table_of(compose(kind, replace(snapshot, statement=statement)), title)
    assert column_of(table, "gesichert €") == ["300,00", "700,00"]
    assert column_of(table, "Haushaltsjahr") == ["2026", "Laufzeit"]
    assert all(printed == added for _, printed, added in sums(table))


def test_what_is_secured_names_what_else_is_open() -> None:
    calm = compose("D6", told(two_vouchers())).notices[0]
    assert (calm.title, "andere" in str(calm.text)) == ("Gesichert", False)
    story = two_vouchers()
    other = compose("D6", told(story, story.find("FQ-02"))).notices[0]
    assert (other.title, str(other.text).rpartition("; ")[2]) == ("Gesichert", "offen sind andere: FQ-02.")


def test_a_calculation_says_nothing_twice_and_in_no_signs_of_its_own() -> None:
    finding = two_vouchers().find().model_copy(update={
        "arithmetic": "2 Kreisausschuss: kein Datum; 2027 ∉ {2026}: 5,00 → KOF-01", "inputs": {"2 Kreisausschuss": "kein Datum"},
    })
    assert wording.reckoning(finding) == "2 Kreisausschuss: kein Datum; 2027 nicht in 2026: 5,00 (im Risiko bei KOF-01)"


@pytest.mark.parametrize(
    ("subject", "german"),
    [
        ("measure M-1", "Maßnahme M-1"),
        ("voucher M-1 L/2", "Beleg L/2, Maßnahme M-1"),
        ("commitment M-1 K-1", "Zusage K-1, Maßnahme M-1"),
        ("paper 03157/2021/941", "Vorlage 03157/2021/941"),
        ("measures M-1 M-2", "Maßnahmen M-1 und M-2"),
        ("invoice P-0123456789abcdef re-17 1.190,00", "Rechnung RE-17 über 1.190,00\u00a0€, Beispiel GmbH"),
        ("invoice P-fedcba9876543210 re 17 5,00", "Rechnung RE 17 über 5,00\u00a0€, Aussteller P-fedcba9876543210"),
        ("person P-0123456789abcdef 2019-10", "Person P-0123456789abcdef, 10/2019"),
        ("programme JSAR municipalities", "Programm JSAR: Zahl der Kommunen"),
        ("report M-1 Bericht 4. Quartal 01.10.2014–31.12.2014", "Bericht 4. Quartal 01.10.2014–31.12.2014, M-1"),
        ("report M-1 Zwischenstand 2014", "Bericht Zwischenstand 2014, M-1"),
        ("something new", "something new"),
    ],
)
def test_objects_of_findings_are_german_on_paper(subject: str, german: str) -> None:
    assert wording.named(subject, {"P-0123456789abcdef": "Beispiel GmbH"}) == german


@given(st.lists(st.tuples(st.sampled_from(["a" * 12, "b" * 12]), st.integers(1, 60)), min_size=7, max_size=60, unique=True))
def test_rows_drawn_together_are_exactly_those_given(rows: list[tuple[str, int]]) -> None:
    drawn = wording.references(f"{digest}:{place}" for digest, place in rows)
    found = set()
    for part in drawn.split(" "):
        digest, _, places = part.rpartition(":")
        first, _, last = places.partition("–")
        found |= {(digest, place) for place in range(int(first), int(last or first) + 1)}
    assert found == set(rows)


def test_cells_of_a_row_are_drawn_together_within_it() -> None:
    cells = [f"{'a' * 12}:{row}.{cell}" for row in (15, 9) for cell in (1, 10, 2, 3)]
    assert wording.references([*cells, "M-1/7", f"{'a' * 12}:4"]) == (
        "M-1/7 {0}:4 {0}:9.1–9.3 {0}:9.10 {0}:15.1–15.3 {0}:15.10".format("a" * 12)
    )


@given(st.lists(st.integers(1, 40), min_size=2, max_size=8, unique=True))
def test_positions_stand_in_the_order_people_count(numbers: list[int]) -> None:
    in_order = sorted((f"1.{n}" for n in numbers), key=common.in_order)
    assert in_order == [f"1.{n}" for n in sorted(numbers)]


@pytest.mark.parametrize(
    ("ags", "name", "kind"),
    [
        ("05916000", "Herne", "kreisfrei"),
        ("06438010", "Rodgau", "kreisangehörig"),
        ("03157", "Landkreis Peine", "Kreis"),
        ("05916", "Herne", None),
        (None, "Stadt", None),
    ],
)
def test_the_type_of_a_municipality_is_told_only_where_key_or_name_tell_it(ags: str | None, name: str, kind: str | None) -> None:
    assert kind_of_municipality(ags, name) == kind


def planned(cents: int, gap: int) -> MeasureStatement:
    """A statement of a measure with a plan."""
    year = YearLine(
        budget_year=2026, planned_cents=cents, valid_cents=cents - gap, received_cents=0, claimed_cents=0, gap_cents=gap,
        verdict="open",
    )
    totals = NOTHING.model_copy(update={"planned_cents": cents, "gap_cents": gap})
    return empty().statement.model_copy(update={"totals": totals, "years": (year,)})


def test_a_programme_prints_its_measures_and_they_add_up() -> None:
    one, two = (planned(cents, cents // 10) for cents in (70, 30))
    total = NOTHING.model_copy(update={"planned_cents": 100, "gap_cents": 10})
    line = ProgrammeLine(
        municipality=Municipality(key="05000", name="Stadt"), joined_on=None, left_on=None, participation_cents=None,
        inhabitants=None, band_cents=None, measures=("M-1", "M-2"), totals=total,
        funders=(FunderTotal(kind=FunderKind.ESF, valid_cents=50, received_cents=0),),
    )
    statement = ProgrammeStatement(
        as_of=AS_OF, rule_set="national", rules=RULES, facts_upto=1, totals=total, lines=(line,), figures=(), checks=(),
        findings=(), measures={"measure/M-1": id_of("1"), "measure/M-2": id_of("2")},
    )
    period = Period(start=date(2026, 1, 1), end=date(2026, 12, 31))
    snapshot = ProgrammeSnapshot(
        "programme/P", Source(digest=LIST, place="2"),
        ProgrammeData(key="P", name="Programm", rule_set="national", period=period), statement, Basis(id_of("s"), WHEN), (),
        measures={"M-1": measure(), "M-2": measure()}, statements={"M-1": one, "M-2": two},
    )
    table = table_of(OF_PROGRAMME["D9"](snapshot, "P-D9-2026-02-28-1"), "Maßnahmen")
    assert next(sums(table)) == (2, 100, 100)
    assert all(printed == added for _, printed, added in sums(table))


def test_page_one_of_a_programme_says_what_was_found_the_gravest_first_and_counts_what_comes_again() -> None:
    def found(code: str, severity: Severity, object: str, waived: str | None = None) -> Finding:
        return two_vouchers().find(code).model_copy(
            update={"id": id_of(code, object), "code": code, "severity": severity, "object": object, "waived": waived}
        )

    statement = ProgrammeStatement(
        as_of=AS_OF, rule_set="national", rules=RULES, facts_upto=1, totals=NOTHING, lines=(), figures=(), checks=(), findings=()
    )
    snapshot = ProgrammeSnapshot(
        "programme/P", Source(digest=LIST, place="2"),
        ProgrammeData(key="P", name="Programm", rule_set="national", period=Period(start=AS_OF, end=AS_OF)), statement,
        Basis(id_of("s"), WHEN), (
            found("PRG-03", Severity.WARNING, "a"), found("BEL-05", Severity.BLOCKING, "b"),
            found("BEL-05", Severity.BLOCKING, "c"), found("PRG-02", Severity.ERROR, "d", waived="geprüft"),
        ),
    )
    notice = OF_PROGRAMME["D9"](snapshot, "P-D9-2026-02-28-1").notices[0]
    assert (notice.mark, notice.title) == (Mark.BLOCKING, "3 offene Feststellungen")
    assert notice.text is not None
    assert notice.text.startswith("BEL-05 ") and " (2), PRG-03 " in notice.text and "PRG-02" not in notice.text


def test_each_sum_of_a_programme_is_added_up_by_funder_municipality_and_measure_and_a_cent_off_is_told() -> None:
    total = NOTHING.model_copy(update={"committed_cents": 50})
    line = ProgrammeLine(
        municipality=Municipality(key="05000", name="Stadt"), joined_on=None, left_on=None, participation_cents=None,
        inhabitants=None, band_cents=None, measures=("M-1",), totals=total,
        funders=(FunderTotal(kind=FunderKind.ESF, valid_cents=49, received_cents=0),),
    )
    statement = ProgrammeStatement(
        as_of=AS_OF, rule_set="national", rules=RULES, facts_upto=1, totals=total, lines=(line,), figures=(), checks=(),
        findings=(), measures={"measure/M-1": id_of("1")},
    )
    period = Period(start=date(2026, 1, 1), end=date(2026, 12, 31))
    snapshot = ProgrammeSnapshot(
        "programme/P", Source(digest=LIST, place="2"),
        ProgrammeData(key="P", name="Programm", rule_set="national", period=period), statement, Basis(id_of("s"), WHEN), (),
        measures={"M-1": measure()}, statements={"M-1": empty().statement.model_copy(update={"totals": total})},
    )
    assert [str(d) for d in programme_disagreements(snapshot)] == [
        "committed by funder: stated 0,50, found 0,49, off by \u22120,01"
    ]
    (off,) = programme_disagreements(snapshot)
    assert off.de == "gesichert nach Mittelgebern: abgeglichen 0,50, gefunden 0,49, Differenz \u22120,01"
    shown = [t for section, t in tables(OF_PROGRAMME["D9"](snapshot, "P-D9-2026-02-28-1")) if t.caption == "Summenprobe"]
    assert column_of(shown[0], "Kontrolle").count("weicht ab") == 1
    assert column_of(shown[0], "Σ Mittelgeber €")[:3] == ["–", "0,49", "0,00"]
    document = OF_PROGRAMME["D9"](snapshot, "P-D9-2026-02-28-1")
    origin = next(t for section, t in tables(document) if t.caption and "zugesagte" in t.caption)
    row = dict(zip([c.title for c in origin.columns], [plain_cell(c) for c in origin.rows[0].cells if c], strict=True))
    assert (row["ESF €"], row["Bund €"], row["Sonstige €"]) == ("0,49", "–", "–"), "what nobody promised is no promise of nothing"


def test_the_verdict_of_a_reconciliation_says_what_it_rests_on() -> None:
    story = two_vouchers()
    finding = story.find()
    opened = compose("D7", told(story, finding)).notices[0]
    assert (opened.mark.value, opened.title) == ("fault", "Offen")
    assert opened.text == (
        "S5 Belege und Kontoauszug: ungeklärt 50,00\u00a0€, 1 Posten ohne Gegenstück; 1 Feststellung B oder F (BEL-05)."
        " Noch nicht einbezogen, weil noch nicht einzureichen: Mittelabruf (S6)."
    )
    stages = [s.model_copy(update={"verdict": "reconciled", "unexplained_cents": 0}) for s in told(story).statement.stages[:1]]
    closed = told(two_vouchers())
    closed = replace(closed, statement=closed.statement.model_copy(update={"stages": tuple(stages)}))
    assert compose("D7", closed).notices[0].text == "S5 Belege und Kontoauszug: 1 Posten ohne Gegenstück."
    calm = compose("D7", empty()).notices[0]
    assert (calm.mark.value, calm.title) == ("holds", "Abgeglichen")
    of_years = "nicht jedes Jahr: S5."
    assert of_years in words(compose("D7", told(story, finding))), "the year is reconciled, the stage is open"
    assert of_years not in words(compose("D7", closed))


LACKING = (
    CheckResult(
        code="KOF-01", outcome=Outcome.MISSING, missing=(Missing(code="KOF-01", object="measure M-1", what="Finanzierungsplan"),)
    ),
    CheckResult(
        code="BES-01", outcome=Outcome.MISSING, missing=(Missing(code="BES-01", object="paper 05000/9", what="Ratsvorlage"),)
    ),
)
NO_PLAN = Stage(code="S1", left_cents=None, right_cents=None, missing="Finanzierungsplan", verdict="missing")


def test_a_reconciliation_names_each_missing_fact_what_it_is_of_and_what_asks_for_it() -> None:
    notice = compose("D7", empty(checks=LACKING, stages=(NO_PLAN,), verdict="open", rejected=2)).notices[0]
    assert (notice.mark, notice.title) == (Mark.FAULT, "Offen")
    assert notice.text == (
        "nicht beurteilt, weil es fehlt: Finanzierungsplan (KOF-01, S1), Ratsvorlage (Vorlage 05000/9; BES-01);"
        " 2 abgewiesene Zeilen."
    )
    secured = compose("D6", empty(checks=LACKING)).notices[0]
    assert secured.text == "weil Finanzierungsplan fehlt (KOF-01); Ratsvorlage fehlt (Vorlage 05000/9; BES-01)"


def test_a_close_that_was_ordered_says_what_it_waits_for() -> None:
    def told_of(**changed: Any) -> dict[str, str | None]:
        given = {"close_ordered_on": date(2026, 1, 31)} | changed
        return {notice.title: notice.text for notice in compose("D7", empty(**given)).notices}

    title = "Abschluss angeordnet, aber nicht vollzogen"
    assert told_of(parked=1, rejected=3)[title] == (
        "Der Abschluss zum 31.01.2026 wartet auf 1 geparkte Tatsache und 3 abgewiesene Zeilen. Sind sie geklärt, gilt er von"
        " selbst."
    )
    assert title not in told_of(state="closed")
    assert title not in told_of(close_ordered_on=None, rejected=3)


def a_programme(statements: dict[str, MeasureStatement], *findings: Finding, **changed: Any) -> ProgrammeSnapshot:
    """A programme of which nothing but the statements of its measures is known."""
    statement = ProgrammeStatement(
        as_of=AS_OF, rule_set="national", rules=RULES, facts_upto=1, totals=NOTHING, lines=(), figures=(), checks=(), findings=(),
        measures={f"measure/{key}": id_of(key) for key in statements},
    )
    return ProgrammeSnapshot(
        "programme/P", Source(digest=LIST, place="2"),
        ProgrammeData(key="P", name="Programm", rule_set="national", period=Period(start=AS_OF, end=AS_OF)),
        statement.model_copy(update=changed), Basis(id_of("s"), WHEN), findings,
        measures={key: measure() for key in statements}, statements=statements,
    )


@pytest.mark.parametrize(
    ("plans", "sum_planned", "gap", "note"),
    [
        ([True], "0,70", "0,07", None),
        ([False], "fehlt: Finanzierungsplan", "fehlt: Finanzierungsplan", None),
        ([True, False], "0,70", "0,07", "von 1 der 2 Maßnahmen fehlt der Finanzierungsplan"),
        ([False, False], "fehlt: Finanzierungsplan", "fehlt: Finanzierungsplan",
         "von 2 der 2 Maßnahmen fehlt der Finanzierungsplan"),
    ],
    ids=["a plan", "no plan", "one of two", "none of two"],
)
def test_a_programme_says_of_a_plan_nobody_handed_in_that_it_is_missing(
    plans: list[bool], sum_planned: str, gap: str, note: str | None
) -> None:
    parts = {f"M-{n}": planned(70, 7) if there else empty().statement for n, there in enumerate(plans, 1)}
    total, unplanned = planned(70, 7).totals if any(plans) else NOTHING, plans.count(False)
    line = ProgrammeLine(
        municipality=Municipality(key="05000", name="Stadt"), joined_on=None, left_on=None, participation_cents=None,
        inhabitants=None, band_cents=None, measures=tuple(parts), totals=total, unplanned=unplanned,
    )
    document = OF_PROGRAMME["D9"](a_programme(parts, totals=total, lines=(line,), unplanned=unplanned), "P-D9-2026-02-28-1")
    figure = next(f for f in document.key_figures if f.label == "Deckungslücke")
    assert (plain_cell(figure.value), figure.note) == (gap, note)
    shown = [t for section, t in tables(document) if section.title in ("Mittel nach Herkunft", "Maßnahmen")]
    control = next(t for t in shown if t.caption == "Summenprobe")
    for table in (t for t in shown if t is not control):
        last = {column.title: plain_cell(cell) for column, cell in zip(table.columns, table.rows[-1].cells, strict=True) if cell}
        assert (last["geplant €"], last["Lücke €"]) == (sum_planned, gap)
    cells = ["0,70" if there else "fehlt: Finanzierungsplan" for there in plans]
    assert column_of(table_of(document, "Maßnahmen"), "geplant €") == cells
    assert column_of(control, "Programm €")[0] == sum_planned
    assert column_of(control, "Kontrolle")[0] == ("stimmt überein" if any(plans) else "fehlt")
    assert pages(document).startswith(b"%PDF")


def test_figures_that_are_provisional_by_a_report_of_the_programme_say_where_the_finding_stands() -> None:
    provisional = Provisional(cut_off=AS_OF, period_end=AS_OF + timedelta(days=31))
    checks = (CheckResult(code="ZEI-07", outcome=Outcome.NOT_APPLICABLE),)
    document = compose("D6", empty(provisional=provisional, checks=checks))
    assert "beim Programm festgestellt" in words(document) and "in dessen Übersicht (D9)" in words(document)
    assert "Nicht anwendbar" not in words(document)
    own = replace(empty(provisional=provisional, checks=checks), findings=(two_vouchers().find("ZEI-07"),))
    assert "Programms" not in words(compose("D6", own)), "a report on the measure is the measure's own finding"
    assert "Nicht anwendbar" in words(compose("D6", empty(checks=checks)))


@pytest.mark.parametrize("of", ["measure", "programme"])
def test_a_signed_report_is_one_of_the_sources(of: str) -> None:
    report = SignedReport(
        title="4. Quartal", period=Period(start=AS_OF, end=AS_OF), cut_off=AS_OF, signed_on=AS_OF, **{of: "M-1"},
    )
    signed = ReportSigned(
        id=id_of("rs"), recorded_at=WHEN, actor="jugendamt", subject=f"{of}/M-1", source=Source(digest="e" * 64, place="3"),
        report=report,
    )
    assert shown([signed], AS_OF) == (signed,) and shown([signed], AS_OF - timedelta(days=1)) == ()
    document = (
        compose("D6", replace(empty(), signed=(signed,)))
        if of == "measure"
        else OF_PROGRAMME["D9"](replace(a_programme({}), facts=(signed,)), "P-D9-2026-02-28-1")
    )
    found = {plain_cell(r.cells[3]): plain_cell(r.cells[1]) for r in table_of(document, "Quellenverzeichnis").rows
             if r.cells[3] and r.cells[1]}
    assert found["e" * 64] == "Unterzeichnete Berichte"


def test_a_published_number_says_that_a_newer_one_counts_and_only_then() -> None:
    def figure(value: int, published_on: date) -> FigureLine:
        return FigureLine(
            scope="municipalities", unit="count", published=value, published_on=published_on, publication="Seite", counted=35
        )

    def judged(*figures: FigureLine) -> list[str]:
        document = OF_PROGRAMME["D9"](a_programme({}, figures=figures), "P-D9-2026-02-28-1")
        return column_of(next(t for _, t in tables(document) if t.caption == "Anzahlen"), "Vergleich")

    old, day = AS_OF - timedelta(days=30), timedelta(days=1)
    assert judged(figure(36, old)) == judged(figure(36, AS_OF)) == ["weicht ab"]
    assert judged(figure(36, old), figure(35, AS_OF)) == ["weicht ab, neuere liegt vor", "stimmt"]
    assert judged(figure(36, old), figure(34, old)) == ["weicht ab", "weicht ab"], "of the same day neither is newer"
    assert judged(figure(36, old), figure(35, AS_OF + day))[0] == "weicht ab", "after the programme's end nothing is judged"


def test_page_one_of_a_programme_without_findings_says_what_keeps_it_open() -> None:
    def said(snapshot: ProgrammeSnapshot) -> tuple[Mark, str, str | None]:
        notice = OF_PROGRAMME["D9"](snapshot, "P-D9-2026-02-28-1").notices[0]
        return notice.mark, notice.title, notice.text

    calm, text = empty().statement, "Zum Programm und zu seinen Maßnahmen ist keine Feststellung offen."
    assert said(a_programme({"M-1": calm}, verdict="explained")) == (Mark.HOLDS, "Ohne Feststellung", text)
    lacking = "nicht beurteilt, weil es fehlt: Finanzierungsplan (Maßnahme M-1; KOF-01), Ratsvorlage (Vorlage 05000/9; BES-01)"
    assert said(a_programme({"M-1": calm}, checks=LACKING)) == (Mark.MISSING, "Offen", f"{lacking}.")
    differing = told(two_vouchers()).statement
    assert said(a_programme({"M-1": differing, "M-2": calm}, rejected=1)) == (
        Mark.FAULT, "Offen", "im Abgleich offen: M-1; 1 abgewiesene Zeile."
    )
    assert said(a_programme({})) == (Mark.FAULT, "Offen", "Noch nicht jede Maßnahme ist abgeglichen.")
    found = said(a_programme({"M-1": calm}, two_vouchers().find(), checks=LACKING))
    assert found[:2] == (Mark.BLOCKING, "1 offene Feststellung") and (found[2] or "").endswith(f"; {lacking}.")


def test_what_a_paper_says_of_days_behind_the_cut_off_date_is_printed_and_said_not_to_count() -> None:
    paper, detail = two_vouchers().facts()[-2:]
    assert isinstance(paper, DecisionRecorded)
    assert isinstance(detail, DecisionDetailed)
    step = paper.decision.steps[0].model_copy(update={"held_on": AS_OF + timedelta(1), "body": "Kreistag"})
    later = paper.decision.model_copy(update={"steps": (*paper.decision.steps, step)})
    approved = detail.detail.model_copy(update={"approval": "üpl", "approved_on": AS_OF + timedelta(1)})
    papers = papers_of([
        paper.model_copy(update={"decision": later}), detail.model_copy(update={"detail": approved}),
    ])
    document = compose("D6", replace(told(two_vouchers()), papers=papers))
    steps, details = [t for s, t in tables(document) if s.title == "Beschluss zur Vorlage 2025/7"]
    assert [row.cells[-1] for row in steps.rows] == [
        Chip(Mark.HOLDS, "ungeändert beschlossen"), Text("ungeändert beschlossen", "nach dem Stichtag, zählt nicht mit"),
    ]
    assert details.rows[0].cells[3] == Text("üpl", "vom 01.03.2026, nach dem Stichtag, zählt nicht mit")


def test_the_mark_of_a_check_is_that_of_its_gravest_finding() -> None:
    story = two_vouchers()
    finding = story.find().model_copy(update={"severity": Severity.WARNING})
    document = compose("D5", told(story, finding))
    section = next(s for s in document.sections if s.title.startswith("Prüfungen"))
    marks = {item["code"]: item["mark"] for block in plain_blocks(section.blocks) for item in block}
    assert marks == {"KOF-01": "holds", "BEL-05": "warning"}


def plain_blocks(blocks: tuple[Any, ...]) -> Iterator[list[dict[str, str]]]:
    for block in blocks:
        if not isinstance(block, Paragraph):
            yield [{"code": item.code, "mark": item.mark.value} for item in block.items]


def test_a_voucher_line_knows_what_of_it_is_not_claimed() -> None:
    story = Story()
    voucher = story.voucher("1", 20_000, "17")
    entry = next(e for e in story.told if isinstance(e, EntryPosted)).entry
    part = entry.model_copy(
        update={
            "postings": (
                entry.postings[0].model_copy(update={"cents": 15_000}),
                entry.postings[0].model_copy(update={"account": "ineligible:1", "cents": 5_000}),
                entry.postings[1],
            )
        }
    )
    assert VoucherLine(Line("measure/M-1", part, voucher=voucher), voucher).ineligible_cents == 5_000
