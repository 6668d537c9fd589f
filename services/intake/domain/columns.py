"""Columns of the templates: one description from which reader, template file, documentation and JSON submissions are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Final

from pydantic import ValidationError

from services.intake.domain.errors import Fault, RowFault, Words
from services.intake.domain.pseudonyms import folded
from services.intake.domain.reading import Draft, Given
from shared.values.dates import Period, last_day_of_month
from shared.values.funders import GERMAN, Funder, FunderKind
from shared.values.german import read_cents, read_day, read_share, write_day
from shared.values.money import LIMIT


@dataclass(frozen=True)
class Type:
    """How a cell is read. ``read`` raises ``ValueError`` for what it cannot read in one way only."""

    code: str
    expected: Words
    read: Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """One column: heading and machine name, type, what it means, an example."""

    heading: str
    name: str
    type: Type
    note: Words
    example: str = ""
    required: bool = False
    given: str | None = None
    """Field of ``Given`` that may take its place."""
    also: tuple[str, ...] = ()
    """Headings other programs use for it."""
    else_: tuple[str, ...] = ()
    """Headings that mean it only where no better one stands beside them."""
    like: str = ""
    """Pattern of headings, as they are compared, that would mean it by another name. Such a file is refused: without the column
    its rows would say something else."""

    @property
    def expected(self) -> Words:
        """What it expects."""
        return self.type.expected


@dataclass(frozen=True)
class Template:
    """A kind of CSV hand-in: its columns, and what a row of them means."""

    kind: str
    title: Words
    """What people call the file."""
    note: Words
    columns: tuple[Column, ...]
    drafts: Callable[[Cells], Iterable[Draft | tuple[str, Draft]]]
    """Facts a row says; raises ``RowFault``. Given as pairs, the first is added to the row's place."""
    concerns: Callable[[Mapping[str, Any]], str | None] = lambda said: None
    """Subject a row is about, from what could be read of it."""
    series: tuple[str, ...] = ()
    """Columns that say what list this is; of the first row that fills them."""
    sums: tuple[str, ...] = ()
    """Amount columns whose total rows may carry sums."""
    yearly: Column | None = None
    """A column that may occur once per year: heading and a year behind it."""
    either: tuple[tuple[str, ...], ...] = ()
    """Names of columns of which a file must have at least one; the first of them is asked for."""

    @cached_property
    def required(self) -> tuple[Column, ...]:
        """Columns that must be there."""
        return tuple(column for column in self.columns if column.required)

    @cached_property
    def one_of(self) -> tuple[tuple[Column, ...], ...]:
        """Columns of which a file must have at least one."""
        return tuple(tuple(column for name in names for column in self.columns if column.name == name) for names in self.either)

    @cached_property
    def words(self) -> Mapping[str, Column]:
        """All headings as they are compared (``word_of``), with their columns."""
        return {
            word_of(heading): column
            for column in (CORRECTS, *self.columns)
            for heading in (*column.also, column.name, column.heading)
        }

    def year_of(self, word: str) -> int | None:
        """Year of a yearly column by its heading as it is compared; None for any other heading."""
        if self.yearly is None:
            return None
        names = "|".join(re.escape(word_of(name)) for name in (self.yearly.heading, self.yearly.name))
        found = re.fullmatch(rf"(?:{names})?(?:hhj|haushaltsjahr|jahr)?((?:19|20)\d\d)(?:eur)?", word)
        return int(found[1]) if found else None


