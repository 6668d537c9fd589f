"""Posting batches: any order across subjects, repeats, parking and release, and a journal nobody can change."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from services.funding import application
from services.funding.domain.reconciliation import reconcile, reconcile_programme
from shared.contracts.funding import Book, EntryPosted, FactParked, FactReleased, Head
from shared.contracts.intake import DismissParked, Fact, ProgrammeRegistered, ReleaseParked
from shared.messaging.work import StandingClock
from shared.persistence.database import plain_url
from shared.runtime.embedded import Postgres
from shared.values.source import id_of
from tests.builders import a_case, a_programme, a_programme_case
from tests.funding import facts
from tests.funding.running import Funding, Record, twice_and_shuffled


def a_story() -> list[Fact]:
    """Two measures that share an account and an invoice, a correction, a withdrawal, a council paper, a programme's parts."""
    shared = {"invoice_number": "CATERING-7", "payment_reference": "CAT7", "issuer": facts.Party(ref=facts.person(7))}
    first = facts.voucher(1, 50_00, payment_reference="E1")
    gone = facts.voucher(2, 70_00)
    return [
        facts.measure("M-1"), facts.plan(200_00), facts.promise(150_00, funder=facts.CITY, decision="V-1"),
        first, gone, facts.voucher(3, 90_00, **shared), facts.corrected(first, eligible_cents=45_00), facts.withdrawn(gone),
        facts.measure("M-2"), facts.plan(100_00, key="M-2"), facts.award(100_00, key="M-2", years={2026: 100_00}),
        facts.voucher(1, 90_00, key="M-2", **shared), facts.receipt(10_00, key="M-2"),
        facts.payment(1, -50_00, end_to_end_id="E1"), facts.payment(2, -90_00, end_to_end_id="CAT7"), facts.payment(3, -1_00),
        facts.decision(), facts.detail(150_00),
    ]


def outcome(funding: Funding) -> Any:
    """What must not depend on delivery: main seals, totals, stages, findings."""
    statements = {key: funding.statement(key) for key in ("M-1", "M-2")}
    return (
        funding.seals(),
        {key: (s.totals, s.years, s.coverage, s.stages, s.checks, s.verdict) for key, s in statements.items()},
        {key: funding.findings(f"measure/{key}") for key in statements},
        funding.do(application.verify)["intact"],
    )


def test_every_event_twice_and_shuffled_across_subjects_gives_the_same_seals_totals_and_findings(
    postgres: Postgres, clock: StandingClock
) -> None:
    with Funding(postgres, clock) as plain:
        records = plain.records(*a_story())
        plain.deliver(records)
        plain.settle()
        expected = outcome(plain)
        published = plain.told(EntryPosted)
    assert expected[0]["measure/M-1"][0] == 7, "three vouchers, a promise, a reversal with its new entry, a withdrawal"
    assert expected[3]
    for seed in (1, 2, 3):
        with Funding(postgres, clock) as shuffled:
            for batch in chunks(twice_and_shuffled(records, seed), 1 + seed * 3):
                shuffled.deliver(batch)
                if seed == 3:
                    shuffled.settle()
            shuffled.settle()
            assert outcome(shuffled) == expected
            assert sorted(shuffled.told(EntryPosted), key=str) == sorted(published, key=str), "events, too, byte by byte"


def chunks(records: list[Record], size: int) -> list[list[Record]]:
    """Batches."""
    return [records[at : at + size] for at in range(0, len(records), size)]


def test_facts_of_a_measure_nobody_registered_wait_and_are_released_in_order(funding: Funding) -> None:
    waiting = [facts.voucher(n, n * 100) for n in (1, 2, 3)]
    funding.post(*waiting[:2])
    funding.post(waiting[2])
    funding.settle()
    assert [e.fact for e in funding.told(FactParked)] == [f.id for f in waiting]
    assert funding.told(FactParked)[0].waits_for == "measure/M-1"
    assert funding.seals() == {}
    funding.post(facts.measure())
    funding.settle()
    entries = funding.told(EntryPosted)
    assert [(e.entry.number, e.cause) for e in entries] == [(n + 1, fact.id) for n, fact in enumerate(waiting)]
    assert [e.fact for e in funding.told(FactReleased)] == [f.id for f in waiting]
    assert (funding.statement().parked, funding.statement().totals.claimed_cents) == (0, 600)


