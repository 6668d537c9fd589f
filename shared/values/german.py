"""German amounts, dates and shares: read and written in this one place."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction

_AMOUNT = re.compile(
    r"""(?P<sign>[+\-\u2010-\u2013\u2212]?)\s*
        (?: (?P<de>\d{1,3}(?:\.\d{3})+|\d+)(?:,(?P<de_cents>\d\d0{2,}|\d{1,2}|-{1,2}|\u2013|\u2014))?  # 1.234,56 · 1234,5
          | (?P<ch>\d{1,3}(?:['\u2019\u00a0\u202f\u2007\u2009 ]\d{3})+)(?:[.,](?P<ch_cents>\d{1,2}))?  # 1 234,56 · 1'234.56
          | (?P<en>\d{1,3}(?:,\d{3})+|\d+)\.(?P<en_cents>\d\d0{2,}|\d{1,2})  # 1234.56 as machines write it, 1,234.56, 1234.5
          | [.,](?P<cents>\d\d)                                          # ,56 as databases write it
        )\s*(?P<after>[+\-\u2010-\u2013\u2212]?)""",
    re.VERBOSE,
)
_CURRENCY = re.compile(r"€|\u00a4|EURO?", re.IGNORECASE)
"""Signs and words for euro; \u00a4 is where Latin-9 has the euro sign, in a text read as Windows-1252."""
_DAY = re.compile(
    r"(?:(\d{1,2})\s*\.\s*(\d{1,2})\s*\.\s*(\d{4})|(\d{4})([-/])(\d{1,2})\5(\d{1,2}))"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?"
)
_SHARE = re.compile(r"(\d+)(?:[.,](\d+))?\s*(%?)")


class NotAnAmount(ValueError):
    """The text is no amount in euro and cents that can be read in one way only."""


def read_cents(text: str) -> int:
    """Cents of an amount as Germans write it, or as machines do; refuses what could be read in two ways.

    ``1.234,56`` ``1234,5`` ``1.234`` (thousand) ``1 234,56`` ``-5,00`` ``5,00-`` ``(5,00)`` ``1.234,-`` ``1234.56`` ``1,234.56``
    ``€ 5,00`` ``5,00 EUR`` ``,50`` ``1234,5600``; blanks around the sign do not matter.
    ``1.23`` is 1,23 and ``1.5`` is 1,50 since no German writes a thousand so; ``1,234`` is refused: three decimals, or a
    thousand?

    >>> read_cents("1.234,56 €"), read_cents("-1234,5"), read_cents("1.234")
    (123456, -123450, 123400)
    """
    before, *after = _CURRENCY.split(text, maxsplit=1)
    if after and any(map(str.isdigit, before)) and any(map(str.isdigit, after[0])):  # 5 € 50
        raise NotAnAmount(text)
    bare = f"{before}{''.join(after)}".strip()
    bracketed = bare[:1] == "(" and bare[-1:] == ")"            # how accounting formats write what is negative
    found = _AMOUNT.fullmatch(bare[1:-1].strip() if bracketed else bare)
    if not found or sum((bool(found["sign"]), bool(found["after"]), bracketed)) > 1:
        raise NotAnAmount(text)
    if found["en"] is not None:
        whole, cents = found["en"], found["en_cents"]
    else:
        whole = found["de"] or found["ch"] or ""
        cents = found["de_cents"] or found["ch_cents"] or found["cents"] or "0"
        cents = cents if cents.isdigit() else "0"
    value = int(re.sub(r"\D", "", whole) or "0") * 100 + int(cents[:2].ljust(2, "0"))
    negative = bracketed or (found["sign"] or found["after"]) not in ("", "+")
    return -value if negative else value


def write_cents(cents: int, *, unit: bool = False) -> str:
    """``123456`` → ``1.234,56`` (with a real minus sign; ``unit`` adds the euro sign behind a no-break space)."""
    euro, rest = divmod(abs(cents), 100)
    sign = "\u2212" if cents < 0 else ""
    return f"{sign}{write_count(euro)},{rest:02d}" + ("\u00a0€" if unit else "")


def write_count(count: int) -> str:
    """``512476`` → ``512.476`` (with a real minus sign)."""
    return f"{count:,}".replace(",", ".").replace("-", "\u2212")


def read_day(text: str) -> date:
    """``31.12.2026`` or ``2026-12-31``, a time of day behind it does not matter; years have four digits.

    >>> read_day("1.4.2014")
    datetime.date(2014, 4, 1)
    """
    found = _DAY.fullmatch(text.strip())
    if not found:
        raise ValueError(f"no date: {text!r}")
    d, m, y, iso_y, _, iso_m, iso_d = found.groups()
    return date(int(y or iso_y), int(m or iso_m), int(d or iso_d))


def write_day(day: date) -> str:
    """``31.12.2026``."""
    return f"{day.day:02d}.{day.month:02d}.{day.year:04d}"


def read_share(text: str) -> Decimal:
    """A share as ``0,6``, ``0.6``, ``60 %`` or ``60%``, exact; a number above 1 without a percent sign is refused.

    >>> read_share("60 %"), read_share("0,5")
    (Decimal('0.60'), Decimal('0.5'))
    """
    found = _SHARE.fullmatch(text.strip().replace("\u00a0", " "))
    if not found:
        raise ValueError(f"no share: {text!r}")
    number = Decimal(f"{found[1]}.{found[2] or '0'}") if found[2] else Decimal(found[1])
    share = number.scaleb(-2) if found[3] else number
    if not found[3] and share > 1:
        raise ValueError(f"a share above 1 needs a percent sign: {text!r}")
    return share


def write_share(share: Fraction | Decimal, *, decimals: int = 1) -> str:
    """Percent with ``decimals`` places, commercially rounded in integers: ``Decimal('0.1125')`` → ``11,3 %``."""
    scaled = Fraction(share) * 100 * 10**decimals
    whole = int((abs(scaled) * 2 + 1) // 2)
    digits = str(whole).rjust(decimals + 1, "0")
    text = digits if not decimals else f"{digits[:-decimals]},{digits[-decimals:]}"
    return ("\u2212" if scaled < 0 and whole else "") + text + "\u00a0%"
