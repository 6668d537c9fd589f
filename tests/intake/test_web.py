"""Intake over HTTP: who may do what, and what people see."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest

from shared.persistence.database import plain_url
from shared.values.source import digest_of
from tests.intake.conftest import Caller
from tests.intake.made import voucher, voucher_list


def test_a_file_handed_in_is_read_and_shown_with_what_to_mend(caller: Caller) -> None:
    content = voucher_list(voucher("w-1"), voucher("w-2", "viel"))
    answer = caller.upload(content, "liste.csv")
    view = answer.json()
    assert answer.status_code == 200 and (view["state"], view["facts"], view["rejected"]) == ("read", 1, 1)
    (row,) = view["rejected_rows"]
    assert (row["place"], row["column"], row["value"], row["error"]) == ("3", "Brutto", "viel", "ROW-02") and row["mend"]
    assert caller("auditor", "GET", f"/files/{digest_of(content)[:12]}").json()["digest"] == digest_of(content)
    assert caller("auditor", "GET", f"/files/{digest_of(content)}/rows/2").json()["columns"]["Belegnummer"] == "w-1"
    assert caller("operator", "GET", "/files").json()[0]["name"] == "liste.csv"


def test_rows_that_are_no_vouchers_are_told_with_the_reason_each(caller: Caller) -> None:
    content = voucher_list(voucher("w-3"), ";" * 9, ";" * 7 + "119,00;;")
    digest = caller.upload(content).json()["digest"]
    view = caller("auditor", "GET", f"/files/{digest}").json()
    told = [(one["reason_en"], one["rows"], one["places"]) for one in view["passed_over"]]
    assert view["ignored"] == 2
    assert sorted(told) == [("empty row", 1, ["3"]), ("total row without a label: the sum of the rows above", 1, ["4"])]
    assert caller("auditor", "GET", f"/files/{digest}/rows/3").json()["ignored_en"] == "empty row"


def test_a_file_nobody_can_read_is_refused_in_both_languages(caller: Caller) -> None:
    answer = caller.upload(b"Belegnummer;Position;Brutto\n1;2;3\n", "halb.csv")
    problem = answer.json()
    assert answer.status_code == 422 and problem["error"] == "FILE-03"
    assert "Rechnungsdatum" in problem["de"]["mend"] and "halb.csv" in problem["detail"] and problem["mend"]
    assert caller("auditor", "GET", "/files", params={"state": "refused"}).json()[0]["problem"]["error"] == "FILE-03"


def test_uploads_that_wait_for_their_file_to_be_read_hold_up_nobody(caller: Caller) -> None:
    """The reader is kept from writing, and more uploads wait than there are threads."""
    intake = caller.stack.service("intake")
    owner = psycopg.connect(plain_url(intake.settings.owner_database_of("intake")))
    with owner, ThreadPoolExecutor(60) as people:
        owner.execute("lock table outbox in share mode")
        waiting = [people.submit(caller.upload, voucher_list(voucher(f"many-{n}")), f"{n}.csv") for n in range(60)]
        for path in ("/intake/templates", "/health/live", "/health/live"):
            token = {"Authorization": f"Bearer {caller.tokens['clerk']}"}
            assert httpx.get(f"{caller.stack.url}{path}", headers=token, timeout=5).status_code == 200
        assert not all(one.done() for one in waiting)
        owner.rollback()
        assert {one.result().status_code for one in waiting} <= {200, 202}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/files", {"submitter", "clerk"}),
        ("POST", "/submissions", {"submitter", "clerk"}),
        ("POST", "/instructions", {"clerk"}),
        ("GET", "/files", {"submitter", "clerk", "auditor", "operator"}),
        ("GET", "/templates", {"submitter", "clerk", "auditor", "operator"}),
        ("DELETE", f"/files/{'a' * 64}/text", {"operator"}),
    ],
)
def test_each_role_may_do_its_own(caller: Caller, method: str, path: str, allowed: set[str]) -> None:
    body = (
        {"json": {}}
        if path in ("/submissions", "/instructions")
        else {"files": {"file": ("x.csv", b" ")}}
        if method == "POST"
        else {}
    )
    for role in ("submitter", "clerk", "auditor", "operator"):
        assert (caller(role, method, path, **body).status_code != 403) is (role in allowed), role


def test_templates_are_csv_that_can_be_handed_in_again(caller: Caller) -> None:
    kinds = [template["kind"] for template in caller("submitter", "GET", "/templates").json()]
    assert "vouchers" in kinds and len(kinds) == 15
    answer = caller("submitter", "GET", "/templates/withdrawals")
    assert answer.headers["content-type"].startswith("text/csv") and "withdrawals.csv" in answer.headers["content-disposition"]
    assert caller("submitter", "POST", "/try", files={"file": ("v.csv", answer.content)}).json()["facts"] == 1
    assert caller("submitter", "GET", "/templates/nichts").status_code == 404


def test_submissions_come_in_both_modes_and_a_conflict_is_409(caller: Caller) -> None:
    data = {"kind": "withdrawals", "rows": [{"Maßnahme": "W-1", "zurückgezogen am": "01.02.2014"}]}
    attributes = {"specversion": "1.0", "id": str(uuid4()), "source": "urn:kasse", "type": "de.pruefpfad.submission.rows.v1"}
    first = caller("submitter", "POST", "/submissions", json=attributes | {"data": data})
    assert first.status_code == 200 and first.json()["facts"] == 1
    headers = {"Authorization": f"Bearer {caller.tokens['submitter']}"} | {
        f"ce-{name}": value for name, value in attributes.items()
    }

    again = httpx.post(f"{caller.stack.url}/intake/submissions", content=json.dumps(data), headers=headers, timeout=60)
    assert again.status_code == 200 and again.json()["id"] == first.json()["id"]
    other = caller("submitter", "POST", "/submissions", json=attributes | {"data": {**data, "kind": "plans"}})
    assert other.status_code == 409 and other.json()["error"] == "SUB-02"
    assert caller("submitter", "POST", "/submissions", content=b"{").json()["error"] == "SUB-01"


def test_an_instruction_is_given_by_a_clerk_and_a_waiver_by_two(caller: Caller) -> None:
    cut_off = {"subject": "measure/W-1", "instruction": {"kind": "set_cut_off", "as_of": "2014-12-31"}}
    assert caller("clerk", "POST", "/instructions", json=cut_off).status_code == 201
    assert caller("clerk", "POST", "/instructions", json=cut_off).status_code == 200
    waiver = {
        "subject": "measure/W-1",
        "instruction": {"kind": "waive_finding", "finding": str(uuid4()), "reason": "geringfügig"},
    }
    assert caller("clerk", "POST", "/instructions", json=waiver | {"approved_by": "second-clerk"}).status_code == 422
    waits = caller("clerk", "POST", "/instructions", json=waiver)
    number = waits.json()["number"]
    assert (waits.status_code, waits.json()["fact"]) == (202, None)
    assert [one["number"] for one in caller("auditor", "GET", "/approvals").json()] == [number]
    assert caller("clerk", "POST", f"/approvals/{number}").status_code == 403
    assert caller("auditor", "POST", f"/approvals/{number}").status_code == 403
    approved = caller("second clerk", "POST", f"/approvals/{number}")
    assert approved.status_code == 201 and approved.json()["fact"]
    assert caller("clerk", "DELETE", f"/approvals/{number}").status_code == 409
    assert caller("clerk", "DELETE", "/approvals/999").status_code == 404


def test_a_number_that_is_none_in_json_is_refused_at_this_door_too(caller: Caller) -> None:
    rows = '{"kind": "withdrawals", "rows": [{"Maßnahme": NaN}]}'
    event = '{"specversion": "1.0", "id": "nan", "source": "urn:kasse", "type": "de.pruefpfad.submission.rows.v1", "data": %s}'
    refused = caller("submitter", "POST", "/submissions", content=(event % rows).encode())
    assert refused.status_code == 422 and "NaN is no JSON number" in refused.json()["detail"]


def test_a_refusal_says_in_each_language_how_to_mend_it(caller: Caller) -> None:
    refused = caller("submitter", "POST", "/files", files={"file": ("leer.csv", b"")}).json()
    assert refused["mend"] == refused["mend_en"] != refused["de"]["mend"]


def test_texts_are_erased_by_an_operator(caller: Caller) -> None:
    digest = caller.upload(voucher_list(voucher("w-9", payee="Erika Beispiel"))).json()["digest"]
    assert caller("operator", "DELETE", f"/files/{digest}/text", params={"place": "2"}).json()["erased"] == 1
    assert caller("auditor", "GET", f"/files/{digest}/rows/2").json()["columns"] == {}


@pytest.mark.parametrize("path", [f"/files/{'f' * 64}", "/files/xyz", f"/files/{'f' * 64}/rows/1"])
def test_what_is_not_there_is_not_found(caller: Caller, path: str) -> None:
    assert caller("auditor", "GET", path).status_code == 404


def test_submissions_from_kafka_become_facts(caller: Caller) -> None:
    from confluent_kafka import Producer

    from shared.contracts.streams import SUBMISSIONS
    from tests.shared.runtime.conftest import until

    data = {"kind": "withdrawals", "rows": [{"Maßnahme": "K-1", "zurückgezogen am": "01.02.2014"}]}
    event = {"specversion": "1.0", "id": "k-1", "source": "urn:kasse", "type": "de.pruefpfad.submission.rows.v1", "data": data}
    producer = Producer({"bootstrap.servers": caller.stack.settings.kafka})
    producer.produce(SUBMISSIONS, b"poison", headers=[("ce_id", b"\xff"), ("ce_source", None)])
    producer.produce(SUBMISSIONS, json.dumps(event).encode())
    producer.flush(30)
    until(
        lambda: any(
            one.get("submission") == "urn:kasse k-1" and one["state"] == "read"
            for one in caller("auditor", "GET", "/files").json()
        )
    )
