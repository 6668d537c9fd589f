"""CSV as people have it: whatever the program that wrote it, the facts are the same."""

from __future__ import annotations

import codecs
import random
import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import readers
from services.intake.domain.columns import CORRECTS, is_iban
from services.intake.domain.errors import Unreadable
from services.intake.domain.readers import TEMPLATES
from services.intake.domain.reading import Given, Reading
from services.intake.domain.records import bare
from services.intake.domain.templates import as_csv, described
from shared.values.german import write_cents, write_day
from tests.intake.made import VOUCHERS, facts, faults, read, voucher, voucher_list

LIST = "\r\n".join([VOUCHERS, voucher("1"), voucher("2", payee="Bäckerei Größe GmbH"), ""])


def said(reading: Reading) -> list[tuple[object, ...]]:
    return [(draft.key, draft.content) for _, draft in reading.drafts]


@pytest.mark.parametrize(
    "content",
    [
        LIST.encode("utf-8"),
        codecs.BOM_UTF8 + LIST.encode(),
        LIST.encode("cp1252"),
        LIST.encode("utf-16"),
        LIST.encode("utf-16-le"),
        LIST.encode("utf-16-be"),
        unicodedata.normalize("NFD", LIST).encode(),
        LIST.replace("\r\n", "\n").encode(),
        LIST.replace("\r\n", "\r").encode(),
        LIST.replace(";", "\t").encode(),
        ("sep=;\r\n" + LIST).encode(),
        LIST.replace(";", "|").encode(),
        LIST.replace(";", '";"').replace("\r\n", '"\r\n"').join(('"', "")).removesuffix('"').encode(),
    ],
    ids=["utf-8", "bom", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "nfd", "lf", "cr", "tab", "sep", "bar", "quoted"],
)
def test_encoding_delimiter_and_line_ends_do_not_matter(content: bytes) -> None:
    reading = read(content)
    assert said(reading) == said(read(LIST)) and len(said(reading)) == 2
    assert not reading.rejected


def test_commas_delimit_when_amounts_are_quoted() -> None:
    text = "\n".join(",".join(f'"{cell}"' for cell in line.split(";")) for line in LIST.split("\r\n") if line)
    assert said(read(text)) == said(read(LIST))


def test_the_order_of_columns_does_not_matter() -> None:
    rows = [line.split(";") for line in LIST.split("\r\n") if line]
    order = list(range(len(rows[0])))
    random.Random(7).shuffle(order)
    assert said(read("\n".join(";".join(row[at] for at in order) for row in rows))) == said(read(LIST))


@pytest.mark.parametrize(
    "heading",
    ["BELEGNUMMER", "Beleg-Nummer", "Beleg\u00adnummer *", '"Beleg\nNummer"', "number", "Beleg-Nr.", "Belegnummer (laufend)"],
)
def test_headings_are_found_however_they_are_written(heading: str) -> None:
    assert len(said(read(LIST.replace("Belegnummer", heading)))) == 2


def test_a_unit_behind_a_heading_does_not_matter() -> None:
    assert len(said(read(LIST.replace("Brutto", "Brutto in €")))) == 2


def test_rows_are_counted_as_an_editor_counts_them() -> None:
    rows = [voucher("1", payee='"Zwei\nZeilen GmbH"'), voucher("2"), ""]
    text = "\r\n".join(["Träger Beispiel;;", "Stand: 2014", "", VOUCHERS, *rows])
    reading = read(text)
    assert [place for place, _ in reading.drafts] == ["5", "7"]
    assert [(row.place, row.ignored) for row in reading.ignored] == [
        ("1", "Titelzeile über den Spaltenköpfen"),
        ("2", "Titelzeile über den Spaltenköpfen"),
    ]


def test_empty_rows_repeated_headings_and_totals_are_ignored_with_a_reason() -> None:
    total = "Summe;;;;;;;238,00;;"
    reading = read("\n".join([VOUCHERS, voucher("1"), ";" * 9, VOUCHERS, voucher("2"), total]))
    assert [(row.place, row.ignored) for row in reading.ignored] == [
        ("3", "leere Zeile"),
        ("4", "wiederholte Spaltenköpfe"),
        ("6", "Summenzeile: summe"),
    ]
    assert not reading.remarks and not reading.rejected


