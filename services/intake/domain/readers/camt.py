"""Kontoauszug: ISO 20022 bank statements, camt.052, .053 and .054 in any version, read by local names.

Only the statement (053) books; reports during the day (052) and notifications (054) announce the same entries and are shown.
Entries are read one by one, so a file of any size takes little memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import count
from typing import Any, Final

from lxml import etree
from pydantic import ValidationError

from services.intake.domain.columns import is_iban
from services.intake.domain.errors import Fault, RowFault, Unreadable, Words
from services.intake.domain.identity import key_id
from services.intake.domain.pseudonyms import Pseudonyms, is_reference
from services.intake.domain.reading import TRY_KEY, Draft, Given, Reading, Row, series_of
from services.intake.domain.seen import Seen
from services.intake.domain.text import Content
from services.intake.domain.xml import Document, Element, Node, child, children, local_name, node_of, text_at
from shared.contracts.intake import Payment, PaymentBooked
from shared.values.dates import business_date
from shared.values.german import write_cents
from shared.values.money import LIMIT
from shared.values.subject import subject_of

KIND: Final = "camt"
MESSAGES: Final = {"BkToCstmrStmt": "Stmt", "BkToCstmrAcctRpt": "Rpt", "BkToCstmrDbtCdtNtfctn": "Ntfctn"}
"""Body of the message → what it holds: camt.053, .052, .054."""
STATEMENTS: Final = frozenset(MESSAGES.values())
PLACEHOLDERS: Final = frozenset(("NOTPROVIDED", "NONREF", "NOTAVAILABLE", "NA", "NONE", "KEINE", "UNKNOWN", "STARTUMS", "0", ""))
"""What banks write where there is no reference: letters and digits of it."""
PREVIEWS: Final = {"Rpt": "camt.052", "Ntfctn": "camt.054"}
"""Reports of what a statement will book."""
COUNTER: Final = re.compile(r"\d{1,6}")
"""An NtryRef such as 17 counts the entries of one download; it says nothing of the entry in another one."""
PREFIXES: Final = frozenset(("RE", "RG", "RNR", "RGNR", "RECHNUNG", "NR", "BELEG", "BELEGNR", "INV", "R", "AZ", "KD", "KDNR"))
"""Words that belong to the number behind them. Other words are not joined: they may be names."""
MOST_REFERENCES: Final = 60

def read_camt(contents: Mapping[str, Content], given: Given, *, misdeclared: bool = False) -> Reading:
    """Bank statements, of one document or of the members of a ZIP file by name. Raises ``Unreadable`` for what is no camt
    message. ``misdeclared``: the bytes are Windows-1252, whatever is declared."""
    documents = []
    for name, content in contents.items():
        says_other = re.search(rb"encoding\s*=\s*[\"'](?!utf-?8)", content.head[:200], re.IGNORECASE)
        document = Document(content, name, "windows-1252" if misdeclared and not says_other else None)
        names = _start(document, given.name)
        if names[-1] not in MESSAGES:
            said = "/".join(names[:2])
            hint = next((words for part, words in OTHERS.items() if part in said), None)
            raise Unreadable(Fault("FILE-09", value=f"{name}: {said}" if name else said, hint=hint), given.name)
        documents.append(document)
    reading = Reading(KIND, _series(documents[0], given), (), ())
    reading.rows = _rows(documents, given, reading.remarks)
    return reading


OTHERS: Final = {
    "Invoice": Words(
        "Das ist eine E-Rechnung: in die Belegliste aufnehmen.", "This is an e-invoice: enter it in the voucher list."
    ),
    "CstmrCdtTrfInitn": Words("Das ist ein Zahlungsauftrag, kein Auszug.", "This is a payment order, no statement."),
    "CstmrDrctDbtInitn": Words("Das ist ein Lastschriftauftrag, kein Auszug.", "This is a direct debit order, no statement."),
    "CstmrPmtStsRpt": Words("Das ist ein Statusbericht, kein Auszug.", "This is a status report, no statement."),
    "html": Words(
        "Das ist eine Webseite; auch „XLS“-Exporte mancher Programme sind eine: als CSV speichern.",
        "This is a web page, as “XLS” exports of some programs are: save it as CSV.",
    ),
}
"""XML that people hand in by mistake, by a part of its first two names."""


WRAPPED: Final = 60
"""So many elements may stand around and before the message: envelopes and business headers."""


def _start(document: Document, file: str) -> list[str]:
    """Local names of the first elements up to that of the message."""
    head = document.content.head
    if re.match(rb"\s*(?:\xef\xbb\xbf)?<(?:!doctype )?(?:html|table)\b", head, re.IGNORECASE):
        return ["html"]
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Unreadable(Fault("FILE-07", value="DTD"), file)
    names: list[str] = []
    try:
        for _, element in document.walk(("start",)):
            names.append(local_name(element))
            if names[-1] in MESSAGES or len(names) == WRAPPED:
                break
    except etree.XMLSyntaxError as error:
        if len(names) < 2:
            raise Unreadable(Fault("FILE-07", value=str(error)[:200]), file) from error
    return names


def _series(document: Document, given: Given) -> str:
    """Series by account and statement: a longer edition of the same statement settles the rejections of a shorter one."""
    if given.series:
        return series_of(KIND, given.series)
    try:
        for _, element in document.walk(("end",), ("{*}Acct",)):
            statement = element.getparent()
            if statement is not None and local_name(statement) in STATEMENTS:
                said = node_of(statement)
                return series_of(KIND, _account(said)[0], _statement(said))
    except etree.XMLSyntaxError:
        pass
    return series_of(KIND, given.name)


def _rows(documents: Iterable[Document], given: Given, remarks: list[str]) -> Iterator[Row]:
    numbers, told, empty = count(1), Seen(), True
    for document in documents:
        for row in _entries(document, given, remarks, numbers, told):
            empty = False
            yield row
    if empty and not remarks:
        remarks.append("In der Datei stehen keine Buchungen.")


def _entries(document: Document, given: Given, remarks: list[str], numbers: Iterator[int], told: Seen) -> Iterator[Row]:
    at = 0
    entries: _Statement | None = None
    tags = [f"{{*}}{name}" for name in (*STATEMENTS, "Ntry")]
    try:
        for event, element in document.walk(("start", "end"), tags):
            name = local_name(element)
            if name in STATEMENTS:
                if event == "start":
                    at = next(numbers)
                    entries = _Statement(at, given, remarks, told, PREVIEWS.get(name))
                elif entries is not None:
                    entries.close(node_of(element, without="Ntry"))
                    entries = None
                    element.clear()
            elif event == "end" and entries is not None:
                parent = element.getparent()
                if parent is not None:
                    yield entries.row(element, parent)
                    parent.remove(element)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        hint = _SEVERAL if re.search("Extra content|XML declaration", error.msg) else None
        fault = Fault("BANK-06", None, f"Zeile {line}: {error.msg.partition(', line ')[0]}"[:300], None, hint)
        yield Row(f"{at or next(numbers)}.ende", {"Zeile": line, "Meldung": error.msg[:300]}, faults=(fault,))


_SEVERAL: Final = Words(
    "Hier beginnt wohl eine zweite XML-Datei: die Auszüge einzeln oder zusammen als ZIP-Datei einreichen.",
    "A second XML file seems to begin here: hand in the statements one by one, or together as a ZIP file.",
)

_Part = tuple[str, str, int, Node | None]
"""Behind the entry's place, reference, cents, transaction where there is just this one; none for what the bank charges."""


