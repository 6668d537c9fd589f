"""Words for people: what a check asks and how its finding is settled, and the names of everything a report prints.

Texts stand in ``texts/<what>.<language>.toml`` and nowhere else, so that screens, reports and handbooks say the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

FOLDER: Final = Path(__file__).parent / "texts"

Language = Literal["de", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("de", "en")


class NoText(KeyError):
    """Something to print has no text in the language."""


@dataclass(frozen=True, slots=True)
class CheckText:
    """What people read about a check."""

    title: str
    question: str
    """What the check asks."""
    explanation: str
    """Why it matters, and how it is reckoned."""
    settle: str
    """What somebody does so that the finding goes."""


@cache
def check_texts(language: Language) -> Mapping[str, CheckText]:
    """Texts of all checks, by code."""
    tables = _read("findings", language)
    return {code: CheckText(**{name: " ".join(text.split()) for name, text in table.items()}) for code, table in tables.items()}


def check_text(code: str, language: Language) -> CheckText:
    """Texts of one check.

    >>> check_text("BEL-05", "de").title
    'Zahlungsnachweis fehlt'
    """
    try:
        return check_texts(language)[code]
    except KeyError:
        raise NoText(f"check {code} has no text in texts/findings.{language}.toml") from None


def title(code: str, language: Language) -> str:
    """Name of a check."""
    return check_text(code, language).title


def question(code: str, language: Language) -> str:
    """What a check asks."""
    return check_text(code, language).question


def explanation(code: str, language: Language) -> str:
    """Why a check asks it, and how it reckons."""
    return check_text(code, language).explanation


def settle(code: str, language: Language) -> str:
    """What somebody does so that a finding goes."""
    return check_text(code, language).settle


@cache
def words(kind: str, language: Language) -> Mapping[str, str]:
    """All words of a kind: ``severity``, ``outcome``, ``stage``, ``verdict``, ``state``, ``financing``, ``commitment_status``,
    ``step_result``, ``funder_kind``, ``reason`` (D01–D13), ``input`` (labels of a finding's inputs)."""
    tables = _read("words", language)
    if kind not in tables:
        raise NoText(f"texts/words.{language}.toml has no table [{kind}]")
    return tables[kind]


def word(kind: str, value: str, language: Language) -> str:
    """Name of one value of a kind, enum members by their value.

    >>> word("stage", "S5", "en")
    'Vouchers and bank'
    """
    try:
        return words(kind, language)[value]
    except KeyError:
        raise NoText(f"{kind} {value} has no text in texts/words.{language}.toml") from None


def input_label(name: str, language: Language) -> str:
    """Label of a finding's input; a name that is one already (a year, a funder, a voucher) stays as it is."""
    return words("input", language).get(name, name)


def _read(what: str, language: Language) -> dict[str, dict[str, str]]:
    return tomllib.loads((FOLDER / f"{what}.{language}.toml").read_text("utf-8"))
