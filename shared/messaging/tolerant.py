"""aiokafka reads every record, also one whose header names are not UTF-8.

Kafka's header names are bytes to the broker, and any producer may send Latin-1. aiokafka (tried: 0.14.0, hence pinned) decodes
them strictly inside ``getmany``: one such record raises there again and again, what was fetched behind it is passed over, and
whoever restarts the loop loses it in silence. Here such a name comes as ``\\xe4`` instead: the record is then an odd one like
others, set aside by topic, partition and offset.

This is the one place where a library is changed from outside; ``install`` is called by whatever makes consumers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


class _Lenient(bytearray):
    """Bytes whose slices can always be decoded."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _Lenient(found) if isinstance(key, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


class _Batch:
    """A batch as aiokafka reads it, all or nothing; read once more, leniently, if a name cannot be decoded."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch, self._content = batch, content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except Exception as error:
            if not isinstance(error, UnicodeDecodeError) and not isinstance(error.__cause__, UnicodeDecodeError):
                raise
        again = _DefaultRecordBatchPy(self._content)
        again._maybe_uncompress()
        again._buffer = _Lenient(again._buffer)
        return iter(list(again))


class Records(_MemoryRecordsPy):     # type: ignore[misc]
    """What a fetch brought, batch by batch."""

    def next_batch(self, *sizes: int) -> Any:
        content = self._next_slice
        batch = super().next_batch(*sizes)
        return _Batch(batch, content) if isinstance(batch, DefaultRecordBatch) and content is not None else batch


def install() -> None:
    """Let every consumer of this process read this way."""
    fetcher.MemoryRecords = Records
