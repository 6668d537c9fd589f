"""Kafka in: both streams that reports are made of."""

from __future__ import annotations

from typing import Annotated

from faststream import Context

from services.reporting.application import keep_facts, project
from shared.contracts import streams
from shared.runtime.kafka import Consumers, KafkaMessage
from shared.runtime.service import Service

router = Consumers()


@router.subscriber(streams.FUNDING, group="reporting.funding")
def on_funding_events(message: KafkaMessage, reporting: Annotated[Service, Context()]) -> None:
    """Turn results into report lines, statements and findings, a batch per transaction."""
    reporting.once(message.raw_message, project)


@router.subscriber(streams.INTAKE, group="reporting.intake")
def on_intake_events(message: KafkaMessage, reporting: Annotated[Service, Context()]) -> None:
    """Keep the facts that documents show; the others are counted, so that a gap is seen."""
    reporting.once(message.raw_message, keep_facts)
