"""The demo's files are what they say: made again byte for byte, marked as demo data, and sums a person can redo."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest

import demo.generate
from demo.making.forms import BANK_CODE
from tests.demo.handins import DEMO, KEYS, Act, acts, cents, claimed, day, payable, table

EVERY_ACT = [pytest.param(act, id=f"{act.programme}-{act.number}") for key in KEYS for act in acts(key)]


def expected(act: Act) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((DEMO / act.programme / "expected.toml").read_text())["act"][act.number - 1]
    return found


def act(key: str, number: int) -> Act:
    return list(acts(key))[number - 1]


def files() -> Iterator[Path]:
    yield from (path for key in KEYS for path in sorted((DEMO / key).glob("act-*/*")) if path.name != "act.toml")


# ── the files ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_generator_makes_the_same_bytes_again_and_nothing_else_lies_in_the_acts(tmp_path: Path) -> None:
    demo.generate.write(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert made == {path.relative_to(DEMO): path.read_bytes() for path in files()}


@pytest.mark.parametrize("act", EVERY_ACT)
def test_an_act_hands_in_every_file_of_its_folder_once_and_in_order(act: Act) -> None:
    named = [file["path"] for file in act.plan["file"]]
    assert named == sorted(path.name for path in act.folder.iterdir() if path.name != "act.toml")
    assert all(file["channel"] in {"upload", "submission", "command"} for file in act.plan["file"])
    assert all(("municipality" in file) == (file["kind"] == "oparl") for file in act.plan["file"])


def test_all_three_channels_are_used_and_every_submission_is_an_event_of_its_own() -> None:
    handed_in = [(act, file) for key in KEYS for act in acts(key) for file in act.plan["file"]]
    assert {file["channel"] for _, file in handed_in} == {"upload", "submission", "command"}
    sent = [json.loads((act.folder / f["path"]).read_bytes()) for act, f in handed_in if f["channel"] == "submission"]
    assert len({(event["source"], event["id"]) for event in sent}) == len(sent) >= 5


@pytest.mark.parametrize("path", [pytest.param(p, id=str(p.relative_to(DEMO))) for p in files()])
def test_every_file_says_that_it_is_demo_data(path: Path) -> None:
    content = path.read_bytes()
    said = table(content)[0] if path.suffix == ".csv" else content.decode()
    assert said.startswith("Demodaten – ") or "Demodaten – erfunden" in said


def test_registered_programmes_measures_and_participations_are_marked_as_demo() -> None:
    for key in KEYS:
        known = list(acts(key))[-1].known
        assert {row["Demo"] for kind in ("programmes", "measures", "participations") for row in known.of(kind)} == {"ja"}


def test_every_iban_has_valid_check_digits_and_a_bank_code_that_cannot_exist() -> None:
    found = {
        iban for p in files() for encoding in ("cp1252", "utf-8")
        for iban in re.findall(r"\bDE\d{20}\b", p.read_bytes().decode(encoding, "replace"))
    }
    assert len(found) > 30
    assert all(int(iban[4:] + "1314" + iban[2:4]) % 97 == 1 for iban in found)
    assert {iban[4:12] for iban in found} == {BANK_CODE}
    assert BANK_CODE.startswith("9")


def test_keys_of_municipalities_measures_and_carriers_differ_between_programmes() -> None:
    of = {key: list(acts(key))[-1].known for key in KEYS}
    columns = (("measures", "Kommune"), ("measures", "Maßnahme"), ("measures", "Träger"), ("participations", "Kommune"))
    for kind, column in columns:
        seen = Counter(value for known in of.values() for value in {row[column] for row in known.of(kind)})
        assert set(seen.values()) <= {1}


# ── bank ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", KEYS)
def test_balances_of_every_statement_add_up_and_each_opens_where_the_one_before_closed(key: str) -> None:
    balance: dict[str, int] = {}
    entries: set[tuple[str, str, str]] = set()
    for statement in list(acts(key))[-1].known.statements:
        assert statement.opening + sum(line.cents for line in statement.lines) == statement.closing >= 0
        assert balance.get(statement.account, statement.opening) == statement.opening
        balance[statement.account] = statement.closing
        named = {(line.account, line.statement, line.entry) for line in statement.lines}
        assert len(named) == len(statement.lines)
        assert entries.isdisjoint(named)
        entries |= named


@pytest.mark.parametrize("act", EVERY_ACT)
def test_every_voucher_is_paid_by_one_debit_of_its_measures_account_but_for_the_planted_one(act: Act) -> None:
    known = act.known
    accounts = {row["Maßnahme"]: re.findall(r"DE\d{20}", row["Konten"]) for row in known.of("measures")}
    unpaid = []
    for voucher in known.vouchers():
        proofs = known.proofs(voucher)
        assert len(proofs) <= 1, f"{voucher['Belegliste']}/{voucher['Belegnummer']}: {proofs}"
        if not proofs:
            unpaid.append(f"voucher {voucher['Maßnahme']} {voucher['Belegliste']}/{voucher['Belegnummer']}")
            continue
        assert proofs[0].account in accounts[voucher["Maßnahme"]]
        assert day(voucher["Zahlungsdatum"]) == proofs[0].valued
    assert unpaid == [f["object"] for f in expected(act).get("finding", []) if f["code"] == "BEL-05"]


def test_some_vouchers_are_found_by_account_amount_and_day_alone_and_those_are_unique_both_ways() -> None:
    count = 0
    for key in KEYS:
        known = list(acts(key))[-1].known
        for line in known.debits():
            if line.reference == "NOTPROVIDED":
                paid = [v for v in known.vouchers() if not v["Zahlungsreferenz"] and line in known.proofs(v)]
                assert len(paid) == 1
                count += 1
    assert count >= 20


def test_a_payment_reference_pays_one_invoice() -> None:
    for key in KEYS:
        known = list(acts(key))[-1].known
        invoices = {(v["Zahlungsreferenz"], v["Rechnungsnummer"]) for v in known.of("vouchers") if v["Zahlungsreferenz"]}
        assert len({reference for reference, _ in invoices}) == len(invoices)


# ── what is expected ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("act", EVERY_ACT)
def test_the_expected_totals_follow_from_the_files(act: Act) -> None:
    said = expected(act)
    assert said["number"] == act.number
    assert said["as_of"] == act.known.as_of
    of = {row["Maßnahme"]: act.known.totals(row["Maßnahme"]) for row in act.known.of("measures")}
    assert {m["key"]: {k: v for k, v in m.items() if k != "key"} for m in said["measure"]} == of
    assert said["totals"] == {name: sum(totals[name] for totals in of.values()) for name in said["totals"]}


@pytest.mark.parametrize("act", EVERY_ACT)
def test_an_expected_gap_is_the_gap_of_its_year(act: Act) -> None:
    gaps: dict[tuple[str, int], int] = {}
    for row in act.known.of("measures"):
        planned, (valid, whole) = act.known.planned(row["Maßnahme"]), act.known.valid(row["Maßnahme"])
        short = {year: cents - valid.get(year, 0) for year, cents in planned.items() if cents > valid.get(year, 0)}
        if sum(short.values()) > whole:
            gaps |= {(f"measure {row['Maßnahme']}", year): gap for year, gap in short.items()}
    said = [f for f in expected(act).get("finding", []) if f["code"] == "KOF-01"]
    assert {(f["object"], f["year"]): f["at_risk_cents"] for f in said} == gaps


def test_every_finding_is_expected_with_severity_amount_and_arithmetic() -> None:
    for one in (param.values[0] for param in EVERY_ACT):
        assert isinstance(one, Act)
        for finding in expected(one).get("finding", []):
            assert set(finding) - {"year"} == {"code", "object", "severity", "at_risk_cents", "arithmetic"}
            assert finding["severity"] in {"B", "F", "W", "H"}
            assert finding["arithmetic"]


WITHOUT_A_SUM = {"ZEI-03"}
"""All of a voucher is at risk for the day it was paid on; its arithmetic compares the days."""


def test_every_expected_calculation_holds_and_ends_in_the_amount_at_risk() -> None:
    for one in (param.values[0] for param in EVERY_ACT):
        assert isinstance(one, Act)
        for finding in expected(one).get("finding", []):
            said = finding["arithmetic"].partition(" → ")[0]
            for equation in filter(lambda part: " = " in part, re.split("; | < ", said)):
                terms, result = equation.rsplit(" = ", 1)
                assert calculated(terms) == calculated(result), finding
            if finding["at_risk_cents"] and finding["code"] not in WITHOUT_A_SUM:
                assert calculated(re.split(" = |: ", said)[-1]) * 100 == finding["at_risk_cents"], finding


def calculated(terms: str) -> Fraction:
    """``2 × 748,34`` or ``5.434,00 × 0,1/1,1``: products before sums, as a person does them."""
    total, sign = Fraction(0), 1
    for part in re.split(" ([+−]) ", terms):
        if part in "+−":
            sign = 1 if part == "+" else -1
        else:
            total += sign * prod(fraction(factor) for factor in part.split(" × "))
    return total


def fraction(text: str) -> Fraction:
    """``1.234,56``, ``−24,28`` or ``14/30``."""
    over, _, under = text.replace(".", "").replace(",", ".").replace("−", "-").partition("/")
    return Fraction(over) / Fraction(under or 1)


@pytest.mark.parametrize("key", KEYS)
def test_business_keys_are_unique_and_only_marked_rows_come_again(key: str) -> None:
    assert list(acts(key))  # reading asserts it row by row


# ── Herne ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_herne_hands_in_240_vouchers_and_a_is_exactly_the_plan_in_the_end() -> None:
    last = act("herne", 5).known
    assert len(last.rows["vouchers"]) == 240
    assert sum(claimed(v) for v in last.vouchers("HER-1")) == 590_277_78
    assert (last.received("HER-1", "ESF"), last.received("HER-1", "national")) == (472_222_22, 118_055_56)


def test_herne_plans_every_year_what_is_committed_for_it() -> None:
    known = act("herne", 1).known
    assert known.planned("HER-1") == known.valid("HER-1")[0] == {2011: 177_083_34, 2012: 206_597_22, 2013: 206_597_22}
    assert sum(known.planned("HER-1").values()) == 590_277_78


def test_36_participations_add_up_to_17_million_within_half_a_million() -> None:
    amounts = [cents(row["Betrag"]) for row in act("herne", 1).known.of("participations")]
    assert amounts == [472_222_22] * 36
    assert sum(amounts) == 16_999_999_92
    assert abs(sum(amounts) - 17_000_000_00) <= 500_000_00


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_hernes_grant_stays_within_the_rate_and_the_national_share_above_a_fifth(number: int) -> None:
    known, findings = act("herne", number).known, expected(act("herne", number)).get("finding", [])
    at_risk = sum(f["at_risk_cents"] for f in findings if f["code"][:3] in {"BEL", "ZEI"})
    total = sum(claimed(v) for v in known.vouchers("HER-1"))
    assert known.received("HER-1", "ESF") <= (total - at_risk) * 80 // 100
    assert known.received("HER-1", "national") * 5 >= total
    assert total <= 590_277_78


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_only_the_planted_position_and_year_exceed_what_is_allowed(number: int) -> None:
    one = act("herne", number)
    plan: dict[str, int] = Counter()
    spent: dict[str, int] = Counter()
    for row in one.known.of("plans", Maßnahme="HER-1"):
        plan[row["Position"]] += cents(row["Betrag"])
    for voucher in one.known.vouchers("HER-1"):
        spent[voucher["Position"]] += claimed(voucher)
    over = {f"position HER-1 {p}": spent[p] - plan[p] * 6 // 5 for p in spent if spent[p] * 5 > plan[p] * 6}
    said = expected(one).get("finding", [])
    assert over == {f["object"]: f["at_risk_cents"] for f in said if f["code"] == "FIN-01"}
    paid: dict[str, int] = Counter()
    for row in one.known.of("receipts", Art="ESF"):
        paid[row["Bewilligungsjahr"]] += cents(row["Betrag"]) if day(row["Datum"]) <= one.known.as_of else 0
    award = one.known.of("awards", Maßnahme="HER-1")[0]
    excess = {int(y): paid[y] - cents(award[f"Betrag {y}"]) for y in paid if paid[y] > cents(award[f"Betrag {y}"])}
    assert excess == {f["year"]: f["at_risk_cents"] for f in said if f["code"] == "FQ-02"}
    assert sum(paid.values()) <= cents(award["Höchstbetrag"])


@pytest.mark.parametrize("act", EVERY_ACT)
def test_every_planted_fault_of_a_voucher_is_there_once_and_no_other(act: Act) -> None:
    known = act.known
    term = {r["Maßnahme"]: (day(r["Beginn"]), day(r["Ende"])) for r in known.of("measures")}
    limit = {r["Maßnahme"]: {"2007-2013": 2015, "2014-2020": 2023}.get(r["Regelwerk"], 9999) for r in known.of("measures")}
    found: list[tuple[str, str, int]] = []
    invoices: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for v in known.vouchers():
        name, (start, end) = f"voucher {v['Maßnahme']} {v['Belegliste']}/{v['Belegnummer']}", term[v["Maßnahme"]]
        first, last = day(v["Leistung von"]), day(v["Leistung bis"])
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        outside = sum(not start <= one <= end for one in days)
        if outside:
            found.append(("ZEI-01", name, claimed(v) * outside // len(days)))
        proofs = known.proofs(v)
        if not proofs:
            found.append(("BEL-05", name, claimed(v)))
        elif -proofs[0].cents != payable(v):
            found.append(("BEL-04", name, max(0, claimed(v) + proofs[0].cents)))
        if proofs and proofs[0].valued.year > limit[v["Maßnahme"]]:
            found.append(("ZEI-03", name, claimed(v)))
        invoices.setdefault((v["USt-IdNr."], v["Rechnungsnummer"], v["Brutto"]), []).append(v)
    for (_, number, gross), claims in invoices.items():
        shares = [int(v["Anteil"].removesuffix(" %") or 100) for v in claims]
        if len(claims) > 1 and sum(shares) > 100:
            found.append(("BEL-01", f"invoice P-* {number.casefold()} {gross}", sum(map(claimed, claims)) - payable(claims[0])))
    codes = {"ZEI-01", "ZEI-03", "BEL-01", "BEL-04", "BEL-05"}
    said = [(f["code"], f["object"], f["at_risk_cents"]) for f in expected(act).get("finding", []) if f["code"] in codes]
    assert sorted(found) == sorted(said)


# ── the others ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_row_of_the_justiq_plan_divides_by_sixteen() -> None:
    rows = act("offenbach", 1).known.of("plans", Maßnahme="OF-JUSTIQ")
    assert all(len(row["Bausteine"].split("|")) == len(row["Quartiere"].split("|")) == 4 for row in rows)
    assert all(cents(row["Betrag"]) % 16 for row in rows)
    assert sum(cents(row["Betrag"]) for row in rows) % 16


def test_measures_of_kreis_offenbach_share_neither_service_nor_target_group() -> None:
    measures = act("offenbach", 3).known.of("measures")
    for column in ("Leistung", "Zielgruppe"):
        assert len({row[column] for row in measures}) == len(measures)


def test_the_town_of_the_story_plans_eschweilers_figures() -> None:
    known = act("offenbach", 2).known
    assert known.planned("OF-MK50") == dict.fromkeys((2015, 2016, 2017, 2018), 240_340_00)
    assert known.valid("OF-MK50")[0] == dict.fromkeys((2015, 2016, 2017, 2018), 180_255_00)


@pytest.mark.parametrize(("number", "over"), [(1, {("HARZ-PERSON-07", "10/2019"): 1_10}), (2, {})])
def test_one_person_works_more_than_a_full_post_in_one_month_until_it_is_corrected(number: int, over: dict[Any, int]) -> None:
    shares: dict[tuple[str, str], int] = Counter()
    for row in act("harz", number).known.of("staff"):
        whole, _, part = row["Anteil"].partition(",")
        shares[row["Person"], row["Monat"]] += int(whole) * 100 + int(part.ljust(2, "0") or 0)
    assert {key: share for key, share in shares.items() if share > 100} == over


def test_the_shared_catering_invoice_is_claimed_whole_twice_and_then_sixty_to_forty() -> None:
    for number, parts in ((1, [862_75, 862_75]), (2, [345_10, 517_65])):
        rows = [v for v in act("harz", number).known.vouchers() if v["Rechnungsnummer"] == "CB-2019-1016"]
        assert sorted(map(claimed, rows)) == parts


def test_peines_paper_is_as_its_page_shows_it() -> None:
    paper, steps = act("peine", 1).known.papers["03157", "2021/941"]
    assert paper["name"] == "Fortführung des Projektes JUNGregio"
    assert [(s["role"], meeting and meeting["start"][:10], item and item["result"]) for s, meeting, item in steps] == [
        ("Vorberatung", "2021-09-21", "ungeändert beschlossen"),
        ("Vorberatung", None, None),
        ("Entscheidung", "2021-10-06", "ungeändert beschlossen"),
    ]
    details = act("peine", 1).known.of("decisions")
    assert [(d["Mittelgeber"], d["Betrag"], d["im Budget"]) for d in details] == [
        ("PE-JUGENDAMT", "21.493,17", "nein"), ("PE-ARBEIT", "", ""), ("PE-SOZIALES", "", "")
    ]


@pytest.mark.parametrize(("number", "over"), [(1, {"KKZ-18": 6_000_00}), (2, {})])
def test_one_grant_exceeds_its_size_band_until_it_is_corrected(number: int, over: dict[str, int]) -> None:
    known = act("kekiz", number).known
    bands = [
        (int(row["Einwohner von"]), int(row["Einwohner bis"] or 10**9), cents(row["Höchstbetrag"]))
        for row in known.of("size-bands")
    ]
    people = {row["Kommune"]: int(row["Einwohner"]) for row in known.of("population")}
    town = {row["Maßnahme"]: row["Kommune"] for row in known.of("measures")}
    excess = {}
    for award in known.of("awards"):
        ceiling = next(m for low, high, m in bands if low <= people[town[award["Maßnahme"]]] <= high)
        if cents(award["Höchstbetrag"]) > ceiling:
            excess[award["Maßnahme"]] = cents(award["Höchstbetrag"]) - ceiling
    assert len(known.of("measures")) == len(known.of("participations")) == 18
    assert excess == over


def test_kekiz_funders_add_up_to_the_published_total_and_its_example_is_not_overfunded() -> None:
    known = act("kekiz", 1).known
    *parts, total = [int(row["Wert"].replace(",", "")) for row in known.of("figures", Bezug="Mittelgeber")]
    assert (sum(parts), total) == (84, 84)
    spent = sum(claimed(v) for v in known.vouchers("KKZ-04"))
    assert known.received("KKZ-04") <= spent < sum(known.planned("KKZ-04").values()) == 55_500_00


def test_programmes_share_no_invoice_no_account_and_no_person() -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    for key in KEYS:
        known = list(acts(key))[-1].known
        seen.update({("invoice", v["USt-IdNr."], v["Rechnungsnummer"]) for v in known.of("vouchers")})
        seen.update({("account", line.account) for line in known.debits()})
        seen.update({("person", row["Person"]) for row in known.of("staff")})
    assert set(seen.values()) == {1}
