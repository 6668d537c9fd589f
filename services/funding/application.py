"""What funding does: post facts to the journals, match payments, reconcile what is due, and answer questions about it.

Nothing here commits or asks what time it is; ``work`` brings both (only the pace of chores is kept by a stopwatch). What is
long is computed outside any lock and saved only if what it stands on has not moved.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from sqlmodel import Session

from services.funding.domain.bank_line import Line, line_of
from services.funding.domain.case import Proof, case_of, programme_case_of, proofs_of, standing_of
from services.funding.domain.checks import objects
from services.funding.domain.crossing import crossings, of_invoice, of_month, sharing
from services.funding.domain.finding import Difference, compare
from services.funding.domain.ledger import ZEROS, Broken, Journal, built, reference_of, verify_chain
from services.funding.domain.matching import Matched, Matching, Suggested, claims_of, match, words_of
from services.funding.domain.posting import Unpostable, entries_for, settle
from services.funding.domain.purpose import purpose_of
from services.funding.domain.reconciliation import ProgrammeReconciliation, Reconciled, reconcile, reconcile_programme
from services.funding.domain.rules import RuleSet, in_force, rule_sets
from services.funding.domain.waiver import Content, first_seen, waivers_of, waiving
from services.funding.store import looking, matching, posting, reading, reconciling, relations, waiting
from services.funding.store.posting import Held, Written
from services.funding.store.reading import Memory
from services.funding.store.waiting import Due
from shared.contracts.event import Event
from shared.contracts.funding import (
    Book,
    CoverageChanged,
    Entry,
    EntryPosted,
    FactParked,
    FactReleased,
    Finding,
    FindingChanged,
    FindingRaised,
    FindingSettled,
    Head,
    MeasureReconciled,
    MeasureStatement,
    PaymentMatched,
    PaymentUnmatched,
    ProgrammeReconciled,
    ProgrammeStatement,
)
from shared.contracts.intake import (
    AwardAmended,
    CofundingCommitted,
    ConfirmMatch,
    DecisionDetailed,
    DecisionRecorded,
    DismissParked,
    Fact,
    FileRead,
    GrantAwarded,
    InstructionGiven,
    IntakeEvent,
    MeasureRegistered,
    MeasureWithdrawn,
    PaymentBooked,
    ProgrammeRegistered,
    RejectMatch,
    ReleaseParked,
    ReportSigned,
    RowRejected,
    SetCutOff,
    StaffAssigned,
    VoucherCorrected,
    VoucherRecorded,
    VoucherWithdrawn,
)
from shared.messaging.parking import id_in
from shared.messaging.work import Work
from shared.persistence.database import driver_error, is_refusal
from shared.values.dates import business_date
from shared.values.source import digest_of, id_of
from shared.values.subject import kind_of, paper_key, subject_of

RULES: Final = rule_sets(Path(__file__).parent / "rules")
"""The rule sets there are, by name, each with its versions; a measure of another one waits until it is there."""
ACTOR: Final = "pruefpfad"
"""Who says what follows by rule."""
QUIET: Final = 0.3
"""Seconds a subject must have been left alone before it is reconciled, so that a list is reconciled once."""
PATIENCE: Final = 15.0
"""Seconds after which it is reconciled all the same."""
MANY: Final = 20
"""So many subjects touched at the same time are a bulk of lists, read in turn."""
REST: Final = 9
"""While facts keep coming, reconciling rests so many times as long as it worked: it takes a tenth of the time at most."""
LONGEST_REASON: Final = 500
"""Characters kept of why a subject was set aside."""
AT_A_TIME: Final = 0.25
"""Seconds of reconciling that are saved together."""
MOST_FINDINGS: Final = 5_000
"""Findings that one answer lists."""
MOST_PARKED: Final = 500
"""Parked facts that one answer lists."""


_log: Final = logging.getLogger(__name__)


# ── posting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def post_facts(work: Work, facts: Sequence[IntakeEvent]) -> None:
    """Post facts to the journals of their subjects, a batch in one transaction; what changed is due."""
    batch = _Posting(work, frozenset(RULES))
    batch.open(facts)
    for fact in facts:
        batch.post(fact)
    batch.save()


class _Posting:
    """One batch: journals locked, facts posted one by one, rows written together."""

    def __init__(self, work: Work, rule_sets: frozenset[str] | None) -> None:
        self.work, self.session, self.rule_sets = work, work.session, rule_sets
        self.written = Written()
        self.held: dict[str, Held] = {}
        self.awaited: set[str] = set()
        self.versioned: set[str] = set()
        self.seen: set[str] = set()
        self.papers: list[tuple[str, str]] = []
        self.days: list[tuple[str, date]] = []
        self.rejected: list[RowRejected] = []
        self.read: list[FileRead] = []

    def open(self, facts: Sequence[IntakeEvent]) -> None:
        """Lock all journals the batch touches, in one order, and bring what later facts replace."""
        own = {fact.subject for fact in facts if not fact.subject.startswith("file/")}
        dependents = self._dependents(facts)
        self.held = posting.open_books(self.session, own | dependents, self.rule_sets)
        for subject in dependents:
            self.held[subject].touched = True
        corrects: dict[str, list[UUID]] = defaultdict(list)
        for fact in facts:
            if fact.corrects is not None:
                corrects[fact.subject].append(fact.corrects)
        posting.load_originals(self.session, self.held, corrects)
        posting.load_standing(self.session, self.held, (fact.subject for fact in facts if _posts_versions(fact)))
        self.awaited = posting.awaited(self.session, lambda: [_released_by(fact) for fact in facts])

    def _dependents(self, facts: Sequence[IntakeEvent]) -> set[str]:
        """Subjects whose statement a fact of another subject changes."""
        papers, programmes, found, series = set(), set(), set(), set()
        for fact in facts:
            if isinstance(fact, VoucherRecorded | PaymentBooked):
                continue
            if isinstance(fact, DecisionRecorded | DecisionDetailed):
                papers.add(fact.subject)
            elif isinstance(fact, MeasureRegistered) and fact.measure.programme:
                found.add(subject_of("programme", fact.measure.programme))
            elif isinstance(fact, RowRejected):
                found |= {fact.concerns} if fact.concerns else set()
            elif isinstance(fact, FileRead):
                series.add(fact.series)
            elif fact.subject.startswith("programme/") and (
                isinstance(fact, ReportSigned | ProgrammeRegistered)
                or isinstance(getattr(fact, "instruction", None), SetCutOff | ReleaseParked | DismissParked)
            ):
                programmes.add(fact.subject)
        found |= relations.users_of_papers(self.session, papers) if papers else set()
        found |= relations.measures_of(self.session, programmes) if programmes else set()
        found |= relations.concerned_by_series(self.session, series) if series else set()
        found |= relations.users_of_accounts(self.session, found) if found else set()
        return {subject for subject in found if not subject.startswith("file/")}

    def post(self, fact: IntakeEvent) -> None:
        """Post one fact, or park it; then what waited for it."""
        if isinstance(fact, RowRejected):
            self.rejected.append(fact)
            return
        if isinstance(fact, FileRead):
            self.read.append(fact)
            return
        held = self.held[fact.subject]
        try:
            entries = entries_for(fact, held.books, business_date(fact.recorded_at))
        except Exception as error:
            with self.work.parking(fact):
                raise
            if isinstance(error, Unpostable) and error.waits_for:
                self.awaited.add(error.waits_for)
            return
        if entries:
            plain = entries[0].reverses is None
            held.books.posted[fact.id] = entries if plain else tuple(e for e in entries if e.reverses is None)
            self.written.add(fact.subject, entries)
            self.work.emit(*(entry_posted(entry, fact) for entry in entries))
        self._keep(fact, held)
        if self.awaited and (key := _released_by(fact)) in self.awaited:
            self.awaited.discard(key)
            self._release(self.work.waiting(key))

    def _release(self, events: Sequence[Event]) -> None:
        """Post facts that leave parking: they are of subjects whose journals this batch holds. Others may wait for these."""
        facts = [cast(IntakeEvent, event) for event in events]
        self.awaited |= posting.awaited(self.session, lambda: [_released_by(fact) for fact in facts])
        corrects: dict[str, list[UUID]] = defaultdict(list)
        for fact in facts:
            if fact.corrects is not None and fact.corrects not in self.held[fact.subject].books.posted:
                corrects[fact.subject].append(fact.corrects)
        posting.load_originals(self.session, self.held, corrects)
        for fact in facts:
            self.post(fact)

    def _keep(self, fact: IntakeEvent, held: Held) -> None:
        """The fact's row, and what of it other parts look for."""
        n = held.facts = held.facts + 1                         # before what it may release, which is kept at once
        held.touched = held.own = True
        crosses = None
        if isinstance(fact, VoucherRecorded | VoucherCorrected):
            held.matching = True
            crosses = of_invoice(fact.voucher)
        elif isinstance(fact, VoucherWithdrawn | PaymentBooked):
            held.matching = True
        else:
            crosses = self._keep_rare(fact, held)
        self.written.facts.append((
            fact.subject, n, fact.id, fact.type, fact.recorded_at, fact.corrects, crosses, self.work.body(fact),
        ))

    def _keep_rare(self, fact: IntakeEvent, held: Held) -> int | None:
        if isinstance(fact, StaffAssigned):
            return of_month(fact)
        if isinstance(fact, MeasureRegistered):
            relations.register(self.session, fact)
            if fact.corrects is not None:
                self.papers += [(fact.subject, named) for named in relations.forget_use_of_papers(self.session, fact.subject)]
            held.matching = True
            self.seen.add(fact.subject)
        elif isinstance(fact, GrantAwarded | AwardAmended):
            self.versioned.add(fact.subject)
            self.seen.add(fact.subject)
        elif isinstance(fact, MeasureWithdrawn):
            self.seen.add(fact.subject)
        elif isinstance(fact, CofundingCommitted):
            self.versioned.add(fact.subject)
            if fact.commitment.decision:
                self.papers.append((fact.subject, fact.commitment.decision))
        elif isinstance(fact, InstructionGiven):
            given = fact.instruction
            if isinstance(given, SetCutOff):
                self.days.append((fact.subject, given.as_of))
            elif isinstance(given, ConfirmMatch | RejectMatch):
                held.matching = True
            elif isinstance(given, ReleaseParked | DismissParked):
                self._settle_parked(fact.subject, given)
        return None

    def _settle_parked(self, subject: str, given: ReleaseParked | DismissParked) -> None:
        """Try a parked fact of the subject again, also one that was dismissed, or dismiss it; nothing where it was applied."""
        reference = self.work.parked_under(subject, given.fact, dismissed=isinstance(given, ReleaseParked))
        if reference is None:
            return
        if isinstance(given, ReleaseParked):
            self._release(self.work.release(reference))
        else:
            self.work.dismiss(reference, given.reason)

    def save(self) -> None:
        """Write everything."""
        self.written.copy(self.session)
        if self.versioned:
            posting.save_standing(self.session, self.held, self.versioned)
        if self.seen:
            known = reading.facts_others_see(self.session, self.seen)
            purposes = {subject: purpose for subject, facts in known.items() if (purpose := purpose_of(facts)) is not None}
            relations.keep_purposes(self.session, purposes)
        if self.papers:
            towns = relations.programmes_of(self.session, {measure for measure, _ in self.papers})
            relations.keep_use_of_papers(
                self.session,
                (
                    (subject_of("paper", paper_key(towns[measure].municipality.key, reference)), measure)
                    for measure, reference in self.papers
                    if measure in towns
                ),
            )
        if self.days:
            posting.watch(self.session, self.days)
        if self.rejected or self.read:
            posting.keep_rejections(self.session, self.rejected, self.read)
        posting.save_journals(self.session, self.held)


