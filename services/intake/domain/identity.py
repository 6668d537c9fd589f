"""Is what a row says new, known, a correction or a contradiction? By business key and twin, whatever file it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from uuid import UUID

from services.intake.domain.errors import Fault, Words
from services.intake.domain.reading import Draft, content_of
from services.intake.domain.seen import Seen
from shared.contracts.intake import Fact
from shared.values.funders import GERMAN, Funder, FunderKind
from shared.values.source import Source, id_of


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing said under a key: a revision of one of its twins. The highest revision of a twin is what counts now."""

    twin: int
    """0 where it is no fact of its own but what a fact says beside: the kind of a funder."""
    revision: int
    content: bytes
    fact: UUID
    marked: bool
    digest: str
    """Where it was said: digest of the file, and the place in it."""
    place: str
    state: str | None = None

    @property
    def source(self) -> Source:
        """Where it was said. Made when asked for: there is a standing for every row, and hardly one is ever asked."""
        return Source(digest=self.digest, place=self.place)


@dataclass(frozen=True, slots=True)
class New:
    """To be told: as this twin and revision, in place of ``corrects`` if that is given."""

    fact: UUID
    twin: int
    revision: int
    corrects: UUID | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Was said before, and where."""

    fact: UUID
    digest: str
    place: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Contradicts what was said before, or corrects what was never said."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Left:
    """Says nothing that could be told."""

    reason: str


Verdict = New | Known | Refused | Left


def key_id(kind: str, key: Iterable[str]) -> bytes:
    """Digest of a business key, 16 bytes."""
    return blake2b("\x1f".join((kind, *key)).encode(), digest_size=16).digest()


def keys_of(draft: Draft) -> tuple[bytes, ...]:
    """Keys whose standings must be known to judge a draft."""
    keys = [key_id(draft.kind, draft.key)]
    if draft.replaces is not None:
        keys.append(key_id(draft.kind, draft.replaces))
    if draft.funder is not None:
        keys.append(_funder_id(draft.funder))
    return tuple(keys)


def _funder_id(funder: Funder) -> bytes:
    """Key under which stands of what kind a funder is."""
    return key_id("funders", (funder.key,))


@dataclass
class Identities:
    """Judges the drafts of one file, in its order.

    ``standings`` are those of the drafts' keys; the service adds them chunk by chunk. What is judged new is added, and
    collected in ``made`` for the service to keep. Occurrences are counted over the whole file, so a reading that goes on
    after a crash must ``pass_by`` the drafts that were told already.
    """

    standings: dict[bytes, list[Standing]] = field(default_factory=dict)
    made: list[tuple[bytes, Standing]] = field(default_factory=list)
    again: bool = False
    """The very same file was read before: nothing in it is a new correction."""
    _said: Seen = field(default_factory=Seen)

    def pass_by(self, draft: Draft) -> None:
        """Count a draft that was told before a crash."""
        self._count(key_id(draft.kind, draft.key), draft.content, draft)

    def judge(self, draft: Draft, source: Source) -> Verdict:
        """Verdict on one draft."""
        key, content = key_id(draft.kind, draft.key), draft.content
        nth, nth_marked = self._count(key, content, draft)
        if key not in self.standings and not draft.marked:  # by far the most
            return self._new(draft, key, content, source, 1, 1)
        twins = self._twins(key)
        if draft.state is not None:
            return self._state(draft, key, content, twins, source)
        if draft.replaces is not None:
            return self._replacement(draft, key, content, twins, source, nth)
        if draft.marked:
            return self._correction(draft, key, content, twins, source, nth, nth_marked)
        same = [revisions for revisions in twins.values() if any(one.content == content for one in revisions)]
        if nth <= len(same):
            return _known(same[nth - 1], content)
        if not twins or same:
            return self._new(draft, key, content, source, max(twins, default=0) + 1, 1)
        if draft.grows_from is not None:
            before = content_of(draft.event, draft.grows_from)
            for twin, revisions in twins.items():
                if revisions[-1].content == before:
                    return self._new(draft, key, content, source, twin, len(revisions) + 1, revisions[-1].fact)
        standing = max(twins.items())[1][-1]
        return Refused(Fault("ROW-14", None, None, None, _differs(standing, source)))

    def _count(self, key: bytes, content: bytes, draft: Draft) -> tuple[int, int]:
        said = blake2b(key + content + (b"1" if draft.marked else b"0"), digest_size=16).digest()
        return self._said.count(said), self._said.count(key) if draft.marked else 0

    def _twins(self, key: bytes) -> dict[int, list[Standing]]:
        twins: dict[int, list[Standing]] = {}
        for standing in self.standings.get(key, ()):
            twins.setdefault(standing.twin, []).append(standing)
        for revisions in twins.values():
            revisions.sort(key=lambda one: one.revision)
        return twins

    def _correction(
        self,
        draft: Draft,
        key: bytes,
        content: bytes,
        twins: Mapping[int, list[Standing]],
        source: Source,
        nth: int,
        nth_marked: int,
    ) -> Verdict:
        """Takes the place of what stands under its own key: the n-th marked row that of the n-th twin from the last.

        What was corrected to something else since may be said anew, even if it was said before: only what counts now is known,
        and what the very same file said.
        """
        same = [
            revisions
            for revisions in twins.values()
            if revisions[-1].content == content
            or (self.again and any(one.content == content for one in revisions))
        ]
        if nth <= len(same):
            return _known(same[nth - 1], content)
        if not twins:
            if draft.withdraws:
                return Left("storniert, war aber nie eingereicht")
            return self._new(
                draft, key, content, source, 1, 1, remark="als Berichtigung gekennzeichnet, aber nichts früheres ist bekannt"
            )
        standing = sorted(twins)
        if nth_marked > len(standing):
            return Refused(Fault("ROW-14", None, None, None, _differs(twins[standing[-1]][-1], source)))
        twin = standing[-nth_marked]
        return self._new(draft, key, content, source, twin, len(twins[twin]) + 1, twins[twin][-1].fact)

    def _replacement(
        self, draft: Draft, key: bytes, content: bytes, twins: Mapping[int, list[Standing]], source: Source, nth: int
    ) -> Verdict:
        """Takes the place of what stands under another key; there it counts as the latest revision."""
        assert draft.replaces is not None  # noqa: S101 - the caller looked
        same = [revisions for revisions in twins.values() if any(one.content == content for one in revisions)]
        if nth <= len(same):
            return _known(same[nth - 1], content)
        if twins:
            return Refused(Fault("ROW-14", None, None, None, _differs(max(twins.items())[1][-1], source)))
        other = key_id(draft.kind, draft.replaces)
        before = self._twins(other)
        if not before:
            return Refused(Fault("ROW-15", "Berichtigt", draft.replaces[-1]))
        twin = max(before)
        verdict = self._new(draft, key, content, source, 1, 1, before[twin][-1].fact)
        if isinstance(verdict, New):
            self._add(other, Standing(twin, len(before[twin]) + 1, content, verdict.fact, True, source.digest, source.place))
        return verdict

    def _state(self, draft: Draft, key: bytes, content: bytes, twins: Mapping[int, list[Standing]], source: Source) -> Verdict:
        """A thing with states of its own: a later one takes the place of an earlier one, an earlier one is no news."""
        revisions = twins.get(1, [])
        if found := next((one for one in revisions if one.content == content), None):
            return _known([found], content)
        if revisions and draft.state and revisions[-1].state and draft.state < revisions[-1].state:
            return Left(f"älterer Stand als der bekannte ({revisions[-1].source.reference})")
        return self._new(draft, key, content, source, 1, len(revisions) + 1, revisions[-1].fact if revisions else None)

    def _new(
        self,
        draft: Draft,
        key: bytes,
        content: bytes,
        source: Source,
        twin: int,
        revision: int,
        corrects: UUID | None = None,
        remark: str | None = None,
    ) -> New | Refused:
        fact = id_of("fact", draft.kind, *draft.key, str(twin), str(revision))
        if draft.funder is not None and (fault := self._other_kind(draft.funder, draft.marked, fact, source)):
            return Refused(fault)
        self._add(key, Standing(twin, revision, content, fact, draft.marked, source.digest, source.place, draft.state))
        return New(fact, twin, revision, corrects, remark)

    def _other_kind(self, funder: Funder, marked: bool, fact: UUID, source: Source) -> Fault | None:
        """What is wrong if the funder's key stood for another kind so far; a correction makes it stand for this one."""
        key = _funder_id(funder)
        said = self.standings.get(key, [])
        if not said or said[-1].state != funder.kind:
            if said and not marked:
                return Fault("ROW-21", "Art", GERMAN[funder.kind], None, _other(funder, said[-1], source))
            content = blake2b(funder.kind.encode(), digest_size=16).digest()
            self._add(key, Standing(0, len(said) + 1, content, fact, marked, source.digest, source.place, funder.kind))
        return None

    def _add(self, key: bytes, standing: Standing) -> None:
        self.standings.setdefault(key, []).append(standing)
        self.made.append((key, standing))


