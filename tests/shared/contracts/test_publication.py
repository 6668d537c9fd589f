"""What was published stays readable: a changed shape without a new version fails here."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from services import contracts
from services.contracts import breaks, outdated, schemas
from shared.contracts.event import Event
from shared.contracts.intake import INTAKE, VoucherRecorded

VOUCHER = "de.pruefpfad.voucher.recorded.v1.json"


def test_committed_schemas_and_asyncapi_documents_are_those_of_the_code() -> None:
    assert outdated() == {}, "run `make contracts`; what it refuses needs a new version"


def _changed(change: str) -> dict[str, Any]:
    schema = copy.deepcopy(schemas()[VOUCHER])
    voucher = schema["$defs"]["Voucher"]
    match change:
        case "a field is gone":
            del voucher["properties"]["gross_cents"]
            voucher["required"].remove("gross_cents")
        case "a field has another type":
            voucher["properties"]["gross_cents"] = {"type": "string"}
        case "a field is required now":
            voucher["required"].append("invoice_number")
        case "a required field is optional now":
            voucher["required"].remove("position")
        case "a bound is tighter":
            voucher["properties"]["invoice_number"]["anyOf"][0]["maxLength"] = 10
    return schema


@pytest.mark.parametrize(
    "change",
    [
        "a field is gone",
        "a field has another type",
        "a field is required now",
        "a required field is optional now",
        "a bound is tighter",
    ],
)
def test_a_change_that_breaks_a_reader_or_a_writer_is_named(change: str) -> None:
    found = list(breaks(schemas()[VOUCHER], _changed(change)))
    assert found, change


def test_a_new_optional_field_and_better_words_break_nobody() -> None:
    schema = copy.deepcopy(schemas()[VOUCHER])
    schema["$defs"]["Voucher"]["properties"]["colour"] = {"type": "string", "default": "blue"}
    schema["$defs"]["Voucher"]["properties"]["gross_cents"]["description"] = "Better words."
    assert list(breaks(schemas()[VOUCHER], schema)) == []


def test_writing_refuses_what_would_break_a_reader(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "FOLDER", tmp_path)
    assert contracts.write() == []
    file = tmp_path / VOUCHER
    file.write_text(file.read_text("utf-8").replace('"gross_cents"', '"gross_euro"'), "utf-8")
    before = file.read_bytes()
    assert any("gross_euro" in refused for refused in contracts.write())
    assert file.read_bytes() == before


def test_an_event_of_an_older_reader_ignores_what_it_does_not_know() -> None:
    body = (
        b'{"type":"de.pruefpfad.measure.withdrawn.v1","id":"6f1d7c1e-3c58-5d0e-9a53-4a5e8f0c1b7a","subject":"measure/M-1",'
        b'"recorded_at":"2026-03-02T11:00:00Z","actor":"amt","source":{"digest":"' + b"a" * 64 + b'","place":"2","new":1},'
        b'"measure":"M-1","withdrawn_on":"2026-03-01","added_later":{"x":1}}'
    )
    assert INTAKE.validate_json(body).subject == "measure/M-1"


def test_every_event_says_in_words_what_it_is_for() -> None:
    for union, _ in contracts.STREAMS.values():
        for event in contracts.events(union):
            assert issubclass(event, Event)
            assert (event.__doc__ or "").strip(), event.__name__
            assert event.model_fields["type"].default.startswith("de.pruefpfad."), event.__name__


def test_events_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        VoucherRecorded.model_construct(subject="measure/M-1").subject = "measure/M-2"
