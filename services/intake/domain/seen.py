"""How often something was met in a file of millions of rows, in a few bytes each."""

from __future__ import annotations

from typing import Final

_BUCKETS: Final = 4_096
_WIDTH: Final = 11
"""Bytes of a digest that are kept beside the bucket: 96 bits in all, of which no two in a file agree by chance."""


class Seen:
    """Counts digests. Nearly all are met once: those stand side by side without objects of their own; the others in a dict."""

    def __init__(self) -> None:
        self._once: Final[list[bytearray | None]] = [None] * _BUCKETS
        self._more: Final[dict[bytes, int]] = {}

    def count(self, digest: bytes) -> int:
        """Meet a digest (16 bytes or more) once more; how often that makes.

        >>> seen, digest = Seen(), bytes(range(16))
        >>> seen.count(digest), seen.count(digest), seen.count(bytes(16))
        (1, 2, 1)
        """
        at, kept = (digest[0] | digest[1] << 8) % _BUCKETS, digest[2 : 2 + _WIDTH]
        bucket = self._once[at]
        if bucket is None:
            self._once[at] = bytearray(kept)
            return 1
        found = bucket.find(kept)
        while found % _WIDTH and found >= 0:  # over the seam of two neighbours
            found = bucket.find(kept, found + 1)
        if found < 0:
            bucket += kept
            return 1
        times = self._more.get(digest, 1) + 1
        self._more[digest] = times
        return times
