"""Answers that are errors: RFC 9457 problems that say in English and German what happened and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.runtime.access import Actor, Role
from shared.values.subject import KINDS

PROBLEM: Final = "application/problem+json"


class Told(BaseModel):
    """What is told in one language."""

    title: str
    detail: str
    mend: str


class Answer(BaseModel):
    """An answer that is an error (RFC 9457), as the pages about a service describe it. There may be further fields."""

    type: str = "about:blank"
    status: int
    title: str
    detail: str
    """What happened, in English."""
    mend: str
    """How to mend it."""
    de: Told
    """The same in German."""
    instance: str
    """The path that was called."""


MEANT: Final = {
    401: "No token, or none that this installation knows",
    403: "The token's role may not do this; `roles` names those that may",
    404: "There is no such thing; `mend` says where to look",
    409: "Refused as things are; `mend` says what would help",
    413: "Larger than may be handed in at once",
    422: "The call cannot be read; `faults` names what is wrong where",
    503: "Not available now; nothing was changed, try again in a moment",
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a page says of these errors, for its description: ``@router.get("/x", responses=answers(404))``."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": MEANT[status], "content": {PROBLEM: {"schema": schema}}} for status in statuses}


class Say(NamedTuple):
    """What is told in one language."""

    title: str
    detail: str
    mend: str


class Problem(HTTPException):
    """An answer that is an error. ``about`` adds fields of its own, such as the rows at fault."""

    def __init__(self, status: int, en: Say, de: Say, *, headers: Mapping[str, str] | None = None, **about: Any) -> None:
        super().__init__(status, en.detail, dict(headers or {}))
        self.en, self.de, self.about = en, de, about

    def response(self, request: Request) -> JSONResponse:
        """The problem as RFC 9457 wants it: English in the standard's fields, German under ``de``."""
        body = {
            "type": "about:blank",
            "status": self.status_code,
            **self.en._asdict(),
            "de": self.de._asdict(),
            "instance": request.url.path,
            **self.about,
        }
        return JSONResponse(body, self.status_code, headers=self.headers, media_type=PROBLEM)


def not_found(english: str, german: str, was: str) -> Problem:
    """404 for a thing of the domain: ``not_found("report", "Der Bericht", number)``."""
    return Problem(
        404,
        Say("Not found", f"There is no {english} {was}.", "Check the reference; write it exactly as printed."),
        Say("Nicht gefunden", f"{german} {was} ist nicht vorhanden.", "Die Referenz prüfen und genau so schreiben wie gedruckt."),
    )


def not_stated(subject: str | None, day: str, days: Sequence[str]) -> Problem:
    """404: nothing was reconciled as of that day; an empty answer would look as if nothing were wrong."""
    about, told = subject or "any measure", ", ".join(days[-10:])
    return Problem(
        404,
        Say(
            "No statement",
            f"Nothing has been stated about {about} as of {day}.",
            f"It was as of: {told}." if told else "Compare the key with GET /funding/measures, or hand in the measure first.",
        ),
        Say(
            "Kein Abgleich",
            f"Abgeglichen ist zum {day} nichts{f' zu {subject}' if subject else ''}.",
            f"Es gibt ihn zu: {told}." if told else "Den Schlüssel mit GET /funding/measures vergleichen oder zuerst die "
            "Maßnahme einreichen.",
        ),
        days=list(days),
    )


def unauthorized() -> Problem:
    """401: no token, or none that is valid."""
    return Problem(
        401,
        Say(
            "Token needed",
            "This call needs a valid access token.",
            "Send the header `Authorization: Bearer <token>`; an operator makes tokens with `pruefpfad token create`.",
        ),
        Say(
            "Token fehlt",
            "Dieser Aufruf braucht einen gültigen Zugangstoken.",
            "Den Header `Authorization: Bearer <Token>` mitsenden; der Betrieb stellt Tokens mit `pruefpfad token create` aus.",
        ),
        headers={"WWW-Authenticate": 'Bearer realm="pruefpfad"'},
    )


def forbidden(actor: Actor, roles: Sequence[Role]) -> Problem:
    """403: a valid token of another role."""
    wanted = ", ".join(roles)
    return Problem(
        403,
        Say(
            "Not allowed",
            f"The token {actor.name} has the role {actor.role}; this call is for: {wanted}.",
            "Use a token of one of these roles.",
        ),
        Say(
            "Nicht erlaubt",
            f"Der Token {actor.name} hat die Rolle {actor.role}; dieser Aufruf ist für: {wanted}.",
            "Einen Token mit einer dieser Rollen verwenden.",
        ),
        roles=list(roles),
    )


