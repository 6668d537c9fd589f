"""Small files of the kinds people have, made here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from services.intake.domain import readers
from services.intake.domain.identity import Identities, New, fact_of
from services.intake.domain.reading import Given, Reading
from shared.contracts.intake import Fact
from shared.values.source import Source, digest_of

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
VOUCHERS = "Maßnahme;Belegliste;Belegnummer;Position;Zahlungsempfänger;Rechnungsdatum;Leistungsdatum;Brutto;Berichtigt;storniert"
IBAN = "DE02120300000000202051"


def voucher(
    number: str = "1", gross: str = "119,00", corrects: str = "", withdrawn: str = "", payee: str = "Werkstoff GmbH",
    measure: str = "M-1",
) -> str:
    """A row of a voucher list."""
    return f"{measure};BL-1;{number};1.1;{payee};03.03.2014;01.03.2014;{gross};{corrects};{withdrawn}"


def voucher_list(*rows: str) -> bytes:
    """A voucher list."""
    return "\r\n".join([VOUCHERS, *rows, ""]).encode()


def read(content: bytes | str, **given: str) -> Reading:
    """All rows of a file."""
    return readers.read(content.encode() if isinstance(content, str) else content, Given(name="datei", **given)).all()  # type: ignore[arg-type]


def facts(content: bytes | str, known: Identities | None = None, **given: str) -> list[Fact]:
    """New facts of a file."""
    raw = content.encode() if isinstance(content, str) else content
    identities, found = known or Identities(), list[Fact]()
    for place, draft in read(raw, **given).drafts:
        source = Source(digest=digest_of(raw), place=place)
        verdict = identities.judge(draft, source)
        if isinstance(verdict, New):
            found.append(fact_of(draft, verdict, source, {"recorded_at": NOON, "actor": "kasse"}))
    return found


def faults(reading: Reading) -> list[tuple[str, str, str | None]]:
    """Place, code and column of all that is wrong."""
    return [(row.place, fault.code, fault.column) for row in reading.rejected for fault in row.faults]


def statement(
    entries: Iterable[str],
    *,
    version: str = "053.001.08",
    account: str = f"<IBAN>{IBAN}</IBAN>",
    balances: str = "",
    prefix: str = "",
) -> bytes:
    """A bank statement."""
    body, kind = {
        "052": ("BkToCstmrAcctRpt", "Rpt"),
        "053": ("BkToCstmrStmt", "Stmt"),
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }[version[:3]]
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{version}"><{body}>'
        f"<GrpHdr><MsgId>1</MsgId></GrpHdr><{kind}><Id>A-1</Id><Acct><Id>{account}</Id></Acct>{balances}"
        + "".join(entries)
        + f"</{kind}></{body}></Document>"
    )
    if prefix:
        text = (
            text.replace("xmlns=", f"xmlns:{prefix}=")
            .replace("<", f"<{prefix}:")
            .replace(f"<{prefix}:/", f"</{prefix}:")
            .replace(f"<{prefix}:?", "<?")
        )
    return text.encode()


def entry(
    amount: str = "119.00",
    direction: str = "DBIT",
    *,
    ref: str = "",
    status: str = "<Cd>BOOK</Cd>",
    more: str = "",
    details: str = "",
    ccy: str = "EUR",
    booked: str = "<BookgDt><Dt>2014-03-17</Dt></BookgDt>",
    valued: str = "<ValDt><Dt>2014-03-18</Dt></ValDt>",
) -> str:
    """An entry of a bank statement."""
    reference = f"<NtryRef>{ref}</NtryRef>" if ref else ""
    return (
        f'<Ntry>{reference}<Amt Ccy="{ccy}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{more}'
        f"<Sts>{status}</Sts>{booked}{valued}"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def details(
    amount: str = "",
    *,
    creditor: str = "Werkstoff GmbH",
    iban: str = IBAN,
    text: str = "",
    end_to_end: str = "",
    direction: str = "",
) -> str:
    """A transaction within an entry."""
    return (
        "<TxDtls>"
        + (f"<Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>" if end_to_end else "")
        + (f'<Amt Ccy="EUR">{amount}</Amt>' if amount else "")
        + (f"<CdtDbtInd>{direction}</CdtDbtInd>" if direction else "")
        + f"<RltdPties><Cdtr><Pty><Nm>{creditor}</Nm></Pty></Cdtr><CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct></RltdPties>"
        + (f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else "")
        + "</TxDtls>"
    )
