"""The way in: every event applied once, in its subject's order, whatever Kafka delivers."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import Event as Flag
from threading import Lock
from typing import Any, Final
from uuid import UUID
from zlib import crc32

from sqlmodel import Session

from shared.contracts.event import Event
from shared.messaging.envelope import ZERO, Delivery, Heads, Record, Unplaced, printable, read
from shared.messaging.heads import Head, HeadsTold, read_heads
from shared.messaging.parking import Parking, Reads
from shared.messaging.tables import Applied
from shared.messaging.work import Clock, Work
from shared.persistence.database import Database, copy, cursor, driver_error, is_offence
from shared.values.subject import lane_of

log = logging.getLogger("pruefpfad.inbox")

UseCase = Callable[[Work, Sequence[Any]], object]
"""Applies events of one union of contracts; which, its inbox's ``reads`` decides."""

OK: Final = "ok"
GAP: Final = "gap"
BEHIND: Final = "behind"
FORK: Final = "fork"

SHORTEST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
DIGESTS_PER_ROW: Final = 1_000
RARE: Final = ("repeats", "held", "gaps", "forks", "behind", "damaged", "parked", "refused", "released", "unplaced")
"""What is counted in the database as well, so that it outlives the process; the common is counted in memory only."""

FAULTS: Final = (AttributeError, NameError, TypeError, ImportError, AssertionError, NotImplementedError, KeyError, IndexError)
"""What a program raises that is wrong, rather than a domain that refuses."""

RAISE_ALARM: Final = """
insert into alarm (consumer, subject, what, detail, times) values (%s, %s, %s, %s, 1)
on conflict (consumer, subject, what) do update set times = alarm.times + 1, last_at = now(), detail = excluded.detail,
  acknowledged_at = null, acknowledged_by = null
"""
COUNT: Final = """
insert into counted (who, what, times) select %s, * from unnest(%s::text[], %s::int8[])
on conflict (who, what) do update set times = counted.times + excluded.times
"""


class FaultyRelease(RuntimeError):
    """Every fact of a batch, of several subjects, fails at the same place of the program: that is broken, not the facts."""