def test_released_in_the_batch_that_parked_them_they_make_the_same_seals(postgres: Postgres, clock: StandingClock) -> None:
    story = [facts.voucher(1), facts.voucher(2), facts.measure(), facts.voucher(3)]
    seals = []
    for size in (1, 2, 4):
        with Funding(postgres, clock) as funding:
            for batch in chunks(funding.records(*story), size):
                funding.deliver(batch)
            seals.append(funding.seals())
    assert seals[0] == seals[1] == seals[2]
    assert seals[0]["measure/M-1"][0] == 3


def test_a_correction_that_came_before_what_it_corrects_waits_and_counts_as_parked(funding: Funding) -> None:
    never_came = facts.voucher(1)
    funding.post(facts.measure(), facts.corrected(never_came, eligible_cents=1))
    funding.settle()
    assert (funding.statement().parked, funding.statement().verdict) == (1, "open")
    (parked,) = funding.do(application.list_parked)
    assert parked["waits_for"] == f"fact {never_came.id}"
    funding.post(never_came)
    funding.settle()
    statement = funding.statement()
    assert (statement.parked, statement.totals.claimed_cents, statement.head.number) == (0, 1, 3)


def test_there_is_something_left_to_do_until_what_was_parked_or_released_is_told(funding: Funding) -> None:
    def work_left() -> int:
        with funding.database.transaction() as session:
            return application.work_left(session)

    never_came = facts.voucher(1)
    for news in (facts.measure(), facts.corrected(never_came, eligible_cents=1), never_came):
        funding.post(news)
        assert work_left() > 0
        funding.settle()
        assert work_left() == 0


def test_a_person_may_have_a_parked_fact_tried_again(funding: Funding) -> None:
    correction = facts.corrected(facts.voucher(1), eligible_cents=1)
    funding.post(facts.measure(), correction)
    funding.post(facts.instruction("measure/M-1", ReleaseParked(fact=correction.id)))
    funding.settle()
    assert funding.statement().parked == 1, "it still cannot be posted and waits again"
    assert funding.do(application.list_parked)[0]["attempts"] == 2


