"""Whatever posting says of a fact it cannot post is there in English, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.funding import domain
from services.funding.phrases import PHRASES, reason_of
from tests.tools.sentences import arguments_of, sentences

SAID = sorted({*sentences(Path(domain.__path__[0]), arguments_of("Unpostable"))})


@pytest.mark.parametrize(("place", "german"), SAID, ids=[place for place, _ in SAID])
def test_a_reason_has_an_english_text(place: str, german: str) -> None:
    assert not PHRASES.english(german).endswith("(German)"), f"{place}: {german} is not in services/funding/phrases.py"


def test_there_are_reasons_to_look_at() -> None:
    assert len(SAID) >= 8


def test_a_reason_comes_in_both_languages_without_the_name_of_its_class() -> None:
    assert reason_of("Unpostable: measure/M-1 ist nicht registriert") == (
        "measure/M-1 ist nicht registriert", "measure/M-1 is not registered",
    )
    assert reason_of("ValidationError: 1 fault") == ("ValidationError: 1 fault (englisch)", "ValidationError: 1 fault")