@dataclass(slots=True)
class Cells:
    """A row with its cells read: None where empty."""

    place: str
    said: dict[str, Any]
    given: Given
    yearly: dict[int, Any] = field(default_factory=dict)
    template: Template | None = None

    def __getitem__(self, name: str) -> Any:
        return self.said.get(name)

    @property
    def marked(self) -> bool:
        """Does the row say that it corrects an earlier one?"""
        return self.said.get("corrects") is True

    def fault(self, name: str | None, code: str, value: Any = None, hint: Words | None = None) -> RowFault:
        """A fault in one column of this row."""
        column = next((c for c in self.template.columns if c.name == name), None) if self.template else None
        return RowFault(Fault(code, column.heading if column else name, None if value is None else str(value), None, hint))

    def period(self, start: str, end: str) -> Period:
        """Period of two columns; raises if it ends before it begins."""
        if self.said[end] < self.said[start]:
            raise self.fault(end, "ROW-12", f"{self.said[start]} … {self.said[end]}")
        return Period(start=self.said[start], end=self.said[end])

    def funder(self, prefix: str = "funder") -> Funder:
        """Funder of the columns key, name and kind."""
        key = self.said[prefix]
        return funder(key, self.said.get(f"{prefix}_name") or key, self.said["kind"])


@lru_cache(maxsize=2_000)
def funder(key: str, name: str, kind: FunderKind) -> Funder:
    """One object per funder, however many rows name it."""
    return Funder(key=key, name=name, kind=kind)


# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def text(limit: int = 300) -> Type:
    """Text of at most ``limit`` characters; blanks and line breaks inside count as one blank."""

    def read(cell: str) -> str:
        bare = (
            " ".join(cell.split()) if ("  " in cell or "\n" in cell or "\t" in cell or "\r" in cell or "\xa0" in cell) else cell
        )
        if len(bare) > limit:
            raise ValueError("too long")
        return bare

    return Type("ROW-10", Words(f"Text bis {limit} Zeichen", f"text of up to {limit} characters"), read)


def choice(words: Mapping[str, Any], *, also: Mapping[str, Any] | None = None) -> Type:
    """One of some words; case and umlaut spelling do not matter. ``also``: spellings that are understood, too."""
    known = {word_of(word): value for word, value in [*words.items(), *(also or {}).items()]}

    def read(cell: str) -> Any:
        try:
            return known[word_of(cell)]
        except KeyError:
            raise ValueError("unknown word") from None

    listed = ", ".join(words)
    return Type("ROW-07", Words(f"eines von: {listed}", f"one of: {listed}"), lru_cache(1_000)(read))


@lru_cache(maxsize=10_000)
def word_of(cell: str) -> str:
    """A heading or word as it is compared: case, blanks, line breaks, hyphens, punctuation and umlaut spelling do not matter."""
    return re.sub(r"[^0-9a-z|]+", "", folded(cell))


def _amount(cell: str) -> int:
    cents = read_cents(cell)
    if abs(cents) > LIMIT:
        raise ValueError("no such amount")
    return cents


def _number(cell: str) -> int:
    if not re.fullmatch(r"\d{1,3}(?:[. ]\d{3})+|\d{1,12}", cell):
        raise ValueError("no whole number")
    return int(re.sub(r"\D", "", cell))


def _year(cell: str) -> int:
    if not re.fullmatch(r"(?:19|20|21)\d\d", cell) or not 1990 <= int(cell) <= 2100:
        raise ValueError("no year")
    return int(cell)


def _share(cell: str) -> Decimal:
    share = read_share(re.sub(r"\s*v\.?\s*H\.?$", " %", cell, flags=re.IGNORECASE))
    if not 0 <= share <= 1:
        raise ValueError("no share of a whole")
    return share.normalize() + 0


def _contract(cell: str) -> Decimal:
    share = (
        read_share(cell) if "%" in cell else Decimal(cell.replace(",", ".")) if re.fullmatch(r"\d([.,]\d{1,4})?", cell) else None
    )
    if share is None or not 0 <= share <= 2:
        raise ValueError("no share of a contract")
    return share.normalize() + 0


def _of_hundred(read: Callable[[str], Decimal]) -> Callable[[str], Decimal]:
    """Reads a column of percentages, whose cells leave out the sign; ``0,6`` could be either there."""

    def percent(cell: str) -> Decimal:
        share = read(cell if "%" in cell else f"{cell} %")
        if "%" not in cell and 0 < share <= Decimal("0.01"):
            raise ValueError("of hundred, or of one?")
        return share

    return percent


