"""An event on the wire: CloudEvents attributes as ASCII headers, the body as bytes, both bound into each subject's hash chain."""

from __future__ import annotations

import hashlib
from binascii import hexlify, unhexlify
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

ZERO: Final = bytes(32)
"""Predecessor of a subject's first event."""

MAX_BODY: Final = 256 * 1024
"""Bytes of an event's JSON: statements carry totals, lines are events of their own."""

HEADS_TYPE: Final = "de.pruefpfad.heads.v1"
HEADS_KEY: Final = b"heads"
_HEADS: Final = HEADS_TYPE.encode()
_NEEDED: Final = ("ce_subject", "ce_sequence", "ce_previous", "ce_digest", "ce_type")
_LONGEST_SUBJECT: Final = 500
_LAST_SEQUENCE: Final = 2**63 - 1


class Record(Protocol):
    """What the inbox needs of a Kafka record (aiokafka's ``ConsumerRecord`` has it)."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]] | None: ...


class Delivery(NamedTuple):
    """An event as it came: its place in its subject's order, its chain, its bytes. Only what order needs is decoded."""

    subject: str
    sequence: int
    previous: bytes
    digest: bytes
    type: bytes
    body: bytes

    @property
    def is_whole(self) -> bool:
        """Are these the bytes the digest was made of? Says nothing about whether the predecessor is ours."""
        return chain(self.previous, self.sequence, self.subject, self.type, self.body) == self.digest


class Heads(NamedTuple):
    """A heads message: what the publisher has sent last of some of a lane's subjects."""

    lane: int
    reference: str
    """``topic/partition/offset``"""
    body: bytes


class Unplaced(NamedTuple):
    """A record whose place in the order cannot be read or not be believed: kept under where Kafka has it."""

    reference: str
    reason: str
    headers: list[list[str | None]]
    type: str
    body: bytes


def chain(previous: bytes, sequence: int, subject: str, type: bytes, body: bytes) -> bytes:
    """Digest of an event: SHA-256 over its predecessor's digest, its place, its type and its bytes."""
    digest = hashlib.sha256(b"%b%d\0%b\0%b\0" % (previous, sequence, subject.encode("ascii"), type))
    digest.update(body)
    return digest.digest()


def read(record: Record) -> Delivery | Heads | Unplaced:
    """Read a record's headers. Never raises; a header nobody needs may be whatever it is."""
    given = record.headers or ()
    headers = dict(given)
    kind = headers.get("ce_type")
    if kind == _HEADS:
        return Heads(record.partition, _reference(record), record.value or b"")
    try:
        subject = headers["ce_subject"].decode("ascii")                                        # type: ignore[union-attr]
        sequence = int(headers["ce_sequence"])                                                 # type: ignore[arg-type]
        previous, digest = unhexlify(headers["ce_previous"]), unhexlify(headers["ce_digest"])  # type: ignore[arg-type]
    except (KeyError, AttributeError, TypeError, ValueError):
        return _unplaced(record, _fault(given))
    if (
        kind is None or not subject or len(subject) > _LONGEST_SUBJECT or not subject.isprintable() or len(previous) != 32
        or len(digest) != 32 or not 0 < sequence <= _LAST_SEQUENCE or (len(headers) != len(given) and _twice(given))
    ):
        return _unplaced(record, _fault(given))
    return Delivery(subject, sequence, previous, digest, kind, record.value or b"")


def _twice(headers: Sequence[tuple[str, bytes | None]]) -> str | None:
    names = [name for name, _ in headers]
    return next((name for name in _NEEDED if names.count(name) > 1), None)


