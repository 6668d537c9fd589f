"""Amounts as people and programs write them, read in one way or refused."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.german import NotAnAmount, read_cents, read_day, write_cents


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1.234,56", 123456),
        ("1234,5", 123450),
        ("1.234", 123400),
        ("1 234,56", 123456),
        ("1'234,56", 123456),
        ("1\u00a0234,56", 123456),
        ("-5,00", -500),
        ("5,00-", -500),
        ("\u22125,00", -500),
        ("(5,00)", -500),
        ("(5,00 €)", -500),
        ("1.234,-", 123400),
        ("1.234,--", 123400),
        ("1.234,–", 123400),
        ("1234.56", 123456),
        ("1,234.56", 123456),
        ("1,234,567.89", 123456789),
        ("€ 5,00", 500),
        ("5,00 EUR", 500),
        ("0,01", 1),
        ("5,00 Euro", 500),
        ("EUR5,00", 500),
        ("5,00 \u00a4", 500),  # the euro sign of Latin-9 in a text read as Windows-1252
        ("1.234,56 -", -123456),
        ("- 1.234,56", -123456),
        ("-€ 5,00", -500),
        ("5,00- €", -500),
        ("\u20115,00", -500),
        ("\u20135,00", -500),
        ("1234.5", 123450),
        ("1.5", 150),
        ("1'234.56", 123456),
        ("1\u2009234,56", 123456),
        (",50", 50),
        ("-.50", -50),
        ("119,0000", 11900),  # money of a database, with the four decimals it keeps
        ("1234.5600", 123456),
        ("5,00+", 500),
    ],
)
def test_an_amount_is_read_as_it_is_meant(text: str, cents: int) -> None:
    assert read_cents(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        "1,234",
        "1.2345",
        "1,2345",
        "119,000",
        ",5",
        "+5,00-",
        "1.23.456",
        "12,34.56",
        "1.234.56",
        "1,23.45",
        "(-5,00)",
        "-5,00-",
        "(5,00-)",
        "()",
        "",
        "-",
        "5,00 USD",
        "1e3",
        "5;00",
        "5 € 50",
        "5€50",
        "5,00 € €",
        "- 5,00 -",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(NotAnAmount):
        read_cents(text)


@given(st.integers(-(10**15), 10**15), st.booleans())
def test_what_is_written_is_read_again(cents: int, unit: bool) -> None:
    assert read_cents(write_cents(cents, unit=unit)) == cents


@given(st.text(alphabet="0123456789.,-'() €−+", max_size=14))
def test_a_text_that_is_read_has_just_the_digits_of_its_amount(text: str) -> None:
    with suppress(NotAnAmount):
        euro, cents = divmod(abs(read_cents(text)), 100)
        digits = "".join(sign for sign in text if sign.isdigit()).lstrip("0")
        exact = f"{euro}{cents:02d}".lstrip("0")
        assert digits in {exact, f"{euro}", f"{euro}{cents // 10}", f"{cents // 10}", ""} or (
            digits.startswith(exact) and re.fullmatch("00+", digits[len(exact) :])  # the four decimals of a database
        )


@pytest.mark.parametrize(
    "text",
    ["01.02.2012", "1.2.2012", "1. 2. 2012", "2012-02-01", "2012-2-1", "2012/02/01", "01.02.2012 14:30", "2012-02-01T00:00:00.0"],
)
def test_a_day_is_read_as_it_is_meant(text: str) -> None:
    assert read_day(text) == date(2012, 2, 1)


@pytest.mark.parametrize("text", ["31.02.2012", "01/02/2012", "2012/02-01", "01.02.12", "2012-02-01T23:30:00Z", "40940", ""])
def test_what_is_no_day_or_one_of_two_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_day(text)