_MONTHS: Final[Mapping[str, int]] = {
    month: number
    for number, names in enumerate(
        (
            "januar jan jaenner",
            "februar feb",
            "maerz mrz mar",
            "april apr",
            "mai",
            "juni jun",
            "juli jul",
            "august aug",
            "september sep sept",
            "oktober okt",
            "november nov",
            "dezember dez",
        ),
        1,
    )
    for month in names.split()
}


def _whole_year(said: str) -> str:
    """A year of two digits is of this century; only those up to 29 are taken for one at all."""
    return f"20{said}" if len(said) == 2 else said


def _month(cell: str) -> tuple[int, int]:
    if found := re.fullmatch(r"(?:01\.)?(\d{1,2})\s*[./]\s*(\d{4})", cell):
        year, month = int(found[2]), int(found[1])
    elif found := re.fullmatch(r"(\d{4})-(\d{2})(?:-01)?", cell):
        year, month = int(found[1]), int(found[2])
    elif (found := re.fullmatch(r"([^\W\d]+)[.\s-]*(\d{4}|[0-2]\d)", cell)) and folded(found[1]) in _MONTHS:
        year, month = int(_whole_year(found[2])), _MONTHS[folded(found[1])]
    else:
        raise ValueError("no month")
    if not (1 <= month <= 12 and 1990 <= year <= 2100):
        raise ValueError("no month")
    return year, month


def _iban(cell: str) -> str:
    iban = re.sub(r"[^0-9A-Za-z]", "", cell).upper()
    if not is_iban(iban):
        raise ValueError("no IBAN")
    return iban


_IBAN_LENGTHS: Final = {
    "DE": 22,
    "AT": 20,
    "CH": 21,
    "LI": 21,
    "NL": 18,
    "BE": 16,
    "LU": 20,
    "FR": 27,
    "PL": 28,
    "CZ": 24,
    "DK": 18,
    "IT": 27,
}


def is_iban(iban: str) -> bool:
    """Are form, length and check digits (ISO 7064 MOD 97-10) right? Letters and digits only, upper case.

    ``RF`` is no country: it begins a creditor reference (ISO 11649), which has the same check digits.
    """
    if iban.startswith("RF") or not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", iban):
        return False
    if len(iban) != _IBAN_LENGTHS.get(iban[:2], len(iban)):
        return False
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def _ibans(cell: str) -> tuple[str, ...]:
    bare = re.sub(r"(?<=[0-9A-Z]) (?=[0-9A-Z]{1,4}(?: |,|;|\||$)(?![A-Z]{2}\d{2}))", "", cell.upper().strip())
    found = tuple(_iban(part) for part in re.split(r"[\s,;|]+(?=[A-Z]{2}\d{2})", bare) if part.strip())
    if not found:
        raise ValueError("no IBAN")
    return found


def _names(cell: str) -> tuple[str, ...]:
    names = tuple(" ".join(name.split()) for name in cell.split("|") if name.strip())
    if not names or len(set(names)) != len(names) or any(len(name) > 120 for name in names):
        raise ValueError("names twice, or too long")
    return names


def _ags(cell: str) -> str:
    cell = re.sub(r"\s", "", cell)
    if not re.fullmatch(r"\d{5}|\d{8}", cell):
        raise ValueError("no municipality key")
    return cell


_UNTIL: Final = re.compile(
    r"\s*(?:–|—|\bbis\b(?:\s+zum\b)?|\s[-\u2010\u2011\u2212]\s|(?<=[\d.])-(?=\d{1,2}[./])|(?<=[^\W\d])-(?=[^\W\d]))\s*"
)


def _span(cell: str) -> tuple[date, date]:
    """Two days, two months or one of either; the first may leave out what the second says: ``01.02. – 28.02.2012``."""
    parts = [part.strip() for part in _UNTIL.split(cell.removeprefix("vom ")) if part.strip()]
    if not 1 <= len(parts) <= 2:
        raise ValueError("no period")
    first, last = parts[0], parts[-1]
    if len(parts) == 2 and (short := re.fullmatch(r"(\d{1,2}\.)\s*(\d{1,2}\.)?|([^\W\d]{3,})\.?", first)):
        said = re.sub(r"\s", "", last)
        first += said[said.find(".") + 1 :] if short[1] and not short[2] else re.sub(r".*\D", "", said)
    return _days(first)[0], _days(last)[1]


