"""Delimited text as records: quoted line breaks, quotation marks that do not match; and a cell without what guards it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

LONGEST_RECORD: Final = 200
"""Lines a quoted cell may span; more, and a quotation mark was forgotten."""
IsRow = Callable[[str], bool]
"""Is a line a whole row by itself?"""

csv.field_size_limit(4_000_000)


class _Lines:
    """Lines for a CSV reader that may be set back; a record gets no more than ``LONGEST_RECORD`` of them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._coming = iter(lines)
        self.held: Final[list[str]] = []
        """Lines of the record at hand, and behind them what was read ahead."""
        self.at = 0
        """Lines before the record at hand."""
        self.used = 0
        """Lines of the record at hand."""

    def begin(self) -> str | None:
        """First line of the next record."""
        del self.held[: self.used]
        self.at, self.used = self.at + self.used, 0
        return next(self, None)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.used == len(self.held):
            if self.used == LONGEST_RECORD:
                raise StopIteration
            self.held.append(next(self._coming))
        self.used += 1
        return self.held[self.used - 1]


def records(
    text: Iterable[str], delimiter: str, *, is_row: IsRow | None = None, below: int = 0
) -> Iterator[tuple[int, list[str] | str]]:
    """Rows with the line they start on; a line as it stands where its quotation marks do not match: only it is given up.

    Two stray marks may pair up and hide the rows between them. So a mark that closes must end its cell, and ``below`` the line
    of the headings no cell may hold a line that is a row by itself (``is_row``).
    """
    lines = _Lines(text)
    while (line := lines.begin()) is not None:
        number = lines.at + 1
        if '"' not in line:  # by far the most
            bare_line = line.rstrip("\r\n")
            yield number, bare_line.split(delimiter) if bare_line else []
            continue
        lines.used = 0
        try:
            cells = next(csv.reader(lines, delimiter=delimiter, strict=True))
            sound = lines.used == 1 or lines.at < below or is_row is None or not _hides(is_row, lines.held[: lines.used])
        except csv.Error:
            sound = False
        if sound:
            yield number, cells
        else:
            lines.used = 1
            yield number, line.rstrip("\r\n")


def _hides(is_row: IsRow, lines: Sequence[str]) -> bool:
    """Does a record of several lines hold one that is a row by itself?"""
    if any(is_row(line) for line in lines[1:-1]):
        return True
    # behind a first cell of several lines the last line has all the other cells: that alone says nothing
    return is_row(lines[-1]) and (not lines[0].lstrip().startswith('"') or is_row(lines[0]))


GUARDS: Final = frozenset(" \t\r\n\v\f\x1a'=\u00a0\u202f\u2007\u2009\u200b\ufeff\x85\u2028\u2029")
"""Signs a cell may begin or end with that do not belong to it."""


def bare(cell: str) -> str:
    """A cell without blanks around it and without the guards of spreadsheet programs: ``'0123``, ``="0123"``."""
    cell = cell.strip().strip("\u00a0\u202f\u200b\ufeff\x1a")  # the last one ends a file of MS-DOS
    if cell[:1] == "'" and len(cell) > 1:
        return cell[1:].strip()
    if cell[:1] == "=" and (found := re.fullmatch(r'="(.*)"', cell, re.DOTALL)):
        return found[1].strip()
    return cell
