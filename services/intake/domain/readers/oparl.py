"""Ratsvorlage: OParl 1.0 and 1.1 objects of council information systems; a paper and the way it took through the bodies.

Papers, meetings and organizations come in any form people save them in: one object, a list, an API page with ``data``, an
object of lists. They are linked by their ids. What earlier files said is remembered by intake, so the order of files does
not matter: a meeting that comes later makes a new state of the papers it decides on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from html import unescape
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from services.intake.domain.errors import Fault, Unreadable, Words
from services.intake.domain.pseudonyms import folded
from services.intake.domain.readers.results import result_of
from services.intake.domain.reading import Draft, Given, Reading, Row, series_of
from shared.contracts.intake import Decision, DecisionRecorded, PaperFile, Step, StepResult
from shared.values.dates import BERLIN, business_date
from shared.values.subject import subject_of

KIND: Final = "oparl"
KINDS: Final = (
    "Paper",
    "Meeting",
    "Organization",
    "AgendaItem",
    "Consultation",
    "Body",
    "File",
    "Person",
    "Membership",
    "LegislativeTerm",
    "Location",
    "System",
)
_KINDS: Final = {kind.lower(): kind for kind in KINDS}
LISTS: Final = {
    "papers": "Paper",
    "meetings": "Meeting",
    "organizations": "Organization",
    "agendaItems": "AgendaItem",
    "consultations": "Consultation",
    "bodies": "Body",
    "files": "File",
    "paper": "Paper",
    "meeting": "Meeting",
    "organization": "Organization",
    "data": "",
}
REMEMBERED: Final = ("Paper", "Meeting", "Organization", "AgendaItem", "Consultation", "Body")
"""Kinds of object that are remembered for files that come later."""

SUBMISSION: Final = Words(
    "Das ist eine Einreichung: an POST /intake/submissions senden.", "This is a submission: send it to POST /intake/submissions."
)
ONLY_IDS: Final = Words(
    "Die Liste nennt nur Kennungen: die Objekte selbst einreichen, die unter diesen Adressen stehen.",
    "The list holds ids only: hand in the objects themselves that stand at these addresses.",
)
FAILED: Final = Words(
    "Das ist eine Fehlermeldung der Schnittstelle: die Adresse noch einmal abrufen.",
    "This is an error message of the interface: fetch the address again.",
)
NOTHING: Final = Words("Die Liste ist leer: sie enthält keine Objekte.", "The list is empty: there are no objects in it.")

Object = dict[str, Any]


def read_oparl(text: str, given: Given) -> Reading:
    """Council objects. Raises ``Unreadable`` for what is no OParl."""
    try:
        said = loaded(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(Fault("FILE-08", value=str(error)[:200]), given.name) from error
    top = list(_objects(said))
    if not any(kind for kind, _ in top):
        first = next((one for one in said if isinstance(one, dict)), {}) if isinstance(said, list) else said
        shown = ", ".join(list(first)[:8]) if isinstance(first, dict) and first else str(said)[:40]
        raise Unreadable(Fault("FILE-09", value=shown, hint=_why(said)), given.name)
    reading = Reading(KIND, series_of(KIND, given.series or given.name), (), ())
    reading.rows = _rows(top, given, reading)
    if unread := _unread_lists(said):
        reading.remarks.append(f"Nicht gelesene Listen: {', '.join(unread)[:300]}.")
    links = said.get("links") if isinstance(said, dict) else None
    if isinstance(links, dict) and links.get("next"):
        reading.remarks.append(f"Das ist eine Seite von mehreren; die nächste ist {str(links['next'])[:200]}.")
    return reading


def _why(said: Any) -> Words | None:
    """What JSON without an OParl object likely is."""
    names = said if isinstance(said, dict) else next((one for one in _listed(said) if isinstance(one, dict)), {})
    if "specversion" in names:
        return SUBMISSION
    if said in ([], {}) or names.get("data") == []:
        return NOTHING
    if _only_ids(said):
        return ONLY_IDS
    return FAILED if "error" in names or "exception" in names else None


def _only_ids(said: Any) -> bool:
    """A list of addresses, or an object of such lists."""
    if isinstance(said, dict):
        return any(map(_only_ids, said.values()))
    return isinstance(said, list) and bool(said) and all(isinstance(one, str) and "://" in one for one in said)


def loaded(text: str) -> Any:
    """JSON of a text, or of each of its lines; refuses NaN and halves of surrogate pairs, and leaves out NUL: neither files nor
    databases take them. Line breaks and other controls within texts, which council systems do not always escape, are let in."""
    bare = text.removeprefix("\ufeff").replace("\\u0000", "")
    try:
        said = json.loads(bare, parse_constant=_refuse, strict=False)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
        said = [json.loads(line, parse_constant=_refuse, strict=False) for line in bare.splitlines() if line.strip()]
    if re.search(r"\\u[dD][89a-fA-F]", text):
        json.dumps(said, ensure_ascii=False).encode()
    return said


def kind_of(thing: Object) -> str:
    """Kind of an OParl object by its type's URL, or an empty text."""
    said = thing.get("type")
    name = re.search(r"[A-Za-z]+$", str(said[0] if isinstance(said, list) and said else said or "").rstrip("/"))
    return _KINDS.get(name[0].lower(), "") if name else ""


