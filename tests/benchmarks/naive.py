"""The ordinary service one would write first: FastStream and SQLModel, one message = one transaction = one commit.

    python -m tests.benchmarks.naive funding --kafka 127.0.0.1:9092 --database postgresql://…/naive

``funding`` books each voucher as an entry of two postings, sealed with the one before, and publishes it; ``reporting`` keeps each
entry as a line. A repeat is recognised by its fact. Nothing is slowed down on purpose: handlers are typed, sessions are pooled,
messages are awaited as the documentation shows, and offsets are committed when a message has been handled.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
from datetime import date
from uuid import UUID

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel
from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, Session, SQLModel, create_engine, select

from shared.contracts.intake import VoucherRecorded

INTAKE, FUNDING = "naive.intake", "naive.funding"
TOPICS = (INTAKE, FUNDING)


class Journal(SQLModel, table=True):
    """Where a measure's journal stands."""

    subject: str = Field(primary_key=True)
    number: int = 0
    seal: bytes = Field(default=b"", sa_column=Column(LargeBinary))


class Entry(SQLModel, table=True):
    """A booked voucher."""

    subject: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    fact: UUID = Field(unique=True)
    valued_on: date
    seal: bytes = Field(sa_column=Column(LargeBinary))


class Posting(SQLModel, table=True):
    """One side of an entry."""

    subject: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    line: int = Field(primary_key=True)
    account: str
    cents: int


class Line(SQLModel, table=True):
    """An entry as a report shows it."""

    subject: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    fact: UUID
    body: str


class Booked(BaseModel):
    """What the first service tells the second."""

    subject: str
    number: int
    fact: UUID
    valued_on: date
    postings: list[tuple[str, int]]
    seal: str


def serve(service: str, kafka: str, database: str) -> None:
    """Run one of the two services until stopped."""
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"), pool_size=5)
    broker = KafkaBroker(kafka, logger=None)
    again = AckPolicy.NACK_ON_ERROR
    if service == "funding":

        @broker.subscriber(INTAKE, group_id="naive.funding", auto_offset_reset="earliest", ack_policy=again)
        async def on_voucher(fact: VoucherRecorded) -> None:
            booked = await asyncio.to_thread(book, fact)
            if booked is not None:
                await broker.publish(booked, FUNDING, key=booked.subject.encode())

        def book(fact: VoucherRecorded) -> Booked | None:
            voucher = fact.voucher
            with Session(engine) as session:
                if session.exec(select(Entry).where(Entry.fact == fact.id)).first() is not None:
                    return None
                journal = session.get(Journal, fact.subject, with_for_update=True) or Journal(subject=fact.subject)
                journal.number += 1
                journal.seal = hashlib.sha256(journal.seal + f"{fact.id} {voucher.eligible_cents}".encode()).digest()
                postings = [("cost", voucher.eligible_cents), ("suppliers", -voucher.eligible_cents)]
                session.add(journal)
                session.add(Entry(
                    subject=fact.subject, number=journal.number, fact=fact.id, valued_on=voucher.invoice_date, seal=journal.seal
                ))
                for line, (account, cents) in enumerate(postings, 1):
                    session.add(Posting(subject=fact.subject, number=journal.number, line=line, account=account, cents=cents))
                booked = Booked(
                    subject=fact.subject, number=journal.number, fact=fact.id, valued_on=voucher.invoice_date, postings=postings,
                    seal=journal.seal.hex(),
                )
                session.commit()
            return booked

    else:

        @broker.subscriber(FUNDING, group_id="naive.reporting", auto_offset_reset="earliest", ack_policy=again)
        async def on_entry(booked: Booked) -> None:
            await asyncio.to_thread(keep, booked)

        def keep(booked: Booked) -> None:
            with Session(engine) as session:
                session.merge(Line(
                    subject=booked.subject, number=booked.number, fact=booked.fact, body=booked.model_dump_json()
                ))
                session.commit()

    asyncio.run(FastStream(broker, logger=None).run())


def make_tables(database: str) -> None:
    """Empty tables."""
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    tables = [SQLModel.metadata.tables[name] for name in ("journal", "entry", "posting", "line")]
    SQLModel.metadata.drop_all(engine, tables=tables)
    SQLModel.metadata.create_all(engine, tables=tables)
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.naive", description=__doc__)
    parser.add_argument("service", choices=("funding", "reporting"))
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    serve(given.service, given.kafka, given.database)


if __name__ == "__main__":
    main()