def entry_posted(entry: Entry, fact: IntakeEvent) -> EntryPosted:
    """The event of an entry. Not validated again: all its parts are values that were."""
    return built(
        EntryPosted,
        type="de.pruefpfad.entry.posted.v1",
        id=id_of(entry.seal),
        subject=fact.subject,
        recorded_at=fact.recorded_at,
        actor=ACTOR,
        approved_by=None,
        correlation=fact.correlation,
        cause=fact.id,
        entry=entry,
        voucher=fact.voucher if isinstance(fact, VoucherRecorded | VoucherCorrected) and entry.reverses is None else None,
    )


def _posts_versions(fact: Fact) -> bool:
    """Does it post a version of an award or a promise, or may it release one that was parked?"""
    if isinstance(fact, InstructionGiven):
        return isinstance(fact.instruction, ReleaseParked)
    return isinstance(fact, GrantAwarded | AwardAmended | CofundingCommitted)


def _released_by(fact: Fact) -> str:
    """What others may wait for until this fact is posted."""
    return fact.subject if isinstance(fact, MeasureRegistered) else f"fact {fact.id}"


# ── at its own pace ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Reconciling:
    """What reconciling needs beside the database: the rules, facts it has read before, and its pace."""

    rules: Mapping[str, Sequence[RuleSet]] = field(default_factory=lambda: RULES)
    memory: Memory = field(default_factory=Memory)
    quiet: float = QUIET
    patience: float = PATIENCE