def _yes(said: Any) -> bool | None:
    """Yes or no, which some systems write as a text; None for neither."""
    return {"true": True, "1": True, "false": False, "0": False}.get(str(said).lower())


def _deleted(thing: Object) -> bool:
    return _yes(thing.get("deleted")) is True


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _objects(said: Any, kind: str = "") -> Iterator[tuple[str, Object]]:
    """Objects of a file with their kinds; an empty kind is one that is not known."""
    if isinstance(said, list):
        for one in said:
            yield from _objects(one, kind)
    elif isinstance(said, dict):
        found = kind_of(said) or (kind if "id" in said or "reference" in said else "")
        known = [] if found else [(name, of) for name, of in LISTS.items() if isinstance(said.get(name), list | dict)]
        if known:
            for name, of in known:
                yield from _objects(said[name], of)
            yield from _objects([value for name, value in said.items() if name not in LISTS and _holds_objects(value)])
        elif not found and (wrapped := [value for value in said.values() if _holds_objects(value)]):
            yield from _objects(wrapped)
        else:
            yield found, said
    else:
        yield "", {"value": said}


def _unread_lists(said: Any) -> list[str]:
    """Names of lists of an object of lists that hold objects, but none of OParl."""
    if not isinstance(said, dict) or kind_of(said) or not any(name in LISTS for name in said):
        return []
    others = ((name, value) for name, value in said.items() if name not in LISTS and isinstance(value, list))
    return [name for name, value in others if any(isinstance(one, dict) for one in value) and not _holds_objects(value)]


def _holds_objects(said: Any) -> bool:
    """Is it an OParl object, or a list of such?"""
    first = said[0] if isinstance(said, list) and said else said
    return isinstance(first, dict) and kind_of(first) != ""


class _Index:
    """Objects by id, embedded ones included, with the links between them that are said from one side only."""

    def __init__(self) -> None:
        self.by_id: dict[str, tuple[str, Object]] = {}
        self.items_of_consultation: dict[str, list[Object]] = {}
        self.consultations_of_paper: dict[str, list[Object]] = {}

    def add(self, kind: str, thing: Object, *, within: Object | None = None, embedded: bool = False) -> None:
        """Take in an object and what is embedded in it; a newer state of the same takes its place, but not a mere piece of it
        by which others refer to it (``embedded``)."""
        identity = _id(thing)
        if identity:
            before = self.by_id.get(identity)
            if before and (instant_of(before[1]) > instant_of(thing) or (embedded and thing.keys() < before[1].keys())):
                return
            self.by_id[identity] = (kind, thing)
        if _deleted(thing) and kind in ("Meeting", "AgendaItem"):
            return  # what it said before counts no longer
        if kind == "Meeting":
            for item in _listed(thing.get("agendaItem")):
                if isinstance(item, dict):
                    self.add("AgendaItem", item | {"meeting": item.get("meeting") or identity})
        elif kind == "AgendaItem":
            for consultation in _consulted(thing):
                self.items_of_consultation.setdefault(consultation, []).append(thing)
        elif kind == "Paper":
            for consultation_said in _listed(thing.get("consultation")):
                if isinstance(consultation_said, dict):
                    self.add("Consultation", consultation_said, within=thing)
        elif kind == "Consultation" and within is None and (paper := _id(thing.get("paper"))):
            self.consultations_of_paper.setdefault(paper, []).append(thing)
        for name, of in (
            ("organization", "Organization"),
            ("meeting", "Meeting"),
            ("agendaItem", "AgendaItem"),
            ("body", "Body"),
            ("underDirectionOf", "Organization"),
        ):
            if not (kind == "Meeting" and name == "agendaItem"):
                for piece in _listed(thing.get(name)):
                    if isinstance(piece, dict) and _id(piece):
                        self.add(of, piece, embedded=True)

    def item_of(self, consultation: Object) -> Object | None:
        """The agenda item that names the consultation: that of the consultation's meeting, or the only one."""
        items = {
            _id(item) or str(at): item for at, item in enumerate(self.items_of_consultation.get(_id(consultation) or "", ()))
        }
        meeting = _id(consultation.get("meeting"))
        found = [item for item in items.values() if meeting is None or _id(item.get("meeting")) in (meeting, None)]
        return found[0] if len(found) == 1 else None

    def get(self, said: Any, kind: str) -> Object | None:
        """The object an id names, or the embedded object itself."""
        found = self.by_id.get(_id(said) or "")
        if found and found[0] == kind:
            return None if _deleted(found[1]) and kind != "Paper" else found[1]
        return said if isinstance(said, dict) and len(said) > 1 else None