class _Statement:
    """One statement while its entries pass by."""

    def __init__(
        self, at: int, given: Given, remarks: list[str], told: Seen, preview: str | None = None
    ) -> None:
        self.at, self.given, self.remarks = at, given, remarks
        self.told = told
        """Entries of the file by their identities."""
        self.preview = preview
        """Kind of message that books nothing, or None."""
        self.equals = Seen()
        self.entries = 0
        self.booked = 0
        self.sound = True
        """Can the balance be checked: is every booked amount known, and in euro?"""
        self.seen = Seen()
        self.known: tuple[str, str, str] | None = None
        """Account, name of the statement, and what is wrong with the account."""
        self.page = "1"
        self.remarked: set[str] = set()

    def row(self, element: Element, parent: Element) -> Row:
        """One entry: its payments, or what is wrong with it, or why it is none."""
        self.entries += 1
        place = f"{self.at}.{self.entries}"
        handed_in: dict[str, Any] = {}
        entry = node_of(element, found=handed_in)
        handed_in["Zeile"] = element.sourceline
        if self.known is None:
            statement_said = node_of(parent, without="Ntry")
            account, problem = _account(statement_said)
            self.known = account, _statement(statement_said), problem
            said = text_at(child(statement_said, "StmtPgntn", "RptPgntn", "NtfctnPgntn"), "PgNb")
            self.page = (said or "1").lstrip("0") or "1"
            if not problem and not is_iban(account):
                self.remark(f"Auszug {self.known[1]}: die Prüfziffer der Kontonummer {account[:4]}… stimmt nicht.")
        account, statement, problem = self.known
        status = _status(entry)
        if status != "BOOK":
            return Row(place, handed_in, ignored=f"Buchung nicht endgültig ({status})")
        if self.preview:
            return Row(place, handed_in, ignored=f"Vorschau ({self.preview}): gebucht wird mit dem Kontoauszug (camt.053)")
        try:
            amount = self._amount(entry)
            if problem:
                raise RowFault(Fault("BANK-01", "Acct/Id", account or None))
            if amount == 0 and len(_transactions(entry)) < 2:
                return Row(place, handed_in, ignored="Betrag null: es wurde nichts gezahlt")
            identity, drafts = self._payments(entry, place, account, statement, amount)
        except (RowFault, ValidationError) as error:
            self.sound = False
            faults = error.faults if isinstance(error, RowFault) else (_bound(error),)
            return Row(
                place,
                handed_in,
                faults=faults,
                concerns=subject_of("account", account) if account and not problem else None,
            )
        self.booked += amount
        if self.told.count(key_id(KIND, identity)) > 1:
            return Row(place, handed_in, ignored="steht schon in einem früheren Auszug dieser Datei")
        return Row(place, handed_in, drafts)

    def remark(self, text: str) -> None:
        """Say something about the file once."""
        if text not in self.remarked:
            self.remarked.add(text)
            self.remarks.append(text)

    def _amount(self, entry: Node) -> int:
        element = child(entry, "Amt")
        cents = _cents(element, "Ntry/Amt")
        direction = text_at(entry, "CdtDbtInd")
        if direction not in ("CRDT", "DBIT"):
            raise RowFault(Fault("BANK-05", "Ntry/CdtDbtInd", direction))
        return cents if direction == "CRDT" else -cents

    def _payments(
        self, entry: Node, place: str, account: str, statement: str, amount: int
    ) -> tuple[tuple[str, ...], list[tuple[str, Draft]]]:
        """Identity of an entry, and its payments."""
        booked, value = self._days(entry, statement)
        details = _transactions(entry)
        identity = self._identity(entry, details, (account, str(amount), str(booked), str(value)))
        undone = text_at(entry, "RvslInd") in ("true", "1") or _returned(entry)
        drafts = []
        for suffix, reference, cents, detail in self._parts(entry, details, amount, place, statement):
            charge = bool(suffix) and detail is None
            reversal = (undone or _returned(detail)) and not charge
            party, iban = _other_side(detail, cents, reversal, account)
            end_to_end = _end_to_end(detail)
            payment = Payment(
                account=account,
                statement=statement,
                entry=reference[:120],
                amount_cents=cents,
                booked_on=booked,
                value_date=value,
                counterparty=self.given.pseudonyms.party(party, iban=iban),
                counterparty_account=self.given.pseudonyms.account(iban),
                end_to_end_id=self.given.pseudonyms.reference(end_to_end) if end_to_end else None,
                references=() if charge else tuple(_references(entry, detail, len(details), self.given.pseudonyms)),
                reversal=reversal,
            )
            key = (*identity, suffix, str(cents)) if suffix else identity
            said, subject = {"payment": payment}, subject_of("account", account)
            drafts.append(
                (place + suffix, Draft(KIND, key, subject, PaymentBooked, said, cents=cents, compared={"entry": key}))
            )
        return identity, drafts

    def _days(self, entry: Node, statement: str) -> tuple[date, date]:
        """Days of booking and of value; where one is not told the other stands for it."""
        booked, value = _day(entry, "BookgDt"), _day(entry, "ValDt")
        known = booked or value
        if known is None:
            raise RowFault(Fault("BANK-04", "Ntry/BookgDt"))
        if value is None:
            self.remark(f"Auszug {statement}: Buchungen ohne Wertstellung; es gilt das Buchungsdatum.")
        elif booked is None:
            self.remark(f"Auszug {statement}: Buchungen ohne Buchungsdatum; es gilt die Wertstellung.")
        return booked or known, value or known

    def _parts(self, entry: Node, details: list[Node], amount: int, place: str, statement: str) -> list[_Part]:
        """The transactions of a batch, each a payment of its own; else the entry as one payment."""
        reference = self._reference(entry)
        if len(details) > 1:
            if parts := _split(details, amount):
                return [
                    (f".{at}", f"{reference}/{at}", cents, tx)
                    for at, (tx, cents) in enumerate(zip(details, parts, strict=True), 1)
                ]
            self.remark(
                f"Auszug {statement}, Buchung {place}: die {len(details)} Einzelposten ergeben nicht den Betrag "
                f"{write_cents(amount)}; sie gilt als eine Zahlung."
            )
        elif details and (charged := _charged(details[0], amount)):
            return [(".1", f"{reference}/1", amount - charged, details[0]), (".2", f"{reference}/2", charged, None)]
        elif (told := sum(map(_batched, children(entry, "NtryDtls")))) > 1:
            self.remark(
                f"Auszug {statement}, Buchung {place}: die Sammelbuchung über {told} Posten nennt sie nicht einzeln; "
                "sie gilt als eine Zahlung."
            )
        return [("", reference, amount, details[0] if len(details) == 1 else None)]

    def _identity(self, entry: Node, details: list[Node], said: tuple[str, ...]) -> tuple[str, ...]:
        """What an entry is known by in whatever download: account, amount, days, the bank's reference, which of its equals.

        Where the bank gives no reference that lasts, the other side takes its place. Names of statements and pages are no
        part of it, but for entries without a reference on a later page, whose equals may stand on the first.
        """
        detail = details[0] if len(details) == 1 else None
        reference = _lasting(text_at(entry, "AcctSvcrRef")) or _lasting(text_at(detail, "Refs", "AcctSvcrRef"))
        if reference is None and (own := _lasting(text_at(entry, "NtryRef"))) and not COUNTER.fullmatch(own):
            reference = own
        if reference is None:
            ibans = ("/".join(filter(None, _other_side(detail, int(said[1]), False, said[0])[1:])),) if detail else ()
            page = "" if self.page == "1" else f"p{self.page}"
            said = (*said, _end_to_end(detail) or "", *ibans, page)
        else:
            said = (*said, reference)
        return (*said, str(self.equals.count(key_id(KIND, said))))

    def _reference(self, entry: Node) -> str:
        """What the entry is called in its statement: the bank's reference, else its place."""
        for name in ("NtryRef", "AcctSvcrRef"):
            if said := _lasting(text_at(entry, name)):
                times = self.seen.count(key_id(KIND, (said,)))
                return said if times == 1 else f"{said}#{times}"
        return f"#{self.entries}" if self.page == "1" else f"p{self.page}#{self.entries}"

    def close(self, statement: Node) -> None:
        """Opening balance and entries must make the closing balance."""
        name = _statement(statement)
        if self.preview:
            self.remark(f"{self.preview} ist eine Vorschau: nichts davon wird gebucht, bis der Kontoauszug (camt.053) da ist.")
        elif self._balances(statement, name):
            return
        elif (told := _told(statement)) not in (None, self.entries):
            self.remark(f"Auszug {name}: er nennt {told} Buchungen, in der Datei stehen {self.entries}.")
        if not self.entries:
            self.remark(f"Auszug {name}: er enthält keine Buchungen.")

    def _balances(self, statement: Node, name: str) -> bool:
        """Do the entries make the closing balance of the opening one? What keeps that from being known is remarked."""
        balances = {code: cents for code, cents in map(_balance, children(statement, "Bal")) if code and cents is not None}
        opening = balances.get("OPBD", balances.get("PRCD"))
        closing = balances.get("CLBD")
        if opening is None or closing is None:
            foreign = (amount.currency for one in children(statement, "Bal") for amount in children(one, "Amt"))
            if self.entries and any(currency not in ("", "EUR") for currency in foreign):
                self.remark(f"Auszug {name}: der Saldo ist nicht prüfbar, er ist nicht in Euro.")
        elif not self.sound:
            self.remark(f"Auszug {name}: der Saldo ist nicht prüfbar, weil Buchungen abgewiesen wurden.")
        elif difference := closing - opening - self.booked:
            self.remark(
                f"Auszug {name}: Anfangssaldo {write_cents(opening)} und Buchungen {write_cents(self.booked)} ergeben "
                f"{write_cents(opening + self.booked)}, der Schlusssaldo ist {write_cents(closing)}: "
                f"Differenz {write_cents(difference)}."
            )
        else:
            return True
        return False


