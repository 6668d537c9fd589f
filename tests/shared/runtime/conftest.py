"""Stacks under test: the two services of ``ping``, embedded or against a PostgreSQL and broker that outlive them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import psycopg
import pytest

from shared.messaging.flow import settled
from shared.runtime.access import Role, create_token
from shared.runtime.embedded import MockBroker, Postgres
from shared.runtime.settings import Settings
from shared.runtime.stack import Stack, prepare
from tests.shared.runtime.ping import BOTH, answers

T = TypeVar("T")


def until(asked: Callable[[], T], *, seconds: float = 60) -> T:
    """Wait for a state: the first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := asked()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)
    return answer


@dataclass
class Client:
    """A caller with a token."""

    http: httpx.Client

    def ask(self, subject: str, first: int, count: int) -> None:
        """Hand in questions, and expect that to work."""
        answer = self.http.post("/intake/questions", params={"subject": subject, "first": first, "count": count})
        assert answer.status_code == 200, answer.text


def client(stack: Stack, role: Role | None = "clerk") -> Client:
    """A caller of this role; ``None``: without a token."""
    headers = {}
    if role is not None:
        headers["Authorization"] = f"Bearer {create_token(stack.settings, f'{role}-{time.time_ns()}', role)}"
    return Client(httpx.Client(base_url=stack.url, headers=headers, timeout=30))


def numbers(stack: Stack, service: str) -> list[int]:
    """Numbers the service has kept, sorted."""
    return sorted(number for _, number, _ in answers(stack.service(service)))


def is_settled(stack: Stack) -> bool:
    """Has everything told been applied?"""
    return settled([service.flow() for service in stack.services])


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    """Settings of an embedded installation of its own."""
    return Settings(data=tmp_path / "data", http="127.0.0.1:0", heads_seconds=2)


@pytest.fixture
def outside(tmp_path: Path, postgres: Postgres) -> Iterator[Settings]:
    """Settings of a production installation: PostgreSQL and broker stay when the services stop."""
    with psycopg.connect(postgres.admin_url, autocommit=True) as connection:
        for make in BOTH:
            connection.execute(f"drop database if exists {make.__name__} with (force)")
    with MockBroker() as broker:
        settings = Settings(
            data=tmp_path / "data", http="127.0.0.1:0", kafka=broker.address, heads_seconds=2, session_timeout_ms=1_500,
            database=postgres.url("{service}"), owner_database=postgres.url("{service}_owner"), admin_database=postgres.admin_url,
        )
        prepare(settings, BOTH)
        yield settings


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Both services, embedded, for a module."""
    with Stack(Settings(data=tmp_path_factory.mktemp("data"), http="127.0.0.1:0"), BOTH) as stack:
        yield stack
