"""Council papers: the way they took, and results that are never guessed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from services.intake.domain import readers
from services.intake.domain.errors import Unreadable
from services.intake.domain.identity import Identities, Left, New
from services.intake.domain.readers.results import PHRASES, result_of
from services.intake.domain.reading import Given, Reading
from shared.contracts.intake import Decision, StepResult
from shared.values.source import Source

BASE = "https://rat.example.org/oparl"
PASSED, CHANGED, REJECTED = StepResult.PASSED_UNCHANGED, StepResult.PASSED_CHANGED, StepResult.REJECTED
POSTPONED, REFERRED, NOTED, UNKNOWN = StepResult.POSTPONED, StepResult.REFERRED, StepResult.NOTED, StepResult.UNKNOWN


def thing(kind: str, id: str, **more: Any) -> dict[str, Any]:
    return {"type": f"https://schema.oparl.org/1.1/{kind}", "id": f"{BASE}/{id}", **more}


def paper(*consultations: dict[str, Any], modified: str = "2021-10-07T08:00:00+02:00", **more: Any) -> dict[str, Any]:
    return thing(
        "Paper",
        "paper/1",
        reference="2021/941",
        name="Fortführung",
        date="2021-09-01",
        modified=modified,
        consultation=list(consultations),
        **more,
    )


def consultation(number: int, role: str = "Vorberatung", *, meeting: bool = True) -> dict[str, Any]:
    said = {"organization": [f"{BASE}/organization/{number}"], "role": role}
    if meeting:
        said |= {"meeting": f"{BASE}/meeting/{number}", "agendaItem": f"{BASE}/item/{number}"}
    return thing("Consultation", f"consultation/{number}", **said)


def meeting(number: int, day: str, result: str | None = "ungeändert beschlossen", **more: Any) -> dict[str, Any]:
    item = thing("AgendaItem", f"item/{number}", **({"result": result} if result else {}))
    return thing(
        "Meeting", f"meeting/{number}", name=f"{number}. Sitzung", start=f"{day}T17:00:00+02:00", agendaItem=[item], **more
    )


def organization(number: int, name: str) -> dict[str, Any]:
    return thing("Organization", f"organization/{number}", name=name)


def read(said: Any, *remembered: dict[str, Any], municipality: str | None = "03157") -> Reading:
    return readers.read(
        json.dumps(said).encode(), Given(name="vorlage.json", municipality=municipality, remembered=remembered)
    ).all()


def decision(reading: Reading) -> Decision:
    ((_, draft),) = reading.drafts
    found: Decision = draft.body["decision"]
    return found


WHOLE = [
    paper(consultation(3, "Entscheidung"), consultation(1), consultation(2, meeting=False)),
    meeting(1, "2021-09-21"),
    meeting(3, "2021-10-06"),
    organization(1, "Jugendhilfeausschuss"),
    organization(2, "Kreisausschuss"),
    organization(3, "Kreistag"),
]


def test_steps_come_in_the_order_of_their_dates() -> None:
    found = decision(read(WHOLE))
    assert [(step.body, step.held_on, step.result) for step in found.steps] == [
        ("Jugendhilfeausschuss", date(2021, 9, 21), PASSED),
        ("Kreisausschuss", None, None),
        ("Kreistag", date(2021, 10, 6), PASSED),
    ]
    assert found.paper == "03157/2021/941" and found.reference == "2021/941"


def test_a_step_without_a_date_stays_behind_the_one_it_is_listed_behind() -> None:
    said = [
        paper(consultation(1), consultation(2, meeting=False), consultation(3)),
        meeting(1, "2021-09-21"),
        meeting(3, "2021-10-06"),
    ]
    assert [step.held_on for step in decision(read(said)).steps] == [date(2021, 9, 21), None, date(2021, 10, 6)]


@pytest.mark.parametrize(
    "said",
    [
        WHOLE,
        {"papers": WHOLE[:1], "meetings": WHOLE[1:3], "organizations": WHOLE[3:]},
        {"data": WHOLE, "pagination": {"totalElements": 6}, "links": {}},
        [{"data": WHOLE[:1]}, {"data": WHOLE[1:]}],
    ],
    ids=["list", "object of lists", "page", "pages"],
)
def test_objects_come_in_any_form_people_save_them_in(said: Any) -> None:
    assert decision(read(said)) == decision(read(WHOLE))


def test_everything_may_be_embedded_in_the_paper() -> None:
    first = {**consultation(1), "meeting": meeting(1, "2021-09-21"), "organization": [organization(1, "Jugendhilfeausschuss")]}
    (step,) = decision(read(paper(first))).steps
    assert (step.body, step.held_on, step.result) == ("Jugendhilfeausschuss", date(2021, 9, 21), PASSED)


def test_a_consultation_may_stand_alone_and_be_linked_from_the_agenda_item() -> None:
    alone = {**consultation(1, meeting=False), "paper": f"{BASE}/paper/1", "meeting": f"{BASE}/meeting/1"}
    held = meeting(1, "2021-09-21")
    held["agendaItem"][0]["consultation"] = alone["id"]
    (step,) = decision(read([paper(), alone, held])).steps
    assert step.result is PASSED and step.held_on == date(2021, 9, 21)


def test_two_consultations_with_one_id_stay_two() -> None:
    first, second = consultation(1), {**consultation(2), "id": consultation(1)["id"]}
    said = [paper(first, second), meeting(1, "2021-07-27", "vertagt"), meeting(2, "2021-09-28", "abgelehnt")]
    assert [(step.held_on, step.result) for step in decision(read(said)).steps] == [
        (date(2021, 7, 27), POSTPONED),
        (date(2021, 9, 28), REJECTED),
    ]


def test_a_cancelled_meeting_is_no_step_that_was_held() -> None:
    (step,) = decision(read([paper(consultation(1)), meeting(1, "2021-09-21", None, cancelled=True)])).steps
    assert step.held_on is None and step.meeting == "1. Sitzung (abgesagt)"


def test_a_paper_without_consultation_and_a_deleted_one_are_papers_still() -> None:
    assert decision(read(paper())).steps == ()
    gone = thing("Paper", "paper/1", reference="", name="", deleted=True, modified="2022-01-01T00:00:00+01:00")
    assert decision(read(gone)).deleted and decision(read(gone)).reference == "1"
    assert decision(read(gone, paper())).reference == "2021/941"


def test_the_municipality_is_as_said_else_of_the_body_else_the_host() -> None:
    body = thing("Body", "body/1", name="Kreis", ags="03157000")
    of_body = paper(body=f"{BASE}/body/1")
    assert decision(read([of_body, body], municipality=None)).paper == "03157000/2021/941"
    assert decision(read(paper(), municipality=None)).paper == "rat.example.org/2021/941"


def judged(*readings: Reading) -> list[str]:
    identities, source = Identities(), Source(digest="0" * 64, place="1")
    return [type(identities.judge(draft, source)).__name__ for reading in readings for _, draft in reading.drafts]


def test_a_later_state_is_news_an_earlier_one_is_not() -> None:
    early, late = read(paper(modified="2021-09-01T08:00:00+02:00")), read(paper(modified="2021-10-07T06:00:00Z"))
    assert judged(early, late) == [New.__name__, New.__name__]
    assert judged(late, early) == [New.__name__, Left.__name__]


def test_a_meeting_that_comes_later_makes_a_new_state_of_the_papers_it_decides_on() -> None:
    alone = read(paper(consultation(1)))
    (remembered,) = alone.council
    later = read(meeting(1, "2021-09-21"), remembered)
    ((place, draft),) = later.drafts
    assert place == "1>1" and draft.body["decision"].steps[0].result is PASSED
    assert judged(alone, later) == ["New", "New"]


def test_what_was_remembered_enriches_a_paper_that_comes_later() -> None:
    known = read([meeting(1, "2021-09-21"), organization(1, "Jugendhilfeausschuss")])
    assert not list(known.drafts) and len(known.ignored) == 2
    assert decision(read(paper(consultation(1)), *known.council)).steps[0].body == "Jugendhilfeausschuss"


def test_persons_are_not_remembered() -> None:
    reading = read([paper(originatorPerson=[f"{BASE}/person/1"]), thing("Person", "person/1", name="Erika Beispiel")])
    assert "person" not in json.dumps(reading.council).lower()


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        ("ungeändert beschlossen", PASSED),
        ("geändert beschlossen", CHANGED),
        ("Ungeändert  Beschlossen.", PASSED),
        ("nicht empfohlen", REJECTED),
        ("empfohlen", PASSED),
        ("einstimmig beschlossen", PASSED),
        ("mehrheitlich zugestimmt", PASSED),
        ("mehrheitlich abgelehnt", REJECTED),
        ("einstimmig, bei 2 Enthaltungen, beschlossen", PASSED),
        ("Mit Mehrheit abgelehnt (12:3:1)", REJECTED),
        ("zur Kenntnis genommen", NOTED),
        ("Kenntnisnahme", NOTED),
        ("vertagt", POSTPONED),
        ("vertagt / verbleibt", POSTPONED),
        ("an Ausschuss überwiesen", REFERRED),
        ("verwiesen in Fachausschuss", REFERRED),
        ("verwiesen an Kulturausschuss", REFERRED),
        ("Zugestimmt zu geändertem Beschlusstext", CHANGED),
        ("Stimmengleichheit - abgelehnt", REJECTED),
        ("unverändert angenommen", PASSED),
        ("in geänderter Fassung beschlossen", CHANGED),
        ("ohne Änderungen beschlossen", PASSED),
        ("UNGEÄNDERT BESCHLOSSEN", PASSED),
        ("ungeaendert beschlossen", PASSED),
        ("erledigt", UNKNOWN),
        ("zurückgezogen", UNKNOWN),
        ("teilweise abgelehnt", UNKNOWN),
        ("keine Abstimmung", UNKNOWN),
        ("einstimmig", UNKNOWN),
        ("mehrheitliche Zustimmung", PASSED),
        ("ungeändert beschlossen - Ja: 12, Nein: 3, Enthaltung: 1", PASSED),
        ("beschlossen (27 Ja / 3 Nein / 2 Enth.)", PASSED),
        ("mit 5:2 Stimmen abgelehnt", REJECTED),
        ("Überweisung an Sozialausschuss", REFERRED),
        ("vertagt auf die nächste Sitzung", POSTPONED),
        ("einstimmige Beschlussempfehlung", UNKNOWN),
        ("vorberaten ohne Änderungen", UNKNOWN),
        ("mit Stellungnahme einverstanden", UNKNOWN),
        ("ablehnend zur Kenntnis genommen", UNKNOWN),
        ("nicht geändert beschlossen", UNKNOWN),
        ("nicht überwiesen", UNKNOWN),
        ("wird beschlossen, falls Mittel da sind", UNKNOWN),
        ("beschlossen / überwiesen", UNKNOWN),
        ("nicht abgelehnt", UNKNOWN),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_results_are_read_as_a_whole_and_never_guessed(raw: str | None, result: StepResult | None) -> None:
    assert result_of(raw) is result


def test_no_phrase_says_yes_with_a_no_in_it() -> None:
    assert all(PHRASES) and "einstimmig" not in PHRASES
    for phrase, result in PHRASES.items():
        if {"nicht", "kein", "keine", "abgelehnt", "ablehnung"} & set(phrase.split()):
            assert result in (REJECTED, POSTPONED), phrase


def test_text_that_no_database_takes_is_left_out_or_refused() -> None:
    assert decision(readers.read(json.dumps(paper(paperType="a\x00b")).encode(), Given()).all()).paper_type == "ab"
    with pytest.raises(Unreadable) as refused:
        readers.read(json.dumps(paper(paperType="\ud800")).encode(), Given())
    assert refused.value.fault.code == "FILE-08"


def test_a_submission_handed_in_as_a_file_is_told_where_to_go() -> None:
    with pytest.raises(Unreadable, match="POST /intake/submissions"):
        readers.read(b'{"specversion": "1.0", "id": "1", "data": {}}', Given())


def test_roles_and_days_are_read_as_council_systems_write_them() -> None:
    localised = consultation(1) | {"role": {"de": "beschließend", "en": "deciding"}}
    reading = read([paper(localised) | {"date": "06.10.2021"}, meeting(1, "2021-10-06") | {"start": "06.10.2021, 17:00 Uhr"}])
    (decision,) = [draft.body["decision"] for _, draft in reading.drafts]
    (step,) = decision.steps
    assert (step.role, step.authoritative, step.held_on) == ("beschließend", True, date(2021, 10, 6))
    assert decision.dated == date(2021, 10, 6) and not reading.remarks


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ({"consultation": [5]}, "weder Objekt noch Kennung"),
        ({"consultation": [f"{BASE}/consultation/9"]}, "noch nicht eingereicht"),
        ({"date": "im Herbst"}, "das Datum"),
        ({"consultation": [consultation(1) | {"role": [1]}]}, "die Rolle"),
    ],
)
def test_what_a_paper_says_that_cannot_be_read_is_remarked(broken: dict[str, Any], word: str) -> None:
    reading = read([paper() | broken])
    assert len(list(reading.drafts)) == 1 and word in reading.remarks[0]
