"""Files, instructions and rows over a real database."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from services.intake import application, store, trying
from services.intake.application import (
    DecidedOtherwise,
    Instructed,
    Noted,
    NotFourEyes,
    StillReading,
    UnknownFile,
    UnknownProposal,
    UnknownRow,
    WrongSubject,
)
from services.intake.domain import readers
from services.intake.domain.columns import AMOUNT
from services.intake.domain.errors import Unreadable
from services.intake.domain.text import Content
from services.intake.phrases import PHRASES
from shared.contracts.intake import FileRead, RowRejected, StepResult
from shared.messaging.work import Work, unit_of_work
from shared.persistence.database import cursor
from shared.values.source import digest_of
from tests.conftest import no_more_files
from tests.intake.conftest import Intake, dumped
from tests.intake.made import VOUCHERS, details, entry, statement, voucher, voucher_list
from tests.shared.runtime.conftest import until


def counts(view: dict[str, Any]) -> tuple[int, ...]:
    return tuple(view[name] for name in ("rows", "facts", "known", "rejected", "ignored"))


def test_a_file_becomes_facts_and_ends_with_its_control_totals(intake: Intake) -> None:
    content = voucher_list(voucher("1"), voucher("2", "1,00"), voucher("3", "viel"), ";" * 9)
    view = intake.hand_in(content)
    assert view["state"] == "read" and counts(view) == (4, 2, 0, 1, 1)
    *_, last = intake.told()
    assert isinstance(last, FileRead) and last.subject == f"file/{digest_of(content)}"
    assert (last.rows, last.facts, last.rejected, last.ignored) == (4, 2, 1, 1)
    (total,) = last.totals
    assert (total.subject, total.facts, total.cents) == ("measure/M-1", 2, 12000)
    assert {event.correlation for event in intake.told()} == {last.correlation} and last.actor == "kasse"


def test_a_rejected_row_is_told_without_its_value_which_stays_here(intake: Intake) -> None:
    view = intake.hand_in(voucher_list(voucher("1", "Erika Beispiel")))
    (rejected,) = intake.of("RowRejected")
    assert isinstance(rejected, RowRejected)
    assert (rejected.error, rejected.column, rejected.source.place, rejected.concerns) == ("ROW-02", "Brutto", "2", "measure/M-1")
    assert rejected.expected and rejected.mend and rejected.series
    assert "Beispiel" not in dumped([event.model_dump() for event in intake.told()])
    assert view["rejected_rows"][0]["value"] == "Erika Beispiel" and view["rejected_rows"][0]["mend_en"]


def test_a_funder_that_is_called_another_kind_is_rejected_and_no_fact_of_its_row(intake: Intake) -> None:
    heading = "Maßnahme;Eingang;Mittelgeber;Art;Betrag;Datum;Bewilligungsjahr\n"
    first = intake.hand_in(f"{heading}M-1;E-1;jugendamt;Kommune;1,00;01.03.2014;2014\n")
    rows = "M-2;E-1;jugendamt;Stiftung;1,00;01.03.2014;2014\nM-2;E-2;jugendamt;Kommune;1,00;02.03.2014;2014\n"
    second = intake.hand_in(heading + rows)
    assert (counts(first), counts(second)) == ((1, 1, 0, 0, 0), (2, 1, 0, 1, 0))
    (rejected,) = intake.of("RowRejected")
    assert (rejected.error, rejected.column, rejected.concerns) == ("ROW-21", "Art", "measure/M-2")
    assert len(intake.do(application.find_row, first["digest"], "2")["facts"]) == 1


def test_the_same_file_twice_and_a_longer_list_add_only_what_is_new(intake: Intake) -> None:
    first = voucher_list(voucher("1"), voucher("1"), voucher("2"))
    assert counts(intake.hand_in(first)) == (3, 3, 0, 0, 0)
    assert counts(intake.hand_in(first)) == (3, 0, 3, 0, 0)
    assert counts(intake.hand_in(first.decode().encode("utf-16"))) == (3, 0, 3, 0, 0)
    assert counts(intake.hand_in(voucher_list(voucher("3"), voucher("2"), voucher("1"), voucher("1")))) == (4, 1, 3, 0, 0)
    assert len(intake.of("VoucherRecorded")) == 4 and len(intake.of("FileRead")) == 4


def test_a_contradiction_in_a_later_file_names_the_earlier_one(intake: Intake) -> None:
    first = voucher_list(voucher("1"))
    intake.hand_in(first)
    view = intake.hand_in(voucher_list(voucher("1", "2,00")))
    assert counts(view) == (1, 0, 0, 1, 0) and view["rejected_rows"][0]["error"] == "ROW-14"
    assert f"{digest_of(first)[:12]}:2" in view["rejected_rows"][0]["mend"]
    assert counts(intake.hand_in(voucher_list(voucher("1", "2,00", corrects="ja")))) == (1, 1, 0, 0, 0)
    (corrected,) = intake.of("VoucherCorrected")
    assert corrected.corrects == intake.of("VoucherRecorded")[0].id


def many(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(application, "CHUNK", 7)
    rows = [
        voucher(str(number % 40), corrects="ja" if number >= 40 else "", gross=f"{1 + number // 40},00") for number in range(50)
    ]
    return voucher_list(*rows[:20], voucher("5"), voucher("5", "kaputt"), *rows[20:])


@pytest.mark.parametrize("killed_after", range(1, 12))
def test_a_reading_that_is_killed_goes_on_where_it_stood(
    intake: Intake, another_intake: Intake, monkeypatch: pytest.MonkeyPatch, killed_after: int
) -> None:
    content = many(monkeypatch)
    for installation in (intake, another_intake):
        installation.do(store.install, "pseudonyms", b"the same key for both of them...")
    undisturbed = another_intake.hand_in(content)
    id = intake.receive(content)
    for _ in range(killed_after):
        intake.step()
    intake.start_again()
    intake.read()
    assert counts(intake.do(application.show_handin, id)) == counts(undisturbed)
    assert [event.model_dump_json() for event in intake.told()] == [event.model_dump_json() for event in another_intake.told()]


def test_a_transaction_that_is_undone_is_told_again_once(
    intake: Intake, another_intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = many(monkeypatch)
    another_intake.hand_in(content)
    intake.receive(content)

    def undone(work: Any) -> None:
        intake.reader.read_on(work)
        raise ConnectionError("the server died before the commit")

    for turn in range(40):
        if not intake.reader.ahead():
            break
        if turn % 3 == 1:
            with pytest.raises(ConnectionError):
                intake.do(undone)
        else:
            intake.do(intake.reader.read_on)
    intake.read()
    assert [event.id for event in intake.told()] == [event.id for event in another_intake.told()]


def test_of_two_replicas_only_one_reads_and_the_other_takes_over(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    content = many(monkeypatch)
    intake.receive(content)
    first = intake.reader
    intake.step()
    intake.step()
    intake.reader = application.Reader(intake.files, type(first.turn)(intake.url), look_every=0)
    assert not intake.reader.ahead()
    first.turn.give_back()
    intake.read()
    assert Counter(event.id for event in intake.told()).most_common(1)[0][1] == 1
    assert len(intake.of("FileRead")) == 1


def test_files_are_read_in_the_order_in_which_they_came(intake: Intake) -> None:
    intake.receive(voucher_list(voucher("1")))
    intake.receive(voucher_list(voucher("1", "2,00", corrects="ja")))
    intake.read()
    assert [type(event).__name__ for event in intake.told()] == ["VoucherRecorded", "FileRead", "VoucherCorrected", "FileRead"]


def test_a_fault_of_a_reader_stops_its_file_and_no_other(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = intake.receive(voucher_list(voucher("1")))
    intake.files.place(digest_of(voucher_list(voucher("1")))).unlink()
    fine = intake.receive(voucher_list(voucher("2")))
    intake.read()
    view = intake.do(application.show_handin, broken)
    assert view["state"] == "failed" and "FileUnknown" in view["problem"]["en"]
    assert intake.do(application.show_handin, fine)["facts"] == 1


def test_a_connection_lost_while_a_file_is_opened_says_nothing_about_the_file(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake.do(store.install, "pseudonyms", b"the key of an installation")
    id, real = intake.receive(voucher_list(voucher("1"))), store.was_read

    def lost(work: Work, digest: str) -> bool:
        monkeypatch.undo()
        with suppress(psycopg.OperationalError), cursor(work.session) as at:
            at.execute("select pg_terminate_backend(pg_backend_pid())")
        return real(work, digest)

    monkeypatch.setattr(store, "was_read", lost)
    assert intake.reader.ahead()
    with pytest.raises((psycopg.OperationalError, OperationalError)):
        intake.do(intake.reader.read_on)
    intake.read()
    view = intake.do(application.show_handin, id)
    assert (view["state"], view["facts"]) == ("read", 1)


@pytest.mark.parametrize("while_opened", [True, False], ids=["opened", "read"])
def test_a_machine_that_can_open_no_more_files_says_nothing_about_the_one_at_hand(intake: Intake, while_opened: bool) -> None:
    intake.do(store.install, "pseudonyms", b"the key of an installation")
    id = intake.receive(voucher_list(voucher("1")))
    assert intake.reader.ahead()
    if not while_opened:
        intake.do(intake.reader.read_on)
    with no_more_files(), pytest.raises(OSError, match="Too many open files"):
        intake.do(intake.reader.read_on) if while_opened else intake.reader.ahead()
    intake.read()
    view = intake.do(application.show_handin, id)
    assert (view["state"], view["facts"]) == ("read", 1)


def test_a_folder_of_files_that_is_not_there_says_nothing_about_what_was_handed_in(intake: Intake) -> None:
    id, gone = intake.receive(voucher_list(voucher("1"))), intake.files.folder.with_name("unmounted")
    intake.files.folder.rename(gone)
    with pytest.raises(FileNotFoundError):
        intake.read()
    gone.rename(intake.files.folder)
    intake.read()
    assert intake.do(application.show_handin, id)["state"] == "read"


def test_a_database_that_takes_no_rows_for_a_while_fails_no_file(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    id, real = intake.receive(voucher_list(voucher("1"))), store.standings

    def in_a_standby(work: Work, keys: Any) -> Any:
        with cursor(work.session) as at:
            at.execute("set transaction read only")
        return real(work, keys)

    monkeypatch.setattr(store, "standings", in_a_standby)
    refused = 0
    while refused <= application.ATTEMPTS:
        assert intake.reader.ahead()
        try:
            intake.do(intake.reader.read_on)
        except psycopg.errors.ReadOnlySqlTransaction:
            refused += 1
    monkeypatch.undo()
    intake.read()
    view = intake.do(application.show_handin, id)
    assert (view["state"], view["facts"]) == ("read", 1)


@pytest.mark.parametrize("telling", ["tell_rows", "finish"])
def test_a_file_whose_rows_cannot_be_told_fails_and_the_next_is_read(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, telling: str
) -> None:
    broken, fine = intake.receive(voucher_list(voucher("bad"))), intake.receive(voucher_list(voucher("2")))
    told = vars(application)[telling]

    def refuse(work: Any, handin: Any, *more: Any) -> None:
        if handin.id == broken:
            raise ValueError("these cannot be told")
        told(work, handin, *more)

    monkeypatch.setattr(application, telling, refuse)
    failures = 0
    while intake.reader.ahead() and failures <= application.ATTEMPTS:
        try:
            intake.do(intake.reader.read_on)
        except ValueError:
            failures += 1
    assert failures == application.ATTEMPTS
    view = intake.do(application.show_handin, broken)
    assert view["state"] == "failed" and "these cannot be told" in view["problem"]["en"]
    assert intake.do(application.show_handin, fine)["facts"] == 1


def test_a_file_of_which_nothing_can_be_read_is_refused_and_noted(intake: Intake) -> None:
    with pytest.raises(Unreadable) as refused:
        application.recognise("foto.jpg", b"\xff\xd8\xff\xe0", {})
    id = intake.do(application.refuse_file, "foto.jpg", "0" * 64, refused.value.fault, "kasse")
    assert intake.do(application.show_handin, id)["problem"]["error"] == "FILE-06"
    assert intake.do(application.list_files, 10, "refused")[0]["name"] == "foto.jpg" and not intake.told()


def test_a_row_is_found_as_it_was_handed_in_with_its_facts(intake: Intake) -> None:
    content = "Maßnahme;Position;Haushaltsjahr;Betrag;Quartiere\nM-1;1;2014;100,00;N|S\n"
    view = intake.hand_in(content, "plan.csv")
    row = intake.do(application.find_row, view["digest"][:12], "2.2")
    assert row["columns"] == {"Maßnahme": "M-1", "Position": "1", "Haushaltsjahr": "2014", "Betrag": "100,00", "Quartiere": "N|S"}
    assert row["place"] == "2" and [fact["id"] for fact in row["facts"]] == [
        str(event.id) for event in intake.of("PlanLineRecorded")
    ]
    with pytest.raises(UnknownRow):
        intake.do(application.find_row, view["digest"], "99")
    with pytest.raises(UnknownFile):
        intake.do(application.find_row, "f" * 12, "2")


def test_a_row_of_a_later_edition_leads_to_the_row_it_repeats_and_one_that_was_rejected_says_why(intake: Intake) -> None:
    first = intake.hand_in(voucher_list(voucher("1"), voucher("2")))
    later = intake.hand_in(voucher_list(voucher("1"), voucher("2"), voucher("3"), voucher("4", "kaputt")))
    again = intake.hand_in(voucher_list(voucher("1"), voucher("2"), voucher("3"), voucher("4", "kaputt")))
    assert again["digest"] == later["digest"]
    row = intake.do(application.find_row, later["digest"][:12], "3")
    (said,) = intake.do(application.find_row, first["digest"], "3")["facts"]
    (repeated,) = row["repeats"]
    assert not row["facts"]
    assert (repeated["fact"], repeated["row"]["reference"]) == (said["id"], f"{first['digest'][:12]}:3")
    own = intake.do(application.find_row, later["digest"], "4")
    assert "repeats" not in own and len(own["facts"]) == 1
    (fault,) = intake.do(application.find_row, later["digest"], "5")["rejected"]
    assert fault["mend"]


def test_texts_can_be_erased_while_facts_and_digests_stay(intake: Intake) -> None:
    content = voucher_list(voucher("1", payee="Erika Beispiel"), voucher("2", "kaputt", payee="Erika Beispiel"), voucher("3"))
    view = intake.hand_in(content)
    told = len(intake.told())
    assert intake.do(application.erase, intake.files, view["digest"], "2")["erased"] == 1
    assert not intake.files.place(view["digest"]).exists()
    row = intake.do(application.find_row, view["digest"], "2")
    assert row["columns"] == {} and row["erased_at"] and len(row["facts"]) == 1
    assert intake.do(application.find_row, view["digest"], "4")["columns"]["Zahlungsempfänger"] == "Werkstoff GmbH"
    assert intake.do(application.erase, intake.files, view["digest"], None)["erased"] == 2
    assert intake.do(application.show_handin, intake.of("FileRead")[0].correlation)["rejected_rows"][0]["value"] is None
    assert len(intake.told()) == told
    assert "Beispiel" not in dumped(
        intake.do(lambda work: [tuple(row) for row in work.session.execute(text("select * from row_text"))])
    )
    assert counts(intake.hand_in(content)) == (3, 0, 2, 1, 0)


def test_a_rejected_row_says_in_both_languages_what_was_expected(intake: Intake) -> None:
    (row,) = intake.hand_in(voucher_list(voucher("1", "x")))["rejected_rows"]
    assert (row["expected"], row["expected_en"]) == (AMOUNT.expected.de, AMOUNT.expected.en)


def test_nothing_is_erased_of_a_file_that_is_being_read(intake: Intake) -> None:
    intake.receive(voucher_list(voucher("1")))
    with pytest.raises(StillReading):
        intake.do(application.erase, intake.files, digest_of(voucher_list(voucher("1"))), None)


def test_what_is_handed_in_again_while_it_is_erased_is_there_to_be_read(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    content = voucher_list(voucher("1"))
    digest, real = intake.hand_in(content)["digest"], store.times_handed_in

    def erased_meanwhile(work: Work, of: str) -> int:
        monkeypatch.undo()
        intake.do(application.erase, intake.files, digest, None)
        return real(work, of)

    monkeypatch.setattr(store, "times_handed_in", erased_meanwhile)
    assert intake.hand_in(content)["state"] == "read"


def test_who_erases_waits_for_who_is_handing_in_the_same(intake: Intake) -> None:
    content = voucher_list(voucher("1"))
    digest = intake.hand_in(content)["digest"]
    with ThreadPoolExecutor(1) as thread:
        with unit_of_work(intake.database, intake.clock) as work:
            application.receive_file(work, intake.files, content, application.recognise("datei", content, {}), "kasse")
            erasing = thread.submit(intake.do, application.erase, intake.files, digest, None)
            until(lambda: erasing.done() or intake.do(_somebody_waits))
        with pytest.raises(StillReading):
            erasing.result()
    intake.read()
    assert intake.do(application.show_file, digest)["state"] == "read"


def _somebody_waits(work: Work) -> bool:
    return bool(work.session.execute(text("select exists (select from pg_locks where not granted)")).scalar_one())


def test_a_key_of_pseudonyms_that_was_not_committed_is_not_used(intake: Intake) -> None:
    intake.receive(voucher_list(voucher("1")))

    def undone(work: Work) -> None:
        intake.reader.read_on(work)
        raise ConnectionError("the server died before the commit")

    assert intake.reader.ahead()
    with pytest.raises(ConnectionError):
        intake.do(undone)
    intake.read()
    intake.start_again()
    intake.hand_in(voucher_list(voucher("2")))
    first, second = (event.voucher.issuer.ref for event in intake.of("VoucherRecorded"))
    assert first == second


def test_a_person_is_one_pseudonym_in_all_files_of_an_installation(intake: Intake, another_intake: Intake) -> None:
    one, two = voucher_list(voucher("1", payee="Erika Beispiel")), voucher_list(voucher("2", payee="ERIKA BEISPIEL"))
    for installation in (intake, another_intake):
        installation.hand_in(one)
        installation.start_again()
        installation.hand_in(two)
    here, there = ({event.voucher.issuer.ref for event in each.of("VoucherRecorded")} for each in (intake, another_intake))
    assert len(here) == len(there) == 1 and here != there


def test_what_was_said_under_a_key_cannot_be_changed_by_the_service(intake: Intake) -> None:
    intake.hand_in(voucher_list(voucher("1")))
    for statement_ in (
        "update standing set revision = 9",
        "delete from standing",
        "truncate standing",
        "delete from row_text",
        "delete from handin",
    ):
        with pytest.raises(ProgrammingError) as refused:
            intake.do(lambda work, sql=statement_: work.session.execute(text(sql)))
        assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_a_correction_goes_back_and_forth_while_the_same_file_again_changes_nothing(intake: Intake) -> None:
    rows = [voucher("1", "1,00"), *(voucher("1", gross, corrects="ja") for gross in ("2,00", "1,00", "2,00"))]
    files = [voucher_list(row) + b"\r\n" * nth for nth, row in enumerate(rows)]
    assert [intake.hand_in(file)["facts"] for file in (*files, *files)] == [1, 1, 1, 1, 0, 0, 0, 0]
    assert [event.voucher.gross_cents for event in intake.of("VoucherCorrected")] == [200, 100, 200]


def test_a_bank_statement_and_a_cumulative_one_book_each_entry_once(intake: Intake) -> None:
    one = entry(ref="1", details=details(text="RE-1"))
    intake.hand_in(statement([one]))
    view = intake.hand_in(statement([one, entry("5.00", "CRDT", ref="2")]))
    assert counts(view) == (2, 1, 1, 0, 0)
    assert [event.payment.amount_cents for event in intake.of("PaymentBooked")] == [-11900, 500]


def test_council_objects_in_any_order_come_to_the_same_paper(intake: Intake, another_intake: Intake) -> None:
    from json import dumps

    from tests.intake.domain.test_council import consultation, meeting, organization, paper

    parts = [dumps(paper(consultation(1))), dumps(meeting(1, "2021-09-21")), dumps(organization(1, "Jugendhilfeausschuss"))]
    for part in parts:
        intake.hand_in(part, "vorlage.json")
    for part in reversed(parts):
        another_intake.hand_in(part, "vorlage.json")
    assert len(intake.of("DecisionRecorded")) == 3 and len(another_intake.of("DecisionRecorded")) == 1
    assert intake.of("DecisionRecorded")[-1].decision == another_intake.of("DecisionRecorded")[-1].decision


# ── other names of measures ──────────────────────────────────────────────────────────────────────────────────────────


MEASURES = (
    "Maßnahme;Bezeichnung;Kommune;Name der Kommune;Träger;Leistung;Zielgruppe;Beginn;Ende;Regelwerk;"
    "Förderkennzeichen;Aktenzeichen\n"
)


def measures(*named: tuple[str, str, str]) -> bytes:
    """Measures with grant reference and file reference."""
    row = "{};Maßnahme;herne;Herne (Demo);Träger;Beratung;Jugend;01.01.2014;31.12.2014;2014-2020;{};{}\n"
    return (MEASURES + "".join(row.format(*one) for one in named)).encode()


@pytest.mark.parametrize("name", ["51.2-7/14", "FKZ-9"])
def test_a_row_that_calls_a_measure_by_another_name_is_a_fact_of_the_measure(intake: Intake, name: str) -> None:
    intake.hand_in(measures(("M-1", "FKZ-9", "51.2-7/14")))
    digest = digest_of(content := voucher_list(voucher("1", measure=name)))
    intake.hand_in(content)
    (said,) = intake.of("VoucherRecorded")
    assert (said.subject, said.voucher.measure) == ("measure/M-1", "M-1")
    assert intake.do(application.find_row, digest, "2")["columns"]["Maßnahme"] == name, "the row is kept as it came"
    intake.hand_in(voucher_list(voucher("1", measure="M-1")))
    assert len(intake.of("VoucherRecorded")) == 1, "by its key it is the same fact"


def test_a_name_of_several_measures_or_the_key_of_another_stands_for_none(intake: Intake) -> None:
    intake.hand_in(measures(("M-1", "FKZ-9", "M-2"), ("M-2", "FKZ-9", "")))
    intake.hand_in(voucher_list(voucher("1", measure="M-2"), voucher("2", measure="FKZ-9")))
    assert [event.subject for event in intake.of("VoucherRecorded")] == ["measure/M-2", "measure/FKZ-9"]


def test_what_came_before_a_name_was_known_is_named_and_counts_when_it_comes_again(intake: Intake) -> None:
    early = voucher_list(voucher("1", measure="51.2-7/14"))
    intake.hand_in(early)
    intake.hand_in(measures(("M-1", "", "51.2-7/14")))
    (remark,) = intake.of("FileRead")[-1].remarks
    assert remark.startswith("„51.2-7/14“ ist M-1;") and PHRASES.english(remark) != remark
    intake.hand_in(early)
    assert [event.voucher.measure for event in intake.of("VoucherRecorded")] == ["51.2-7/14", "M-1"]


def corrected(row: tuple[str, str, str]) -> bytes:
    """The row of a measure, marked as a correction."""
    headings, line = measures(row).decode().splitlines()
    return f"{headings};Berichtigt\n{line};ja\n".encode()


def test_a_name_that_a_correction_left_out_yields_to_another_measure_and_else_still_leads_to_its_own(intake: Intake) -> None:
    def known() -> dict[str, str]:
        found: dict[str, str] = intake.do(application.names_of_measures)
        return found

    intake.hand_in(measures(("M-1", "FKZ-9", "51.2-7/14")))
    answer = intake.hand_in(corrected(("M-1", "FKZ-9", "51.2-8/14")))
    assert known() == {"FKZ-9": "M-1", "51.2-7/14": "M-1", "51.2-8/14": "M-1"} and not answer["remarks"]
    intake.hand_in(measures(("M-2", "", "51.2-7/14")))
    assert known() == {"FKZ-9": "M-1", "51.2-7/14": "M-2", "51.2-8/14": "M-1"}
    intake.hand_in(measures(("M-1", "FKZ-9", "51.2-7/14")) + b"\n")
    assert known() == {"FKZ-9": "M-1", "51.2-7/14": "M-2", "51.2-8/14": "M-1"}, "what was corrected since says nothing new"
    intake.hand_in(corrected(("M-1", "FKZ-9", "51.2-7/14")))
    assert known() == {"FKZ-9": "M-1", "51.2-8/14": "M-1"}, "now both are called so"
    intake.hand_in(corrected(("M-1", "FKZ-9", "51.2-8/14")))
    assert known() == {"FKZ-9": "M-1", "51.2-8/14": "M-1"}, "the same file again corrects nothing"


def test_trying_knows_names_it_is_given_and_those_of_files_tried_before_and_says_if_it_was_given_none() -> None:
    lists = [(f"{name}.csv", voucher_list(voucher(name, measure=name))) for name in ("FKZ-9", "AZ-1", "AZ-2")]
    named = [("M.csv", measures(("M-1", "FKZ-9", "AZ-2"))), *lists]
    for names, subjects in (
        (None, ["M-1", "AZ-1", "M-1"]), ({}, ["M-1", "AZ-1", "M-1"]), ({"AZ-1": "M-7", "AZ-2": "M-8"}, ["M-1", "M-7", "AZ-2"]),
    ):
        _, *answers = trying.try_files(named, names)
        assert [answer["shown"][0]["subject"] for answer in answers] == [f"measure/{key}" for key in subjects]
        assert {answer["names_known"] for answer in answers} == {names is not None}


# ── instructions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def instruct(
    intake: Intake, subject: str = "measure/M-1", actor: str = "sachbearbeitung", **instruction: Any
) -> Noted:
    said = Instructed.model_validate({"subject": subject, "instruction": instruction})
    noted: Noted = intake.do(application.receive_instruction, said, actor)
    return noted


def test_an_instruction_is_a_fact_once(intake: Intake) -> None:
    first, second = (
        instruct(intake, kind="set_cut_off", as_of="2014-12-31"),
        instruct(intake, kind="set_cut_off", as_of="2014-12-31"),
    )
    assert first.fact == second.fact and (first.new, second.new) == (True, False)
    (given,) = intake.of("InstructionGiven")
    assert given.actor == "sachbearbeitung" and given.subject == "measure/M-1"
    assert intake.do(application.find_row, given.source.digest, "1")["columns"]["kind"] == "set_cut_off"


def test_a_person_may_change_their_mind_and_release_as_often_as_they_like(intake: Intake) -> None:
    pair = {"voucher": str(uuid4()), "payment": str(uuid4()), "reason": "gesehen"}
    news = [
        instruct(intake, kind=kind, **pair).new for kind in ("confirm_match", "confirm_match", "reject_match", "confirm_match")
    ]
    assert news == [True, False, True, True]
    fact = str(uuid4())
    assert [instruct(intake, kind="release_parked", fact=fact).new for _ in range(2)] == [True, True]
    assert len({event.id for event in intake.of("InstructionGiven")}) == 5


def waive(intake: Intake, actor: str = "sachbearbeitung", finding: str = "0c1277aa-6d1f-5b0e-9a53-1d1c36d1f3ab") -> Noted:
    return instruct(intake, actor=actor, kind="waive_finding", finding=finding, reason="geringfügig")


def test_a_waiver_waits_until_another_person_approves_it_and_then_carries_both_names(intake: Intake) -> None:
    noted = waive(intake)
    assert (noted.fact, noted.new) == (None, True) and not intake.told()
    (waiting,) = intake.do(application.list_proposals)
    assert (waiting["number"], waiting["actor"], waiting["instruction"]["reason"]) == (
        noted.number, "sachbearbeitung", "geringfügig",
    )
    approved = intake.do(application.approve, noted.number, "leitung")
    (given,) = intake.of("InstructionGiven")
    assert (given.id, given.actor, given.approved_by) == (approved.fact, "sachbearbeitung", "leitung")
    assert intake.do(application.list_proposals) == []
    assert intake.do(application.find_row, given.source.digest, "1")["columns"]["reason"] == "geringfügig"


def test_nobody_approves_what_they_proposed_themselves(intake: Intake) -> None:
    number = waive(intake).number
    with pytest.raises(NotFourEyes):
        intake.do(application.approve, number, "sachbearbeitung")
    with pytest.raises(IntegrityError, match="four_eyes"):
        intake.do(lambda work: work.session.execute(text("update proposal set state = 'approved', decided_by = actor")))
    assert not intake.told() and len(intake.do(application.list_proposals)) == 1


def test_a_proposal_said_or_approved_again_is_the_same(intake: Intake) -> None:
    first, again, by_another = waive(intake), waive(intake), waive(intake, "leitung")
    assert first.number == again.number == by_another.number and (first.new, again.new) == (True, False)
    approved = [intake.do(application.approve, first.number, "leitung") for _ in range(2)]
    assert [noted.new for noted in approved] == [True, False] and approved[0].fact == approved[1].fact
    assert waive(intake) == Noted("measure/M-1", approved[0].fact, new=False)
    assert len(intake.of("InstructionGiven")) == 1


def test_what_was_declined_waits_no_longer_and_may_be_proposed_anew(intake: Intake) -> None:
    number = waive(intake).number
    assert [intake.do(application.decline, number, "sachbearbeitung").new for _ in range(2)] == [True, False]
    with pytest.raises(DecidedOtherwise, match="declined sachbearbeitung"):
        intake.do(application.approve, number, "leitung")
    anew = waive(intake).number
    assert anew != number and intake.do(application.approve, anew, "leitung").new
    with pytest.raises(DecidedOtherwise):
        intake.do(application.decline, anew, "leitung")
    with pytest.raises(UnknownProposal):
        intake.do(application.approve, 999, "leitung")


def test_an_instruction_about_a_file_is_refused(intake: Intake) -> None:
    with pytest.raises(WrongSubject):
        instruct(intake, subject="file/abc", kind="set_cut_off", as_of="2014-12-31")


def test_trying_a_file_stores_nothing_and_shows_everything() -> None:
    answer = trying.try_file(
        "liste.csv", voucher_list(voucher("1"), voucher("1", "2,00"), voucher("2", "x")), kind="vouchers"
    )
    assert counts(answer) == (3, 1, 0, 2, 0)
    assert [(row["place"], row["error"]) for row in answer["rejected_rows"]] == [("3", "ROW-14"), ("4", "ROW-02")]
    assert answer["rejected_rows"][0]["expected_en"].startswith("what was said before")
    assert "Zeile 2 derselben Datei" in answer["rejected_rows"][0]["mend"]
    assert "row 2 of the same file" in answer["rejected_rows"][0]["mend_en"]
    assert (answer["rejected_rows"][1]["expected"], answer["rejected_rows"][1]["expected_en"]) == (
        AMOUNT.expected.de,
        AMOUNT.expected.en,
    )
    assert AMOUNT.expected.de != AMOUNT.expected.en
    first = answer["shown"][0]
    assert (first["place"], first["fact"], first["subject"]) == ("2", "VoucherRecorded", "measure/M-1")
    assert first["text"].startswith("Maßnahme M-1, Belegliste ") and first["text_en"].startswith("measure M-1, list ")


PAPERS = {
    "paper": {
        "id": "https://ris.example/paper/1", "type": "https://schema.oparl.org/1.1/Paper", "reference": "2021/941", "name": "A",
        "modified": "2021-10-07T10:00:00+02:00", "body": "https://ris.example/body/1",
        "consultation": ["https://ris.example/cons/1"],
    },
    "consultation": {
        "id": "https://ris.example/cons/1", "type": "https://schema.oparl.org/1.1/Consultation", "role": "Entscheidung",
        "paper": "https://ris.example/paper/1", "meeting": "https://ris.example/meet/1",
        "organization": ["https://ris.example/org/1"],
    },
    "meeting": {
        "id": "https://ris.example/meet/1", "type": "https://schema.oparl.org/1.1/Meeting", "name": "Sitzung",
        "start": "2021-10-06T17:00:00+02:00",
        "agendaItem": [{
            "id": "https://ris.example/item/1", "type": "https://schema.oparl.org/1.1/AgendaItem",
            "consultation": "https://ris.example/cons/1", "result": "ungeändert beschlossen",
        }],
    },
    "organization": {"id": "https://ris.example/org/1", "type": "https://schema.oparl.org/1.1/Organization", "name": "Kreistag"},
    "body": {"id": "https://ris.example/body/1", "type": "https://schema.oparl.org/1.1/Body", "name": "Kreis", "ags": "03157"},
}  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(PAPERS))[::7])
def test_council_files_that_are_tried_together_are_joined_in_any_order(order: tuple[str, ...]) -> None:
    files = [(f"{name}.json", json.dumps(PAPERS[name]).encode()) for name in order]
    answers = list(trying.try_files(files))
    (fact,) = answers[order.index("paper")]["shown"]
    assert sum(answer["facts"] for answer in answers) == 1
    assert fact["text"].startswith("Vorlage 03157/2021/941, ")
    assert "Kreistag Entscheidung ja 06.10.2021 Sitzung ungeändert beschlossen passed_unchanged" in fact["text"]


@pytest.mark.parametrize("order", list(permutations(PAPERS))[::40])
def test_council_files_that_are_handed_in_one_by_one_are_joined_in_any_order(intake: Intake, order: tuple[str, ...]) -> None:
    for name in order:
        intake.hand_in(json.dumps(PAPERS[name]), f"{name}.json", municipality="peine")
    (step,) = intake.of("DecisionRecorded")[-1].decision.steps
    assert (step.body, str(step.held_on), step.result) == ("Kreistag", "2021-10-06", StepResult.PASSED_UNCHANGED)


def test_lists_that_are_tried_together_know_of_each_other() -> None:
    answers = list(
        trying.try_files([("1.csv", voucher_list(voucher("1"))), ("2.csv", voucher_list(voucher("1"), voucher("2")))])
    )
    assert [(answer["facts"], answer["known"]) for answer in answers] == [(1, 0), (1, 1)]


@pytest.mark.parametrize("kind", ["vouchers", "camt"])
def test_a_large_file_is_never_held_as_a_whole(intake: Intake, tmp_path: Path, kind: str) -> None:
    large = tmp_path / "large"
    long = "x" * 4_000
    if kind == "vouchers":
        rows = (f"{voucher(str(at))};{long}" for at in range(4_000))
        large.write_text("\n".join([f"{VOUCHERS};Sonstiges", *rows]), "utf-8")
    else:
        large.write_bytes(statement([entry(ref=f"B{at}", details=details(text=long)) for at in range(4_000)]))
    content = Content.at(large)
    tracemalloc.start()
    intake.do(application.receive_file, intake.files, content, application.recognise("large", content, {}), "kasse")
    drafts = sum(len(row.drafts) for row in readers.read(Content(partial(intake.files.open, content.digest))).rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert drafts == 4_000
    assert peak < large.stat().st_size / 3, f"{peak:,} bytes held of a file of {large.stat().st_size:,}"


def test_trying_a_list_keeps_of_each_row_no_more_than_tells_it_again() -> None:
    def peak(rows: int) -> int:
        content = voucher_list(*(voucher(str(at)) for at in range(rows)))
        tracemalloc.start()
        assert trying.try_file("liste.csv", content)["facts"] == rows
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    grown = peak(5_000) - peak(2_000)
    assert grown < 3_000 * 700, f"{grown / 3_000:.0f} bytes for each row"


def test_a_file_is_read_to_its_end_from_where_it_lies(intake: Intake, tmp_path: Path) -> None:
    """What a file holds beyond the first looks counts as well: a letter that decides the encoding, a quotation mark."""
    file = tmp_path / "list.csv"
    rows = voucher_list(*(voucher(str(at)) for at in range(8_000)))
    file.write_bytes(rows + voucher("x", payee="Möbel GmbH").encode("cp1252"))
    content = Content.at(file)
    reading = readers.read(content)
    assert [draft.body["voucher"].issuer.name for _, draft in reading.drafts][-1] == "Möbel GmbH"


def test_an_older_state_of_a_council_object_does_not_win_by_the_zone_its_moment_is_written_in(intake: Intake) -> None:
    for name, modified in (("neu", "2021-09-06T09:00:00Z"), ("alt", "2021-09-06T10:30:00+02:00")):
        body = {"id": "https://rat.example/organizations/1", "type": "https://schema.oparl.org/1.1/Organization", "name": name}
        intake.hand_in(json.dumps([body | {"modified": modified}]), "gremien.json")
    names = intake.do(lambda work: work.session.connection().execute(text("select body->>'name' from council")).scalars().all())
    assert names == ["neu"]