def _rows(top: list[tuple[str, Object]], given: Given, reading: Reading) -> Iterator[Row]:
    index = _Index()
    for thing in given.remembered:
        if kind := kind_of(thing):
            index.add(kind, thing)
    for kind, thing in top:
        if kind:
            index.add(kind, thing)
    here: set[str] = set()
    awaited: dict[str, None] = {}
    touched: dict[str, str] = {}
    ids: dict[str, str] = {}
    for at, (kind, thing) in enumerate(top, 1):
        place = str(at)
        if not kind:
            yield Row(place, thing, faults=(Fault("PAP-02", "type", str(thing.get("type") or "")[:200] or None),))
            continue
        identity = _id(thing)
        if kind in REMEMBERED and identity:
            reading.council.append(_gist(kind, thing))
        if kind != "Paper":
            for named in _named(kind, thing):
                touched.setdefault(named, place)
            yield Row(
                place,
                {name: thing.get(name) for name in ("id", "type", "name", "start") if thing.get(name)},
                ignored=f"{kind}: wird für Vorlagen gemerkt" if kind in REMEMBERED else f"{kind}: enthält keine Beratung",
            )
            continue
        row = _paper_row(place, thing, index, given, reading.remarks)
        awaited |= dict.fromkeys(_awaited(thing, index))
        if identity:
            here.add(identity)
            for _, draft in row.drafts:
                if ids.setdefault(draft.subject, identity) != identity:
                    reference = draft.body["decision"].reference
                    reading.remarks.append(f"Aktenzeichen {reference} steht an zwei Vorlagen; es gilt die spätere von beiden.")
        yield row
    for thing in given.remembered:
        if kind_of(thing) == "Paper" and (identity := _id(thing)) and identity not in here:
            by = next((touched[name] for name in _reach(thing, index) if name in touched), None)
            if by:
                row = _paper_row(f"{by}>{_tail(identity)}", thing, index, given, reading.remarks)
                row.cells = {"id": identity, "reference": thing.get("reference")}
                yield row
    if awaited:
        some = ", ".join(map(_tail, islice(awaited, MOST_NAMED))) + (" …" if len(awaited) > MOST_NAMED else "")
        reading.remarks.append(f"Noch nicht eingereicht: Sitzungen {some}; bis dahin zeigen Beratungen weder Tag noch Ergebnis.")


MOST_NAMED: Final = 10
"""So many ids are named where many are missing."""


def _awaited(paper: Object, index: _Index) -> Iterator[str]:
    """Ids of the meetings that consultations of a paper name, and nobody handed in."""
    for consultation in _consultations(paper, index):
        meeting = _id(consultation.get("meeting"))
        if meeting and meeting not in index.by_id and not isinstance(consultation.get("meeting"), dict):
            yield meeting