def reconcile_due(work: Work, using: Reconciling) -> bool:
    """One step of what is due: what was parked is told; payments are matched; then measures; then programmes.

    Returns whether something was done, so that there may be more.
    """
    return (
        tell_parked(work)
        or match_due(work, using)
        or reconcile_due_measures(work, using)
        or reconcile_due_programmes(work, using)
    )


class Pace:
    """Reconciling as a chore: at once when nothing is posted, a tenth of the time while facts keep coming, and then, if they come
    to many subjects in turn, only what has waited long: each will soon be touched again."""

    def __init__(self, using: Reconciling) -> None:
        self.using = using
        self._rests_until = 0.0

    def reconcile_due(self, work: Work) -> None:
        """One step, unless it is time to rest."""
        touched = waiting.touched_lately(work.session, 2 * QUIET, MANY)
        if touched and time.monotonic() < self._rests_until:
            return
        began = time.monotonic()
        reconcile_due(work, self.using if touched < MANY else replace(self.using, quiet=self.using.patience))
        self.rest(REST * (time.monotonic() - began))

    def rest(self, seconds: float) -> None:
        """Leave the time to posting, if there is anything to post."""
        self._rests_until = time.monotonic() + seconds


def mark_new_day(work: Work, limit: int = 1_000) -> bool:
    """Today is watched: when the date changes, everything is due. Returns whether there is more."""
    return waiting.touch_of_earlier_days(work.session, work.today, limit) == limit


def tell_parked(work: Work, limit: int = 1_000) -> bool:
    """Say what was parked and what was released since; what is parked makes its subject due."""
    parked = waiting.parked_untold(work.session, limit)
    released = waiting.released_untold(work.session, limit)
    if not parked and not released:
        return False
    subjects = {p.subject for p in parked} | {subject for _, subject, _, _ in released}
    subjects |= relations.users_of_accounts(work.session, subjects)
    waiting.lock(work.session, (s for s in subjects if not s.startswith("file/")))
    told = [(p, id_in(p.body)) for p in parked]
    for p, fact in told:
        work.emit(
            FactParked(
                id=id_of("parked", p.reference, str(p.attempts)), subject=p.subject, recorded_at=work.now, actor=ACTOR, fact=fact,
                fact_type=p.type or None, reason=p.reason, waits_for=p.waits_for, cause=fact,
            )
        )
    for reference, subject, fact, attempts in released:
        if fact is not None:
            work.emit(
                FactReleased(
                    id=id_of("released", reference, str(fact), str(attempts)), subject=subject, recorded_at=work.now,
                    actor=ACTOR, fact=fact, cause=fact,
                )
            )
    waiting.save_told(work.session, [(p.reference, p.subject, fact, p.attempts) for p, fact in told], [r for r, *_ in released])
    waiting.touch(work.session, (s for s in subjects if not s.startswith("file/")))
    return True


