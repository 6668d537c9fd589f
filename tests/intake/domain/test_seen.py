"""Counting what was met in a file, in few bytes."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.seen import Seen

alike = st.builds(lambda one, other: bytes(2) + bytes([one]) * 3 + bytes([other]) * 11, st.integers(0, 1), st.integers(0, 1))


@given(st.lists(alike))
def test_digests_are_counted_exactly_also_where_neighbours_look_alike(digests: list[bytes]) -> None:
    seen, expected = Seen(), Counter[bytes]()
    for digest in digests:
        expected[digest] += 1
        assert seen.count(digest) == expected[digest]


@given(st.lists(st.binary(min_size=16, max_size=16)))
def test_any_digests_are_counted_exactly(digests: list[bytes]) -> None:
    seen, expected = Seen(), Counter[bytes]()
    for digest in [*digests, *digests]:
        expected[digest] += 1
        assert seen.count(digest) == expected[digest]