_GIST: Final = {
    "Paper": (
        "reference",
        "name",
        "paperType",
        "date",
        "deleted",
        "web",
        "body",
        "underDirectionOf",
        "mainFile",
        "auxiliaryFile",
        "consultation",
    ),
    "Meeting": ("name", "start", "cancelled", "meetingState", "organization", "deleted"),
    "AgendaItem": ("meeting", "consultation", "result", "deleted"),
    "Consultation": ("paper", "meeting", "agendaItem", "organization", "role", "authoritative", "deleted"),
    "Organization": ("name", "shortName"),
    "Body": ("name", "ags", "rgs"),
}


def _gist(kind: str, thing: Object) -> Object:
    """What papers need to know of an object; nothing else of it is remembered, least of all persons."""
    gist = {name: thing[name] for name in _GIST[kind] if thing.get(name) is not None}
    gist |= {"id": _id(thing), "type": f"https://schema.oparl.org/1.1/{kind}", "modified": _said(thing.get("modified"), 40) or ""}
    if kind == "Meeting":
        items = [item for item in _listed(thing.get("agendaItem")) if isinstance(item, dict) and _id(item)]
        gist["agendaItem"] = [
            {name: item[name] for name in ("id", "consultation", "result", "deleted") if item.get(name) is not None}
            for item in items
        ]
    return gist


def names_of(thing: Object) -> list[str]:
    """Ids that a remembered object has or names: what it is found by."""
    kind = kind_of(thing)
    names = referred(thing) if kind == "Paper" else _named(kind, thing)
    if kind == "Consultation":
        names += _met(thing)
    return list(dict.fromkeys(names))


def upwards(thing: Object) -> list[str]:
    """Ids by which the papers of a consultation or an agenda item are found, or what leads to them."""
    return _named(kind_of(thing), thing) if kind_of(thing) in ("Consultation", "AgendaItem") else []


def downwards(thing: Object) -> list[str]:
    """Ids of what a paper, a consultation or an agenda item is explained by."""
    match kind_of(thing):
        case "Paper":
            return referred(thing)
        case "Consultation":
            return _met(thing)
        case "AgendaItem":
            return [name for name in (_id(thing.get("meeting")), *_consulted(thing)) if name]
    return []


def _consulted(item: Object) -> list[str]:
    """Ids of the consultations of an agenda item: one, or several in a list."""
    return [name for name in map(_id, _listed(item.get("consultation"))) if name]


def _met(consultation: Object) -> list[str]:
    """Ids of where a consultation was held, and by whom."""
    said = (consultation.get("meeting"), consultation.get("agendaItem"), *_listed(consultation.get("organization")))
    return [name for name in map(_id, said) if name]


def _reach(paper: Object, index: _Index) -> Iterator[str]:
    """Ids of all that a paper's state rests on, also by way of consultations that stand alone."""
    yield from referred(paper)
    for consultation in _consultations(paper, index):
        yield from _met(consultation)
        if item := index.item_of(consultation):
            yield from filter(None, (_id(item), _id(item.get("meeting"))))


def _named(kind: str, thing: Object) -> list[str]:
    """Ids under which papers may name this object."""
    names = [
        _id(thing),
        _id(thing.get("paper")) if kind == "Consultation" else None,
        *(_consulted(thing) if kind == "AgendaItem" else ()),
    ]
    if kind == "Meeting":
        for item in _listed(thing.get("agendaItem")):
            names += [_id(item), *(_consulted(item) if isinstance(item, dict) else ())]
    return [name for name in names if name]


def referred(paper: Object) -> list[str]:
    """Ids of the objects a paper names, and its own: what it is looked up by when one of them comes later."""
    names = [_id(paper), _id(paper.get("body")), *map(_id, _listed(paper.get("underDirectionOf")))]
    for consultation in _listed(paper.get("consultation")):
        names.append(_id(consultation))
        if isinstance(consultation, dict):
            names += _met(consultation)
    return list(dict.fromkeys(name for name in names if name))