# ── what stands in the XML ───────────────────────────────────────────────────────────────────────────────────────────


_DECIMAL: Final = re.compile(r"\+?(?=\.?\d)(\d{0,15})(?:\.(\d{0,5}))?")
"""xs:decimal, which may begin or end with its dot."""


def _cents(amount: Node | None, column: str) -> int:
    said, currency = (amount.text, amount.currency) if amount is not None else ("", "")
    found = _DECIMAL.fullmatch(said)
    if not found or (found[2] or "")[2:].strip("0"):
        raise RowFault(Fault("BANK-03", column, said or None))
    if currency and currency.upper() != "EUR":
        raise RowFault(Fault("BANK-02", column, f"{said} {currency}"))
    cents = int(found[1] or "0") * 100 + int((found[2] or "")[:2].ljust(2, "0"))
    if cents > LIMIT:
        raise RowFault(Fault("BANK-03", column, said))
    return cents


def _bound(error: ValidationError) -> Fault:
    """A bound of the contract that an entry breaks."""
    problem = error.errors()[0]
    return Fault("ROW-16", ".".join(map(str, problem["loc"])) or None, str(problem.get("input"))[:200])


def _balance(balance: Node) -> tuple[str | None, int | None]:
    code = text_at(balance, "Tp", "CdOrPrtry", "Cd")
    try:
        cents = _cents(child(balance, "Amt"), "Bal/Amt")
    except RowFault:
        return code, None
    return code, -cents if text_at(balance, "CdtDbtInd") == "DBIT" else cents


