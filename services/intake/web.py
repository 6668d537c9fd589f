"""HTTP in: hand in files, submissions and instructions; see rows, errors and templates."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Callable
from typing import Annotated, Any, BinaryIO, Final, Literal
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, Depends, Form, Path, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from services.intake import application, trying
from services.intake.application import (
    DecidedOtherwise,
    Instructed,
    Noted,
    NotFourEyes,
    StillReading,
    SubmissionConflict,
    UnknownFile,
    UnknownProposal,
    UnknownRow,
    WrongSubject,
    reader_of,
)
from services.intake.domain import templates
from services.intake.domain.errors import CATALOGUE, Fault, Unreadable
from services.intake.domain.readers import KINDS, TEMPLATES
from services.intake.domain.text import Content
from shared.contracts.submissions import Submission
from shared.runtime import problems
from shared.runtime.access import Actor
from shared.runtime.http import Here, example, may
from shared.runtime.problems import Problem, Say, answers
from shared.runtime.service import Service

router = APIRouter()

PATIENCE = 10.0
"""Seconds an upload waits for its file to be read; then it answers 202, and ``GET files/<digest>`` shows the progress."""

Kind = Annotated[str | None, Form(description=f"Kind of hand-in; found by its content if left out: {', '.join(KINDS)}")]
MeasureKey = Annotated[str | None, Form(description="Measure of a list that does not name it")]
ListName = Annotated[str | None, Form(alias="list", description="Name of a voucher list that does not name itself")]
MunicipalityKey = Annotated[str | None, Form(description="Key of the municipality whose council papers these are")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the instruction that waits")]


HANDED_IN: Final = {
    "id": "978ffc03-da46-5075-8b10-8dab378c82f5", "digest": "859a319da5f8c0d1…", "name": "belegliste.csv", "kind": "vouchers",
    "state": "read", "actor": "amt-7", "received_at": "2016-01-12T09:30:00+00:00", "rows": 4, "facts": 2, "known": 0,
    "rejected": 1, "ignored": 1, "remarks": [], "remarks_en": [],
    "passed_over": [{"reason": "Summenzeile: summe", "reason_en": "total row: summe", "rows": 1, "places": ["5"]}],
    "rejected_rows": [
        {
            "place": "4", "column": "Rechnungsdatum", "value": "31.02.2013", "error": "ROW-03",
            "expected": "Datum wie 31.12.2026",
            "expected_en": "date such as 31.12.2026", "mend": "Tag, Monat und Jahr mit vier Ziffern schreiben.",
            "mend_en": "Write day, month and a year of four digits.",
        }
    ],
}
INSTRUCTIONS: Final[dict[str, Any]] = {
    "a cut-off date": {
        "value": {"subject": "measure/M-1", "instruction": {"kind": "set_cut_off", "as_of": "2015-12-31"}},
    },
    "this bank line pays this voucher": {
        "value": {
            "subject": "measure/M-1",
            "instruction": {
                "kind": "confirm_match", "voucher": "f5039863-0a5c-5a43-9f0e-2d7f1f7a4c11",
                "payment": "30fd86ab-55d1-5c8b-8a7e-6c0b1a2f9d10", "reason": "Avis vom 3.4.",
            },
        },
    },
    "a finding is accepted, once a second clerk approves": {
        "value": {
            "subject": "measure/M-1",
            "instruction": {
                "kind": "waive_finding", "finding": "4fb52953-97dc-534b-b84e-115092622249", "reason": "Bescheid vom 5.5.",
            },
        },
    },
}
"""What calls and answers look like, for the page that describes them."""
FIELDS: Final = ("file", "kind", "measure", "list", "municipality")


async def only_known_fields(request: Request) -> None:
    """Dependency: 422 for a field of the form that is not known, since a mistyped ``measure`` would else be passed over."""
    if unknown := [name for name in await request.form() if name not in FIELDS]:
        raise problems.unknown_parameters(unknown, FIELDS, "form")


# ── hand in ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post(
    "/files",
    dependencies=[Depends(only_known_fields)],
    tags=["hand in"],
    responses={**answers(413), 200: example(HANDED_IN, "Read"), 202: {"description": "It is being read; look again"}},
)
async def upload_file(
    intake: Here,
    who: Annotated[Actor, may("hand_in")],
    file: UploadFile,
    kind: Kind = None,
    measure: MeasureKey = None,
    list_name: ListName = None,
    municipality: MunicipalityKey = None,
) -> Response:
    """Hand in a file. 200: it was read; 202: it is being read, look again; 422: nothing of it can be read, and why.

    Rows that cannot be read are listed with what to mend; the others are in. The same file again adds nothing.
    """
    given = {"kind": kind, "measure": _key(measure), "list": list_name, "municipality": municipality}
    return await _received(intake, await run_sync(_kept, intake, file, given, who.name))


def _kept(intake: Service, file: UploadFile, given: dict[str, str | None], actor: str) -> UUID:
    name, content = _uploaded(file)
    try:
        recognised = application.recognise(name, content, given)
    except Unreadable as unreadable:
        intake.do(application.refuse_file, name, content.digest, unreadable.fault, actor)
        raise _unreadable(unreadable) from None
    return intake.do(application.receive_file, reader_of(intake).files, content, recognised, actor)


@router.post("/submissions", tags=["hand in"], responses={**answers(409), 200: example(HANDED_IN, "Read")})
async def submit(intake: Here, who: Annotated[Actor, may("hand_in")], request: Request) -> Response:
    """Hand in rows as a CloudEvent, in structured mode or, with ``ce-`` headers, in binary mode. The same (source, id) again
    changes nothing; with other content it is refused (409)."""
    body, headers = await request.body(), request.headers
    try:
        said = json.loads(body, parse_constant=application.no_number)
        if "ce-id" in headers:
            said = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")} | {"data": said}
        submission = application.submission_of(said)
    except (ValidationError, ValueError, RecursionError) as error:
        raise _no_submission(error) from None
    return await _received(intake, await run_sync(_submitted, intake, submission, who.name))


def _submitted(intake: Service, submission: Submission, actor: str) -> UUID:
    try:
        return intake.do(application.receive_submission, reader_of(intake).files, submission, actor)
    except SubmissionConflict:
        cause = CATALOGUE["SUB-02"]
        raise Problem(
            409,
            Say("Conflict", f"{cause.cause.en} ({submission.source} {submission.id})", cause.mend.en),
            Say("Widerspruch", f"{cause.cause.de} ({submission.source} {submission.id})", cause.mend.de),
            error="SUB-02",
        ) from None
    except Unreadable as unreadable:
        raise _unreadable(unreadable) from None


NOTED: Final = {"subject": "measure/M-1", "fact": "0c1277aa-6d1f-5b0e-9a53-1d1c36d1f3ab", "new": True, "number": None}
WAITS: Final = {"subject": "measure/M-1", "fact": None, "new": True, "number": 7}


@router.post(
    "/instructions",
    status_code=201,
    tags=["decide"],
    responses={201: example(NOTED, "Noted"), 202: example(WAITS, "It waits for a second clerk, under its number")},
)
def instruct(
    intake: Here, who: Annotated[Actor, may("decide")], said: Annotated[Instructed, Body(openapi_examples=INSTRUCTIONS)]
) -> Response:
    """Give an instruction. 201: it is a fact, 200: it was before; 202: it needs two people (waiving a finding), and waits under
    its number until another clerk approves it."""
    try:
        noted = intake.do(application.receive_instruction, said, who.name)
    except WrongSubject as error:
        raise Problem(
            422,
            Say("Wrong subject", f"{error} is no measure, programme or account.", "Write measure/M-1, programme/… or account/…."),
            Say(
                "Falscher Bezug",
                f"{error} ist keine Maßnahme, kein Programm und kein Konto.",
                "measure/M-1, programme/… oder account/… schreiben.",
            ),
        ) from None
    return _noted(noted)


@router.get("/approvals", tags=["decide"])
def list_approvals(intake: Here, _: Annotated[Actor, may("look")]) -> list[dict[str, Any]]:
    """Instructions that wait for a second clerk, oldest first: number, subject, instruction, and who gave it."""
    found: list[dict[str, Any]] = intake.do(application.list_proposals)
    return found


@router.post(
    "/approvals/{number}",
    status_code=201,
    tags=["decide"],
    responses={**answers(403, 404, 409), 201: example({**NOTED, "number": 7}, "Noted")},
)
def approve(intake: Here, who: Annotated[Actor, may("decide")], number: Number) -> Response:
    """Approve an instruction that another clerk gave: now it is a fact with both names. Nobody approves their own (403)."""
    return _noted(_decided(intake, application.approve, number, who.name))


@router.delete("/approvals/{number}", tags=["decide"], responses=answers(404, 409))
def decline(intake: Here, who: Annotated[Actor, may("decide")], number: Number) -> Response:
    """Do not approve an instruction, or take back one's own: nothing waits any more, and it stays as evidence."""
    return JSONResponse(_view(_decided(intake, application.decline, number, who.name)) | {"declined": True})


