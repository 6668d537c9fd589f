"""Heads: what a publisher has sent last of each subject. They tell a consumer what it lacks when nothing follows.

A heads message stands in the lane's own partition, behind the events it covers: who has read it and is behind really lacks them.
It is no event: no sequence, no digest of its own. *Full* heads were read from a lane without backlog, so a consumer that stands
higher knows more than its publisher.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from shared.messaging.envelope import HEADS_KEY, HEADS_TYPE, Message

PER_MESSAGE = 2_000
"""Subjects in one message: about 220 kB."""

Head = tuple[int, bytes]
"""Sequence and digest of a subject's last event."""


@dataclass(frozen=True)
class HeadsTold:
    """A heads message, read. ``at`` is the time of the publisher's database: one clock, whichever replica speaks."""

    at: datetime
    full: bool
    heads: Mapping[str, Head]


def messages(heads: Iterable[tuple[int, str, int, bytes]], *, at: datetime, full: bool) -> Iterator[Message]:
    """Heads messages from rows of lane, subject, sequence, digest; each is a microsecond younger than the one before."""
    lanes: dict[int, list[tuple[str, int, bytes]]] = {}
    for lane, subject, sequence, digest in heads:
        lanes.setdefault(lane, []).append((subject, sequence, digest))
    for lane, told in lanes.items():
        rest = iter(told)
        while some := {subject: (sequence, digest.hex()) for subject, sequence, digest in islice(rest, PER_MESSAGE)}:
            body = json.dumps({"at": at.isoformat(), "full": full, "heads": some}, separators=(",", ":")).encode()
            headers = [
                ("ce_specversion", b"1.0"), ("ce_type", HEADS_TYPE.encode()), ("ce_time", at.isoformat().encode()),
                ("content-type", b"application/json"),
            ]
            yield Message(lane, HEADS_KEY, body, headers)
            at += timedelta(microseconds=1)


def read_heads(body: bytes) -> HeadsTold:
    """Read a heads message; ``ValueError`` with what is wrong."""
    try:
        told = json.loads(body)
        at = datetime.fromisoformat(told["at"])
        heads = {str(subject): (int(sequence), bytes.fromhex(digest)) for subject, (sequence, digest) in told["heads"].items()}
        full = told["full"] is True
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"heads message cannot be read: {error!r}") from error
    if at.tzinfo is None:
        raise ValueError(f"heads message without time zone: {told['at']}")
    if any("\0" in subject or len(digest) != 32 or not 0 <= sequence < 2**63 for subject, (sequence, digest) in heads.items()):
        raise ValueError("heads message with an impossible subject, sequence or digest")
    return HeadsTold(at, full, heads)
