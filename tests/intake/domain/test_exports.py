"""What programs of municipalities, carriers, banks and councils export: read as a person would, or refused with what to mend."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from services.intake.domain.errors import Unreadable
from services.intake.domain.readers.results import result_of
from shared.contracts.intake import Decision, Payment, StepResult, Voucher
from tests.intake.domain.test_variants import ALL, BODY, HEADINGS, MEETING, PAPER, PLAIN, RIS, row, zipped
from tests.intake.made import details, entry, faults, read, statement


def vouchers(text: str | bytes, **given: str) -> list[Voucher]:
    reading = read(text, **given)
    assert not reading.rejected, faults(reading)
    return [draft.body["voucher"] for _, draft in reading.drafts]


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "cell", ["01. Feb 15", "Sonntag, 1. Februar 2015", "So 01.02.15", "1-Feb-15", "01-Feb-2015", "1.Feb.15", "2015-02-01 00:00"]
)
def test_a_day_as_spreadsheet_programs_show_it(cell: str) -> None:
    assert vouchers(f"{HEADINGS}\n{row(day=cell)}\n")[0].invoice_date == date(2015, 2, 1)


@pytest.mark.parametrize("heading", ["S/H", "Soll/Haben-Kennzeichen", "Soll/Haben"])
def test_debit_and_credit_in_a_column_of_their_own_are_the_sign_of_the_amount(heading: str) -> None:
    text = f"{HEADINGS};Netto;{heading}\n{row()};100,00;S\n{row(number='2')};100,00;Haben\n"
    debit, credit = vouchers(text)
    assert (debit.gross_cents, debit.eligible_cents, debit.vat_cents) == (11_900, 11_900, 1_900)
    assert (credit.gross_cents, credit.eligible_cents, credit.vat_cents) == (-11_900, -11_900, -1_900)


def test_credit_and_a_minus_sign_at_once_are_not_guessed() -> None:
    assert faults(read(f"{HEADINGS};S/H\n{row('-119,00')};H\n")) == [("2", "ROW-16", "Brutto")]


@pytest.mark.parametrize(
    ("heading", "cell", "vat"), [("MwSt %", "19", None), ("MwSt (in %)", "19,00", None), ("MwSt in EUR", "38,00", 3_800)]
)
def test_a_rate_of_vat_is_no_amount(heading: str, cell: str, vat: int | None) -> None:
    assert vouchers(f"{HEADINGS};{heading}\n{row('238,00')};{cell}\n")[0].vat_cents == vat


@pytest.mark.parametrize(
    ("heading", "cell"), [("Anteil in %", "60"), ("Anteil (%)", "60,0"), ("Anteil %", "60 %"), ("Anteil", "0,6")]
)
def test_a_share_may_leave_the_percent_sign_to_its_heading(heading: str, cell: str) -> None:
    assert vouchers(f"{HEADINGS};{heading}\n{row()};{cell}\n")[0].eligible_cents == 7_140


@pytest.mark.parametrize(
    ("column", "cell", "code", "word"),
    [
        ("Anteil in %", "0,6", "ROW-04", "Prozentzeichen"),  # of hundred, or of one?
        ("MwSt", "19 %", "ROW-02", "Satz"),
        ("Netto", "100,00 H", "ROW-02", "Soll/Haben"),
        ("Zahlungsdatum", "01-02-2015", "ROW-03", "Bindestrich"),
        ("Rechnungsnummer", "4,71001E+11", "ROW-16", "als Text formatieren"),
    ],
)
def test_what_may_mean_two_things_is_refused_with_what_to_mend(column: str, cell: str, code: str, word: str) -> None:
    (rejected,) = read(f"{HEADINGS};{column}\n{row()};{cell}\n").rejected
    assert rejected.faults[0].code == code and word in rejected.faults[0].mend_text


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────

FIRST = "Maßnahme;Belegliste;Belegnummer;Position;Empfänger"
MERGED = f"{FIRST};Rechnungsdatum;Leistungszeitraum;;Betrag;;\n;;;;;;von;bis;brutto;netto;MwSt\n"
SPARSE = f";;;;;;Leistungszeitraum;;Betrag;;\n{FIRST};Rechnungsdatum;von;bis;brutto;netto;MwSt\n"
GROUPED = f";;;;;Rechnung;Leistung;;Rechnung;;\n{FIRST};Datum;von;bis;Betrag;Netto;MwSt\n"


@pytest.mark.parametrize("headings", [MERGED, SPARSE, GROUPED, f"Verwendungsnachweis 2014\n{MERGED}"])
def test_headings_in_two_rows_are_read_together_also_on_the_next_page(headings: str) -> None:
    line = "M-1;BL-1;{};1.1;Werkstoff GmbH;03.03.2014;01.02.2014;28.02.2014;119,00;100,00;19,00\n"
    next_page = headings.removeprefix("Verwendungsnachweis 2014\n")
    first, second = vouchers(headings + line.format(1) + next_page + line.format(2))
    assert second == first.model_copy(update={"number": "2"})
    assert (first.service.start, first.service.end) == (date(2014, 2, 1), date(2014, 2, 28))
    assert (first.invoice_date, first.gross_cents, first.vat_cents) == (date(2014, 3, 3), 11_900, 1_900)


@pytest.mark.parametrize(
    "headings",
    [
        "lfd. Nr.;Beleg-Nr.;Kostenart;Rechnungsdatum;Zahlungsdatum;Leistungsmonat;Empfänger/in bzw. Einzahler/in;Buchungsbetrag",
        "Buchungszeile;Belegnr.;Kostenart;Belegdatum;Buchungsdatum;Leistungszeitraum;Kreditorenname;Betrag (MW)",
        "Buchungskreis;Belegnummer;Kostenart;Belegdatum;Buchungsdatum;Leistungsdatum;Name 1;Betrag in Hauswährung",
    ],
    ids=["Landesbank", "infoma", "SAP"],
)
def test_lists_of_further_makes_are_understood(headings: str) -> None:
    (said,) = vouchers(f"{headings}\n1;17;1.1;03.03.2014;17.03.2014;März 2014;Werkstoff GmbH;1.119,00\n", measure="M-1", list="B")
    assert (said.number, said.gross_cents, said.paid_on) == ("17", 111_900, date(2014, 3, 17))


@pytest.mark.parametrize("heading", ["Betrag 2014", "Betrag 2014 in €", "2014", "HHJ 2014"])
def test_a_year_may_head_its_column_in_many_ways(heading: str) -> None:
    text = (
        "Maßnahme;Aktenzeichen;Zuwendungsgeber;Art;Bescheid vom;Beginn;Ende;Finanzierungsart;Höchstbetrag;"
        f"{heading}\nM-1;51/14;esf;ESF;15.12.2013;01.01.2014;31.12.2014;Anteil;100,00;60,00\n"
    )
    ((_, draft),) = read(text).drafts
    assert [(year.budget_year, year.amount_cents) for year in draft.body["award"].years] == [(2014, 6_000)]


@pytest.mark.parametrize(
    "last",
    [
        "Personalkosten gesamt;;;;;;;119,00;", "Kontrollsumme;;;;;;;119,00;", "Vortrag von Blatt 1;;;;;;;0,00;",
        "=====;;;;;;;=====;", "gez. Kämmerei", "Blatt 1", "Anzahl Belege: 1", "1 Zeile(n)", "1;2;3;4;5;6;7;8;9", "\x1a",
    ],
)  # fmt: skip
def test_more_of_what_programs_write_around_a_list_is_no_row(last: str) -> None:
    assert len(vouchers(f"{HEADINGS}\n{row()}\n{last}\n")) == 1


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (HEADINGS.replace("Brutto", "Betrag;Betrag") + f"\n{row()};100,00\n", "FILE-04", "Spalten"),
        (HEADINGS.replace("Leistungsdatum", "Bemerkung") + f"\n{row()}\n", "FILE-03", "Leistungsdatum"),
        ("Auftragskonto;Buchungstag;Valutadatum;Verwendungszweck;Kontonummer;BLZ;Betrag;Währung\n", "FILE-03", "camt.053"),
        (gzip.compress(HEADINGS.encode()), "FILE-06", "ntpacken"),
    ],
    ids=["amount twice", "no service", "statement as CSV", "packed"],
)
def test_a_file_that_cannot_be_read_as_it_is_says_why(content: str | bytes, code: str, word: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(content)
    assert refused.value.fault.code == code and word in refused.value.fault.mend_text


# ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────────


def payments(content: str | bytes) -> list[Payment]:
    return [draft.body["payment"] for _, draft in read(content).drafts]


def test_a_zip_file_of_a_mac_or_of_windows_holds_more_than_statements() -> None:
    packed = zipped({"a.xml": PLAIN, "__MACOSX/._a.xml": b"\0\5\26\7", ".DS_Store": b"x", "alt/Thumbs.db": b"x"})
    assert payments(packed) == payments(PLAIN)


def test_parts_of_a_batch_in_another_currency_count_as_converted() -> None:
    dollars = "<Amt Ccy='USD'>130.00</Amt><AmtDtls><CntrValAmt><Amt Ccy='EUR'>100.00</Amt></CntrValAmt></AmtDtls>"
    batch = statement([entry("130.00", details=f"{details('30.00')}<TxDtls>{dollars}</TxDtls>")])
    assert [payment.amount_cents for payment in payments(batch)] == [-3_000, -10_000]


@pytest.mark.parametrize("said", ["Not Provided", "NOT-PROVIDED", "KEINE", "n.a.", "-", "0"])
def test_more_placeholders_are_no_reference(said: str) -> None:
    assert payments(statement([entry(details=details(end_to_end=said))]))[0].end_to_end_id is None


def test_a_second_document_in_the_file_is_not_read_and_that_is_said() -> None:
    reading = read(PLAIN + PLAIN)
    assert len(list(reading.drafts)) == 1
    assert [fault.code for fault in reading.rejected[0].faults] == ["BANK-06"]
    assert "zweite XML-Datei" in reading.rejected[0].faults[0].mend_text


# ── council papers ───────────────────────────────────────────────────────────────────────────────────────────────────


def decision(*objects: Any) -> Decision:
    ((_, draft),) = read(json.dumps(objects[0] if len(objects) == 1 else objects)).drafts
    said: Decision = draft.body["decision"]
    return said


def test_html_in_a_text_is_left_out() -> None:
    said = decision(PAPER | {"name": "<p>Kinder &amp; Jugend<br/>&lt; 27 Jahre</p>", "web": "https://x.example/?a=1&copy=2"})
    assert (said.title, said.url) == ("Kinder & Jugend < 27 Jahre", "https://x.example/?a=1&copy=2")
    assert decision(PAPER | {"name": "Plätze < 3 Jahre und > 6"}).title == "Plätze < 3 Jahre und > 6"


@pytest.mark.parametrize("deleted", [True, "true", 1])
def test_a_paper_is_deleted_however_its_system_says_yes(deleted: Any) -> None:
    assert decision(PAPER | {"deleted": deleted}).deleted
    assert not decision(PAPER | {"deleted": False}).deleted


@pytest.mark.parametrize(
    "change",
    [
        lambda: {"data": [PAPER], "included": [MEETING, BODY]},
        lambda: [PAPER | {"type": ["https://schema.oparl.org/1.1/Paper"]}, MEETING, BODY],
        lambda: [PAPER | {"type": "https://schema.oparl.org/1.1/paper/"}, MEETING, BODY],
    ],
    ids=["beside the page", "types", "lower case"],
)
def test_no_object_of_a_file_is_left_out(change: Callable[[], Any]) -> None:
    assert decision(change()) == decision(ALL)


@pytest.mark.parametrize("state", ["entfällt", "Ausgefallen", "abgesagt"])
def test_a_meeting_that_did_not_take_place_has_decided_nothing(state: str) -> None:
    (step,) = decision([PAPER, MEETING | {"meetingState": state}, BODY]).steps
    assert (step.held_on, step.result) == (None, StepResult.UNKNOWN)


@pytest.mark.parametrize(
    ("role", "decides"),
    [
        ("Zur Entscheidung", True), ("öffentlich - Beschlussfassung", True), ("Endgültige Entscheidung", True),
        ("Entscheidung (nicht öffentlich)", True), ("nicht entscheidend", None), ("Entscheidungsvorbereitung", None),
        ("Vorberatung", None), ("Beschlussempfehlung", None),
    ],
)  # fmt: skip
def test_a_role_decides_if_all_of_it_says_so(role: str, decides: bool | None) -> None:
    consultation = {"id": f"{RIS}cons/1", "type": "https://schema.oparl.org/1.1/Consultation", "role": role, "meeting": "m"}
    assert decision(PAPER | {"consultation": [consultation]}).steps[0].authoritative is decides


PASSED, CHANGED, REJECTED = StepResult.PASSED_UNCHANGED, StepResult.PASSED_CHANGED, StepResult.REJECTED
POSTPONED, NOTED, UNKNOWN = StepResult.POSTPONED, StepResult.NOTED, StepResult.UNKNOWN


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        ("Beschluss gemäß Vorlage", PASSED), ("gem. Vorlage beschlossen", PASSED), ("Beschluss lt. Vorlage", PASSED),
        ("einstimmiger Beschluss", PASSED), ("Einstimmiger Beschluss gemäß Vorlage", PASSED), ("Beschluss", UNKNOWN),
        ("dem Rat empfohlen", PASSED), ("dem Kreistag einstimmig zur Beschlussfassung empfohlen", PASSED),
        ("dem Rat geändert empfohlen", CHANGED), ("dem Rat nicht empfohlen", REJECTED),
        ("dem Rat unter Auflagen zur Beschlussfassung empfohlen", UNKNOWN),
        ("dem Rat mit Änderungen zur Beschlussfassung empfohlen", UNKNOWN),
        ("mehrheitlich gegen die Stimmen der CDU-Fraktion beschlossen", PASSED),
        ("beschlossen gegen die Stimmen der SPD", PASSED), ("bei Enthaltung der Linken abgelehnt", REJECTED),
        ("beschlossen gegen die Stimmen der SPD, vertagt", UNKNOWN),
        ("beschlossen gegen die Stimmen der SPD, aber nicht Punkt 3", UNKNOWN), ("mit 12 zu 3 Stimmen beschlossen", PASSED),
        ("abweichend beschlossen", CHANGED), ("Beschluss mit Änderungen", CHANGED),
        ("keine Mehrheit", REJECTED), ("Der Antrag fand keine Mehrheit", REJECTED), ("nicht einstimmig beschlossen", UNKNOWN),
        ("vertagt auf den 12.12.2021", POSTPONED), ("vertagt auf Antrag, im Übrigen beschlossen", UNKNOWN),
        ("ausgesetzt", POSTPONED), ("abgesetzt von TO", POSTPONED), ("wurde zur Kenntnis genommen", NOTED),
        ("<p>unge&auml;ndert&nbsp;beschlossen</p>", PASSED), ("<b>nicht</b> beschlossen", REJECTED),
        ("Ergebnis: ungeändert beschlossen", PASSED), ("beschlossen, vorbehaltlich der Haushaltsmittel", UNKNOWN),
        ("Abstimmungsergebnis: einstimmig", UNKNOWN), ("siehe Niederschrift", UNKNOWN),
    ],
)  # fmt: skip
def test_results_as_further_systems_write_them(raw: str, result: StepResult) -> None:
    item = MEETING["agendaItem"][0] | {"result": raw}
    assert decision([PAPER, MEETING | {"agendaItem": [item]}, BODY]).steps[0].result is result
    assert raw[0] == "<" or result_of(raw) is result
