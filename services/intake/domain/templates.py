"""Templates for people: a CSV to download, and the description of its columns. Made from what the reader reads by."""

from __future__ import annotations

import csv
import io
from typing import Any

from services.intake.domain.columns import CORRECTS, Column, Template


def columns_of(template: Template) -> tuple[Column, ...]:
    """All columns, ``Berichtigt`` and the yearly one included."""
    own = template.columns if any(column.name == CORRECTS.name for column in template.columns) else (*template.columns, CORRECTS)
    return (*own, template.yearly) if template.yearly else own


def as_csv(template: Template) -> bytes:
    """Headings and an example row: UTF-8 with BOM and semicolons, as German spreadsheet programs like it."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
    columns = [column for column in columns_of(template) if column is not template.yearly]
    yearly = [f"{template.yearly.heading} 2014"] if template.yearly else []
    rows.writerow([column.heading for column in columns] + yearly)
    rows.writerow([column.example for column in columns] + ([template.yearly.example] if template.yearly else []))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def described(template: Template) -> dict[str, Any]:
    """The template as data: what a form or another service needs to know."""
    return {
        "kind": template.kind,
        "title": template.title.de,
        "title_en": template.title.en,
        "note": template.note.de,
        "note_en": template.note.en,
        "columns": [
            {
                "heading": f"{column.heading} JJJJ" if column is template.yearly else column.heading,
                "name": column.name,
                "required": column.required,
                "expected": column.type.expected.de,
                "expected_en": column.type.expected.en,
                "note": column.note.de,
                "note_en": column.note.en,
                "example": column.example,
                "also": list(column.also),
            }
            for column in columns_of(template)
        ],
    }
