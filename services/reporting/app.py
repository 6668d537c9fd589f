"""Puts reporting together."""

from __future__ import annotations

from typing import Final

from services.reporting import application, consumer, tables, web
from services.reporting.domain.lines import EntryHeard
from shared.contracts import streams
from shared.contracts.funding import FUNDING
from shared.contracts.intake import INTAKE
from shared.contracts.reporting import REPORTING
from shared.messaging.work import Clock
from shared.runtime.service import Service, Stream
from shared.runtime.settings import Settings

SHOWN: Final = frozenset(
    f"de.pruefpfad.{name}.v1"
    for name in (
        "measure.registered",
        "plan-line.recorded",
        "grant.awarded",
        "award.amended",
        "cofunding.committed",
        "receipt.recorded",
        "decision.recorded",
        "decision.detailed",
        "staff.assigned",
        "programme.registered",
        "participation.recorded",
        "figure.published",
        "size-band.set",
        "population.recorded",
        "report.signed",
        "instruction.given",
    )
)
"""Facts that documents show. Vouchers and bank lines come as entries of funding."""


def create(settings: Settings, clock: Clock | None = None) -> Service:
    """Reporting, ready to run."""
    service = Service(
        "reporting",
        settings,
        publishes=streams.REPORTING,
        events=REPORTING,
        reads=(
            Stream(streams.FUNDING, FUNDING, application.project, brief={b"de.pruefpfad.entry.posted.v1": EntryHeard}),
            Stream(streams.INTAKE, INTAKE, application.keep_facts, only=SHOWN),
        ),
        consumers=consumer.router,
        pages=(web.router,),
        open_pages=(web.open_router,),
        histories=(tables.HISTORY,),
        clock=clock,
        description="Turns results into audit-ready reports that can be verified without trusting us.",
    )
    web.measure_gauges(service)
    return service
