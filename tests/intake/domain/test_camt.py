"""Bank statements of whatever bank and version."""

from __future__ import annotations

from datetime import date

import pytest

from services.funding.domain.matching import token_of
from services.intake.domain.identity import Identities
from services.intake.domain.readers.camt import tokens
from shared.contracts.intake import Payment
from tests.intake.made import IBAN, details, entry, facts, faults, read, statement

OTHER = "NL91ABNA0417164300"
OPENING = '<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
CLOSING = '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{}</Amt><CdtDbtInd>{}</CdtDbtInd></Bal>'


def payments(content: bytes) -> list[Payment]:
    return [draft.body["payment"] for _, draft in read(content).drafts]


@pytest.mark.parametrize("version", ["053.001.02", "053.001.04", "053.001.08", "053.001.13"])
@pytest.mark.parametrize("prefix", ["", "ns2"])
def test_every_version_and_prefix_is_read_by_local_names(version: str, prefix: str) -> None:
    status = "BOOK" if version.endswith("02") else "<Cd>BOOK</Cd>"
    (found,) = payments(
        statement([entry(ref="7", status=status, details=details(iban=OTHER, end_to_end="E-1"))], version=version, prefix=prefix)
    )
    assert (found.account, found.statement, found.entry, found.amount_cents) == (IBAN, "A-1", "7", -11900)
    assert (found.booked_on, found.value_date, found.end_to_end_id) == (date(2014, 3, 17), date(2014, 3, 18), "E-1")
    assert found.counterparty is not None and found.counterparty.name == "Werkstoff GmbH"


@pytest.mark.parametrize("status", ["PDNG", "<Cd>PDNG</Cd>", "INFO", "<Cd>FUTR</Cd>"])
def test_what_is_not_booked_is_ignored_with_its_reason(status: str) -> None:
    reading = read(statement([entry(ref="1", status=status), entry(ref="2")]))
    assert [row.place for row in reading.ignored] == ["1.1"] and "nicht endgültig" in str(reading.ignored[0].ignored)
    assert len(list(reading.drafts)) == 1


def test_a_batch_whose_parts_add_up_is_one_payment_each() -> None:
    batch = entry("30.00", ref="B", details=details("10.00", end_to_end="1") + details("20.00", end_to_end="2"))
    found = payments(statement([batch]))
    assert [(one.entry, one.amount_cents, one.end_to_end_id) for one in found] == [("B/1", -1000, "1"), ("B/2", -2000, "2")]
    assert [place for place, _ in read(statement([batch])).drafts] == ["1.1.1", "1.1.2"]


def test_a_batch_with_its_own_directions_may_add_up_with_signs() -> None:
    batch = entry("5.00", "CRDT", ref="B", details=details("10.00", direction="CRDT") + details("5.00", direction="DBIT"))
    assert [one.amount_cents for one in payments(statement([batch]))] == [1000, -500]


def test_a_batch_whose_parts_do_not_add_up_is_one_payment_with_a_remark() -> None:
    reading = read(statement([entry("31.00", ref="B", details=details("10.00") + details("20.00"))]))
    (payment,) = [draft.body["payment"] for _, draft in reading.drafts]
    assert payment.amount_cents == -3100 and payment.counterparty is None
    assert "Einzelposten ergeben nicht" in reading.remarks[0]


def test_a_reversal_says_so_and_its_other_side_is_that_of_the_debit() -> None:
    (found,) = payments(statement([entry(direction="CRDT", more="<RvslInd>true</RvslInd>", details=details(iban=OTHER))]))
    assert found.reversal and found.amount_cents == 11900 and found.counterparty is not None


def test_without_a_value_date_the_booking_date_counts_and_that_is_remarked() -> None:
    reading = read(statement([entry(valued="")]))
    (payment,) = [draft.body["payment"] for _, draft in reading.drafts]
    assert payment.value_date == payment.booked_on == date(2014, 3, 17) and "ohne Wertstellung" in reading.remarks[0]


def test_an_instant_counts_as_the_day_it_was_in_berlin() -> None:
    booked = "<BookgDt><DtTm>2014-12-31T23:30:00Z</DtTm></BookgDt>"
    assert payments(statement([entry(booked=booked)]))[0].booked_on == date(2015, 1, 1)


@pytest.mark.parametrize(("amount", "cents"), [("5", 500), ("5.1", 510), ("5.10", 510), ("5.100", 510), ("0.01", 1)])
def test_amounts_are_exact(amount: str, cents: int) -> None:
    assert payments(statement([entry(amount, "CRDT")]))[0].amount_cents == cents


@pytest.mark.parametrize("amount", ["5.001", "5,00", "1e3", "-5.00", "", "1.000.000"])
def test_amounts_that_are_not_whole_cents_are_refused(amount: str) -> None:
    assert faults(read(statement([entry(amount)]))) == [("1.1", "BANK-03", "Ntry/Amt")]


