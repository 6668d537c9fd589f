"""The page behind a report's QR code: what it says in each case, in both languages, and what it never shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.reporting.public_page import PAGE_HEADERS, public_page

DIGEST = "ab" * 32


def found(**changed: Any) -> dict[str, Any]:
    """What is known of a report that stands."""
    report = {
        "number": "M-1-D5-2015-12-31-1", "issued_at": "2016-01-31T23:30:00+00:00", "issued_by": "amt-7", "subject": "measure/M-1",
        "outdated_since": None, **changed.pop("report", {}),
    }
    return {"known": True, "report": report, "latest": "M-1-D5-2015-12-31-1", **changed}


@pytest.mark.parametrize(
    ("known", "german", "english"),
    [
        (found(), "Prüfbericht M-1-D5-2015-12-31-1: bekannt", "Report M-1-D5-2015-12-31-1: known"),
        (found(latest="M-1-D5-2015-12-31-2"), ": überholt durch M-1-D5-2015-12-31-2", ": replaced by M-1-D5-2015-12-31-2"),
        (found(report={"outdated_since": "M-1/207"}), ": überholt<", ": outdated<"),
        ({"known": False, "reason": f"hat die Prüfsumme {'cd' * 32}"}, ": unbekannt", ": unknown"),
    ],
)
def test_it_says_in_both_languages_how_the_report_stands(known: dict[str, Any], german: str, english: str) -> None:
    page = public_page("M-1-D5-2015-12-31-1", DIGEST, known)
    assert german in page
    assert english in page
    assert not re.search(r"<(script|img|link rel='style)", page)
    for hidden in ("amt-7", "M-1/207", "cd" * 32):
        assert hidden not in page


def test_the_day_of_issue_is_that_of_berlin() -> None:
    assert "01.02.2016" in public_page("M-1-D5-2015-12-31-1", DIGEST, found())


def test_what_is_asked_for_cannot_become_part_of_the_page() -> None:
    page = public_page("<script>alert(1)</script>" * 9, DIGEST, {"known": False, "reason": ""})
    assert "<script" not in page
    assert "default-src 'none'" in PAGE_HEADERS["Content-Security-Policy"]
