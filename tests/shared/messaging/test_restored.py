"""A publisher restored from an older backup refuses to start, as far as anybody remembers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from shared.messaging.flow import flow
from shared.messaging.restored import RestoredFromOlderBackup, verify_own_log
from shared.persistence.database import Database
from shared.runtime.embedded import MockBroker, Postgres
from shared.values.subject import lane_of
from tests.conftest import make_database
from tests.shared.messaging.flowing import a_relay, asking, reached, subscribe, task
from tests.shared.messaging.noted import CONSUMER, SOURCE, STREAM, Publisher, an_inbox, applied, apply, note, rows
from tests.shared.messaging.test_relay import is_relayed, run
from tests.tools import latin1

DELIVERY = ("outbox", "told", "relayed")


def copy_of(publisher: Publisher, postgres: Postgres) -> Publisher:
    """A backup: the same database as it is now."""
    backup = make_database(postgres)
    _copy_rows(publisher.database, backup.owner_url)
    return Publisher(Database(backup.url))


def _copy_rows(source: Database, target_url: str) -> None:
    import psycopg

    with psycopg.connect(target_url) as target, source.engine.connect() as connection:
        for table in DELIVERY:
            with target.cursor() as to, to.copy(f"copy {table} from stdin") as into, \
                    connection.connection.cursor() as run_, run_.copy(f"copy {table} to stdout") as out:      # type: ignore[attr-defined]
                for block in out:
                    into.write(block)
        target.execute("select setval(pg_get_serial_sequence('outbox', 'id'), (select coalesce(max(id), 1) from outbox))")


async def verify(publisher: Publisher, kafka: str, **more: Any) -> None:
    """The check as a service makes it."""
    await verify_own_log(publisher.database.url, STREAM, kafka, source=SOURCE, **({"answer_within": 0.0} | more))


async def relayed(publisher: Publisher, kafka: str) -> None:
    """Carry the whole outbox on."""
    async with task(a_relay(publisher, kafka).run()):
        await reached(is_relayed(publisher))


def test_a_publisher_whose_log_it_wrote_itself_may_start(publisher: Publisher) -> None:
    async def story() -> None:
        with MockBroker() as broker:
            await verify(publisher, broker.address)
            publisher.tell(*(note(f"measure/{n % 7}", n) for n in range(100)))
            await relayed(publisher, broker.address)
            await verify(publisher, broker.address)
            with publisher.database.transaction() as session:          # killed before it could write its position down
                session.connection().exec_driver_sql("update relayed set id = 0, at = -1")
            await verify(publisher, broker.address)

    run(story)


def test_a_publisher_restored_from_an_older_backup_refuses_to_start(publisher: Publisher, postgres: Postgres) -> None:
    async def story() -> None:
        with MockBroker() as broker:
            publisher.tell(*(note(f"measure/{n % 7}", n) for n in range(50)))
            await relayed(publisher, broker.address)
            backup = copy_of(publisher, postgres)
            await verify(backup, broker.address)
            publisher.tell(note("measure/3", 1_000))
            await relayed(publisher, broker.address)
            with pytest.raises(RestoredFromOlderBackup) as refused:
                await verify(backup, broker.address)
            error = refused.value
            assert (error.subject, error.sequence, error.lane) == ("measure/3", 8, lane_of("measure/3"))
            assert "older backup" in str(error) and STREAM in str(error)

    run(story)


def test_an_emptied_outbox_refuses_to_start_on_a_full_log(publisher: Publisher, postgres: Postgres) -> None:
    async def story() -> None:
        with MockBroker() as broker:
            publisher.tell(note("measure/1", 1))
            await relayed(publisher, broker.address)
            with pytest.raises(RestoredFromOlderBackup):
                await verify(Publisher(Database(make_database(postgres).url)), broker.address)

    run(story)


def test_what_others_wrote_into_the_stream_keeps_nobody_from_starting(publisher: Publisher) -> None:
    async def story() -> None:
        with MockBroker() as broker:
            producer = AIOKafkaProducer(bootstrap_servers=broker.address)
            await producer.start()
            await producer.send_and_wait(STREAM, b"x", partition=0, headers=[("ce_subject", b"\xff")])
            await producer.send_and_wait(STREAM, None, key=b"k", partition=0)
            [foreign] = publisher_elsewhere_tells()
            await producer.send_and_wait(STREAM, foreign.value, partition=0, headers=list(foreign.headers))
            await producer.stop()
            await latin1.send(broker.address, STREAM, 0, b"odd")
            await verify(publisher, broker.address)

    def publisher_elsewhere_tells() -> list[Any]:
        from shared.messaging.envelope import ZERO, chain, message_of
        event = note("measure/X", 1)
        body = event.model_dump_json().encode()
        row = (0, 1, event.subject, 1, ZERO, chain(ZERO, 1, event.subject, event.type.encode(), body), event.type, str(event.id),
               "2026-03-02 11:00:00", event.actor, None, None, None, body)
        return [message_of(row, b"urn:pruefpfad:elsewhere:intake")]

    run(story)


def test_with_kafka_wiped_too_the_consumers_remember(
    publisher: Publisher, consumer_database: Database, postgres: Postgres
) -> None:
    inbox = an_inbox(consumer_database)
    publisher.tell(*(note(f"measure/{n % 7}", n) for n in range(50)))

    async def story() -> None:
        with MockBroker() as before:
            await relayed(publisher, before.address)
        backup = copy_of(publisher, postgres)
        inbox.once(publisher.records(), apply)
        with MockBroker() as wiped:
            async with task(asking(consumer_database.url, wiped.address, inbox).run()):
                await verify(backup, wiped.address, answer_within=20.0, expects=[CONSUMER])         # they are level
                inbox.once(publisher.tell(note("measure/3", 1_000)), apply)
                with pytest.raises(RestoredFromOlderBackup, match=r"tester\.intake holds event 8 of measure/3"):
                    await verify(backup, wiped.address, answer_within=20.0, expects=[CONSUMER])

    run(story)


def test_services_that_start_together_hear_each_other(publisher: Publisher, consumer_database: Database) -> None:
    inbox = an_inbox(consumer_database)
    other = Publisher(consumer_database)                                        # the consuming service tells something, too
    publisher.tell(note("measure/1", 1))
    other.tell(note("measure/1", 1))
    inbox.once(publisher.records(), apply)

    async def story() -> None:
        with MockBroker() as before:
            await relayed(publisher, before.address)
            await relayed(other, before.address)
        with MockBroker() as wiped:
            await asyncio.gather(
                verify(publisher, wiped.address, answer_within=20.0, expects=[CONSUMER]),
                verify_own_log(
                    other.database.url, "pruefpfad.funding", wiped.address, source="urn:x", inboxes=[inbox], answer_within=3.0
                ),
            )

    run(story)


def test_a_fork_told_all_the_same_is_stopped_by_consumers_and_seen_by_the_publisher(
    publisher: Publisher, consumer_database: Database, postgres: Postgres
) -> None:
    """Restored at half of what was told, Kafka wiped, nobody there to ask: what differs is stopped, the rest goes on."""
    inbox = an_inbox(consumer_database)
    publisher.tell(*(note(f"measure/{n % 4}", n) for n in range(40)))
    backup = copy_of(publisher, postgres)
    publisher.tell(*(note(f"measure/{n % 2}", n) for n in range(40, 80)))
    inbox.once(publisher.records(), apply)
    before = applied(consumer_database)
    backup.tell(*(note("measure/0", n) for n in range(9_000, 9_007)), note("measure/3", 9_100))

    async def story() -> None:
        with MockBroker() as wiped:
            carrying = a_relay(backup, wiped.address)
            async with task(carrying.run()), task(subscribe(wiped.address, inbox)), \
                    task(asking(consumer_database.url, wiped.address, inbox).run()):
                await reached(lambda: {"fork", "behind"} <= {w for (w,) in rows(consumer_database, "select what from alarm")})
                await reached(lambda: applied(consumer_database).get("measure/3", [])[-1] == 9_100)
                await reached(lambda: carrying.contradicted)
        assert carrying.contradicted is not None and "measure/1" in carrying.contradicted

    run(story)
    assert applied(consumer_database) == before | {"measure/3": [*before["measure/3"], 9_100]}
    states = dict(rows(consumer_database, "select subject, state from inbox"))
    assert states == {"measure/0": "fork", "measure/1": "behind", "measure/2": "ok", "measure/3": "ok"}
    assert flow(backup.database, STREAM).alarms >= 1
