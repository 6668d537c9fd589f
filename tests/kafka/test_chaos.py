"""Whatever is killed, wiped, repeated, lost or poisoned on a real Kafka: in the end everything stands where it would have stood.

Each run is compared with one in which nothing happened: same clock, same hand-ins in the same order. See ``tests.kafka.chaos``.
"""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from shared.contracts import streams
from shared.messaging.envelope import ZERO, chain
from shared.values.subject import lane_of
from tests.kafka.chaos import PER_RUN, Feeder, Outcome, chaos_cluster, differences, disturbed, faults, picture, undisturbed
from tests.kafka.handins import hand_ins
from tests.tools import kafka, latin1
from tests.tools.cluster import POISON, Cluster, reached
from tests.tools.launcher import REFUSED
from tests.tools.missing import skip_or_fail

pytestmark = pytest.mark.timeout(900)

Expected = Callable[[int], Outcome]
KIND: Final = b"de.pruefpfad.measure.registered.v1"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if lacking := kafka.missing():
        skip_or_fail(f"a real Kafka cannot run here: {lacking}")
    with tempfile.TemporaryDirectory(prefix="pruefpfad-chaos-") as folder:
        Path(folder).chmod(0o755)           # run by root, PostgreSQL is another user
        with chaos_cluster(Path(folder) / "cluster") as made:
            yield made


@pytest.fixture(scope="module")
def expected(cluster: Cluster) -> Expected:
    """What so many parts come to when nothing goes wrong; made once."""

    @cache
    def made(parts: int) -> Outcome:
        outcome = undisturbed(cluster, parts)
        shown = outcome.picture
        assert shown["entries"] and shown["matches"] and shown["findings"] and not shown["parked"] and not shown["unbalanced"]
        assert shown["books agree"] and not shown["alarms"]
        return outcome

    return made


@pytest.mark.parametrize("run", range(5))
def test_ten_kills_at_seeded_moments_change_nothing(cluster: Cluster, expected: Expected, run: int) -> None:
    outcome = disturbed(cluster, range(run * PER_RUN + 1, (run + 1) * PER_RUN + 1)) if expected(PER_RUN) else None
    assert outcome is not None and sum(outcome.blows.values()) == PER_RUN
    assert faults(expected(PER_RUN), outcome) == []


def test_with_two_replicas_of_every_service_one_may_be_killed_and_come_back(cluster: Cluster, expected: Expected) -> None:
    wanted = expected(4)
    assert faults(wanted, disturbed(cluster, range(1001, 1005), replicas=2)) == []


def test_the_comparison_notices_an_inbox_that_applies_repeats_again(cluster: Cluster, expected: Expected) -> None:
    wanted = expected(2)
    found = differences(wanted.picture, disturbed(cluster, range(1, 3), fault=("--fault", "repeats")).picture)
    assert found


def test_a_kafka_wiped_while_everything_runs_brings_everything_back_and_nothing_twice(
    cluster: Cluster, expected: Expected
) -> None:
    wanted = expected(4)

    def wipe() -> None:
        cluster.kafka.wipe()
        cluster.prepare_topics()

    assert differences(wanted.picture, _interrupted(cluster, 4, wipe)) == []


def test_poison_on_the_streams_is_set_aside_and_nothing_else(cluster: Cluster, expected: Expected) -> None:
    wanted = expected(4)
    body = b"\xff this is not JSON"
    digest = chain(ZERO, 1, POISON, KIND, body)
    placed = {
        "key": POISON.encode(), "value": body, "partition": lane_of(POISON), "headers": [
            ("ce_type", KIND), ("ce_subject", POISON.encode()), ("ce_sequence", b"1"),
            ("ce_previous", ZERO.hex().encode()), ("ce_digest", digest.hex().encode()), ("ce_source", b"urn:elsewhere"),
        ],
    }
    odd: list[dict[str, Any]] = [
        {"value": b"{}", "partition": 0, "headers": [("ce_type", b"\xff\xfe"), ("ce_subject", b"\xff")]},
        {"value": b"{}", "partition": 1, "headers": [("ce_type", b"x"), ("ce_subject", None)]},
        {"value": None, "key": b"\xff", "partition": 2, "headers": []},
    ]

    def poison() -> None:
        cluster.publish(streams.INTAKE, [*odd, placed])
        cluster.publish(streams.FUNDING, odd)
        cluster.publish(streams.SUBMISSIONS, [{"value": b"\xff not JSON", "partition": 0}])
        for stream in (streams.INTAKE, streams.FUNDING, streams.SUBMISSIONS, streams.REPLAY):
            asyncio.run(latin1.send(cluster.kafka.address, stream, 0, b"{}"))

    found = differences(wanted.picture, _interrupted(cluster, 4, poison))
    assert len(found) == 1 and found[0].startswith("parked: 0 → 2") and found[0].count(POISON) == 2, found
    unplaced = "select consumer, count(*) from parked where subject is null group by 1 order by 1"
    assert cluster.run("funding", unplaced) == [("funding.intake", 4)]
    assert cluster.run("reporting", unplaced) == [("reporting.funding", 4), ("reporting.intake", 4)]
    assert cluster.run("intake", "select count(*) from set_aside") == [(2,)]


def test_a_publisher_restored_from_an_older_backup_refuses_to_start(cluster: Cluster) -> None:
    cluster.begin()
    cluster.start_all()
    feeder = Feeder(cluster, hand_ins(2))
    feeder.start()
    feeder.let_go()
    feeder.await_part(1)
    cluster.settle()
    cluster.stop("intake")
    cluster.copy_database("intake", "backup_intake")
    cluster.start("intake", wait=True)
    feeder.let_go()
    feeder.await_part(2)
    cluster.settle()
    before = picture(cluster)

    cluster.stop("intake")
    cluster.copy_database("backup_intake", "intake")
    assert "Kafka holds event" in _refusal(cluster)

    cluster.kafka.wipe()                        # now only the consumers know
    cluster.prepare_topics()
    assert "consumer" in _refusal(cluster)
    assert differences(before, picture(cluster)) == []


def _interrupted(cluster: Cluster, parts: int, by: Callable[[], None]) -> dict[str, Any]:
    """Hand in half of the parts, let something happen while the next is on its way, hand in the rest, and look."""
    cluster.begin()
    cluster.start_all()
    feeder = Feeder(cluster, hand_ins(parts))
    feeder.start()
    for _ in range(parts // 2 + 1):
        feeder.let_go()
    feeder.await_part(parts // 2)
    by()
    for _ in range(parts - parts // 2 - 1):
        feeder.let_go()
    feeder.await_part(parts)
    cluster.settle()
    return picture(cluster)


def _refusal(cluster: Cluster) -> str:
    """Start intake and return why it refuses."""
    member = cluster.start("intake")
    reached("intake to refuse", lambda: member.process.poll() is not None, seconds=180)
    member.end(signal.SIGKILL)
    assert member.process.returncode == REFUSED, member.last_words()
    assert "restored from an older backup" in member.last_words(3_000)
    return member.last_words(3_000)
