"""Every error has its texts, and a file that causes it."""

from __future__ import annotations

import re

import pytest

from services.intake.domain import readers
from services.intake.domain.errors import CATALOGUE, CAUSES, Fault, Unreadable
from services.intake.domain.identity import Identities, Refused
from services.intake.domain.reading import Given
from shared.values.source import Source
from tests.intake.made import IBAN, VOUCHERS, details, entry, faults, read, statement, voucher, voucher_list

STAFF = "Maßnahme;Person;Monat;Anteil\n"
MEASURES = (
    "Maßnahme;Bezeichnung;Kommune;Name der Kommune;AGS;Träger;Leistung;Zielgruppe;Beginn;Ende;Regelwerk;Konten\n"
    "M-1;Name;1;Ort;{ags};Träger e. V.;Leistung;Gruppe;01.01.2014;{end};{rules};{accounts}\n"
)
LONG = "x" * 130

ROWS: dict[str, tuple[bytes | str, str | None]] = {
    "ROW-01": (voucher_list("M-1;BL-1;;1.1;A GmbH;03.03.2014;01.03.2014;1,00;;"), "Belegnummer"),
    "ROW-02": (voucher_list(voucher(gross="1,234")), "Brutto"),
    "ROW-03": ("Maßnahme;zurückgezogen am\nM-1;31.02.2014\n", "zurückgezogen am"),
    "ROW-04": (STAFF + "M-1;p;10/2019;250 %\n", "Anteil"),
    "ROW-05": ("Programm;Kommune;Stichtag;Einwohner\nP;1;31.12.2010;viele\n", "Einwohner"),
    "ROW-06": ("Maßnahme;Position;Haushaltsjahr;Betrag\nM-1;1;14;1,00\n", "Haushaltsjahr"),
    "ROW-07": (MEASURES.format(ags="", end="31.12.2014", rules="1999", accounts=""), "Regelwerk"),
    "ROW-08": ("Maßnahme;zurückgezogen am;Berichtigt\nM-1;01.02.2014;vielleicht\n", "Berichtigt"),
    "ROW-09": (MEASURES.format(ags="", end="31.12.2014", rules="national", accounts="DE03120300000000202051"), "Konten"),
    "ROW-10": (voucher_list(voucher(number=LONG)), "Belegnummer"),
    "ROW-11": ("Maßnahme;zurückgezogen am\nM-1;01.02.2014;noch etwas\n", None),
    "ROW-12": (MEASURES.format(ags="", end="31.12.2013", rules="national", accounts=""), "Ende"),
    "ROW-13": ('Maßnahme;zurückgezogen am\n"M-1;01.02.2014\nM-2;01.02.2014\n', None),
    "ROW-16": (
        "Maßnahme;Belegliste;Belegnummer;Position;Zahlungsempfänger;Rechnungsdatum;Leistungsdatum;Brutto;Anteil\n"
        "M-1;BL-1;1;1.1;A GmbH;03.03.2014;01.03.2014;1,00;0 %\n",
        "Anteil",
    ),
    "ROW-17": (STAFF + "M-1;p;13/2019;0,5\n", "Monat"),
    "ROW-19": (MEASURES.format(ags="5916", end="31.12.2014", rules="national", accounts=""), "AGS"),
    "ROW-20": (voucher_list("M-1;BL-1;1;1.1;A GmbH;03.03.2014;;1,00;;"), "Leistung von"),
    "BANK-01": (statement([entry()], account="<Othr><Id>12345678</Id></Othr>"), "Acct/Id"),
    "BANK-02": (statement([entry(ccy="SEK")]), "Ntry/Amt"),
    "BANK-03": (statement([entry(amount="1.005")]), "Ntry/Amt"),
    "BANK-04": (statement([entry(booked="", valued="")]), "Ntry/BookgDt"),
    "BANK-05": (statement([entry(direction="")]), "Ntry/CdtDbtInd"),
    "BANK-06": (statement([entry(ref="1"), entry(ref="2")])[:-40], None),
    "PAP-01": ('[{"type": "https://schema.oparl.org/1.1/Paper", "name": "ohne Kennung"}]', "id"),
    "PAP-02": ('[{"type": "https://schema.oparl.org/1.1/Paper", "id": "https://x/1"}, 7]', "type"),
}