def test_a_total_that_is_not_our_sum_is_remarked() -> None:
    reading = read("\n".join([VOUCHERS, voucher("1"), "Gesamtsumme:;;;;;;;120,00;;"]))
    assert reading.remarks == ["Zeile 3: die Summe 120,00 in Spalte Brutto weicht von der Summe der Zeilen 119,00 um 1,00 ab."]


def test_a_voucher_whose_payee_is_called_total_is_no_total() -> None:
    assert len(said(read("\n".join([VOUCHERS, voucher("1", payee="Total")])))) == 1


def test_unknown_columns_are_remarked_not_refused() -> None:
    reading = read(LIST.replace("storniert", "Sachbearbeitung"))
    assert reading.remarks == ["Nicht gelesene Spalten: Sachbearbeitung."] and len(said(reading)) == 2


def test_a_row_that_ends_early_is_read_and_one_with_more_cells_is_rejected() -> None:
    short = voucher("1").removesuffix(";;")
    reading = read("\n".join([VOUCHERS, short, voucher("2") + ";", voucher("3") + ";mehr"]))
    assert [place for place, _ in reading.drafts] == ["2", "3"]
    assert faults(reading) == [("4", "ROW-11", None)]


def test_after_a_quote_that_is_never_closed_the_rest_is_read() -> None:
    reading = read("\n".join([VOUCHERS, voucher("1"), voucher("2", payee='"offen'), voucher("3"), voucher("4")]))
    assert [place for place, _ in reading.drafts] == ["2", "4", "5"]
    assert faults(reading) == [("3", "ROW-13", None)]


@pytest.mark.parametrize(
    ("cell", "meant"), [("'0123", "0123"), ('="0123"', "0123"), ("\u00a05,00 ", "5,00"), ("'", "'"), ("'-5,00", "-5,00")]
)
def test_guards_of_spreadsheet_programs_come_off(cell: str, meant: str) -> None:
    assert bare(cell) == meant


@pytest.mark.parametrize("kind", TEMPLATES)
def test_each_template_reads_as_its_own_kind_without_a_fault(kind: str) -> None:
    reading = read(as_csv(TEMPLATES[kind]))
    assert reading.kind == kind and not reading.rejected and list(reading.drafts)
    assert [column["name"] for column in described(TEMPLATES[kind])["columns"]].count(CORRECTS.name) == 1


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_submission_says_what_a_file_says(kind: str) -> None:
    heading, example = as_csv(TEMPLATES[kind]).decode("utf-8-sig").splitlines()[:2]
    row = dict(zip(heading.split(";"), example.split(";"), strict=True))
    submitted = readers.read_rows(kind, [row], Given()).all()
    assert said(submitted) == said(read(as_csv(TEMPLATES[kind])))


def test_every_row_is_exactly_one_of_fact_rejected_ignored() -> None:
    reading = read(
        "\n".join(
            ["Titel", VOUCHERS, voucher("1"), voucher("x", "1,234"), ";" * 9, voucher("2") + ";zuviel", "Summe;;;;;;;1,00;;"]
        )
    )
    assert [row.place for row in reading.rows] == ["1", "3", "4", "5", "6", "7"]
    assert all((bool(row.drafts) + bool(row.faults) + bool(row.ignored)) == 1 for row in reading.rows)


@given(st.lists(st.text(alphabet="abä;\"\n\r'=,|\t 1.", max_size=12), min_size=1, max_size=30))
def test_no_text_makes_a_reader_fail_or_lose_a_row(lines: list[str]) -> None:
    text = "\n".join([VOUCHERS, voucher("1"), *lines])
    reading = read(text)
    assert all((bool(row.drafts) + bool(row.faults) + bool(row.ignored)) == 1 for row in reading.rows)
    places = [int(row.place) for row in reading.rows]
    assert places == sorted(set(places)) and places[0] == 2


@given(
    st.integers(-(10**13), 10**13), st.dates(date(1990, 1, 1), date(2100, 12, 31)), st.sampled_from(["utf-8", "cp1252", "utf-16"])
)
def test_amounts_and_dates_come_back_from_a_file_as_they_went_in(cents: int, day: date, encoding: str) -> None:
    amount = write_cents(cents).replace("\u2212", "-")
    text = f"Maßnahme;Eingang;Mittelgeber;Art;Betrag;Datum;Bewilligungsjahr\nM-1;1;esf;ESF;{amount};{write_day(day)};2014\n"
    ((_, draft),) = read(text.encode(encoding)).drafts
    assert draft.body["receipt"].amount_cents == cents == draft.cents and draft.body["receipt"].received_on == day


