"""What is handed in while things are killed: measures and accounts of all kinds of facts, as other services and banks send them.

Nine measures share three accounts. The ninth is registered late, so that its vouchers wait. Every part brings vouchers, the bank
lines that pay most of them, receipts, changed promises, corrections, withdrawals and a row nobody can read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from demo.making.forms import (
    VOUCHER_COLUMNS,
    Issuer,
    Paper,
    Statement,
    Step,
    Voucher,
    amount,
    camt,
    council,
    day,
    debits,
    iban,
    submission,
    voucher_rows,
)

ACCOUNTS: Final = tuple(iban(880_000_000 + n) for n in range(3))
MEASURES: Final = tuple(f"CH-{n}" for n in range(1, 10))
LATE: Final = MEASURES[-1]
SOURCE: Final = "urn:demo:chaos"
FIRST: Final = date(2025, 1, 6)
CUT_OFF: Final = date(2025, 12, 31)
MEASURE_COLUMNS: Final = (
    "Maßnahme", "Bezeichnung", "Programm", "Kommune", "Name der Kommune", "Träger", "Leistung", "Zielgruppe", "Beginn", "Ende",
    "Regelwerk", "Konten", "Demo",
)  # fmt: skip
COMMITMENT_COLUMNS: Final = (
    "Maßnahme", "Zusage", "Fassung", "Mittelgeber", "Name des Mittelgebers", "Art", "Haushaltsjahr", "Betrag", "Status", "Datum",
    "Vorlage",
)  # fmt: skip


@dataclass(frozen=True)
class HandIn:
    """One call of intake: a submission, a file, or an instruction."""

    name: str
    path: str
    content: bytes


def hand_ins(parts: int, *, vouchers: int = 10) -> list[list[HandIn]]:
    """The hand-ins, part by part; ``vouchers`` per measure and part. The same numbers make the same bytes."""
    balances = dict.fromkeys(ACCOUNTS, 100_000_000)
    before: list[Voucher] = []
    made: list[list[HandIn]] = []
    for part in range(parts):
        listed = [_voucher(measure, part, n) for measure in MEASURES for n in range(vouchers)]
        these = _beginning() if part == 0 else []
        if part == min(2, parts - 1):
            these.append(_rows("measures", "late", MEASURE_COLUMNS, [_measure(LATE)]))
        these += [_vouchers(f"{n}-{part}", [v for v in listed if _account(v) == a]) for n, a in enumerate(ACCOUNTS)]
        these += [_bank(account, part, listed, balances) for account in ACCOUNTS]
        these += _changes(part, before)
        before = listed
        made.append(these)
    return made


def _beginning() -> list[HandIn]:
    """Programme, measures, plans, awards, a council paper with its details, promises, and the day to state everything for."""
    known = [m for m in MEASURES if m != LATE]
    paper = Paper(
        "V-1", "Kofinanzierung (Demo)", "Beschlussvorlage", date(2024, 11, 4), "2024-12-20T10:00:00+01:00", "Amt für Jugend",
        (Step("Rat", "Entscheidung", date(2024, 12, 12), "ungeändert beschlossen"),),
    )
    instruction = {"subject": "programme/CHAOS", "instruction": {"kind": "set_cut_off", "as_of": CUT_OFF.isoformat()}}
    programme = ("CHAOS", "Programm (Demo)", "national", "01.01.2025", "31.12.2026", "ja")
    return [
        _rows("programmes", "programme", ("Programm", "Bezeichnung", "Regelwerk", "Beginn", "Ende", "Demo"), [programme]),
        _rows("measures", "measures", MEASURE_COLUMNS, [_measure(m) for m in known]),
        _rows(
            "plans", "plans", ("Maßnahme", "Position", "Haushaltsjahr", "Betrag"),
            [(m, str(p), "2025", "90.000,00") for m in known for p in (1, 2)],
        ),
        HandIn("paper", "/intake/files", council("demo-chaos.example", [paper])),
        _rows(
            "decisions", "decisions",
            ("Kommune", "Vorlage", "Mittelgeber", "Name des Mittelgebers", "Art", "Haushaltsjahr", "Betrag", "im Budget"),
            [("CHAOS", "V-1", "STADT", "Modellstadt (Demo)", "Kommune", "2025", "1.440.000,00", "ja")],
        ),
        _rows("commitments", "commitments", COMMITMENT_COLUMNS, [_commitment(m, 1, 18_000_000) for m in known]),
        HandIn("cut-off", "/intake/instructions", json.dumps(instruction).encode()),
    ]


def _changes(part: int, before: Sequence[Voucher]) -> list[HandIn]:
    """Corrections and withdrawals of the part before, money that came in, a promise that changed, a row nobody can read."""
    corrected = [_changed(v, gross=v.gross + 100, corrects="ja") for v in before[::7]]
    withdrawn = [_changed(v, withdrawn="ja") for v in before[3::19]]
    on = day(FIRST + timedelta(days=part))
    receipts = [(m, f"E-{part}", "LAND", "Land (Demo)", "Land", "1.500,00", on, "2025") for m in MEASURES[:4]]
    good = zip(VOUCHER_COLUMNS, voucher_rows([_voucher(MEASURES[part % 8], part, 999)])[0], strict=True)
    bad = tuple("31.02.2025" if heading == "Rechnungsdatum" else cell for heading, cell in good)
    made = [
        _rows(
            "receipts", f"receipts-{part}",
            ("Maßnahme", "Eingang", "Mittelgeber", "Name des Mittelgebers", "Art", "Betrag", "Datum", "Bewilligungsjahr"),
            receipts,
        ),
        _rows("commitments", f"commitments-{part}", COMMITMENT_COLUMNS, [_commitment(MEASURES[part % 8], part + 2, 17_000_000)]),
        _rows("vouchers", f"unreadable-{part}", VOUCHER_COLUMNS, [bad]),
    ]
    if corrected:
        made.append(_vouchers(f"corrected-{part}", [*corrected, *withdrawn]))
    return made


def _voucher(measure: str, part: int, n: int) -> Voucher:
    number = MEASURES.index(measure)
    supplier = n % 4 + 4 * number
    issuer = Issuer(f"Lieferant {supplier} GmbH (Demo)", 881_000 + supplier, f"L{supplier}")
    on = FIRST + timedelta(days=part * 7 + n % 7)
    name = f"{measure[3:]}{part:03d}{n:04d}"
    return Voucher(
        measure, f"L-{part}", f"{n:04d}", str(n % 2 + 1), issuer, f"RE{name}", on, (on, on),
        10_000 + (n * 137 + part * 31) % 9_000, "Sachkosten", on + timedelta(days=5) if n % 10 else None,
        f"CHAOS{name}" if n % 3 else "", eligible=9_000,
    )


def _account(v: Voucher) -> str:
    return ACCOUNTS[MEASURES.index(v.measure) % 3]


def _changed(v: Voucher, **given: Any) -> Voucher:
    return Voucher(**{**v.__dict__, **given})


def _bank(account: str, part: int, listed: Sequence[Voucher], balances: dict[str, int]) -> HandIn:
    """A statement that pays what was handed in with it, and a debit nobody knows."""
    paid = [v for v in listed if _account(v) == account]
    first = FIRST + timedelta(days=part * 7)
    lines = tuple(sorted(debits(paid), key=lambda line: (line.booked, line.name, line.cents)))
    statement = Statement(f"{account[-3:]}-{part:03d}", first, first + timedelta(days=14), lines)
    content, balances[account] = camt(account, "Modellstadt, Projektkonto (Demo)", balances[account], [statement])
    return HandIn(f"bank-{account[-3:]}-{part}", "/intake/files", content)


def _measure(key: str) -> tuple[str, ...]:
    n = MEASURES.index(key)
    return (
        key, f"Maßnahme {key} (Demo)", "CHAOS", "CHAOS", "Modellstadt (Demo)", f"Träger {n} (Demo)", f"Leistung {n}",
        "Jugendliche", "01.01.2025", "31.12.2026", "national", ACCOUNTS[n % 3], "ja",
    )


def _commitment(measure: str, version: int, cents: int) -> tuple[str, ...]:
    return (
        measure, "KOM-1", str(version), "STADT", "Modellstadt (Demo)", "Kommune", "2025", amount(cents), "beschlossen",
        "16.12.2024", "V-1",
    )


def _vouchers(name: str, vouchers: Sequence[Voucher]) -> HandIn:
    return _rows("vouchers", f"vouchers-{name}", VOUCHER_COLUMNS, voucher_rows(vouchers))


def _rows(kind: str, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> HandIn:
    return HandIn(name, "/intake/submissions", submission(kind, name, columns, rows, ident=name, source=SOURCE))
