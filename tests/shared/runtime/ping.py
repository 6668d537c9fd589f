"""Two tiny services: ``asking`` tells facts on the intake stream, ``answering`` answers each on the funding stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import APIRouter
from faststream import Context
from pydantic import TypeAdapter
from sqlalchemy import text

from shared.contracts import streams
from shared.contracts.event import Event
from shared.messaging.work import Work
from shared.persistence.migrations import History
from shared.runtime.access import Actor
from shared.runtime.http import Here, may
from shared.runtime.kafka import Consumers, KafkaMessage
from shared.runtime.service import Service, Stream
from shared.runtime.settings import Settings

HISTORY = History("answers", Path(__file__).parent / "answers")


class Asked(Event):
    """A number was asked about."""

    type: Literal["test.asked.v1"] = "test.asked.v1"
    number: int
    bulk: str = ""


class Answered(Event):
    """Its double."""

    type: Literal["test.answered.v1"] = "test.answered.v1"
    double: int


def ask(work: Work, subject: str, numbers: Sequence[int], actor: Actor, bulk: int = 0) -> int:
    """Tell one fact per number, each with so many bytes of bulk."""
    for number in numbers:
        name = uuid5(NAMESPACE_URL, f"{subject}/{number}")
        work.emit(Asked(id=name, subject=subject, recorded_at=work.now, actor=actor.name, number=number, bulk="x" * bulk))
    return len(numbers)


def ask_about(work: Work, subjects: Sequence[str], hand_in: UUID, actor: Actor) -> None:
    """Tell one fact per subject, all of one hand-in."""
    for subject in subjects:
        said = {"id": uuid4(), "subject": subject, "recorded_at": work.now, "actor": actor.name, "correlation": hand_in}
        work.emit(Asked(**said, number=30_000))


def answer(work: Work, facts: Sequence[Asked]) -> None:
    """Keep the double of each number, and tell it; 13 cannot be doubled."""
    rows = []
    for fact in facts:
        with work.parking(fact):
            if fact.number == 13:
                raise ValueError("13 is not doubled here")
            rows.append((fact.subject, fact.number, 2 * fact.number))
            work.emit(Answered(
                id=uuid5(fact.id, "0"), subject=fact.subject, recorded_at=work.now, actor="pruefpfad", cause=fact.id,
                double=2 * fact.number,
            ))
    work.copy("answer", ("subject", "number", "double"), rows)


def hear(work: Work, facts: Sequence[Answered]) -> None:
    """Keep what was answered."""
    work.copy("answer", ("subject", "number", "double"), [(fact.subject, fact.double // 2, fact.double) for fact in facts])


def answers(service: Service) -> list[tuple[str, int, int]]:
    """What the service has kept, in the order of its arrival."""
    with service.database.transaction() as session:
        return [tuple(row) for row in session.execute(text("select subject, number, double from answer order by id"))]   # type: ignore[misc]


pages = APIRouter()


@pages.post("/questions")
def post_questions(
    service: Here, actor: Annotated[Actor, may("hand_in")], subject: str, first: int, count: int, bulk: int = 0
) -> dict[str, int]:
    """Ask about numbers."""
    return {"asked": service.do(ask, subject, range(first, first + count), actor, bulk)}


@pages.get("/questions/{number}")
def get_question(number: int) -> dict[str, int]:
    """A page that names no role: any token will do."""
    return {"number": number}


@pages.post("/decisions")
def post_decision(actor: Annotated[Actor, may("decide")]) -> dict[str, str]:
    """Only a clerk decides."""
    return {"decided_by": actor.name}


asking = Consumers()


@asking.subscriber(streams.FUNDING, group="intake.funding")
def on_answers(message: KafkaMessage, intake: Annotated[Service, Context()]) -> None:
    """Hear what was answered."""
    intake.once(message.raw_message, hear)


answering = Consumers()


@answering.subscriber(streams.INTAKE, group="funding.intake")
def on_questions(message: KafkaMessage, funding: Annotated[Service, Context()]) -> None:
    """Answer questions, a batch per transaction."""
    funding.once(message.raw_message, answer)


def intake(settings: Settings) -> Service:
    """Asks, and hears the answers."""
    return Service(
        "intake", settings, publishes=streams.INTAKE, events=Asked, reads=[Stream(streams.FUNDING, TypeAdapter(Answered), hear)],
        consumers=asking, pages=[pages], histories=[HISTORY], description="Asks.",
    )


def funding(settings: Settings) -> Service:
    """Answers."""
    return Service(
        "funding", settings, publishes=streams.FUNDING, events=Answered,
        reads=[Stream(streams.INTAKE, TypeAdapter(Asked), answer)], consumers=answering, histories=[HISTORY],
        description="Answers.",
    )


BOTH: tuple[Callable[[Settings], Service], ...] = (intake, funding)