def test_the_account_may_stand_under_other_if_it_is_an_iban() -> None:
    assert payments(statement([entry()], account=f"<Othr><Id>{IBAN}</Id></Othr>"))[0].account == IBAN


def test_opening_balance_and_entries_must_make_the_closing_balance() -> None:
    def remarks(closing: str) -> list[str]:
        return read(
            statement(
                [entry("20.00"), entry("5.00", "CRDT")], balances=OPENING.format("100.00") + CLOSING.format(closing, "CRDT")
            )
        ).remarks

    assert remarks("85.00") == []
    assert "Differenz 1,00" in remarks("86.00")[0]


def test_references_stay_when_the_same_statement_is_handed_in_again_longer() -> None:
    one, two, three = entry("1.00"), entry("2.00", ref="NOTPROVIDED"), entry("3.00", more="<AcctSvcrRef>S</AcctSvcrRef>")
    four, five = entry("4.00", ref="S"), entry("5.00", ref="X")
    short, long = payments(statement([one, two, three, four])), payments(statement([one, two, three, four, five]))
    assert [payment.entry for payment in long] == ["#1", "#2", "S", "S#2", "X"]
    assert long[:4] == short


def test_two_statements_in_one_file_have_their_own_places() -> None:
    both = statement([entry(ref="X-1")]).replace(
        b"</Stmt>", b"</Stmt>" + statement([entry(ref="X-2")]).split(b"</GrpHdr>")[1].split(b"</BkTo")[0].replace(b"A-1", b"A-2")
    )
    assert [(place, draft.body["payment"].statement) for place, draft in read(both).drafts] == [("1.1", "A-1"), ("2.1", "A-2")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rechnung RE-2014/0815", {"RE20140815", "RECHNUNGRE20140815"}),
        ("EREF+M1-BL1-12 SVWZ+Miete", {"M1BL112"}),
        ("RG Nr. 2014 0815", {"2014", "0815", "20140815", "NR2014"}),
        ("Danke Erika Beispiel", set()),
        (f"von Konto {IBAN}", set()),
    ],
)
def test_reference_tokens_have_digits_and_are_never_words_or_accounts(text: str, found: set[str]) -> None:
    assert set(tokens(text)) == found


def test_remittance_text_and_names_of_people_do_not_travel() -> None:
    (payment,) = payments(
        statement([entry(details=details(creditor="Erika Beispiel", iban=OTHER, text="Honorar Erika Beispiel RE-77"))])
    )
    assert "BEISPIEL" not in payment.model_dump_json().upper() and OTHER not in payment.model_dump_json()
    assert set(payment.references) == {"RE77"}


def test_the_other_side_of_a_debit_is_paid_by_the_pseudonym_a_voucher_has() -> None:
    (payment,) = payments(statement([entry(details=details(iban=OTHER))]))
    text = (
        "Maßnahme;Belegliste;Belegnummer;Position;Zahlungsempfänger;IBAN;Rechnungsdatum;Leistungsdatum;Brutto\n"
        f"M-1;B;1;1;Werkstoff GmbH;{OTHER};03.03.2014;03.03.2014;119,00\n"
    )
    ((_, draft),) = read(text).drafts
    assert draft.body["voucher"].payee_account == payment.counterparty_account is not None


def test_the_row_shows_what_was_handed_in() -> None:
    row = next(iter(read(statement([entry(ref="7", details=details(text="Miete"))])).rows))
    assert (
        row.cells["NtryRef"] == "7" and row.cells["NtryDtls/TxDtls/RmtInf/Ustrd"] == "Miete" and row.cells["Amt"] == "119.00 EUR"
    )


def news(*files: bytes) -> list[int]:
    """Facts that each of some files brings, one after the other."""
    standings = Identities().standings
    return [len(facts(file, Identities(standings=standings))) for file in files]


def renamed(content: bytes) -> bytes:
    """Another download of the same: the statement has another name."""
    return content.replace(b"<Id>A-1</Id>", b"<Id>DOWNLOAD-2</Id>")


SERVICER = "<AcctSvcrRef>2014031700017</AcctSvcrRef>"
PLAIN = entry("5.00")
TO_OTHER = entry("5.00", details=details(iban=OTHER))


