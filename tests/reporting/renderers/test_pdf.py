"""Reports as PDF: valid PDF/A-3a and PDF/UA-1, complete, the same bytes every time."""

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from PIL import Image, ImageDraw

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
    KeyFigure,
    Mark,
    Missing,
    Notice,
    Paragraph,
    Reference,
    Release,
    Row,
    RowKind,
    Section,
    Table,
    Text,
    plain,
    tables,
)
from services.reporting.renderers import delimited
from services.reporting.renderers.canonical import canonical, digest
from services.reporting.renderers.pdf.render import render
from services.reporting.renderers.pdf.seams import PdfFile
from services.reporting.renderers.pdf.typography import Style, Type
from services.reporting.renderers.words import written
from tests.reporting.renderers.samples import COMPOUND, CREATED, LONG_NAME, SAMPLES, pdf_of, voucher_list
from tests.tools import verapdf
from tests.tools.missing import skip_or_fail
from tests.tools.pdftext import attachments, instructions, read_artifacts, read_tables, read_tree

ROOT = Path(__file__).parents[3]
URL = "https://pruefpfad.example/v/"


def document(*blocks: Table | Chart | CheckList | Paragraph | Notice, landscape: bool = False, title: str = "Titel") -> Document:
    return Document("D5", "D5-1", title, sections=(Section("Abschnitt", blocks, landscape),))


def table(*cells: object, titles: str = "Spalte") -> Table:
    """A table of one column."""
    return Table((Column(titles),), tuple(Row((cell,)) for cell in cells))  # type: ignore[arg-type]


def awkward() -> Document:
    """All that is hard to set at once."""
    much = "Wort " * 4000
    checks = tuple(CheckItem(mark, COMPOUND, "Detail " * 30, "KOF-01", 5) for mark in Mark)
    amounts = tuple(Row((Text(COMPOUND, LONG_NAME), Cents(sign * 999_999_999), Missing(COMPOUND))) for sign in (1, -1))
    return Document(
        kind="D6",
        number="D6-programme-modellkommune-zweiunddreissig-2012-17",
        title="Kofinanzierungsnachweis für die Fortführung der Jugendberufsagentur im Landkreis Musterstadt",
        subtitle=f"{COMPOUND} und {LONG_NAME}",
        status=tuple(Chip(mark, mark.value) for mark in Mark) * 2,
        facts=(Fact("Aktenzeichen", Missing("Bescheid")), Fact("Träger", Text(LONG_NAME, "vertreten durch Dezernat II"))),
        notices=tuple(Notice(mark, mark.value, f"{COMPOUND} " * 3) for mark in Mark),
        key_figures=(KeyFigure("Summe", Cents(12_345_678_901_234)), KeyFigure("Vermerk", Missing(COMPOUND))),
        sections=(
            Section("Diagramm", (Chart(tuple("abcdefghijk"), (Bar("Plan", (*range(10), -5)), Bar("Null", (0,) * 11))),)),
            Section("Tabelle", (Table(tuple(map(Column, ("Name", "Betrag", COMPOUND))), amounts, caption=COMPOUND),)),
            Section("Hoch", (table(Text(much), Text("danach")),)),
            Section("Viel", (Notice(Mark.HINT, "Viel", much), CheckList((CheckItem(Mark.FAULT, "?", much),)))),
            Section("Leer", (table(), Chart((), ()), CheckList(()), Paragraph("Absatz\n\nnoch einer"))),
            Section("Prüfung", (CheckList(checks), CheckList(checks, wide=True)), landscape=True),
            Section("Zeichen", (Paragraph("中文 🙂 \u0627 (Klammer) \\ %s ŕẞ\u202e"),)),
        ),
        releases=(Release("Geprüft"), Release("Freigegeben", LONG_NAME, date(2012, 1, 1)), Release("Gesehen")),
    )


# ── validity ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_reports_are_pdf_a_3a_and_pdf_ua_1(tmp_path: Path) -> None:
    if lacking := verapdf.missing():
        skip_or_fail(lacking)
    documents = {f"rows-{count}": voucher_list(count) for count in (0, 1, 100, 1000)}
    documents |= {kind: sample() for kind, sample in SAMPLES.items()}
    documents |= {"awkward": awkward(), "english": replace(awkward(), language="en"), "none": Document("D5", "1", "Nichts")}
    paths = []
    for name, each in documents.items():
        paths.append(tmp_path / f"{name}.pdf")
        paths[-1].write_bytes(pdf_of(each))
    assert verapdf.validate(paths) == []


