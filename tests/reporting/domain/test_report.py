"""Numbers of reports: readable, fit for file names and addresses, and never two reports with the same."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.report import number_of, report_id, version_of
from shared.values.subject import subject_of

DAY = date(2016, 1, 31)


def number(key: str) -> str:
    return number_of(subject_of("measure", key), "D5", DAY, 1)


@pytest.mark.parametrize("key", ["HER-AIDR", "M-1", "OF-MK50", "1.2_b", "herne"])
def test_a_key_that_needs_no_change_is_printed_as_it_is(key: str) -> None:
    assert number(key) == f"{key}-D5-2016-01-31-1"


def test_a_key_that_had_to_be_changed_stays_readable_and_bears_the_digest_of_what_it_was() -> None:
    assert number("N 1") == "N-1~a84f7771-D5-2016-01-31-1"          # printf 'N 1' | sha256sum


@pytest.mark.parametrize(
    ("one", "other"), [("N 1", "N-1"), ("JÜ-1", "JÖ-1"), ("a/b", "a b"), ("-x", "x"), ("Ü", "ß"), ("N 1", "N-1~a84f7771")]
)
def test_measures_whose_keys_differ_in_odd_characters_alone_have_different_numbers(one: str, other: str) -> None:
    assert number(one) != number(other)
    assert report_id(number(one)) != report_id(number(other))


KEYS = st.text(min_size=1, max_size=120).filter(lambda key: bool(key.strip()) and key == key.strip() and key.isprintable())


@given(KEYS, KEYS)
def test_different_keys_have_different_numbers_fit_for_files_and_addresses(one: str, other: str) -> None:
    assert (number(one) == number(other)) == (one == other)
    assert re.fullmatch(r"[A-Za-z0-9._~-]{1,200}", number(one))
    assert version_of(number(one)) == 1
