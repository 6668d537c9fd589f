"""A fork ends where a person says so and the publisher's history is ours; an alarm is open until it was seen to."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from shared.messaging import resuming
from shared.messaging.flow import flow
from shared.messaging.inbox import Inbox
from shared.messaging.resuming import OtherHistory
from shared.persistence.database import Database
from shared.runtime.embedded import MockBroker, Postgres
from shared.values.subject import lane_of
from tests.conftest import make_database
from tests.shared.messaging.flowing import a_relay, asking, reached, subscribe, task
from tests.shared.messaging.noted import SOURCE, STREAM, Publisher, an_inbox, applied, note, rows
from tests.shared.messaging.test_relay import run

M = "measure/M-1"


def elsewhere(postgres: Postgres, subject: str = M) -> Publisher:
    """Somebody who tells other events about the same subject."""
    stranger = Publisher(Database(make_database(postgres).url))
    stranger.tell(*(note(subject, n + 100) for n in range(5)))
    return stranger


async def write(kafka: str, stranger: Publisher, condition: str, source: bytes) -> None:
    """Put a stranger's records on the stream."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for record in stranger.records(condition):
        headers = [(name, source if name == "ce_source" else value) for name, value in record.headers]
        await producer.send_and_wait(STREAM, record.value, key=M.encode(), partition=lane_of(M), headers=headers)
    await producer.stop()


def is_stopped(inbox: Inbox) -> bool:
    return resuming.stopped(inbox, M) is not None


def test_a_subject_stopped_by_a_stray_record_goes_on_from_the_publishers_history(
    publisher: Publisher, consumer_database: Database, postgres: Postgres
) -> None:
    async def story() -> None:
        inbox = an_inbox(consumer_database)
        with MockBroker() as broker:
            kafka = broker.address
            async with task(a_relay(publisher, kafka).run()), task(asking(consumer_database.url, kafka, inbox).run()), \
                    task(subscribe(kafka, inbox)):
                publisher.tell(*(note(M, n) for n in range(3)))
                await reached(lambda: applied(consumer_database) == {M: [0, 1, 2]})
                await write(kafka, elsewhere(postgres), "sequence = 4", b"urn:somebody:else")
                await reached(lambda: is_stopped(inbox))
                publisher.tell(*(note(M, n) for n in range(3, 5)))
                place = resuming.stopped(inbox, M)
                assert place is not None
                await resuming.verify_history(kafka, STREAM, M, place, source=SOURCE)
                await asyncio.to_thread(resuming.resume, inbox, M, "betrieb")
                await reached(lambda: applied(consumer_database) == {M: [0, 1, 2, 3, 4]})
        assert rows(consumer_database, "select state from inbox") == [("ok",)]
        assert rows(consumer_database, "select what, acknowledged_by from alarm") == [("fork", "betrieb")]

    run(story)


def test_a_history_that_is_not_the_publishers_is_not_resumed(
    publisher: Publisher, consumer_database: Database, postgres: Postgres
) -> None:
    async def story() -> None:
        with MockBroker() as broker:
            publisher.tell(*(note(M, n) for n in range(3)))
            stranger = elsewhere(postgres)
            async with task(a_relay(publisher, broker.address).run()):
                await reached(lambda: rows(publisher.database, "select id > 0 from relayed where id > 0"))
            await write(broker.address, stranger, "true", b"urn:somebody:else")
            [(digest,)] = rows(stranger.database, "select digest from outbox where sequence = 2")
            with pytest.raises(OtherHistory, match=f"event 2 of {M} was applied here, .* another digest"):
                await resuming.verify_history(broker.address, STREAM, M, (2, bytes(digest)), source=SOURCE)
            [(digest,)] = rows(stranger.database, "select digest from outbox where sequence = 5")
            with pytest.raises(OtherHistory, match="reaches event 3 on Kafka"):
                await resuming.verify_history(broker.address, STREAM, M, (5, bytes(digest)), source=SOURCE)

    run(story)


def test_an_acknowledged_alarm_is_kept_and_opens_again_when_it_is_raised_again(
    publisher: Publisher, consumer_database: Database, postgres: Postgres
) -> None:
    def damaged(number: int) -> None:
        [record] = publisher.tell(note(M, number))
        object.__setattr__(record, "value", b"{}")
        inbox.once([record], lambda *_: None)

    inbox = an_inbox(consumer_database)
    damaged(1)
    assert [(one["subject"], one["what"]) for one in resuming.open_alarms(consumer_database)] == [(M, "damaged")]
    assert resuming.acknowledge(consumer_database, "betrieb", "measure/another") == 0
    assert resuming.acknowledge(consumer_database, "betrieb", M) == 1
    assert flow(consumer_database, "x").alarms == 0 and resuming.open_alarms(consumer_database) == []
    assert rows(consumer_database, "select times, acknowledged_by from alarm") == [(1, "betrieb")]
    with consumer_database.transaction() as session:
        session.connection().exec_driver_sql("update inbox set state = 'ok', sequence = 1, head = 1")
    damaged(2)
    assert flow(consumer_database, "x").alarms == 1
    assert rows(consumer_database, "select times, acknowledged_by from alarm") == [(2, None)]