_QUARTER: Final = re.compile(r"(?:Q\s*([1-4])|([1-4]|I{1,3}|IV)\.?\s*(?:Quartal|Q\.?))\s*/?\s*(\d{4})", re.IGNORECASE)

_NUMERALS: Final = {"1": 1, "2": 2, "3": 3, "4": 4, "I": 1, "II": 2, "III": 3, "IV": 4}


def _days(cell: str) -> tuple[date, date]:
    """First and last of a day, of a month, of a quarter or of a year."""
    if re.fullmatch(r"(?:19|20)\d\d", cell):
        return date(int(cell), 1, 1), date(int(cell), 12, 31)
    if quarter := _QUARTER.fullmatch(cell):
        year, nth = int(quarter[3]), _NUMERALS[(quarter[1] or quarter[2]).upper()]
        return date(year, nth * 3 - 2, 1), last_day_of_month(year, nth * 3)
    try:
        day = _day(cell)
    except ValueError:
        year, month = _month(cell)
        return date(year, month, 1), last_day_of_month(year, month)
    return day, day


_WEEKDAY: Final = re.compile(
    r"(?:Mo|Di|Mi|Do|Fr|Sa|So|(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch|Sonnabend)\b[.,]*\s*(?=\d)", re.IGNORECASE
)


def _day(cell: str) -> date:
    """A day. A year of two digits up to 29 is of this century, as spreadsheet programs take it; any other is refused."""
    cell = _WEEKDAY.sub("", cell)
    if short := re.fullmatch(r"(\d{1,2}\.\s*\d{1,2}\.\s*)([0-2]\d)", cell):
        cell = f"{short[1]}{_whole_year(short[2])}"
    elif (named := re.fullmatch(r"(\d{1,2})[.\s-]*([^\W\d]+)[.\s-]*(\d{4}|[0-2]\d)", cell)) and folded(named[2]) in _MONTHS:
        cell = f"{named[1]}.{_MONTHS[folded(named[2])]}.{_whole_year(named[3])}"
    elif re.fullmatch(r"(?:19|20)\d{6}", cell):
        cell = f"{cell[:4]}-{cell[4:6]}-{cell[6:]}"
    day = read_day(cell)
    if not 1900 <= day.year <= 2200:
        raise ValueError("no business date")
    return day


def _type(code: str, de: str, en: str, read: Callable[[str], Any]) -> Type:
    return Type(code, Words(de, en), lru_cache(20_000)(read))


