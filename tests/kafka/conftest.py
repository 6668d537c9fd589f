"""The broker under test: one for the whole run, or the one that ``PRUEFPFAD_KAFKA`` names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools import kafka
from tests.tools.missing import skip_or_fail


@pytest.fixture(scope="session")
def kafka_address(request: pytest.FixtureRequest) -> str:
    """``host:port`` of a real Kafka. Tests share it: give topics and groups names of their own."""
    if named := os.environ.get("PRUEFPFAD_KAFKA"):
        return named
    return str(request.getfixturevalue("shared_kafka").address)


@pytest.fixture(scope="session")
def shared_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Kafka]:
    """The run's own broker. Do not kill or wipe it: others use it, take ``own_kafka``."""
    with _kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[kafka.Kafka]:
    """A broker for this test alone, to be killed and wiped at will."""
    with _kafka(tmp_path / "kafka") as broker:
        yield broker


def _kafka(folder: Path) -> kafka.Kafka:
    if lacking := kafka.missing():
        skip_or_fail(f"a real Kafka cannot run here: {lacking}")
    return kafka.Kafka(folder)
