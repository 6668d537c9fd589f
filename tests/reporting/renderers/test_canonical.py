"""Equal data has one spelling, and nothing without one gets through."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.renderers.canonical import NotCanonical, canonical, digest

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_the_data_comes_back(data: Any) -> None:
    assert json.loads(canonical(data)) == data


@pytest.mark.parametrize("length", [0, 1, 256, 257, 600])
def test_a_long_list_and_what_is_only_iterated_are_spelled_as_any_other(length: int) -> None:
    items = [{"item": ["ä", None, {}], "n": n} for n in range(length)]
    spelled = canonical({"b": items, "a": 1})
    assert spelled == b'{"a":1,"b":[' + b",".join(canonical(item) for item in items) + b"]}"
    assert spelled == canonical({"a": 1, "b": iter(items)})


@given(st.dictionaries(TEXT, st.integers(0, 9), max_size=6), st.randoms())
def test_the_order_in_which_keys_were_added_does_not_show(data: dict[str, int], random: Any) -> None:
    keys = list(data)
    random.shuffle(keys)
    assert canonical({key: data[key] for key in keys}) == canonical(data)


def test_keys_stand_in_the_order_of_their_utf_16_code_units() -> None:
    """The example of RFC 8785, 3.2.3: an astral character sorts before U+FB33."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    found = list(json.loads(canonical(dict.fromkeys(keys, 1))))
    assert found == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_spelling_is_utf_8_without_white_space_with_the_escapes_of_rfc_8785() -> None:
    text = '\u20ac$\u000f\nA\'B"\\"/'
    assert canonical({"z": [1, text], "a": None}) == '{"a":null,"z":[1,"€$\\u000f\\nA\'B\\"\\\\\\"/"]}'.encode()


def test_days_are_iso_and_instants_are_utc() -> None:
    moment = datetime(2014, 12, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    assert canonical([date(2014, 12, 1), moment]) == b'["2014-12-01","2014-12-01T09:00:00Z"]'
    assert canonical(moment) == canonical(moment.astimezone(UTC))


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"sum": [1, 0.5]}, r"\$\.sum\[1\]: 0\.5 is a float"),
        ({"sum": [{"x": [1]}] * 300 + [{"x": [1, 0.5]}]}, r"\$\.sum\[300\]\.x\[1\]: 0\.5 is a float"),
        (float("nan"), r"\$: nan is a float"),
        ({1: "a"}, "key 1 is no text"),
        ({"a": 2**53}, r"\$\.a: 9007199254740992 is beyond"),
        ([datetime(2012, 1, 1)], "no time zone"),  # noqa: DTZ001 - that is the point
        ({"a": object()}, "no canonical spelling"),
        (["a\ud800"], "surrogate"),
    ],
)
def test_what_has_no_single_spelling_is_refused_with_its_place(data: object, place: str) -> None:
    with pytest.raises(NotCanonical, match=place):
        canonical(data)


def test_the_digest_is_the_sha_256_of_the_bytes() -> None:
    assert digest({"b": 1, "a": 2}) == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()
