"""Files of the kinds people have: CSV as a spreadsheet saves it, a bank statement, a council paper, rows of another service."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from xml.sax.saxutils import escape

from shared.contracts.submissions import ROWS
from shared.values.german import write_cents, write_day

DEMO: Final = "Demodaten – erfunden, kein echter Vorgang"
SCHEMA: Final = "https://schema.oparl.org/1.1"
BANK_CODE: Final = "99999999"
"""No German bank code begins with 9: whoever reads such an IBAN sees that it is made up."""



def amount(cents: int) -> str:
    """``-1.234,56``: with the hyphen a keyboard has, since CP1252 knows no minus sign."""
    return write_cents(cents).replace("\u2212", "-")


def day(value: date | None) -> str:
    """``31.12.2026``, or nothing."""
    return write_day(value) if value else ""


def iban(account: int) -> str:
    """German IBAN of a made account number, with valid check digits (ISO 7064, 97-10).

    >>> iban(4711)
    'DE96999999990000004711'
    """
    bban = f"{BANK_CODE}{account:010d}"
    return f"DE{98 - int(bban + '131400') % 97:02d}{bban}"


def sheet(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, encoding: str = "utf-8") -> bytes:
    """A CSV file with semicolons as a German spreadsheet saves it: a title line that says what it is, header, rows."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([f"{DEMO}: {title}"])
    writer.writerow(columns)
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{title}: a row of {len(row)} cells under {len(columns)} headings: {row}")
        writer.writerow(row)
    return text.getvalue().encode(encoding)


def pretty(content: object) -> bytes:
    """JSON one can read."""
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def submission(
    kind: str, series: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, ident: str, source: str
) -> bytes:
    """Rows as another service sends them: a CloudEvent in structured mode; empty cells are left out."""
    return pretty(
        {
            "specversion": "1.0",
            "id": ident,
            "source": source,
            "type": ROWS,
            "hinweis": DEMO,
            "data": {
                "kind": kind,
                "series": series,
                "rows": [{name: cell for name, cell in zip(columns, row, strict=True) if cell} for row in rows],
            },
        }
    )


# ── vouchers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Issuer:
    """An invented organisation: nobody of that name exists."""

    name: str
    account: int
    mark: str
    """How its invoice numbers begin."""

    @property
    def vat_id(self) -> str:
        """Fictitious: no German VAT id begins with so many zeros."""
        return f"DE{self.account:09d}"

    @property
    def iban(self) -> str:
        return iban(self.account)


@dataclass(frozen=True)
class Voucher:
    """One row of a voucher list, and how it was paid. Amounts in cents."""

    measure: str
    list: str
    number: str
    position: str
    issuer: Issuer
    invoice: str
    invoiced: date
    service: tuple[date, date]
    gross: int
    purpose: str
    paid: date | None
    reference: str = ""
    """End-to-end reference, in the list and on the bank line; empty: the bank line is found by account, amount and date."""
    discount: int = 0
    credit: int = 0
    eligible: int | None = None
    """None: everything payable."""
    allocation: str = ""
    year: int | None = None
    module: str = ""
    district: str = ""
    debit: int | None = None
    """What the bank shows, if it is not the payable amount."""
    corrects: str = ""
    withdrawn: str = ""

    @property
    def payable(self) -> int:
        return self.gross - self.discount - self.credit

    @property
    def claimed(self) -> int:
        return self.payable if self.eligible is None else self.eligible


VOUCHER_COLUMNS: Final = (
    "Maßnahme", "Belegliste", "Belegnummer", "Position", "Zahlungsempfänger", "USt-IdNr.", "IBAN", "Rechnungsnummer",
    "Rechnungsdatum", "Leistung von", "Leistung bis", "Haushaltsjahr", "Brutto", "Skonto", "Gutschrift", "Förderfähig", "Anteil",
    "Zahlungsreferenz", "Zahlungsdatum", "Baustein", "Quartier", "Verwendungszweck", "Berichtigt", "storniert",
)  # fmt: skip


def voucher_rows(vouchers: Iterable[Voucher]) -> list[tuple[str, ...]]:
    """Rows under ``VOUCHER_COLUMNS``. A shared invoice leaves the claim to its declared share."""
    return [
        (
            v.measure, v.list, v.number, v.position, v.issuer.name, v.issuer.vat_id, v.issuer.iban, v.invoice,
            day(v.invoiced), day(v.service[0]), day(v.service[1]), str(v.year or v.invoiced.year), amount(v.gross),
            amount(v.discount) if v.discount else "", amount(v.credit) if v.credit else "",
            "" if v.allocation and v.eligible is None else amount(v.claimed), v.allocation, v.reference, day(v.paid),
            v.module, v.district, v.purpose, v.corrects, v.withdrawn,
        )
        for v in vouchers
    ]  # fmt: skip


