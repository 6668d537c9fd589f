"""What is kept is what came, in whatever way different orders came interleaved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.received import Kept, changed, changed_in_order
from shared.messaging.envelope import ZERO, chain

SUBJECT, TYPE = "measure/M-1", "de.pruefpfad.entry.posted.v1"


def came(order: list[int]) -> tuple[list[bytes], dict[int, list[Kept]]]:
    """Digests of events that came in this order of sources, and what is kept of each source."""
    digests: list[bytes] = []
    kept: dict[int, list[Kept]] = {0: [], 1: [], 2: []}
    for number, source in enumerate(order, 1):
        body = b"%d from %d" % (number, source)
        digests.append(chain(digests[-1] if digests else ZERO, number, SUBJECT, TYPE.encode(), body))
        kept[source].append(Kept(f"{source}/{len(kept[source]) + 1}", TYPE, body, number))
    return digests, kept


@given(st.lists(st.integers(0, 2), max_size=40))
def test_orders_that_came_interleaved_with_each_other_and_with_others_are_as_they_came(order: list[int]) -> None:
    digests, kept = came(order)
    assert changed_in_order(SUBJECT, digests, [kept[0], kept[1]]) is None, "the third source is not kept"
    assert changed(SUBJECT, digests, kept[2]) is None


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40), st.data())
def test_the_first_event_that_was_changed_is_named(order: list[int], data: st.DataObject) -> None:
    digests, kept = came(order)
    source = data.draw(st.sampled_from(order))
    at = data.draw(st.integers(0, len(kept[source]) - 1))
    one = kept[source][at]
    kept[source][at] = Kept(one.reference, one.type, one.body + b" ", one.number)
    assert changed_in_order(SUBJECT, digests, kept.values()) == kept[source][at]
    assert changed(SUBJECT, digests, kept[source]) == kept[source][at]
    assert changed(SUBJECT, digests, [Kept("more", TYPE, one.body, len(digests) + 1)]) is not None
