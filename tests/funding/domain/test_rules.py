"""Rules are data: each with a source, none as a float, nothing unknown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from services.funding.domain.rules import REGISTER, RuleFileRefused, in_force, read_rules, rule_sets
from tests.builders import RULES, a_rule_set

HEAD = 'name = "test"\ntitle = "Test"\napplies_from = 2020-01-01\n'
RULE = '[rule.last]\nunit = "day"\nvalue = 2023-12-31\nsource = "Art. 1"\n'


def test_a_rule_has_a_value_of_its_unit_and_a_source() -> None:
    rules = read_rules(f'{HEAD}{RULE}[rule.part]\nunit = "share"\nvalue = "0.20"\nsource = "Nr. 1.2"\n'.encode(), ["last"])
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
        (RULE + "verified = true\n", "unknown keys verified"),
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


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def version(folder: Path, first: str, name: str = "test", file: str = "") -> str:
    """Writes a version of a rule set; returns its digest."""
    content = (HEAD.replace("2020-01-01", first).replace('"test"', f'"{name}"') + RULE).encode()
    (folder / f"{file or name + first}.toml").write_bytes(content)
    return sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("day", "applies_from"),
    [
        (date(2019, 12, 31), date(2020, 1, 1)),
        (date(2020, 1, 1), date(2020, 1, 1)),
        (date(2022, 6, 30), date(2020, 1, 1)),
        (date(2022, 7, 1), date(2022, 7, 1)),
        (date(2026, 12, 31), date(2022, 7, 1)),
        (date(2098, 12, 31), date(2022, 7, 1)),
        (date(2099, 1, 1), date(2099, 1, 1)),
    ],
)
def test_each_day_is_judged_by_the_version_in_force_on_it(tmp_path: Path, day: date, applies_from: date) -> None:
    for file, first in (("b", "2020-01-01"), ("a", "2099-01-01"), ("c", "2022-07-01")):
        version(tmp_path, first, file=file)
    version(tmp_path, "2023-01-01", "other")
    versions = rule_sets(tmp_path)
    assert set(versions) == {"test", "other"}
    assert [rules.applies_from.year for rules in versions["test"]] == [2020, 2022, 2099]
    assert in_force(versions["test"], day).applies_from == applies_from


def test_two_versions_that_apply_from_the_same_day_are_refused(tmp_path: Path) -> None:
    version(tmp_path, "2020-01-01", file="a")
    (tmp_path / "b.toml").write_bytes((tmp_path / "a.toml").read_bytes() + b"# again")
    with pytest.raises(RuleFileRefused, match="test has two versions that apply from 2020-01-01"):
        rule_sets(tmp_path)


def test_verifying_a_rule_changes_neither_the_rule_set_nor_its_digest(tmp_path: Path) -> None:
    digest, other = version(tmp_path, "2020-01-01"), version(tmp_path, "2022-01-01")
    before = rule_sets(tmp_path)["test"]
    assert [rules.source("last") for rules in before] == ["Art. 1 (nicht geprüft)"] * 2
    (tmp_path / REGISTER).write_text(f'[{other}]\nname = "test"\nverified = ["last"]\n', "utf-8")
    after = rule_sets(tmp_path)["test"]
    assert [rules.source("last") for rules in after] == ["Art. 1 (nicht geprüft)", "Art. 1"], "it is said of one file"
    assert [rules.digest for rules in after] == [rules.digest for rules in before] == [digest, other]


@pytest.mark.parametrize(
    ("register", "says"),
    [
        ('[{digest}]\nname = "test"\nverified = ["last", "first"]\n', "verified that are not in it: first"),
        ('[{digest}]\nverified = ["last"]\n', "needs the rule set's name"),
        ('[{digest}]\nname = "test"\nverified = "last"\n', "the list verified"),
        ("[" + "0" * 64 + ']\nname = "test"\nverified = ["last"]\n', "is not edited; there are test {digest}"),
    ],
    ids=["a rule that is not there", "no name", "no list", "a file that was edited since"],
)
def test_a_register_that_speaks_of_something_else_is_refused(tmp_path: Path, register: str, says: str) -> None:
    digest = version(tmp_path, "2020-01-01")
    (tmp_path / REGISTER).write_text(register.replace("{digest}", digest), "utf-8")
    with pytest.raises(RuleFileRefused, match=says.replace("{digest}", digest)):
        rule_sets(tmp_path)


def test_of_the_rules_as_shipped_some_are_verified_and_some_are_not() -> None:
    sources = {name: [rule.verified for rule in versions[-1].rules.values()] for name, versions in rule_sets(RULES).items()}
    assert all(any(verified) and not all(verified) for verified in sources.values())
