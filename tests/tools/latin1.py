"""A Kafka record whose header name is Latin-1. Clients that take text only cannot send it; others send it without a thought."""

from __future__ import annotations

import struct
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

NAME: Final = b"gepr\xfcft"
PLACE: Final = b"gepr_ft"
"""As long as the name, which takes its place."""
READ_AS: Final = "gepr\\xfcft"
_CHECKSUM, _CHECKED_FROM = 17, 21


async def send(kafka: str, topic: str, lane: int, value: bytes, *, before: bytes | None = None) -> None:
    """Send it; ``before``: a usual record in front of it, in the same batch."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        batch = producer.create_batch()
        if before is not None:
            batch.append(key=b"k", value=before, timestamp=None, headers=[])
        batch.append(key=b"k", value=value, timestamp=None, headers=[(PLACE.decode(), b"ja")])
        batch.close()
        build = batch._build

        def built() -> bytearray:
            raw = bytearray(build())
            at = raw.find(PLACE)
            if at >= 0:
                raw[at : at + len(NAME)] = NAME
                raw[_CHECKSUM:_CHECKED_FROM] = struct.pack(">I", calc_crc32c(bytes(raw[_CHECKED_FROM:])))
            return raw

        batch._build = built
        await (await producer.send_batch(batch, topic, partition=lane))
    finally:
        await producer.stop()
