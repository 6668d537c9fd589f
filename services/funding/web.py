"""HTTP of funding: statements, findings, what waits for a person, the trail, and whether the journals hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from services.funding import application
from services.funding.application import MOST_FINDINGS, MOST_PARKED, UnknownReference
from services.funding.phrases import reason_of
from shared.contracts import catalogue
from shared.runtime.access import Actor
from shared.runtime.http import Here, example, may, subject_named
from shared.runtime.problems import answers, not_found, not_stated
from shared.runtime.service import Service
from shared.runtime.telemetry import Reading
from shared.values.dates import business_date
from shared.values.subject import KINDS, subject_of

router = APIRouter()

Looking = Annotated[Actor, may("look")]
AsOf = Annotated[date | None, Query(description="Cut-off date (Stichtag); without it the latest day stated")]
Measure = Annotated[str | None, Query(description="Key of a measure, `M-1` or `measure/M-1`", examples=["M-1"])]
Key = Annotated[str, Path(description="Its key", examples=["M-1"])]


@dataclass(frozen=True)
class Chosen:
    """Which findings are asked for."""

    as_of: AsOf = None
    subject: Annotated[
        str | None, Query(description="`measure/M-1`, or `programme/herne` with all its measures; without it all")
    ] = None
    code: Annotated[str | None, Query(description="Of one check", examples=["BEL-05"], pattern="^[A-Z]{3}-[0-9]{2}$")] = None
    severity: Annotated[Literal["B", "F", "W", "H"] | None, Query(description="Blocking, error, warning or note")] = None
    waived: Annotated[bool | None, Query(description="Only waived ones, or only those that are not")] = None
    begins: Annotated[str | None, Query(pattern="^[ -~]{1,36}$", description="How the id begins")] = None


OVERVIEW: Final = {
    "subject": "measure/M-1", "key": "M-1", "programme": "programme/herne", "name": "Werkstatt", "municipality": "Stadt Herne",
    "as_of": "2015-12-31", "state": "active", "open_findings": 2, "suggestions": 1, "has_plan": True,
    "totals": {
        "planned_cents": 5902778, "committed_cents": 5902778, "received_cents": 5472222, "spent_cents": 5692874, "gap_cents": 0,
        "claimed_cents": 5692874,
    },
}
FINDINGS: Final = {
    "subject": "measure/M-1",
    "finding": {
        "id": "4fb52953-97dc-534b-b84e-115092622249", "code": "BEL-05", "severity": "B", "object": "voucher M-1 2013/001",
        "budget_year": 2013, "at_risk_cents": 5000, "arithmetic": "50,00 − 0,00 = 50,00",
        "references": ["M-1/2", "859a319da5f8:3"], "waived": None,
    },
}
SUMS: Final = {
    "findings": 3, "at_risk_cents": 6150, "by_code": [{"code": "BEL-05", "findings": 3, "at_risk_cents": 6150}],
}
SUGGESTIONS: Final = {
    "subject": "measure/M-1", "voucher": "f5039863-0a5c-5a43-9f0e-2d7f1f7a4c11",
    "payment": "30fd86ab-55d1-5c8b-8a7e-6c0b1a2f9d10",
    "account": "account/DE02120300000000202051",
    "about": {
        "voucher": "M-1 2015 001", "payable_cents": 11900, "payment": "DE02120300000000202051/1", "amount_cents": -11900,
        "value_date": "2015-03-20", "row": "64e11a01f086:1.1", "reasons": ["amount+date"],
    },
}
PARKED: Final = {
    "fact": "4125b737-64c1-5628-970f-6a32a0452fbd", "reference": "measure/M-9#1", "subject": "measure/M-9",
    "type": "de.pruefpfad.voucher.recorded.v1", "status": "waiting", "waits_for": "measure/M-9", "attempts": 1,
    "reason": "Unpostable: measure/M-9 ist nicht registriert", "reason_de": "measure/M-9 ist nicht registriert",
    "reason_en": "measure/M-9 is not registered",
}
"""What answers look like, for the page that describes them."""


@router.get("/measures", tags=["figures"])
def list_measures(funding: Here, _: Looking) -> list[dict[str, Any]]:
    """Registered measures, with the days they are stated for, and why one could not be reconciled (`failed`)."""
    return funding.do(application.list_measures)


@router.get("/overview", tags=["figures"], responses={200: example([OVERVIEW])})
def overview(funding: Here, _: Looking, as_of: AsOf = None) -> list[dict[str, Any]]:
    """Each measure with its name, its totals in cents, its open findings and suggestions, as of a day or each of its latest.

    `totals` is null where nothing was stated as of the day.
    """
    return funding.do(application.overview, as_of)


@router.get("/measures/{key:path}", tags=["figures"], responses=answers(404))
def show_measure(funding: Here, _: Looking, key: Key, as_of: AsOf = None) -> dict[str, Any]:
    """A measure's statement as of a day: totals, years, coverage, stages, checks."""
    return _statement(funding, subject_of("measure", key), as_of)


