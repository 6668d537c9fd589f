"""DOP-01 among many: who is compared with whom, who is marked as due, and that nothing is read for nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import psycopg
import pytest

from services.funding.domain.case import case_of
from services.funding.domain.checks.double_funding.same_purpose import same_purpose
from services.funding.domain.purpose import purpose_of
from services.funding.store import reading, waiting
from services.funding.tables import HISTORY
from shared.contracts.funding import Finding
from shared.contracts.intake import AwardAmended, Fact, MeasureRegistered, MeasureWithdrawn, Municipality
from shared.messaging.work import StandingClock
from shared.persistence import migrations
from shared.persistence.database import plain_url
from shared.persistence.migrations import History
from shared.runtime.embedded import Postgres
from shared.values.dates import Period
from tests.builders import a_rule_set
from tests.conftest import make_database
from tests.funding import facts
from tests.funding.facts import told
from tests.funding.running import Funding

TODAY = date(2026, 3, 2)


def awarded(key: str, reference: str | None = None, **data: Any) -> list[Fact]:
    return [facts.measure(key, **data), facts.award(key=key, reference=reference or f"AZ-{key}")]


def suspected(funding: Funding, key: str) -> list[str]:
    return [f.object for f in funding.findings(f"measure/{key}") if f.code == "DOP-01"]


def versions(funding: Funding) -> dict[str, int]:
    return dict(funding.rows("select subject, version from journal where kind = 'measure'"))


def amended(before: Any, **data: Any) -> AwardAmended:
    award = before.award.model_copy(update={"version": before.award.version + 1, **data})
    fact: AwardAmended = told(AwardAmended, before.subject, award.reference, award.version, award=award)
    return fact


def test_who_was_there_first_hears_of_who_comes_later_only_once_money_was_awarded(funding: Funding) -> None:
    funding.post(*awarded("M-1"))
    funding.settle()
    before = versions(funding)["measure/M-1"]
    registered, award = awarded("M-2")
    funding.post(registered)
    funding.settle()
    assert versions(funding)["measure/M-1"] == before, "what nobody awards money to concerns nobody"
    funding.post(award)
    funding.settle()
    assert suspected(funding, "M-1") == suspected(funding, "M-2") == ["measures M-1 M-2"]


def test_what_nobody_else_sees_of_a_measure_marks_nobody(funding: Funding) -> None:
    registered, award = awarded("M-2")
    funding.post(*awarded("M-1"), registered, award)
    funding.settle()
    before = versions(funding)["measure/M-1"]
    less = amended(award, maximum_cents=7_00, awarded_on=TODAY)
    funding.post(less, facts.plan(90_00, key="M-2"), facts.promise(5_00, key="M-2"))
    funding.settle()
    assert versions(funding)["measure/M-1"] == before
    funding.post(facts.measure("M-2", corrects=registered.id, accounts=()))
    funding.settle()
    assert versions(funding)["measure/M-1"] > before, "it stands in another row now, and the finding names that"


@pytest.mark.parametrize("how", ["withdrawn", "revoked", "moved", "later"])
def test_a_neighbour_that_is_withdrawn_or_corrected_settles_what_the_others_found(funding: Funding, how: str) -> None:
    registered, award = awarded("M-2")
    funding.post(*awarded("M-1"), registered, award)
    funding.settle()
    assert suspected(funding, "M-1") == ["measures M-1 M-2"]
    changes: dict[str, Fact] = {
        "withdrawn": told(MeasureWithdrawn, "measure/M-2", "w", measure="M-2", withdrawn_on=TODAY),
        "revoked": amended(award, revoked_on=TODAY),
        "moved": elsewhere("M-2", registered),
        "later": facts.measure(
            "M-2", corrects=registered.id, implementation=Period(start=date(2031, 1, 1), end=date(2032, 1, 1))
        ),
    }
    funding.post(changes[how])
    funding.settle()
    assert suspected(funding, "M-1") == suspected(funding, "M-2") == []


def elsewhere(key: str, before: Fact, place: str = "anders") -> MeasureRegistered:
    return facts.measure(key, corrects=before.id, carrier=place, municipality=Municipality(key=place, name=f"{place} (Demo)"))


def test_a_state_that_was_seen_before_anybody_was_told_of_it_is_taken_back_too(funding: Funding) -> None:
    """M-2 moves to where M-3 is and on; M-3, reconciled in between, had seen it there."""
    registered, award = awarded("M-2")
    funding.post(registered, award, *awarded("M-3", carrier="anders"))
    funding.settle()
    moved = elsewhere("M-2", registered)
    funding.post(moved)
    with funding.database.transaction() as session:
        waiting.set_aside(session, ["measure/M-2"], "for this test")
        waiting.touch(session, ["measure/M-3"])
    funding.settle()
    assert suspected(funding, "M-3") == ["measures M-2 M-3"], "M-2 itself waits"
    funding.post(elsewhere("M-2", moved, "ganz woanders"))
    funding.settle()
    assert suspected(funding, "M-3") == []


def test_one_award_for_both_is_no_suspicion_until_one_of_them_has_another(funding: Funding) -> None:
    funding.post(*awarded("M-1", "AZ"), *awarded("M-2", "AZ"))
    funding.settle()
    assert suspected(funding, "M-1") == []
    funding.post(facts.award(key="M-2", reference="AZ-2"))
    funding.settle()
    assert suspected(funding, "M-1") == suspected(funding, "M-2") == ["measures M-1 M-2"]


@pytest.mark.parametrize("k", [5, 40])
def test_of_registrations_without_awards_nobody_reads_anything_of_another(
    funding: Funding, monkeypatch: pytest.MonkeyPatch, k: int
) -> None:
    funding.post(*(facts.measure(f"M-{n}", accounts=()) for n in range(k)))
    read: list[str] = []
    real = reading.facts_others_see

    def counted(session: Any, subjects: Iterable[str]) -> Any:
        wanted = list(subjects)
        read.extend(wanted)
        return real(session, wanted)

    monkeypatch.setattr(reading, "facts_others_see", counted)
    funding.settle()
    assert read == []
    assert set(versions(funding).values()) == {1}, "nor is anybody marked"


def some_measures(chance: random.Random) -> list[list[Fact]]:
    """Each measure's facts: a few places, words and days, some corrected, amended, revoked or withdrawn."""

    def data() -> dict[str, Any]:
        town = chance.choice(["a", "b"])
        start = date(chance.choice([2024, 2025, 2026, 2027]), 1, 1)
        return {
            "municipality": Municipality(key=town, name="Stadt (Demo)", ags=chance.choice([None, "15085", "15086"])),
            "carrier": chance.choice(["Träger", " träger ", "Verein", ""]),
            "service": chance.choice(["Beratung", "Kurs", ""]), "accounts": (),
            "target_group": chance.choice(["Jugendliche", "Eltern", "eltern", ""]),
            "implementation": Period(start=start, end=start.replace(year=start.year + 1)),
        }

    stories = []
    for key in (f"M-{n}" for n in range(14)):
        story: list[Fact] = [facts.measure(key, **data())]
        for reference in chance.sample(["AZ-1", "AZ-2", key], chance.choice([0, 1, 1, 1, 2])):
            award = facts.award(key=key, reference=reference, awarded_on=date(chance.choice([2025, 2025, 2027]), 1, 1))
            story += [award] if chance.random() < 0.8 else [award, amended(award, revoked_on=date(2025, 12, 31))]
        if chance.random() < 0.3:
            story.append(facts.measure(key, corrects=story[0].id, **data()))
        if chance.random() < 0.2:
            story.append(told(MeasureWithdrawn, f"measure/{key}", "w", measure=key, withdrawn_on=date(2026, 1, 1)))
        stories.append(story)
    return stories


