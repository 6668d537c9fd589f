"""Kafka in: what other services hand in."""

from __future__ import annotations

from typing import Annotated

from faststream import Context

from services.intake.application import Record, reader_of, receive_records
from shared.contracts import streams
from shared.persistence.database import is_refusal
from shared.runtime.kafka import Consumers, KafkaMessage
from shared.runtime.service import Service

router = Consumers()


@router.subscriber(streams.SUBMISSIONS, group="intake.submissions")
def on_submissions(message: KafkaMessage, intake: Annotated[Service, Context()]) -> None:
    """Take in submissions, a batch per transaction; what is none is set aside and answered by ``RowRejected``."""
    records = [Record(one.partition, one.offset, tuple(one.headers or ()), one.value or b"") for one in message.raw_message]
    try:
        intake.do(receive_records, reader_of(intake).files, records)
    except Exception as error:
        if not is_refusal(error):
            raise
        for record in records:  # one of them cannot be kept; the others can
            intake.do(receive_records, reader_of(intake).files, [record])
    reader_of(intake).ask()
