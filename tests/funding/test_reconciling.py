"""At its own pace: what is due, what marks what, and what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from sqlalchemy import text

from services.funding import application
from services.funding.application import MANY, RULES, Pace, Reconciling
from services.funding.store import looking, waiting
from shared.contracts.funding import (
    FindingChanged,
    FindingRaised,
    FindingSettled,
    MeasureReconciled,
    Outcome,
    PaymentMatched,
    PaymentUnmatched,
    ProgrammeReconciled,
    ProgrammeStatement,
)
from shared.contracts.intake import (
    Close,
    ConfirmMatch,
    Figure,
    FigurePublished,
    FileRead,
    Municipality,
    Participation,
    ParticipationRecorded,
    ProgrammeData,
    ProgrammeRegistered,
    RejectMatch,
    ReportSigned,
    RowRejected,
    SetCutOff,
    SignedReport,
    StaffAssigned,
    StaffMonth,
    WaiveFinding,
)
from shared.messaging.work import unit_of_work
from shared.values.dates import Period
from shared.values.source import id_of
from tests.funding import facts
from tests.funding.facts import told
from tests.funding.running import Funding

TODAY = date(2026, 3, 2)


def test_a_measure_is_left_alone_until_it_is_quiet(funding: Funding) -> None:
    funding.post(facts.measure(), facts.voucher(1))
    impatient, patient = Reconciling(quiet=3600, patience=0), Reconciling(quiet=3600, patience=3600)
    with unit_of_work(funding.database, funding.clock) as work:
        assert not application.reconcile_due(work, patient)
    with unit_of_work(funding.database, funding.clock) as work:
        assert application.reconcile_due(work, impatient), "what waited too long is reconciled all the same"
    assert len(funding.told(MeasureReconciled)) == 1


def test_while_facts_keep_coming_reconciling_rests_longer_than_it_works(funding: Funding) -> None:
    pace = Pace(Reconciling(quiet=0, patience=0))
    funding.post(facts.measure(), facts.plan(100_00))
    funding.do(pace.reconcile_due)
    assert len(funding.told(MeasureReconciled)) == 1
    pace.rest(60)
    funding.do(pace.reconcile_due)
    funding.post(facts.plan(90_00))
    funding.do(pace.reconcile_due)
    assert len(funding.told(MeasureReconciled)) == 1, "facts are coming: it rests"
    with funding.database.transaction() as session:
        session.execute(text("update journal set touched_at = touched_at - interval '1 minute'"))
    funding.do(pace.reconcile_due)
    assert len(funding.told(MeasureReconciled)) == 2, "nothing has come for a while: it need not rest"


def test_while_facts_come_to_many_measures_in_turn_only_what_has_waited_long_is_reconciled(funding: Funding) -> None:
    measures = [facts.measure(f"M-{n}") for n in range(MANY)]
    funding.post(*measures)
    funding.do(Pace(Reconciling(quiet=0, patience=3600)).reconcile_due)
    assert not funding.told(MeasureReconciled), "each of them may be touched again"
    funding.do(Pace(Reconciling(quiet=0, patience=0)).reconcile_due)
    assert len(funding.told(MeasureReconciled)) == MANY, "what waited too long is reconciled all the same"


def test_a_statement_is_not_saved_when_the_journal_moved_meanwhile(funding: Funding, monkeypatch: pytest.MonkeyPatch) -> None:
    funding.post(facts.measure(), facts.voucher(1))
    reconcile = application.reconcile

    def and_meanwhile(*args: object) -> object:
        monkeypatch.setattr(application, "reconcile", reconcile)
        funding.post(facts.voucher(2))
        return reconcile(*args)                                                                 # type: ignore[arg-type]

    monkeypatch.setattr(application, "reconcile", and_meanwhile)
    with unit_of_work(funding.database, funding.clock) as work:
        application.reconcile_due(work, funding.using)
    assert funding.told(MeasureReconciled) == []
    funding.settle()
    (said,) = funding.told(MeasureReconciled)
    assert (said.statement.head.number, said.statement.totals.claimed_cents) == (2, 200_00)


def test_findings_are_raised_changed_and_settled_once(funding: Funding) -> None:
    funding.post(facts.measure(), facts.plan(100_00))
    funding.settle()
    funding.post(facts.promise(40_00))
    funding.settle()
    funding.post(facts.promise(100_00, version=2))
    funding.settle()
    about = [
        (type(e), e.finding.at_risk_cents)
        for e in funding.told(FindingRaised, FindingChanged, FindingSettled)
        if e.finding.code == "KOF-01"
    ]
    assert about == [(FindingRaised, 100_00), (FindingChanged, 60_00), (FindingSettled, 60_00)]
    assert [f for f in funding.findings() if f.code == "KOF-01"] == []


def test_a_waived_finding_is_told_and_no_longer_open(funding: Funding) -> None:
    funding.post(facts.measure(), facts.plan(100_00))
    funding.settle()
    (gap,) = [f for f in funding.findings() if f.code == "KOF-01"]
    funding.post(facts.instruction("measure/M-1", WaiveFinding(finding=gap.id, reason="Bagatelle")))
    funding.settle()
    assert [e.finding.waived for e in funding.told(FindingChanged)] == ["Bagatelle"]
    assert gap.id not in funding.statement().findings


def test_a_waiver_holds_for_the_amount_it_was_given_for_and_no_larger_one(funding: Funding) -> None:
    plan = facts.plan(100_00)
    funding.post(facts.measure(), plan)
    funding.settle()
    (gap,) = [f for f in funding.findings() if f.code == "KOF-01"]
    larger = facts.plan(999_00)
    funding.post(facts.instruction("measure/M-1", WaiveFinding(finding=gap.id, reason="Bagatelle")), larger)
    funding.settle()
    assert [f.waived for f in funding.findings() if f.code == "KOF-01"] == [None], "it was given for 100.00"
    funding.post(facts.plan(50_00))
    funding.settle()
    assert [f.waived for f in funding.findings() if f.code == "KOF-01"] == ["Bagatelle"], "less than was accepted"
    back = WaiveFinding(finding=gap.id, reason="doch nicht", withdrawn=True)
    funding.post(facts.instruction("measure/M-1", back, 2))
    funding.settle()
    assert [f.waived for f in funding.findings() if f.code == "KOF-01"] == [None]


def test_a_waiver_seen_together_with_its_finding_is_bound_to_it(funding: Funding) -> None:
    gap = id_of("finding", "KOF-01", "measure M-1", "2026")
    funding.post(
        facts.measure(), facts.plan(100_00), facts.instruction("measure/M-1", WaiveFinding(finding=gap, reason="Bagatelle"))
    )
    funding.settle()
    assert [f.waived for f in funding.findings() if f.code == "KOF-01"] == ["Bagatelle"]
    funding.post(facts.plan(100_01))
    funding.settle()
    assert [f.waived for f in funding.findings() if f.code == "KOF-01"] == [None]


def test_a_waiver_may_name_the_amount_it_accepts(funding: Funding) -> None:
    gap = id_of("finding", "KOF-01", "measure M-1", "2026")
    given = WaiveFinding(finding=gap, reason="bis 150", at_risk_cents=150_00)
    funding.post(facts.measure(), facts.plan(100_00), facts.instruction("measure/M-1", given))
    funding.settle()
    for cents, waived in ((150_00, "bis 150"), (150_01, None)):
        funding.post(facts.plan(cents))
        funding.settle()
        assert [f.waived for f in funding.findings() if f.code == "KOF-01"] == [waived]


def test_a_watched_day_is_stated_beside_today_and_again_after_every_correction(funding: Funding) -> None:
    early, late = facts.voucher(1, invoice_date=date(2026, 1, 10)), facts.voucher(2, invoice_date=date(2026, 2, 10))
    day = date(2026, 1, 31)
    funding.post(facts.measure(), early, late, facts.instruction("measure/M-1", SetCutOff(as_of=day)))
    funding.settle()
    assert [funding.statement(day=d).totals.claimed_cents for d in (day, TODAY)] == [100_00, 200_00]
    funding.post(facts.corrected(early, eligible_cents=1))
    funding.settle()
    assert [funding.statement(day=d).totals.claimed_cents for d in (day, TODAY)] == [1, 100_01]


def test_when_the_date_changes_everything_is_stated_for_the_new_day(funding: Funding) -> None:
    funding.post(facts.measure(), facts.promise(100_00, expires_on=TODAY), facts.plan(100_00))
    funding.settle()
    assert funding.statement().totals.gap_cents == 0
    funding.clock.at = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    with unit_of_work(funding.database, funding.clock) as work:
        application.mark_new_day(work)
    funding.settle()
    tomorrow = funding.statement()
    assert (tomorrow.as_of, tomorrow.totals.gap_cents) == (date(2026, 3, 3), 100_00), "23:30 UTC is the next day in Berlin"


def test_an_invoice_claimed_in_two_measures_makes_both_due_and_is_one_finding(funding: Funding) -> None:
    shared = {"invoice_number": "CATERING-7", "payment_reference": "CAT7", "issuer": facts.Party(ref=facts.person(7))}
    funding.post(facts.measure("M-1"), facts.voucher(1, 90_00, **shared), facts.payment(1, -90_00, end_to_end_id="CAT7"))
    funding.settle()
    assert [f.code for f in funding.findings() if f.code.startswith("BEL")] == []
    funding.post(facts.measure("M-2", service="Anderes", target_group="Andere"), facts.voucher(1, 90_00, key="M-2", **shared))
    funding.settle()
    one, other = (
        [f for f in funding.findings(f"measure/{key}") if f.code.startswith("BEL")] for key in ("M-1", "M-2")
    )
    assert [f.code for f in one] == ["BEL-01"]
    assert [(f.id, f.crosses) for f in one] == [(f.id, f.crosses) for f in other], "one identity, wherever it is seen"
    assert [m.match.paid_cents for m in funding.told(PaymentMatched)] == [90_00, 45_00, 45_00]
    assert [m.match.paid_cents for m in funding.told(PaymentUnmatched)] == [90_00]


def test_a_person_who_works_in_two_measures_makes_both_due(funding: Funding) -> None:
    def month(key: str, share: str) -> StaffAssigned:
        staff = StaffMonth(measure=key, person=facts.person(5), year=2026, month=1, share=share)
        fact: StaffAssigned = told(StaffAssigned, f"measure/{key}", key, staff=staff)
        return fact

    funding.post(facts.measure("M-1"), month("M-1", "0.6"))
    funding.settle()
    assert funding.findings() == []
    funding.post(facts.measure("M-2", service="Anderes", target_group="Andere"), month("M-2", "0.5"))
    funding.settle()
    assert [[f.code for f in funding.findings(f"measure/{key}")] for key in ("M-1", "M-2")] == [["PER-01"], ["PER-01"]]


def test_people_confirm_and_reject_matches(funding: Funding) -> None:
    voucher, paid = facts.voucher(1, 100_00), facts.payment(1, -100_00)
    funding.post(facts.measure(), voucher, paid)
    funding.settle()
    (suggested,) = funding.do(application.list_suggestions, "measure/M-1")
    assert (suggested["voucher"], suggested["payment"], funding.statement().suggestions) == (voucher.id, paid.id, 1)
    confirm = ConfirmMatch(voucher=voucher.id, payment=paid.id, reason="Rechnung liegt vor")
    funding.post(facts.instruction("measure/M-1", confirm))
    funding.settle()
    assert (funding.statement().totals.spent_cents, funding.statement().suggestions) == (100_00, 0)
    reject = RejectMatch(voucher=voucher.id, payment=paid.id, reason="doch nicht")
    funding.post(facts.instruction("measure/M-1", reject))
    funding.settle()
    assert funding.statement().totals.spent_cents == 0
    assert len(funding.told(PaymentUnmatched)) == 1


def test_the_overview_says_of_which_measures_no_plan_is_known(funding: Funding) -> None:
    funding.post(facts.measure(), facts.plan(100_00), facts.measure("M-2"), facts.promise(100_00, key="M-2"))
    assert [one["has_plan"] for one in funding.do(application.overview, None)] == [False, False], "nothing is stated yet"
    funding.settle()
    assert {one["key"]: one["has_plan"] for one in funding.do(application.overview, None)} == {"M-1": True, "M-2": False}


def test_each_cut_off_date_is_judged_by_the_rules_in_force_on_it(funding: Funding) -> None:
    shipped = RULES["national"][-1]
    later = replace(shipped, applies_from=date(2026, 2, 1), digest="f" * 64)
    future = replace(shipped, applies_from=date(2099, 1, 1), digest="9" * 64)
    funding.using = replace(funding.using, rules={"national": (shipped, later, future)})
    days = date(2026, 1, 31), date(2026, 2, 1)
    programme = a_programme()
    cut_offs = [facts.instruction("programme/P", SetCutOff(as_of=day), n) for n, day in enumerate(days)]
    funding.post(*programme, *cut_offs, facts.measure(programme="P"), facts.promise(100_00))
    funding.settle()
    digests = [shipped.digest, later.digest, later.digest]
    assert [funding.statement("M-1", day).rules for day in (*days, None)] == digests
    stated = {e.statement.as_of: e.statement.rules for e in funding.told(ProgrammeReconciled)}
    assert [stated[day] for day in sorted(stated)] == digests


def test_rejected_rows_count_until_a_later_file_of_their_series(funding: Funding) -> None:
    def read(digest: str, minute: int, rows: int = 17, rejected: int = 0) -> FileRead:
        at = facts.KNOWN.replace(minute=minute)
        fact: FileRead = told(
            FileRead, f"file/{digest}", "end", at=at, kind="vouchers", series="s", rows=rows, facts=0, known=0, rejected=rejected
        )
        return fact

    rejected = told(
        RowRejected, "file/a", "17", at=facts.KNOWN.replace(minute=1), error="BEL-01", expected="ein Datum",
        mend="Datum eintragen", concerns="measure/M-1", series="s",
    )
    close = facts.instruction("measure/M-1", Close(closed_on=date(2026, 3, 1)))
    funding.post(facts.measure(), rejected, read("a", 2), close)
    funding.settle()
    assert (funding.statement().rejected, funding.statement().verdict) == (1, "open")
    assert funding.statement().state == "active", "the close waits"
    for name, rows, bad, why in (("c", 16, 0, "the row may be left out"), ("d", 17, 1, "the row may be rejected again")):
        funding.post(read(name, 3, rows, bad))
        funding.settle()
        assert funding.statement().rejected == 1, why
    funding.post(read("b", 4))
    funding.settle()
    assert (funding.statement().rejected, funding.statement().state) == (0, "closed")


def test_what_is_parked_or_rejected_of_an_account_keeps_its_measures_open(funding: Funding) -> None:
    account = f"account/{facts.IBAN}"
    rejected = told(
        RowRejected, "file/a", "17", error="BEL-01", expected="ein Betrag", mend="Betrag eintragen", concerns=account, series="k"
    )
    unknown = told(type(facts.payment()), account, "late", corrects=facts.payment(9).id, payment=facts.payment(9).payment)
    funding.post(facts.measure(), facts.payment(1, -5), unknown, rejected)
    funding.settle()
    assert (funding.statement().parked, funding.statement().rejected, funding.statement().verdict) == (1, 1, "open")
    with funding.database.transaction() as session:
        assert waiting.count_due(session) == {}, "and everything comes to rest"


def a_programme(*of: object) -> list[object]:
    programme = ProgrammeData(
        key="P", name="Programm (Demo)", rule_set="national", period=Period(start=date(2026, 1, 1), end=date(2027, 12, 31))
    )
    return [told(ProgrammeRegistered, "programme/P", "P", programme=programme), *of]


def joins(key: str, cents: int, **more: object) -> ParticipationRecorded:
    town = Municipality(key=key, name=f"Stadt {key} (Demo)")
    made = Participation(programme="P", municipality=town, joined_on=date(2026, 1, 1), amount_cents=cents, **more)  # type: ignore[arg-type]
    fact: ParticipationRecorded = told(ParticipationRecorded, "programme/P", key, participation=made)
    return fact


def test_a_programme_is_stated_after_its_measures_and_adds_them_up(funding: Funding) -> None:
    figure = Figure(
        programme="P", scope="municipalities", unit="count", value=2, published_on=date(2026, 2, 1), publication="Bericht"
    )
    funding.post(
        *a_programme(joins("modell", 60_00), joins("b", 40_00)), told(FigurePublished, "programme/P", "f", figure=figure)
    )
    funding.post(
        *(facts.measure(key, programme="P", service=key, target_group=key) for key in ("M-1", "M-2")),
        facts.plan(100_00), facts.plan(50_00, key="M-2"), facts.promise(100_00), facts.promise(50_00, key="M-2"),
    )
    funding.settle()
    statement = funding.do(application.coverage_of, "programme/P")
    assert isinstance(statement, ProgrammeStatement)
    assert (statement.totals.planned_cents, statement.totals.committed_cents, statement.totals.gap_cents) == (150_00, 150_00, 0)
    assert [(line.municipality.key, line.measures) for line in statement.lines] == [("b", ()), ("modell", ("M-1", "M-2"))]
    assert statement.lines[0].totals is None
    assert [(f.kind.value, f.valid_cents) for f in statement.lines[1].funders] == [("land", 150_00)]
    assert [(f.published, f.counted) for f in statement.figures] == [(2, 2)]
    last = {e.subject: e.id for e in funding.told(MeasureReconciled)}
    assert statement.measures == last, "it stands on the last statements of its measures"
    order = [type(e) for e in funding.told(MeasureReconciled, ProgrammeReconciled)]
    assert order[-1] is ProgrammeReconciled


def test_a_report_signed_early_makes_the_programmes_measures_provisional(funding: Funding) -> None:
    period = Period(start=date(2026, 1, 1), end=date(2026, 2, 28))
    report = SignedReport(programme="P", title="Q1", period=period, cut_off=date(2026, 2, 1), signed_on=date(2026, 2, 1))
    funding.post(*a_programme(), facts.measure(programme="P"))
    funding.settle()
    assert funding.statement().provisional is None
    funding.post(told(ReportSigned, "programme/P", "early", report=report))
    funding.settle()
    provisional = funding.statement().provisional
    assert provisional is not None
    assert provisional.cut_off == date(2026, 2, 1)
    funding.post(told(ReportSigned, "programme/P", "late", report=report.model_copy(update={"signed_on": date(2026, 3, 1)})))
    funding.settle()
    assert funding.statement().provisional is None


def test_missing_is_counted_once_per_object_and_findings_by_identity_over_the_programme(funding: Funding) -> None:
    funding.post(*a_programme(), *(facts.measure(key, programme="P", service=key, target_group=key) for key in ("M-1", "M-2")))
    funding.post(facts.promise(1), facts.promise(1, key="M-2"))
    funding.settle()
    statement = funding.do(application.coverage_of, "programme/P")
    assert statement.missing["KOF-01"] == 2
    assert "KOF-01" not in statement.counts


def test_measures_without_bank_lines_are_not_matched_one_by_one(funding: Funding) -> None:
    funding.post(facts.measure(), facts.voucher(1))
    with funding.database.transaction() as session:
        assert waiting.due_matching(session, 0.0, 0.0) == []
    funding.post(facts.payment(1, -5))
    with funding.database.transaction() as session:
        assert len(waiting.due_matching(session, 0.0, 0.0)) == 1


def test_event_ids_never_repeat(funding: Funding) -> None:
    funding.post(facts.measure(), facts.plan(100_00))
    for version, cents in enumerate((40_00, 100_00, 40_00, 100_00), 1):
        funding.post(facts.promise(cents, version=version))
        funding.settle()
    ids = [e.id for e in funding.told()]
    assert len(ids) == len(set(ids))
    known = [e.statement.facts_upto for e in funding.told(MeasureReconciled)]
    assert all(a <= b for a, b in pairwise(known))


def test_bank_lines_after_the_day_are_neither_statements_nor_suggestions_of_it(funding: Funding) -> None:
    before, on = date(2026, 1, 19), date(2026, 1, 20)
    days = [facts.instruction("measure/M-1", SetCutOff(as_of=day), n) for n, day in enumerate((before, on))]
    funding.post(facts.measure(), facts.voucher(1), facts.payment(1, value_date=on), *days)
    funding.settle()
    unpaid = {day: next(c for c in funding.statement(day=day).checks if c.code == "BEL-05") for day in (before, on)}
    assert [m.what for m in unpaid[before].missing] == ["Kontoauszug"]
    assert unpaid[on].outcome is Outcome.FINDING
    assert [funding.statement(day=day).suggestions for day in (before, on)] == [0, 1]


def test_a_statement_says_how_far_it_knows_each_paper_its_promises_name(funding: Funding) -> None:
    paper = "paper/modell%2FV-1"
    funding.post(facts.measure(), facts.plan(100_00), facts.promise(100_00, decision="V-1"))
    funding.settle()
    unknown = funding.statement().papers_upto
    funding.post(facts.decision())
    funding.settle()
    funding.post(facts.detail(100_00))
    funding.settle()
    assert (unknown, funding.statement().papers_upto) == ({paper: 0}, {paper: 2})


def test_an_entry_that_does_not_balance_is_counted_in_cents_also_where_only_a_payment_came(funding: Funding) -> None:
    funding.post(facts.measure(), facts.voucher(1, payment_reference="X1"), facts.payment(1, -100_00, end_to_end_id="X1"))
    funding.settle()
    with funding.database.transaction() as session:
        assert looking.unbalanced_cents(session) == 0
        session.execute(text("update journal set touched_at = touched_at - interval '1 hour' where kind = 'measure'"))
        session.execute(text(
            """insert into entry (subject, book, number, kind, booked_on, valued_on, fact, digest, place, seal, postings)
               select subject, book, number + 1, kind, booked_on, valued_on, fact, digest, place, seal,
                 '[["suppliers",-7,null,2026]]' from entry where subject = 'measure/M-1' and book = 'settlement'"""
        ))
        assert looking.unbalanced_cents(session) == 7