class Inbox:
    """One consumer of one stream. ``consumer`` is part of what is stored: renaming it would apply everything again."""

    def __init__(
        self, database: Database, stream: str, *, consumer: str, reads: Reads, clock: Clock, held: int = 1_000,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``reads`` turns type and body into an event, into nothing if this consumer only counts it, or raises what is wrong
        with it; ``held`` is how many events of a subject are kept behind a gap (what is beyond is told again)."""
        self.database, self.stream, self.consumer = database, stream, consumer
        self.reads, self.clock, self.held = reads, clock, held
        self.counts: Counter[str] = Counter()
        """applied, repeats, held, gaps, forks, behind, damaged, parked, refused, released, unplaced: since this process
        started."""
        self.lacking = Flag()
        """Set when something turned out to be missing: the relay asks for it."""
        self._sleep, self._pause, self._mutex = sleep, SHORTEST_PAUSE, Lock()
        self.lacking.set()
        self._locks = crc32(consumer.encode()) << 8

    def lock_of(self, lane: int) -> int:
        """Key of the advisory lock under which this consumer applies events of a lane."""
        return self._locks | lane

    def once(self, records: Sequence[Record], use_case: UseCase) -> None:
        """Apply what is new, in one transaction. Raises if the infrastructure fails, or the program fails every fact in the same
        way (``FaultyRelease``): then the batch comes again."""
        arrived = [read(record) for record in records]
        with self._patience():
            with self.database.transaction() as session:
                batch = _Batch(self, session)
                batch.sort(arrived)
                batch.lock()
                batch.arrive()
                batch.compare_repeats()
                batch.compare_heads()
                batch.apply(use_case)
                batch.save()
            self._noted(batch)

    def retry_parked(self, use_case: UseCase, *, at_once: int = 500) -> int:
        """Try again everything that is parked, at each start and now and then: a newer version may know more, and whoever should
        have released what waits may have been killed. Returns how many left parking."""
        after, released = 0, 0
        while True:
            with self._patience():
                with self.database.transaction() as session:
                    batch = _Batch(self, session)
                    last = batch.retry(after, at_once, use_case)
                    batch.save()
                self._noted(batch)
            if last == after:
                return released
            after, released = last, released + batch.counts["released"]

    def lacks(self, limit: int = 1_000) -> dict[str, Head]:
        """Where this consumer stands in subjects of which something is missing: it asks to be told what follows."""
        with self.database.transaction() as session, cursor(session) as run:
            run.execute(
                """select subject, sequence, digest from inbox where consumer = %s and state in ('gap', 'behind')
                   order by subject limit %s""", (self.consumer, limit), binary=True,
            )
            return {subject: (sequence, bytes(digest)) for subject, sequence, digest in run}

    def stands(self) -> dict[str, Head]:
        """Where this consumer stands in every subject: what it can hold against a publisher that was restored."""
        with self.database.transaction() as session, cursor(session) as run:
            run.execute(
                "select subject, sequence, digest from inbox where consumer = %s and sequence > 0 order by subject",
                (self.consumer,), binary=True,
            )
            return {subject: (sequence, bytes(digest)) for subject, sequence, digest in run}

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """After a failure of the infrastructure wait, longer each time, and raise: whoever called tries again."""
        try:
            yield
        except Exception as error:
            log.warning("%s: %s; again in %.1f s", self.consumer, driver_error(error) or repr(error), self._pause)
            self._sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            raise
        self._pause = SHORTEST_PAUSE

    def _noted(self, batch: _Batch) -> None:
        with self._mutex:
            self.counts.update(batch.counts)
        if batch.lacking:
            self.lacking.set()


class _Place:
    """How far one subject is, while a batch is applied."""

    __slots__ = ("_before", "behind_gap", "damaged", "digest", "digests", "first", "head", "held", "sequence", "state")

    def __init__(self, sequence: int, digest: bytes, head: int, held: int, state: str) -> None:
        self.sequence, self.digest, self.head, self.held, self.state = sequence, digest, head, held, state
        self.first = sequence + 1
        self.digests: list[bytes] = []
        self.behind_gap: dict[int, Delivery] = {}
        self.damaged = False
        self._before = (sequence, head, held, state)

    @property
    def changed(self) -> bool:
        return self._before != (self.sequence, self.head, self.held, self.state)

    def consume(self, delivery: Delivery) -> None:
        self.sequence, self.digest = delivery.sequence, delivery.digest
        self.digests.append(delivery.digest)


class _Batch:
    """One transaction of an inbox: lanes are locked, deliveries find theirs, facts are applied, places are saved."""

    def __init__(self, inbox: Inbox, session: Session) -> None:
        self.inbox, self.session, self.consumer = inbox, session, inbox.consumer
        self.work = Work(session, inbox.clock.now(), self)
        self.parked = Parking(session, inbox.consumer, inbox.reads)
        self.counts: Counter[str] = Counter()
        self.lacking = False
        self._deliveries: list[Delivery] = []
        self._told: list[tuple[int, HeadsTold, int]] = []
        """Lane, heads, and how many of the batch's deliveries stood before them."""
        self._heads: dict[str, Head] = {}
        self._full: dict[str, Head] = {}
        self._places: dict[str, _Place] = {}
        self._facts: list[Event] = []
        self._repeats: list[Delivery] = []
        self._alarms: dict[tuple[str, str], str] = {}
        self._refusals: list[Exception] = []

    # ── what Work asks of its inbox ───────────────────────────────────────────────────────────────────────────────

    def parking(self, work: Work, fact: Event) -> AbstractContextManager[None]:
        return self.parked.parking(work, fact)

    def waiting(self, _: Work, key: str) -> list[Event]:
        facts = self.parked.waiting(key)
        self.counts["released"] += len(facts)
        return facts

    def release(self, _: Work, reference: str) -> list[Event]:
        facts = self.parked.release(reference)
        self.counts["released"] += len(facts)
        return facts

    def body(self, fact: Event) -> bytes | None:
        return self.parked.body(fact)

    def sequence(self, fact: Event) -> int:
        return self.parked.sequence(fact)

    def parked_under(self, subject: str, fact: UUID, *, dismissed: bool) -> str | None:
        return self.parked.under(subject, fact, dismissed=dismissed)

    def dismiss(self, _: Work, reference: str, reason: str) -> None:
        self.parked.dismiss(reference, reason)

    # ── steps of once ─────────────────────────────────────────────────────────────────────────────────────────────

    def sort(self, arrived: Iterable[Delivery | Heads | Unplaced]) -> None:
        """Events apart from heads, and from what has no place."""
        for one in arrived:
            if isinstance(one, Delivery):
                self._deliveries.append(one)
            elif isinstance(one, Unplaced):
                self._set_aside(one)
            else:
                try:
                    self._told.append((one.lane, read_heads(one.body), len(self._deliveries)))
                except ValueError as error:
                    self._set_aside(Unplaced(one.reference, str(error), [], "heads", one.body))

    def _hear(self) -> None:
        """Keep the highest head of each subject; full ones apart, if they are newer than those heard before: else a log is
        being repeated."""
        for lane, told, _ in self._told:
            for subject, head in told.heads.items():
                if lane_of(subject) == lane and head[0] >= self._heads.get(subject, head)[0]:
                    self._heads[subject] = head
        full = [(lane, told, before) for lane, told, before in self._told if told.full]
        if not full:
            return
        with cursor(self.session) as run:
            run.execute("select lane, at from heard where consumer = %s", (self.consumer,))
            heard: dict[int, datetime] = dict(run.fetchall())
            newest = dict(heard)
            for lane, told, before in full:
                if lane not in heard or told.at > heard[lane]:
                    newest[lane] = max(told.at, newest.get(lane, told.at))
                    since: dict[str, int] = {}          # what follows in this batch was told after these heads
                    for delivery in self._deliveries[before:]:
                        since[delivery.subject] = max(delivery.sequence, since.get(delivery.subject, 0))
                    self._full.update({
                        subject: (max(sequence, since.get(subject, 0)), digest)
                        for subject, (sequence, digest) in told.heads.items() if lane_of(subject) == lane
                    })
            lanes = sorted({lane for lane, _, _ in full})
            run.execute(
                """insert into heard (consumer, lane, at) select %s, * from unnest(%s::int2[], %s::timestamptz[])
                   on conflict (consumer, lane) do update set at = excluded.at where heard.at < excluded.at""",
                (self.consumer, lanes, [newest[lane] for lane in lanes]),
            )

    def lock(self, further: Iterable[str] = ()) -> None:
        """Lock the lanes concerned, ascending, then read the places: nobody else applies events of these lanes until we commit.

        A lane rather than its rows: Kafka gives a lane to one consumer, so only a rebalance makes two of them meet, a place
        that does not exist yet is locked as well, and a batch over a thousand subjects takes at most twelve locks.
        """
        subjects = {d.subject for d in self._deliveries} | set(further)
        lanes = {lane_of(subject) for subject in subjects} | {lane for lane, _, _ in self._told}
        with cursor(self.session) as run:
            run.execute(
                "select pg_advisory_xact_lock(key) from unnest(%s::int8[]) as key",
                ([self.inbox.lock_of(lane) for lane in sorted(lanes)],),
            )
        self._hear()
        self._read_places(sorted(subjects | set(self._unexpected_heads())))
        self._fetch_held()

    def _unexpected_heads(self) -> list[str]:
        """Subjects whose head is not where we stand, read without locks: usually none."""
        if not self._heads:
            return []
        with cursor(self.session) as run:
            run.execute(
                """select h.subject from unnest(%s::text[], %s::int8[], %s::bytea[]) as h(subject, sequence, digest)
                   left join inbox i on i.consumer = %s and i.subject = h.subject
                   where i.subject is null or i.sequence <> h.sequence or i.digest <> h.digest or i.state <> 'ok'""",
                (list(self._heads), [h[0] for h in self._heads.values()], [h[1] for h in self._heads.values()], self.consumer),
            )
            return [subject for (subject,) in run]

    def _read_places(self, subjects: list[str]) -> None:
        with cursor(self.session) as run:
            run.execute(
                "select subject, sequence, digest, head, held, state from inbox where consumer = %s and subject = any(%s)",
                (self.consumer, subjects), binary=True,
            )
            known = {subject: place for subject, *place in run}
        for subject in subjects:
            self._places[subject] = _Place(*known.get(subject, (0, ZERO, 0, 0, OK)))

    def _fetch_held(self) -> None:
        """Bring what is held of those subjects whose gap this batch may close."""
        closing = sorted({
            d.subject for d in self._deliveries if (p := self._places[d.subject]).held and d.sequence == p.sequence + 1
        })
        if closing:
            with cursor(self.session) as run:
                run.execute(
                    """select subject, sequence, previous, digest, type, body from held where consumer = %s and subject = any(%s)
                       order by subject, sequence""", (self.consumer, closing), binary=True,
                )
                for subject, sequence, previous, digest, kind, body in run:
                    self._places[subject].behind_gap[sequence] = Delivery(
                        subject, sequence, bytes(previous), bytes(digest), bytes(kind), bytes(body)
                    )

    def arrive(self) -> None:
        """Find each event its place: behind us, next, or beyond a gap."""
        for delivery in self._deliveries:
            place = self._places[delivery.subject]
            if place.state == FORK:
                continue
            if delivery.sequence <= place.sequence:
                self.counts["repeats"] += 1
                self._repeats.append(delivery)
            elif not delivery.is_whole:
                self._damaged(delivery, place)
            elif delivery.sequence > place.sequence + 1:
                place.head = max(place.head, delivery.sequence)
                place.behind_gap.setdefault(delivery.sequence, delivery)
            else:
                self._next(delivery, place)
                while place.behind_gap and place.state != FORK and (held := place.behind_gap.pop(place.sequence + 1, None)):
                    self._next(held, place)

    def _next(self, delivery: Delivery, place: _Place) -> None:
        """The event that follows what we applied, if it names it as its predecessor."""
        if delivery.previous != place.digest:
            ours = place.sequence
            self._fork(delivery.subject, place, f"event {delivery.sequence} names another predecessor than our event {ours}")
            return
        place.consume(delivery)
        fact = self.parked.readable(delivery)
        if fact is not None:
            self._facts.append(fact)

    def _damaged(self, delivery: Delivery, place: _Place) -> None:
        """Not what its digest was made of: as good as missing, so it is told again."""
        place.damaged = True
        self.counts["damaged"] += 1
        self._alarm(delivery.subject, "damaged", f"the bytes of event {delivery.sequence} do not match their digest; asked again")

    def _fork(self, subject: str, place: _Place, detail: str) -> None:
        place.state = FORK
        self.counts["forks"] += 1
        self._alarm(subject, FORK, f"{detail}: the publisher's history is not the one we applied; nothing is applied on top")

    def compare_repeats(self) -> None:
        """What comes again must be what came before; a different event at the same place is a fork."""
        if not self._repeats:
            return
        consumed = {(s, p.first + n): d for s, p in self._places.items() for n, d in enumerate(p.digests)}
        earlier = {(r.subject, r.sequence) for r in self._repeats if (r.subject, r.sequence) not in consumed}
        consumed |= self._digests_of(earlier)
        for repeat in self._repeats:
            ours = consumed.get((repeat.subject, repeat.sequence), repeat.digest)
            place = self._places[repeat.subject]
            if ours != repeat.digest and place.state != FORK and repeat.is_whole:
                self._fork(repeat.subject, place, f"event {repeat.sequence} came again with another digest")

    def _digests_of(self, places: set[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
        """Digests of what was consumed in earlier batches."""
        if not places:
            return {}
        bounds: dict[str, tuple[int, int]] = {}
        for subject, sequence in places:
            low, high = bounds.get(subject, (sequence, sequence))
            bounds[subject] = (min(low, sequence), max(high, sequence))
        found = {}
        with cursor(self.session) as run:
            run.execute(
                """select a.subject, a.first, a.digests from unnest(%s::text[], %s::int8[], %s::int8[]) as w(subject, low, high)
                   join applied a on a.consumer = %s and a.subject = w.subject and a.first between w.low - %s and w.high""",
                (list(bounds), [b[0] for b in bounds.values()], [b[1] for b in bounds.values()], self.consumer, DIGESTS_PER_ROW),
                binary=True,
            )
            for subject, first, digests in run:
                for n in range(len(digests) // 32):
                    if (subject, first + n) in places:
                        found[subject, first + n] = bytes(digests[32 * n : 32 * n + 32])
        return found

    def compare_heads(self) -> None:
        """Hold what the publisher says it sent last against where we stand."""
        lower = {(s, h[0]) for s, h in self._heads.items() if s in self._places and 0 < h[0] < self._places[s].sequence}
        ours = self._digests_of(lower)
        for subject, (sequence, digest) in self._heads.items():
            place = self._places.get(subject)
            if place is None or place.state == FORK:
                continue
            place.head = max(place.head, sequence)
            at = place.digest if sequence == place.sequence else ours.get((subject, sequence), digest)
            if sequence <= place.sequence and at != digest:
                self._fork(subject, place, f"the head says event {sequence} has another digest")
        for subject, (sequence, _) in self._full.items():
            place = self._places.get(subject)
            if place is not None and place.state != FORK:
                self._compare_full_head(subject, sequence, place)

    def _compare_full_head(self, subject: str, sequence: int, place: _Place) -> None:
        """A full head is all there is: whoever knows more was told by a publisher that has since been restored."""
        known = max(place.sequence, max(place.behind_gap, default=0), place.head if place.held else 0)
        if sequence < known:
            if place.state != BEHIND:
                self.counts[BEHIND] += 1
            place.state = BEHIND
            self._alarm(
                subject, BEHIND,
                f"the publisher's last event is {sequence}, we know {known}: was it restored from an older backup?",
            )
            return
        place.head = sequence
        if sequence == place.sequence or place.state == BEHIND:
            place.state = OK                                    # what is still missing shows when the place is saved

    def apply(self, use_case: UseCase) -> None:
        """Hand the facts over; what the database refuses is found by halving, and only that is set aside.

        What fails all facts at the same place of the program is no fact's fault. One subject alone may still be odd as a whole:
        it is set aside, and holds up nobody.
        """
        self.parked.flush()
        self._attempt(self._facts, use_case)
        places = {_place_of(error) for error in self._refusals}
        if (
            len(self._refusals) == len(self._facts) and len(places) == 1 and isinstance(self._refusals[0], FAULTS)
            and len({fact.subject for fact in self._facts}) > 1
        ):
            raise FaultyRelease(
                f"all {len(self._facts)} facts of a batch fail in the same way, so it is this release that is broken: "
                f"{self._refusals[0]!r}"
            ) from self._refusals[0]

    def _attempt(self, facts: Sequence[Event], use_case: UseCase) -> None:
        if not facts:
            return
        released, parked = self.counts["released"], self.parked.count
        try:
            with self.work.undone_on_error(), self.session.begin_nested():
                use_case(self.work, facts)
                self.parked.flush()
                self.session.flush()
                with cursor(self.session) as run:
                    run.execute("set constraints all immediate")        # what would fail at commit fails where it can be found
        except Exception as error:
            if not is_offence(error):
                raise
            self.parked.forget(parked)
            self.counts["released"] = released
            if len(facts) == 1:
                log.warning("%s: %s set aside: %r", self.consumer, facts[0].type, driver_error(error) or error)
                self.counts["refused"] += 1
                self._refusals.append(error)
                self.parked.refuse(facts[0], error)
                self.parked.flush()
            else:
                half = len(facts) // 2
                self._attempt(facts[:half], use_case)
                self._attempt(facts[half:], use_case)

    def retry(self, after: int, limit: int, use_case: UseCase) -> int:
        """Take up to ``limit`` parked rows behind row ``after`` and apply what can be read; returns the last row looked at."""
        self.lock(self.parked.subjects_again(after, limit))
        last, facts = self.parked.again(after, limit)
        self.parked.flush()
        before = self.parked.count
        self._attempt(facts, use_case)
        self.counts["released"] += len(facts) - (self.parked.count - before)
        return last

    def save(self) -> None:
        """Write places, what is held, what was told, alarms and counts; lanes are locked last but for our own counters."""
        self._save_held()
        self._save_places()
        self.counts["applied"] += sum(len(p.digests) for p in self._places.values())
        self.counts["parked"] += self.parked.count
        self.work.tell()
        self._save_alarms()
        count(self.session, self.consumer, {what: n for what, n in self.counts.items() if what in RARE})

    def _save_held(self) -> None:
        """Keep the events nearest behind each gap; drop those that were reached."""
        reached = {s: p for s, p in self._places.items() if p.held and p.digests}
        with cursor(self.session) as run:
            if reached:
                run.execute(
                    """delete from held h using unnest(%s::text[], %s::int8[]) as r(subject, sequence)
                       where h.consumer = %s and h.subject = r.subject and h.sequence <= r.sequence""",
                    (list(reached), [p.sequence for p in reached.values()], self.consumer),
                )
            new: list[Delivery] = []
            for place in self._places.values():
                if place.state != FORK:
                    new += [place.behind_gap[n] for n in sorted(place.behind_gap)[: self.inbox.held]]
            if new:
                run.execute(
                    """insert into held (consumer, subject, sequence, previous, digest, type, body)
                       select %(who)s, n.* from unnest(%(s)s::text[], %(q)s::int8[], %(p)s::bytea[], %(d)s::bytea[],
                         %(t)s::bytea[], %(b)s::bytea[]) as n(subject, sequence, previous, digest, type, body)
                       on conflict do nothing""",
                    dict(zip("sqpdtb", map(list, zip(*new, strict=True)), strict=True)) | {"who": self.consumer},
                )
                self.counts["held"] += run.rowcount
            touched = sorted(set(reached) | {d.subject for d in new})
            if touched:
                run.execute(
                    """delete from held h using (
                         select subject, sequence, row_number() over (partition by subject order by sequence) n
                         from held where consumer = %(who)s and subject = any(%(s)s)) x
                       where h.consumer = %(who)s and h.subject = x.subject and h.sequence = x.sequence and x.n > %(most)s""",
                    {"who": self.consumer, "s": touched, "most": self.inbox.held},
                )
                run.execute(
                    "select subject, count(*) from held where consumer = %s and subject = any(%s) group by subject",
                    (self.consumer, touched),
                )
                counted: dict[str, int] = dict(run.fetchall())
                for subject in touched:
                    self._places[subject].held = counted.get(subject, 0)

    def _save_places(self) -> None:
        for place in self._places.values():
            self._settle(place)
        changed = {s: p for s, p in self._places.items() if p.changed}
        if not changed:
            return
        rows = []
        for subject, place in changed.items():
            for n in range(0, len(place.digests), DIGESTS_PER_ROW):
                rows.append((self.consumer, subject, place.first + n, b"".join(place.digests[n : n + DIGESTS_PER_ROW])))
        if rows:
            copy(self.session, Applied, ("consumer", "subject", "first", "digests"), rows)
        with cursor(self.session) as run:
            some = changed.values()
            run.execute(
                """insert into inbox (consumer, subject, lane, sequence, digest, head, held, state)
                   select %s, * from unnest(%s::text[], %s::int2[], %s::int8[], %s::bytea[], %s::int8[], %s::int8[], %s::text[])
                   on conflict (consumer, subject) do update set sequence = excluded.sequence, digest = excluded.digest,
                     head = excluded.head, held = excluded.held, state = excluded.state""",
                (self.consumer, list(changed), [lane_of(s) for s in changed], [p.sequence for p in some],
                 [p.digest for p in some], [p.head for p in some], [p.held for p in some], [p.state for p in some]),
            )

    def _settle(self, place: _Place) -> None:
        """Is anything missing now?"""
        if place.state == FORK:
            return
        place.head = max(place.head, place.sequence)
        if place.head > place.sequence or place.damaged:
            if place.state == OK:
                self.counts["gaps"] += 1
            place.state = GAP if place.state == OK else place.state
        elif place.digests:
            place.state = OK
        self.lacking |= place.state != OK

    def _set_aside(self, record: Unplaced) -> None:
        self.counts["unplaced"] += 1
        self.parked.unplaced(record)
        log.warning("%s: record %s set aside: %s", self.consumer, record.reference, record.reason)

    def _alarm(self, subject: str, what: str, detail: str) -> None:
        log.error("%s: %s: %s", self.consumer, subject, detail)
        self._alarms[subject, what] = detail

    def _save_alarms(self) -> None:
        for (subject, what), detail in self._alarms.items():
            raise_alarm(self.session, self.consumer, subject, what, detail)


def raise_alarm(session: Session, who: str, subject: str, what: str, detail: str) -> None:
    """Note what a person must look at; the same again only counts."""
    with cursor(session) as run:
        run.execute(RAISE_ALARM, (who, subject, what, printable(detail)))


def count(session: Session, who: str, what: dict[str, int]) -> None:
    """Add to the counters that outlive the process."""
    some = {name: n for name, n in sorted(what.items()) if n}
    if some:
        with cursor(session) as run:
            run.execute(COUNT, (who, list(some), list(some.values())))


def _place_of(error: BaseException) -> tuple[object, ...]:
    """Kind of an error, and where in the program it was raised."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return type(error), at and (at.tb_frame.f_code, at.tb_lineno)
