"""Results of council consultations, as their systems write them, normalised on the full text. What is not known stays unknown.

„ungeändert beschlossen“ contains „geändert beschlossen“, „nicht empfohlen“ contains „empfohlen“: so nothing is ever searched for
inside a text. A text is bared of majorities and counts of votes, and what is left must be one of the phrases below, as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from services.intake.domain.pseudonyms import folded
from shared.contracts.intake import StepResult

_UNCHANGED = """
beschlossen | angenommen | zugestimmt | zustimmung | genehmigt | empfohlen | befuerwortet | wird zugestimmt
wird beschlossen | ungeaendert {x} | unveraendert {x} | ohne aenderung {x} | ohne aenderungen {x} | {x} ohne aenderung
{x} ohne aenderungen | unveraendert zur beschlussfassung empfohlen | ungeaendert zur beschlussfassung empfohlen
zur beschlussfassung empfohlen | wie vorgeschlagen {x} | wie vorlage {x} | laut vorlage {x} | gemaess vorlage {x}
nach vorlage {x} | gemaess beschlussvorschlag {x} | laut beschlussvorschlag {x}
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
einstimmiger beschluss | mehrheitlicher beschluss
beschluss gemaess vorlage | beschluss laut vorlage | beschluss wie vorlage | beschluss gemaess beschlussvorschlag
beschluss laut beschlussvorschlag | beschluss wie vorgeschlagen | beschluss gemaess antrag | beschluss antragsgemaess
endgueltig {x}
"""
_CHANGED = """
geaendert {x} | abgeaendert {x} | mit aenderung {x} | mit aenderungen {x} | {x} mit aenderung | {x} mit aenderungen
veraendert {x} | in geaenderter fassung {x} | in geaenderter form {x} | in abgeaenderter fassung {x}
{x} in geaenderter fassung | {x} in geaenderter form | mit ergaenzung {x} | mit ergaenzungen {x} | {x} mit ergaenzung
{x} mit ergaenzungen | ergaenzt {x} | modifiziert {x} | in modifizierter form {x} | geaendert zur beschlussfassung empfohlen
zugestimmt zu geaendertem beschlusstext | zugestimmt zum modifizierten antrag | zugestimmt zu geaendertem antrag
abweichend {x} | abweichend vom beschlussvorschlag {x} | abweichend von der vorlage {x} | beschluss mit aenderung
beschluss mit aenderungen | beschluss in geaenderter fassung | beschluss mit ergaenzungen | beschluss in geaenderter form
zustimmung mit aenderung | zustimmung mit aenderungen | zustimmung mit ergaenzung | zustimmung mit ergaenzungen
zustimmung in geaenderter fassung | {x} in modifizierter form | {x} in abgeaenderter fassung | mit aenderung empfohlen
"""
_REJECTED = """
abgelehnt | ablehnung | nicht beschlossen | nicht empfohlen | nicht zugestimmt | nicht angenommen | nicht genehmigt
keine zustimmung | nicht befuerwortet | zurueckgewiesen | verworfen | ablehnung empfohlen | zur ablehnung empfohlen
wird abgelehnt | der antrag wird abgelehnt | antrag abgelehnt | vorlage abgelehnt | stimmengleichheit abgelehnt
bei stimmengleichheit abgelehnt | abgelehnt bei stimmengleichheit | abgelehnt wegen stimmengleichheit
nicht zur beschlussfassung empfohlen | beschlussvorschlag abgelehnt | dem antrag wird nicht zugestimmt | wurde abgelehnt
antrag wurde abgelehnt | der antrag wurde abgelehnt | dem antrag wurde nicht zugestimmt | die vorlage wurde abgelehnt
der beschlussvorschlag wurde abgelehnt | dem beschlussvorschlag wurde nicht zugestimmt | endgueltig abgelehnt
"""
_POSTPONED = """
vertagt auf die naechste sitzung | vertagt auf naechste sitzung | auf naechste sitzung vertagt | vertagt | zurueckgestellt
verschoben | abgesetzt | von der tagesordnung abgesetzt | von tagesordnung abgesetzt | vertagung | zurueckstellung
vertagt verbleibt | nicht behandelt | ohne beratung vertagt | wird vertagt | in naechste sitzung vertagt
auf die naechste sitzung vertagt | in die naechste sitzung verschoben | top abgesetzt | abgesetzt von der tagesordnung
in erster lesung beraten | in 1 lesung beraten | ausgesetzt | absetzung | abgesetzt von to | von der to abgesetzt
"""
_REFERRED = """
verwiesen | ueberwiesen | verweisung | ueberweisung | weitergeleitet | an ausschuss verwiesen | in ausschuss verwiesen
zurueckverwiesen | rueckverweisung | ohne votum verwiesen | ohne votum ueberwiesen
ohne votum in nachfolgende gremien verwiesen | ohne votum in die nachfolgenden gremien verwiesen
"""
_NOTED = """
zur kenntnis genommen | kenntnisnahme | kenntnis genommen | wird zur kenntnis genommen | zur kenntnis
stellungnahme zur kenntnis genommen | bericht zur kenntnis genommen | mitteilung zur kenntnis genommen
zustimmend zur kenntnis genommen | vorlage zur kenntnis genommen | der bericht wird zur kenntnis genommen
die mitteilung wird zur kenntnis genommen | ohne aussprache zur kenntnis genommen | kenntnisnahme erfolgt
wurde zur kenntnis genommen | nimmt kenntnis | nimmt zur kenntnis | zur kenntnisnahme
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
    r"\bmit \d+ (?:zu|gegen) \d+ stimmen\b"
    r"|(?:\b(?:bei|mit|und|ohne|gegen)\s+)*\b(?:\d+|einer|eine|zwei|drei|vier|fuenf|sechs|sieben|acht|neun|zehn|keine|keinen)\s+"
    r"(?:ja|nein|gegen)?\s*(?:stimmen?|enthaltung(?:en)?|gegenstimmen?|stimmenthaltung(?:en)?|neinstimmen?|jastimmen?)\b"
    r"|\b(?:ja|nein|enth|enthaltung(?:en)?|gegenstimmen?|dafuer|dagegen)\s*\d+\b|\b\d+\s*(?:ja|nein|enth|dafuer|dagegen)\b"
    r"|\bmit stimmen\b"
    r"|\bohne (?:gegenstimmen?|enthaltung(?:en)?|aussprache)\b"
)
_TO_A_BODY = re.compile(
    r"(?:(?:an|in) (?:den |die |das )?[a-z0-9 ]+ )?(?:zurueck)?(?:verwiesen|ueberwiesen|verweisung|ueberweisung)"
    r"(?: (?:an|in) (?:den |die |das )?[a-z0-9 ]+)?"
)
_LATER = re.compile(r"(?:vertagt|verschoben|zurueckgestellt|vertagung) (?:auf|bis|in)(?: den| die| das| zum| zur)? [a-z0-9 ]+")
_HERE = re.compile(r"\b(?:im (?:ausschuss|rat|stadtrat|gemeinderat|kreistag|plenum)|in der (?:bvv|sitzung))\b")
"""Where it was decided, which changes nothing."""
_NO_MAJORITY = re.compile(
    r"(?:(?:der |die )?(?:antrag|vorlage|beschlussvorschlag) )?(?:findet |fand |erhaelt |erhielt )?keine (?:stimmen)?mehrheit"
)
_AGAINST = re.compile(
    r"\b(?:gegen (?:die )?stimmen?|bei (?:stimm)?enthaltung(?:en)?) (?:der|des|von) [a-z0-9 ]{2,60}?"
    r"(?=$| (?:beschlossen|angenommen|zugestimmt|genehmigt|empfohlen|befuerwortet|abgelehnt)$)"
)
"""Who voted otherwise."""
_BENDS = re.compile(
    r"\b(?:nicht|kein\w*|ohne|mit|unter|teilweise|aber|jedoch|vorbehalt\w*|abweich\w*|modifi\w*|\w*aender\w*|\w*ergaenz\w*|vertag\w*"
    r"|\w*wiesen|\w*stellt|\w*setzt|\w*gezogen|kenntnis\w*|erledigt|abgelehnt|beschlossen|angenommen|empfohlen)\b"
)
"""Words that turn a result round or bend it: what holds one is never passed by."""
_NEGATION = re.compile(r"\b(?:nicht|kein|keine|keinen|ohne|teilweise|abgelehnt|erledigt)\b")


