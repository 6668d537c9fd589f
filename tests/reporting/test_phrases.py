"""Whatever reporting says of a report it refuses, or calls incomplete, is there in English, too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from services.reporting import application
from services.reporting.domain.snapshot import Disagreement
from services.reporting.phrases import PHRASES
from tests.tools.sentences import arguments_of, sentences


def causes(node: ast.AST) -> list[ast.expr]:
    """``ReportRefused([…])``, ``NoStatement([…])``, ``causes.append(…)`` and ``causes += […]``."""
    if isinstance(node, ast.AugAssign) and ast.unparse(node.target) == "causes":
        return [node.value.elt] if isinstance(node.value, ast.ListComp) else [node.value]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "causes.append":
        return node.args[:1]
    return arguments_of("ReportRefused", "NoStatement")(node)


SAID = sorted({*sentences(Path(application.__file__), causes)})


@pytest.mark.parametrize(("place", "german"), SAID, ids=[place for place, _ in SAID])
def test_a_cause_has_an_english_text(place: str, german: str) -> None:
    assert not PHRASES.english(german).endswith("(German)"), f"{place}: {german} is not in services/reporting/phrases.py"


def test_a_figure_that_is_not_found_is_told_in_german() -> None:
    told = Disagreement("planned by funder", 1_000, 999)
    assert told.de == "geplant nach Mittelgebern: abgeglichen 10,00, gefunden 9,99, Differenz −0,01"


def test_there_are_causes_to_look_at() -> None:
    assert len(SAID) >= 13