def test_the_validator_notices_what_is_taken_away(tmp_path: Path) -> None:
    if lacking := verapdf.missing():
        skip_or_fail(lacking)
    content = pdf_of(document(table(Text("a"))))
    paths = {}
    for entry in ("/OutputIntents", "/AF", "/Metadata", "/StructTreeRoot", "/Lang", "/ViewerPreferences"):
        paths[entry] = tmp_path / f"without-{entry[1:]}.pdf"
        with pikepdf.open(BytesIO(content)) as pdf:
            del pdf.Root[entry]
            pdf.save(paths[entry])
    noticed = {Path(failure.path) for failure in verapdf.validate(list(paths.values()))}
    assert noticed == set(paths.values())


# ── completeness ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_cell_of_every_table_is_read_back_from_its_place(kind: str) -> None:
    report = SAMPLES[kind]()
    found = read_tables(pdf_of(report))
    assert len(found) == len(list(tables(report)))
    for rows, (_, each) in zip(found, tables(report), strict=True):
        assert len(rows) == max(len(each.rows), 1) + 1
        for shown, row in zip(rows[1:], each.rows, strict=False):
            for text, cell in zip(shown, row.cells, strict=True):
                said = "" if cell is None else written(cell)
                said += f" {cell.note}" if isinstance(cell, Text) and cell.note else ""
                assert text.replace("\u00ad", "") == said.replace("\u00a0", " ")


def test_a_list_of_a_thousand_rows_keeps_each_row_once_and_in_order() -> None:
    report = voucher_list(1000)
    [rows] = read_tables(pdf_of(report))
    [(_, asked)] = tables(report)
    assert [row[0] for row in rows[1:]] == ["" if row.cells[0] is None else written(row.cells[0]) for row in asked.rows]


def test_a_row_higher_than_a_page_loses_no_word() -> None:
    words = [f"Wort{number}" for number in range(4000)]
    content = pdf_of(document(table(Text(" ".join(words)), Text("danach"))))
    [rows] = read_tables(content)
    assert "".join(row[0] for row in rows[1:]).split() == [*" ".join(words).split()[:-1], "Wort3999danach"]
    assert len(read_artifacts(content)) > 3


@pytest.mark.parametrize("cell", [Missing, Text, Reference])
def test_any_long_cell_is_split_over_pages(cell: type[Text]) -> None:
    words = " ".join(f"Wort{number}" for number in range(9000))
    content = pdf_of(document(table(cell(words))))
    assert words.replace(" ", "") in "".join(row[0] for row in read_tables(content)[0][1:]).replace(" ", "")


def test_a_notice_and_a_check_longer_than_a_page_lose_no_word() -> None:
    words = " ".join(f"Wort{number}" for number in range(2500))
    checks = CheckList((CheckItem(Mark.FAULT, "Frage", words), CheckItem(Mark.HOLDS, "Antwort", "kurz")))
    tree = read_tree(pdf_of(document(Notice(Mark.FAULT, "Achtung", words), checks)))
    assert tree.words().count(words) == 2
    assert [item.words() for item in tree.all("LI")] == [f"Frage Feststellung F · {words}", "Antwort ohne Feststellung · kurz"]


def test_a_group_that_goes_on_repeats_its_heading_on_the_next_page() -> None:
    rows = [Row((Text("Honorare"), None), RowKind.HEADING), *(Row((Text(f"{n}"), Cents(n))) for n in range(150))]
    rows.append(Row((Text("Zwischensumme"), Cents(11175)), RowKind.SUBTOTAL))
    content = pdf_of(document(Table((Column("Nr."), Column("Betrag")), tuple(rows))))
    pages = read_artifacts(content)
    assert ["Honorare (Fortsetzung)" in page for page in pages] == [False, *[True] * (len(pages) - 1)]
    assert [row[0] for row in read_tables(content)[0][1:]] == ["Honorare", *map(str, range(150)), "Zwischensumme"]


def test_an_empty_table_says_so() -> None:
    [rows] = read_tables(pdf_of(document(table())))
    assert rows == [["Spalte"], ["keine Einträge"]]


