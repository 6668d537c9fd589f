"""Funding under test: a publisher that tells facts as intake would, and funding's own inbox, chores and database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.messaging.work import StandingClock
from shared.runtime.embedded import Postgres
from tests.funding.running import Funding


@pytest.fixture
def funding(postgres: Postgres, clock: StandingClock) -> Iterator[Funding]:
    """Funding with a database of its own and a clock that stands."""
    with Funding(postgres, clock) as running:
        yield running
