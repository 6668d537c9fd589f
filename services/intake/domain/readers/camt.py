"""Kontoauszug: ISO 20022 bank statements, camt.052, .053 and .054 in any version, read by local names.

Only the statement (053) books; reports during the day (052) and notifications (054) announce the same entries and are shown.
Entries are read one by one, so a file of any size takes little memory. DTDs, entities and the network are closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
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
from shared.contracts.intake import Payment, PaymentBooked
from shared.values.dates import business_date
from shared.values.german import write_cents
from shared.values.money import LIMIT
from shared.values.subject import subject_of

KIND: Final = "camt"
MESSAGES: Final = {"BkToCstmrStmt": "Stmt", "BkToCstmrAcctRpt": "Rpt", "BkToCstmrDbtCdtNtfctn": "Ntfctn"}
"""Body of the message → what it holds: camt.053, .052, .054."""
STATEMENTS: Final = frozenset(MESSAGES.values())
PLACEHOLDERS: Final = frozenset(("NOTPROVIDED", "NONREF", "NOTAVAILABLE", "NA", "N/A", "NONE", "STARTUMS", ""))
"""What banks write where there is no reference."""
PREVIEWS: Final = {"Rpt": "camt.052", "Ntfctn": "camt.054"}
"""Reports of what a statement will book."""
COUNTER: Final = re.compile(r"\d{1,6}")
"""An NtryRef such as 17 counts the entries of one download; it says nothing of the entry in another one."""
PREFIXES: Final = frozenset(("RE", "RG", "RNR", "RGNR", "RECHNUNG", "NR", "BELEG", "BELEGNR", "INV", "R", "AZ", "KD", "KDNR"))
"""Words that belong to the number behind them. Other words are not joined: they may be names."""
MOST_REFERENCES: Final = 60

Element = etree._Element


@dataclass(frozen=True)
class Document:
    """An XML document: the file handed in, or one of several in a ZIP file."""

    content: Content
    name: str = ""
    """Its name within the ZIP file."""
    encoding: str | None = None
    """Its encoding, where it says a wrong one."""

    def walk(self, events: tuple[str, ...], tag: Iterable[str] | None = None) -> Iterator[tuple[str, Element]]:
        """Elements as they pass by. DTDs, entities and the network are closed."""
        with self.content.open() as file:
            file.seek(len(self.content.head) - len(self.content.head.lstrip()))  # no blanks may stand before the declaration
            yield from etree.iterparse(
                file,
                events=events,
                tag=tag,
                encoding=self.encoding,
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
            )


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
            names.append(_name(element))
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
            if statement is not None and _name(statement) in STATEMENTS:
                said = _node(statement)
                return series_of(KIND, _account(said)[0], _statement(said))
    except etree.XMLSyntaxError:
        pass
    return series_of(KIND, given.name)


def _rows(documents: Iterable[Document], given: Given, remarks: list[str]) -> Iterator[Row]:
    numbers, told = count(1), Seen()
    for document in documents:
        yield from _entries(document, given, remarks, numbers, told)


def _entries(document: Document, given: Given, remarks: list[str], numbers: Iterator[int], told: Seen) -> Iterator[Row]:
    at = 0
    entries: _Statement | None = None
    tags = [f"{{*}}{name}" for name in (*STATEMENTS, "Ntry")]
    try:
        for event, element in document.walk(("start", "end"), tags):
            name = _name(element)
            if name in STATEMENTS:
                if event == "start":
                    at = next(numbers)
                    entries = _Statement(at, given, remarks, told, PREVIEWS.get(name))
                elif entries is not None:
                    entries.close(_node(element, without="Ntry"))
                    entries = None
                    element.clear()
            elif event == "end" and entries is not None:
                parent = element.getparent()
                if parent is not None:
                    yield entries.row(element, parent)
                    parent.remove(element)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        yield Row(
            f"{at or next(numbers)}.ende",
            {"Zeile": line, "Meldung": str(error)[:300]},
            faults=(Fault("BANK-06", None, f"Zeile {line}: {error}"[:300]),),
        )


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
        self.page: str | None = None
        self.remarked: set[str] = set()

    def row(self, element: Element, parent: Element) -> Row:
        """One entry: its payments, or what is wrong with it, or why it is none."""
        self.entries += 1
        place = f"{self.at}.{self.entries}"
        handed_in: dict[str, Any] = {}
        entry = _node(element, found=handed_in)
        handed_in["Zeile"] = element.sourceline
        if self.known is None:
            statement_said = _node(parent, without="Ntry")
            account, problem = _account(statement_said)
            self.known = account, _statement(statement_said), problem
            self.page = _text(_child(statement_said, "StmtPgntn", "RptPgntn", "NtfctnPgntn"), "PgNb")
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
        element = _child(entry, "Amt")
        cents = _cents(element, "Ntry/Amt")
        direction = _text(entry, "CdtDbtInd")
        if direction not in ("CRDT", "DBIT"):
            raise RowFault(Fault("BANK-05", "Ntry/CdtDbtInd", direction))
        return cents if direction == "CRDT" else -cents

    def _payments(
        self, entry: Node, place: str, account: str, statement: str, amount: int
    ) -> tuple[tuple[str, ...], list[tuple[str, Draft]]]:
        """Identity of an entry, and its payments."""
        booked, value = _day(entry, "BookgDt"), _day(entry, "ValDt")
        if booked is None and value is None:
            raise RowFault(Fault("BANK-04", "Ntry/BookgDt"))
        if value is None:
            self.remark(f"Auszug {statement}: Buchungen ohne Wertstellung; es gilt das Buchungsdatum.")
        elif booked is None:
            self.remark(f"Auszug {statement}: Buchungen ohne Buchungsdatum; es gilt die Wertstellung.")
        booked, value = booked or value, value or booked
        undone = _text(entry, "RvslInd") in ("true", "1") or _returned(entry)
        reference = self._reference(entry)
        details = [tx for block in _children(entry, "NtryDtls") for tx in _children(block, "TxDtls")]
        parts = _parts(details, amount) if len(details) > 1 else None
        if len(details) > 1 and parts is None:
            self.remark(
                f"Auszug {statement}, Buchung {place}: die {len(details)} Einzelposten ergeben nicht den Betrag "
                f"{write_cents(amount)}; sie gilt als eine Zahlung."
            )
        subject = subject_of("account", account)
        if parts is None:
            detail = details[0] if len(details) == 1 else None
            single: list[tuple[str, str, int, Node | None]] = [("", reference, amount, detail)]
        else:
            single = [
                (f".{at}", f"{reference}/{at}", cents, tx) for at, (tx, cents) in enumerate(zip(details, parts, strict=True), 1)
            ]
        identity = self._identity(entry, details, (account, str(amount), str(booked), str(value)))
        drafts = []
        for suffix, ref, cents, detail in single:
            reversal = undone or _returned(detail)
            party, iban = _other_side(detail, cents, reversal, account)
            end_to_end = _end_to_end(detail)
            payment = Payment(
                account=account,
                statement=statement,
                entry=ref[:120],
                amount_cents=cents,
                booked_on=booked,
                value_date=value,
                counterparty=self.given.pseudonyms.party(party, iban=iban),
                counterparty_account=self.given.pseudonyms.account(iban),
                end_to_end_id=self.given.pseudonyms.reference(end_to_end) if end_to_end else None,
                references=tuple(_references(entry, detail, len(details), self.given.pseudonyms)),
                reversal=reversal,
            )
            key = (*identity, suffix, str(cents)) if suffix else identity
            drafts.append(
                (
                    place + suffix,
                    Draft(
                        KIND,
                        key,
                        subject,
                        PaymentBooked,
                        {"payment": payment},
                        cents=cents,
                        compared={"entry": key},
                    ),
                )
            )
        return identity, drafts

    def _identity(self, entry: Node, details: list[Node], said: tuple[str, ...]) -> tuple[str, ...]:
        """What an entry is known by in whatever download: account, amount, days, the bank's reference, which of its equals.

        Where the bank gives no reference that lasts, the other side takes its place. Names of statements and pages are no
        part of it, but for entries without a reference on a later page, whose equals may stand on the first.
        """
        detail = details[0] if len(details) == 1 else None
        reference = _lasting(_text(entry, "AcctSvcrRef")) or _lasting(_text(detail, "Refs", "AcctSvcrRef"))
        if reference is None and (own := _lasting(_text(entry, "NtryRef"))) and not COUNTER.fullmatch(own):
            reference = own
        if reference is None:
            ibans = ("/".join(filter(None, _other_side(detail, int(said[1]), False, said[0])[1:])),) if detail else ()
            page = "" if self.page in (None, "1") else f"p{self.page}"
            said = (*said, _end_to_end(detail) or "", *ibans, page)
        else:
            said = (*said, reference)
        return (*said, str(self.equals.count(key_id(KIND, said))))

    def _reference(self, entry: Node) -> str:
        """What the entry is called in its statement: the bank's reference, else its place."""
        for name in ("NtryRef", "AcctSvcrRef"):
            if said := _lasting(_text(entry, name)):
                times = self.seen.count(key_id(KIND, (said,)))
                return said if times == 1 else f"{said}#{times}"
        return f"#{self.entries}" if self.page in (None, "1") else f"p{self.page}#{self.entries}"

    def close(self, statement: Node) -> None:
        """Opening balance and entries must make the closing balance."""
        if self.preview:
            self.remark(f"{self.preview} ist eine Vorschau: nichts davon wird gebucht, bis der Kontoauszug (camt.053) da ist.")
            return
        balances = {code: cents for code, cents in map(_balance, _children(statement, "Bal")) if code and cents is not None}
        opening = balances.get("OPBD", balances.get("PRCD"))
        closing = balances.get("CLBD")
        if opening is None or closing is None:
            if any(
                balance.currency not in ("", "EUR") for one in _children(statement, "Bal") for balance in _children(one, "Amt")
            ):
                self.remarks.append(f"Auszug {_statement(statement)}: der Saldo ist nicht prüfbar, er ist nicht in Euro.")
            return
        name = _statement(statement)
        if not self.sound:
            self.remarks.append(f"Auszug {name}: der Saldo ist nicht prüfbar, weil Buchungen abgewiesen wurden.")
        elif difference := closing - opening - self.booked:
            self.remarks.append(
                f"Auszug {name}: Anfangssaldo {write_cents(opening)} und Buchungen {write_cents(self.booked)} ergeben "
                f"{write_cents(opening + self.booked)}, der Schlusssaldo ist {write_cents(closing)}: "
                f"Differenz {write_cents(difference)}."
            )


