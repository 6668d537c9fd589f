"""Canonical JSON: one spelling for equal data, so that its SHA-256 can be a report's identity.

The spelling is RFC 8785 for the values allowed here: UTF-8, no white space, keys in order of their UTF-16 code units,
whole numbers a double can hold. Amounts are whole cents, days ISO dates, instants UTC with "Z". Floats are refused: their
spelling differs between languages, and money is none of theirs.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

_LONG = 256  # items; of a longer list each is spelled whole
_EXACT = 2**53 - 1  # the largest whole number every JSON reader keeps


class NotCanonical(ValueError):
    """The data holds a value with no single spelling; the message says where."""


def canonical(data: object) -> bytes:
    """The canonical JSON of `data`: dicts with string keys, lists, tuples, iterators (which are used up), str, int, bool, None,
    dates and UTC datetimes. Long lists are spelled item by item, so that an iterator's items never are in memory all at once.

    >>> canonical({"b": 1, "a": [date(2012, 12, 31), None]})
    b'{"a":["2012-12-31",null],"b":1}'
    """
    return b"".join(_pieces(data, "$"))


def digest(data: object) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical(data)).hexdigest()


def _pieces(value: object, place: str) -> Iterator[bytes]:
    """The canonical JSON, in pieces: of what is small, whole; of dicts and lists, part by part."""
    match value:
        case dict():
            yield b"{"
            for index, key in enumerate(_keys(value, place)):
                yield (b"," if index else b"") + _spelled(key, place) + b":"
                yield from _pieces(value[key], f"{place}.{key}")
            yield b"}"
        case list() | tuple() if len(value) <= _LONG:
            yield b"["
            for index, item in enumerate(value):
                yield b"," if index else b""
                yield from _pieces(item, f"{place}[{index}]")
            yield b"]"
        case list() | tuple() | Iterator():
            yield b"["
            for index, item in enumerate(value):
                yield (b"," if index else b"") + _spelled(item, f"{place}[{index}]")
            yield b"]"
        case _:
            yield _spelled(value, place)


def _spelled(value: object, place: str) -> bytes:
    text = json.dumps(_ordered(value, place), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(f"half a surrogate pair in {text[max(0, error.start - 20) : error.end]!r}") from error


def _keys(value: dict[Any, Any], place: str) -> list[str]:
    """Keys in the order of their UTF-16 code units."""
    for key in value:
        if not isinstance(key, str):
            raise NotCanonical(f"{place}: key {key!r} is no text")
    return sorted(value) if all(map(str.isascii, value)) else sorted(value, key=lambda key: key.encode("utf-16-be"))


def _ordered(value: object, place: str) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int():
            if abs(value) > _EXACT:
                raise NotCanonical(f"{place}: {value} is beyond 2^53 − 1, not every reader keeps it; write it as text")
            return value
        case datetime():
            if value.utcoffset() is None:
                raise NotCanonical(f"{place}: {value.isoformat()} has no time zone; an instant is given in UTC")
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case dict():
            return {key: _ordered(value[key], f"{place}.{key}") for key in _keys(value, place)}
        case list() | tuple() | Iterator():
            return [_ordered(item, f"{place}[{index}]") for index, item in enumerate(value)]
        case float():
            raise NotCanonical(f"{place}: {value!r} is a float; amounts are whole cents, shares are text such as '3/5'")
    raise NotCanonical(f"{place}: {value!r} ({type(value).__name__}) has no canonical spelling")
