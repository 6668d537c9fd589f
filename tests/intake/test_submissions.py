"""What other services hand in: identity, conflict, answers; over Kafka records as they may come."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.intake import application
from services.intake.application import Record, SubmissionConflict
from services.intake.domain.errors import Unreadable
from tests.intake.conftest import Intake

ROW = {"Maßnahme": "M-1", "zurückgezogen am": "01.02.2014"}


def said(id: str = "1", rows: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    data = {"kind": "withdrawals", "rows": [ROW] if rows is None else rows} | more
    return {"specversion": "1.0", "id": id, "source": "urn:kasse", "type": "de.pruefpfad.submission.rows.v1", "data": data}


def structured(position: int, event: Any) -> Record:
    return Record(
        0,
        position,
        ((("content-type"), b"application/cloudevents+json"),),
        event if isinstance(event, bytes) else json.dumps(event).encode(),
    )


def binary(position: int, event: dict[str, Any]) -> Record:
    headers = tuple((f"ce_{name}", str(event[name]).encode()) for name in ("specversion", "id", "source", "type"))
    return Record(0, position, headers, json.dumps(event["data"]).encode())


def test_rows_of_a_submission_are_facts_like_those_of_a_file(intake: Intake) -> None:
    view = intake.submit(said())
    assert (view["state"], view["facts"], view["submission"]) == ("read", 1, "urn:kasse 1")
    assert intake.hand_in("Maßnahme;zurückgezogen am\nM-1;01.02.2014\n")["known"] == 1


def test_the_same_submission_changes_nothing_and_other_content_is_a_conflict(intake: Intake) -> None:
    first = intake.submit(said())
    assert intake.submit(said()) == first and len(intake.of("FileRead")) == 1
    with pytest.raises(SubmissionConflict):
        intake.submit(said(rows=[ROW | {"Maßnahme": "M-2"}]))


def test_a_refused_row_is_answered_to_its_sender(intake: Intake) -> None:
    intake.submit(
        said(rows=[ROW, {"Maßnahme": "M-2", "zurückgezogen am": "morgen"}, {"Vorhaben": "M-3", "withdrawn_on": "2014-02-01"}])
    )
    (rejected,) = intake.of("RowRejected")
    assert (rejected.submission, rejected.source.place, rejected.error) == ("urn:kasse 1", "2", "ROW-03")
    assert len(intake.of("MeasureWithdrawn")) == 2


def test_a_kind_nobody_knows_is_refused(intake: Intake) -> None:
    with pytest.raises(Unreadable) as refused:
        intake.submit(said(kind="rechnungen"))
    assert refused.value.fault.code == "FILE-10"


def test_both_modes_of_cloudevents_say_the_same(intake: Intake) -> None:
    intake.do(application.receive_records, intake.files, [structured(1, said()), binary(2, said())])
    intake.read()
    assert len(intake.of("MeasureWithdrawn")) == 1 and not intake.of("RowRejected")


@pytest.mark.parametrize(
    ("record", "error", "submission"),
    [
        (structured(7, b"\xff\xfe not json"), "SUB-01", None),
        (structured(7, b""), "SUB-01", None),
        (structured(7, [1, 2]), "SUB-01", None),
        (structured(7, said() | {"type": "other"}), "SUB-01", "urn:kasse 1"),
        (structured(7, said(rows=[])), "SUB-01", "urn:kasse 1"),
        (structured(7, said(kind="rechnungen")), "FILE-10", "urn:kasse 1"),
        (structured(7, said(rows=[{"a": float("nan")}])), "SUB-01", "urn:kasse 1"),
        (structured(7, said(id="a\u0000b")), "SUB-01", None),
        (Record(0, 7, (("ce_id", b"\xff"), ("ce_source", None)), b"{}"), "SUB-01", None),
        (structured(7, b"[" * 100_000), "SUB-01", None),
    ],
    ids=["bytes", "empty", "list", "type", "no rows", "kind", "nan", "nul", "headers", "deep"],
)
def test_poison_is_set_aside_and_answered_and_the_rest_goes_on(
    intake: Intake, record: Record, error: str, submission: str | None
) -> None:
    intake.do(application.receive_records, intake.files, [structured(6, said("before")), record, structured(8, said("after"))])
    intake.do(application.receive_records, intake.files, [structured(9, said("later"))])
    intake.read()
    (rejected,) = intake.of("RowRejected")
    assert (rejected.error, rejected.submission) == (error, submission) and rejected.mend
    assert len(intake.of("FileRead")) == 3


def test_a_conflict_on_kafka_is_answered_by_an_event(intake: Intake) -> None:
    records = [structured(1, said()), structured(2, said(rows=[ROW | {"Maßnahme": "M-2"}]))]
    intake.do(application.receive_records, intake.files, records)
    (rejected,) = intake.of("RowRejected")
    assert (rejected.error, rejected.submission) == ("SUB-02", "urn:kasse 1")


def test_records_delivered_twice_change_nothing(intake: Intake) -> None:
    records = [structured(1, said()), structured(2, b"poison"), structured(3, said("2"))]
    intake.do(application.receive_records, intake.files, records)
    before = len(intake.told())
    intake.do(application.receive_records, intake.files, records)
    intake.read()
    assert [event.id for event in intake.of("RowRejected")] == [
        event.id for event in intake.told()[:before] if type(event).__name__ == "RowRejected"
    ]
    assert len(intake.of("FileRead")) == 2


def a_voucher(**more: str) -> list[dict[str, Any]]:
    row = {"Maßnahme": "M-1", "Belegliste": "B", "Belegnummer": "1", "Position": "1.1", "Zahlungsempfänger": "Werkstoff GmbH"}
    return [row | {"Rechnungsdatum": "03.03.2014", "Leistungsdatum": "03.03.2014", "Brutto": "1,00"} | more]


def test_the_same_rows_under_a_new_id_are_said_anew(intake: Intake) -> None:
    sent = [{}, {"storniert": "ja"}, {"Berichtigt": "ja"}, {"storniert": "ja"}]
    views = [intake.submit(said(str(nth), a_voucher(**more), kind="vouchers")) for nth, more in enumerate(sent)]
    assert [view["facts"] for view in views] == [1, 1, 1, 1]
    assert len(intake.of("VoucherWithdrawn")) == 2


def test_a_submission_without_a_series_settles_no_rejection_of_another(intake: Intake) -> None:
    for nth in "12":
        intake.submit(said(nth, [{"Maßnahme": f"M-{nth}", "zurückgezogen am": "morgen"}]))
    for nth in "34":
        intake.submit(said(nth, [{"Maßnahme": f"M-{nth}", "zurückgezogen am": "morgen"}], series="Liste"))
    series = [event.series for event in intake.of("RowRejected")]
    assert len(set(series[:2])) == 2 and series[2] == series[3] not in series[:2]
