"""Rules are data: each with a source, none as a float, nothing unknown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.funding.domain.rules import RuleFileRefused, read_rules
from tests.builders import a_rule_set

HEAD = 'name = "test"\ntitle = "Test"\napplies_from = 2020-01-01\n'
RULE = '[rule.last]\nunit = "day"\nvalue = 2023-12-31\nsource = "Art. 1"\n'


def test_a_rule_has_a_value_of_its_unit_and_a_source() -> None:
    rules = read_rules(
        f'{HEAD}{RULE}[rule.part]\nunit = "share"\nvalue = "0.20"\nsource = "Nr. 1.2"\nverified = false\n'.encode()
    )
    assert (rules.day("last"), rules.share("part"), rules.day("other")) == (date(2023, 12, 31), Decimal("0.20"), None)
    assert (rules.source("last"), rules.source("part")) == ("Art. 1", "Nr. 1.2 (nicht geprüft)")


def test_the_digest_is_that_of_the_file_as_it_is() -> None:
    assert read_rules(HEAD.encode()).digest != read_rules(f"{HEAD}\n".encode()).digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (RULE.replace('source = "Art. 1"\n', ""), "rule last of test has no source"),
        (RULE.replace('"Art. 1"', '" "'), "has no source"),
        (RULE.replace('"day"', '"share"').replace("2023-12-31", "0.2"), "exact decimal in quotes"),
        (RULE.replace('"day"', '"cents"').replace("2023-12-31", "1.5"), "a whole number"),
        (RULE.replace('"day"', '"days"').replace("2023-12-31", "true"), "a whole number"),
        (RULE.replace("2023-12-31", '"2023-12-31"'), "TOML date"),
        (RULE.replace('"day"', '"year"'), "unit 'year'"),
        (RULE + 'note = "x"\n', "unknown keys note"),
        ('extra = 1\n' + RULE, "unknown keys extra"),
    ],
)
def test_a_file_nobody_could_defend_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(RuleFileRefused, match=says):
        read_rules((HEAD + text).encode())


@pytest.mark.parametrize("line", HEAD.strip().split("\n"))
def test_name_title_and_first_day_are_due(line: str) -> None:
    with pytest.raises(RuleFileRefused, match="name, title and applies_from"):
        read_rules(HEAD.replace(line + "\n", "").encode())


def test_a_rule_that_is_not_there_is_named_where_its_source_is_asked_for() -> None:
    with pytest.raises(KeyError, match=r"rule set test has no rule KOF-99"):
        read_rules(HEAD.encode()).source("KOF-99")


def test_a_rule_read_as_another_unit_is_an_error_not_a_guess() -> None:
    with pytest.raises(TypeError, match="rule last of test is a date, not a Decimal"):
        read_rules((HEAD + RULE).encode()).share("last")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2007-2013", date(2007, 1, 1), date(2015, 12, 31)),
        ("2014-2020", date(2014, 1, 1), date(2023, 12, 31)),
        ("national", None, None),
    ],
)
def test_the_periods_end_when_the_regulations_say(name: str, first: date | None, last: date | None) -> None:
    rules = a_rule_set(name)
    assert (rules.day("eligible_from"), rules.day("eligible_until"), rules.share("overrun")) == (first, last, Decimal("0.20"))
