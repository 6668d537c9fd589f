"""Files as other people, programs and banks write them: each is the right facts, or an error that says what to mend."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.errors import Unreadable
from services.intake.domain.readers.results import result_of
from services.intake.domain.reading import Reading
from shared.contracts.intake import Decision, Payment, StepResult, Voucher
from shared.values.german import write_cents
from tests.intake.made import IBAN, details, entry, faults, read, statement

HEADINGS = "Maßnahme;Belegliste;Belegnummer;Position;Zahlungsempfänger;Rechnungsdatum;Leistungsdatum;Brutto;Skonto"


def row(
    gross: str = "119,00", day: str = "03.03.2014", service: str = "01.03.2014", discount: str = "", number: str = "1"
) -> str:
    return f"M-1;BL-1;{number};1.1;Werkstoff GmbH;{day};{service};{gross};{discount}"


def voucher(reading: Reading) -> Voucher:
    ((_, draft),) = reading.drafts
    said: Voucher = draft.body["voucher"]
    return said


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("nothing", ["", "-", "–", "—", "-   €", "k. A.", "n/a", "./.", "/", "entfällt"])
def test_what_is_meant_to_be_empty_is_empty_not_wrong(nothing: str) -> None:
    assert voucher(read(f"{HEADINGS}\n{row(discount=nothing)}\n")).discount_cents == 0
    assert faults(read(f"{HEADINGS}\n{row(gross=nothing)}\n")) == [("2", "ROW-01", "Brutto")]


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("######", "zu schmal"), ("#NV", "Formelfehler"), ("12,345", "Drei Nachkommastellen"), ("5,00 $", "anderer Währung"),
        ("CHF 5,00", "anderer Währung"),
    ],
)  # fmt: skip
def test_an_amount_that_cannot_be_read_says_what_has_likely_happened(cell: str, word: str) -> None:
    (rejected,) = read(f"{HEADINGS}\n{row(gross=cell)}\n").rejected
    assert (rejected.faults[0].code, rejected.faults[0].value) == ("ROW-02", cell)
    assert word in rejected.faults[0].mend_text
    assert len(rejected.faults[0].mend_en) > len(rejected.faults[0].cause.mend.en)


@pytest.mark.parametrize("cell", ["1.2.2012", "01.02.12", "1.2.12", "2012-02-01", "20120201", "1. Februar 2012", "01. Feb. 2012"])
def test_a_day_may_be_written_in_many_ways(cell: str) -> None:
    assert voucher(read(f"{HEADINGS}\n{row(day=cell)}\n")).invoice_date == date(2012, 2, 1)


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("40940", "01.02.2012"), ("01/02/2012", "Schrägstrich"), ("01.02.50", "vier Ziffern"), ("31.02.2012", ""),
        ("01.02.1012", ""),
    ],
)
def test_a_day_that_may_be_two_is_refused(cell: str, word: str) -> None:
    (rejected,) = read(f"{HEADINGS}\n{row(day=cell)}\n").rejected
    assert (rejected.faults[0].code, rejected.faults[0].column) == ("ROW-03", "Rechnungsdatum")
    assert word in rejected.faults[0].mend_text


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        ("01.02.-28.02.2012", date(2012, 2, 1), date(2012, 2, 28)),
        ("01. - 28.02.2012", date(2012, 2, 1), date(2012, 2, 28)),
        ("1.2.-3.2.12", date(2012, 2, 1), date(2012, 2, 3)),
        ("vom 01.02.2012 bis zum 28.02.2012", date(2012, 2, 1), date(2012, 2, 28)),
        ("3.-5. März 2012", date(2012, 3, 3), date(2012, 3, 5)),
        ("Februar 2012", date(2012, 2, 1), date(2012, 2, 29)),
        ("02/2012", date(2012, 2, 1), date(2012, 2, 29)),
        ("Jan. - März 2012", date(2012, 1, 1), date(2012, 3, 31)),
        ("12/2012-01/2013", date(2012, 12, 1), date(2013, 1, 31)),
        ("2012-02-01 - 2012-02-28", date(2012, 2, 1), date(2012, 2, 28)),
        ("01.03.2014 \u2212 31.03.2014", date(2014, 3, 1), date(2014, 3, 31)),
        ("01.-03.2014", date(2014, 1, 1), date(2014, 3, 31)),
        ("Jan-Mrz 2014", date(2014, 1, 1), date(2014, 3, 31)),
        ("Mrz 14", date(2014, 3, 1), date(2014, 3, 31)),  # what becomes of a month that is typed in
        ("Q1/2014", date(2014, 1, 1), date(2014, 3, 31)),
        ("IV. Quartal 2014", date(2014, 10, 1), date(2014, 12, 31)),
        ("2014", date(2014, 1, 1), date(2014, 12, 31)),
    ],
)
def test_a_period_may_be_written_in_many_ways(cell: str, first: date, last: date) -> None:
    service = voucher(read(f"{HEADINGS}\n{row(service=cell)}\n")).service
    assert (service.start, service.end) == (first, last)


def test_a_period_over_the_turn_of_the_year_is_not_guessed() -> None:
    assert faults(read(f"{HEADINGS}\n{row(service='30.12.-02.01.2013')}\n")) == [("2", "ROW-12", "Leistung bis")]


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headings",
    [
        "Lfd. Nr.;Belegnr.;Kostenart;Rechnungssteller;Belegdatum;Zahldatum;Leistungszeitraum;Betrag (EUR);Verwendungszweck",
        "Lfd. Nr.;Beleg-Nr.;Kostenposition;Zahlungsempfänger;Datum der Rechnung;Zahldatum;Leistungsdatum;Einzelbetrag;Grund",
        "Re.-Nr.;Nr.;Ausgabenart;Firma;Re-Datum;bezahlt am;Leistungszeitraum;Bruttobetrag in EUR;Bemerkungen",
        'Titel;Beleg;"Kosten-\nposition";"Zahlungs-\nempfänger";"Rechnungs-\ndatum";Zahltag;Zeitraum;"Betrag\n(brutto)";Text',
    ],
)
def test_lists_of_other_makes_are_understood(headings: str) -> None:
    line = "7;77;1.1;Werkstoff GmbH;03.03.2014;17.03.2014;März 2014;119,00;Farbe"
    said = voucher(read(f"{headings}\n{line}\n", measure="M-1", list="B"))
    assert (said.number, said.position, said.issuer.name, said.gross_cents) == ("77", "1.1", "Werkstoff GmbH", 11_900)
    assert (said.invoice_date, said.paid_on, said.service.end) == (date(2014, 3, 3), date(2014, 3, 17), date(2014, 3, 31))


def test_a_heading_in_two_languages_is_known_by_its_first_line() -> None:
    assert voucher(read(f"{HEADINGS.replace('Brutto', chr(34) + 'Brutto' + chr(10) + 'gross amount' + chr(34))}\n{row()}\n"))


@pytest.mark.parametrize(
    "above", ["Maßnahme:;M-1;\nBelegliste:;BL-1;\n\n", "Verwendungsnachweis\nMaßnahme: M-1\nBelegliste Nr.: BL-1\n"]
)
def test_what_title_rows_say_of_the_whole_list_is_read(above: str) -> None:
    reading = read(f"{above}{HEADINGS.split(';', 2)[2]}\n{row().split(';', 2)[2]}\n")
    assert (voucher(reading).measure, voucher(reading).list) == ("M-1", "BL-1")
    assert reading.remarks == ["Über den Spaltenköpfen gelesen: M-1, BL-1."]


def test_a_title_that_names_no_key_is_no_measure_and_how_to_name_it_is_said() -> None:
    with pytest.raises(Unreadable) as refused:
        read(f"Projekt: Brücken bauen\n{HEADINGS.split(';', 2)[2]}\n{row().split(';', 2)[2]}\n")
    assert refused.value.fault.code == "FILE-03"
    assert "Maßnahme (--measure), Belegliste (--list)" in refused.value.fault.mend_text
    assert "Maßnahme (--measure), Belegliste (--list)" in refused.value.fault.mend_en


@pytest.mark.parametrize(
    "last",
    [
        "Gesamtausgaben;;;;;;;119,00 €;", ";;;;Summe netto/brutto;;;119,00;", "Zwischensumme Position 1.1;;;;;;;119,00;",
        "SUMME (brutto);;;;;;;119,00;", "Σ;;;;;;;119,00;", "insgesamt;;;;;;;119,00;", "M-1;BL-1;Summe;;;;;119,00;",
        ";;;;;;;119,00;", "davon förderfähig;;;;;;;60,00;", "Ort, Datum;;;;Unterschrift;;;;", "Sachlich und rechnerisch richtig",
        "______________________;;;;;;;;", "Erstellt am 01.02.2015", "Seite 1 von 3;;;;;;;;", "* inkl. Umsatzsteuer;;;;;;;;",
        "Musterstadt, den 01.02.2015;;;;;;;;",
    ],
)  # fmt: skip
def test_totals_and_notes_below_a_list_are_no_rows(last: str) -> None:
    reading = read(f"{HEADINGS}\n{row()}\n{last}\n")
    assert voucher(reading) and reading.ignored and not reading.rejected and not reading.remarks


@pytest.mark.parametrize("last", [";;;;;;;120,00;", ";;12;;;;;;", ";;;;Werkstoff GmbH;;;;", ";;;;Werkstoff GmbH;;;5,00;"])
def test_a_row_that_was_begun_is_rejected_not_ignored(last: str) -> None:
    assert [rejected.place for rejected in read(f"{HEADINGS}\n{row()}\n{last}\n").rejected] == ["3"]


def test_headings_that_come_again_in_another_order_are_followed() -> None:
    swapped = "Belegliste;Maßnahme;" + HEADINGS.split(";", 2)[2]
    reading = read(f"{HEADINGS}\n{row()}\n\n{swapped}\nBL-1;M-1;{row(number='2').split(';', 2)[2]}\n")
    assert [(d.body["voucher"].measure, d.body["voucher"].number) for _, d in reading.drafts] == [("M-1", "1"), ("M-1", "2")]
    assert list(reading.rows)[-1].cells["Maßnahme"] == "M-1"


def test_a_comma_that_separates_columns_never_cuts_an_amount_in_two() -> None:
    assert faults(read(f"{HEADINGS}\n{row('119,50')}\n".replace(";", ","))) == [("2", "ROW-11", None)]


def test_a_few_broken_letters_do_not_make_a_file_another_encoding() -> None:
    reading = read(f"{HEADINGS}\n{row()}\n".encode() + row(number="2").replace("Werkstoff", "Möbel").encode("cp1252"))
    assert [draft.body["voucher"].issuer.name for _, draft in reading.drafts] == ["Werkstoff GmbH", "Möbel GmbH"]


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (b":20:STARTUMS\r\n:25:10020030/1234567\r\n", "FILE-01", "MT940"),
        (b"{1:F01BANKDEFF}{2:O940}{4:\r\n:20:1\r\n-}", "FILE-01", "MT940"),
        (b'"EXTF";510;21;"Buchungsstapel"\r\n', "FILE-01", "DATEV"),
        (b"<html><table></table></html>", "FILE-09", "Webseite"),
        (b"<Invoice><ID>1</ID></Invoice>", "FILE-09", "E-Rechnung"),
        (b'<Document xmlns="urn:pain"><CstmrCdtTrfInitn><A/></CstmrCdtTrfInitn></Document>', "FILE-09", "Zahlungsauftrag"),
        (b"PK\x05\x06" + bytes(18), "FILE-06", "CSV"),
        (b"{\\rtf1 abc}", "FILE-06", "CSV"),
    ],
)
def test_a_file_of_another_kind_is_named(content: bytes, code: str, word: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(content)
    assert refused.value.fault.code == code
    assert word in refused.value.fault.mend_text


COLUMNS = HEADINGS.split(";")
SYNONYMS = {
    "Belegnummer": "Beleg-Nr.", "Position": "Kostenart", "Zahlungsempfänger": "Rechnungssteller",
    "Rechnungsdatum": "Datum der Rechnung", "Leistungsdatum": "LEISTUNGSZEITRAUM",
    "Brutto": "Rechnungsbetrag (brutto) in €", "Skonto": "Rabatt",
}  # fmt: skip


@given(
    rows=st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.dates(date(2000, 1, 1), date(2029, 12, 31))), min_size=1, max_size=6
    ),
    order=st.permutations(range(len(COLUMNS))),
    delimiter=st.sampled_from([";", "\t", "|", ","]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoted=st.booleans(),
    other=st.booleans(),
    short=st.booleans(),
    title=st.booleans(),
    total=st.booleans(),
)  # fmt: skip
def test_the_same_list_is_the_same_facts_however_it_is_written(
    rows: list[tuple[int, date]], order: list[int], delimiter: str, encoding: str, end: str, quoted: bool, other: bool,
    short: bool, title: bool, total: bool,
) -> None:  # fmt: skip
    def euro(cents: int) -> str:
        return write_cents(cents, unit=other).replace("\u2212", "-").replace("\u00a0", " ")

    def line(cells: list[str]) -> str:
        arranged = [cells[at] for at in order]
        return delimiter.join(f'"{cell}"' if quoted or delimiter in cell else cell for cell in arranged) + end

    lines = [line([SYNONYMS.get(name, name) if other else name for name in COLUMNS])]
    if title:
        lines[:0] = [f"Belegliste zum Verwendungsnachweis{end}", end]
    for at, (amount, day) in enumerate(rows, 1):
        written = f"{day.day}.{day.month}.{day.year % 100:02d}" if short else day.isoformat()
        nothing = "-" if other else ""
        lines.append(line(["M-1", "BL-1", f"{at}", "1.1", "Möbel & Söhne GmbH", written, written, euro(amount), nothing]))
    if total:
        lines.append(line(["", "", "", "", "Gesamtsumme", "", "", euro(sum(amount for amount, _ in rows)), ""]))
    reading = read("".join(lines).encode(encoding))
    found = [draft.body["voucher"] for _, draft in reading.drafts]
    assert [(one.gross_cents, one.invoice_date) for one in found] == rows
    assert not reading.rejected and not reading.remarks
    assert {(one.issuer.name, one.service.start == one.invoice_date) for one in found} == {("Möbel & Söhne GmbH", True)}


# ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────────


def payments(content: bytes) -> list[Payment]:
    return [draft.body["payment"] for _, draft in read(content).drafts]


PLAIN = statement([entry(ref="A1", details=details("119.00", creditor="Müller GmbH", text="RE-1"))]).decode()


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode("cp1252"),
        PLAIN.split("?>", 1)[1].encode("cp1252"),
        PLAIN.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
        PLAIN.replace("UTF-8", "UTF-16").encode("utf-16"),
        PLAIN.encode("utf-16"),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        b"\r\n  " + PLAIN.encode(),
        PLAIN.replace("urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", "http://bank.example/camt").encode(),
        f'<Envelope xmlns="urn:x"><AppHdr><Fr/></AppHdr>{PLAIN.split("?>", 1)[1]}</Envelope>'.encode(),
    ],
)
def test_a_statement_is_the_same_in_whatever_encoding_namespace_or_envelope(content: bytes) -> None:
    assert payments(content) == payments(PLAIN.encode())


def zipped(members: dict[str, bytes | str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return packed.getvalue()


def test_a_zip_file_of_statements_is_read_as_one_file() -> None:
    reading = read(zipped({"2.xml": PLAIN, "1.xml": statement([entry("5.00", ref="B7")]), "3.xml": PLAIN}))
    assert [(place, draft.cents) for place, draft in reading.drafts] == [("1.1", -500), ("2.1", -11_900)]
    assert [ignored.place for ignored in reading.ignored] == ["3.1"]


def test_a_zip_file_packed_as_no_bank_packs_is_refused_before_it_is_read() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("1.xml", PLAIN)
    with pytest.raises(Unreadable) as refused:
        read(packed.getvalue())
    assert refused.value.fault.code == "FILE-06"


def test_a_booking_day_at_the_edge_of_the_calendar_is_a_fault_of_its_row() -> None:
    late = re.sub(rb"<BookgDt>.*?</BookgDt>", b"<BookgDt><DtTm>9999-12-31T23:59:59Z</DtTm></BookgDt>", statement([entry("5.00")]))
    assert [code for _, code, _ in faults(read(late))] == ["ROW-03"]


def test_a_statement_that_breaks_off_costs_the_others_of_its_zip_file_nothing() -> None:
    reading = read(zipped({"1.xml": PLAIN[:-30], "2.xml": statement([entry("5.00", ref="B7")])}))
    assert [place for place, _ in reading.drafts] == ["1.1", "2.1"]
    assert faults(reading) == [("1.ende", "BANK-06", None)]


@pytest.mark.parametrize(
    ("members", "code", "word"),
    [
        ({"a.csv": "x"}, "FILE-06", "ntpacken"), ({"a.xml": PLAIN, "a.pdf": "x"}, "FILE-06", "ntpacken"),
        ({"[Content_Types].xml": "<x/>", "xl/a.xml": "<y/>"}, "FILE-06", "CSV UTF-8"),
        ({"a.xml": "<Invoice/>"}, "FILE-09", "E-Rechnung"),
    ],
)  # fmt: skip
def test_a_zip_file_of_anything_else_is_refused_with_what_to_do(members: dict[str, bytes | str], code: str, word: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(zipped(members))
    assert refused.value.fault.code == code
    assert word in refused.value.fault.mend_text


@pytest.mark.parametrize(
    ("amount", "cents"), [(".50", -50), ("119.", -11_900), ("119.5", -11_950), ("+119.00", -11_900), ("119.00000", -11_900)]
)
def test_amounts_are_decimals_as_xml_schema_has_them(amount: str, cents: int) -> None:
    assert [payment.amount_cents for payment in payments(statement([entry(amount, ccy="eur")]))] == [cents]


def test_a_creditor_reference_is_a_reference_though_it_has_the_check_digits_of_an_iban() -> None:
    reference = "<TxDtls><RmtInf><Strd><CdtrRefInf><Ref>RF18 5390 0754 7034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
    (payment,) = payments(statement([entry(details=reference.replace(" ", ""))]))
    assert payment.references == ("RF18539007547034",)
    (payment,) = payments(statement([entry(details=details(text=f"Konto {IBAN}"))]))
    assert payment.references == ()


def test_parts_of_a_batch_may_say_their_amounts_as_transferred_or_as_ordered() -> None:
    parts = [
        f"<TxDtls><AmtDtls><{name}><Amt Ccy='EUR'>{amount}</Amt></{name}></AmtDtls></TxDtls>"
        for name, amount in (("TxAmt", "80.00"), ("InstdAmt", "120.00"))
    ]
    batch = statement([entry("200.00", details="".join(parts))])
    assert [payment.amount_cents for payment in payments(batch)] == [-8_000, -12_000]


@pytest.mark.parametrize("said", ["NOTPROVIDED", "notprovided", "NONREF", "N/A"])
def test_a_placeholder_is_no_reference(said: str) -> None:
    (payment,) = payments(statement([entry(details=details(end_to_end=said))]))
    assert (payment.end_to_end_id, payment.references) == (None, ())


# ── council papers ───────────────────────────────────────────────────────────────────────────────────────────────────

TYPE, RIS = "https://schema.oparl.org/1.1/", "https://ris.example/"
PAPER: dict[str, Any] = {
    "id": f"{RIS}paper/1", "type": f"{TYPE}Paper", "reference": "2021/941", "name": "Fortführung", "date": "2021-09-01",
    "consultation": [{
        "id": f"{RIS}cons/1", "type": f"{TYPE}Consultation", "meeting": f"{RIS}meet/1", "agendaItem": f"{RIS}item/1",
        "organization": [f"{RIS}org/1"], "role": "Entscheidung", "authoritative": True,
    }],
}  # fmt: skip
MEETING: dict[str, Any] = {
    "id": f"{RIS}meet/1", "type": f"{TYPE}Meeting", "name": "Kreistag", "start": "2021-10-06T17:00:00+02:00",
    "agendaItem": [{
        "id": f"{RIS}item/1", "type": f"{TYPE}AgendaItem", "consultation": f"{RIS}cons/1", "result": "ungeändert beschlossen",
    }],
}  # fmt: skip
BODY: dict[str, Any] = {"id": f"{RIS}org/1", "type": f"{TYPE}Organization", "name": "Kreistag"}
ALL = [PAPER, MEETING, BODY]


def decision(text: str) -> Decision:
    ((_, draft),) = read(text).drafts
    said: Decision = draft.body["decision"]
    return said


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"items": ALL}),
        json.dumps({"Vorlagen": [PAPER], "Sitzungen": [MEETING], "Gremien": [BODY]}),
        json.dumps({thing["id"]: thing for thing in ALL}),
        json.dumps([{"data": [thing], "links": {}} for thing in ALL]),
        "\n".join(map(json.dumps, ALL)),
        json.dumps(ALL).replace("/1.1/", "/1.0/"),
        json.dumps(ALL).replace(TYPE, "oparl:"),
        "\ufeff" + json.dumps(ALL, indent=2),
    ],
)
def test_council_objects_are_found_however_they_are_wrapped(text: str) -> None:
    assert decision(text) == decision(json.dumps(ALL))
    assert decision(text).steps[0].result is StepResult.PASSED_UNCHANGED


def test_a_page_of_several_says_that_there_are_more() -> None:
    reading = read(json.dumps({"data": [PAPER], "links": {"next": f"{RIS}papers?page=2"}}))
    assert any("page=2" in remark for remark in reading.remarks)


@pytest.mark.parametrize("deleted", ["meeting", "item"])
def test_a_deleted_meeting_or_agenda_item_says_nothing_any_more(deleted: str) -> None:
    gone = {"deleted": True}
    meeting = MEETING | (gone if deleted == "meeting" else {"agendaItem": [MEETING["agendaItem"][0] | gone]})
    (step,) = decision(json.dumps([PAPER, meeting, BODY])).steps
    assert (step.result_raw, step.result) == (None, None)


def test_a_meeting_that_was_not_held_has_decided_nothing() -> None:
    (step,) = decision(json.dumps([PAPER, MEETING | {"cancelled": True}, BODY])).steps
    assert (step.held_on, step.result) == (None, StepResult.UNKNOWN)


def test_two_papers_of_one_reference_are_remarked() -> None:
    reading = read(json.dumps([PAPER, PAPER | {"id": f"{RIS}paper/2"}]))
    assert any("2021/941 steht an zwei Vorlagen" in remark for remark in reading.remarks)


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        ("Dem Beschlussvorschlag wurde einstimmig zugestimmt", StepResult.PASSED_UNCHANGED),
        ("Der Beschlussvorschlag wurde bei 2 Enthaltungen angenommen", StepResult.PASSED_UNCHANGED),
        ("einstimmig so beschlossen", StepResult.PASSED_UNCHANGED),
        ("Der Antrag wurde mehrheitlich abgelehnt", StepResult.REJECTED),
        ("Dem Antrag wurde nicht zugestimmt", StepResult.REJECTED),
        ("zurückgezogen", StepResult.UNKNOWN),
        ("einstimmig", StepResult.UNKNOWN),
        ("kein Beschluss", StepResult.UNKNOWN),
        ("teilweise beschlossen", StepResult.UNKNOWN),
        ("Dem Beschlussvorschlag wurde nicht einstimmig zugestimmt", StepResult.UNKNOWN),
        ("nicht einstimmig beschlossen", StepResult.UNKNOWN),
    ],
)
def test_more_wordings_of_results(raw: str, result: StepResult) -> None:
    assert result_of(raw) is result
