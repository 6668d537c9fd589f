"""What holds for every check: texts in both languages, a legal basis in every rule set, an answer to an empty case."""

from __future__ import annotations

import ast
from enum import StrEnum
from pathlib import Path

import pytest

from services.funding.domain import checks
from services.funding.domain.checks.all import CHECKS
from services.funding.domain.finding import Check
from services.funding.domain.rules import REGISTER
from shared.contracts import catalogue
from shared.contracts.funding import Outcome, Severity
from shared.contracts.intake import CommitmentStatus, FinancingType, StepResult
from shared.values.funders import GERMAN, FunderKind
from tests.builders import RULES, a_case, a_programme_case, a_rule_set

CODES = [check.code for check in CHECKS]
FOLDER = Path(next(iter(checks.__path__)))


def test_each_code_stands_once_and_nothing_is_left_out() -> None:
    assert len(set(CODES)) == len(CODES)
    made = (
        node
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("check", "programme_check", "Check")
    )
    written = {call.args[0].value for call in made if isinstance(call.args[0], ast.Constant)}
    assert written == set(CODES)


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_check_has_all_its_texts_and_no_text_is_left_over(language: catalogue.Language) -> None:
    assert set(catalogue.check_texts(language)) == set(CODES)
    for code in CODES:
        text = catalogue.check_text(code, language)
        assert text.question.endswith("?")
        assert all((text.title, text.explanation, text.settle))


def test_a_code_without_text_is_refused_by_name() -> None:
    with pytest.raises(catalogue.NoText, match="XYZ-99"):
        catalogue.title("XYZ-99", "de")


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("severity", Severity), ("outcome", Outcome), ("financing", FinancingType), ("commitment_status", CommitmentStatus),
        ("step_result", StepResult), ("funder_kind", FunderKind),
    ],
)
@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_value_an_event_carries_has_a_word(kind: str, members: type[StrEnum], language: catalogue.Language) -> None:
    assert set(catalogue.words(kind, language)) == {member.value for member in members}


def test_both_languages_name_the_same_things() -> None:
    for kind in ("stage", "verdict", "state", "reason", "input"):
        assert catalogue.words(kind, "de").keys() == catalogue.words(kind, "en").keys()
    assert set(catalogue.words("stage", "de")) == {f"S{n}" for n in range(1, 9)}
    assert dict(catalogue.words("funder_kind", "de")) == {kind.value: name for kind, name in GERMAN.items()}


def test_every_input_a_check_names_has_a_label() -> None:
    labels = catalogue.words("input", "de")
    named = {
        key.value
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }
    assert named == set(labels)


@pytest.mark.parametrize("path", sorted(set(RULES.glob("*.toml")) - {RULES / REGISTER}), ids=lambda p: p.stem)
def test_every_rule_set_names_what_each_check_stands_on(path: Path) -> None:
    rules = a_rule_set(path.stem)
    assert rules.name == path.stem
    assert [code for code in CODES if not rules.source(code)] == []
    assert set(rules.rules) - set(CODES) <= {"eligible_from", "eligible_until", "overrun"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.code)
def test_nothing_to_judge_is_not_applicable(check: Check) -> None:
    for case in (a_case(bank_statements=False), a_programme_case()):
        result, found = check.run(case)
        assert (result.outcome, result.missing, found) == (Outcome.NOT_APPLICABLE, (), ())


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.code)
def test_every_check_says_what_it_asks(check: Check) -> None:
    for rule in (check.of_measure, check.of_programme):
        assert rule is None or "?" in (rule.__doc__ or "")