def too_large(limit: int) -> Problem:
    """413: more bytes than may be handed in at once."""
    german = f"{limit:,}".replace(",", ".")
    return Problem(
        413,
        Say("Too large", f"At most {limit:,} bytes at once.", "Split the file, or raise PRUEFPFAD_UPLOAD_BYTES."),
        Say("Zu groß", f"Höchstens {german} Bytes auf einmal.", "Die Datei teilen, oder PRUEFPFAD_UPLOAD_BYTES erhöhen."),
    )


def unavailable(causes: Sequence[str]) -> Problem:
    """503: nothing was done, and it may work in a moment."""
    because = "; ".join(causes) or "it is starting"
    return Problem(
        503,
        Say("Not available now", because, "Nothing was changed. Try again in a moment; /health/ready names what is missing."),
        Say(
            "Zurzeit nicht verfügbar",
            because,
            "Es wurde nichts verändert. Gleich noch einmal versuchen; /health/ready nennt, was fehlt.",
        ),
        headers={"Retry-After": "2"},
        causes=list(causes),
    )


def not_stopped(service: str, subject: str) -> Problem:
    """404: there is nothing to resume."""
    return Problem(
        404,
        Say(
            "Not stopped",
            f"Nothing of {service} has stopped {subject}.",
            "Look at /flow: `forks` names the service that has stopped subjects.",
        ),
        Say(
            "Nicht angehalten",
            f"Nichts in {service} hat {subject} angehalten.",
            "Unter /flow nennt `forks` den Dienst, der Bezüge angehalten hat.",
        ),
    )


def other_history(reason: str) -> Problem:
    """409: resuming would put one past on top of another."""
    return Problem(
        409,
        Say("Another history", reason, "Restore the publisher's newer backup, or empty and refill this service."),
        Say(
            "Andere Geschichte",
            reason,
            "Die neuere Sicherung des Absenders einspielen oder diesen Dienst leeren und neu füllen.",
        ),
    )


def outcome_unknown() -> Problem:
    """503: it may have been saved, or not."""
    return Problem(
        503,
        Say(
            "Outcome unknown",
            "The connection to the database broke while saving.",
            "Look whether it is there before you repeat. Handing in the same file again is always safe.",
        ),
        Say(
            "Ausgang unbekannt",
            "Die Verbindung zur Datenbank riss beim Speichern ab.",
            "Vor dem Wiederholen nachsehen, ob es da ist. Dieselbe Datei noch einmal einzureichen schadet nie.",
        ),
    )


def our_fault(number: str) -> Problem:
    """500: a fault of the program; the log has it under this number."""
    return Problem(
        500,
        Say("Our fault", f"Something is wrong with Prüfpfad itself (fault {number}).", "Tell the operator this number."),
        Say("Unser Fehler", f"Mit Prüfpfad selbst stimmt etwas nicht (Fehler {number}).", "Diese Nummer dem Betrieb nennen."),
        fault=number,
    )


def of_status(error: HTTPException, request: Request) -> Problem:
    """What the framework refuses: no such page, no such method …"""
    path, method = request.url.path, request.method
    if error.status_code == 404:
        en = Say("Not found", f"There is nothing at {path}.", "docs lists all pages and calls.")
        de = Say("Nicht gefunden", f"Unter {path} gibt es nichts.", "docs zählt alle Seiten und Aufrufe auf.")
    elif error.status_code == 405:
        en = Say("Not this way", f"{method} is not possible at {path}.", "docs lists what is possible.")
        de = Say("So nicht", f"{method} ist unter {path} nicht möglich.", "docs zählt auf, was möglich ist.")
    else:
        detail = str(error.detail or f"HTTP {error.status_code}")
        en = Say("Refused", detail, "Compare the call with docs.")
        de = Say("Abgelehnt", detail, "Den Aufruf mit docs vergleichen.")
    return Problem(error.status_code, en, de, headers=error.headers)