def test_headings_key_figures_checks_and_charts_are_in_the_text() -> None:
    tree = read_tree(pdf_of(SAMPLES["D6"]()))
    assert [each.words() for each in tree.all("H1")] == ["Kofinanzierungsnachweis"]
    assert [each.words() for each in tree.all("H2")][:3] == ["Finanzierungsstruktur", "Finanzierung nach Quellen", "Prüfschritte"]
    paragraphs = [each.words().strip() for each in tree.all("P")]
    assert "unvollständig vorläufig Demodaten" in paragraphs
    assert "ESF-Anteil (Ist) 86,1 % Obergrenze 80,0 %" in paragraphs
    checks = [each.words() for each in tree.all("LI")]
    assert "KOF-01 Deckungslücke im Haushaltsjahr 2012 Feststellung B · Betrag im Risiko 67.555,56 € · Zusage fehlt" in checks
    assert "KOF-11 Drittmittel gesichert? fehlt: Zusage der Arbeitsgemeinschaft" in checks
    chart = tree.all("Figure")[0]
    assert "Verausgabt 369.680,50: Europäischer Sozialfonds 318.450,50, Modellkommune 02 51.230,00" in chart.alt


def test_every_page_names_report_status_digest_and_its_number() -> None:
    report = voucher_list(300)
    pages = read_artifacts(pdf_of(report))
    sha = digest(plain(report))
    for number, text in enumerate(pages, 1):
        assert f"Seite {number} von {len(pages)}" in text
        assert f"Daten-Hash {sha[:12]}…" in text
        assert "D5-M-1-3" in text
    assert all("vorläufig" in text and "Demodaten" in text for text in pages[1:])
    assert all("Zahlung" in text for text in pages[1:-1])  # the repeated table header


def test_the_digest_is_printed_in_full() -> None:
    report = SAMPLES["D9"]()
    words = read_tree(pdf_of(report)).words().replace(" ", "")
    assert f"SHA-256derBerichtsdaten{digest(plain(report))}" in words


def test_the_outline_leads_to_title_and_sections() -> None:
    with pikepdf.open(BytesIO(pdf_of(SAMPLES["D7"]()))) as pdf, pdf.open_outline() as outline:
        titles = [item.title for item in outline.root]
    assert titles == ["Abgleichsbericht", "Stufen", "S5: ohne Gegenstück", "Prüfergebnisse", "Grundlage", "Echtheit prüfen"]


def test_wide_sections_are_landscape_and_the_others_are_not() -> None:
    with pikepdf.open(BytesIO(pdf_of(SAMPLES["D6"]()))) as pdf:
        wide = [page.MediaBox[2] > page.MediaBox[3] for page in pdf.pages]
    assert wide == [False, False, True, False]


# ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_data_and_each_table_are_attached_as_they_are() -> None:
    report = SAMPLES["D6"]()
    found = attachments(pdf_of(report))
    data, relation = found.pop("D6-M-1-2.json")
    assert (data, relation) == (canonical(plain(report)), "/Data")
    assert found == {name: (content, "/Alternative") for name, content in delimited.render(report).items()}


def test_the_file_names_digest_number_and_address_in_its_metadata() -> None:
    report = SAMPLES["D6"]()
    sha = digest(plain(report))
    with pikepdf.open(BytesIO(pdf_of(report))) as pdf:
        packet = pdf.Root.Metadata.read_bytes().decode()
        assert str(pdf.docinfo["/Title"]) == "Kofinanzierungsnachweis D6-M-1-2"
        assert str(pdf.docinfo["/CreationDate"]) == "D:20121231093000Z"
    for each in (f"<pp:dataSha256>{sha}<", "<pp:reportId>D6-M-1-2<", f"<pp:verifyUrl>{URL}{sha}<", "<pdfaid:conformance>A<"):
        assert each in packet


def test_the_qr_code_leads_to_the_address_that_holds_the_digest() -> None:
    report = SAMPLES["D9"]()
    with pikepdf.open(BytesIO(pdf_of(report))) as pdf:
        boxes = _qr_boxes(pdf)
    left, bottom = min(box[0] for box in boxes), min(box[1] for box in boxes)
    scale = 6.0
    size = int((max(box[0] + box[2] for box in boxes) - left) * scale) + 60
    image = Image.new("L", (size, size), 255)
    for x, y, width, height in boxes:
        low, high = (y - bottom) * scale, (y + height - bottom) * scale
        corner = ((x - left) * scale + 30, size - 30 - high)
        ImageDraw.Draw(image).rectangle((corner, (corner[0] + width * scale - 0.5, size - 30 - low)), fill=0)
    [code] = zxingcpp.read_barcodes(image)
    assert code.text == URL + digest(plain(report))