def found_among_all(stories: list[list[Fact]]) -> dict[str, list[Finding]]:
    """What the check says if everybody is compared with everybody."""
    found = {}
    for story in stories:
        others = [other for other in stories if other is not story]
        _, findings = same_purpose.run(case_of(story, as_of=TODAY, rules=a_rule_set("national"), related=others))
        found[story[0].subject] = list(findings)
    return found


@pytest.mark.parametrize("seed", [1, 13, 18])
def test_what_is_found_is_what_comparing_all_with_all_finds_in_whatever_order_they_came(
    postgres: Postgres, clock: StandingClock, seed: int
) -> None:
    chance = random.Random(seed)
    stories = some_measures(chance)
    expected = found_among_all(stories)
    assert sum(map(len, expected.values())) > 9, "there is something to find"
    with Funding(postgres, clock) as funding:
        waiting = [list(story) for story in stories]
        while waiting:
            story = chance.choice(waiting)
            funding.post(story.pop(0))
            waiting = [s for s in waiting if s]
            if chance.random() < 0.4:
                funding.settle()
        funding.settle()
        for subject, findings in expected.items():
            assert {f.id: f for f in funding.findings(subject) if f.code == "DOP-01"} == {f.id: f for f in findings}, subject


def test_what_stood_before_there_were_purposes_is_found_all_the_same(postgres: Postgres, tmp_path: Path) -> None:
    older = tmp_path / "older"
    copytree(HISTORY.folder, older, ignore=ignore_patterns("000[3-9]*", "00[1-9]*", "__pycache__"))
    database = make_database(postgres, History(HISTORY.name, older))
    town = Municipality(key="modell", name="Modellstadt (Demo)", ags="99000001")
    registered = facts.measure("M-1", municipality=town, target_group="")
    first, second = facts.award(), facts.award(reference="AZ-2")
    corrected = facts.told(type(first), first.subject, "again", corrects=second.id, award=second.award.model_copy(
        update={"reference": "AZ-3"}
    ))
    with psycopg.connect(plain_url(database.url)) as connection:
        for n, fact in enumerate((registered, first, second, corrected), 1):
            connection.execute(
                "insert into fact (subject, n, id, type, known_at, corrects, body) values (%s, %s, %s, %s, %s, %s, %s)",
                (fact.subject, n, fact.id, fact.type, fact.recorded_at, fact.corrects, fact.model_dump_json().encode()),
            )
        connection.execute(
            """insert into measure (subject, key, municipality, ags, carrier, service, target_group, rule_set, body)
               values (%s, 'M-1', 'modell', '99000001', 'träger (demo)', 'beratung', '', 'national', %s)""",
            (registered.subject, registered.measure.model_dump_json().encode()),
        )
    migrations.upgrade(database.owner_url, database.name, HISTORY, runtime_role="tester")
    with psycopg.connect(plain_url(database.url)) as connection:
        row = connection.execute("select groups, starts, ends, awards, holds, told from purpose").fetchone()
    purpose = purpose_of((registered, first, second, corrected))
    assert row is not None and purpose is not None
    assert (sorted(row[0]), *row[1:3], tuple(row[3]), *row[4:]) == (
        sorted(purpose.groups), purpose.period.start, purpose.period.end, purpose.awards, True, False
    )
