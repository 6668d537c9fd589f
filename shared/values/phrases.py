"""German sentences with gaps and what they are in English: what the domain says once, people read in their own language."""

from __future__ import annotations

import re
from collections.abc import Mapping


class Phrases:
    """Knows sentences by their fixed words; ``{}`` stands for what differs from one to the next.

    >>> Phrases({"{} ist nicht registriert": "{} is not registered"}).english("measure/M-1 ist nicht registriert")
    'measure/M-1 is not registered'
    """

    def __init__(self, english: Mapping[str, str]) -> None:
        self._known = [(_pattern(german), said) for german, said in english.items()]

    def english(self, german: str) -> str:
        """The sentence in English; one that is not known as it stands, marked as German, for nothing may be lost."""
        for pattern, said in self._known:
            if found := pattern.fullmatch(german):
                return said.format(*found.groups())
        return f"{german} (German)" if german else ""


def _pattern(german: str) -> re.Pattern[str]:
    return re.compile("(.*?)".join(map(re.escape, german.split("{}"))), re.DOTALL)