def _qr_boxes(pdf: pikepdf.Pdf) -> list[list[float]]:
    """The boxes of the only figure that consists of many."""
    figures: list[list[list[float]]] = []
    for operands, operator in instructions(pdf.pages[-1]):
        if operator == "BDC" and str(operands[0]) == "/Figure":
            figures.append([])
        elif operator == "re" and figures:
            figures[-1].append([float(each) for each in operands])
    [boxes] = [figure for figure in figures if len(figure) > 100]
    return boxes


def test_equal_input_gives_equal_bytes_in_another_process_time_zone_hash_seed_and_epoch() -> None:
    code = (
        "import hashlib; from tests.reporting.renderers.samples import SAMPLES, pdf_of;"
        "print(*(hashlib.sha256(pdf_of(SAMPLES[kind]())).hexdigest() for kind in SAMPLES))"
    )
    here = [hashlib.sha256(pdf_of(sample())).hexdigest() for sample in SAMPLES.values()]
    surroundings: tuple[dict[str, str], ...] = (
        {"TZ": "America/New_York", "PYTHONHASHSEED": "1"},
        {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "777", "SOURCE_DATE_EPOCH": "1700000000", "LC_ALL": "C"},
    )
    for surrounding in surroundings:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **surrounding}, capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == here


def test_other_content_gives_another_file_identifier() -> None:
    identifiers = set()
    for text in ("a", "b"):
        with pikepdf.open(BytesIO(pdf_of(document(table(Text(text)))))) as pdf:
            identifiers.add(bytes(pdf.trailer.ID[0]))
    assert len(identifiers) == 2


def test_a_digest_that_is_not_of_the_data_is_refused() -> None:
    with pytest.raises(ValueError, match=r"report D5-1: the digest .* is not that of the data"):
        render(document(), data=b"{}", digest="0" * 64, verify_url=URL, created=CREATED)


def test_a_moment_without_time_zone_is_refused_and_another_zone_is_printed_in_utc() -> None:
    sha = hashlib.sha256(b"{}").hexdigest()
    with pytest.raises(ValueError, match="no time zone"):
        render(document(), data=b"{}", digest=sha, verify_url=URL, created=datetime(2012, 1, 1))  # noqa: DTZ001
    moment = datetime(2012, 7, 1, 12, tzinfo=UTC)
    berlin = moment.astimezone(timezone(timedelta(hours=2)))
    one, other = (render(document(), data=b"{}", digest=sha, verify_url=URL, created=when) for when in (moment, berlin))
    assert one == other
    assert "erstellt 01.07.2012 12:00 UTC" in read_artifacts(one)[0]


# ── type ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_more_characters_than_one_font_subset_holds_are_all_printed() -> None:
    blocks = ((0x100, 0x180), (0x391, 0x3A2), (0x400, 0x460), (0x1EA0, 0x1EFA))  # Latin, Greek, Cyrillic, Vietnamese
    alphabet = "".join(chr(code) for start, end in blocks for code in range(start, end))
    assert len(alphabet) > 254
    printed = table(*(Text(alphabet[start : start + 20]) for start in range(0, len(alphabet), 20)))
    content = pdf_of(document(printed))
    [rows] = read_tables(content)
    assert "".join(row[0] for row in rows[1:]) == alphabet
    assert "□" not in read_tree(content).words()


def test_a_character_the_font_lacks_is_replaced_and_named() -> None:
    content = pdf_of(document(table(Text("北京 und 🙂"))))
    [rows] = read_tables(content)
    assert rows[1] == ["□□ und □"]
    assert "sind als □ gedruckt: U+5317, U+4EAC, U+1F642. Die beigefügten Daten" in read_tree(content).words()
    assert "北京 und 🙂" in attachments(content)["D5-1.json"][0].decode()


def test_letters_with_separate_accents_are_composed_and_controls_do_not_print() -> None:
    [rows] = read_tables(pdf_of(document(table(Text("Mu\u0308ller\u200b\tKo\u0308ln\u202e")))))
    assert rows[1] == ["Müller Köln"]