def _known(revisions: Sequence[Standing], content: bytes) -> Known:
    """The revision that says the same; what it was corrected to since, its own trail tells."""
    one = next(revision for revision in reversed(revisions) if revision.content == content)
    return Known(one.fact, one.digest, one.place)


def _differs(standing: Standing, source: Source) -> Words:
    """Where the two contradict each other. Not what they say: it goes into events, and a key may hold a name."""
    here, where = source.place, _where(standing, source)
    return Words(
        f"Zeile {here} und {where.de} sagen unter demselben Schlüssel Verschiedenes.",
        f"Row {here} and {where.en} say different things under the same key.",
    )


def _other(funder: Funder, standing: Standing, source: Source) -> Words:
    """Where the funder was said to be of another kind, and of which."""
    here, where, kind = source.place, _where(standing, source), FunderKind(standing.state or "")
    return Words(
        f"Zeile {here} nennt ihn „{GERMAN[funder.kind]}“, {where.de} „{GERMAN[kind]}“.",
        f"Row {here} calls it “{GERMAN[funder.kind]}”, {where.en} “{GERMAN[kind]}”.",
    )


def _where(standing: Standing, source: Source) -> Words:
    if standing.digest == source.digest:
        return Words(f"Zeile {standing.place} derselben Datei", f"row {standing.place} of the same file")
    return Words(f"{standing.source.reference} (Datei:Zeile)", f"{standing.source.reference} (file:row)")


def fact_of(draft: Draft, verdict: New, source: Source, said: Mapping[str, Any]) -> Fact:
    """The event of a draft. ``said`` are the fields the service knows: recorded_at, actor, correlation …"""
    event = draft.corrected if verdict.corrects is not None and draft.corrected is not None else draft.event
    body = draft.body
    if verdict.twin > 1 and "voucher" in body:
        body = {"voucher": body["voucher"].model_copy(update={"twin": verdict.twin})}
    return event(id=verdict.fact, subject=draft.subject, source=source, corrects=verdict.corrects, **body, **said)
