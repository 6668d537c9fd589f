"""German sentences in English: by their fixed words, and never half."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.values.phrases import Phrases

KNOWN = Phrases({"{} von {} sind da.": "{0} of {1} are there.", "leere Zeile": "empty row", "{} vor {}": "{1} after {0}"})


def test_what_differs_is_carried_over_where_english_wants_it() -> None:
    assert KNOWN.english("3 von 17 sind da.") == "3 of 17 are there."
    assert KNOWN.english("A vor B") == "B after A"


def test_a_dot_is_a_dot() -> None:
    assert KNOWN.english("3 von 17 sind da!").endswith("(German)")


def test_signs_that_mean_something_to_a_pattern_or_a_format_are_only_signs() -> None:
    assert KNOWN.english("{0} von ({1}\\[ sind da.") == "{0} of ({1}\\[ are there."


@given(st.text(min_size=1).filter(lambda text: " vor " not in text and " von " not in text and text != "leere Zeile"))
def test_what_is_not_known_stays_whole_and_is_marked(text: str) -> None:
    assert KNOWN.english(text) == f"{text} (German)"
