"""The three services by name, in the order in which facts flow. Each is imported only when it is made: commands start quickly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.runtime.service import Service
    from shared.runtime.settings import Settings


def intake(settings: Settings) -> Service:
    """What was handed in."""
    from services.intake.app import create

    return create(settings)


def funding(settings: Settings) -> Service:
    """What it means in money."""
    from services.funding.app import create

    return create(settings)


def reporting(settings: Settings) -> Service:
    """What we can prove."""
    from services.reporting.app import create

    return create(settings)


MAKERS: Final[Mapping[str, Callable[[Settings], Service]]] = {"intake": intake, "funding": funding, "reporting": reporting}