# ── matching ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _set_aside(work: Work) -> Iterator[list[str]]:
    """What raises inside is undone, and its reason is put into the list: one subject must not keep all others waiting.

    A database that cannot be reached is nobody's fault and passes through.
    """
    failed: list[str] = []
    try:
        with work.session.begin_nested(), work.undone_on_error():
            yield failed
    except Exception as error:
        if driver_error(error) is not None and not is_refusal(error):
            raise
        reason = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
        _log.exception("a subject could not be reconciled and is set aside")
        failed.append(reason)


def match_due(work: Work, using: Reconciling) -> bool:
    """Match vouchers and bank lines of one group of accounts and measures that belong together."""
    due = waiting.due_matching(work.session, using.quiet, using.patience)
    if not due:
        return False
    accounts, measures = relations.component(work.session, due[0].subject)
    with _set_aside(work) as failed:
        _match_group(work, using, accounts, measures)
    if failed:
        waiting.lock(work.session, (*accounts, *measures))
        waiting.set_aside(work.session, (*accounts, *measures), failed[0])
    return True


def _match_group(work: Work, using: Reconciling, accounts: Sequence[str], measures: Sequence[str]) -> None:
    seen = waiting.versions(work.session, [*accounts, *measures])
    fresh = matching.has_new_bank_lines(work.session, accounts)
    known = {subject: using.memory.facts(work.session, subject) for subject in (*accounts, *measures)}
    claims = {claim.fact: claim for subject in measures for claim in claims_of(subject, known[subject])}
    lines = [line for subject in accounts for line in _bank_lines(work, subject, known[subject])]
    found = match(claims.values(), lines, words_of(known[subject] for subject in measures))

    now = waiting.lock(work.session, (*accounts, *measures))
    unmoved = {subject for subject, version in seen.items() if now.get(subject) == version}
    recorded = {fact.id: fact.recorded_at for facts in known.values() for fact in facts}
    changed = _settle(work, found, unmoved.intersection(measures), recorded)
    leftovers = matching.save_leftovers(
        work.session, accounts, [_suggestion_row(s) for s in found.suggestions],
        sorted({(f"account/{line.account}", line.entry, line.value_date) for line in found.unmatched}),
    )
    waiting.matched(work.session, unmoved)
    waiting.match_again(work.session, set(measures) - unmoved)
    if leftovers or fresh:
        waiting.touch(work.session, set(measures) - changed)
    waiting.touch(work.session, changed, own=True)


def _bank_lines(work: Work, subject: str, facts: Sequence[IntakeEvent]) -> Iterable[Line]:
    numbers = matching.numbers_of_payments(work.session, subject)
    for fact in standing_of(facts):
        if isinstance(fact, PaymentBooked) and fact.id in numbers:
            yield line_of(fact.id, fact.source, fact.payment, numbers[fact.id])


def _suggestion_row(suggested: Suggested) -> tuple[Any, ...]:
    line, claim = suggested.line, suggested.claim
    about = {
        "voucher": " ".join(map(str, claim.place[:3])), "payable_cents": claim.payable_cents,
        "payment": f"{line.account}/{line.entry}", "amount_cents": line.amount_cents, "value_date": line.value_date.isoformat(),
        "row": line.source.reference, "reasons": list(suggested.reasons),
    }
    return claim.fact, line.fact, claim.subject, f"account/{line.account}", json.dumps(about, ensure_ascii=False).encode()


def _settle(work: Work, found: Matching, measures: set[str], recorded: Mapping[UUID, datetime]) -> set[str]:
    """Post what was newly matched and reverse what no longer holds; returns the measures concerned."""
    held = {(h.match.voucher, h.match.payment): h for h in matching.matches(work.session, sorted(measures))}
    wanted = {(m.claim.fact, m.line.fact): m for m in found.matches if m.claim.subject in measures}
    proven = {voucher for voucher, _ in wanted}
    gone = [h for pair, h in held.items() if pair not in wanted or not wanted[pair].is_told_by(h.match)]
    new = [m for pair, m in wanted.items() if pair not in held or not m.is_told_by(held[pair].match)]
    changed = {h.subject for h in gone} | {m.claim.subject for m in new}
    if not changed:
        return set()
    journals = matching.settlements(work.session, sorted(changed))
    written = Written()
    ended: list[tuple[str, int, int]] = []
    for subject in sorted({h.subject for h in gone}):
        mine = sorted((h for h in gone if h.subject == subject), key=lambda h: h.entry)
        entries = reading.entries_of(work.session, subject, [h.entry for h in mine], Book.SETTLEMENT)
        for h in mine:
            original = entries[h.entry]
            undone = journals[subject].reverse(original, booked_on=work.today, fact=h.match.payment, source=original.source)
            written.add(subject, [undone])
            ended.append((subject, h.entry, undone.number))
            reason = "voucher or payment was corrected" if h.match.voucher not in proven else "another match holds"
            work.emit(
                PaymentUnmatched(
                    id=id_of(undone.seal), subject=subject, recorded_at=work.now, actor=ACTOR, match=h.match,
                    entry=undone, reason=reason, cause=h.match.payment,
                )
            )
    made = [_post_match(work, m, journals[m.claim.subject], recorded, written) for m in new]
    written.copy(work.session)
    matching.save_matches(work.session, made, ended)
    matching.save_settlements(work.session, journals.values())
    return changed