def _transactions(entry: Node) -> list[Node]:
    """The transactions of an entry: several in a batch, none where the bank gives no details."""
    return [tx for block in children(entry, "NtryDtls") for tx in children(block, "TxDtls")]


def _number(said: str | None) -> int | None:
    return int(said) if said and re.fullmatch(r"\d{1,9}", said) else None


def _batched(block: Node) -> int:
    """How many transactions the bank says a batch has."""
    return _number(text_at(block, "Btch", "NbOfTxs")) or 0


def _told(statement: Node) -> int | None:
    """How many entries the statement says it has."""
    return _number(text_at(statement, "TxsSummry", "TtlNtries", "NbOfNtries"))


def _account(statement: Node) -> tuple[str, str]:
    """Account number, and a text if it is no IBAN."""
    identity = child(child(statement, "Acct"), "Id")
    said = text_at(identity, "IBAN") or text_at(identity, "Othr", "Id") or text_at(identity, "PrtryAcct", "Id") or ""
    iban = re.sub(r"\s", "", said).upper()
    if re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", iban):
        return iban, ""
    return said[:60], "no IBAN"


def _statement(statement: Node) -> str:
    """Name of the statement: its id, else its number and day."""
    said = text_at(statement, "Id")
    if said and not _placeholder(said):
        return said[:120]
    number = text_at(statement, "ElctrncSeqNb") or text_at(statement, "LglSeqNb") or "?"
    return f"{number} {(text_at(statement, 'CreDtTm') or '')[:10]}".strip()[:120]