def _paper_row(place: str, paper: Object, index: _Index, given: Given, remarks: list[str]) -> Row:
    identity = _id(paper)
    reference = _said(paper.get("reference"))
    if not reference and identity:
        before = next((thing for thing in given.remembered if _id(thing) == identity and _said(thing.get("reference"))), None)
        reference = _said(before.get("reference")) if before else _tail(identity)
        if not before and not _deleted(paper):
            remarks.append(f"Vorlage {_tail(identity)} hat kein Aktenzeichen (reference); es gilt das Ende ihrer Kennung.")
    if not reference:
        return Row(place, paper, faults=(Fault("PAP-01", "id", None),))
    remarks.extend(remark for remark in _unread(paper, index) if remark not in remarks)
    municipality, named = _municipality(paper, index, given)
    key = f"{municipality}/{reference}"
    remark = (
        f"Die Kommune ist nicht genannt; als ihr Schlüssel gilt {municipality}. "
        "Mit --municipality angeben, wie sie in den Maßnahmen heißt."
    )
    if not named and remark not in remarks:
        remarks.append(remark)
    try:
        decision = Decision(
            paper=key,
            reference=reference,
            title=(_said(paper.get("name")) or reference)[:1000],
            paper_type=_said(paper.get("paperType"), 120),
            lead=tuple(name[:300] for name in _names(paper.get("underDirectionOf"), index)),
            dated=_date(paper.get("date")),
            modified=_said(paper.get("modified"), 40),
            deleted=_deleted(paper),
            url=next((url for name in ("web", "id") if "://" in (url := _said(paper.get(name), 1000) or "")), None),
            steps=tuple(_steps(paper, index)),
            files=tuple(_files(paper)),
        )
    except ValidationError as error:
        problem = error.errors()[0]
        return Row(place, paper, faults=(Fault("PAP-02", ".".join(map(str, problem["loc"])), str(problem.get("input"))[:200]),))
    draft = Draft(KIND, (key,), subject_of("paper", key), DecisionRecorded, {"decision": decision}, state=instant_of(paper))
    return Row(place, paper, [(place, draft)])


def _municipality(paper: Object, index: _Index, given: Given) -> tuple[str, bool]:
    """Key of the municipality: as said at hand-in, else the body's official key, else the host of the paper's id, and False."""
    if given.municipality:
        return given.municipality, True
    body = index.get(paper.get("body"), "Body") or {}
    official = _official(_said(body.get("ags"))) or _official(_said(body.get("rgs")))
    return official or urlsplit(_id(paper) or "").hostname or "unbekannt", official is not None


def _official(said: str | None) -> str | None:
    """Official key of a municipality (AGS, 8 digits) or district (5), as council systems write it: with blanks, without its
    leading zero, with zeros behind it, or as regional key (12 digits: those of the association come off).

    >>> [_official(said) for said in ("05 366 024", "5366024", "051140000", "053660024024", "3157")]
    ['05366024', '05366024', '05114000', '05366024', '03157']
    """
    digits = re.sub(r"\s", "", said or "")
    if not digits.isdecimal():
        return None
    if len(digits) == 12:
        return digits[:5] + digits[9:]
    if len(digits) in (4, 7):
        digits = f"0{digits}"
    return digits[:8] if not digits[8:].strip("0") else digits


def _consultations(paper: Object, index: _Index) -> list[Object]:
    """Consultations of a paper: as embedded, where they are, since council systems give one consultation's id to several."""
    found = [
        one
        for said in _listed(paper.get("consultation"))
        if (one := said if isinstance(said, dict) and len(said) > 2 else index.get(said, "Consultation"))
    ]
    listed = {_id(one) for one in found}
    return found + [one for one in index.consultations_of_paper.get(_id(paper) or "", ()) if _id(one) not in listed]


def _steps(paper: Object, index: _Index) -> list[Step]:
    """The consultation sequence by date; a step without a date stays behind the one it is listed behind."""
    placed: list[tuple[date, int, Step]] = []
    last = date.min
    for at, consultation in enumerate(_consultations(paper, index)):
        if _deleted(consultation):
            continue
        step = _step(consultation, index)
        last = step.held_on or last
        placed.append((last, at, step))
    return [step for _, _, step in sorted(placed, key=lambda one: one[:2])]


DECIDES: Final = frozenset(("beschliessend", "entscheidend", "beschlussfassend", "entscheidung", "beschlussfassung", "beschluss"))
"""Roles of a step that decides, as they are compared."""


_BESIDE: Final = re.compile(r"\b(?:(?:nicht ?)?oeffentlich\w*|zur|abschliessende?|endgueltige?)\b|[^a-z]+")
"""What stands beside the name of a role and does not change it."""
_TAKES_NOTE: Final = re.compile(r"kenntnis(?:nahme|gabe)?(?:mitteilung|bericht)?")
"""Roles of a body that is only told."""
NOT_HELD: Final = frozenset(("abgesagt", "entfallen", "entfaellt", "ausgefallen", "faellt aus", "cancelled"))
"""States of a meeting that was not held, as they are compared."""