def _decided(intake: Service, use_case: Callable[..., Noted], number: int, actor: str) -> Noted:
    try:
        return intake.do(use_case, number, actor)
    except UnknownProposal:
        raise problems.not_found("instruction that waits for approval under", "Eine Anweisung mit Nummer", str(number)) from None
    except NotFourEyes:
        raise Problem(
            403,
            Say("Four eyes", "You gave this instruction yourself.", "Have another clerk approve it, with a token of their own."),
            Say(
                "Vier Augen",
                "Diese Anweisung haben Sie selbst gegeben.",
                "Eine andere Sachbearbeitung trägt sie mit ihrem eigenen Token mit.",
            ),
        ) from None
    except DecidedOtherwise as error:
        state, _, by = str(error).partition(" ")
        german = {"approved": "mitgetragen", "declined": "abgelehnt"}[state]
        raise Problem(
            409,
            Say("Decided", f"{by} has {state} instruction {number} before.", "If it is to be otherwise now, give a new one."),
            Say(
                "Entschieden",
                f"{by} hat Anweisung {number} schon {german}.",
                "Soll es nun anders sein, eine neue Anweisung geben.",
            ),
        ) from None


def _noted(noted: Noted) -> Response:
    return JSONResponse(_view(noted), 202 if noted.fact is None else 201 if noted.new else 200)