RETURN_FAMILIES: Final = frozenset(("RRTN", "RPCR", "UPDD", "PRDD", "RCDD", "UPCQ"))
"""Sub-families of ISO 20022 bank transaction codes: reversals due to a returned or cancelled payment."""
RETURN_CODES: Final = frozenset(("059", "108", "109", "159", "181", "184"))
"""German business transaction codes (GVC): transfers that came back, direct debits that were returned or credited again."""


_TRANSACTION_CODE: Final = re.compile(r"(?:([A-Z]{4})\+)?(\d{3})(?!\d)")


def _returned(said: Node | None) -> bool:
    """Is the entry, or one transaction of it, a payment that came back (R-transaction)?"""
    if child(said, "RtrInf") is not None:
        return True
    code = child(said, "BkTxCd")
    if code is None:
        return False
    if text_at(code, "Domn", "Fmly", "SubFmlyCd") in RETURN_FAMILIES:
        return True
    found = _TRANSACTION_CODE.match(text_at(code, "Prtry", "Cd") or "")
    german = found is not None and (found[1] or text_at(code, "Prtry", "Issr") in ("DK", "ZKA"))
    return bool(german and found and found[2] in RETURN_CODES)


def _lasting(said: str | None) -> str | None:
    """A reference on one line, or None where the bank writes that there is none."""
    text = " ".join((said or "").split())[:100]
    return None if _placeholder(text) else text


