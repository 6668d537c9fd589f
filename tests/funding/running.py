"""Funding without Kafka: records go from a publisher's outbox straight into the inbox."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg

from services.funding import application
from services.funding.application import Reconciling
from services.funding.tables import HISTORY
from shared.contracts.event import Event
from shared.contracts.funding import FUNDING, Finding, MeasureStatement
from shared.contracts.intake import INTAKE, Fact
from shared.messaging.envelope import SENT_COLUMNS, message_of
from shared.messaging.inbox import Inbox
from shared.messaging.work import StandingClock, Work, unit_of_work
from shared.persistence.database import Database, cursor, plain_url
from shared.runtime.embedded import Postgres
from tests.conftest import make_database
from tests.tools.record import Record

E = TypeVar("E", bound=Event)


class Funding:
    """A publisher, funding's inbox and its chores, with a database each."""

    def __init__(self, server: Postgres, clock: StandingClock) -> None:
        self.clock = clock
        self.publisher = Database(make_database(server).url)
        fresh = make_database(server, HISTORY)
        self.url, self.owner_url = fresh.url, fresh.owner_url
        self.database = Database(fresh.url)
        self.inbox = Inbox(
            self.database, "pruefpfad.intake", consumer="funding.intake", clock=clock,
            reads=lambda _, body: INTAKE.validate_json(body),
        )
        self.using = Reconciling(quiet=0.0, patience=0.0)
        self._sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.publisher.close()
        self.database.close()

    def records(self, *facts: Fact) -> list[Record]:
        """Tell facts as intake would; returns what Kafka would carry."""
        with unit_of_work(self.publisher, self.clock) as work:
            work.emit(*facts)
        with self.publisher.transaction() as session, cursor(session) as run:
            run.execute(f"select {SENT_COLUMNS} from outbox where id > %s order by id", (self._sent,), binary=True)
            messages = [message_of(row, b"urn:test:intake") for row in run]
        self._sent = max((m.id for m in messages), default=self._sent)
        return [Record("pruefpfad.intake", m.lane, m.id, m.key, m.value, m.headers) for m in messages]

    def deliver(self, records: Sequence[Record], batch: int = 500) -> None:
        """Hand records to the inbox."""
        for at in range(0, len(records), batch):
            self.inbox.once(records[at : at + batch], application.post_facts)

    def post(self, *facts: Fact) -> None:
        """Tell facts and post them."""
        self.deliver(self.records(*facts))

    def settle(self) -> None:
        """Run chores until nothing is due."""
        for _ in range(1_000):
            with unit_of_work(self.database, self.clock) as work:
                more = application.reconcile_due(work, self.using)
            if not more:
                return
        raise AssertionError("funding does not come to rest")

    def told(self, *kinds: type[E]) -> list[E]:
        """What funding said, in order; of these kinds only, if any are given."""
        with self.database.transaction() as session, cursor(session) as run:
            run.execute("select body from outbox order by id")
            events: list[Any] = [FUNDING.validate_json(bytes(body)) for (body,) in run]
        return [event for event in events if not kinds or isinstance(event, kinds)]

    def do(self, use_case: Any, *args: Any) -> Any:
        """Run a use case that looks."""
        with unit_of_work(self.database, self.clock) as work:
            return use_case(work, *args)

    def statement(self, measure: str = "M-1", day: date | None = None) -> MeasureStatement:
        """A measure's last statement."""
        found = self.do(application.coverage_of, f"measure/{measure}", day)
        assert isinstance(found, MeasureStatement)
        return found

    def findings(self, subject: str = "measure/M-1", day: date | None = None) -> list[Finding]:
        """Findings that hold."""
        return [Finding.model_validate(f["finding"]) for f in self.do(application.list_findings, day, subject)]

    def seals(self) -> dict[str, tuple[int, str]]:
        """Heads of all main books."""
        return {subject: (number, seal) for subject, number, seal in self.rows(
            "select subject, number, encode(seal, 'hex') from journal where number > 0 order by subject"
        )}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Look into the database."""
        with psycopg.connect(plain_url(self.url)) as connection:
            return connection.execute(statement).fetchall()                                     # type: ignore[arg-type]


def twice_and_shuffled(records: Iterable[Record], seed: int) -> list[Record]:
    """Every record twice; those of one subject keep their order, subjects go at random."""
    chance = random.Random(seed)
    queues: dict[bytes | None, list[Record]] = {}
    for record in records:
        queues.setdefault(record.key, []).extend((record, record))
    mixed = []
    while queues:
        key = chance.choice(sorted(queues, key=str))
        mixed.append(queues[key].pop(0))
        if not queues[key]:
            del queues[key]
    return mixed


__all__ = ["Funding", "Record", "Work", "twice_and_shuffled"]
