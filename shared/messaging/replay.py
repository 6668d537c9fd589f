"""What is said on ``pruefpfad.replay``: "I stand here, tell me what follows", "who stands where?", "I stand here".

One partition, short retention, read by every relay without a group. All of it is a hint: what is lost is said again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from shared.messaging.heads import Head

ASK: Final = "ask"
ROLL_CALL: Final = "roll-call"
STANDS: Final = "stands"
PER_MESSAGE: Final = 2_000


@dataclass(frozen=True)
class Said:
    """One message. ``places`` are sequence and digest of the last event the consumer has applied, per subject."""

    kind: str
    stream: str
    consumer: str = ""
    places: Mapping[str, Head] = field(default_factory=dict)
    last: bool = True
    """Nothing follows of this statement."""

    def encode(self) -> bytes:
        """As JSON."""
        places = {subject: (sequence, digest.hex()) for subject, (sequence, digest) in self.places.items()}
        said = {"kind": self.kind, "stream": self.stream, "consumer": self.consumer, "places": places, "last": self.last}
        return json.dumps(said, separators=(",", ":")).encode()


def statement(stream: str, consumer: str, places: Mapping[str, Head]) -> Iterator[Said]:
    """Where a consumer stands, in messages of bounded size; at least one, so that "nowhere yet" is an answer too."""
    rest = iter(places.items())
    some = dict(islice(rest, PER_MESSAGE))
    while True:
        following = dict(islice(rest, PER_MESSAGE))
        yield Said(STANDS, stream, consumer, some, last=not following)
        if not following:
            return
        some = following


def read_said(body: bytes | None) -> Said | None:
    """Read a message; nothing for what is not one (anybody may write here)."""
    try:
        said = json.loads(body or b"")
        places = {
            str(subject): (int(sequence), bytes.fromhex(digest)) for subject, (sequence, digest) in said["places"].items()
            if 0 <= int(sequence) < 2**63 and "\0" not in subject
        }
        return Said(str(said["kind"]), str(said["stream"]), str(said["consumer"]), places, said["last"] is True)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