_NO_SIGN: Final = re.compile(r"[\W_]")


def _placeholder(said: str) -> bool:
    if len(said) > 15:
        return False
    return (said if said.isalnum() else _NO_SIGN.sub("", said)).upper() in PLACEHOLDERS


def _status(entry: Node) -> str:
    status = child(entry, "Sts")
    said = text_at(status, "Cd") or text_at(status, "Prtry") or text_at(status)
    return (said or "BOOK").upper()


_ISO_DAY: Final = Words("ein Datum wie 2026-12-31", "a date such as 2026-12-31")


def _day(entry: Node, name: str) -> date | None:
    """Day of a date or an instant; an instant counts as the day it was in Berlin."""
    element = child(entry, name)
    said = text_at(element, "Dt") or text_at(element, "DtTm") or text_at(element)
    if said is None:
        return None
    try:
        if "T" in said:
            instant = datetime.fromisoformat(said.replace("Z", "+00:00"))
            return business_date(instant) if instant.tzinfo else instant.date()
        return date.fromisoformat(said[:10])
    except (ValueError, OverflowError):
        raise RowFault(Fault("ROW-03", f"Ntry/{name}", said, _ISO_DAY)) from None


def _split(details: list[Node], amount: int) -> list[int] | None:
    """Amounts of a batch's transactions if they add up to the entry, else None."""
    try:
        cents = [_cents(_amount_of(tx), "TxDtls/Amt") for tx in details]
    except RowFault:
        return None
    sign = -1 if amount < 0 else 1
    if sum(cents) == abs(amount):
        return [sign * part for part in cents]
    signed = [-part if text_at(tx, "CdtDbtInd") == "DBIT" else part for tx, part in zip(details, cents, strict=True)]
    return signed if sum(signed) == amount else None


def _charged(detail: Node, amount: int) -> int:
    """What the bank took for itself within an entry: its difference to the transaction if the charges told are that, else 0."""
    blocks = children(detail, "Chrgs")
    if not blocks:
        return 0
    told = [child(one, "Amt") for block in blocks for one in (block, *children(block, "Rcrd"))]
    try:
        difference = amount - (-1 if amount < 0 else 1) * _cents(_amount_of(detail), "TxDtls/Amt")
        charges = sum(_cents(one, "Chrgs/Amt") for one in told if one)
    except RowFault:
        return 0
    return difference if abs(difference) == charges else 0


def _amount_of(detail: Node) -> Node | None:
    """Amount of a transaction: of its own, else as transferred, as converted, as ordered; in euro if one of them is."""
    within = child(detail, "AmtDtls")
    said = [child(detail, "Amt"), *(child(child(within, name), "Amt") for name in ("TxAmt", "CntrValAmt", "InstdAmt"))]
    return next((amount for amount in said if amount and amount.currency == "EUR"), next(filter(None, said), None))


