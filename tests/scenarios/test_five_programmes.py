"""Five programmes, from files people hand in to reports one can verify: what must come out, comes out, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from services import demonstration
from services.reporting.proof import examine
from tests.scenarios.conftest import Played

pytestmark = pytest.mark.timeout(900)

FINDINGS: dict[tuple[str, int], dict[str, int]] = {
    ("herne", 1): {},
    ("herne", 2): {"PRG-03": 1},
    ("herne", 3): {},
    ("herne", 4): {"BEL-01": 1, "BEL-04": 1, "BEL-05": 1, "FIN-01": 1, "FQ-02": 1, "ZEI-01": 2, "ZEI-03": 1},
    ("herne", 5): {},
    ("offenbach", 1): {"ZEI-07": 1},
    ("offenbach", 2): {"KOF-01": 4, "KOF-04": 1},
    ("offenbach", 3): {},
    ("harz", 1): {"BEL-01": 1, "DOP-01": 1, "PER-01": 1},
    ("harz", 2): {"DOP-01": 1},
    ("peine", 1): {"BES-04": 1, "BES-05": 1, "KOF-11": 1},
    ("peine", 2): {},
    ("peine", 3): {"BES-07": 1, "KOF-01": 1},
    ("kekiz", 1): {"PRG-02": 1},
    ("kekiz", 2): {},
}
"""Findings of every act, counted by code: the story the demo tells, independent of expected.toml."""


@pytest.mark.parametrize(("programme", "act"), FINDINGS)
def test_every_act_shows_what_is_expected_and_nothing_else(played: Played, programme: str, act: int) -> None:
    shown = played.shown[programme][act - 1]
    assert shown.findings == FINDINGS[programme, act]
    assert shown.faults == []


def test_the_only_missing_fact_of_all_programmes_is_the_financing_plan_of_peine(played: Played) -> None:
    missing = {(key, n): act.missing for key, acts in played.shown.items() for n, act in enumerate(acts, 1) if act.missing}
    assert missing == {("peine", 1): {"KOF-01": 1}}


def test_herne_ends_with_its_grant_spent_to_the_cent(played: Played) -> None:
    assert played.shown["herne"][4].totals == {
        "planned_cents": 59_027_778,
        "committed_cents": 59_027_778,
        "received_cents": 59_027_778,
        "spent_cents": 59_027_778,
        "gap_cents": 0,
    }


def test_the_gap_of_the_funder_that_dropped_out_is_four_times_a_year(played: Played) -> None:
    assert played.shown["offenbach"][1].totals["gap_cents"] == 4 * 6_008_500 == 24_034_000


def test_nothing_is_parked_rejected_or_forked_after_the_demo(played: Played) -> None:
    for name, flow in played.client.call("operator", "GET", "/flow").json().items():
        assert flow["alarms"] == 0, name
        for consumer, inbox in flow["inboxes"].items():
            assert (inbox["forks"], inbox["gaps"], inbox["held"], sum(inbox["parked"].values())) == (0, 0, 0, 0), consumer


def test_every_report_carries_a_proof_that_anybody_can_recompute(played: Played) -> None:
    pdfs = sorted(played.out.rglob("*.pdf"))
    assert len(pdfs) >= 20
    for pdf in pdfs:
        proof = examine(pdf.read_bytes())
        assert proof.holds, (pdf.name, [s.text for s in proof.steps if not s.holds])


def test_every_report_is_known_to_the_server_by_its_digest(played: Played) -> None:
    for pdf in sorted(played.out.rglob("*.pdf")):
        proof = examine(pdf.read_bytes())
        answer = played.client.call("auditor", "GET", f"/reporting/verify/{proof.number}", params={"sha256": proof.sha256}).json()
        assert answer["known"], (pdf.name, answer)


def test_the_report_of_a_quarter_signed_too_early_is_marked_provisional(played: Played) -> None:
    for kind in ("D6", "D7"):
        for report in played.reports("offenbach", 1, kind, "json"):
            text = report.read_text("utf-8")
            assert "01.12.2014 (vorläufig)" in text, report.name
    later = [r for kind in ("D6", "D7") for r in played.reports("offenbach", 3, kind, "json")]
    assert later
    assert all("vorläufig" not in r.read_text("utf-8") for r in later)


def test_every_report_says_that_it_is_demo_data(played: Played) -> None:
    for report in played.out.rglob("*.json"):
        if report.name != "summary.json":
            assert "Demodaten" in report.read_text("utf-8"), report.name


def test_every_voucher_of_the_list_leads_back_to_its_row_and_forward_to_the_report(played: Played) -> None:
    report = json.loads(played.reports("herne", 5, "D5", "json")[0].read_text("utf-8"))
    entries = [e for e in report["entries"] if "voucher" in e]
    assert len(entries) >= 237
    for entry in entries[:: len(entries) // 6]:
        found = played.client.trail(f"{report['subject'].partition('/')[2]}/{entry['number']}")
        row = found["row"]["as_handed_in"]
        cents = entry["voucher"]["gross_cents"]
        euros = f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}"
        assert euros in json.dumps(row, ensure_ascii=False), (entry["number"], row)
        forward = played.client.trail(found["row"]["reference"])
        assert report["number"] in [r["number"] for r in forward["reports"]]


def test_a_matched_voucher_leads_to_the_line_of_the_bank_statement(played: Played) -> None:
    report = json.loads(played.reports("herne", 4, "D5", "json")[0].read_text("utf-8"))
    match = next(e["match"] for e in report["entries"] if "match" in e)
    voucher = next(e for e in report["entries"] if e.get("voucher") and e["fact"] == match["voucher"])
    found = played.client.trail(f"HER-1/{voucher['number']}")
    payment = found["payments"][0]
    assert payment["row"]["digest"] == match["payment_source"]["digest"]
    assert payment["row"]["as_handed_in"]
    bank = played.client.trail(payment["bank_entry"])
    assert bank["entry"]["kind"] == "payment"


def test_the_commitment_of_peine_leads_to_the_council_paper(played: Played) -> None:
    report = json.loads(played.reports("peine", 2, "D6", "json")[0].read_text("utf-8"))
    entry = next(e for e in report["entries"] if e["kind"] == "commitment")
    found = played.client.trail(f"PE-JUNGREGIO/{entry['number']}")
    papers = {d["paper"] for d in found["decisions"]}
    assert any(p.startswith("03157/") for p in papers)
    assert any(s["body"] == "Kreistag" for d in found["decisions"] for s in d["steps"])


def test_handing_every_file_in_again_changes_nothing(played: Played) -> None:
    def told() -> dict[str, Any]:
        return {
            name: flow["told"] for name, flow in played.client.call("operator", "GET", "/flow").json().items() if name != "intake"
        }

    before = told()
    for file in sorted((demonstration.load(Path("demo"))[0].acts[0].folder).glob("1*-*.csv")):
        answer = played.client.upload(file)
        assert (answer["facts"], answer["rejected"]) == (0, 0), answer
    played.client.settle()
    assert told() == before


def test_the_summary_has_the_agreed_shape(played: Played) -> None:
    summary = demonstration.summary(played.shown)
    assert [p["key"] for p in summary["programmes"]] == ["herne", "offenbach", "harz", "peine", "kekiz"]
    for programme in summary["programmes"]:
        for act in programme["acts"]:
            assert {"as_of", "findings", "missing", *demonstration.TOTALS, "reports"} <= act.keys()
            for report in act["reports"]:
                assert re.fullmatch(r"[0-9a-f]{64}", report["sha256"])
                assert (played.out / report["path"]).is_file()