# ---------------------------------------------------------------------------------------------- what stands in the XML


@dataclass(slots=True)
class Node:
    """An element by its local name: what is left of the XML when namespaces and prefixes are off."""

    text: str
    currency: str
    children: dict[str, list[Node]]


_NONE: Final[dict[str, list[Node]]] = {}


def _node(element: Element, *, without: str = "", path: str = "", found: dict[str, Any] | None = None) -> Node:
    """An element and all within it; ``found`` takes in its texts by their paths, as a person sees the row."""
    children: dict[str, list[Node]] = {}
    for child in element:
        name = _local(child.tag)
        if name == without:
            continue
        same = children.get(name)
        here = f"{path}{name}" if same is None else f"{path}{name}[{len(same) + 1}]"
        if len(child):
            node = _node(child, path=f"{here}/", found=found)
        else:
            text, currency = (child.text or "").strip(), child.get("Ccy", "").strip() if name[-3:] == "Amt" else ""
            node = Node(text, currency, _NONE)
            if found is not None and text:
                found[here] = f"{text} {currency}" if currency else text
        if same is None:
            children[name] = [node]
        else:
            same.append(node)
    return Node("" if children else (element.text or "").strip(), "", children)


@lru_cache(maxsize=2_000)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _name(element: Element) -> str:
    return _local(str(element.tag))


