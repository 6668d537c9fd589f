"""What the demo prints: every PDF is valid, no page empty, no finding named in English, and paper says what the data say."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from tests.scenarios.conftest import Played
from tests.tools import verapdf
from tests.tools.pdftext import read_tables

pytestmark = pytest.mark.timeout(900)  # the demo is played first

FOLLOWED = re.compile(r"[0-9a-f]{12}:[\w.]+")
ENGLISH = re.compile(r"\b(voucher|measures?|commitment|award|invoice|paper|receipt|municipality|programme|national) [A-Z0-9P]")


@pytest.fixture(scope="module")
def pdfs(played: Played) -> list[Path]:
    """Every PDF of the demo."""
    return sorted(played.out.rglob("*.pdf"))


def data_of(pdf: Path) -> dict[str, Any]:
    """The report's data, beside the PDF."""
    found: dict[str, Any] = json.loads(pdf.with_suffix(".json").read_text("utf-8"))
    return found


def cents(text: str) -> int:
    """``1.234,56`` as printed, in cents."""
    return int(text.replace(".", "").replace(",", "").replace("−", "-"))


def column(table: list[list[str]], title: str) -> int:
    """Where a column stands; titles are compared without blanks, since they may be broken."""
    return ["".join(cell.split()) for cell in table[0]].index("".join(title.split()))


@pytest.mark.skipif(bool(verapdf.skip_reason()), reason=verapdf.skip_reason() or "-")
def test_every_report_of_the_demo_is_valid_pdf_a_3a_and_pdf_ua_1(pdfs: list[Path]) -> None:
    assert len(pdfs) > 40
    assert verapdf.validate(pdfs) == []


def test_each_programme_is_overviewed_after_each_act(played: Played) -> None:
    for key, acts in played.shown.items():
        for number, act in enumerate(acts, 1):
            assert played.reports(key, number, "D9", "pdf"), f"{key}, act {number} of {len(acts)}, {act.as_of}"


def test_no_page_is_empty(pdfs: list[Path]) -> None:
    for path in pdfs:
        with pikepdf.open(path) as pdf:
            for number, page in enumerate(pdf.pages, 1):
                streams = page.Contents if isinstance(page.Contents, pikepdf.Array) else [page.Contents]
                content = b"".join(stream.read_bytes() for stream in streams)
                assert content.count(b"/MCID") > 3, f"{path.name}, page {number}"


def test_every_voucher_of_the_data_is_printed_with_its_amounts_and_they_add_up(played: Played, pdfs: list[Path]) -> None:
    seen = 0
    for path in (p for p in pdfs if "-D5-" in p.name):
        data = data_of(path)
        tables = [t for t in read_tables(path.read_bytes()) if t and "Empfänger" in "".join(t[0])]
        if not tables:
            assert data["statement"]["totals"]["claimed_cents"] == 0
            continue
        rows = tables[0][1:]
        numbers, gross, claimed = (column(tables[0], title) for title in ("Nr.", "Brutto €", "beantragt €"))
        printed = [row for row in rows if row[numbers].strip().isdecimal()]
        undone = {e["reverses"] for e in data["entries"] if e["book"] == "main" and e["reverses"]}
        vouchers = [
            e["voucher"]
            for e in data["entries"]
            if "voucher" in e and e["book"] == "main" and e["number"] not in undone and e["valued_on"] <= data["as_of"]
        ]
        assert sorted((cents(r[gross]), cents(r[claimed])) for r in printed) == sorted(
            (v["gross_cents"], v["eligible_cents"]) for v in vouchers
        )
        assert cents(rows[-1][claimed]) == data["statement"]["totals"]["claimed_cents"] == sum(cents(r[claimed]) for r in printed)
        assert all(FOLLOWED.search(r[-1]) for r in printed), path.name
        seen += len(printed)
    assert seen > 300


def test_every_total_on_paper_is_the_sum_of_its_column(pdfs: list[Path]) -> None:
    for path in pdfs:
        for section in data_of(path)["content"]["sections"]:
            for table in (b for b in section["blocks"] if b["block"] == "table"):
                rows = table["rows"]
                totals = [r["cells"] for r in rows if r.get("kind") == "total"]
                for total in totals:
                    for index, cell in enumerate(total):
                        if isinstance(cell, dict) and isinstance(cell.get("cents"), int):
                            parts = [r["cells"][index].get("cents", 0) for r in rows if r.get("kind", "body") == "body"]
                            title = table["columns"][index]["title"]
                            assert cell["cents"] == sum(parts), f"{path.name}, {section['title']}, {title}"


def test_what_is_unexplained_is_the_difference_less_what_is_explained(pdfs: list[Path]) -> None:
    for path in (p for p in pdfs if "-D7-" in p.name):
        for stage in data_of(path)["statement"]["stages"]:
            if stage["left_cents"] is not None and stage["right_cents"] is not None and stage["verdict"] != "not_applicable":
                explained = sum(e["cents"] for e in stage["explained"])
                difference = stage["left_cents"] - stage["right_cents"]
                assert difference - explained == stage["unexplained_cents"], f"{path.name}, {stage['code']}"


def test_no_report_names_findings_in_english_or_prints_a_sign_its_fonts_lack(pdfs: list[Path]) -> None:
    for path in pdfs:
        printed = " ".join(cell for table in read_tables(path.read_bytes()) for row in table for cell in row)
        assert not ENGLISH.search(printed), f"{path.name}: {ENGLISH.search(printed)}"
        assert "□" not in printed, path.name


def test_every_reference_of_every_report_leads_to_a_row_as_it_was_handed_in(played: Played, pdfs: list[Path]) -> None:
    references: set[str] = set()
    for path in pdfs:
        text = json.dumps(data_of(path)["content"], ensure_ascii=False)
        references |= set(FOLLOWED.findall(text))
    assert len(references) > 500
    chosen = sorted(references)[:: max(1, len(references) // 60)]
    for reference in chosen:
        found = played.client.trail(reference)
        assert found["row"]["digest"].startswith(reference.partition(":")[0])
        assert found["row"]["as_handed_in"], reference
        assert found["reports"], f"{reference} is printed but leads forward to no report"


def test_every_entry_printed_on_a_voucher_list_leads_to_its_row_and_its_bank_line(played: Played) -> None:
    (path,) = played.reports("harz", 1, "D5", "json")[:1]
    data = json.loads(path.read_text("utf-8"))
    vouchers = [e for e in data["entries"] if "voucher" in e]
    assert vouchers
    for entry in vouchers[:10]:
        found = played.client.trail(f"{data['subject'].partition('/')[2]}/{entry['number']}")
        assert (found["row"]["digest"], found["row"]["place"]) == (entry["source"]["digest"], entry["source"]["place"])
        assert found["row"]["as_handed_in"]
        for payment in found["payments"]:
            assert played.client.trail(payment["bank_entry"])["row"]["reference"] == payment["row"]["reference"]


def test_the_pages_can_be_read_in_order_by_a_screen_reader(pdfs: list[Path]) -> None:
    for path in pdfs[:6]:
        with pikepdf.open(io.BytesIO(path.read_bytes())) as pdf:
            assert pdf.Root.MarkInfo.Marked
            assert str(pdf.Root.Lang) == "de-DE"
