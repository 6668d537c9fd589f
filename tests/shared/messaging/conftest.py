"""Two databases: one that tells, one that applies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.persistence.database import Database
from shared.runtime.embedded import Postgres
from tests.conftest import Fresh, make_database
from tests.shared.messaging.noted import Publisher, create_note_table


@pytest.fixture
def consumer_database(fresh_database: Fresh, database: Database) -> Database:
    """Where notes are applied."""
    create_note_table(fresh_database.owner_url)
    return database


@pytest.fixture
def publisher(postgres: Postgres) -> Iterator[Publisher]:
    """Who tells them."""
    fresh = make_database(postgres)
    with Database(fresh.url) as database:
        yield Publisher(database)