def _fault(given: Sequence[tuple[str, bytes | None]]) -> str:
    """What is wrong with the headers, in words."""
    headers = dict(given)
    for name in _NEEDED:
        if name not in headers:
            return f"header {name} is missing"
        value = headers[name]
        if value is None:
            return f"header {name} is null"
        if not value.isascii():
            return f"header {name} is not ASCII: {value[:40]!r}"
    if twice := _twice(given):
        return f"header {twice} is there twice"
    return (
        "headers do not fit: expected a printable subject of at most 500 characters, a sequence from 1, previous and digest of "
        "64 hex digits; got " + ", ".join(f"{name}={str(headers[name])[:80]}" for name in _NEEDED)
    )


def _reference(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _unplaced(record: Record, reason: str) -> Unplaced:
    return Unplaced(
        reference=_reference(record),
        reason=reason,
        headers=[[printable(name), None if value is None else value.hex()] for name, value in record.headers or ()],
        type=printable((dict(record.headers or ()).get("ce_type") or b"").decode("ascii", "replace")),
        body=record.value or b"",
    )


def printable(text: str) -> str:
    """Text PostgreSQL can keep: NUL shown as an escape, at most 1,000 characters."""
    return text.replace("\0", "\\0")[:1000]


class Message(NamedTuple):
    """What the relay hands to Kafka."""

    lane: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    id: int = 0
    """Outbox id; 0 for what is no outbox row going forward."""

    @property
    def size(self) -> int:
        """Bytes on the wire, about."""
        return len(self.value) + 700


Sent = tuple[int, int, str, int, bytes, bytes, str, str, str, str, str | None, str | None, str | None, bytes]
"""An outbox row: lane, id, subject, sequence, previous, digest, type, event id, recorded at (UTC), actor, approved by,
correlation, cause, body."""
_SENT: Final = {
    "lane": "lane", "id": "id", "subject": "subject", "sequence": "sequence", "previous": "previous", "digest": "digest",
    "type": "type", "event_id": "event_id::text", "recorded_at": "(recorded_at at time zone 'UTC')::text", "actor": "actor",
    "approved_by": "approved_by", "correlation": "correlation::text", "cause": "cause::text", "body": "body",
}
"""As text what becomes text: making objects of it, and text again, took the relay as long as everything else."""
SENT_NAMES: Final = tuple(_SENT)
SENT_COLUMNS: Final = ", ".join(f"{value} as {name}" for name, value in _SENT.items())
_FIXED: Final = (("ce_specversion", b"1.0"), ("content-type", b"application/json"))


def message_of(row: Sent, source: bytes) -> Message:
    """An outbox row as CloudEvents in Kafka's binary mode; ``source`` is the URN of installation and service."""
    lane, id, subject, sequence, previous, digest, type, event_id, recorded_at, actor, approved_by, correlation, cause, body = row
    key = subject.encode()
    headers = [
        *_FIXED,
        ("ce_id", event_id.encode()),
        ("ce_source", source),
        ("ce_type", type.encode()),
        ("ce_subject", key),
        ("ce_time", b"%bT%b+00:00" % (*recorded_at.encode().split(b" "),)),
        ("ce_sequence", b"%d" % sequence),
        ("ce_previous", hexlify(previous)),
        ("ce_digest", hexlify(digest)),
        ("ce_actor", ascii_of(actor)),
    ]
    if correlation is not None:
        headers.append(("ce_correlationid", correlation.encode()))
    if cause is not None:
        headers.append(("ce_causationid", cause.encode()))
    if approved_by is not None:
        headers.append(("ce_approvedby", ascii_of(approved_by)))
    return Message(lane, key, bytes(body), headers, id)


@lru_cache(1_000)
def ascii_of(text: str) -> bytes:
    """Text for a header: percent-encoded (CloudEvents' way) where it is not plain ASCII.

    >>> ascii_of("amt.jugend"), ascii_of("Prüfstelle")
    (b'amt.jugend', b'Pr%C3%BCfstelle')
    """
    if text.isascii() and text.isprintable() and "%" not in text and '"' not in text:
        return text.encode("ascii")
    return quote(text, safe=" !#$&'()*+,/:;=?@[]").encode("ascii")
