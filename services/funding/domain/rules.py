"""Rules of a funding period: data with a legal source, loaded into a frozen RuleSet whose digest stands in every finding.

A rule changes by a new file with a later ``applies_from``; a file that was used is never edited. Each cut-off date is judged by
the version in force on it. Which rules somebody has compared with the text of their source is said beside the files, in a
register that names each file by its digest: verifying changes what is printed of a rule, never the rule set.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

Value = date | Decimal | int | str
V = TypeVar("V", date, Decimal, int, str)

REGISTER: Final = "verified.toml"
"""Which rules of which file were compared with their source; every other file of the folder is a version of a rule set."""


class RuleFileRefused(ValueError):
    """A rule file that lacks a source, a unit or a name would make findings nobody can defend."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One value with its legal source (article, paragraph, URL)."""

    name: str
    value: Value
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one funding period or programme family, in the version that applies from a day."""

    name: str
    title: str
    applies_from: date
    digest: str
    rules: Mapping[str, Rule]

    def day(self, name: str) -> date | None:
        """A day, or None where this rule set has no such rule."""
        return self._typed(name, date)

    def share(self, name: str) -> Decimal | None:
        """An exact share, 0…1 or above."""
        return self._typed(name, Decimal)

    def cents(self, name: str) -> int | None:
        """An amount in whole cents."""
        return self._typed(name, int)

    def days(self, name: str) -> int | None:
        """A number of days."""
        return self._typed(name, int)

    def source(self, name: str) -> str:
        """Legal source of a rule, with a mark where it is not verified."""
        rule = self.rules.get(name)
        if rule is None:
            raise KeyError(f"rule set {self.name} has no rule {name}; its file needs a table [rule.{name}] with a source")
        return rule.source if rule.verified else f"{rule.source} (nicht geprüft)"

    def _typed(self, name: str, kind: type[V]) -> V | None:
        rule = self.rules.get(name)
        if rule is None:
            return None
        if not isinstance(rule.value, kind):
            raise TypeError(f"rule {name} of {self.name} is a {type(rule.value).__name__}, not a {kind.__name__}")
        return rule.value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text that is not empty")
    return value


def _day(value: Any) -> date:
    if type(value) is not date:
        raise ValueError("a TOML date such as 2015-12-31")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("a whole number")
    return value


def _share(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise ValueError('an exact decimal in quotes such as "0.20"')
    return Decimal(value)


UNITS: Final[Mapping[str, Callable[[Any], Value]]] = {
    "day": _day, "share": _share, "cents": _whole, "days": _whole, "text": _text,
}
"""Unit of a rule's value → how it is read."""


def read_rules(content: bytes, verified: Collection[str] = ()) -> RuleSet:
    """A rule set from its TOML file; refuses unknown keys, numbers without a source, floats.

    ``verified``: the rules that were compared with the text of their source.
    """
    raw = tomllib.loads(content.decode())
    try:
        name, title, applies_from = _text(raw.pop("name")), _text(raw.pop("title")), _day(raw.pop("applies_from"))
        tables: dict[str, Any] = raw.pop("rule", {})
    except (KeyError, ValueError) as error:
        raise RuleFileRefused(f"name, title and applies_from are due in every rule file: {error}") from error
    if raw:
        raise RuleFileRefused(f"rule set {name}: unknown keys {', '.join(sorted(raw))}")
    rules = {key: _rule(name, key, dict(table), key in verified) for key, table in tables.items()}
    if unknown := sorted(set(verified) - set(rules)):
        raise RuleFileRefused(f"{REGISTER} calls rules of {name} verified that are not in it: {', '.join(unknown)}")
    return RuleSet(name, title, applies_from, _digest(content), rules)


def rule_sets(folder: Path) -> dict[str, tuple[RuleSet, ...]]:
    """The rule sets of a folder by name, each with its versions, the oldest first.

    Refuses two versions that apply from the same day, and a register of a file that is not there, as after a file was edited.
    """
    verified = read_register(folder / REGISTER)
    files = [file.read_bytes() for file in sorted(folder.glob("*.toml")) if file.name != REGISTER]
    read = [read_rules(content, verified.pop(_digest(content), ())) for content in files]
    if verified:
        raise RuleFileRefused(
            f"{REGISTER} speaks of digests no rule file has: {', '.join(sorted(verified))}. A file that was used is not edited;"
            f" there are {', '.join(f'{rules.name} {rules.digest}' for rules in read)}"
        )
    versions: dict[str, tuple[RuleSet, ...]] = {}
    for rules in sorted(read, key=lambda rules: rules.applies_from):
        held = versions.get(rules.name, ())
        if held and held[-1].applies_from == rules.applies_from:
            raise RuleFileRefused(f"rule set {rules.name} has two versions that apply from {rules.applies_from}")
        versions[rules.name] = (*held, rules)
    return versions


def in_force(versions: Sequence[RuleSet], day: date) -> RuleSet:
    """The version of a rule set in force on a day: the latest that applies by then, before the first of them the first."""
    return next((rules for rules in reversed(versions) if rules.applies_from <= day), versions[0])


def read_register(file: Path) -> dict[str, list[str]]:
    """Rule file, by the SHA-256 of what is in it → its rules that were verified; nothing is, without a register."""
    tables = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    for digest, table in tables.items():
        if set(table) != {"name", "verified"} or not isinstance(table["verified"], list):
            raise RuleFileRefused(f"{REGISTER}: [{digest}] needs the rule set's name and the list verified, and nothing else")
    return {digest: table["verified"] for digest, table in tables.items()}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _rule(rule_set: str, name: str, table: dict[str, Any], verified: bool) -> Rule:
    place = f"rule {name} of {rule_set}"
    source = table.pop("source", None)
    if not isinstance(source, str) or not source.strip():
        raise RuleFileRefused(f"{place} has no source (article, paragraph, URL)")
    unit = table.pop("unit", None)
    if unit not in UNITS:
        raise RuleFileRefused(f"{place} has unit {unit!r}, expected one of {', '.join(UNITS)}")
    try:
        value = UNITS[unit](table.pop("value", None))
    except (ValueError, ArithmeticError) as error:
        raise RuleFileRefused(f"{place}: unit {unit} needs {error}") from error
    if table:
        raise RuleFileRefused(f"{place}: unknown keys {', '.join(sorted(table))}")
    return Rule(name, value, source, verified)