FILES: dict[str, tuple[bytes, dict[str, str]]] = {
    "FILE-01": (b"Vorname;Nachname\nA;B\n", {}),
    "FILE-02": (b"Programm;Ma\xc3\x9fnahme;Betrag\n", {}),
    "FILE-03": (b"Belegnummer;Position;Brutto\n1;2;3\n", {}),
    "FILE-04": ((VOUCHERS + ";Rechnungsbetrag\n").encode(), {}),
    "FILE-05": (b" \r\n", {}),
    "FILE-06": (b"%PDF-1.7\n", {}),
    "FILE-07": (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', {}),
    "FILE-08": (b'{"type": "https://schema.oparl.org/1.1/Paper",', {}),
    "FILE-09": (b"<Invoice><ID>1</ID></Invoice>", {}),
    "FILE-10": (b"x", {"kind": "rechnungen"}),
}

ELSEWHERE = {
    "FILE-02": "tested below: two kinds share all columns",
    "FILE-11": "answered by the HTTP layer (413)",
    "ROW-14": "needs an earlier row: tested below",
    "ROW-15": "needs an earlier row: tested below",
    "ROW-18": "concerns submissions: tested below",
    "ROW-21": "needs an earlier row: tests/intake/domain/test_identity.py",
    "SUB-01": "concerns submissions: tests/intake/test_submissions.py",
    "SUB-02": "concerns submissions: tests/intake/test_submissions.py",
}


def test_the_catalogue_has_every_text_in_both_languages() -> None:
    for cause in CAUSES:
        assert re.fullmatch(r"[A-Z]{2,4}-\d{2}", cause.code)
        for words in (cause.cause, cause.expected, cause.mend):
            assert words.de.strip() and words.en.strip() and words.de != words.en, cause.code
        assert cause.example.strip(), cause.code


def test_every_error_has_a_file_that_causes_it() -> None:
    assert set(CATALOGUE) == set(ROWS) | set(FILES) | set(ELSEWHERE)
    assert len(CATALOGUE) == len(CAUSES)


@pytest.mark.parametrize("code", ROWS)
def test_a_row_at_fault_is_rejected_with_its_error_and_column(code: str) -> None:
    content, column = ROWS[code]
    found = faults(read(content))
    assert (code, column) in [(error, at) for _, error, at in found], found
    for row in read(content).rejected:
        for fault in row.faults:
            sentence = fault.sentence("datei.csv", row.place)
            assert fault.expected_text in sentence.de and fault.mend_text in sentence.de and f"Zeile {row.place}" in sentence.de
            assert fault.expected_en in sentence.en and fault.mend_en in sentence.en and f"row {row.place}" in sentence.en


@pytest.mark.parametrize("code", [code for code in FILES if code not in ELSEWHERE])
def test_a_file_at_fault_is_refused_with_its_error(code: str) -> None:
    content, given = FILES[code]
    with pytest.raises(Unreadable) as refused:
        read(content, **given)
    assert refused.value.fault.code == code
    assert refused.value.file == "datei" and "datei" in str(refused.value)


def refusals(code: str) -> list[Fault]:
    """What is said where a file or a row has this error."""
    if code in ROWS:
        return [fault for row in read(ROWS[code][0]).rejected for fault in row.faults]
    with pytest.raises(Unreadable) as refused:
        read(FILES[code][0], **FILES[code][1])
    return [refused.value.fault]


@pytest.mark.parametrize("code", [code for code in CATALOGUE if code not in ELSEWHERE])
def test_every_refusal_says_everything_in_both_languages(code: str) -> None:
    found = refusals(code)
    assert code in [fault.code for fault in found]
    for fault in found:
        view = fault.as_dict()
        for name in ("cause", "expected", "mend"):
            assert view[name].strip() and view[f"{name}_en"].strip(), (code, name)
        assert view["cause"] != view["cause_en"] and view["mend"] != view["mend_en"]
        assert view["mend"].endswith(fault.cause.mend.de) and view["mend_en"].endswith(fault.cause.mend.en)
        hints = (view["mend"] != fault.cause.mend.de, view["mend_en"] != fault.cause.mend.en)
        assert hints[0] == hints[1], "a hint in one language"


def test_a_missing_column_is_named() -> None:
    with pytest.raises(Unreadable) as refused:
        read("Maßnahme;Belegnummer;Position;Zahlungsempfänger;Rechnungsdatum\n1;2;3;4;5\n")
    assert "Brutto" in str(refused.value) and "Belegliste" in str(refused.value)


def test_a_file_of_two_possible_kinds_is_refused_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    twin = replace(readers.TEMPLATES["withdrawals"], kind="twin")
    monkeypatch.setattr(readers, "TEMPLATES", {**readers.TEMPLATES, "twin": twin})
    with pytest.raises(Unreadable) as refused:
        readers.read("Maßnahme;zurückgezogen am\nM-1;01.02.2014\n".encode(), Given(name="datei"))
    assert refused.value.fault.code == "FILE-02" and "twin, withdrawals" in str(refused.value)


def test_a_contradiction_names_both_rows() -> None:
    reading = read(voucher_list(voucher("1", "119,00"), voucher("1", "120,00")))
    identities, verdicts = Identities(), []
    for place, draft in reading.drafts:
        verdicts.append(identities.judge(draft, Source(digest="0" * 64, place=place)))
    assert isinstance(verdicts[1], Refused)
    assert verdicts[1].fault.code == "ROW-14"
    assert "Zeile 3" in verdicts[1].fault.mend_text and "Zeile 2" in verdicts[1].fault.mend_text


def test_a_correction_of_an_unknown_number_is_refused() -> None:
    reading = read(voucher_list(voucher("13", corrects="12a")))
    verdicts = [Identities().judge(draft, Source(digest="0" * 64, place=place)) for place, draft in reading.drafts]
    assert isinstance(verdicts[0], Refused) and verdicts[0].fault.code == "ROW-15" and verdicts[0].fault.value == "12a"


def test_a_submitted_float_is_refused_since_it_is_not_exact() -> None:
    reading = readers.read_rows("withdrawals", [{"Maßnahme": "M-1", "zurückgezogen am": 1.5}], Given())
    assert faults(reading) == [("1", "ROW-18", "zurückgezogen am")]


def test_a_fault_that_is_not_in_the_catalogue_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="not in the catalogue"):
        Fault("ROW-99")


def test_what_stands_before_a_break_is_read() -> None:
    whole = statement([entry(ref="1", details=details(iban=IBAN)), entry(ref="2")])
    reading = read(whole[: whole.index(b"</Stmt>")])
    assert [row.place for row in reading.rows] == ["1.1", "1.2", "1.ende"]
    assert len(list(reading.drafts)) == 2 and faults(reading) == [("1.ende", "BANK-06", None)]
