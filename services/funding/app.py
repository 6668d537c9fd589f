"""Puts funding together."""

from __future__ import annotations

from services.funding import application, consumer, tables, web
from shared.contracts import streams
from shared.contracts.funding import FUNDING
from shared.contracts.intake import INTAKE
from shared.messaging.work import Clock
from shared.runtime.service import Service, Stream
from shared.runtime.settings import Settings


def create(settings: Settings, clock: Clock | None = None) -> Service:
    """Funding, ready to run."""
    service = Service(
        "funding",
        settings,
        publishes=streams.FUNDING,
        events=FUNDING,
        reads=(Stream(streams.INTAKE, INTAKE, application.post_facts),),
        consumers=consumer.router,
        pages=(web.router,),
        histories=(tables.HISTORY,),
        clock=clock,
        description="Says what facts mean in money: posts them to sealed journals, matches payments, reconciles every measure.",
    )
    service.chore(application.Pace(application.Reconciling()).reconcile_due, every=0.1)
    service.chore(application.mark_new_day, every=60.0, wakes=False)
    service.backlog(application.work_left)
    web.measure_gauges(service)
    return service