def _children(node: Node | None, name: str) -> list[Node]:
    return [] if node is None else node.children.get(name, [])


def _child(node: Node | None, *names: str) -> Node | None:
    if node is not None:
        for name in names:
            if found := node.children.get(name):
                return found[0]
    return None


def _text(node: Node | None, *path: str) -> str | None:
    """Text at a path of local names, or None."""
    for name in path:
        if node is None:
            return None
        found = node.children.get(name)
        node = found[0] if found else None
    return (node.text or None) if node is not None else None


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
    code = _text(balance, "Tp", "CdOrPrtry", "Cd")
    try:
        cents = _cents(_child(balance, "Amt"), "Bal/Amt")
    except RowFault:
        return code, None
    return code, -cents if _text(balance, "CdtDbtInd") == "DBIT" else cents


def _account(statement: Node) -> tuple[str, str]:
    """Account number, and a text if it is no IBAN."""
    identity = _child(_child(statement, "Acct"), "Id")
    said = _text(identity, "IBAN") or _text(identity, "Othr", "Id") or _text(identity, "PrtryAcct", "Id") or ""
    iban = re.sub(r"\s", "", said).upper()
    if re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", iban):
        return iban, ""
    return said[:60], "no IBAN"


def _statement(statement: Node) -> str:
    """Name of the statement: its id, else its number and day."""
    said = _text(statement, "Id")
    if said and said.upper() not in PLACEHOLDERS:
        return said[:120]
    number = _text(statement, "ElctrncSeqNb") or _text(statement, "LglSeqNb") or "?"
    return f"{number} {(_text(statement, 'CreDtTm') or '')[:10]}".strip()[:120]


RETURN_FAMILIES: Final = frozenset(("RRTN", "RPCR", "UPDD", "PRDD", "RCDD", "UPCQ"))
"""Sub-families of ISO 20022 bank transaction codes: reversals due to a returned or cancelled payment."""
RETURN_CODES: Final = frozenset(("059", "108", "109", "159"))
"""German business transaction codes (GVC): transfers that came back, direct debits that were returned."""


