"""What people ask for is listed in parts, summed over everything, and costs what it holds, not what there was on days gone by."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import psycopg

from services.funding import application
from services.funding.application import MOST_FINDINGS
from shared.persistence.database import plain_url
from tests.funding.running import Funding

TODAY = date(2026, 3, 2)
MANY = MOST_FINDINGS + 40


def find(funding: Funding, day: date, count: int, *, subject: str = "measure/M-1", **about: Any) -> None:
    """So many findings, the first with one cent at risk, the second with two …"""
    body = json.dumps({"severity": "F", "waived": None, **about})
    with psycopg.connect(plain_url(funding.url)) as connection:
        connection.execute(
            """insert into finding (subject, day, id, code, body)
               select %s, %s, md5('finding ' || n)::uuid, 'BEL-0' || n %% 2,
                 convert_to((%s::jsonb || jsonb_build_object('id', md5('finding ' || n)::uuid, 'at_risk_cents', n))::text, 'UTF8')
               from generate_series(1, %s) n""",
            (subject, day, body, count),
        )


def test_findings_are_summed_over_all_each_once_listed_in_parts_and_earlier_days_are_not_read(funding: Funding) -> None:
    find(funding, TODAY, MANY)
    find(funding, TODAY, 10, subject="measure/M-2")
    for n in range(1, 11):
        find(funding, TODAY - timedelta(days=n), MANY)
    sums = funding.do(application.sum_findings, TODAY, None)
    assert (sums["findings"], sums["at_risk_cents"]) == (MANY, MANY * (MANY + 1) // 2)
    assert {one["code"]: one["findings"] for one in sums["by_code"]} == {"BEL-00": MANY // 2, "BEL-01": MANY // 2}
    parts = [funding.do(application.list_findings, TODAY, None, {}, MOST_FINDINGS, offset) for offset in (0, MOST_FINDINGS)]
    ids = [{row["finding"]["id"] for row in part} for part in parts]
    assert [len(part) for part in ids] == [MOST_FINDINGS, MANY - MOST_FINDINGS] and not ids[0] & ids[1]
    assert sum(map(len, parts)) == MANY + 10, "one that measures share is a row of each, in one part"
    with psycopg.connect(plain_url(funding.owner_url)) as connection:
        connection.execute("analyze finding")
        (plan,) = connection.execute(
            f"explain (analyze, format json) select code, count(distinct id) from finding where day = '{TODAY}' group by code"
        ).fetchone()[0]                                                                                 # type: ignore[index]
    assert _looked_at(plan["Plan"]) == MANY + 10


def test_findings_are_chosen_by_the_database(funding: Funding) -> None:
    find(funding, TODAY, 10)
    choices: tuple[tuple[dict[str, Any], int], ...] = (
        ({"code": "BEL-01"}, 5), ({"severity": "B"}, 0), ({"waived": True}, 0), ({"waived": False, "code": "BEL-00"}, 5),
        ({"begins": "no"}, 0), ({}, 10),
    )
    for asked, expected in choices:
        assert funding.do(application.sum_findings, TODAY, None, asked)["findings"] == expected
        assert len(funding.do(application.list_findings, TODAY, "measure/M-1", asked)) == expected
    find(funding, TODAY, 1, subject="measure/M-2", waived="Bagatelle")
    for waived, expected in ((True, 0), (False, 10)):
        sums = funding.do(application.sum_findings, TODAY, None, {"waived": waived})
        assert sums["findings"] == expected, "waived in one measure only it is open"
    assert funding.do(application.sum_findings, TODAY, "measure/M-2", {"waived": True})["findings"] == 1


def _looked_at(plan: dict[str, Any]) -> int:
    own = 0 if plan.get("Plans") else plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return int(own) + sum(_looked_at(part) for part in plan.get("Plans", ()))
