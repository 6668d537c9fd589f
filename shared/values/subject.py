"""What an event is about, and the lane (Kafka partition) that keeps all events about it in order."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

LANES: Final = 12
"""Lanes of every stream: the partitions of its topic. Fixed for ever, since a lane is computed from the subject alone."""

KINDS: Final = ("measure", "account", "programme", "paper", "file")
"""Kinds of subject. Facts that concern several subjects are told under one of them and allocated by funding."""


def subject_of(kind: str, key: str) -> str:
    """Subject such as ``measure/M-1``; the key is percent-encoded, so that a subject is ASCII and has one slash.

    >>> subject_of("paper", "03157:2021/941")
    'paper/03157:2021%2F941'
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of subject {kind!r}, expected one of {', '.join(KINDS)}")
    if not key.strip():
        raise ValueError(f"a subject of kind {kind} needs a key")
    return f"{kind}/{quote(key.strip(), safe=':._-')}"


def key_of(subject: str) -> str:
    """Key as people write it.

    >>> key_of("paper/03157:2021%2F941")
    '03157:2021/941'
    """
    return unquote(subject.partition("/")[2])


def kind_of(subject: str) -> str:
    """Kind of the subject: the part before the slash."""
    return subject.partition("/")[0]


@lru_cache(maxsize=100_000)
def lane_of(subject: str) -> int:
    """Lane 0…11 of a subject: the same in every service, every run and every version."""
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:4], "big") % LANES


def paper_key(municipality: str, reference: str) -> str:
    """Key of a paper: references are unique within a municipality only. A reference that names its municipality stays."""
    reference = reference.strip()
    return reference if reference.startswith(f"{municipality}/") else f"{municipality}/{reference}"
