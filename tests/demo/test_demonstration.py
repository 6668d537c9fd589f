"""The demo ends well only if everything in expected.toml came out: each part of it is compared."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from services.demonstration import TOTALS, Shown, differences, table
from tests.demo.handins import DEMO, KEYS


def came_out(act: dict[str, Any]) -> tuple[Shown, list[dict[str, Any]]]:
    """What the services would show of an act that is just as expected."""
    lacks = {(m["code"], m["object"], m["what"]) for m in act.get("missing", ())}
    shown = Shown(
        as_of=act["as_of"], findings={}, missing=dict(Counter(code for code, _, _ in lacks)), lacks=lacks, vouchers=0,
        totals=dict(act["totals"]), measures={of["key"]: {name: of[name] for name in TOTALS} for of in act["measure"]},
    )
    return shown, [{**f, "budget_year": f.get("year")} for f in act.get("finding", ())]


def peine() -> dict[str, Any]:
    act: dict[str, Any] = tomllib.loads((DEMO / "peine" / "expected.toml").read_text("utf-8"))["act"][0]
    return act


@pytest.mark.parametrize("key", KEYS)
def test_what_is_as_expected_differs_in_nothing(key: str) -> None:
    for act in tomllib.loads((DEMO / key / "expected.toml").read_text("utf-8"))["act"]:
        assert list(differences(act, *came_out(act))) == []


OTHERWISE: dict[str, Callable[[dict[str, Any]], object]] = {
    "another day": lambda act: act.update(as_of=act["as_of"].replace(day=1)),
    "a finding less": lambda act: act["finding"].pop(),
    "another object of a finding": lambda act: act["finding"][0].update(object="paper 03157/2021/942"),
    "another year of a finding": lambda act: act["finding"][0].update(year=2023),
    "another severity": lambda act: act["finding"][0].update(severity="W"),
    "a cent more at risk": lambda act: act["finding"][0].update(at_risk_cents=act["finding"][0]["at_risk_cents"] + 1),
    "another calculation": lambda act: act["finding"][0].update(arithmetic=act["finding"][0]["arithmetic"] + " + 0,00"),
    "nothing missing": lambda act: act["missing"].clear(),
    "something else missing": lambda act: act["missing"][0].update(what="Bescheid"),
    "missing of another object": lambda act: act["missing"][0].update(object="measure PE-OTHER"),
    "a cent more in the total": lambda act: act["totals"].update(planned_cents=act["totals"]["planned_cents"] + 1),
    "a cent more of a measure": lambda act: act["measure"][0].update(spent_cents=act["measure"][0]["spent_cents"] + 1),
    "another measure": lambda act: act["measure"][0].update(key="PE-OTHER"),
    "a measure less": lambda act: act["measure"].clear(),
}


@pytest.mark.parametrize("change", OTHERWISE)
def test_every_part_of_what_is_expected_is_compared(change: str) -> None:
    shown, findings = came_out(peine())
    expected = deepcopy(peine())
    OTHERWISE[change](expected)
    assert list(differences(expected, shown, findings))


@pytest.mark.parametrize(
    ("measures", "unplanned", "planned", "gap"),
    [(1, 0, "0,00", "0,00"), (1, 1, "missing", "missing"), (2, 1, "0,00 (1 missing)", "0,00 (1 missing)")],
)
def test_what_a_plan_nobody_handed_in_would_tell_is_missing_in_the_table_and_not_nought(
    measures: int, unplanned: int, planned: str, gap: str
) -> None:
    nought = dict.fromkeys(TOTALS, 0)
    shown = Shown(peine()["as_of"], {}, {}, nought, 0, {str(n): nought for n in range(measures)}, unplanned=unplanned)
    heading, row = table({"peine": [shown]})
    cells = dict(zip(heading, row, strict=True))
    assert (cells["planned"], cells["gap"], cells["received"]) == (planned, gap, "0,00")
