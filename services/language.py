"""In which language the command line speaks. What it says stands in both beside each other: ``said("nothing", "nichts")``.

German or English by ``--lang``, else by the locale. Help and what concerns the set-up (settings, tokens, logs) are English.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final, Literal

Language = Literal["de", "en"]

_LOCALE: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Variables that name the language of messages, the first that is set (POSIX, Base Definitions 8.2)."""
_chosen: ContextVar[Language] = ContextVar("language", default="en")


def choose(language: Language | None = None, environment: Mapping[str, str] = os.environ) -> None:
    """Speak this language from now on; without one, that of the locale: German where it is German, else English."""
    locale = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    _chosen.set(language or ("de" if locale.lower().startswith("de") else "en"))


def chosen() -> Language:
    """The language that is spoken."""
    return _chosen.get()


def said(en: str, de: str) -> str:
    """What is said, in the chosen language."""
    return de if chosen() == "de" else en


def count(number: int) -> str:
    """A whole number with its thousands told apart: 1,234 or 1.234."""
    return said(f"{number:,}", f"{number:,}".replace(",", "."))


def counted(number: int, en: tuple[str, str], de: tuple[str, str]) -> str:
    """So many of something, each word for one and for several: ``counted(2, ("row", "rows"), ("Zeile", "Zeilen"))``."""
    several = number != 1
    return f"{number} {said(en[several], de[several])}"