@router.get("/programmes/{key:path}", tags=["figures"], responses=answers(404))
def show_programme(funding: Here, _: Looking, key: Key, as_of: AsOf = None) -> dict[str, Any]:
    """A programme's statement as of a day."""
    return _statement(funding, subject_of("programme", key), as_of)


@router.get("/findings", tags=["findings"], responses={**answers(404), 200: example([FINDINGS])})
def list_findings(
    funding: Here,
    _: Looking,
    answer: Response,
    chosen: Annotated[Chosen, Depends()],
    limit: Annotated[int, Query(ge=1, le=MOST_FINDINGS, description="How many findings, each identity once")] = MOST_FINDINGS,
    offset: Annotated[int, Query(ge=0, le=2**31, description="Behind how many others")] = 0,
) -> list[dict[str, Any]]:
    """Findings (Feststellungen) that hold as of a day, waived ones too; without a day those of today. A row for each measure that
    has it. The header `X-More` says how many there are behind these.

    404 for a day nothing was stated for: no findings would look as if nothing were wrong.
    """
    subject = chosen.subject and subject_named(chosen.subject)
    found = funding.do(application.list_findings, chosen.as_of, subject, asdict(chosen), limit, offset)
    if not found:
        _must_be_stated(funding, subject, chosen.as_of)
    in_all = listed = offset + len({row["finding"]["id"] for row in found})
    if offset or listed == limit:
        in_all = funding.do(application.sum_findings, chosen.as_of, subject, asdict(chosen))["findings"]
    answer.headers["X-More"] = str(max(0, in_all - listed))
    return found


@router.get("/findings/sums", tags=["findings"], responses={**answers(404), 200: example(SUMS)})
def sum_findings(funding: Here, _: Looking, chosen: Annotated[Chosen, Depends()]) -> dict[str, Any]:
    """How many findings there are and what is at risk by them together, in all and by check: over all of them, however many are
    listed. One that several measures share counts once."""
    subject = chosen.subject and subject_named(chosen.subject)
    found: dict[str, Any] = funding.do(application.sum_findings, chosen.as_of, subject, asdict(chosen))
    if not found["findings"]:
        _must_be_stated(funding, subject, chosen.as_of)
    return found


@router.get("/checks", tags=["findings"])
def list_checks(_: Looking) -> list[dict[str, str]]:
    """What each check asks, why, and how its finding is settled, in German and English (`…_en`)."""
    return [
        {"code": code} | _texts(text, "") | _texts(catalogue.check_text(code, "en"), "_en")
        for code, text in catalogue.check_texts("de").items()
    ]


@router.get("/suggestions", tags=["decide"], responses={**answers(404), 200: example([SUGGESTIONS])})
def list_suggestions(funding: Here, _: Looking, measure: Measure = None) -> list[dict[str, Any]]:
    """Weak matches: an instruction `confirm_match` or `reject_match` decides each."""
    return funding.do(application.list_suggestions, _measure(funding, measure))


