"""Kafka in: the facts of intake."""

from __future__ import annotations

from typing import Annotated

from faststream import Context

from services.funding.application import post_facts
from shared.contracts import streams
from shared.runtime.kafka import Consumers, KafkaMessage
from shared.runtime.service import Service

router = Consumers()


@router.subscriber(streams.INTAKE, group="funding.intake")
def on_intake_events(message: KafkaMessage, funding: Annotated[Service, Context()]) -> None:
    """Post intake facts, a batch per transaction; what follows leaves through the outbox."""
    funding.once(message.raw_message, post_facts)
