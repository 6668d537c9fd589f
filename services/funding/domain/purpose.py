"""Purpose: what a measure does, for whom, when and on which awards, as other measures compare it (DOP-01)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.funding.domain.case import awards_of, standing_of
from shared.contracts.intake import Award, AwardAmended, Fact, GrantAwarded, MeasureData, MeasureRegistered, MeasureWithdrawn
from shared.values.dates import Period
from shared.values.source import digest_of

_APART: Final = "\x1f"
_SEEN: Final = {"key", "name", "municipality", "carrier", "service", "target_group", "implementation"}
"""What of a registration others see: not its accounts, nor its programme."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What others see of an awarded measure. Two of them are compared if they share a group and a day and have no single award
    in common: never fewer than DOP-01 finds, and few more."""

    groups: tuple[str, ...]
    """Each of its places (municipality, official key, carrier) with its service and with its target group."""
    period: Period
    awards: tuple[str, ...]
    """Grantor and reference of each award, in force or not."""
    seen: str
    """Digest of all that others see: while it stays, nothing changes for them."""


def purpose_of(facts: Iterable[Fact]) -> Purpose | None:
    """What others see of a measure, of the facts that register it, award it money and withdraw it; None where they see nothing:
    nobody registered it, or nobody awards it anything."""
    standing = standing_of(facts)
    registered = [f for f in standing if isinstance(f, MeasureRegistered)]
    awards = [f.award for f in standing if isinstance(f, GrantAwarded | AwardAmended)]
    if not registered or not awards:
        return None
    last, data = registered[-1], registered[-1].measure
    withdrawn = min((f.withdrawn_on for f in standing if isinstance(f, MeasureWithdrawn)), default=None)
    seen = (last.source.reference, data.model_dump_json(include=_SEEN), f"withdrawn {withdrawn}", *_in_force(standing, awards))
    return Purpose(
        groups=_groups(data),
        period=data.implementation,
        awards=tuple(sorted({_name(a) for a in awards})),
        seen=digest_of(_APART.join(seen).encode()),
    )


def _in_force(standing: Iterable[Fact], awards: Sequence[Award]) -> list[str]:
    """Which awards are in force, from each day on that makes a difference: an amendment of the amount makes none."""
    days = sorted({day for a in awards for day in (a.awarded_on, a.revoked_on) if day is not None})
    states = [sorted(_name(a) for a in awards_of(standing, day) if a.in_force(day)) for day in days]
    return [f"{day} {now}" for day, before, now in zip(days, [[], *states], states, strict=False) if now != before]


def _name(award: Award) -> str:
    return _APART.join((award.grantor.key, award.reference))


def _groups(data: MeasureData) -> tuple[str, ...]:
    town = data.municipality
    places = [f"municipality {town.key}", f"carrier {plain(data.carrier)}", *([f"ags {town.ags}"] if town.ags else [])]
    words = {"service": plain(data.service), "target_group": plain(data.target_group)}
    return tuple(_APART.join((place, name, word)) for place in places for name, word in words.items() if word)


def plain(text: str) -> str:
    """Words as they are compared: case and blanks do not matter."""
    return " ".join(text.split()).casefold()