@router.get("/parked", tags=["decide"], responses={200: example([PARKED])})
def list_parked(
    funding: Here,
    _: Looking,
    answer: Response,
    subject: Annotated[str | None, Query(description="Only those of it, such as `measure/M-1`; without it all")] = None,
    dismissed: Annotated[bool, Query(description="Those that a person dismissed: `release_parked` takes them up again")] = False,
    limit: Annotated[int, Query(ge=1, le=5_000)] = MOST_PARKED,
    offset: Annotated[int, Query(ge=0, le=2**31, description="Behind how many others")] = 0,
) -> list[dict[str, Any]]:
    """Facts that could not be posted: why (`reason_de`, `reason_en`), and what they wait for. Oldest first; the header `X-More`
    says how many there are behind these."""
    about = subject and subject_named(subject, KINDS)
    found = funding.do(application.list_parked, limit, offset, about, dismissed)
    listed = offset + len(found)
    in_all = funding.do(application.count_parked, about, dismissed) if offset or listed == limit else listed
    answer.headers["X-More"] = str(max(0, in_all - listed))
    return [fact | dict(zip(("reason_de", "reason_en"), reason_of(fact["reason"]), strict=True)) for fact in found]


@router.get("/trail", tags=["trail"], responses=answers(404))
def show_trail(
    funding: Here, _: Looking, reference: Annotated[str, Query(description="As printed", examples=["M-1/123", "M-1/S-7"])]
) -> dict[str, Any]:
    """An entry with its postings, its fact, the row it came from, and the entries that settle, reverse or correct it."""
    try:
        return funding.do(application.find_entry, reference)
    except UnknownReference:
        raise not_found("entry", "Die Buchung", reference) from None


@router.get("/verify", tags=["trail"], responses=answers(404))
def verify(funding: Here, _: Looking, measure: Measure = None) -> dict[str, Any]:
    """Read the journals again and check numbers, balances and seals."""
    return funding.do(application.verify, _measure(funding, measure))


@router.get("/rules", tags=["figures"])
def list_rules(funding: Here, _: Looking) -> list[dict[str, Any]]:
    """Rule sets with their digests; every value has its legal source."""
    return funding.do(application.list_rules)


def _measure(funding: Service, key: str | None) -> str | None:
    """The measure a call is about, by its key (``M-1``) or as a subject (``measure/M-1``); 404 if none is registered so."""
    if not key:
        return None
    subject = subject_named(key if key.startswith("measure/") else f"measure/{key}", ("measure",))
    if all(measure["subject"] != subject for measure in funding.do(application.list_measures)):
        raise not_found("measure", "Die Maßnahme", key)
    return subject


def _must_be_stated(funding: Service, subject: str | None, as_of: date | None) -> None:
    """404 if nothing was stated about the subject, or about anything, as of the day, today without one."""
    measures = funding.do(application.list_measures)
    days = funding.do(application.days_stated, subject) if subject else sorted({day for one in measures for day in one["days"]})
    day = as_of or business_date(funding.clock.now())
    if (measures or subject or as_of) and day not in days:
        raise not_stated(subject, day.isoformat(), [known.isoformat() for known in days])


def _texts(text: catalogue.CheckText, suffix: str) -> dict[str, str]:
    return {f"{name}{suffix}": said for name, said in asdict(text).items()}


def _statement(funding: Here, subject: str, as_of: date | None) -> dict[str, Any]:
    found = funding.do(application.coverage_of, subject, as_of)
    if found is None:
        raise not_found("statement", "Der Abgleich", f"{subject} {as_of or ''}".strip())
    return found.model_dump(mode="json")


def measure_gauges(funding: Service) -> None:
    """Numbers of funding for Prometheus."""
    funding.gauge(
        "due", "Subjects that wait to be matched or reconciled", lambda s: _labelled(application.count_due(s)), ("kind",)
    )
    funding.gauge(
        "set_aside", "Subjects that could not be reconciled: must be 0", lambda s: _labelled(application.count_set_aside(s)),
        ("kind",),
    )
    funding.gauge("unbalanced_cents", "Cents by which journal entries do not balance: must be 0", application.unbalanced)
    funding.gauge(
        "findings",
        "Findings that hold today, each identity once",
        lambda s: _labelled(application.count_findings(s, funding.clock.now())),
        ("code",),
    )


def _labelled(counts: dict[str, int]) -> Reading:
    return {(label,): float(count) for label, count in counts.items()}