# ── bank statements ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Line:
    """A booked entry of a bank statement; debits are negative."""

    booked: date
    cents: int
    name: str
    iban: str
    text: str
    reference: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement: its number, its days, its lines."""

    number: str
    first: date
    last: date
    lines: tuple[Line, ...] = ()


def debits(vouchers: Iterable[Voucher]) -> list[Line]:
    """The bank lines that pay the vouchers: one per invoice, in the order of their days."""
    paid: dict[tuple[str, str, int], Line] = {}
    for v in vouchers:
        if v.paid:
            text = f"Rechnung {v.invoice}" if v.reference else "Zahlung laut Vereinbarung"
            line = Line(v.paid, -(v.payable if v.debit is None else v.debit), v.issuer.name, v.issuer.iban, text, v.reference)
            paid.setdefault((v.issuer.name, v.invoice, v.gross), line)
    return list(paid.values())


def statements(periods: Iterable[tuple[str, date, date]], lines: Iterable[Line]) -> list[Statement]:
    """Lines laid into the statements of their days; a line without a statement is a mistake in the tables."""
    rest = sorted(lines, key=lambda line: (line.booked, line.name, line.cents, line.reference))
    found = [
        Statement(number, first, last, tuple(line for line in rest if first <= line.booked <= last))
        for number, first, last in periods
    ]
    placed = sum(len(statement.lines) for statement in found)
    if placed != len(rest):
        raise ValueError(f"{len(rest) - placed} bank lines fall into no statement")
    return found


def camt(account: str, holder: str, opening: int, found: Sequence[Statement], *, version: str = "02") -> tuple[bytes, int]:
    """camt.053 with one ``Stmt`` per statement, and the closing balance the next file opens with."""
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">',
        " <BkToCstmrStmt>",
        f"  <GrpHdr><MsgId>DEMO-{found[0].number}</MsgId><CreDtTm>{found[-1].last}T20:00:00+01:00</CreDtTm>"
        f"<AddtlInf>{DEMO}</AddtlInf></GrpHdr>",
    ]
    balance = opening
    for statement in found:
        closing = balance + sum(line.cents for line in statement.lines)
        out += [
            "  <Stmt>",
            f"   <Id>{statement.number}</Id><CreDtTm>{statement.last}T20:00:00+01:00</CreDtTm>",
            f"   <FrToDt><FrDtTm>{statement.first}T00:00:00+01:00</FrDtTm>"
            f"<ToDtTm>{statement.last}T23:59:59+01:00</ToDtTm></FrToDt>",
            f"   <Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy><Ownr><Nm>{escape(holder)}</Nm></Ownr></Acct>",
            _balance("OPBD", balance, statement.first),
            _balance("CLBD", closing, statement.last),
        ]
        out += [_entry(line, f"{statement.number}-{n:03d}", version) for n, line in enumerate(statement.lines, 1)]
        out += [f"   <AddtlStmtInf>{DEMO}</AddtlStmtInf>", "  </Stmt>"]
        balance = closing
    out += [" </BkToCstmrStmt>", "</Document>", ""]
    return "\n".join(out).encode(), balance


def _money(cents: int) -> str:
    return f"{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _sign(cents: int) -> str:
    return "DBIT" if cents < 0 else "CRDT"


def _balance(kind: str, cents: int, on: date) -> str:
    return (
        f'   <Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{_money(cents)}</Amt>'
        f"<CdtDbtInd>{_sign(cents)}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _entry(line: Line, reference: str, version: str) -> str:
    other = "Cdtr" if line.cents < 0 else "Dbtr"
    name = f"<Nm>{escape(line.name)}</Nm>"
    party = f"<{other}>{name}</{other}>" if version == "02" else f"<{other}><Pty>{name}</Pty></{other}>"
    status = "<Sts>BOOK</Sts>" if version == "02" else "<Sts><Cd>BOOK</Cd></Sts>"
    return (
        f'   <Ntry><NtryRef>{reference}</NtryRef><Amt Ccy="EUR">{_money(line.cents)}</Amt>'
        f"<CdtDbtInd>{_sign(line.cents)}</CdtDbtInd>{status}"
        f"<BookgDt><Dt>{line.booked}</Dt></BookgDt><ValDt><Dt>{line.booked}</Dt></ValDt>"
        f"<BkTxCd><Prtry><Cd>{'NTRF+177' if line.cents < 0 else 'NTRF+166'}</Cd></Prtry></BkTxCd>\n"
        f"    <NtryDtls><TxDtls><Refs><EndToEndId>{escape(line.reference or 'NOTPROVIDED')}</EndToEndId></Refs>"
        f"<RltdPties>{party}<{other}Acct><Id><IBAN>{line.iban}</IBAN></Id></{other}Acct></RltdPties>"
        f"<RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


# ── council papers ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Step:
    """One step of a consultation sequence; without a day there was no meeting the council system knows of."""

    body: str
    role: str
    held: date | None = None
    result: str | None = None
    meeting: str | None = None


@dataclass(frozen=True)
class Paper:
    """A council paper with the way it took."""

    reference: str
    name: str
    kind: str
    dated: date | None
    modified: str
    lead: str
    steps: tuple[Step, ...]
    files: tuple[tuple[str, int], ...] = field(default=())
    """Name and size in bytes of the attachments."""
    note: str = DEMO


def council(host: str, papers: Sequence[Paper]) -> bytes:
    """Papers, meetings and organisations of one council system in one OParl 1.1 export."""
    base = f"https://{host}/oparl"
    bodies = dict.fromkeys(name for paper in papers for name in (paper.lead, *(step.body for step in paper.steps)))
    organization = {name: f"{base}/organizations/{n}" for n, name in enumerate(bodies, 1)}
    system = _Council(base, organization)
    return pretty(
        {
            "demo:hinweis": DEMO,
            "papers": [system.paper(paper, n) for n, paper in enumerate(papers, 1)],
            "meetings": list(system.meetings.values()),
            "organizations": [
                {"id": ident, "type": f"{SCHEMA}/Organization", "body": f"{base}/body", "name": name}
                for name, ident in organization.items()
            ],
        }
    )


@dataclass
class _Council:
    """What the objects of one council system refer to."""

    base: str
    organization: Mapping[str, str]
    meetings: dict[tuple[str, date], dict[str, Any]] = field(default_factory=dict)

    def paper(self, paper: Paper, number: int) -> dict[str, Any]:
        ident = f"{self.base}/papers/{number}"
        return {
            "id": ident,
            "type": f"{SCHEMA}/Paper",
            "body": f"{self.base}/body",
            "name": paper.name,
            "reference": paper.reference,
            **({"date": paper.dated.isoformat()} if paper.dated else {}),
            "paperType": paper.kind,
            "underDirectionOf": [self.organization[paper.lead]],
            "consultation": [self.consultation(ident, f"{number}{n}", step) for n, step in enumerate(paper.steps, 1)],
            "auxiliaryFile": [
                {
                    "id": f"{self.base}/files/{number}{n}",
                    "type": f"{SCHEMA}/File",
                    "name": name,
                    "size": size,
                    "accessUrl": f"{self.base}/files/{number}{n}/view",
                }
                for n, (name, size) in enumerate(paper.files, 1)
            ],
            "modified": paper.modified,
            "demo:hinweis": paper.note,
        }

    def consultation(self, paper: str, number: str, step: Step) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": f"{self.base}/consultations/{number}",
            "type": f"{SCHEMA}/Consultation",
            "paper": paper,
            "organization": [self.organization[step.body]],
            "role": step.role,
        }
        if step.role == "Entscheidung":
            found["authoritative"] = True
        if step.held:
            meeting = self.meetings.setdefault((step.body, step.held), self.meeting(step))
            item = {
                "id": f"{self.base}/agendaitems/{number}",
                "type": f"{SCHEMA}/AgendaItem",
                "meeting": meeting["id"],
                "consultation": found["id"],
                "public": True,
            }
            if step.result:
                item["result"] = step.result
            meeting["agendaItem"].append(item)
            found |= {"meeting": meeting["id"], "agendaItem": item["id"]}
        return found

    def meeting(self, step: Step) -> dict[str, Any]:
        return {
            "id": f"{self.base}/meetings/{step.held:%Y%m%d}-{self.organization[step.body].rpartition('/')[2]}",
            "type": f"{SCHEMA}/Meeting",
            "name": step.meeting or f"Sitzung {step.body}",
            "start": f"{step.held}T12:00:00+00:00",
            "meetingState": "durchgeführt",
            "organization": [self.organization[step.body]],
            "agendaItem": [],
        }
