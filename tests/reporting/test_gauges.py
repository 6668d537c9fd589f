"""What Prometheus asks every few seconds costs what is there now, not what there was on days gone by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest

from services.reporting import application, store
from services.reporting.tables import HISTORY
from shared.messaging.work import StandingClock, unit_of_work
from shared.persistence.database import Database, plain_url
from shared.runtime.embedded import Postgres
from tests.conftest import make_database

TODAY = date(2026, 3, 2)
SUBJECTS, EACH = 20, 5


@pytest.fixture
def here(postgres: Postgres) -> Iterator[Database]:
    with Database(make_database(postgres, HISTORY).url) as opened:
        yield opened


def state(database: Database, day: date, *, settled: int = 0) -> None:
    """What funding tells of a day: of each measure five findings, the first of them the same in all, and some settled after."""
    with psycopg.connect(plain_url(database.url)) as connection:
        connection.execute(
            """insert into found (subject, as_of, id, sequence, code, open, known_at, body)
               select 'measure/M-' || s, %(day)s, md5(case when f = 1 then 'shared' else s || ' ' || f end)::uuid, told,
                 'BEL-0' || f, told = 1, now(), ''
               from generate_series(1, %(subjects)s) s, generate_series(1, %(each)s) f, generate_series(1, 2) told
               where told = 1 or f > %(each)s - %(settled)s""",
            {"day": day, "subjects": SUBJECTS, "each": EACH, "settled": settled},
        )
        connection.execute(
            """insert into statement (subject, as_of, event, known_at, body, sequence)
               select 'measure/M-' || s, %s, gen_random_uuid(), now(), '', 9 from generate_series(1, %s) s""",
            (day, SUBJECTS),
        )


def gauge(database: Database, clock: StandingClock) -> dict[tuple[str, ...], float]:
    with unit_of_work(database, clock) as work:
        return application.count_open_findings(work)


def blocks(database: Database) -> int:
    """Blocks PostgreSQL looks into to answer."""
    query = store._OPEN.replace(":today", f"'{TODAY}'")
    with psycopg.connect(plain_url(database.url)) as connection:
        (plan,) = connection.execute(f"explain (analyze, buffers, format json) {query}").fetchone()[0]      # type: ignore[arg-type,index]
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


def test_open_findings_are_those_of_each_measures_latest_day_and_each_counts_once(here: Database, clock: StandingClock) -> None:
    state(here, TODAY - timedelta(days=1))
    state(here, TODAY + timedelta(days=300))
    state(here, TODAY, settled=2)
    day = TODAY.isoformat()
    assert gauge(here, clock) == {("BEL-01", day): 1, ("BEL-02", day): SUBJECTS, ("BEL-03", day): SUBJECTS}


def test_counting_them_costs_no_more_after_months(here: Database, clock: StandingClock) -> None:
    for n in range(10):
        state(here, TODAY - timedelta(days=n), settled=2)
    few = blocks(here)
    expected = gauge(here, clock)
    for n in range(10, 110):
        state(here, TODAY - timedelta(days=n), settled=2)
    assert gauge(here, clock) == expected
    assert blocks(here) < few * 1.5, "an index a level higher, not eleven times the rows"