def _view(noted: Noted) -> dict[str, Any]:
    fact = str(noted.fact) if noted.fact else None
    return {"subject": noted.subject, "fact": fact, "new": noted.new, "number": noted.number}


@router.post("/try", dependencies=[Depends(only_known_fields)], tags=["hand in"], responses=answers(413))
def try_file(
    intake: Here,
    _: Annotated[Actor, may("look")],
    file: UploadFile,
    kind: Kind = None,
    measure: MeasureKey = None,
    list_name: ListName = None,
    municipality: MunicipalityKey = None,
) -> dict[str, Any]:
    """What a file would bring if nothing were known yet but what measures are called. Nothing is stored."""
    name, content = _uploaded(file)
    names = intake.do(application.names_of_measures)
    try:
        return trying.try_file(
            name, content, names, kind=kind, measure=_key(measure), list=list_name, municipality=municipality
        )
    except Unreadable as unreadable:
        raise _unreadable(unreadable) from None


# ── look ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/files", tags=["hand in"], responses={200: example([HANDED_IN])})
def list_files(
    intake: Here,
    _: Annotated[Actor, may("look")],
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    state: Annotated[Literal["waiting", "read", "refused", "failed"] | None, Query()] = None,
) -> list[dict[str, Any]]:
    """What was handed in, latest first."""
    found: list[dict[str, Any]] = intake.do(application.list_files, limit, state)
    return found


@router.get("/files/{digest}", tags=["hand in"], responses={**answers(404), 200: example(HANDED_IN)})
def show_file(intake: Here, _: Annotated[Actor, may("look")], digest: str) -> dict[str, Any]:
    """A file by its digest (twelve digits are enough): progress, counts, rejected rows and how to mend them."""
    try:
        found: dict[str, Any] = intake.do(application.show_file, _hex(digest))
    except UnknownFile:
        raise problems.not_found("file", "Die Datei", digest) from None
    return found


@router.get("/files/{digest}/rows/{place}", tags=["trail"], responses=answers(404))
def show_row(intake: Here, _: Annotated[Actor, may("look")], digest: str, place: str) -> dict[str, Any]:
    """A row as it was handed in, with its columns, the facts it was the first to say, the earlier rows it repeats, and why it was
    rejected or passed over, if it was."""
    try:
        found: dict[str, Any] = intake.do(application.find_row, _hex(digest), place)
    except UnknownFile:
        raise problems.not_found("file", "Die Datei", digest) from None
    except UnknownRow:
        raise problems.not_found("row", "Die Zeile", f"{digest}:{place}") from None
    return found


