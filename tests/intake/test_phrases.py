"""Whatever readers say about a file is there in English, too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from services.intake import domain
from services.intake.phrases import PHRASES, passed_over
from tests.tools.sentences import arguments_of, sentences

DOMAIN = Path(domain.__path__[0])


def reasons(node: ast.AST) -> list[ast.expr]:
    """Why rows are passed over: ``ignored=…``, ``Left(…)``, and what a helper returns for it."""
    if isinstance(node, ast.Call):
        return [given.value for given in node.keywords if given.arg == "ignored"] + arguments_of("Left")(node)
    if isinstance(node, ast.FunctionDef) and node.name == "_no_fact":
        return [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value is not None]
    return []


def remarks(node: ast.AST) -> list[ast.expr]:
    """What is remarked about a file."""
    if isinstance(node, ast.FunctionDef) and node.name == "_unread":
        return [one.value for one in ast.walk(node) if isinstance(one, ast.Yield) and one.value is not None]
    of_file = isinstance(node, ast.Call) and "remark" in ast.unparse(node.func)
    return arguments_of("append", "remark")(node) if of_file else []


SAID = sorted({*sentences(DOMAIN, reasons), *sentences(DOMAIN, remarks)})


@pytest.mark.parametrize(("place", "german"), SAID, ids=[place for place, _ in SAID])
def test_a_reason_or_remark_has_an_english_text(place: str, german: str) -> None:
    assert not PHRASES.english(german).endswith("(German)"), f"{place}: {german} is not in services/intake/phrases.py"


def test_there_are_reasons_and_remarks_to_look_at() -> None:
    assert len(SAID) >= 25
    assert {"leere Zeile", "Summenzeile: 7", "7: wird für Vorlagen gemerkt"} <= {german for _, german in SAID}


def test_a_few_places_stand_for_many() -> None:
    (told,) = passed_over([("leere Zeile", 7, list("2345678"))])
    assert told == {"reason": "leere Zeile", "reason_en": "empty row", "rows": 7, "places": ["2", "3", "4", "5", "6"]}