KEY: Final = text(120)
NAME: Final = text(200)
LONG: Final = text(300)
FREE: Final = text(4_000)
AMOUNT: Final = _type("ROW-02", "Betrag in Euro wie 1.234,56", "amount in euro such as 1.234,56", _amount)
DAY: Final = _type("ROW-03", "Datum wie 31.12.2026", "date such as 31.12.2026", _day)
SPAN: Final = _type("ROW-03", "Zeitraum wie 01.01.2014 – 31.01.2014", "period such as 01.01.2014 – 31.01.2014", _span)
SHARE: Final = _type("ROW-04", "Anteil wie 60 % oder 0,6", "share such as 60 % or 0,6", _share)
CONTRACT: Final = _type(
    "ROW-04", "Stellenanteil bis 2 wie 0,6 oder 60 %", "share of a contract up to 2 such as 0,6 or 60 %", _contract
)
IN_PERCENT: Final = {
    SHARE: _type("ROW-04", "Anteil wie 60 %", "share such as 60 %", _of_hundred(_share)),
    CONTRACT: _type("ROW-04", "Stellenanteil wie 60 %", "share of a contract such as 60 %", _of_hundred(_contract)),
}
"""The same where the heading says that the numbers are percentages."""
NUMBER: Final = _type("ROW-05", "ganze Zahl ab 0", "whole number from 0", _number)
YEAR: Final = _type("ROW-06", "Jahr wie 2014", "year such as 2014", _year)
MONTH: Final = _type("ROW-17", "Monat wie 10/2019", "month such as 10/2019", _month)
IBAN: Final = _type("ROW-09", "IBAN mit richtiger Prüfziffer", "IBAN with the right check digits", _iban)
IBANS: Final = _type("ROW-09", "IBANs, getrennt durch Komma oder |", "IBANs separated by comma or |", _ibans)
NAMES: Final = _type("ROW-10", "verschiedene Namen, getrennt durch |", "different names separated by |", _names)
AGS: Final = _type(
    "ROW-19", "amtlicher Gemeindeschlüssel mit 5 oder 8 Ziffern", "official municipality key of 5 or 8 digits", _ags
)
YES_NO: Final = Type(
    "ROW-08",
    Words("ja oder nein", "ja (yes) or nein (no)"),
    choice(
        {"ja": True, "nein": False},
        also={
            "j": True,
            "n": False,
            "x": True,
            "yes": True,
            "no": False,
            "true": True,
            "false": False,
            "wahr": True,
            "falsch": False,
            "1": True,
            "0": False,
        },
    ).read,
)
FUNDER_KIND: Final = choice(
    {german: kind for kind, german in GERMAN.items()},
    also={kind.value: kind for kind in FunderKind}
    | {
        "EU": FunderKind.ESF,
        "ESF+": FunderKind.ESF,
        "Europäischer Sozialfonds": FunderKind.ESF,
        "Gemeinde": FunderKind.MUNICIPALITY,
        "Stadt": FunderKind.MUNICIPALITY,
        "Kreis": FunderKind.MUNICIPALITY,
        "Landkreis": FunderKind.MUNICIPALITY,
        "kommunal": FunderKind.MUNICIPALITY,
        "kommunale Mittel": FunderKind.MUNICIPALITY,
        "Bundesmittel": FunderKind.BUND,
        "Landesmittel": FunderKind.LAND,
        "ESF-Mittel": FunderKind.ESF,
        "Eigenmittel": FunderKind.CARRIER,
        "Eigenanteil": FunderKind.CARRIER,
        "Eigenmittel des Trägers": FunderKind.CARRIER,
        "Teilnehmer": FunderKind.PARTICIPANTS,
        "Dritte": FunderKind.OTHER,
        "Sonstiges": FunderKind.OTHER,
    },
)
CORRECTS: Final = Column(
    "Berichtigt",
    "corrects",
    YES_NO,
    Words(
        "ja: diese Zeile tritt an die Stelle der früheren mit demselben Schlüssel",
        "ja: this row takes the place of the earlier one with the same key",
    ),
)


def read_cells(
    template: Template, cells: Iterable[tuple[Column, str]], yearly: Mapping[int, str], given: Given, place: str
) -> tuple[Cells, list[Fault]]:
    """Cells by their columns, read; and all that is wrong with them."""
    said: dict[str, Any] = {}
    faults: list[Fault] = []
    for column, cell in cells:
        if not cell or cell in DASHES:
            continue
        try:
            said[column.name] = column.type.read(cell)
        except (ValueError, ArithmeticError):
            if not _says_nothing(cell):
                faults.append(Fault(column.type.code, column.heading, cell[:300], column.expected, _why(column.type, cell)))
    for column in template.required:
        if column.name not in said and not any(fault.column == column.heading for fault in faults):
            if column.given and (standing := getattr(given, column.given)):
                said[column.name] = standing
            else:
                faults.append(Fault("ROW-01", column.heading, None, column.expected))
    if given.names and template.kind != "measures" and said.get("measure") in given.names:
        said["measure"] = given.names[said["measure"]]          # the row is kept as it came; the fact is the measure's
    years: dict[int, Any] = {}
    if template.yearly:
        for year, cell in yearly.items():
            if cell and cell not in DASHES:
                type, heading = template.yearly.type, f"{template.yearly.heading} {year}"
                try:
                    years[year] = type.read(cell)
                except (ValueError, ArithmeticError):
                    if not _says_nothing(cell):
                        faults.append(Fault(type.code, heading, cell[:300], type.expected, _why(type, cell)))
    return Cells(place, said, given, years, template), faults