def test_a_word_wider_than_its_column_is_broken_at_a_syllable_and_comes_back_whole() -> None:
    titles = tuple(map(Column, "abcdef"))
    row = Row(tuple(Text(f"{COMPOUND} {letter}") for letter in "abcdef"))
    [rows] = read_tables(pdf_of(document(Table(titles, (row,)))))
    assert "\u00ad" in rows[1][0]
    assert [cell.replace("\u00ad", "") for cell in rows[1]] == [f"{COMPOUND} {letter}" for letter in "abcdef"]
    assert rows[1][0].startswith(("Kinderundjugend\u00ad", "Kinderundjugendhilfe\u00ad", "Kinderundjugendhilfewei\u00ad"))


@pytest.mark.parametrize("kept", ["Art. 15", "Abs. 1", "Nr. 1083/2006", "§ 49", "20 %", "862,75 €"])
def test_what_belongs_together_stands_on_one_line(kept: str) -> None:
    type_, style = Type(PdfFile()), Style("regular", 9, "0 0 0")
    sentence = f"Ein Satz mit {kept} und noch etwas mehr"
    for width in range(60, 160, 3):
        lines = [line.replace("\u00a0", " ") for line in type_.lines(sentence, style, width)]
        assert "".join(lines) == sentence
        assert any(kept in line for line in lines), (width, lines)


def test_nothing_is_drawn_beyond_the_margins() -> None:
    for report in (awkward(), *(sample() for sample in SAMPLES.values())):
        with pikepdf.open(BytesIO(pdf_of(report))) as pdf:
            for page in pdf.pages:
                right, top = (float(each) for each in page.MediaBox[2:4])
                for operands, operator in instructions(page):
                    if operator == "Tm":
                        assert 40 < float(operands[4]) < right - 40, report.number
                        assert 20 < float(operands[5]) < top - 40, report.number


def test_columns_that_cannot_fit_are_refused_with_advice() -> None:
    wide = Table(tuple(Column(f"{n}") for n in range(30)), (Row(tuple(Cents(99_999_999_999) for _ in range(30))),))
    with pytest.raises(ValueError, match=r"30 columns do not fit on 172 mm; ask for landscape"):
        pdf_of(document(wide))


def test_amounts_stand_flush_right_below_each_other() -> None:
    amounts = [1, -123_456, 99_999_999]
    rows = tuple(Row((Text("a"), Cents(each))) for each in amounts)
    content = pdf_of(document(Table((Column("Beleg"), Column("Betrag")), rows)))
    with pikepdf.open(BytesIO(content)) as pdf:
        cells = []
        for operands, operator in instructions(pdf.pages[0]):
            if operator == "BDC":
                tag = str(operands[0])
            elif operator == "Tm" and tag == "/TD":
                cells.append(float(operands[4]))
    digit, mark, minus, size = 497, 249, 497, 9.0
    widths = [(3 * digit + mark), (6 * digit + 2 * mark + minus), (8 * digit + 2 * mark)]  # 0,01 · −1.234,56 · 999.999,99
    ends = [x + width * size / 1000 for x, width in zip(cells, widths, strict=True)]
    assert max(ends) - min(ends) < 0.02


# ── speed ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ten_thousand_tagged_rows_take_seconds_not_minutes() -> None:
    report = voucher_list(10_000)
    data = canonical(plain(report))
    sha = hashlib.sha256(data).hexdigest()
    pdf_of(voucher_list(10))  # fonts and syllables are read once per process
    start = time.process_time()
    content = render(report, data=data, digest=sha, verify_url=URL + sha, created=CREATED)
    assert time.process_time() - start < 6  # 1.8 s on the machine it was written on
    with pikepdf.open(BytesIO(content)) as pdf:
        assert len(pdf.pages) > 300


def test_the_columns_of_a_long_list_stand_at_the_same_place_on_every_page() -> None:
    rows = [Row((Count(n), Reference(f"M-1/{n} · 3f2a9c1be07d:{n}"), Day(date(2012, 1, 1)))) for n in range(120)]
    rows.append(Row((Text("Ende"), None, None), RowKind.TOTAL))
    content = pdf_of(document(Table(tuple(map(Column, ("Nr.", "Prüfpfad", "Tag"))), tuple(rows))))
    places = []
    with pikepdf.open(BytesIO(content)) as pdf:
        for page in pdf.pages:
            shown = list(instructions(page))
            for index, (operands, operator) in enumerate(shown):
                if operator == "Tj" and bytes(operands[0]) == b"Tag":
                    places.append(next(float(o[4]) for o, name in reversed(shown[:index]) if name == "Tm"))
    assert len(places) > 2
    assert len(set(places)) == 1
