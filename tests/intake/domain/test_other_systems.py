"""What banks and council systems were seen to write, each in a file made here: read as a person would, and never in silence."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from services.intake.domain.errors import Unreadable
from services.intake.domain.identity import Identities, New
from services.intake.domain.readers.results import result_of
from services.intake.trying import try_files
from shared.contracts.intake import Decision, Payment, StepResult
from shared.values.source import Source
from tests.intake.domain.test_variants import BODY, HEADINGS, MEETING, PAPER, RIS, TYPE, row
from tests.intake.made import details, entry, faults, read, statement


def payments(content: bytes) -> list[Payment]:
    return [draft.body["payment"] for _, draft in read(content).drafts]


# ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────────

EVEN = "".join(
    f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">7.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
    for code in ("OPBD", "CLBD")
)


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        (statement([]), "Auszug A-1: er enthält keine Buchungen."),
        (statement([], balances=EVEN), "In der Datei stehen keine Buchungen."),
        (statement([]).replace(b"<Stmt>", b"<!--").replace(b"</Stmt>", b"-->"), "In der Datei stehen keine Buchungen."),
        (statement([entry()], balances="<TxsSummry><TtlNtries><NbOfNtries>35</NbOfNtries></TtlNtries></TxsSummry>"),
         "Auszug A-1: er nennt 35 Buchungen, in der Datei stehen 1."),
        (statement([entry(details="<Btch><NbOfTxs>3</NbOfTxs></Btch>")]),
         "Auszug A-1, Buchung 1.1: die Sammelbuchung über 3 Posten nennt sie nicht einzeln; sie gilt als eine Zahlung."),
    ],
    ids=["no entries", "no movement", "no statement", "fewer than told", "batch without its parts"],
)  # fmt: skip
def test_what_a_statement_does_not_hold_is_said(content: bytes, remark: str) -> None:
    assert read(content).remarks == [remark]


def test_a_statement_without_movement_beside_others_needs_no_word() -> None:
    quiet = statement([], balances=EVEN).split(b"</GrpHdr>")[1].split(b"</BkTo")[0]
    assert read(statement([entry()]).replace(b"</Stmt>", b"</Stmt>" + quiet)).remarks == []


def test_an_entry_of_zero_pays_nothing() -> None:
    reading = read(statement([entry("0.00"), entry("0", details=details("5.00") + details("5.00", direction="DBIT"))]))
    assert [(one.place, one.ignored) for one in reading.ignored] == [("1.1", "Betrag null: es wurde nichts gezahlt")]
    assert sum(draft.cents for _, draft in reading.drafts) == 0


@pytest.mark.parametrize(
    ("amount", "direction", "charges", "returned", "expected"),
    [
        ("53.00", "DBIT", "<Chrgs>{3}</Chrgs><Chrgs>{0}</Chrgs>", True, [(-5_000, True), (-300, False)]),
        ("47.00", "CRDT", "<Chrgs><TtlChrgsAndTaxAmt/><Rcrd>{3}</Rcrd></Chrgs>", True, [(5_000, True), (-300, False)]),
        ("53.00", "DBIT", "<Chrgs>{3}</Chrgs>", False, [(-5_000, False), (-300, False)]),
        ("50.00", "DBIT", "<Chrgs>{3}</Chrgs>", False, [(-5_000, False)]),  # charged in another entry
        ("54.00", "DBIT", "<Chrgs>{3}</Chrgs>", False, [(-5_400, False)]),  # something else, too
        ("53.00", "DBIT", "", False, [(-5_300, False)]),
    ],
)
def test_what_the_bank_charges_within_an_entry_is_a_payment_of_its_own(
    amount: str, direction: str, charges: str, returned: bool, expected: list[tuple[int, bool]]
) -> None:
    told = charges.replace("{3}", "<Amt Ccy='EUR'>3.00</Amt>").replace("{0}", "<Amt Ccy='EUR'>0.00</Amt>")
    reason = "<RtrInf><Rsn><Cd>MS03</Cd></Rsn></RtrInf>" if returned else ""
    parts = f"<TxDtls><AmtDtls><InstdAmt><Amt Ccy='EUR'>50.00</Amt></InstdAmt></AmtDtls>{told}{reason}</TxDtls>"
    beside = b"<AddtlNtryInf>RE-1</AddtlNtryInf></Ntry>"
    found = payments(statement([entry(amount, direction, details=parts)]).replace(b"</Ntry>", beside))
    assert [(one.amount_cents, one.reversal) for one in found] == expected
    assert [one.references for one in found] == [("RE1",), ()][: len(found)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("<Cd>NDDT+181+00931</Cd>", True),  # a direct debit credited again
        ("<Cd>NDDT+184</Cd>", True),
        ("<Cd>159</Cd><Issr>DK</Issr>", True),
        ("<Cd>159</Cd><Issr>ZKA</Issr>", True),
        ("<Cd>159</Cd><Issr>SOME BANK</Issr>", False),  # codes of others mean other things
        ("<Cd>1590</Cd><Issr>DK</Issr>", False),
        ("<Cd>NTRF+166+00931</Cd>", False),
    ],
)
def test_german_codes_of_what_came_back_are_known_however_they_are_written(code: str, expected: bool) -> None:
    came = entry(direction="CRDT", more=f"<BkTxCd><Prtry>{code}</Prtry></BkTxCd>", details=details())
    assert [one.reversal for one in payments(statement([came]))] == [expected]


@pytest.mark.parametrize(
    ("parties", "name"),
    [
        ("<Cdtr><Agt><FinInstnId><Nm>Musterbank AG</Nm></FinInstnId></Agt></Cdtr>", "Musterbank AG"),
        ("<UltmtDbtr><Nm>Stadt Musterstadt</Nm></UltmtDbtr><UltmtCdtr><Nm>Werkstoff GmbH</Nm></UltmtCdtr>", "Werkstoff GmbH"),
        ("<UltmtCdtr><Pty><Nm>Werkstoff GmbH</Nm></Pty></UltmtCdtr>", "Werkstoff GmbH"),
    ],
)
def test_the_other_side_may_be_a_bank_or_told_as_the_last_one_only(parties: str, name: str) -> None:
    (found,) = payments(statement([entry(details=f"<TxDtls><RltdPties>{parties}</RltdPties></TxDtls>")]))
    assert found.counterparty is not None and found.counterparty.name == name


@pytest.mark.parametrize(
    ("details", "beside", "expected"),
    [
        ("<TxDtls><AddtlTxInf>RE-2014-1</AddtlTxInf></TxDtls>", "", {"RE20141"}),
        ("<TxDtls><Refs/></TxDtls>", "<AddtlNtryInf>RE-2014-1</AddtlNtryInf>", {"RE20141"}),
        ("<TxDtls><RmtInf><Ustrd>RE-7</Ustrd></RmtInf></TxDtls>", "<AddtlNtryInf>NR-8</AddtlNtryInf>", {"RE7"}),
        ("<TxDtls><RmtInf><Strd><RfrdDocInf><Nb>RE-1</Nb></RfrdDocInf><RfrdDocInf><Nb>RE-2</Nb></RfrdDocInf></Strd></RmtInf></TxDtls>",
         "", {"RE1", "RE2"}),
        ("<TxDtls><RmtInf><Strd><AddtlRmtInf>RE-1</AddtlRmtInf><AddtlRmtInf>RE-2</AddtlRmtInf></Strd></RmtInf></TxDtls>",
         "", {"RE1", "RE2"}),
    ],
    ids=["of the transaction", "of the entry", "what was said goes before", "several documents", "several lines"],
)  # fmt: skip
def test_references_are_found_wherever_a_bank_writes_them(details: str, beside: str, expected: set[str]) -> None:
    content = statement([entry(details=details)]).replace(b"</Ntry>", f"{beside}</Ntry>".encode())
    assert set(payments(content)[0].references) == expected


@pytest.mark.parametrize("number", ["1", "001", "00001"])
def test_the_first_page_is_the_first_however_many_digits_it_has(number: str) -> None:
    alone = statement([entry("5.00")])
    paged = alone.replace(b"<Acct>", f"<StmtPgntn><PgNb>{number}</PgNb></StmtPgntn><Acct>".encode())
    ((_, plain),), ((_, found),) = read(alone).drafts, read(paged).drafts
    assert found.key == plain.key and found.body["payment"].entry == "#1"


# ── council papers ───────────────────────────────────────────────────────────────────────────────────────────────────


def dumped(*objects: Any) -> str:
    return json.dumps(objects[0] if len(objects) == 1 else objects)


def decisions(*objects: Any, **given: str) -> list[Decision]:
    return [draft.body["decision"] for _, draft in read(dumped(*objects), **given).drafts]


def test_papers_whose_ids_differ_in_a_parameter_only_stay_two() -> None:
    papers = [{"id": f"{RIS}papers.asp?typ=vo&id={number}", "type": f"{TYPE}Paper", "name": "Antrag"} for number in (16, 17)]
    assert [one.reference for one in decisions(*papers)] == ["16", "17"]


def test_papers_of_one_meeting_that_comes_later_have_places_of_their_own() -> None:
    papers = [
        PAPER | {"id": f"{RIS}papers?id={number}", "reference": f"2021/{number}", "consultation": [
            {"id": f"{RIS}c?id={number}", "type": f"{TYPE}Consultation", "meeting": MEETING["id"], "role": "Entscheidung"}
        ]}
        for number in (1, 2)
    ]  # fmt: skip
    remembered = tuple(read(dumped(*papers)).council)
    later = read(dumped(MEETING), remembered=remembered)  # type: ignore[arg-type]
    assert [place for place, _ in later.drafts] == ["1>1", "1>2"]


@pytest.mark.parametrize(
    ("here", "there"), [("https://ris.", "http://RIS."), ('/1"', '/1/"')], ids=["moved to https", "with a slash behind"]
)
def test_one_object_is_the_same_by_whatever_spelling_of_its_id(here: str, there: str) -> None:
    (found,) = decisions(PAPER, json.loads(json.dumps(MEETING).replace(here, there)), BODY)
    assert found.steps[0].held_on == date(2021, 10, 6) and found.steps[0].result is StepResult.PASSED_UNCHANGED
    assert decisions(json.loads(json.dumps(PAPER).replace("https:", "http:")), MEETING)[0].url == "http://ris.example/paper/1"


def test_links_that_are_there_but_empty_are_as_if_they_were_not() -> None:
    consultation = PAPER["consultation"][0] | {"meeting": None}
    held = MEETING | {"agendaItem": [MEETING["agendaItem"][0] | {"meeting": None}]}
    assert decisions(PAPER | {"consultation": [consultation]}, held, BODY)[0].steps[0].held_on == date(2021, 10, 6)


def test_the_order_of_parameters_does_not_matter_in_an_id() -> None:
    one = {"id": f"{RIS}consultations?id=1&bi=2", "type": f"{TYPE}Consultation", "meeting": MEETING["id"], "role": "Entscheidung"}
    item = MEETING["agendaItem"][0] | {"consultation": [f"{RIS}consultations?bi=2&amp;id=1", f"{RIS}consultations?bi=2&id=7"]}
    (found,) = decisions(PAPER | {"consultation": [one]}, MEETING | {"agendaItem": [item]}, BODY)
    assert found.steps[0].result is StepResult.PASSED_UNCHANGED


@pytest.mark.parametrize(
    ("ags", "key"),
    [
        ("5366024", "05366024"), ("05 366 024", "05366024"), ("051140000", "05114000"), ("3157", "03157"),
        ("03157000", "03157000"), ("gibt es nicht", "ris.example"),
    ],
)  # fmt: skip
def test_an_official_key_is_known_in_whatever_length_it_is_written(ags: str, key: str) -> None:
    body = {"id": f"{RIS}body/1", "type": f"{TYPE}Body", "ags": ags}
    assert decisions(PAPER | {"body": body["id"]}, body)[0].paper == f"{key}/2021/941"


def test_a_regional_key_is_told_as_the_municipality_s() -> None:
    body = {"id": f"{RIS}body/1", "type": f"{TYPE}Body", "rgs": "053660024024"}
    reading = read(dumped(PAPER | {"body": body["id"]}, body, MEETING))
    assert [draft.body["decision"].paper for _, draft in reading.drafts] == ["05366024/2021/941"] and not reading.remarks


def test_a_municipality_that_nobody_names_is_asked_for() -> None:
    assert "gilt ris.example. Mit --municipality" in read(dumped(PAPER, MEETING)).remarks[0]
    assert not read(dumped(PAPER, MEETING), municipality="03157").remarks


def test_meetings_that_are_still_missing_are_named() -> None:
    assert read(dumped(PAPER), municipality="03157").remarks == [
        "Noch nicht eingereicht: Sitzungen 1; bis dahin zeigen Beratungen weder Tag noch Ergebnis."
    ]


def test_a_paper_whose_consultations_name_no_meeting_says_that_it_has_no_results() -> None:
    loose = PAPER["consultation"][0] | {"meeting": None, "agendaItem": None, "id": f"{RIS}cons/9"}
    reading = read(dumped(PAPER | {"consultation": [loose]}, MEETING, BODY), municipality="03157")
    assert [draft.body["decision"].steps[0].result for _, draft in reading.drafts] == [None]
    assert "ihre Ergebnisse bleiben unbekannt" in reading.remarks[0]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (json.dumps({"items": [PAPER["id"], f"{RIS}paper/2"]}), "nennt nur Kennungen"),
        (json.dumps([PAPER["id"]]), "nennt nur Kennungen"),
        (json.dumps({"error": "internal"}), "Fehlermeldung der Schnittstelle"),
    ],
)
def test_json_without_objects_is_told_what_it_is(text: str, word: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert refused.value.fault.code == "FILE-09" and word in refused.value.fault.mend_text


def test_lists_of_another_program_are_named_as_not_read() -> None:
    reading = read(json.dumps({"papers": [PAPER], "agenda_items": [{"key": "7", "result": "beschlossen"}]}), municipality="1")
    assert "Nicht gelesene Listen: agenda_items." in reading.remarks


def test_controls_that_are_not_escaped_are_left_out() -> None:
    text = dumped(PAPER | {"name": "Zeile eins", "web": "N/A"}).replace("Zeile eins", "Zeile\neins\x01\\u0002")
    ((_, draft),) = read(text).drafts
    assert (draft.body["decision"].title, draft.body["decision"].url) == ("Zeile eins", PAPER["id"])


def test_a_time_zone_with_a_slip_and_one_that_is_missing_are_read() -> None:
    slip = MEETING | {"start": "2021-10-06T23:30:00+01::00"}
    assert decisions(PAPER, slip, BODY)[0].steps[0].held_on == date(2021, 10, 7)
    assert decisions(PAPER, MEETING | {"start": "2021-10-06T23:30:00"}, BODY)[0].steps[0].held_on == date(2021, 10, 6)


@pytest.mark.parametrize(
    ("first", "second", "newer"),
    [
        ("2021-10-07T06:30:00Z", "2021-10-07T08:00:00+02:00", 0),  # 06:00 UTC
        ("2021-10-07T08:00:00", "2021-10-07T06:30:00Z", 1),
    ],
)
def test_the_newer_of_two_states_counts_by_the_moment_not_by_its_spelling(first: str, second: str, newer: int) -> None:
    held = [
        MEETING | {"modified": moment, "agendaItem": [MEETING["agendaItem"][0] | {"result": result, "modified": moment}]}
        for moment, result in ((first, "abgelehnt"), (second, "vertagt"))
    ]
    assert decisions(PAPER, *held, BODY)[0].steps[0].result is (StepResult.REJECTED, StepResult.POSTPONED)[newer]


def test_a_state_of_a_system_that_keeps_no_moment_of_change_is_no_older_one() -> None:
    identities, source = Identities(), Source(digest="0" * 64, place="1")
    states = [PAPER | {"modified": "2021-10-07T08:00:00+02:00"}, PAPER | {"modified": "2000-01-01T00:00:00+01:00", "name": "Neu"}]
    verdicts = [identities.judge(draft, source) for state in states for _, draft in read(dumped(state)).drafts]
    assert [type(verdict) for verdict in verdicts] == [New, New]


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00"])
def test_a_moment_at_the_edge_of_the_calendar_is_none(never: str) -> None:
    (found,) = decisions(PAPER | {"modified": never}, MEETING | {"modified": never, "start": never}, BODY)
    assert found.steps[0].result is StepResult.PASSED_UNCHANGED and found.steps[0].held_on is None


def test_a_piece_of_a_meeting_within_a_paper_does_not_hide_the_meeting() -> None:
    piece = {"id": MEETING["id"], "type": f"{TYPE}Meeting", "name": "Kreistag"}
    referring = PAPER | {"consultation": [PAPER["consultation"][0] | {"meeting": piece}]}
    assert decisions(MEETING, referring, BODY)[0].steps[0].held_on == date(2021, 10, 6)


@pytest.mark.parametrize(
    ("role", "said", "decides"),
    [
        ("Kenntnisnahme", True, False), ("Kenntnisnahme (Mitteilung)", True, False), ("zur Kenntnis", None, False),
        ("Kenntnisnahme und Beschluss", True, True), ("Entscheidung", "true", True), ("Entscheidung", "false", False),
        ("Beschlussfassung", False, False),
    ],
)  # fmt: skip
def test_a_body_that_is_only_told_decides_nothing(role: str, said: Any, decides: bool) -> None:
    consultation = PAPER["consultation"][0] | {"role": role, "authoritative": said}
    assert decisions(PAPER | {"consultation": [consultation]}, MEETING)[0].steps[0].authoritative is decides


@pytest.mark.parametrize("said", [True, "true", 1])
def test_a_meeting_is_cancelled_however_its_system_says_yes(said: Any) -> None:
    assert decisions(PAPER, MEETING | {"cancelled": said}, BODY)[0].steps[0].held_on is None


def test_a_consultation_that_was_put_off_is_two_steps_with_their_own_results() -> None:
    def consultation(number: int) -> dict[str, Any]:
        links = {"meeting": f"{RIS}meet/{number}", "agendaItem": f"{RIS}item/{number}"}
        return {"id": f"{RIS}cons/1", "type": f"{TYPE}Consultation", "role": "Beschlussfassung", **links}

    def held(number: int, day: str, result: str) -> dict[str, Any]:
        item = {"id": f"{RIS}item/{number}", "consultation": f"{RIS}cons/1", "result": result, "order": "113"}
        return {"id": f"{RIS}meet/{number}", "type": f"{TYPE}Meeting", "start": f"{day}T14:00:00+02:00", "agendaItem": [item]}

    papers = dumped([PAPER | {"consultation": [consultation(1), consultation(2)]}]).encode()
    meetings = dumped([held(1, "2026-08-27", "vertagt"), held(2, "2026-08-31", "in die Ausschüsse verwiesen")]).encode()
    (fact,) = next(try_files([("papers.json", papers), ("meetings.json", meetings)]))["shown"]
    assert "27.08.2026 vertagt postponed" in fact["text"]
    assert "31.08.2026 in die Ausschüsse verwiesen referred" in fact["text"]


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        ("endgültig abgelehnt", StepResult.REJECTED), ("endgültig beschlossen", StepResult.PASSED_UNCHANGED),
        ("Zustimmung mit Änderungen", StepResult.PASSED_CHANGED), ("verwiesen in nachfolgende Gremien", StepResult.REFERRED),
        ("ohne Votum in nachfolgende Gremien verwiesen", StepResult.REFERRED),
        ("ohne Änderungen in der BVV beschlossen", StepResult.PASSED_UNCHANGED),
        ("mit Änderungen im Ausschuss beschlossen", StepResult.PASSED_CHANGED),
        ("im Rat nicht beschlossen", StepResult.REJECTED), ("im Rat abgelehnt, im Ausschuss beschlossen", StepResult.UNKNOWN),
        ("Beschluss: ungeändert beschlossen", StepResult.PASSED_UNCHANGED), ("Beschluss: nicht empfohlen", StepResult.REJECTED),
        ("Beschluss: einstimmig", StepResult.UNKNOWN), ("Sache ist erledigt", StepResult.UNKNOWN),
        ("Übergang zum nächsten Tagesordnungspunkt", StepResult.UNKNOWN), ("ohne Votum beschlossen", StepResult.UNKNOWN),
    ],
)  # fmt: skip
def test_results_as_councils_of_other_cities_write_them(raw: str, result: StepResult) -> None:
    assert result_of(raw) is result


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("heading", ["beantragte förderfähige\nAusgaben", "davon zuwendungsfähig", "Förderfähige Kosten in €"])
def test_what_is_claimed_is_known_by_what_forms_call_it(heading: str) -> None:
    ((_, draft),) = read(f'{HEADINGS};"{heading}"\n{row()};100,00\n').drafts
    assert draft.body["voucher"].eligible_cents == 10_000


@pytest.mark.parametrize("heading", ["förderfähig laut Bescheid", "zuwendungsfähiger Teil"])
def test_a_heading_that_sounds_like_what_is_claimed_is_not_passed_over(heading: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(f"{HEADINGS};{heading}\n{row()};100,00\n")
    assert (refused.value.fault.code, refused.value.fault.column) == ("FILE-03", "Förderfähig")
    assert f"„{heading}“ klingt nach „Förderfähig“" in refused.value.fault.mend_text


@pytest.mark.parametrize("more", ["nicht förderfähige Ausgaben", "förderfähig laut Bescheid;Förderfähig"])
def test_what_is_not_claimed_or_stands_beside_it_is_left_out(more: str) -> None:
    (remark,) = read(f"{HEADINGS};{more}\n{row()}{';19,00' * (more.count(';') + 1)}\n").remarks
    assert remark == f"Nicht gelesene Spalten: {more.partition(';')[0]}."


def test_a_carry_over_that_may_be_there_is_no_row() -> None:
    assert faults(read(f"{HEADINGS}\n{row()}\nggf. Übertrag aus vorheriger Belegliste;;;;;;;0,00;\n")) == []


@pytest.mark.parametrize(
    "text",
    [
        '"DTVF";700;21;"Buchungsstapel"\n',
        '"EXTF";700;21;"Buchungsstapel"\n"Umsatz (ohne Soll/Haben-Kz)";"Belegdatum";"Belegfeld 1";"Skonto"\n119,00;1503;"R";\n',
        '"Umsatz (ohne Soll/Haben-Kz)";"Belegdatum";"Belegfeld 1";"Skonto"\n119,00;1503;"R";\n',
    ],
    ids=["by DATEV", "with headings", "headings only"],
)
def test_a_batch_of_datev_is_called_so_with_or_without_its_headings(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert "DATEV-Buchungsstapel" in refused.value.fault.mend_text
