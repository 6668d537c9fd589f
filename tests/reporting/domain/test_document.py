"""A document holds values, not texts, and hides nothing."""

import json
from datetime import date
from fractions import Fraction

import pytest

from services.reporting.domain.document import (
    Cents,
    Column,
    Day,
    Missing,
    Paragraph,
    Row,
    RowKind,
    Section,
    Share,
    Table,
    Text,
    plain,
    tables,
    text_or_missing,
)
from tests.reporting.renderers.samples import SAMPLES, cofunding_statement

COLUMNS = (Column("Kommune"), Column("Betrag"))


def test_an_amount_that_is_not_whole_cents_is_refused() -> None:
    with pytest.raises(TypeError, match="whole number of cents"):
        Cents(12.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="whole number of cents"):
        Cents(True)


def test_a_share_that_is_not_exact_is_refused() -> None:
    with pytest.raises(TypeError, match="Fraction"):
        Share(0.6)  # type: ignore[arg-type]


@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_text_is_refused_and_says_what_to_write_instead(empty: str) -> None:
    with pytest.raises(ValueError, match="Missing"):
        Text(empty)
    with pytest.raises(ValueError, match="Missing"):
        Text("Name", note=empty)
    with pytest.raises(ValueError, match="name the fact"):
        Missing(empty)


def test_a_text_that_may_be_absent_is_named_as_missing() -> None:
    assert text_or_missing(None, "Betreff") == Missing("Betreff")
    assert text_or_missing(" ", "Betreff") == Missing("Betreff")
    assert text_or_missing("Fortführung", "Betreff") == Text("Fortführung")


def test_a_body_row_with_an_empty_cell_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"row 2, column 'Betrag'"):
        Table(COLUMNS, (Row((Text("Herne"), Cents(1))), Row((Text("Peine"), None))))


def test_a_row_with_too_few_cells_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match="'Übersicht', row 1: 1 cells for 2 columns"):
        Table(COLUMNS, (Row((Text("Herne"),)),), caption="Übersicht")


def test_a_sum_may_have_empty_cells() -> None:
    Table(COLUMNS, (Row((Text("Summe"), None), RowKind.TOTAL),))


def test_plain_data_has_iso_days_whole_cents_exact_shares_and_tells_cells_by_their_key() -> None:
    row = Row((Cents(-5), Day(date(2012, 9, 30)), Share(Fraction(3, 5)), Missing("Beschluss"), Text("Rat", "Sitzung")))
    table = Table(tuple(map(Column, "abcde")), (row,))
    section = Section("Daten", (table, Paragraph("Text")))
    document = cofunding_statement()
    data = plain(type(document)(kind="D6", number="1", title="T", sections=(section,)))
    assert data == {
        "kind": "D6",
        "number": "1",
        "title": "T",
        "sections": [
            {
                "title": "Daten",
                "blocks": [
                    {
                        "block": "table",
                        "columns": [{"title": letter} for letter in "abcde"],
                        "rows": [
                            {
                                "cells": [
                                    {"cents": -5},
                                    {"day": "2012-09-30"},
                                    {"share": "3/5"},
                                    {"missing": "Beschluss"},
                                    {"text": "Rat", "note": "Sitzung"},
                                ]
                            }
                        ],
                    },
                    {"block": "paragraph", "text": "Text"},
                ],
            }
        ],
    }


@pytest.mark.parametrize("kind", SAMPLES)
def test_plain_data_of_every_sample_survives_json(kind: str) -> None:
    data = plain(SAMPLES[kind]())
    assert json.loads(json.dumps(data)) == data


def test_tables_come_in_reading_order_with_their_section() -> None:
    titles = [section.title for section, _ in tables(cofunding_statement())]
    assert titles == ["Finanzierung nach Quellen", "Beschlüsse", "Einnahmen"]
