"""What all statements share: funding's name as a consumer, and a few forms of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlmodel import Session

from shared.persistence.database import cursor

CONSUMER: Final = "funding.intake"
"""Name under which the inbox keeps its places and parked facts."""


def subjects_of(session: Session, statement: str, parameters: Any) -> set[str]:
    """The one column of an answer."""
    with cursor(session) as run:
        run.execute(statement, parameters)
        return {subject for (subject,) in run}


def count_of(session: Session, statement: str, parameters: Sequence[Any]) -> int:
    """The one number of an answer; 0 without any."""
    with cursor(session) as run:
        run.execute(statement, parameters)
        row = run.fetchone()
        return int(row[0]) if row else 0


def dicts_of(session: Session, statement: str, parameters: Any) -> list[dict[str, Any]]:
    """Each row by the names of its columns."""
    with cursor(session) as run:
        run.execute(statement, parameters)
        names = [column.name for column in run.description or ()]
        return [dict(zip(names, row, strict=True)) for row in run]