def test_a_plan_row_is_shared_out_over_districts_and_modules_without_losing_a_cent() -> None:
    text = "Maßnahme;Position;Haushaltsjahr;Betrag;Bausteine;Quartiere\nM-1;1;2014;100,00;A|B|C;N|S\n"
    lines = [(place, draft.body["line"]) for place, draft in read(text).drafts]
    assert [(place, line.district, line.module, line.amount_cents) for place, line in lines] == [
        ("2.1", "N", "A", 1667),
        ("2.2", "N", "B", 1667),
        ("2.3", "N", "C", 1667),
        ("2.4", "S", "A", 1667),
        ("2.5", "S", "B", 1666),
        ("2.6", "S", "C", 1666),
    ]


def test_what_is_eligible_is_payable_times_allocation_if_the_list_does_not_say() -> None:
    text = VOUCHERS.replace("storniert", "Skonto;Anteil") + "\nM-1;BL-1;1;1.1;A GmbH;03.03.2014;01.03.2014;100,03;;-2,00;50 %\n"
    ((_, draft),) = read(text).drafts
    assert draft.body["voucher"].eligible_cents == 4902  # (100,03 − 2,00) × 50 % = 49,015, half up
    assert draft.body["voucher"].payable_cents == 9803


VAT = VOUCHERS.replace("Berichtigt;storniert", "Netto;USt;MwSt n. f.;Förderfähig;Anteil")


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("119,00;100,00;;;119,00;", (1900, None)),  # VAT follows from net
        ("119,00;;19,00;;119,00;", (1900, None)),
        ("119,00;;;;119,00;", (None, None)),  # unknown is not zero
        ("119,00;100,00;19,00;19,00;100,00;", (1900, 1900)),
        ("119,00;100,00;19,00;9,50;50,00;50 %", (1900, 950)),  # the measure's half
        ("-119,00;-100,00;;-19,00;-100,00;", (-1900, -1900)),  # a refund
    ],
)
def test_value_added_tax_is_read_as_handed_in(cells: str, told: tuple[int | None, int | None]) -> None:
    ((_, draft),) = read(f"{VAT}\nM-1;BL-1;1;1.1;A GmbH;03.03.2014;01.03.2014;{cells}\n").drafts
    assert (draft.body["voucher"].vat_cents, draft.body["voucher"].ineligible_vat_cents) == told


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("119,00;100,00;18,99;;119,00;", "Umsatzsteuer"),
        ("119,00;;;19,00;119,00;", "Nicht förderfähige Umsatzsteuer"),  # all is claimed, and yet some is not
        ("119,00;;;-1,00;100,00;", "Nicht förderfähige Umsatzsteuer"),
    ],
)
def test_value_added_tax_that_contradicts_the_amounts_is_sent_back(cells: str, column: str) -> None:
    reading = read(f"{VAT}\nM-1;BL-1;1;1.1;A GmbH;03.03.2014;01.03.2014;{cells}\n")
    assert faults(reading) == [("2", "ROW-16", column)]


def test_measure_and_list_may_be_said_at_hand_in() -> None:
    text = "\n".join(line.split(";", 2)[2] for line in [VOUCHERS, voucher("1")])
    ((_, draft),) = read(text, measure="M-9", list="BL-9").drafts
    assert draft.key == ("M-9", "BL-9", "1") and draft.subject == "measure/M-9"


def test_names_of_people_stay_names_of_bodies_travel() -> None:
    person, body = (event.voucher.issuer for event in facts(voucher_list(voucher("1", payee="Erika Beispiel"), voucher("2"))))  # type: ignore[attr-defined]
    assert person.name is None and body.name == "Werkstoff GmbH"


def test_a_rejected_row_still_says_what_it_concerns() -> None:
    assert read(voucher_list(voucher("1", "viel"))).rejected[0].concerns == "measure/M-1"


def test_editions_of_one_list_share_a_series_whatever_the_file_is_called() -> None:
    one = readers.read(LIST.encode(), Given(name="a.csv")).series
    assert one == readers.read(voucher_list(voucher("7")), Given(name="b.csv")).series
    assert one != readers.read(LIST.replace("BL-1", "BL-2").encode(), Given(name="a.csv")).series