def _post_match(
    work: Work, found: Matched, journal: Journal, recorded: Mapping[UUID, datetime], written: Written
) -> tuple[Any, ...]:
    """Post one match and tell it; returns its row."""
    claim, line, made = found.claim, found.line, found.match
    booked_on = business_date(max(recorded[claim.fact], recorded[line.fact]))
    entry = settle(journal, made, budget_year=claim.budget_year, booked_on=booked_on, source=line.source)
    written.add(claim.subject, [entry])
    work.emit(
        PaymentMatched(
            id=id_of(entry.seal), subject=claim.subject, recorded_at=work.now, actor=ACTOR, match=made, entry=entry,
            cause=line.fact,
        )
    )
    body = made.model_dump_json().encode()
    return claim.subject, entry.number, claim.fact, line.fact, f"account/{line.account}", claim.budget_year, body


# ── measures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Stated:
    """A measure reconciled for its watched days, not yet saved."""

    due: Due
    programme: str | None = None
    failed: str | None = None
    """Why it could not be reconciled."""
    days: list[tuple[Reconciled, MeasureStatement]] = field(default_factory=list)
    given_for: dict[UUID, Content] = field(default_factory=dict)
    """What waivers were given for that are seen for the first time."""
    marks: set[str] = field(default_factory=set)
    """Other measures that are due because of this one."""


def reconcile_due_measures(work: Work, using: Reconciling) -> bool:
    """Reconcile measures that are due, as many as fit into a quarter of a second; save those that have not moved.

    One that raises is set aside with its reason, stays due and is tried again after a pause; the others go on.
    """
    due = waiting.due_measures(work.session, using.quiet, using.patience, 50)
    stated: list[_Stated] = []
    began = time.monotonic()
    for one in due:
        with _set_aside(work) as failed:
            stated.append(_state(work, one, using))
        if failed:
            stated.append(_failed(work, one, failed[0]))
        if time.monotonic() - began > AT_A_TIME:
            break
    if not stated:
        return False
    marks = {subject for s in stated for subject in s.marks}
    programmes = {s.programme for s in stated if s.programme}
    now = waiting.lock(work.session, {s.due.subject for s in stated} | marks | programmes)
    told: list[str] = []
    marked: set[str] = set()
    moved_programmes: set[str] = set()
    for s in stated:
        if now.get(s.due.subject) != s.due.version:
            continue                                            # new facts came meanwhile: it stays due
        changed: list[bool] = []
        if s.failed is None:
            with _set_aside(work) as failed:
                changed = [_save(work, s.due, result.findings, statement) for result, statement in s.days]
                reconciling.save_given_for(work.session, s.due.subject, s.given_for)
            s.failed = failed[0] if failed else None
        if s.failed is not None:
            waiting.set_aside(work.session, [s.due.subject], s.failed)
            moved_programmes |= {s.programme} if s.programme else set()
            continue
        waiting.done(work.session, [s.due.subject], work.today)
        told.append(s.due.subject)
        marked |= s.marks
        if any(changed) and s.programme:
            moved_programmes.add(s.programme)
    relations.neighbours_told(work.session, told)
    waiting.touch(work.session, marked)
    waiting.touch(work.session, moved_programmes)
    return True


def _failed(work: Work, due: Due, reason: str) -> _Stated:
    registered = relations.programmes_of(work.session, [due.subject]).get(due.subject)
    programme = subject_of("programme", registered.programme) if registered and registered.programme else None
    return _Stated(due, programme, reason)


