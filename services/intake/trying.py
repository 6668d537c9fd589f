"""What files would bring if nothing were known yet, but perhaps what measures are called. Nothing is stored, so neither a
database nor a server is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from services.intake.domain import readers
from services.intake.domain.identity import Identities, Left, New, Refused, Standing
from services.intake.domain.readers import TEMPLATES, oparl
from services.intake.domain.readers.common import MEASURE
from services.intake.domain.readers.measures import names_in
from services.intake.domain.reading import MOST_REMARKS, MOST_SHOWN, Draft, Given, Reading
from services.intake.domain.text import Content
from services.intake.phrases import MOST_PLACES, PHRASES, passed_over
from services.intake.showing import shown
from shared.values.source import Source

NAMING: Final = frozenset(
    template.kind for template in TEMPLATES.values() if template.kind != "measures" and MEASURE.name in
    (column.name for column in template.columns)
)
"""Kinds whose rows name a measure."""


def try_file(
    name: str, content: bytes | Content, names: Mapping[str, str] | None = None, **given: str | None
) -> dict[str, Any]:
    """What a file would bring if nothing were known yet; nothing is stored. Raises ``Unreadable``."""
    return next(try_files([(name, content)], names, **given))


def try_files(
    files: Sequence[tuple[str, bytes | Content]], names: Mapping[str, str] | None = None, **given: str | None
) -> Iterator[dict[str, Any]]:
    """What files would bring that are handed in one after the other, if nothing were known yet; nothing is stored.

    ``names``: by what other names measures are known, and their keys; None: that is not known either, and the answers about rows
    of measures say so (``names_known``). Those that files register count for the files behind them.
    Council objects are joined over all of them, in whatever order they come: each paper is shown once, as it stands in the end.
    Raises ``Unreadable`` for the first file that is.
    """
    said: dict[str, Any] = {key: value for key, value in given.items() if value}
    called = _Names(names or {})
    readings = []
    for name, content in files:
        asked = Given(name=Path(name).name, names=called.meant, **said)
        asked = replace(asked, measure=called.meant.get(asked.measure or "", asked.measure))
        readings.append((asked, Content.of(content), readers.read(content, asked)))
    council = [_council(reading) if len(files) > 1 and reading.kind == oparl.KIND else [] for _, _, reading in readings]
    standings: dict[bytes, list[Standing]] = {}
    for at, (asked, content, reading) in enumerate(readings):
        if council[at]:
            here = {thing["id"] for thing in council[at]}
            others = (thing for other, things in enumerate(council) if other != at for thing in things)
            found = tuple(thing for thing in others if thing["id"] in here or oparl.kind_of(thing) != "Paper")
            tried = _tried(
                asked.name, content.digest, readers.read(content, replace(asked, remembered=found)), Identities(standings), called
            )
        else:
            tried = _tried(asked.name, content.digest, reading, Identities(standings), called)
        yield tried | ({"names_known": names is not None} if reading.kind in NAMING else {})


def _council(reading: Reading) -> list[dict[str, Any]]:
    """What a file says that papers of other files need."""
    for _ in reading.rows:
        pass
    return reading.council


class _Names:
    """By what names measures are called, as far as is known, and what tried files add to that."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.meant = dict(known)
        """Names that mean one measure, and its key."""
        self._said = {name: {measure} for name, measure in known.items()}

    def add(self, draft: Draft) -> None:
        """What a draft says a measure is called."""
        for name, measure in names_in(draft):
            said = self._said.setdefault(name, set())
            said.add(measure)
            if said == {measure} and name != measure:
                self.meant[name] = measure
            else:
                self.meant.pop(name, None)


def _tried(name: str, digest: str, reading: Reading, identities: Identities, called: _Names) -> dict[str, Any]:
    facts: list[dict[str, str]] = []
    refused: list[dict[str, Any]] = []
    left: Counter[str] = Counter()
    first: dict[str, list[str]] = {}
    counts = dict.fromkeys(("rows", "facts", "known", "rejected", "ignored"), 0)
    for row in reading.rows:
        counts["rows"] += 1
        verdicts = [identities.judge(draft, Source(digest=digest, place=place)) for place, draft in row.drafts]
        identities.made.clear()  # nobody keeps it, and a file may have millions of rows
        wrong = row.faults or tuple(verdict.fault for verdict in verdicts if isinstance(verdict, Refused))
        new = [(draft, place) for (place, draft), verdict in zip(row.drafts, verdicts, strict=True) if isinstance(verdict, New)]
        counts["facts"] += len(new)
        for draft, _ in new:
            called.add(draft)
        facts += [_view(draft, place, reading.kind) for draft, place in new[: max(0, MOST_SHOWN - len(facts))]]
        if wrong:
            counts["rejected"] += 1
            if counts["rejected"] <= MOST_SHOWN:
                refused += [{"place": row.place, **fault.as_dict()} for fault in wrong]
        elif why := row.ignored or next((verdict.reason for verdict in verdicts if isinstance(verdict, Left)), None):
            counts["ignored"] += 1
            left[why] += 1
            if left[why] <= MOST_PLACES:
                first.setdefault(why, []).append(row.place)
        elif not new:
            counts["known"] += 1
    remarks = reading.remarks[:MOST_REMARKS]
    return {
        "digest": digest,
        "name": name,
        "kind": reading.kind,
        "state": "tried",
        **counts,
        "remarks": remarks,
        "remarks_en": [PHRASES.english(remark) for remark in remarks],
        "passed_over": passed_over((why, rows, first[why]) for why, rows in left.items()),
        "shown": facts,
        "rejected_rows": refused,
    }


def _view(draft: Draft, place: str, kind: str) -> dict[str, str]:
    """A fact for people, in both languages."""
    words = shown(draft, kind)
    return {"place": place, "fact": draft.event.__name__, "subject": draft.subject, "text": words.de, "text_en": words.en}
