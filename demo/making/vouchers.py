"""Vouchers from short tables: what was bought, from whom, when, for how much; numbers, references and days follow from that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from demo.making.forms import Issuer, Voucher
from shared.values.dates import last_day_of_month

Bought = tuple[str, str, Issuer, int, str, Mapping[str, Any]]
"""Day of the invoice (ISO), position, issuer, gross in cents, purpose, and fields of the voucher that differ from the usual."""

WAITS: Final = (9, 14, 6, 17, 11, 20, 8)
"""Days from invoice to payment, taken in turn."""

PAY_DIFFERENCES: Final = (0, -12_40, 3_85, 0, 22_10, 3_85, -7_60, 19_95, 1_15, 4_40, 0, -3_15)
"""What a month's pay differs from the usual, in cents: overtime, insurance, a correction."""

BY_AMOUNT: Final[Mapping[str, Any]] = {"reference": "-"}
"""Paid without a reference: the bank line is found by account, amount and date."""


def working_day(day: date, latest: date) -> date:
    """The day itself or the next Monday; the Friday before where that would be too late."""
    later = day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)
    if later <= latest:
        return later
    return latest - timedelta(days=max(0, latest.weekday() - 4))


def bought(measure: str, table: Iterable[Bought], *, paid_by: date) -> list[Voucher]:
    """Vouchers of bought goods and services: service in the month of the invoice, paid some days later, by ``paid_by``."""
    found = []
    for n, (iso, position, issuer, gross, purpose, other) in enumerate(table):
        invoiced = date.fromisoformat(iso)
        usual = Voucher(
            measure=measure,
            list="",
            number="",
            position=position,
            issuer=issuer,
            invoice=f"{issuer.mark}-{invoiced:%y%m}-{(invoiced.toordinal() * 7 + gross) % 9000 + 1000}",
            invoiced=invoiced,
            service=(invoiced.replace(day=1), invoiced),
            gross=gross,
            purpose=purpose,
            paid=working_day(invoiced + timedelta(days=WAITS[n % len(WAITS)]), paid_by),
        )
        found.append(replace(usual, **other))
    return found


def payroll(
    measure: str, position: str, office: Issuer, post: str, months: Sequence[tuple[int, int]], *, pay: int, special: int = 0
) -> list[Voucher]:
    """Employer's cost of one post, month by month (year, month); ``special`` comes with November's pay."""
    found = []
    for n, (year, month) in enumerate(months):
        last = last_day_of_month(year, month)
        paid = working_day(last.replace(day=27), last)
        found.append(
            Voucher(
                measure=measure,
                list="",
                number="",
                position=position,
                issuer=office,
                invoice=f"{office.mark}-{post}-{year}{month:02d}",
                invoiced=last.replace(day=20),
                service=(last.replace(day=1), last),
                gross=pay + PAY_DIFFERENCES[(n * 5 + len(post)) % 12] + (special if month == 11 else 0),
                purpose=f"Personalkosten Stelle {post}, {month:02d}/{year}",
                paid=paid,
            )
        )
    return found


def listed(name: str, prefix: str, vouchers: Iterable[Voucher]) -> list[Voucher]:
    """A voucher list: in the order of the invoices, numbered, each with the reference its payment carries."""
    in_order = sorted(vouchers, key=lambda v: (v.invoiced, v.position, v.invoice))
    return [
        replace(v, list=name, number=f"{n:03d}", reference="" if v.reference == "-" else v.reference or f"{prefix}{n:03d}")
        for n, v in enumerate(in_order, 1)
    ]
