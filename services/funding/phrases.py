"""Why a fact cannot be posted: what posting says in German, in English."""

from __future__ import annotations

from typing import Final

from shared.values.phrases import Phrases

RAISED: Final = "Unpostable: "
"""How a reason begins that posting gave; any other is an error of the program, in English."""

DISMISSED: Final = " (dismissed)"
"""How a reason ends that a person gave (``shared/messaging/parking.py``)."""

PHRASES: Final = Phrases({
    "Regelwerk {} der Maßnahme {} ist nicht hinterlegt (bekannt: {})": "there is no rule set {} for measure {} (known: {})",
    "Regelwerk {} des Programms {} ist nicht hinterlegt": "there is no rule set {} for programme {}",
    "{} Cent auf {} ist kein Betrag einer Maßnahme": "{} cents on {} is no amount of a measure",
    "{} ist nicht registriert": "{} is not registered",
    "{} nennt keine frühere Tatsache, die es berichtigt": "{} names no earlier fact that it corrects",
    "die berichtigte Tatsache {} ist nicht gebucht oder schon ersetzt":
        "the corrected fact {} is not posted, or replaced already",
    "die berichtigte Tatsache {} ist nicht gebucht": "the corrected fact {} is not posted",
    "die berichtigte Tatsache {} hat nichts gebucht": "the corrected fact {} has posted nothing",
})


def reason_of(kept: str) -> tuple[str, str]:
    """Why a fact is parked, in German and English; an error of the program is English in both, and says so. Why it was dismissed
    stands in the words of who did."""
    if kept.endswith(DISMISSED):
        return (kept.removesuffix(DISMISSED),) * 2
    if kept.startswith(RAISED):
        german = kept.removeprefix(RAISED)
        return german, PHRASES.english(german)
    return f"{kept} (englisch)", kept