def _returned(said: Node | None) -> bool:
    """Is the entry, or one transaction of it, a payment that came back (R-transaction)?"""
    if _child(said, "RtrInf") is not None:
        return True
    code = _child(said, "BkTxCd")
    if _text(code, "Domn", "Fmly", "SubFmlyCd") in RETURN_FAMILIES:
        return True
    found = re.match(r"[A-Z]{4}\+(\d{3})\b", _text(code, "Prtry", "Cd") or "")
    return found is not None and found[1] in RETURN_CODES


def _lasting(said: str | None) -> str | None:
    """A reference on one line, or None where the bank writes that there is none."""
    text = " ".join((said or "").split())[:100]
    return None if text.upper() in PLACEHOLDERS else text


def _status(entry: Node) -> str:
    status = _child(entry, "Sts")
    said = _text(status, "Cd") or _text(status, "Prtry") or _text(status)
    return (said or "BOOK").upper()


_ISO_DAY: Final = Words("ein Datum wie 2026-12-31", "a date such as 2026-12-31")


def _day(entry: Node, name: str) -> date | None:
    """Day of a date or an instant; an instant counts as the day it was in Berlin."""
    element = _child(entry, name)
    said = _text(element, "Dt") or _text(element, "DtTm") or _text(element)
    if said is None:
        return None
    try:
        if "T" in said:
            instant = datetime.fromisoformat(said.replace("Z", "+00:00"))
            return business_date(instant) if instant.tzinfo else instant.date()
        return date.fromisoformat(said[:10])
    except ValueError:
        raise RowFault(Fault("ROW-03", f"Ntry/{name}", said, _ISO_DAY)) from None


def _parts(details: list[Node], amount: int) -> list[int] | None:
    """Amounts of a batch's transactions if they add up to the entry, else None."""
    try:
        cents = [_cents(_amount_of(tx), "TxDtls/Amt") for tx in details]
    except RowFault:
        return None
    sign = -1 if amount < 0 else 1
    if sum(cents) == abs(amount):
        return [sign * part for part in cents]
    signed = [-part if _text(tx, "CdtDbtInd") == "DBIT" else part for tx, part in zip(details, cents, strict=True)]
    return signed if sum(signed) == amount else None


def _amount_of(detail: Node) -> Node | None:
    """Amount of a transaction: of its own, else as transferred, else as ordered."""
    within = _child(detail, "AmtDtls")
    return _child(detail, "Amt") or _child(_child(within, "TxAmt"), "Amt") or _child(_child(within, "InstdAmt"), "Amt")


def _other_side(detail: Node | None, amount: int, reversal: bool, own: str) -> tuple[str | None, str | None]:
    """Name and IBAN of the other side: who was paid, or who paid."""
    parties = _child(detail, "RltdPties")
    if parties is None:
        return None, None
    outgoing = (amount < 0) != reversal
    for role in ("Cdtr", "Dbtr") if outgoing else ("Dbtr", "Cdtr"):
        party = _child(parties, role)
        name = _text(party, "Nm") or _text(party, "Pty", "Nm")
        account = _child(_child(parties, f"{role}Acct"), "Id")
        iban = re.sub(r"\s", "", _text(account, "IBAN") or _text(account, "Othr", "Id") or "").upper() or None
        if (name or iban) and iban != own:
            return name, iban
    return None, None


def _end_to_end(detail: Node | None) -> str | None:
    said = _text(detail, "Refs", "EndToEndId")
    if said and said.upper() not in PLACEHOLDERS:
        return said[:140]
    remittance = " ".join(child.text for child in _children(_child(detail, "RmtInf"), "Ustrd"))
    found = re.search(r"\bEREF\+\s*(\S{1,35})", remittance)
    return found[1] if found and found[1].upper() not in PLACEHOLDERS else None


def _references(entry: Node, detail: Node | None, details: int, pseudonyms: Pseudonyms) -> list[str]:
    """Tokens that may be references: upper case, letters and digits, with a digit; never an IBAN, never a word of a text."""
    texts: list[str] = []
    end_to_end = _end_to_end(detail)
    if end_to_end:
        texts.append(end_to_end)
    remittance = _child(detail, "RmtInf")
    unstructured = [child.text for child in _children(remittance, "Ustrd")]
    texts += [" ".join(unstructured), "".join(unstructured)] if len(unstructured) > 1 else unstructured
    for structured in _children(remittance, "Strd"):
        texts += [
            said
            for said in (
                _text(structured, "CdtrRefInf", "Ref"),
                _text(structured, "CdtrRefInf", "CdtrRef"),
                _text(structured, "RfrdDocInf", "Nb"),
                _text(structured, "AddtlRmtInf"),
            )
            if said
        ]
    if detail is None and details == 0:
        texts += [said for said in (_text(entry, "AddtlNtryInf"),) if said]
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

