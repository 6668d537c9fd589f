"""Tables as an auditor imports them."""

import csv
import io
import zipfile
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.document import (
    Cell,
    Cents,
    Chip,
    Column,
    Count,
    Day,
    Document,
    Mark,
    Missing,
    Reference,
    Row,
    RowKind,
    Section,
    Share,
    Table,
    Text,
)
from services.reporting.renderers import delimited
from tests.reporting.renderers.samples import cofunding_statement, voucher_list


def files(*rows: Row, titles: tuple[str, ...] = ("Spalte",)) -> bytes:
    table = Table(tuple(map(Column, titles)), rows)
    [content] = delimited.render(Document("D5", "D5-1", "Belegliste", sections=(Section("Belege", (table,)),))).values()
    return content


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_one_file_per_table_named_by_report_and_title() -> None:
    assert list(delimited.render(cofunding_statement())) == [
        "D6-M-1-2-01-Finanzierung-nach-Quellen.csv",
        "D6-M-1-2-02-Beschluesse.csv",
        "D6-M-1-2-03-Einnahmen.csv",
    ]


def test_a_file_begins_with_a_byte_order_mark_and_its_lines_end_in_crlf() -> None:
    content = files(Row((Text("Größe"),)))
    assert content == "\ufeffZeilenart;Spalte\r\nZeile;Größe\r\n".encode()


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (Cents(123_456_789), "1234567,89"),
        (Cents(-5), "-0,05"),
        (Day(date(2012, 9, 3)), "03.09.2012"),
        (Share(Fraction(9, 80)), "11,3"),  # 11.25 %, half up
        (Count(12_345), "12345"),
        (Count(-3), "-3"),
        (Reference("M-1/123 · 3f2a9c1be07d:17"), "M-1/123 · 3f2a9c1be07d:17"),
        (Chip(Mark.HOLDS, "bezahlt"), "bezahlt"),
        (Missing("Beschluss"), "fehlt: Beschluss"),
        (Text("Rat", "Sitzung"), "Rat – Sitzung"),
        (Text('a;"b"\nc'), 'a;"b"\nc'),
    ],
)
def test_each_kind_of_cell_is_written_the_german_way(cell: Cell, shown: str) -> None:
    assert read(files(Row((cell,))))[1] == ["Zeile", shown]


@pytest.mark.parametrize("text", ["=1+1", "+49 2323", "-Storno", "@SUM(A1)", "\t=1", "\r=1"])
@pytest.mark.parametrize("kind", [Text, Reference, lambda text: Chip(Mark.HOLDS, text)])
def test_a_text_a_spreadsheet_would_calculate_is_guarded(text: str, kind: type[Text]) -> None:
    assert read(files(Row((kind(text),))))[1][1] == f"'{text}"


def test_a_negative_amount_is_a_number_and_not_guarded() -> None:
    assert read(files(Row((Cents(-100),))))[1][1] == "-1,00"


def test_sums_are_told_from_the_population_and_rows_know_their_group() -> None:
    rows = (
        Row((Text("Honorare"), None), RowKind.HEADING),
        Row((Text("a"), Cents(100))),
        Row((Text("Zwischensumme"), Cents(100)), RowKind.SUBTOTAL),
        Row((Text("Sachausgaben"), None), RowKind.HEADING),
        Row((Text("b"), Cents(200))),
        Row((Text("Zwischensumme"), Cents(200)), RowKind.SUBTOTAL),
        Row((Text("Summe"), Cents(300)), RowKind.TOTAL),
    )
    assert read(files(*rows, titles=("Beleg", "Betrag"))) == [
        ["Zeilenart", "Gruppe", "Beleg", "Betrag"],
        ["Zeile", "Honorare", "a", "1,00"],
        ["Zwischensumme", "Honorare", "Zwischensumme", "1,00"],
        ["Zeile", "Sachausgaben", "b", "2,00"],
        ["Zwischensumme", "Sachausgaben", "Zwischensumme", "2,00"],
        ["Summe", "", "Summe", "3,00"],
    ]


def test_the_population_of_a_file_adds_up_to_its_total() -> None:
    rows = read(next(iter(delimited.render(voucher_list(300)).values())))
    claimed = rows[0].index("förderfähig")

    def cents(row: list[str]) -> int:
        return int(row[claimed].replace(",", ""))

    assert sum(cents(row) for row in rows if row[0] == "Zeile") == cents(rows[-1]) != 0
    assert rows[-1][0] == "Summe"


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=3))
def test_any_text_comes_back_from_the_file(texts: list[str]) -> None:
    content = files(Row(tuple(map(Text, texts))), titles=tuple("abc"[: len(texts)]))
    for cell, text in zip(read(content)[1][1:], texts, strict=True):
        assert cell in (text, f"'{text}")


def test_all_tables_travel_as_one_archive_with_the_same_bytes_each_time() -> None:
    files = {"a.csv": b"1;2\r\n", "b.csv": b"3;4\r\n"}
    once, again = delimited.packed(files), delimited.packed(files)
    assert once == again
    with zipfile.ZipFile(io.BytesIO(once)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
