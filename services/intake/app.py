"""Puts intake together."""

from __future__ import annotations

from services.intake import application, consumer, store, tables, web
from shared.contracts import streams
from shared.contracts.intake import INTAKE
from shared.messaging.work import Clock
from shared.persistence.files import Files
from shared.runtime.service import Service
from shared.runtime.settings import Settings


def create(settings: Settings, clock: Clock | None = None) -> Service:
    """Intake, ready to run."""
    service = Service(
        "intake",
        settings,
        publishes=streams.INTAKE,
        events=INTAKE,
        consumers=consumer.router,
        pages=(web.router,),
        histories=(tables.HISTORY,),
        clock=clock,
        description="Takes in what people and other services hand in; tells facts, and what to mend where there are none.",
    )
    reader = application.Reader(
        Files(settings.data / "files"), store.Turn(settings.database_of("intake") if settings.database else "")
    )
    application.use_reader(service, reader)
    service.chore(reader.read_on, every=2.0, when=reader.ahead)
    service.backlog(store.count_waiting)
    service.gauge("handins", "Hand-ins by state", store.counts, ("state",))
    service.gauge("submissions_set_aside", "Kafka records that are no submission", store.set_aside_count)
    return service