def _state(work: Work, due: Due, using: Reconciling) -> _Stated:
    """Everything that is known about a measure, reconciled for each of its days. Reads only."""
    session, subject = work.session, due.subject
    place = reconciling.place_of(session, subject)
    stated = _Stated(due)
    if place.version != due.version:
        return stated                                           # touched since: what came may have to be matched first
    facts = using.memory.facts(session, subject)
    standing = standing_of(facts)
    registered = next((f for f in reversed(standing) if isinstance(f, MeasureRegistered)), None)
    if registered is None:
        return stated
    programme = subject_of("programme", registered.measure.programme) if registered.measure.programme else None
    papers = relations.papers_named_by(session, subject)
    papers_upto = reconciling.facts_upto(session, papers)  # before the facts: what comes in between makes the measure due again
    neighbours = relations.neighbours(session, subject)
    elsewhere = _elsewhere(session, subject, facts, standing)
    others = reading.facts_others_see(session, {*neighbours.compared, *elsewhere.measures})
    on_the_same_papers = relations.users_of_papers(session, papers) - {subject} if papers else set()
    waivers = reading.waivers_given(session, on_the_same_papers - others.keys())
    waived_elsewhere = list(chain.from_iterable(map(standing_of, waivers.values())))
    said = [*standing, *chain.from_iterable(map(standing_of, others.values())), *waived_elsewhere]
    known, first = _given_for(session, subject, said)
    rare = reading.rare_facts(session, [*papers, *([programme] if programme else [])])
    of_programme = rare[programme] if programme else []
    named = [f.programme for f in standing_of(of_programme) if isinstance(f, ProgrammeRegistered)]
    on_any_day = partial(
        case_of,
        facts,
        programme=named[-1] if named else None,
        entries=matching.numbers_of_vouchers(session, subject),
        proofs=proofs_of(h.match for h in matching.matches(session, [subject])),
        papers=[f for paper in papers for f in rare[paper]],
        programme_facts=of_programme,
        related=list(others.values()),
        waived_elsewhere=waived_elsewhere,
        given_for=known,
    )
    unmatched = reconciling.unmatched_of(session, subject)
    parked, rejected = reconciling.count_parked(session, subject), reconciling.count_rejected(session, subject)
    dismissed = reconciling.dismissed(session, (subject, *papers, *([programme] if programme else [])))
    for day in sorted({work.today, *reconciling.days_of(session, subject, programme)}):
        there = elsewhere.claimed_on(day)
        result = reconcile(
            on_any_day(
                as_of=day,
                rules=in_force(using.rules[registered.measure.rule_set], day),
                elsewhere=[(f, elsewhere.proofs.get(f.id)) for f in there],
                staff_elsewhere=there,
                unmatched_payments=tuple(reference_of(a, Book.MAIN, n) for a, n, valued_on in unmatched if valued_on <= day),
                bank_statements=reconciling.has_bank_statements(session, subject, day),
                suggestions=reconciling.count_suggestions(session, subject, day),
            )
        )
        statement = result.statement(
            head=place.head, settlement=place.settlement, facts_upto=place.facts_upto, papers_upto=papers_upto,
            dismissed=dismissed, parked=parked, rejected=rejected,
        )
        stated.days.append((result, statement))
    findings = [f for result, _ in stated.days for f in result.findings]
    stated.given_for = first | first_seen(waivers_of(said, known), findings)
    stated.programme = programme
    stated.marks = set(neighbours.untold)
    if due.own:
        waived = {given.finding for _, given in waiving(standing)}
        stated.marks |= elsewhere.concerned | {other for f in findings if f.id in waived for other in f.crosses} - {subject}
        if any(f.id in waived and objects.is_of_paper(f.object) for f in findings):
            stated.marks |= on_the_same_papers                      # the flaw of a decision is one, whoever rests on it
    return stated


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Vouchers and months of other measures that share an invoice or a person with one."""

    facts: Sequence[IntakeEvent]
    proofs: Mapping[UUID, Proof]
    withdrawn: Mapping[str, date]
    """Since when measures among them are withdrawn."""
    concerned: set[str]
    """Subjects of those measures, and of those that shared what was corrected since."""

    @property
    def measures(self) -> set[str]:
        """Subjects of those they are of."""
        return {fact.subject for fact in self.facts}

    def claimed_on(self, day: date) -> list[IntakeEvent]:
        """Those of measures that are not withdrawn by the day."""
        return [fact for fact in self.facts if self.withdrawn.get(fact.subject, date.max) > day]


def _elsewhere(session: Session, subject: str, facts: Sequence[Fact], standing: Sequence[Fact]) -> _Elsewhere:
    found = reading.facts_elsewhere(session, subject, crossings(facts))
    if not found:
        return _Elsewhere((), {}, {}, set())
    shared = sharing(standing, found)
    concerned = {fact.subject for fact in (shared if len(standing) == len(facts) else sharing(facts, found))}
    vouchers = [f.id for f in shared if isinstance(f, VoucherRecorded | VoucherCorrected)]
    proofs = proofs_of(h.match for h in matching.matches_of_vouchers(session, vouchers))
    return _Elsewhere(shared, proofs, reading.withdrawals(session, (f.subject for f in shared)), concerned)


def _given_for(
    session: Session, subject: str, standing: Sequence[Fact]
) -> tuple[dict[UUID, Content], dict[UUID, Content]]:
    """What waivers were given for: all that is known, and what of it is seen for the first time, from findings told before."""
    waivers = waivers_of(standing, {})
    if not waivers:
        return {}, {}
    known = reconciling.given_for(session, [waiver.instruction for waiver in waivers.values()])
    waivers = waivers_of(standing, known)
    unbound = [finding for finding, waiver in waivers.items() if waiver.given_for is None]
    first = first_seen(waivers, reconciling.findings_waived(session, subject, unbound)) if unbound else {}
    return known | first, first


def _save(work: Work, due: Due, findings: Iterable[Finding], statement: MeasureStatement | ProgrammeStatement) -> bool:
    """Tell what changed as of one day, and keep it; returns whether anything did."""
    day, subject = statement.as_of, due.subject
    before = reconciling.statement(work.session, subject, day)
    difference = _tell_findings(work, due, day, findings)
    body = statement.model_dump_json().encode()
    if before is not None and before[1] == body and difference == Difference((), (), ()):
        return False
    event = id_of(f"{kind_of(subject)} reconciled", subject, day.isoformat(), str(due.version), digest_of(body))
    if isinstance(statement, MeasureStatement):
        _tell_coverage(work, due, MeasureStatement.model_validate_json(before[1]) if before else None, statement)
        work.emit(MeasureReconciled(id=event, subject=subject, recorded_at=work.now, actor=ACTOR, statement=statement))
    else:
        work.emit(ProgrammeReconciled(id=event, subject=subject, recorded_at=work.now, actor=ACTOR, statement=statement))
    reconciling.save_statement(work.session, subject, day, event, body)
    return True


def _tell_findings(work: Work, due: Due, day: date, found: Iterable[Finding]) -> Difference:
    """Say which findings were raised, changed or settled as of a day."""
    difference = compare(reconciling.findings(work.session, due.subject, day), found)
    for event, findings in (
        (FindingRaised, difference.raised), (FindingChanged, difference.changed), (FindingSettled, difference.settled)
    ):
        work.emit(
            *(
                event(
                    id=id_of(event.__name__, due.subject, day.isoformat(), str(due.version), str(finding.id)),
                    subject=due.subject, recorded_at=work.now, actor=ACTOR, as_of=day, finding=finding,
                )
                for finding in findings
            )
        )
    reconciling.save_findings(work.session, due.subject, day, (*difference.raised, *difference.changed), difference.settled)
    return difference


def _tell_coverage(work: Work, due: Due, before: MeasureStatement | None, after: MeasureStatement) -> None:
    """Say in which budget years the gap is another than before; a first statement says where there is one."""
    gaps = {line.budget_year: line.gap_cents for line in after.years}
    earlier = {line.budget_year: line.gap_cents for line in before.years} if before else {}
    for year in sorted({*gaps, *earlier}):
        if (gaps.get(year) or None) != (earlier.get(year) or None):
            work.emit(
                CoverageChanged(
                    id=id_of("coverage", due.subject, after.as_of.isoformat(), str(due.version), str(year)), subject=due.subject,
                    recorded_at=work.now, actor=ACTOR, as_of=after.as_of, budget_year=year, gap_before_cents=earlier.get(year),
                    gap_cents=gaps.get(year),
                )
            )


# ── programmes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def reconcile_due_programmes(work: Work, using: Reconciling) -> bool:
    """Reconcile one programme none of whose measures is due any more."""
    due = waiting.due_programmes(work.session, using.quiet, using.patience, 1)
    if not due:
        return False
    with _set_aside(work) as failed:
        _reconcile_programme(work, due[0], using)
    if failed:
        waiting.lock(work.session, [due[0].subject])
        waiting.set_aside(work.session, [due[0].subject], failed[0])
    return True


def _reconcile_programme(work: Work, due: Due, using: Reconciling) -> None:
    session, subject = work.session, due.subject
    place = reconciling.place_of(session, subject)
    one = due._replace(version=place.version)
    facts = using.memory.facts(session, subject)
    standing = standing_of(facts)
    registered = next((f for f in reversed(standing) if isinstance(f, ProgrammeRegistered)), None)
    results: list[ProgrammeReconciliation] = []
    first: dict[UUID, Content] = {}
    known: dict[UUID, Content] = {}
    if registered is not None:
        measures = sorted(relations.measures_of(session, [subject]))
        keys = {s: data.key for s, data in relations.programmes_of(session, measures).items()}
        others = reading.facts_others_see(session, measures)
        known, first = _given_for(session, subject, standing)
        parked = reconciling.count_parked(session, subject) + waiting.count_set_aside_of(session, subject)
        rejected, dismissed = reconciling.count_rejected(session, subject), reconciling.dismissed(session, [subject])
        for day in sorted({work.today, *reconciling.days_of(session, subject, None)}):
            statements = reconciling.measure_statements(session, measures, day)
            findings = reconciling.findings_of(session, measures, day)
            case = programme_case_of(
                facts,
                as_of=day,
                rules=in_force(using.rules[registered.programme.rule_set], day),
                measures={keys[s]: others[s] for s in measures},
                statements={keys[s]: statement for s, (_, statement) in statements.items()},
                findings={keys[s]: of for s, of in findings.items()},
                events={s: event for s, (event, _) in statements.items()},
                given_for=known,
            )
            results.append(
                reconcile_programme(
                    case, facts_upto=place.facts_upto, dismissed=dismissed, parked=parked, rejected=rejected,
                )
            )
    now = waiting.lock(session, [subject])
    if now.get(subject) != one.version:
        return                                                  # it stays due
    for result in results:
        _save(work, one, result.findings, result.statement)
    seen = first_seen(waivers_of(standing, known), (f for result in results for f in result.findings))
    reconciling.save_given_for(session, subject, first | seen)
    waiting.done(session, [subject], work.today)


# ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class UnknownReference(LookupError):
    """No entry is called so."""


def coverage_of(work: Work, subject: str, as_of: date | None = None) -> MeasureStatement | ProgrammeStatement | None:
    """The statement of a measure or a programme as of a day; without one the latest day it was stated for."""
    days = looking.days_stated(work.session, subject)
    day = as_of or max(days, default=None)
    return looking.statement_of(work.session, subject, day) if day else None


def days_stated(work: Work, subject: str) -> list[date]:
    """Days a measure or a programme is stated for."""
    return looking.days_stated(work.session, subject)


def find_entry(work: Work, reference: str) -> dict[str, Any]:
    """An entry by what is printed (``M-1/123``, ``M-1/S-7``, ``DE…/12``), its fact, and the entries that belong to it.

    Raises ``UnknownReference``.
    """
    key, _, place = reference.strip().rpartition("/")
    book = Book.SETTLEMENT if place.startswith("S-") else Book.MAIN
    number = place.removeprefix("S-")
    if key and number.isdigit():
        for kind in ("measure", "account"):
            subject = subject_of(kind, key)
            entry = reading.find_entry(work.session, subject, book, int(number))
            if entry is not None:
                fact = reading.fact_of(work.session, subject, entry.fact)
                about = looking.entries_about(work.session, subject, entry.number, entry.fact)
                return {
                    "reference": reference_of(subject, book, entry.number),
                    "subject": subject,
                    "entry": entry.model_dump(mode="json", exclude={"previous"}),
                    "row": entry.source.reference,
                    "fact": fact.model_dump(mode="json") if fact else None,
                    "entries": [
                        {"reference": reference_of(s, Book(b), n), "kind": kind_of_entry}
                        for s, b, n, kind_of_entry in about
                        if (s, b, n) != (subject, book, entry.number)
                    ],
                }
    raise UnknownReference(reference)


def verify(work: Work, subject: str | None = None) -> dict[str, Any]:
    """Read journals again and check numbers, balances and seals; names the first broken place of each broken book."""
    broken: list[Broken] = []
    journals = entries = 0
    digest = hashlib.sha256()
    for name, number, seal, settled, settled_seal in looking.journals(work.session):
        if subject not in (None, name):
            continue
        journals, entries = journals + 1, entries + number + settled
        digest.update(f"{name} {number} {seal}\n".encode())
        heads = {
            Book.MAIN: Head(number=number, seal=seal or ZEROS),
            Book.SETTLEMENT: Head(number=settled, seal=settled_seal or ZEROS),
        }
        for book, head in heads.items():
            found = verify_chain(name, book, reading.book(work.session, name, book), head)
            if found is not None:
                broken.append(found)
    return {
        "journals": journals,
        "entries": entries,
        "intact": not broken,
        "digest": digest.hexdigest(),
        "broken": [{"reference": b.reference, "what": b.what} for b in broken],
    }


def list_measures(work: Work) -> list[dict[str, Any]]:
    """Registered measures."""
    return looking.list_measures(work.session)


def overview(work: Work, as_of: date | None) -> list[dict[str, Any]]:
    """Measures with their names, totals, open findings and suggestions, as of a day or each of its latest."""
    return looking.overview(work.session, as_of)


def list_findings(
    work: Work, as_of: date | None, subject: str | None, more: Mapping[str, Any] | None = None, limit: int = MOST_FINDINGS,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Findings as of a day, today without one; ``more``: only of a ``code``, of a ``severity``, ``waived`` or not, or with an id
    that ``begins`` so."""
    return looking.list_findings(work.session, _chosen(work, as_of, subject, more), limit, offset)


