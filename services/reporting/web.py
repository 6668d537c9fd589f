"""HTTP of reporting: issue and fetch reports, walk the trail, verify."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from services.reporting import application
from services.reporting.application import FORMATS, NoStatement, ReportRefused, UnknownReference
from services.reporting.domain.documents.all import OF_MEASURE, OF_PROGRAMME
from services.reporting.phrases import PHRASES
from services.reporting.public_page import PAGE_HEADERS, public_page
from shared.messaging.work import Work
from shared.persistence.files import Files
from shared.runtime.access import Actor
from shared.runtime.http import Here, caller, example, may, subject_named
from shared.runtime.problems import Problem, Say, answers
from shared.runtime.service import Service
from shared.values.subject import kind_of

router = APIRouter()
open_router = APIRouter()
"""What needs no token: the address in a report's QR code."""

DocumentKind = Literal["D5", "D6", "D7", "D9"]

REPORT: Final = {
    "number": "M-1-D5-2015-12-31-1", "document": "D5", "title": "Belegliste", "subject": "measure/M-1", "key": "M-1",
    "as_of": "2015-12-31", "version": 1, "sha256": "4af1b441c8cea7df1ab9433bb2b3ec98aa3feb6e7d1c5fbca860710334b86621",
    "files": {"pdf": "9f2c…", "csv": "07bd…", "zip": "5e31…", "json": "4af1…"}, "complete": True,
    "issued_at": "2016-01-12T09:30:00+00:00", "issued_by": "amt-7", "outdated_since": None,
}
"""What a report looks like, for the page that describes it."""


def files_of(reporting: Service) -> Files:
    """Where issued reports are kept."""
    return Files(reporting.settings.data / "reports")


@router.post(
    "/reports", status_code=201, tags=["reports"], responses={**answers(404, 409), 201: example(REPORT, "A new version")}
)
def issue_report(
    reporting: Here,
    who: Annotated[Actor, may("issue")],
    subject: Annotated[str, Query(description="`measure/M-1` or `programme/herne`", examples=["measure/M-1"])],
    document: Annotated[DocumentKind, Query(description="D5 vouchers, D6 co-funding, D7 reconciliation, D9 programme")],
    as_of: Annotated[date | None, Query(description="Cut-off date (Stichtag); without it the latest one stated")] = None,
    incomplete: Annotated[
        bool, Query(description="Issue it although something is still on its way, marked „unvollständig“")
    ] = False,
) -> Response:
    """Issue a report in all formats. 201: a new version; 200: nothing has changed, the last stands; 409: refused, and why."""
    subject = subject_named(subject)
    if document not in (kinds := tuple(OF_MEASURE if kind_of(subject) == "measure" else OF_PROGRAMME)):
        raise _no_such_document(subject, document, kinds)
    try:
        issued = application.issue_report(
            reporting.do,
            files_of(reporting),
            subject=subject,
            document=document,
            as_of=as_of,
            actor=who.name,
            url=reporting.settings.url,
            pdf_entries=reporting.settings.pdf_entries,
            incomplete=incomplete,
        )
    except NoStatement as refused:
        raise _not_stated(refused) from None
    except ReportRefused as refused:
        raise _refused(refused) from None
    return JSONResponse(application.report_view(issued.row), 201 if issued.new else 200)


@router.get("/reports", tags=["reports"], responses={200: example([REPORT])})
def list_reports(
    reporting: Here,
    _: Annotated[Actor, may("look")],
    subject: Annotated[str | None, Query(description="`measure/M-1` or `programme/herne`; without it all")] = None,
) -> list[dict[str, Any]]:
    """Issued reports, newest first."""
    return reporting.do(application.list_reports, subject and subject_named(subject))


@router.get("/reports/{number}", tags=["reports"], responses={**answers(404), 200: example(REPORT)})
def show_report(reporting: Here, _: Annotated[Actor, may("look")], number: str) -> dict[str, Any]:
    """One report: version, digests, whether it is outdated."""
    view = reporting.do(application.show_report, number)
    if view is None:
        raise _no_report(number)
    return view