def _authoritative(consultation: Object) -> bool | None:
    """Does the step decide? As it says, else where its role says so; None where neither does. Who takes note decides nothing,
    though some systems call that authoritative, too."""
    role = _BESIDE.sub("", folded(_said(consultation.get("role"), 120) or ""))
    if _TAKES_NOTE.fullmatch(role):
        return False
    said = _yes(consultation.get("authoritative"))
    return said if said is not None else True if role in DECIDES else None


def _unread(paper: Object, index: _Index) -> Iterator[str]:
    """What a paper says that cannot be read, for people."""
    name = _said(paper.get("reference")) or _tail(_id(paper) or "")
    if paper.get("date") and _date(paper["date"]) is None:
        yield f"Vorlage {name}: das Datum {str(paper['date'])[:40]!r} ist nicht zu lesen; erwartet ist 2021-10-06."
    for said in _listed(paper.get("consultation")):
        if not isinstance(said, dict) and not _id(said):
            yield f"Vorlage {name}: eine Beratung ist weder Objekt noch Kennung ({str(said)[:40]}) und wird nicht gelesen."
        elif not (isinstance(said, dict) and len(said) > 2) and index.get(said, "Consultation") is None:
            yield f"Vorlage {name}: die Beratung {_tail(_id(said) or '?')} ist noch nicht eingereicht."
        elif (one := said if isinstance(said, dict) and len(said) > 2 else index.get(said, "Consultation")) is not None:
            if one.get("role") and _said(one["role"]) is None:
                yield f"Vorlage {name}: die Rolle {str(one['role'])[:40]} einer Beratung ist nicht zu lesen."
            meeting = index.get(one.get("meeting"), "Meeting")
            if meeting and meeting.get("start") and _date(meeting["start"]) is None:
                day = str(meeting["start"])[:40]
                yield f"Vorlage {name}: der Sitzungstag {day!r} ist nicht zu lesen; erwartet ist 2021-10-06."
    if (held := _consultations(paper, index)) and not any(
        one.get("meeting") or one.get("agendaItem") or index.item_of(one) for one in held
    ):
        yield f"Vorlage {name}: keine ihrer Beratungen nennt Sitzung oder Tagesordnungspunkt; ihre Ergebnisse bleiben unbekannt."


def _step(consultation: Object, index: _Index) -> Step:
    item = index.get(consultation.get("agendaItem"), "AgendaItem") or index.item_of(consultation)
    meeting = index.get(consultation.get("meeting"), "Meeting") or (index.get(item.get("meeting"), "Meeting") if item else None)
    name = _said(meeting.get("name"), 280) if meeting else None
    cancelled = meeting is not None and (
        _yes(meeting.get("cancelled")) or folded(_said(meeting.get("meetingState")) or "") in NOT_HELD
    )
    bodies = _names(consultation.get("organization"), index) or (_names(meeting.get("organization"), index) if meeting else [])
    raw = _said(item.get("result"), 500) if item else None
    return Step(
        body=(
            ", ".join(bodies)
            or name
            or next(iter(map(_id, _listed(consultation.get("organization")))), None)
            or "unbekanntes Gremium"
        )[:300],
        role=_said(consultation.get("role"), 120),
        authoritative=_authoritative(consultation),
        held_on=_date(meeting.get("start")) if meeting and not cancelled else None,
        meeting=f"{name} (abgesagt)" if cancelled and name else name,
        result_raw=raw,
        result=StepResult.UNKNOWN if cancelled and raw else result_of(raw),  # a meeting that was not held decides nothing
    )


def _files(paper: Object) -> Iterator[PaperFile]:
    for said in (paper.get("mainFile"), *_listed(paper.get("auxiliaryFile"))):
        if isinstance(said, dict) and not _deleted(said):
            name = _said(said.get("name")) or _said(said.get("fileName")) or _tail(_id(said) or "") or "Anlage"
            yield PaperFile(
                name=name[:300], url=_said(said.get("accessUrl"), 1000) or _said(said.get("downloadUrl"), 1000) or _id(said)
            )
        elif isinstance(said, str) and said:
            yield PaperFile(name=_tail(said)[:300] or "Anlage", url=said[:1000])


