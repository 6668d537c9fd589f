"""Waiver: a finding that was accepted with a reason, as it was when it was accepted.

It holds for what the person saw and no more: a larger amount, or other inputs where nothing is at risk, opens the finding again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.contracts.funding import Finding
from shared.contracts.intake import Fact, InstructionGiven, WaiveFinding
from shared.values.source import digest_of


@dataclass(frozen=True, slots=True)
class Content:
    """What a waiver was given for."""

    at_risk_cents: int
    """The largest amount over the days it is stated for."""
    inputs: frozenset[str]
    """Digests of what it was judged by, one for each different day."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Why a finding was accepted, and for which content; None as long as funding has not seen the finding."""

    instruction: UUID
    reason: str
    given_for: Content | None = None
    up_to_cents: int | None = None
    """The amount the instruction itself names."""

    def covers(self, at_risk_cents: int, inputs: Mapping[str, str]) -> bool:
        """Is this still what was accepted?"""
        limit = self.up_to_cents if self.up_to_cents is not None else self.given_for.at_risk_cents if self.given_for else None
        if limit is not None and at_risk_cents > limit:
            return False
        return bool(at_risk_cents) or self.given_for is None or digest_of_inputs(inputs) in self.given_for.inputs


def waivers_of(standing: Iterable[Fact], given_for: Mapping[UUID, Content]) -> dict[UUID, Waiver]:
    """Finding → waiver: the last word about a finding counts, also if it takes the waiver back.

    A finding that crosses measures is one, so what was said in any of them counts: ``standing`` may be of several. ``given_for``:
    by instruction, what it was given for, where funding has seen it before.
    """
    waivers: dict[UUID, Waiver] = {}
    for fact, given in waiving(standing):
        if given.withdrawn:
            waivers.pop(given.finding, None)
        else:
            waivers[given.finding] = Waiver(fact, given.reason, given_for.get(fact), given.at_risk_cents)
    return waivers


def waiving(standing: Iterable[Fact]) -> list[tuple[UUID, WaiveFinding]]:
    """Facts that waive a finding or take that back, in the order they were said; at the same instant a measure's own order."""
    said = [
        (fact.recorded_at, fact.id, fact.instruction)
        for fact in standing
        if isinstance(fact, InstructionGiven) and isinstance(fact.instruction, WaiveFinding)
    ]
    return [(fact, given) for _, fact, given in sorted(said, key=lambda s: s[0])]


def first_seen(waivers: Mapping[UUID, Waiver], findings: Iterable[Finding]) -> dict[UUID, Content]:
    """By instruction, what waivers that have not been bound yet are given for: their findings as they stand."""
    seen: dict[UUID, Content] = {}
    for finding in findings:
        waiver = waivers.get(finding.id)
        if waiver is not None and waiver.given_for is None:
            before = seen.get(waiver.instruction, Content(0, frozenset()))
            seen[waiver.instruction] = Content(
                max(before.at_risk_cents, finding.at_risk_cents), before.inputs | {digest_of_inputs(finding.inputs)}
            )
    return seen


def digest_of_inputs(inputs: Mapping[str, str]) -> str:
    """SHA-256 of a finding's inputs, whatever their order."""
    return digest_of(json.dumps(dict(inputs), sort_keys=True, ensure_ascii=False).encode())