@pytest.mark.parametrize(
    ("entries", "count"),
    [
        ([entry(more=SERVICER)], 1),
        ([entry(ref="X-1")], 1),
        ([entry(ref="NOTPROVIDED", details=details(end_to_end="E-1"))], 1),
        ([PLAIN, PLAIN], 2),
        ([entry("5.00", ref="1"), entry("5.00", ref="2")], 2),
        ([entry("5.00", more=SERVICER), entry("5.00", more=SERVICER)], 2),
        ([PLAIN, TO_OTHER, entry("5.00", "CRDT")], 3),
        ([entry("30.00", ref="X-1", details=details("10.00") + details("20.00"))], 2),
        ([entry("30.00", details=details("15.00") + details("15.00"))], 2),
    ],
    ids=["servicer", "entry", "end to end", "none", "counter", "not unique", "differ", "batch", "equal parts"],
)
def test_an_entry_is_one_fact_in_whatever_download_it_stands(entries: list[str], count: int) -> None:
    content = statement(entries)
    assert news(content, renamed(content), content) == [count, 0, 0]


@pytest.mark.parametrize("entries", [[PLAIN, TO_OTHER], [entry("5.00", ref="1"), entry("7.00", ref="2")]])
def test_the_order_and_count_of_a_download_do_not_matter_where_entries_differ(entries: list[str]) -> None:
    assert news(statement(entries), renamed(statement(entries[::-1])), renamed(statement(entries[1:]))) == [2, 0, 0]


def test_equal_debits_of_other_days_are_other_debits() -> None:
    later = entry("5.00", booked="<BookgDt><Dt>2014-03-18</Dt></BookgDt>")
    assert news(statement([PLAIN]), renamed(statement([PLAIN, later])), renamed(statement([PLAIN, PLAIN, later]))) == [1, 1, 1]


def test_two_statements_in_one_file_that_bring_the_same_entry_book_it_once() -> None:
    one = statement([entry(ref="X-1")])
    both = one.replace(b"</Stmt>", b"</Stmt>" + renamed(one).split(b"</GrpHdr>")[1].split(b"</BkTo")[0])
    reading = read(both)
    assert [place for place, _ in reading.drafts] == ["1.1"]
    assert [(row.place, row.ignored) for row in reading.ignored] == [("2.1", "steht schon in einem früheren Auszug dieser Datei")]


@pytest.mark.parametrize("version", ["052.001.02", "052.001.08", "054.001.04"])
def test_previews_are_shown_and_book_nothing_whatever_comes_first(version: str) -> None:
    preview, final = statement([entry(ref="X-1")], version=version), statement([entry(ref="X-1")])
    assert news(preview, final) == [0, 1] and news(final, preview) == [1, 0]
    reading = read(preview)
    assert [row.place for row in reading.ignored] == ["1.1"] and "camt.053" in str(reading.ignored[0].ignored)
    assert "Vorschau" in reading.remarks[0] and reading.ignored[0].cells["NtryRef"] == "X-1"


@pytest.mark.parametrize(
    ("more", "within", "expected"),
    [
        ("", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>", True),
        ("<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>", "", True),
        ("<BkTxCd><Prtry><Cd>NRTI+159+00931</Cd></Prtry></BkTxCd>", "", True),
        ("<BkTxCd><Prtry><Cd>NTRF+166+00931</Cd></Prtry></BkTxCd>", "", False),
        ("", "", False),
    ],
    ids=["return information", "family", "transaction code", "other code", "nothing"],
)
def test_a_payment_that_came_back_undoes_its_debit(more: str, within: str, expected: bool) -> None:
    transaction = details(iban=OTHER).replace("</TxDtls>", f"{within}</TxDtls>")
    (found,) = payments(statement([entry(direction="CRDT", more=more, details=transaction)]))
    assert found.reversal is expected


def test_only_the_part_of_a_batch_that_came_back_is_undone() -> None:
    parts = details("10.00") + details("20.00").replace("</TxDtls>", "<RtrInf/></TxDtls>")
    assert [one.reversal for one in payments(statement([entry("30.00", "CRDT", details=parts)]))] == [False, True]


@pytest.mark.parametrize("reference", ["Beispiel-2014-03", "Erika Beispiel", "RE-77"])
def test_a_reference_with_a_name_does_not_travel_and_is_the_same_in_list_and_statement(reference: str) -> None:
    text = (
        "Maßnahme;Belegliste;Belegnummer;Position;Zahlungsempfänger;Rechnungsnummer;Rechnungsdatum;Leistungsdatum;Brutto;"
        f"Zahlungsreferenz\nM-1;B;{reference};1;Werkstoff GmbH;{reference};03.03.2014;03.03.2014;119,00;{reference}\n"
    )
    ((_, draft),) = read(text).drafts
    claimed = draft.body["voucher"]
    (payment,) = payments(statement([entry(details=details(end_to_end=reference, text=f"Danke, {reference}"))]))
    assert "BEISPIEL" not in (claimed.model_dump_json() + payment.model_dump_json()).upper()
    assert payment.end_to_end_id == claimed.payment_reference == claimed.invoice_number == claimed.number
    if any(sign.isdigit() for sign in reference):
        assert token_of(claimed.invoice_number) in set(map(token_of, payment.references))