@router.get("/reports/{number}/{format}", tags=["reports"], responses=answers(404))
def fetch_report(
    reporting: Here, who: Annotated[Actor, may("look")], number: str, format: Literal["pdf", "csv", "zip", "json"]
) -> Response:
    """The report's bytes as issued. Who fetched it is noted."""
    content = reporting.do(application.fetch, files_of(reporting), number, format, who.name)
    if content is None:
        view = reporting.do(application.show_report, number)
        raise _no_pdf(number, reporting.settings.pdf_entries) if view and format == "pdf" else _no_report(number)
    return Response(
        content,
        media_type=FORMATS[format],
        headers={"Content-Disposition": f'attachment; filename="{number}.{format}"'},
    )


@router.get("/statements", tags=["figures"])
def list_statements(
    reporting: Here,
    _: Annotated[Actor, may("look")],
    subject: Annotated[str, Query(description="`measure/M-1` or `programme/herne`", examples=["measure/M-1"])],
    as_of: Annotated[date | None, Query(description="Cut-off date (Stichtag); without it the latest one stated")] = None,
) -> dict[str, Any]:
    """What funding stated about a subject, as far as it has arrived here: statement, open findings, what is missing."""
    shown = reporting.do(application.show_statement, subject_named(subject), as_of)
    return shown | {"missing_en": [PHRASES.english(cause) for cause in shown["missing"]]}


@router.get("/trail", tags=["trail"], responses=answers(404))
def show_trail(
    reporting: Here,
    _: Annotated[Actor, may("look")],
    reference: Annotated[str, Query(description="`M-1/123`, `M-1/S-7`, `DE…/12`, `3f2a9c1be07d:17` or the number of a report")],
) -> dict[str, Any]:
    """From a printed reference to entry, fact, file, row, bank line and decision; from a row forward to every report it is in."""
    try:
        return reporting.do(application.trace, reference)
    except UnknownReference as unknown:
        mend, german = (
            "Type it as printed, e.g. M-1/123 or 3f2a9c1be07d:17.",
            "So eingeben, wie sie gedruckt ist: M-1/123 oder 3f2a9c1be07d:17.",
        )
        if row := application.row_named(reference):
            where = f"GET /intake/files/{row[0]}/rows/{row[1]}"
            mend = f"If the file was handed in, {where} says which earlier row it repeats, or why it was rejected or passed over."
            german = f"Ist die Datei eingereicht, sagt {where}, welche frühere Zeile sie wiederholt, oder was ihr fehlt."
        raise Problem(
            404,
            Say("Unknown reference", f"{unknown}.", mend),
            Say("Unbekannte Fundstelle", f"Zu {reference!r} ist nichts bekannt.", german),
        ) from None


@open_router.get("/verify/{number}", response_model=None, tags=["reports"], responses=answers(401, 404))
def verify_report(
    reporting: Here,
    who: Annotated[Actor | None, Depends(caller)],
    number: str,
    sha256: Annotated[str, Query(description="Digest printed on the report")] = "",
    file: Annotated[str | None, Query(description="SHA-256 of the file in hand", pattern=r"^[0-9a-f]{64}$")] = None,
) -> Response:
    """Is a report with this digest known here, is it the latest, does it stand? The address in a report's QR code.

    With a token, JSON with all about the report. Without one, a page for whoever holds it in hand: number, digest, day of issue,
    standing; no amounts, no names. The address carries the whole digest, so nobody finds a report by trying; 404 for any other.
    """
    digest = sha256.lower() if re.fullmatch(r"[0-9a-fA-F]{64}", sha256) else ""      # a number would be found, too
    found = reporting.do(application.verify, digest, number, file)
    if who is not None:
        return JSONResponse(found)
    return HTMLResponse(public_page(number, digest, found), 200 if found["known"] else 404, PAGE_HEADERS)


