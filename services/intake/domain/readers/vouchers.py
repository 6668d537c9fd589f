"""Belegliste: what was spent, voucher by voucher."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.intake.domain.columns import (
    AMOUNT,
    DAY,
    FREE,
    IBAN,
    KEY,
    NAME,
    SHARE,
    SPAN,
    YEAR,
    YES_NO,
    Cells,
    Column,
    Template,
    Type,
    choice,
    text,
)
from services.intake.domain.errors import Words
from services.intake.domain.readers.common import MEASURE, about_measure
from services.intake.domain.reading import Draft
from shared.contracts.intake import Voucher, VoucherCorrected, VoucherRecorded, VoucherWithdrawn
from shared.values.dates import Period
from shared.values.german import write_cents
from shared.values.money import round_half_up
from shared.values.subject import subject_of


def _corrects(cell: str) -> bool | str:
    try:
        return bool(YES_NO.read(cell)) if not re.fullmatch(r"[01]", cell) else str(KEY.read(cell))
    except ValueError:
        return str(KEY.read(cell))


CORRECTS: Final = Column(
    "Berichtigt",
    "corrects",
    Type("ROW-08", Words("ja, oder eine Belegnummer derselben Liste", "ja, or a voucher number of the same list"), _corrects),
    Words(
        "ja: tritt an die Stelle der früheren Zeile mit dieser Belegnummer; oder die Belegnummer, an deren Stelle sie tritt",
        "ja: takes the place of the earlier row of this number; or the number whose place it takes",
    ),
)


def drafts(cells: Cells) -> Iterator[Draft]:
    """One voucher; or, where it is marked as cancelled, its withdrawal."""
    said = cells.said
    measure, of, number = said["measure"], said["list"], said["number"]
    key, subject = (measure, of, number), subject_of("measure", measure)
    if said.get("withdrawn"):
        body = {"measure": measure, "list": of, "number": cells.given.pseudonyms.number(number)}
        yield Draft("vouchers", key, subject, VoucherWithdrawn, body, marked=True, withdraws=True)
        return
    _signed(cells)
    gross, discount, credit = said["gross"], abs(said.get("discount") or 0), abs(said.get("credit") or 0)
    allocation = said.get("allocation")
    if allocation == 0:
        raise cells.fault("allocation", "ROW-16", "0")
    payable = gross - discount - credit
    if allocation is not None:
        payable = round_half_up(payable * allocation)
    eligible = said.get("eligible", payable)
    vat, lost = _vat(cells, gross, payable - eligible)
    pseudonyms, iban = cells.given.pseudonyms, said.get("iban")
    issuer = pseudonyms.party(said["issuer"], vat_id=said.get("vat_id"), iban=iban)
    if issuer is None:
        raise cells.fault("issuer", "ROW-01", said["issuer"])
    voucher = Voucher(
        measure=measure,
        list=of,
        number=pseudonyms.number(number),
        position=said["position"],
        issuer=issuer,
        payee_account=pseudonyms.account(iban),
        invoice_number=pseudonyms.number(invoice) if (invoice := said.get("invoice_number")) else None,
        invoice_date=said["invoice_date"],
        service=_service(cells),
        budget_year=said.get("budget_year") or said["invoice_date"].year,
        gross_cents=gross,
        discount_cents=discount,
        credit_cents=credit,
        vat_cents=vat,
        ineligible_vat_cents=lost,
        eligible_cents=eligible,
        allocation=allocation,
        payment_reference=pseudonyms.reference(reference) if (reference := said.get("payment_reference")) else None,
        paid_on=said.get("paid_on"),
        module=said.get("module"),
        district=said.get("district"),
    )
    corrects = said.get("corrects")
    replaces = (measure, of, corrects) if isinstance(corrects, str) and corrects != number else None
    yield Draft(
        "vouchers",
        key,
        subject,
        VoucherRecorded,
        {"voucher": voucher},
        cents=eligible,
        corrected=VoucherCorrected,
        marked=isinstance(corrects, str),
        replaces=replaces,
    )


SIGNED: Final = ("gross", "net", "vat", "ineligible_vat", "eligible")
"""Amounts that a credit (Haben) turns round."""


def _signed(cells: Cells) -> None:
    """Amounts with their signs, where a column of its own says debit or credit; checks what a spreadsheet program spoils."""
    said = cells.said
    for name in ("number", "invoice_number", "payment_reference"):
        if re.fullmatch(r"\d[.,]?\d*E\+\d+", said.get(name) or ""):
            hint = Words(
                "Die Tabellenkalkulation hat daraus eine Zahl gemacht: die Spalte als Text formatieren, die Nummer neu eingeben.",
                "The spreadsheet made a number of it: format the column as text and enter the number again.",
            )
            raise cells.fault(name, "ROW-16", said[name], hint)
    if said.get("side") != "H":
        return
    for name in SIGNED:
        if (amount := said.get(name)) is not None:
            if amount < 0:
                hint = Words("Haben und ein Minus zugleich: eines weglassen.", "Credit and a minus sign: leave out one of them.")
                raise cells.fault(name, "ROW-16", write_cents(amount), hint)
            said[name] = -amount


def _vat(cells: Cells, gross: int, kept: int) -> tuple[int | None, int | None]:
    """VAT within gross, as said or from the net amount, and what of it cannot be claimed: part of what is ``kept`` back."""
    said = cells.said
    vat, net, lost = said.get("vat"), said.get("net"), said.get("ineligible_vat")
    if net is not None and vat not in (None, gross - net):
        difference = write_cents(gross - net)
        hint = Words(f"Brutto − Netto ergibt {difference}.", f"Gross − net makes {difference}.")
        raise cells.fault("vat", "ROW-16", write_cents(vat), hint)
    if lost is not None and not min(0, kept) <= lost <= max(0, kept):
        hint = Words(
            f"Nicht mehr, als vom zu zahlenden Anteil nicht beantragt wird: {write_cents(kept)}.",
            f"No more than what is not claimed of the share to be paid: {write_cents(kept)}.",
        )
        raise cells.fault("ineligible_vat", "ROW-16", write_cents(lost), hint)
    return gross - net if net is not None else vat, lost


def _service(cells: Cells) -> Period:
    """Period of service: two columns, or one with a day or a period."""
    said = cells.said
    start, end = said.get("service_from"), said.get("service_to")
    if start is None and end is None and (span := said.get("service_period")):
        start, end = span
    start, end = start or end, end or start
    if start is None or end is None:
        hint = Words("Leistung von und Leistung bis, oder Leistungsdatum.", "Leistung von and Leistung bis, or Leistungsdatum.")
        raise cells.fault("service_from", "ROW-20", None, hint)
    if end < start:
        raise cells.fault("service_to", "ROW-12", f"{start} … {end}")
    return Period(start=start, end=end)


TEMPLATE: Final = Template(
    "vouchers",
    Words("Belegliste", "Voucher list"),
    Words(
        "Ausgaben, Beleg für Beleg. Schlüssel: Maßnahme, Belegliste, Belegnummer; "
        "zwei Zeilen, die in allem gleich sind, bleiben zwei. "
        "Maßnahme und Belegliste können auch beim Hochladen angegeben werden.",
        "Expenditure, voucher by voucher. Key: measure, list, voucher number; two rows equal in everything stay two. "
        "Measure and list may be said at hand-in instead.",
    ),
    (
        MEASURE,
        Column(
            "Belegliste",
            "list",
            KEY,
            Words("Name der Liste", "name of the list"),
            "BL-2014-1",
            required=True,
            given="list",
            also=("Belegliste Nr.", "Beleglisten-Nr.", "Nr. der Belegliste", "Liste", "Listennummer"),
        ),
        Column(
            "Belegnummer",
            "number",
            KEY,
            Words("Nummer in der Liste", "number in the list"),
            "12",
            required=True,
            also=("Beleg-Nr.", "Beleg Nr.", "BelegNr", "Beleg", "Beleg lfd. Nr.", "Belegnr.", "Lfd. Beleg-Nr."),
            else_=("Lfd. Nr.", "Laufende Nummer", "Lfd. Nummer", "Nr.", "Nummer", "Pos.-Nr.", "Buchungsnummer", "Buchungs-Nr."),
        ),
        Column(
            "Position",
            "position",
            KEY,
            Words("Einzelansatz des Finanzierungsplans", "position of the financing plan"),
            "1.1",
            required=True,
            also=("Einzelansatz", "Kostenposition", "Kostenart", "Finanzierungsplanposition", "Finanzplanposition"),
            else_=("Ausgabenart", "Ausgabeart", "Ausgabenposition", "Kostengruppe", "Kategorie", "Ansatz", "Pos.", "Titel"),
        ),
        Column(
            "Zahlungsempfänger",
            "issuer",
            NAME,
            Words(
                "wer die Rechnung stellt; Namen von Privatpersonen bleiben in der Annahme",
                "who issued the invoice; names of private people stay in intake",
            ),
            "Stadtwerke Musterstadt GmbH",
            required=True,
            also=(
                "Empfänger",
                "Rechnungsaussteller",
                "Rechnungsaussteller/Zahlungsempfänger",
                "Zahlungsempfänger/in",
                "Empfänger/in",
                "Rechnungssteller",
                "Rechnungsersteller",
                "Name des Zahlungsempfängers",
                "Empfänger der Zahlung",
                "Empfänger/in bzw. Einzahler/in",
                "Lieferant",
                "Name des Lieferanten",
                "Kreditorenname",
                "Name des Kreditors",
            ),
            else_=(
                "Kreditor",
                "Firma",
                "Aussteller",
                "Name",
                "Name 1",
                "Begünstigter",
                "Zahlung an",
                "Auftragnehmer",
                "Vertragspartner",
            ),
        ),
        Column(
            "USt-IdNr.",
            "vat_id",
            text(20),
            Words("Umsatzsteuer-Identifikationsnummer", "VAT id"),
            "DE123456789",
            also=("USt-ID", "Umsatzsteuer-ID"),
        ),
        Column(
            "IBAN",
            "iban",
            IBAN,
            Words("Konto, auf das gezahlt wird", "account it is paid to"),
            "DE02120300000000202051",
            also=("IBAN Empfänger", "IBAN des Empfängers", "Empfänger-IBAN", "IBAN Zahlungsempfänger"),
        ),
        Column(
            "Rechnungsnummer",
            "invoice_number",
            text(80),
            Words("Nummer der Rechnung", "invoice number"),
            "RE-2014-0815",
            also=("Rechnungs-Nr.", "Rechnung Nr.", "Rechnungsnr.", "Nr. der Rechnung", "RgNr", "Rg.-Nr.", "Re.-Nr.", "RNr."),
            else_=("Externe Belegnummer", "Belegfeld 1"),
        ),
        Column(
            "Rechnungsdatum",
            "invoice_date",
            DAY,
            Words("Datum der Rechnung", "date of the invoice"),
            "03.03.2014",
            required=True,
            also=("Datum Rechnung", "Datum der Rechnung", "Rechnung vom", "Rg.-Datum", "Re.-Datum"),
            else_=("Belegdatum", "Datum des Belegs", "Datum"),
        ),
        Column(
            "Leistung von",
            "service_from",
            DAY,
            Words(
                "erster Tag der Leistung; zusammen mit „Leistung bis“, oder „Leistungsdatum“ allein",
                "first day of the service; with “Leistung bis”, or “Leistungsdatum” alone",
            ),
            "01.02.2014",
            also=("Leistungszeitraum von", "Leistungsbeginn", "Leistungsdatum von"),
        ),
        Column(
            "Leistung bis",
            "service_to",
            DAY,
            Words("letzter Tag der Leistung", "last day of the service"),
            "28.02.2014",
            also=("Leistungszeitraum bis", "Leistungsende", "Leistungsdatum bis"),
        ),
        Column(
            "Leistungsdatum",
            "service_period",
            SPAN,
            Words(
                "Tag oder Zeitraum der Leistung, statt der beiden Spalten davor",
                "day or period of the service, instead of the two columns before",
            ),
            "",
            also=(
                "Leistungszeitraum",
                "Lieferdatum",
                "Leistungstag",
                "Leistungsmonat",
                "Liefer-/Leistungsdatum",
                "Zeitraum der Leistung",
                "Abrechnungszeitraum",
            ),
            else_=("Zeitraum", "Leistung"),
        ),
        Column(
            "Haushaltsjahr",
            "budget_year",
            YEAR,
            Words("leer: Jahr des Rechnungsdatums", "empty: year of the invoice date"),
            "2014",
            also=("HHJ", "HH-Jahr"),
        ),
        Column(
            "Brutto",
            "gross",
            AMOUNT,
            Words("Rechnungsbetrag mit Umsatzsteuer, der ganzen Rechnung", "invoice total with VAT, of the whole invoice"),
            "1.190,00",
            required=True,
            also=(
                "Bruttobetrag",
                "Rechnungsbetrag",
                "Rechnungsbetrag inkl. MwSt",
                "Rechnungsbetrag brutto",
                "Bruttorechnungsbetrag",
                "Betrag brutto",
                "Betrag inkl. MwSt",
                "Betrag Rechnung",
                "Gesamtbetrag brutto",
            ),
            else_=(
                "Gesamtbetrag",
                "Rechnungssumme",
                "Buchungsbetrag",
                "Betrag in Hauswährung",
                "Zahlungsbetrag",
                "Zahlbetrag",
                "Einzelbetrag",
                "Betrag",
                "Ausgaben",
                "Ausgabe",
                "Summe",
            ),
        ),
        Column(
            "Soll/Haben",
            "side",
            choice({"S": "S", "H": "H"}, also={"Soll": "S", "Haben": "H"}),
            Words(
                "S: Ausgabe; H: Rückfluss, die Beträge der Zeile zählen negativ",
                "S: expenditure; H: refund, the amounts of the row count negative",
            ),
            "",
            also=("S/H", "Soll/Haben-Kennzeichen", "S/H-Kennzeichen", "Soll/Haben-Kz", "S/H-Kz", "Soll-/Haben-Kennz."),
        ),
        Column(
            "Netto",
            "net",
            AMOUNT,
            Words("Rechnungsbetrag ohne Umsatzsteuer", "invoice total without VAT"),
            "",
            also=("Nettobetrag", "Rechnungsbetrag netto", "Betrag netto"),
        ),
        Column(
            "Umsatzsteuer",
            "vat",
            AMOUNT,
            Words("im Bruttobetrag enthaltene Umsatzsteuer; leer: Brutto − Netto", "VAT within the gross; empty: gross − net"),
            "",
            also=("USt", "MwSt", "Mehrwertsteuer", "USt-Betrag", "MwSt-Betrag", "Betrag USt", "Betrag MwSt"),
        ),
        Column(
            "Nicht förderfähige Umsatzsteuer",
            "ineligible_vat",
            AMOUNT,
            Words(
                "Umsatzsteuer im Anteil der Maßnahme, die nicht beantragt wird (Vorsteuerabzug); Teil dessen, was nicht"
                " förderfähig ist",
                "VAT in the measure's part that is not claimed (deductible input tax); within what is not eligible",
            ),
            "",
            also=("nicht förderfähige MwSt", "MwSt n. f.", "MwSt n.f.", "USt n. f.", "nicht förderfähige USt"),
        ),
        Column(
            "Skonto",
            "discount",
            AMOUNT,
            Words("Skonto und Rabatt, mit oder ohne Minus", "discount, with or without a minus sign"),
            "",
            also=("Abzug Skonto/Boni/Rabatte", "Rabatt", "Skonto/Rabatt"),
        ),
        Column(
            "Gutschrift", "credit", AMOUNT, Words("Gutschrift, mit oder ohne Minus", "credit note, with or without a minus sign")
        ),
        Column(
            "Förderfähig",
            "eligible",
            AMOUNT,
            Words(
                "beantragter Betrag; leer: zu zahlender Betrag × Anteil, kaufmännisch gerundet",
                "amount claimed; empty: amount payable × share, rounded half up",
            ),
            "1.190,00",
            also=(
                "beantragt förderfähig",
                "förderfähiger Betrag",
                "zuwendungsfähig",
                "zuwendungsfähiger Betrag",
                "förderfähige Ausgaben",
                "zuwendungsfähige Ausgaben",
                "förderfähige Kosten",
                "zuwendungsfähige Kosten",
                "beantragte förderfähige Ausgaben",
                "beantragte zuwendungsfähige Ausgaben",
                "davon förderfähig",
                "davon zuwendungsfähig",
                "beantragter Betrag",
            ),
            like=r"(?<!nicht)(?:foerder|zuwendungs)faehig",
        ),
        Column(
            "Anteil",
            "allocation",
            SHARE,
            Words(
                "erklärter Anteil der Rechnung, der auf die Maßnahme entfällt",
                "declared share of the invoice that belongs to the measure",
            ),
            "",
        ),
        Column(
            "Zahlungsreferenz",
            "payment_reference",
            text(140),
            Words(
                "End-to-End-Referenz oder Referenz im Verwendungszweck",
                "end-to-end reference or reference in the remittance text",
            ),
            "M1-BL1-12",
        ),
        Column(
            "Zahlungsdatum",
            "paid_on",
            DAY,
            Words(
                "Tag der Zahlung laut Liste; Nachweis ist der Kontoauszug",
                "day of payment as the list says; proof is the bank line",
            ),
            "17.03.2014",
            also=(
                "Datum Zahlung",
                "bezahlt am",
                "gezahlt am",
                "Datum der Zahlung",
                "Datum der Zahlung der Rechnung",
                "Tag der Zahlung",
                "Zahldatum",
                "Zahltag",
                "Überweisung am",
                "Wertstellung",
            ),
            else_=("Valutadatum", "Valuta", "Buchungsdatum", "Buchungstag"),
        ),
        Column("Baustein", "module", KEY, Words("Baustein", "module")),
        Column("Quartier", "district", KEY, Words("Quartier", "district")),
        Column(
            "Verwendungszweck",
            "purpose",
            FREE,
            Words("freier Text; bleibt in der Annahme", "free text; stays in intake"),
            "Strom Februar",
            also=("Grund", "Grund der Zahlung", "Gegenstand", "Gegenstand der Rechnung", "Zweck"),
            else_=("Beschreibung", "Bezeichnung", "Buchungstext", "Text", "Bemerkung", "Bemerkungen", "Anmerkung"),
        ),
        Column(
            "storniert",
            "withdrawn",
            YES_NO,
            Words("ja: der Beleg wird nicht mehr geltend gemacht", "ja: the voucher is claimed no longer"),
        ),
        CORRECTS,
    ),
    drafts,
    about_measure,
    either=(("service_period", "service_from", "service_to"),),
    series=("measure", "list"),
    sums=("gross", "net", "vat", "ineligible_vat", "discount", "credit", "eligible"),
)