def _other_side(detail: Node | None, amount: int, reversal: bool, own: str) -> tuple[str | None, str | None]:
    """Name and IBAN of the other side: who was paid, or who paid."""
    parties = child(detail, "RltdPties")
    if parties is None:
        return None, None
    roles = ("Cdtr", "Dbtr") if (amount < 0) != reversal else ("Dbtr", "Cdtr")
    for role in roles:
        party = child(parties, role)
        name = text_at(party, "Nm") or text_at(party, "Pty", "Nm") or text_at(party, "Agt", "FinInstnId", "Nm")
        account = child(child(parties, f"{role}Acct"), "Id")
        iban = "".join((text_at(account, "IBAN") or text_at(account, "Othr", "Id") or "").split()).upper() or None
        if (name or iban) and iban != own:
            return name, iban
    return text_at(parties, f"Ultmt{roles[0]}", "Nm") or text_at(parties, f"Ultmt{roles[0]}", "Pty", "Nm"), None


def _end_to_end(detail: Node | None) -> str | None:
    said = text_at(detail, "Refs", "EndToEndId")
    if said and not _placeholder(said):
        return said[:140]
    remittance = " ".join(one.text for one in children(child(detail, "RmtInf"), "Ustrd"))
    found = re.search(r"\bEREF\+\s*(\S{1,35})", remittance)
    return found[1] if found and not _placeholder(found[1]) else None


def _references(entry: Node, detail: Node | None, details: int, pseudonyms: Pseudonyms) -> list[str]:
    """Tokens that may be references: upper case, letters and digits, with a digit; never an IBAN, never a word of a text."""
    texts: list[str] = []
    end_to_end = _end_to_end(detail)
    if end_to_end:
        texts.append(end_to_end)
    remittance = child(detail, "RmtInf")
    unstructured = [one.text for one in children(remittance, "Ustrd")]
    texts += [" ".join(unstructured), "".join(unstructured)] if len(unstructured) > 1 else unstructured
    for structured in children(remittance, "Strd"):
        reference = child(structured, "CdtrRefInf")
        said = [child(reference, "Ref", "CdtrRef"), *(child(one, "Nb") for one in children(structured, "RfrdDocInf"))]
        texts += [one.text for one in (*said, *children(structured, "AddtlRmtInf")) if one and one.text]
    alone = remittance is None and details < 2  # then what the bank writes of the entry is said of this payment
    texts += filter(None, (text_at(detail, "AddtlTxInf"), text_at(entry, "AddtlNtryInf") if alone else None))
    return list(dict.fromkeys(token for text in texts for token in tokens(text, pseudonyms)))[:MOST_REFERENCES]


_LABEL: Final = re.compile(r"\b(?:EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE)\+")
"""Labels German banks put before the parts of a remittance text."""
_BETWEEN: Final = re.compile(r"[\s,;:]+")
_SIGNS: Final = re.compile(r"[^0-9A-Z]+")


def tokens(text: str, pseudonyms: Pseudonyms = Pseudonyms(TRY_KEY)) -> Iterator[str]:
    """Reference tokens of a text, and neighbours joined, since references are written with and without blanks.

    A token that may hold a name is told by the pseudonym that the same text has in a voucher list.

    >>> list(tokens("Rechnung RE-2014/0815 vom 3.3."))
    ['RECHNUNGRE20140815', 'RE20140815', '33']
    """
    parts = _BETWEEN.split(_LABEL.sub(" ", text.upper()))
    said = [(part, word, not word.isalpha()) for part in parts if (word := _SIGNS.sub("", part))]  # letters, digits, or both
    before, has_before = "", False
    for part, word, has_digit in said:
        if has_digit and not is_reference(part):
            yield pseudonyms.reference(part)
            before = ""
            continue
        if has_digit:
            for token in (before + word if has_before or before in PREFIXES else "", word):
                if 2 <= len(token) <= 40 and not (len(token) > 14 and is_iban(token)):
                    yield token
        before, has_before = word, has_digit