def measure_gauges(reporting: Service) -> None:
    """Numbers of reporting for Prometheus."""
    reporting.gauge(
        "open_findings",
        "Findings open on the latest cut-off date of each measure and programme, by code and that date",
        lambda session: application.count_open_findings(Work(session, reporting.clock.now())),
        ("code", "as_of"),
    )
    reporting.gauge(
        "reports_issued",
        "Issued reports by document",
        lambda session: application.count_reports(Work(session, reporting.clock.now())),
        ("document", "outdated"),
    )


def _no_such_document(subject: str, document: str, kinds: Iterable[str]) -> Problem:
    known = ", ".join(kinds)
    return Problem(
        409,
        Say("Report refused", f"There is no {document} of {subject}.", f"Ask for one of {known}."),
        Say("Bericht verweigert", f"{document} gibt es nicht zu {subject}.", f"Eines von diesen verlangen: {known}."),
    )


def _not_stated(refused: NoStatement) -> Problem:
    other, andere = (
        "Take one of these days, or have a clerk set another (`pruefpfad decide cut-off`, instruction set_cut_off).",
        "Einen dieser Tage nehmen oder von der Sachbearbeitung einen anderen setzen lassen (`pruefpfad decide cut-off`, "
        "Anweisung set_cut_off).",
    ) if refused.days else (
        "Compare the key (GET /funding/measures lists all); if it is right, nothing about it was handed in, or just now: then "
        "try again in a moment.",
        "Den Schlüssel vergleichen (GET /funding/measures nennt alle); stimmt er, ist nichts dazu eingereicht, oder eben erst: "
        "dann gleich noch einmal versuchen.",
    )
    said = "; ".join(refused.causes)
    return Problem(
        404,
        Say("No statement", f"{'; '.join(PHRASES.english(cause) for cause in refused.causes)}.", other),
        Say("Kein Abgleich", f"{said[:1].upper()}{said[1:]}.", andere),
        causes=list(refused.causes),
    )


def _refused(refused: ReportRefused) -> Problem:
    causes = [PHRASES.english(cause) for cause in refused.causes]
    differences = [(d.de, str(d)) for d in refused.differences]
    return Problem(
        409,
        Say(
            "Report refused",
            f"{'; '.join((*causes, *(en for _, en in differences)))}.",
            "Wait until everything has arrived, settle the differences, or ask for it with incomplete=true.",
        ),
        Say(
            "Bericht verweigert",
            f"{'; '.join((*refused.causes, *(de for de, _ in differences)))}.",
            "Warten, bis alles da ist, die Differenzen klären, oder mit incomplete=true verlangen.",
        ),
        causes=list(refused.causes),
        causes_en=causes,
        differences=[
            {"figure": d.figure, "of": d.of, "stated_cents": d.stated_cents, "found_cents": d.found_cents}
            for d in refused.differences
        ],
    )


def _no_pdf(number: str, most: int) -> Problem:
    return Problem(
        404,
        Say(
            "No PDF of so many entries",
            f"Report {number} carries too many journal entries for a PDF file.",
            f"Fetch csv, zip or json, which hold all of it. PDF files are made of up to {most} entries; once the operator "
            "has raised that (PRUEFPFAD_PDF_ENTRIES), ask for the report again.",
        ),
        Say(
            "Für eine PDF-Datei zu viele Buchungen",
            f"Bericht {number} hat mehr Buchungen, als eine PDF-Datei haben soll.",
            f"csv, zip oder json abrufen: Sie enthalten alles. PDF-Dateien gibt es bis {most} Buchungen; hat der Betrieb das "
            "erhöht (PRUEFPFAD_PDF_ENTRIES), den Bericht noch einmal verlangen.",
        ),
    )


def _no_report(number: str) -> Problem:
    return Problem(
        404,
        Say("No such report", f"There is no report {number} in this format.", "GET /reporting/reports lists all."),
        Say(
            "Kein solcher Bericht",
            f"Einen Bericht {number} in diesem Format gibt es nicht.",
            "GET /reporting/reports nennt alle.",
        ),
    )
