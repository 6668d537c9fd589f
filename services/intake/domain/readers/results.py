"""Results of council consultations, as their systems write them, normalised on the full text. What is not known stays unknown.

„ungeändert beschlossen“ contains „geändert beschlossen“, „nicht empfohlen“ contains „empfohlen“: so nothing is ever searched for
inside a text. A text is bared of majorities and counts of votes, and what is left must be one of the phrases below, as a whole.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from services.intake.domain.pseudonyms import folded
from shared.contracts.intake import StepResult

_UNCHANGED = """
beschlossen | angenommen | zugestimmt | zustimmung | genehmigt | empfohlen | befuerwortet | wird zugestimmt
wird beschlossen | ungeaendert {x} | unveraendert {x} | ohne aenderung {x} | ohne aenderungen {x} | {x} ohne aenderung
{x} ohne aenderungen | unveraendert zur beschlussfassung empfohlen | ungeaendert zur beschlussfassung empfohlen
zur beschlussfassung empfohlen | wie vorgeschlagen {x} | wie vorlage {x} | laut vorlage {x} | gemaess vorlage {x}
nach vorlage {x} | lt vorlage {x} | gemaess beschlussvorschlag {x} | laut beschlussvorschlag {x} | lt beschlussvorschlag {x}
antragsgemaess {x} | entsprechend der vorlage {x} | gemaess beschlussempfehlung {x} | laut beschlussempfehlung {x}
gemaess verwaltungsvorlage {x} | gemaess antrag {x} | dem beschlussvorschlag wird zugestimmt
dem beschlussvorschlag zugestimmt | der vorlage wird zugestimmt | der vorlage zugestimmt | dem antrag wird zugestimmt
dem antrag zugestimmt | antrag {x} | vorlage {x} | beschlussvorschlag {x} | zustimmung empfohlen
{x} gemaess beschlussvorschlag | {x} laut beschlussvorschlag | {x} gemaess vorlage | {x} laut vorlage | {x} wie vorgeschlagen
{x} wie vorlage | der beschlussvorlage wird zugestimmt | annahme empfohlen | zustimmung zur vorlage
zustimmung zum beschlussvorschlag | annahme | so {x} | wurde {x} | beschluss gefasst | der beschlussvorschlag wird angenommen
der beschlussvorschlag wurde angenommen | dem beschlussvorschlag wurde zugestimmt | der vorlage wurde zugestimmt
der beschlussvorlage wurde zugestimmt | dem antrag wurde zugestimmt | der antrag wurde angenommen | antrag wurde angenommen
die vorlage wurde beschlossen | die vorlage wird beschlossen | wie vorgelegt {x} | {x} wie vorgelegt
"""
_CHANGED = """
geaendert {x} | abgeaendert {x} | mit aenderung {x} | mit aenderungen {x} | {x} mit aenderung | {x} mit aenderungen
veraendert {x} | in geaenderter fassung {x} | in geaenderter form {x} | in abgeaenderter fassung {x}
{x} in geaenderter fassung | {x} in geaenderter form | mit ergaenzung {x} | mit ergaenzungen {x} | {x} mit ergaenzung
{x} mit ergaenzungen | ergaenzt {x} | modifiziert {x} | in modifizierter form {x} | geaendert zur beschlussfassung empfohlen
zugestimmt zu geaendertem beschlusstext | zugestimmt zum modifizierten antrag | zugestimmt zu geaendertem antrag
zustimmung in geaenderter fassung | {x} in modifizierter form | {x} in abgeaenderter fassung | mit aenderung empfohlen
"""
_REJECTED = """
abgelehnt | ablehnung | nicht beschlossen | nicht empfohlen | nicht zugestimmt | nicht angenommen | nicht genehmigt
keine zustimmung | nicht befuerwortet | zurueckgewiesen | verworfen | ablehnung empfohlen | zur ablehnung empfohlen
wird abgelehnt | der antrag wird abgelehnt | antrag abgelehnt | vorlage abgelehnt | stimmengleichheit abgelehnt
bei stimmengleichheit abgelehnt | abgelehnt bei stimmengleichheit | abgelehnt wegen stimmengleichheit
nicht zur beschlussfassung empfohlen | beschlussvorschlag abgelehnt | dem antrag wird nicht zugestimmt | wurde abgelehnt
antrag wurde abgelehnt | der antrag wurde abgelehnt | dem antrag wurde nicht zugestimmt | die vorlage wurde abgelehnt
der beschlussvorschlag wurde abgelehnt | dem beschlussvorschlag wurde nicht zugestimmt
"""
_POSTPONED = """
vertagt auf die naechste sitzung | vertagt auf naechste sitzung | auf naechste sitzung vertagt | vertagt | zurueckgestellt
verschoben | abgesetzt | von der tagesordnung abgesetzt | von tagesordnung abgesetzt | vertagung | zurueckstellung
vertagt verbleibt | nicht behandelt | ohne beratung vertagt | wird vertagt | in naechste sitzung vertagt
auf die naechste sitzung vertagt | in die naechste sitzung verschoben | top abgesetzt | abgesetzt von der tagesordnung
in erster lesung beraten
"""
_REFERRED = """
verwiesen | ueberwiesen | verweisung | ueberweisung | weitergeleitet | an ausschuss verwiesen | in ausschuss verwiesen
zurueckverwiesen | rueckverweisung
"""
_NOTED = """
zur kenntnis genommen | kenntnisnahme | kenntnis genommen | wird zur kenntnis genommen | zur kenntnis
stellungnahme zur kenntnis genommen | bericht zur kenntnis genommen | mitteilung zur kenntnis genommen
zustimmend zur kenntnis genommen | vorlage zur kenntnis genommen | der bericht wird zur kenntnis genommen
die mitteilung wird zur kenntnis genommen | ohne aussprache zur kenntnis genommen | kenntnisnahme erfolgt
informationsvorlage zur kenntnis genommen | antwort zur kenntnis genommen | sachstandsbericht zur kenntnis genommen
"""
_VERBS = ("beschlossen", "angenommen", "zugestimmt", "genehmigt", "empfohlen", "befuerwortet")


def _phrases() -> dict[str, StepResult]:
    known: dict[str, StepResult] = {}
    for result, text in (
        (StepResult.REJECTED, _REJECTED),
        (StepResult.POSTPONED, _POSTPONED),
        (StepResult.REFERRED, _REFERRED),
        (StepResult.NOTED, _NOTED),
        (StepResult.PASSED_CHANGED, _CHANGED),
        (StepResult.PASSED_UNCHANGED, _UNCHANGED),
    ):
        for phrase in filter(None, (part.strip() for line in text.splitlines() for part in line.split("|"))):
            for verb in _VERBS if "{x}" in phrase else ("",):
                known.setdefault(phrase.replace("{x}", verb), result)
    return known


PHRASES: Final = _phrases()
"""Every phrase that is understood, negations first."""

_MAJORITY = re.compile(
    r"\b(?:einstimmige?[rs]?|einmuetige?[rs]?|mehrheitliche?[rs]?|grossmehrheitlich|stimmenmehrheit|mehrstimmig|einhellig"
    r"|mit (?:grosser |knapper )?(?:mehrheit|stimmenmehrheit)|bei stimmenthaltung(?:en)?)\b"
)
_NOT_BY_MAJORITY = re.compile(r"\b(?:nicht|keine)\s+(?:ein(?:stimm|muet)ig|mehrheitlich|(?:stimmen)?mehrheit)")
"""„nicht einstimmig beschlossen“ is no refusal: the negation belongs to the majority that is taken off."""
_VOTES = re.compile(
    r"(?:\b(?:bei|mit|und|ohne|gegen)\s+)*\b(?:\d+|einer|eine|zwei|drei|vier|fuenf|sechs|sieben|acht|neun|zehn|keine|keinen)\s+"
    r"(?:ja|nein|gegen)?\s*(?:stimmen?|enthaltung(?:en)?|gegenstimmen?|stimmenthaltung(?:en)?|neinstimmen?|jastimmen?)\b"
    r"|\b(?:ja|nein|enth|enthaltung(?:en)?|gegenstimmen?|dafuer|dagegen)\s*\d+\b|\b\d+\s*(?:ja|nein|enth|dafuer|dagegen)\b"
    r"|\bmit stimmen\b"
    r"|\bohne (?:gegenstimmen?|enthaltung(?:en)?|aussprache)\b"
)
_TO_A_BODY = re.compile(
    r"(?:(?:an|in) (?:den |die |das )?[a-z0-9 ]+ )?(?:zurueck)?(?:verwiesen|ueberwiesen|verweisung|ueberweisung)"
    r"(?: (?:an|in) (?:den |die |das )?[a-z0-9 ]+)?"
)
_NEGATION = re.compile(r"\b(?:nicht|kein|keine|keinen|ohne|teilweise|abgelehnt|erledigt)\b")


@lru_cache(maxsize=10_000)
def result_of(raw: str | None) -> StepResult | None:
    """Normalised result of a text; None where no result is shown, ``UNKNOWN`` where one is shown that is not understood.

    >>> result_of("ungeändert beschlossen").value, result_of("geändert beschlossen").value, result_of("nicht empfohlen").value
    ('passed_unchanged', 'passed_changed', 'rejected')
    """
    if raw is None or not raw.strip():
        return None
    if _NOT_BY_MAJORITY.search(folded(raw)):
        return StepResult.UNKNOWN
    whole = _bared(raw)
    if whole in PHRASES:
        return PHRASES[whole]
    if _TO_A_BODY.fullmatch(whole) and not _NEGATION.search(whole):
        return StepResult.REFERRED
    parts = [_bared(part) for part in re.split(r"[/;]|\s[-–]\s", raw)]
    results = {PHRASES.get(part, StepResult.UNKNOWN) for part in parts if part}
    return results.pop() if len(parts) > 1 and len(results) == 1 else StepResult.UNKNOWN


def _bared(text: str) -> str:
    """Words of a text without majority and votes."""
    text = " ".join(
        re.sub(r"[^0-9a-z]+", " ", re.sub(r"\((?:\s*\d+\s*[-:/,]?)+\)|\d+\s*:\s*\d+(?:\s*:\s*\d+)?", " ", folded(text))).split()
    )
    return " ".join(_VOTES.sub(" ", _MAJORITY.sub(" ", text)).split())
