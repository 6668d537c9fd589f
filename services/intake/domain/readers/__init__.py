"""Kinds of hand-in and their readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from services.intake.domain.columns import Template, word_of
from services.intake.domain.delimited import read_delimited, row_of
from services.intake.domain.errors import Fault, Unreadable, Words
from services.intake.domain.headings import is_mt940
from services.intake.domain.readers import (
    awards,
    camt,
    commitments,
    decisions,
    figures,
    measures,
    oparl,
    participations,
    plans,
    population,
    programmes,
    receipts,
    reports,
    size_bands,
    staff,
    vouchers,
)
from services.intake.domain.reading import Given, Reading, Row, series_of
from services.intake.domain.text import ZIP, Content, members, text_of

TEMPLATES: Final[Mapping[str, Template]] = {
    template.kind: template
    for template in (
        programmes.TEMPLATE,
        measures.TEMPLATE,
        measures.WITHDRAWALS,
        plans.TEMPLATE,
        awards.TEMPLATE,
        commitments.TEMPLATE,
        receipts.TEMPLATE,
        vouchers.TEMPLATE,
        decisions.TEMPLATE,
        participations.TEMPLATE,
        figures.TEMPLATE,
        size_bands.TEMPLATE,
        population.TEMPLATE,
        staff.TEMPLATE,
        reports.TEMPLATE,
    )
}
"""Kinds of CSV file, by their columns."""

KINDS: Final = (*TEMPLATES, camt.KIND, oparl.KIND)
"""All kinds of hand-in."""


def read(content: bytes | Content, given: Given | None = None) -> Reading:
    """Read a file: its kind is the one given, else found by its content. Raises ``Unreadable``; pure, nothing is kept.

    ``Reading.rows`` is an iterator that may be walked once and reads on as it is walked; ``.all()`` makes a list of it.
    """
    given = given or Given()
    if given.kind is not None and given.kind not in KINDS:
        raise no_such_kind(given.kind, KINDS, given.name)
    content = Content.of(content)
    try:
        if content.head.startswith(ZIP) and (statements := members(content)):
            return camt.read_camt(statements, given)
        text = text_of(content)
    except Unreadable as error:
        raise Unreadable(error.fault, given.name) from error
    first = text.start().lstrip()[:1]
    if given.kind == camt.KIND or (given.kind is None and first == "<"):
        return camt.read_camt({"": content}, given, misdeclared=text.encoding == "cp1252")
    if given.kind == oparl.KIND or (given.kind is None and first in ("{", "[") and not is_mt940(text.start())):
        return oparl.read_oparl(text.whole(), given)
    templates = [TEMPLATES[given.kind]] if given.kind else list(TEMPLATES.values())
    return read_delimited(text, templates, given)


def no_such_kind(kind: str, known: Iterable[str], name: str) -> Unreadable:
    """The refusal of a kind nobody knows, with those that are known."""
    listed = ", ".join(known)
    hint = Words(f"Bekannte Arten: {listed}.", f"Known kinds: {listed}.")
    return Unreadable(Fault("FILE-10", "kind", kind, hint=hint), name)


def read_rows(kind: str, rows: Iterable[Mapping[str, Any]], given: Given) -> Reading:
    """Rows of a submission: objects of heading or machine name → value. The same columns, the same errors as in a file."""
    template = TEMPLATES.get(kind)
    if template is None:
        raise no_such_kind(kind, TEMPLATES, given.name)
    return Reading(
        kind, series_of(kind, given.series or given.name), (), [_row(template, at, row, given) for at, row in enumerate(rows, 1)]
    )


def _row(template: Template, at: int, row: Mapping[str, Any], given: Given) -> Row:
    cells, yearly, faults = [], {}, []
    for heading, value in row.items():
        word = word_of(heading)
        if isinstance(value, float) or not isinstance(value, str | int | None):
            faults.append(Fault("ROW-18", heading, str(value)[:300]))
        elif (column := template.words.get(word)) is not None:
            cells.append((column, _as_cell(value)))
        elif (year := template.year_of(word)) is not None:
            yearly[year] = _as_cell(value)
        else:
            faults.append(Fault("ROW-07", heading, None, _a_column_of(template)))
    if faults:
        return Row(str(at), dict(row), faults=tuple(faults))
    return row_of(template, cells, yearly, given, str(at), dict(row))


def _as_cell(value: str | int | None) -> str:
    """A value of a submission as a cell of a file would say it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    return str(value).replace("\0", "").strip()


def _a_column_of(template: Template) -> Words:
    return Words(f"eine Spalte der Vorlage {template.kind}", f"a column of the template {template.kind}")
