"""Where a fact comes from: the file by its digest, and the place in it. Ids made from content."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID, SafeUUID

from pydantic import BaseModel, ConfigDict, Field

NAMESPACE: Final = UUID("6f1d7c1e-3c58-5d0e-9a53-4a5e8f0c1b7a")
"""Namespace of all ids Prüfpfad derives from content, so that a rerun makes the same ones."""

SHORT: Final = 12
"""Hex digits of a digest in a printed reference: six collide within a few thousand files, twelve do not."""


class Source(BaseModel):
    """The row a fact was read from: SHA-256 of the file as handed in, and the place in it (``17``, ``3.1``)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    place: str = Field(min_length=1, max_length=200)

    @property
    def reference(self) -> str:
        """The printed form, ``3f2a9c1be07d:17``: what a reader types to see the row."""
        return f"{self.digest[:SHORT]}:{self.place}"

    @property
    def row(self) -> dict[str, str]:
        """The row as answers name it, with the address under which intake shows it."""
        address = f"/intake/files/{self.digest}/rows/{self.place}"
        return {"reference": self.reference, "digest": self.digest, "place": self.place, "href": address}


def digest_of(content: bytes) -> str:
    """SHA-256 of a file's bytes, in hex: its name everywhere."""
    return hashlib.sha256(content).hexdigest()


def id_of(*parts: str) -> UUID:
    """Id made from content (UUIDv5): equal parts, equal id; parts are kept apart by a separator no text contains.

    Every event has one: ``uuid5`` would spend most of its time on the namespace, and ``UUID`` on looking at its arguments.
    """
    digest = hashlib.sha1(_NAMESPACE + "\x1f".join(parts).encode(), usedforsecurity=False).digest()
    made = UUID.__new__(UUID)
    number = int.from_bytes(digest[:16], "big") & ~(0xF000 << 64) & ~(0xC000 << 48)
    object.__setattr__(made, "int", number | 5 << 76 | 0x8000 << 48)
    object.__setattr__(made, "is_safe", SafeUUID.unknown)
    return made


_NAMESPACE: Final = NAMESPACE.bytes