@router.delete("/files/{digest}/text", tags=["operate"], responses=answers(404, 409))
def erase_text(
    intake: Here,
    _: Annotated[Actor, may("operate")],
    digest: str,
    place: Annotated[str | None, Query(description="One row; without it all rows of the file")] = None,
) -> dict[str, Any]:
    """Forget names and free text of a row, or of a whole file. Facts, digests and the trail stay; the kept file goes."""
    try:
        found: dict[str, Any] = intake.do(application.erase, reader_of(intake).files, _hex(digest), place)
    except UnknownFile:
        raise problems.not_found("file", "Die Datei", digest) from None
    except UnknownRow:
        raise problems.not_found("row", "Die Zeile", f"{digest}:{place}") from None
    except StillReading:
        raise Problem(
            409,
            Say("Still reading", "The file is being read.", "Wait until it has been read."),
            Say("Wird gelesen", "Die Datei wird gerade gelesen.", "Warten, bis sie gelesen ist."),
        ) from None
    return found


@router.get("/names", tags=["hand in"], responses={200: example({"51.2-7/14": "M-1", "ESF-2014-17": "M-1"})})
def list_names(intake: Here, _: Annotated[Actor, may("look")]) -> dict[str, str]:
    """By what other names rows may call measures (Aktenzeichen, Förderkennzeichen), each with the key it stands for."""
    return intake.do(application.names_of_measures)


@router.get("/templates", tags=["hand in"])
def list_templates(_: Annotated[Actor, may("look")]) -> list[dict[str, Any]]:
    """All kinds of CSV hand-in with their columns."""
    return [templates.described(template) for template in TEMPLATES.values()]


@router.get("/templates/{kind}", tags=["hand in"], responses=answers(404))
def download_template(_: Annotated[Actor, may("look")], kind: str) -> Response:
    """A template as CSV: headings and an example row."""
    template = TEMPLATES.get(kind)
    if template is None:
        raise problems.not_found("template", "Die Vorlage", kind)
    return Response(
        templates.as_csv(template),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{kind}.csv"'},
    )


# ── what the pages share ─────────────────────────────────────────────────────────────────────────────────────────────


def _key(measure: str | None) -> str | None:
    """The key of a measure that may be written as a subject (``measure/M-1``), too."""
    return measure and measure.strip().removeprefix("measure/")


def _uploaded(file: UploadFile) -> tuple[str, Content]:
    """Name without folders, and content. The body was streamed to disk, and its size is limited for all pages."""
    name = (file.filename or "file").replace("\\", "/").rpartition("/")[2]
    name = "".join(sign for sign in name if sign.isprintable())[:200] or "file"
    return name, Content(lambda: io.BufferedReader(_View(file.file)))


class _View(io.RawIOBase):
    """A file from its beginning, beside others that stand elsewhere in it; closing it leaves the file open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset, whence = self._at + offset, io.SEEK_SET
        self._at = self._file.seek(offset, whence)
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._at)
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _hex(digest: str) -> str:
    digest = digest.lower()
    if not 12 <= len(digest) <= 64 or not set(digest) <= set("0123456789abcdef"):
        raise problems.not_found("file", "Die Datei", digest[:80])
    return digest


async def _received(intake: Service, handin: UUID) -> Response:
    """The hand-in as it stands when it was read, or when patience ends. Holds no thread while it waits: uploads may be many."""
    reader = reader_of(intake)
    reader.ask()
    intake.wake()
    pause, deadline = 0.02, time.monotonic() + PATIENCE
    while True:
        view = await run_sync(intake.do, application.show_handin, handin)
        left = deadline - time.monotonic()
        if view["state"] != "waiting" or left <= 0:
            return JSONResponse(view, 202 if view["state"] == "waiting" else 200)
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.5)


def _unreadable(error: Unreadable) -> Problem:
    fault: Fault = error.fault
    cause, shown = fault.cause, f" ({fault.value[:120]})" if fault.value else ""
    return Problem(
        422,
        Say("Cannot be read", f"{error.file}: {cause.cause.en}{shown}", fault.mend_en),
        Say("Nicht lesbar", f"{error.file}: {cause.cause.de}{shown}", fault.mend_text),
        **{name: value for name, value in fault.as_dict().items() if name != "mend"},     # each language has its own
    )


def _no_submission(error: Exception) -> Problem:
    faults = (
        [{"where": ".".join(map(str, one["loc"])), "expected": one["msg"]} for one in error.errors()]
        if isinstance(error, ValidationError)
        else [{"where": "body", "expected": str(error)[:300]}]
    )
    what, cause = "; ".join(f"{one['where']}: {one['expected']}" for one in faults[:5]), CATALOGUE["SUB-01"]
    return Problem(
        422,
        Say("Cannot be read", f"{cause.cause.en} {what}", cause.mend.en),
        Say("Nicht lesbar", f"{cause.cause.de} {what}", cause.mend.de),
        error="SUB-01",
        faults=faults,
    )