@pytest.mark.parametrize(
    ("iban", "right"),
    [
        ("DE02120300000000202051", True),
        ("DE02120300000000202052", False),
        ("NL91ABNA0417164300", True),
        ("DE0212030000000020205", False),
    ],
)
def test_check_digits_of_an_iban(iban: str, right: bool) -> None:
    assert is_iban(iban) is right


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        ("01.03.2014", 0, 0),
        ("01.03.2014 - 31.03.2014", 0, 30),
        ("01.03.2014–31.03.2014", 0, 30),
        ("01.03.2014 bis 02.03.2014", 0, 1),
        ("01.03.2014-02.03.2014", 0, 1),
    ],
)
def test_a_period_of_service_in_one_cell(cell: str, first: int, last: int) -> None:
    ((_, draft),) = read(LIST.split("\r\n")[0] + "\n" + voucher("1").replace("01.03.2014", cell)).drafts
    service = draft.body["voucher"].service
    assert (service.start, service.end) == (date(2014, 3, 1) + timedelta(first), date(2014, 3, 1) + timedelta(last))


def test_two_stray_quotes_do_not_hide_the_rows_between_them() -> None:
    rows = [voucher("1", payee='"A GmbH'), voucher("2"), voucher("3", payee='"C" GmbH'), voucher("4")]
    reading = read(voucher_list(*rows))
    assert faults(reading) == [("2", "ROW-13", None), ("4", "ROW-13", None)]
    assert [draft.body["voucher"].number for _, draft in reading.drafts] == ["2", "4"]


def test_a_short_row_hides_no_better_than_a_full_one() -> None:
    heading = "Maßnahme;zurückgezogen am;Berichtigt\n"
    reading = read(heading + 'M-1;01.02.2014;"\nM-2;01.02.2014\nM-3;01.02.2014"\nM-4;01.02.2014\n')
    assert faults(reading) == [("2", "ROW-13", None), ("4", "ROW-03", "zurückgezogen am")]
    assert [place for place, _ in reading.drafts] == ["3", "5"]


def test_a_first_cell_of_several_lines_is_no_mistake() -> None:
    text = 'Verwendungszweck;Maßnahme;zurückgezogen am\n"erst\nzuletzt";M-1;01.02.2014\n'
    assert not faults(read(text)) and len(list(read(text).drafts)) == 1


@given(st.integers(1, 9), st.data())
def test_one_damaged_quotation_mark_never_makes_a_row_vanish(count: int, data: st.DataObject) -> None:
    quoted = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    lines = [
        voucher(str(number), payee=f'"Werk; {number} GmbH"' if one else "Stoff GmbH") for number, one in enumerate(quoted, 1)
    ]
    nth = data.draw(st.integers(0, count - 1))
    marks = [at for at, sign in enumerate(lines[nth]) if sign == '"']
    removed = data.draw(st.booleans())
    if marks and removed:
        at = data.draw(st.sampled_from(marks))
        lines[nth] = lines[nth][:at] + lines[nth][at + 1 :]
    else:
        at = data.draw(st.integers(0, len(lines[nth])))
        lines[nth] = lines[nth][:at] + '"' + lines[nth][at:]
    reading = read(voucher_list(*lines))
    told = {place for place, _ in reading.drafts} | {row.place for row in reading.rejected}
    assert told == {str(number + 1) for number in range(1, count + 1)}
    assert len(reading.rejected) <= 1


@pytest.mark.parametrize(
    ("encoding", "named"), [("cp850", "cp850"), ("mac_roman", "Mac Roman"), ("cp1252", None), ("utf-8", None)]
)
def test_headings_in_an_encoding_that_is_not_read_name_it_as_the_likely_cause(encoding: str, named: str | None) -> None:
    text = "Maßnahme;Belegliste;Belegnummer;Zahlungsempfänger;Rechnungsdatum\nM-1;B;1;Stoff GmbH;03.03.2014\n"
    with pytest.raises(Unreadable) as refused:
        read(text.encode(encoding))
    assert (str(named) in refused.value.fault.mend_text) is (named is not None)
    assert ("verstümmelt" in refused.value.fault.mend_text) is (named is not None)
