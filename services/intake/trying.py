"""What files would bring if nothing were known yet. Nothing is stored, so neither a database nor a server is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.intake.domain import readers
from services.intake.domain.identity import Identities, Left, New, Refused, Standing
from services.intake.domain.readers import oparl
from services.intake.domain.reading import MOST_REMARKS, MOST_SHOWN, Draft, Given, Reading
from services.intake.domain.text import Content
from services.intake.phrases import MOST_PLACES, PHRASES, passed_over
from services.intake.showing import shown
from shared.values.source import Source


def try_file(name: str, content: bytes | Content, **given: str | None) -> dict[str, Any]:
    """What a file would bring if nothing were known yet; nothing is stored. Raises ``Unreadable``."""
    return next(try_files([(name, content)], **given))


def try_files(files: Sequence[tuple[str, bytes | Content]], **given: str | None) -> Iterator[dict[str, Any]]:
    """What files would bring that are handed in one after the other, if nothing were known yet; nothing is stored.

    Council objects are joined over all of them, in whatever order they come: each paper is shown once, as it stands in the end.
    Raises ``Unreadable`` for the first file that is.
    """
    said: dict[str, Any] = {key: value for key, value in given.items() if value}
    readings = []
    for name, content in files:
        asked = Given(name=Path(name).name, **said)
        readings.append((asked, Content.of(content), readers.read(content, asked)))
    council = [_council(reading) if len(files) > 1 and reading.kind == oparl.KIND else [] for _, _, reading in readings]
    standings: dict[bytes, list[Standing]] = {}
    for at, (asked, content, reading) in enumerate(readings):
        if council[at]:
            here = {thing["id"] for thing in council[at]}
            others = (thing for other, things in enumerate(council) if other != at for thing in things)
            found = tuple(thing for thing in others if thing["id"] in here or oparl.kind_of(thing) != "Paper")
            joined = readers.read(content, replace(asked, remembered=found))
            yield _tried(asked.name, content.digest, joined, Identities(standings))
        else:
            yield _tried(asked.name, content.digest, reading, Identities(standings))


def _council(reading: Reading) -> list[dict[str, Any]]:
    """What a file says that papers of other files need."""
    for _ in reading.rows:
        pass
    return reading.council


def _tried(name: str, digest: str, reading: Reading, identities: Identities) -> dict[str, Any]:
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
