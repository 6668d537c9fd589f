"""Intake over a real database, with a clock that stands; and the whole service over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest

from services.intake import application, store, tables
from services.intake.app import create
from services.intake.application import Reader
from shared.contracts.intake import INTAKE, IntakeEvent
from shared.contracts.submissions import Submission
from shared.messaging.work import StandingClock, Work, unit_of_work
from shared.persistence.database import Database, cursor
from shared.persistence.files import Files
from shared.runtime.access import Role, create_token
from shared.runtime.embedded import Postgres
from shared.runtime.settings import Settings
from shared.runtime.stack import Stack
from tests.conftest import make_database
from tests.shared.runtime.conftest import until

T = TypeVar("T")


@dataclass
class Intake:
    """Use cases of intake, each in a transaction, as its doors would run them."""

    database: Database
    clock: StandingClock
    files: Files
    url: str
    reader: Reader

    def do(self, use_case: Callable[..., T], *given: Any, **more: Any) -> T:
        """One transaction."""
        with unit_of_work(self.database, self.clock) as work:
            return use_case(work, *given, **more)

    def start_again(self) -> None:
        """As after kill −9: whatever was in memory is gone."""
        self.reader.turn.give_back()
        until(lambda: not self.do(self._turn_is_taken))  # the server notices after a moment that its holder is gone
        self.reader = Reader(self.files, store.Turn(self.url), look_every=0)

    def _turn_is_taken(self, work: Work) -> bool:
        with cursor(work.session) as at:
            at.execute(
                """select exists (select from pg_locks join pg_database on pg_database.oid = database
                   where datname = current_database() and locktype = 'advisory' and objid = %s)""",
                (store.READER,),
            )
            return bool((at.fetchone() or (False,))[0])

    def step(self) -> bool:
        """One step of the chore; False when nothing waits."""
        return self.reader.ahead() and self.do(self.reader.read_on) is not None

    def read(self) -> None:
        """Read all that waits."""
        while self.step():
            pass

    def receive(self, content: bytes | str, name: str = "datei", **given: str) -> UUID:
        """Hand in a file; it is not read yet."""
        raw = content.encode() if isinstance(content, str) else content
        return self.do(application.receive_file, self.files, raw, application.recognise(name, raw, given), "kasse")

    def hand_in(self, content: bytes | str, name: str = "datei", **given: str) -> dict[str, Any]:
        """Hand in a file and read it."""
        id = self.receive(content, name, **given)
        self.read()
        return self.do(application.show_handin, id)

    def submit(self, said: dict[str, Any]) -> dict[str, Any]:
        """Hand in a submission and read it."""
        id = self.do(application.receive_submission, self.files, Submission.model_validate(said), "fachverfahren")
        self.read()
        return self.do(application.show_handin, id)

    def told(self) -> list[IntakeEvent]:
        """All that was told, in order."""

        def events(work: Work) -> list[IntakeEvent]:
            with cursor(work.session) as at:
                at.execute("select body from outbox order by id")
                return [INTAKE.validate_json(bytes(body)) for (body,) in at]

        return self.do(events)

    def of(self, kind: str) -> list[Any]:
        """Told events of a class."""
        return [event for event in self.told() if type(event).__name__ == kind]


def an_intake(postgres: Postgres, folder: Path, clock: StandingClock) -> Iterator[Intake]:
    """Intake over a database of its own."""
    fresh = make_database(postgres, tables.HISTORY)
    files = Files(folder / "files")
    with Database(fresh.url) as database:
        intake = Intake(database, clock, files, fresh.url, Reader(files, store.Turn(fresh.url), look_every=0))
        yield intake
        intake.reader.turn.give_back()


@pytest.fixture
def intake(postgres: Postgres, tmp_path: Path, clock: StandingClock) -> Iterator[Intake]:
    """Intake over a database of its own."""
    yield from an_intake(postgres, tmp_path, clock)


@pytest.fixture
def another_intake(postgres: Postgres, tmp_path: Path, clock: StandingClock) -> Iterator[Intake]:
    """A second installation, to compare with."""
    yield from an_intake(postgres, tmp_path / "other", clock)


@dataclass
class Caller:
    """Somebody with a token."""

    stack: Stack
    tokens: dict[str, str]

    def __call__(self, role: Role | str, method: str, path: str, **more: Any) -> httpx.Response:
        """A call as that role."""
        return httpx.request(
            method, f"{self.stack.url}/intake{path}", headers={"Authorization": f"Bearer {self.tokens[role]}"}, timeout=60, **more
        )

    def upload(self, content: bytes, name: str = "datei.csv", **given: str) -> httpx.Response:
        """Hand in a file as a submitter."""
        return self("submitter", "POST", "/files", files={"file": (name, content)}, data=given)


@pytest.fixture(scope="session")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """The service over HTTP, embedded."""
    with Stack(Settings(data=tmp_path_factory.mktemp("data"), http="127.0.0.1:0"), [create]) as stack:
        tokens = {
            role: create_token(stack.settings, f"test-{role}", role) for role in ("submitter", "clerk", "auditor", "operator")
        }
        tokens["second clerk"] = create_token(stack.settings, "second-clerk", "clerk")
        yield Caller(stack, tokens)


def dumped(value: Any) -> str:
    """Everything of a value as text, to look for what must not be in it."""
    return json.dumps(value, default=str, ensure_ascii=False)