def test_an_award_that_is_tried_again_stands_behind_the_version_that_came_meanwhile(
    funding: Funding, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = facts.award(100, years={2026: 100}), facts.award(80, years={2026: 80}, version=2)
    real = vars(application)["entries_for"]

    def refuses_the_first(fact: Any, *more: Any) -> Any:
        if fact.id == first.id:
            raise ArithmeticError("an earlier release could not")
        return real(fact, *more)

    monkeypatch.setattr(application, "entries_for", refuses_the_first)
    funding.post(facts.measure(), facts.plan(80), first)
    monkeypatch.setattr(application, "entries_for", real)
    funding.post(second)
    funding.post(facts.instruction("measure/M-1", ReleaseParked(fact=first.id)))
    funding.settle()
    assert funding.rows("select sum(cents) from posting where account = 'award'") == [(80,)]
    assert funding.rows("select version from standing") == [(2,)]
    assert (funding.statement().parked, funding.statement().totals.committed_cents) == (0, 80)


def test_what_a_person_dismisses_waits_for_nothing_any_more_and_stays_as_evidence(funding: Funding) -> None:
    correction = facts.corrected(facts.voucher(1), eligible_cents=1)
    funding.post(facts.measure(), correction)
    funding.settle()
    assert funding.statement().parked == 1
    funding.post(facts.instruction("measure/M-1", DismissParked(fact=correction.id, reason="nie eingereicht")))
    funding.settle()
    assert (funding.statement().parked, funding.do(application.list_parked)) == (0, [])
    assert [e.fact for e in funding.told(FactReleased)] == [correction.id]
    funding.post(facts.voucher(1))
    assert funding.rows("select status, reason from parked") == [("dismissed", "nie eingereicht (dismissed)")]
    assert funding.seals()["measure/M-1"][0] == 1


def test_a_statement_names_what_was_dismissed_and_nothing_a_dismissal_came_too_late_for(funding: Funding) -> None:
    early, late = facts.plan(100, 2026), facts.plan(200, 2027)
    funding.post(early, late)
    funding.post(facts.instruction("measure/M-1", DismissParked(fact=early.id, reason="vertippt")))
    funding.post(facts.measure(), facts.instruction("measure/M-1", DismissParked(fact=late.id, reason="zu spät"), 2))
    funding.settle()
    statement = funding.statement()
    assert (statement.parked, statement.dismissed, statement.totals.planned_cents) == (0, (early.id,), 200)


def test_what_was_dismissed_is_applied_after_all_with_what_waits_for_it_if_a_later_decision_says_so(funding: Funding) -> None:
    """A corrects what never came, B corrects A, C corrects B; A was dismissed before B and C came."""
    original = facts.voucher(1, 100)
    a = facts.corrected(original, eligible_cents=90)
    b = facts.corrected(a, 3, eligible_cents=80)
    c = facts.corrected(b, 4, eligible_cents=70)
    funding.post(facts.measure(), a)
    funding.post(facts.instruction("measure/M-1", DismissParked(fact=a.id, reason="nie eingereicht")), b, c)
    funding.post(original)
    funding.settle()
    assert (funding.statement().parked, funding.statement().totals.claimed_cents) == (2, 100), "nothing takes A up by itself"
    (gone,) = funding.do(application.list_parked, 10, 0, None, True)
    assert (gone["fact"], gone["status"]) == (str(a.id), "dismissed")
    funding.post(facts.instruction("measure/M-1", ReleaseParked(fact=a.id)))
    funding.settle()
    assert (funding.statement().parked, funding.statement().totals.claimed_cents) == (0, 70)
    assert funding.do(application.list_parked, 10, 0, None, True) == []
    released = funding.told(FactReleased)
    assert len({event.id for event in released}) == len(released) == 2


def test_a_statement_no_longer_names_what_is_taken_up_again_and_dismissing_it_a_second_time_works(funding: Funding) -> None:
    early = facts.plan(100, 2026)
    dismiss, release = DismissParked(fact=early.id, reason="vertippt"), ReleaseParked(fact=early.id)
    funding.post(early, facts.instruction("measure/M-1", dismiss), facts.instruction("measure/M-1", release))
    assert [p["fact"] for p in funding.do(application.list_parked)] == [str(early.id)], "it cannot be posted yet: it waits again"
    funding.post(facts.instruction("measure/M-1", dismiss, 2), facts.measure())
    funding.settle()
    assert (funding.statement().dismissed, funding.statement().totals.planned_cents) == ((early.id,), 0)
    funding.post(facts.instruction("measure/M-1", release, 2), facts.instruction("measure/M-1", dismiss, 3))
    funding.settle()
    assert (funding.statement().dismissed, funding.statement().totals.planned_cents) == ((), 100), "what is applied stays applied"


def test_rows_of_a_mistyped_measure_are_dismissed_though_nobody_registers_it(funding: Funding) -> None:
    mistyped, other = facts.voucher(1, key="M-l"), facts.voucher(2, key="M-l")
    funding.post(facts.measure(), mistyped, other)
    funding.post(facts.instruction("measure/M-l", DismissParked(fact=mistyped.id, reason="gemeint ist M-1")))
    funding.settle()
    assert [p["fact"] for p in funding.do(application.list_parked)] == [str(other.id)]
    funding.post(facts.measure("M-l"))
    assert funding.seals()["measure/M-l"][0] == 1, "only what still waited is posted"


def test_what_is_dismissed_in_the_batch_that_brings_it_is_dismissed_as_well(funding: Funding) -> None:
    mistyped = facts.voucher(1, key="M-l")
    funding.post(mistyped, facts.instruction("measure/M-l", DismissParked(fact=mistyped.id, reason="gemeint ist M-1")))
    assert funding.rows("select status from parked order by id limit 1") == [("dismissed",)]
    funding.post(facts.measure("M-l"))
    funding.settle()
    assert "measure/M-l" not in funding.seals() or funding.seals()["measure/M-l"][0] == 0


def test_an_instruction_about_one_measure_takes_nothing_out_of_anothers_parking(funding: Funding) -> None:
    parked = facts.voucher(1, key="M-2")
    funding.post(facts.measure(), parked)
    for n, given in enumerate((ReleaseParked(fact=parked.id), DismissParked(fact=parked.id, reason="verwechselt"))):
        funding.post(facts.instruction("measure/M-1", given, n))
    assert [p["fact"] for p in funding.do(application.list_parked)] == [str(parked.id)]


def test_one_bad_fact_is_set_aside_and_the_rest_of_the_batch_is_posted(funding: Funding) -> None:
    funding.post(facts.measure(), facts.voucher(1), facts.corrected(facts.voucher(9)), facts.voucher(2))
    assert funding.seals()["measure/M-1"][0] == 2


@pytest.mark.parametrize("table", ["fact", "entry"])
@pytest.mark.parametrize(
    "statement", ["update {} set subject = ''", "delete from {}", "truncate {}", "drop trigger {0}_no_truncate on {0}"]
)
def test_the_runtime_role_cannot_change_delete_or_truncate_the_journal(funding: Funding, table: str, statement: str) -> None:
    funding.post(facts.measure(), facts.voucher(1))
    with psycopg.connect(plain_url(funding.url)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.format(table))                                             # type: ignore[arg-type]


def test_tampering_by_somebody_stronger_is_found_where_it_happened(funding: Funding) -> None:
    funding.post(facts.measure(), *(facts.voucher(n) for n in range(1, 6)))
    with psycopg.connect(plain_url(funding.owner_url)) as owner:
        owner.execute("alter table entry disable trigger entry_append_only")
        owner.execute("update entry set place = 'elsewhere' where number = 3")
    found = funding.do(application.verify)
    assert (found["intact"], [b["reference"] for b in found["broken"]]) == (False, ["M-1/3"])


def test_a_batch_takes_a_voucher_only_once_even_if_its_correction_is_in_the_same_batch(funding: Funding) -> None:
    first = facts.voucher(1, 100)
    second = facts.corrected(first, eligible_cents=90)
    funding.post(facts.measure(), first, second, facts.corrected(second, revision=3, eligible_cents=80))
    kinds = funding.rows("select kind, reverses from entry order by number")
    assert kinds == [("voucher", None), ("reversal", 1), ("voucher", None), ("reversal", 3), ("voucher", None)]
    assert funding.do(application.find_entry, "M-1/5")["entry"]["book"] == Book.MAIN.value


def test_postings_can_be_added_up_in_the_database(funding: Funding) -> None:
    funding.post(facts.measure(), facts.voucher(1, 119_00, eligible_cents=100_00), facts.award(50, years={2026: 50}))
    lines = funding.rows("select number, line, account, cents, funder, budget_year from posting order by number, line")
    assert lines == [
        (1, 1, "cost:1.1", 100_00, None, 2026), (1, 2, "ineligible:1.1", 19_00, None, 2026),
        (1, 3, "suppliers", -119_00, None, 2026),
        (2, 1, "award", 50, "esf", 2026), (2, 2, "commitment", -50, "esf", 2026),
    ]
    assert funding.rows("select sum(cents) from posting") == [(0,)]


def test_what_was_dismissed_of_a_programme_is_named_by_it_and_by_its_measures(funding: Funding) -> None:
    programme = a_programme(rule_set="national")
    first = facts.told(ProgrammeRegistered, "programme/P-1", 1, programme=programme)
    unknown = facts.told(
        ProgrammeRegistered, "programme/P-1", 2, corrects=first.id, programme=programme.model_copy(update={"rule_set": "1999"})
    )
    funding.post(facts.measure(programme="P-1"), first, unknown)
    funding.settle()
    funding.post(facts.instruction("programme/P-1", DismissParked(fact=unknown.id, reason="vertippt")))
    funding.settle()
    stated = funding.do(application.coverage_of, "programme/P-1")
    assert (stated.dismissed, stated.parked, funding.statement().dismissed) == ((unknown.id,), 0, (unknown.id,))


def test_a_statement_names_a_thousand_that_were_dismissed_and_how_many_more_there_are() -> None:
    head = Head(number=0, seal="0" * 64)
    gone = tuple(id_of("gone", str(n)) for n in range(1_001))
    for dismissed, beyond in ((gone[1:], 0), (gone, 1)):
        statement = reconcile(a_case()).statement(head=head, settlement=head, facts_upto=0, dismissed=dismissed)
        whole = reconcile_programme(a_programme_case(), dismissed=dismissed).statement
        for said in (statement, whole):
            assert (said.dismissed, said.dismissed_beyond) == (dismissed[:1_000], beyond)