@lru_cache(maxsize=10_000)
def result_of(raw: str | None) -> StepResult | None:
    """Normalised result of a text; None where no result is shown, ``UNKNOWN`` where one is shown that is not understood.

    >>> result_of("ungeändert beschlossen").value, result_of("geändert beschlossen").value, result_of("nicht empfohlen").value
    ('passed_unchanged', 'passed_changed', 'rejected')
    """
    if raw is None or not raw.strip():
        return None
    if _NO_MAJORITY.fullmatch(words := _words(raw)):
        return StepResult.REJECTED
    if _NOT_BY_MAJORITY.search(folded(raw)):
        return StepResult.UNKNOWN
    whole = _bared(raw)
    if found := PHRASES.get(words) or PHRASES.get(whole) or _recommended(whole.split()):
        return found
    if _LATER.fullmatch(whole) and not _BENDS.search(whole.partition(" ")[2]):
        return StepResult.POSTPONED
    if _TO_A_BODY.fullmatch(whole) and not _NEGATION.search(whole):
        return StepResult.REFERRED
    parts = [_bared(part) for part in re.split(r"[/;]|\s[-–]\s", raw)]
    results = {PHRASES.get(part, StepResult.UNKNOWN) for part in parts if part}
    return results.pop() if len(parts) > 1 and len(results) == 1 else StepResult.UNKNOWN


def _recommended(words: Sequence[str]) -> StepResult | None:
    """„dem Rat empfohlen“ says what „empfohlen“ says; the name of the body may have up to three words."""
    if words[:1] not in (["dem"], ["der"]) or words[-1] != "empfohlen":
        return None
    rests = (words[at:] for at in range(2, min(5, len(words))) if not _BENDS.search(" ".join(words[1:at])))
    return next((found for rest in rests if (found := PHRASES.get(" ".join(rest)))), None)


def _words(text: str) -> str:
    """Words of a text as they are compared."""
    text = re.sub(r"^\s*(?:(?:beratungs|abstimmungs)?ergebnis|beschluss|abstimmung)\s*:", " ", folded(text))
    words = re.sub(r"[^0-9a-z]+", " ", re.sub(r"\((?:\s*\d+\s*[-:/,]?)+\)|\d+\s*:\s*\d+(?:\s*:\s*\d+)?", " ", text)).split()
    return " ".join(_WHOLE_WORDS.get(word, word) for word in words)


_WHOLE_WORDS: Final = {"gem": "gemaess", "lt": "laut"}


def _bared(text: str) -> str:
    """Words of a text without majority, votes and place."""
    text = _AGAINST.sub(lambda said: said[0] if _BENDS.search(said[0]) else " ", _words(text))
    return " ".join(_HERE.sub(" ", _VOTES.sub(" ", _MAJORITY.sub(" ", text))).split())