def of_validation(error: RequestValidationError) -> Problem:
    """422: fields that cannot be read. Never shows the value: it may be personal."""
    faults = [
        {"where": ".".join(map(str, fault["loc"])), "expected": fault["msg"], "expected_de": _expected_de(fault)}
        for fault in error.errors()
    ]

    def what(expected: str, otherwise: str) -> str:
        return "; ".join(f"{fault['where']}: {fault[expected]}" for fault in faults[:5]) or otherwise

    return Problem(
        422,
        Say(
            "Cannot be read",
            what("expected", "the call cannot be read"),
            "Correct the fields named in `faults`; docs shows what is expected.",
        ),
        Say(
            "Nicht lesbar",
            what("expected_de", "der Aufruf ist nicht zu lesen"),
            "Die unter `faults` genannten Felder berichtigen; docs zeigt, was erwartet wird.",
        ),
        faults=faults,
    )


_EXPECTED_DE: Final = {
    "bool_parsing": "erwartet ist true oder false",
    "date_from_datetime_parsing": "erwartet ist ein Tag wie 2015-12-31",
    "date_from_datetime_inexact": "erwartet ist ein Tag ohne Uhrzeit wie 2015-12-31",
    "date_parsing": "erwartet ist ein Tag wie 2015-12-31",
    "date_type": "erwartet ist ein Tag wie 2015-12-31",
    "extra_forbidden": "ein solches Feld gibt es nicht",
    "greater_than_equal": "erwartet ist mindestens {ge}",
    "int_parsing": "erwartet ist eine ganze Zahl",
    "int_type": "erwartet ist eine ganze Zahl",
    "json_invalid": "das ist kein JSON",
    "less_than_equal": "erwartet ist höchstens {le}",
    "literal_error": "erwartet ist {expected}",
    "missing": "diese Angabe fehlt",
    "string_pattern_mismatch": "erwartet ist Text der Form {pattern}",
    "string_too_long": "erwartet sind höchstens {max_length} Zeichen",
    "string_too_short": "erwartet sind mindestens {min_length} Zeichen",
    "string_type": "erwartet ist Text",
    "union_tag_invalid": "erwartet ist eine von diesen Arten: {expected_tags}",
    "union_tag_not_found": "die Angabe {discriminator} fehlt",
    "uuid_parsing": "erwartet ist eine Kennung (UUID) aus 32 Hexadezimalziffern",
    "uuid_type": "erwartet ist eine Kennung (UUID) aus 32 Hexadezimalziffern",
}
"""What pydantic's kinds of fault are called in German."""


def _expected_de(fault: Mapping[str, Any]) -> str:
    """What was expected, in German; a kind of fault that is not known stays in English and says so."""
    words = _EXPECTED_DE.get(fault["type"])
    if words is None:
        return f"{fault['msg']} (englisch)"
    return words.format(**fault.get("ctx", {})).replace(" or ", " oder ")


def wrong_subject(given: str, kinds: Sequence[str]) -> Problem:
    """422: a measure or programme that does not say which of the two it is."""
    shown, examples = given.strip()[:120], " · ".join(f"{kind}/…" for kind in kinds)
    kind, slash, key = shown.partition("/")
    near = get_close_matches(kind.lower(), kinds, 1) if slash else []
    meant = f"{near[0]}/{key or 'M-1'}" if near else f"{kinds[0]}/{key if kind in KINDS else shown or 'M-1'}"
    return Problem(
        422,
        Say(
            "Kind is missing",
            f"{shown!r} does not say what it is: expected {examples}.",
            f"Probably {meant} is meant; GET /funding/measures lists what is registered.",
        ),
        Say(
            "Art fehlt",
            f"{shown!r} sagt nicht, was es ist: erwartet ist {examples}.",
            f"Gemeint ist wohl {meant}; GET /funding/measures zählt auf, was angemeldet ist.",
        ),
        meant=meant,
    )


def unknown_parameters(unknown: Sequence[str], known: Sequence[str], where: str = "query") -> Problem:
    """422: the call names what its page does not know. Passed over, it would be answered for something else."""
    faults = [
        {"where": f"{where}.{name}"[:120], "meant": next(iter(get_close_matches(name, known, 1, 0.5)), None)} for name in unknown
    ]
    names, there = ", ".join(name[:60] for name in unknown[:5]), ", ".join(known)
    near = ", ".join(sorted({fault["meant"] for fault in faults if fault["meant"]}))
    return Problem(
        422,
        Say(
            "Unknown parameter",
            f"This call does not know: {names}.",
            f"Write {near}." if near else f"It knows: {there}." if there else "It takes no parameters; leave it out.",
        ),
        Say(
            "Unbekannte Angabe",
            f"Dieser Aufruf kennt nicht: {names}.",
            f"{near} schreiben." if near else f"Er kennt: {there}." if there else "Er nimmt keine Angaben; weglassen.",
        ),
        faults=faults,
    )