DASHES: Final = frozenset(("-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "--", "---", "/", "./."))
"""What people and spreadsheet programs write into a cell that is empty."""


def _says_nothing(cell: str) -> bool:
    """Is a cell that cannot be read one that is meant to be empty, such as ``-   €`` or ``k. A.``?"""
    return "#" not in cell and word_of(cell) in ("", "eur", "euro", "ka", "keineangabe", "na", "entfaellt", "leer")


def _why(type: Type, cell: str) -> Words | None:
    """What has likely happened to a cell, where its look says so."""
    if set(cell) == {"#"}:
        return Words(
            "Die Spalte war beim Speichern zu schmal: breiter ziehen und neu speichern.",
            "The column was too narrow when the file was saved: widen it and save again.",
        )
    if cell.startswith("#"):
        return Words(
            f"In der Tabellenkalkulation steht hier ein Formelfehler ({cell[:20]}).",
            f"The spreadsheet has a formula error here ({cell[:20]}).",
        )
    if type in (DAY, SPAN):
        if re.fullmatch(r"[3-5]\d{4}", cell):
            day = date(1899, 12, 30) + timedelta(days=int(cell))
            return Words(
                f"Das ist wohl die Tageszahl der Tabellenkalkulation für den {write_day(day)}: Spalte als Datum formatieren.",
                f"This is likely the spreadsheet's serial number of {day}: format the column as a date.",
            )
        if "/" in cell:
            return Words("Mit Schrägstrich sind Tag und Monat nicht zu unterscheiden.", "With slashes, day and month look alike.")
        if re.fullmatch(r"\d{1,2}-\d{1,2}-\d{2,4}", cell):
            return Words("Mit Bindestrich sind Tag und Monat nicht zu unterscheiden.", "With hyphens, day and month look alike.")
    if type is AMOUNT:
        if "%" in cell:
            return Words("Hier steht ein Satz; verlangt ist der Betrag.", "This is a rate; the amount is wanted.")
        if re.fullmatch(r".*\d\s*[SH]", cell, re.IGNORECASE):
            return Words(
                "Soll und Haben gehören in eine Spalte „Soll/Haben“.", "Debit and credit belong into a column “Soll/Haben”."
            )
        if re.search(r"\$|£|\b(?:USD|GBP|CHF|SEK|PLN|CZK|DKK)\b", cell):
            return Words("Beträge in anderer Währung in Euro umrechnen.", "Convert amounts in another currency to euro.")
        if re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})+|.*,\d{3,}", cell):
            return Words("Drei Nachkommastellen, oder ein Tausender?", "Three decimals, or a thousand?")
    return None


def drafts_of(template: Template, cells: Cells) -> tuple[list[tuple[str, Draft]], tuple[Fault, ...]]:
    """What a row says, or what is wrong with it."""
    try:
        drafts = []
        for made in template.drafts(cells):
            suffix, draft = made if isinstance(made, tuple) else ("", made)
            draft.marked = draft.marked or cells.marked
            drafts.append((cells.place + suffix, draft))
        return drafts, ()
    except RowFault as fault:
        return [], fault.faults
    except ValidationError as error:
        return [], tuple(_fault_of(template, problem) for problem in error.errors())


def _fault_of(template: Template, problem: Any) -> Fault:
    """What a contract refuses that a column let pass: a bound of the contract that the template does not state."""
    name = str(problem["loc"][-1]) if problem["loc"] else ""
    column = next((c for c in template.columns if c.name == name), None)
    return Fault(
        "ROW-16", column.heading if column else name or None, str(problem.get("input"))[:100], column.expected if column else None
    )