def _names(said: Any, index: _Index) -> list[str]:
    """Names of organizations that are known; an id alone is no name."""
    found = (index.get(one, "Organization") for one in _listed(said))
    return [name for one in found if one and (name := _said(one.get("name")) or _said(one.get("shortName")))]


def _listed(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [] if said is None else [said]


def _id(said: Any) -> str | None:
    """Id of an object, or that a link says, as ids are compared."""
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    identity = said.get("id") if isinstance(said, Mapping) else said
    return _compared(identity.strip()) or None if isinstance(identity, str) else None


@lru_cache(maxsize=20_000)
def _compared(identity: str) -> str:
    """An id as ids are compared: systems moved to https call the same object by both, or its parameters in another order."""
    scheme, behind, rest = identity.partition("://")
    if not behind or scheme.lower() not in ("http", "https"):
        return identity
    host, slash, path = rest.replace("&amp;", "&").partition("/")
    path, question, query = path.partition("?")
    return f"https://{host.lower()}{slash}{path.rstrip('/')}{question}{'&'.join(sorted(query.split('&')))}"


_TAG: Final = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Signs that no report can print."""
_ENTITY: Final = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")


def _said(said: Any, limit: int = 4_000) -> str | None:
    """A text on one line and without HTML, or None; of a text in several languages the German one."""
    if isinstance(said, list) and len(said) == 1 and isinstance(said[0], str):
        said = said[0]
    if isinstance(said, dict) and "id" not in said and "type" not in said:
        said = said.get("de") or next(filter(None, said.values()), None)
    if not isinstance(said, str | int) or isinstance(said, bool):
        return None
    text = _CONTROLS.sub(" ", str(said))
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = _ENTITY.sub(lambda entity: unescape(entity[0]), text)
    return " ".join(text.split())[:limit] or None


def _tail(identity: str) -> str:
    """What tells an object from others of its kind: the parameter ``id`` of its address, else the end of it.

    >>> _tail("https://ris.example/papers.asp?typ=vo&id=17"), _tail("https://ris.example/paper/17")
    ('17', '17')
    """
    parts = urlsplit(identity)
    own = parse_qs(parts.query).get("id")
    end = parts.path.rstrip("/").rpartition("/")[2]
    return (own[0] if own else f"{end}?{parts.query}" if parts.query else end) or identity[-60:]


EARLIEST: Final = 1900
"""Year before which nothing was decided that anybody hands in: .NET's empty date is 0001-01-01."""


def _moment(said: str) -> datetime:
    """An OParl date-time; one that names no zone is of Berlin. Raises ``ValueError``, also for "never"."""
    moment = datetime.fromisoformat(said.strip().upper().replace("Z", "+00:00").replace("::", ":"))  # „+01::00“ is a known slip
    if moment.year < EARLIEST:
        raise ValueError(said)
    return moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)


def _date(said: Any) -> date | None:
    """Day of an OParl date or date-time, as it was in Berlin; None for what is neither."""
    if not isinstance(said, str) or not said.strip():
        return None
    try:
        if "T" in said.upper():
            return business_date(_moment(said))
        if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+\d{1,2}[:.]\d{2}.*)?", said.strip()):
            return date(int(found[3]), int(found[2]), int(found[1]))
        return date.fromisoformat(said.strip()[:10])
    except (ValueError, OverflowError):
        return None


NEVER: Final = "2000-01-01T00:00"
"""How ALLRIS begins each moment of change: it keeps none."""


def instant_of(thing: Object) -> str:
    """What orders the states of an object: its moment of change in UTC, or an empty text."""
    said = thing.get("modified")
    if not isinstance(said, str) or said.startswith(NEVER):
        return ""
    try:
        return _moment(said).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""


def referenced_by(objects: Any) -> list[str]:
    """All ids that the objects of a file have or name: what to look up of what was handed in before."""
    found: dict[str, None] = {}

    def walk(said: Any) -> None:
        if isinstance(said, dict):
            for value in said.values():
                walk(value)
        elif isinstance(said, list):
            for value in said:
                walk(value)
        elif isinstance(said, str) and said.startswith(("http://", "https://")):
            found[_compared(said.strip())] = None

    walk(objects)
    return list(found)
