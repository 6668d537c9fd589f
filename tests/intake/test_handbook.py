"""The page about handing in says what the readers read by."""

from __future__ import annotations

from services.intake import handbook
from services.intake.domain.errors import CAUSES
from services.intake.domain.readers import TEMPLATES


def test_the_tables_of_the_page_are_up_to_date() -> None:
    page = handbook.PAGE.read_text("utf-8")
    assert handbook.written(page) == page, "run: python -m services.intake.handbook"


def test_every_column_and_every_error_is_on_the_page() -> None:
    page = handbook.PAGE.read_text("utf-8")
    columns = [column for template in TEMPLATES.values() for column in template.columns]
    assert all(f"| {column.heading} | `{column.name}` |" in page for column in columns)
    assert all(f"| {cause.code} |" in page for cause in CAUSES)
