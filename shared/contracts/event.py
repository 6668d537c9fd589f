"""What every event carries, whoever publishes it."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Event(BaseModel):
    """A thing that happened, told once and kept for ever.

    The body holds everything that is said; on Kafka the CloudEvents attributes (``ce_id``, ``ce_type``, ``ce_subject``,
    ``ce_time``, ``ce_actor`` …) repeat what routing needs, and ``ce_sequence``, ``ce_previous``, ``ce_digest`` make each
    subject's events a gapless hash chain. Readers ignore fields they do not know: a new optional field is no new version,
    every other change is a new class with a new ``type``.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    id: UUID
    """Derived from what the event says or from its cause (UUIDv5), so that a rerun makes the same one."""
    subject: str
    """``measure/M-1``, ``account/DE…``, ``programme/herne``, ``paper/…``, ``file/…``: the order of a subject's events is kept."""
    recorded_at: AwareDatetime
    """When Prüfpfad came to know it (UTC). Business dates are fields of the event itself (Europe/Berlin)."""
    actor: str
    """Who said it: the name of a token, a service account or ``pruefpfad`` for what follows by rule. Never a private person."""
    approved_by: str | None = None
    """Second pair of eyes where the rule wants four."""
    correlation: UUID | None = None
    """The hand-in this belongs to."""
    cause: UUID | None = None
    """The event this follows from."""