def sum_findings(
    work: Work, as_of: date | None, subject: str | None, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """How many findings there are and what is at risk, in all and by check, each identity once; chosen as for the list."""
    by_code = looking.sum_findings(work.session, _chosen(work, as_of, subject, more))
    in_all = {name: sum(one[name] for one in by_code) for name in ("findings", "at_risk_cents")}
    return {**in_all, "by_code": by_code}


def _chosen(work: Work, as_of: date | None, subject: str | None, more: Mapping[str, Any] | None) -> looking.Chosen:
    asked = more or {}
    return {
        "day": as_of or work.today, "subject": subject, "code": asked.get("code"), "severity": asked.get("severity"),
        "waived": asked.get("waived"), "begins": asked.get("begins"),
    }


def list_suggestions(work: Work, measure: str | None) -> list[dict[str, Any]]:
    """Weak matches that wait for a person."""
    return looking.list_suggestions(work.session, measure)


def list_parked(
    work: Work, limit: int = MOST_PARKED, offset: int = 0, subject: str | None = None, dismissed: bool = False
) -> list[dict[str, Any]]:
    """Facts that could not be posted, oldest first: why, and what they wait for; or those that a person dismissed."""
    return [
        {"fact": str(fact) if (fact := id_in(p.body)) else None, **{k: v for k, v in p._asdict().items() if k != "body"}}
        for p in waiting.list_parked(work.session, subject, dismissed, limit, offset)
    ]


def count_parked(work: Work, subject: str | None, dismissed: bool) -> int:
    """How many facts could not be posted, or were dismissed."""
    return waiting.count_parked(work.session, subject, dismissed)


def list_rules(work: Work) -> list[dict[str, Any]]:
    """Rule sets, each of their versions with its values and sources."""
    return [
        {
            "name": rules.name,
            "title": rules.title,
            "applies_from": rules.applies_from.isoformat(),
            "digest": rules.digest,
            "rules": {
                name: {"value": str(rule.value), "source": rule.source, "verified": rule.verified}
                for name, rule in rules.rules.items()
            },
        }
        for versions in RULES.values()
        for rules in versions
    ]


def count_due(session: Session) -> dict[str, int]:
    """How many subjects wait, by kind."""
    return waiting.count_due(session)


def work_left(session: Session) -> int:
    """How many subjects are due, and how many facts were parked or released since that was told: telling makes more due."""
    return sum(waiting.count_due(session).values()) + waiting.count_untold(session)


def count_set_aside(session: Session) -> dict[str, int]:
    """How many subjects could not be reconciled, by kind."""
    return waiting.count_set_aside(session)


def unbalanced(session: Session) -> dict[tuple[str, ...], float]:
    """Cents by which entries do not balance."""
    return {(): float(looking.unbalanced_cents(session))}


def count_findings(session: Session, now: datetime) -> dict[str, int]:
    """Findings that hold today, by code."""
    return looking.count_open_findings(session, business_date(now))
