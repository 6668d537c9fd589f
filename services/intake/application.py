"""Use cases of intake: receive a file, a submission or an instruction; read what waits; show and erase rows."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.intake import store
from services.intake.domain import readers
from services.intake.domain.errors import CATALOGUE, Fault, Unreadable
from services.intake.domain.identity import Identities, Known, Left, New, Refused, Standing, fact_of, key_id, keys_of
from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.domain.readers import TEMPLATES, oparl
from services.intake.domain.readers.measures import names_in
from services.intake.domain.reading import MOST_REMARKS, MOST_SHOWN, Given, Reading, Row
from services.intake.domain.text import Content, text_of
from services.intake.phrases import PHRASES, passed_over
from services.intake.tables import Handin, Proposal, Rejection, SetAside
from services.intake.tables import Submission as SubmissionRow
from shared.contracts.intake import (
    ConfirmMatch,
    ConsentToPosition,
    DismissParked,
    FileRead,
    Instruction,
    InstructionGiven,
    MeasureAliased,
    MeasureRegistered,
    RejectMatch,
    ReleaseParked,
    RowRejected,
    SetCutOff,
    WaiveFinding,
)
from shared.contracts.submissions import Submission
from shared.messaging.work import Work
from shared.persistence.database import is_offence
from shared.persistence.files import Files
from shared.values.source import SHORT, Source, digest_of, id_of
from shared.values.subject import key_of, kind_of, subject_of

CHUNK: Final = 1_000
"""Rows that are told in one transaction; a reading that was interrupted goes on behind the last of them."""
ATTEMPTS: Final = 3
"""How often a chunk is told that cannot be; then its hand-in has failed, and the next one is read."""
MOST_TOTALS: Final = 1_000
ERASED: Final = "gelöscht"


class UnknownFile(LookupError):
    """Nothing with this digest was handed in."""


class UnknownRow(LookupError):
    """There is no such row in the file."""


class StillReading(RuntimeError):
    """Nothing is erased of a file that is being read."""


class SubmissionConflict(ValueError):
    """The same (source, id) was submitted with other content."""


class NotFourEyes(PermissionError):
    """Nobody approves what they proposed themselves."""


class UnknownProposal(LookupError):
    """No instruction waits under this number."""


class DecidedOtherwise(ValueError):
    """The proposal was approved or declined before, and not so."""


class WrongSubject(ValueError):
    """An instruction is about a measure, a programme or an account."""


# ── receive ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Recognised:
    """A file whose kind is known and whose headings are understood: it can be received."""

    name: str
    digest: str
    kind: str
    series: str
    columns: tuple[str, ...]
    given: dict[str, str]


def recognise(name: str, content: bytes | Content, given: Mapping[str, str | None]) -> Recognised:
    """Look at a file without reading it. Raises ``Unreadable`` with what is wrong and how to mend it."""
    said = {field: value.strip() for field, value in given.items() if value and value.strip()}
    content = Content.of(content)
    reading = readers.read(content, Given(name=name, **said))  # type: ignore[arg-type]
    return Recognised(name, content.digest, reading.kind, reading.series, reading.columns, said)


def receive_file(work: Work, files: Files, content: bytes | Content, file: Recognised, actor: str) -> UUID:
    """Keep a file by its digest and put it in the line of those to be read. Returns the id of the hand-in."""
    nth = _kept(work, files, Content.of(content))
    return _add(work, file, nth, id_of("handin", file.digest, str(nth)), actor)


def _kept(work: Work, files: Files, content: Content) -> int:
    """Keep a content; returns how often it has come, this time included. Nobody erases it before the end of the transaction."""
    files.keep(content.pieces())
    nth = store.times_handed_in(work, content.digest) + 1
    if not files.place(content.digest).exists():  # erased just before
        files.keep(content.pieces())
    return nth


def refuse_file(work: Work, name: str, digest: str, fault: Fault, actor: str) -> UUID:
    """Note that a file was handed in of which nothing can be read. It is not kept; its submitter is told at once."""
    nth = store.times_handed_in(work, digest) + 1
    id = id_of("handin", digest, str(nth))
    work.correlation = id
    store.add_handin(
        work,
        Handin(
            id=id,
            digest=digest,
            nth=nth,
            name=name,
            kind="",
            given={},
            actor=actor,
            received_at=work.now,
            state="refused",
            series="",
            columns=[],
            remarks=[],
            problem=fault.as_dict(),
        ),
    )
    return id


def receive_submission(work: Work, files: Files, submission: Submission, actor: str) -> UUID:
    """Take in rows another service sends. The same (source, id) again changes nothing; raises ``SubmissionConflict``."""
    content = submission.data.model_dump_json().encode()
    digest = digest_of(content)
    before = store.submission(work, submission.source, submission.id)
    if before is not None:
        if before.digest != digest:
            raise SubmissionConflict(f"{submission.source} {submission.id}")
        return before.handin
    data = submission.data
    if data.kind not in TEMPLATES:
        raise readers.no_such_kind(data.kind, TEMPLATES, submission.id)
    nth = _kept(work, files, Content.of(content))
    given = {"series": data.series or f"{submission.source} {submission.id}"}  # without a series it settles no other one
    reading = readers.read_rows(data.kind, [], Given(name=submission.id, series=given["series"]))
    id = id_of("handin", "submission", submission.source, submission.id)
    store.add_submission(work, SubmissionRow(source=submission.source, id=submission.id, digest=digest, handin=id))
    file = Recognised(submission.id, digest, data.kind, reading.series, (), given)
    return _add(work, file, nth, id, actor, f"{submission.source} {submission.id}")


def _add(work: Work, file: Recognised, nth: int, id: UUID, actor: str, submission: str | None = None) -> UUID:
    work.correlation = id
    store.add_handin(
        work,
        Handin(
            id=id,
            digest=file.digest,
            nth=nth,
            name=file.name,
            kind=file.kind,
            given=file.given,
            submission=submission,
            actor=actor,
            received_at=work.now,
            state="waiting",
            series=file.series,
            columns=list(file.columns),
            remarks=[],
        ),
    )
    return id


@dataclass(frozen=True)
class Record:
    """A record of ``pruefpfad.submissions`` as it came."""

    partition: int
    position: int
    headers: tuple[tuple[str, bytes | None], ...]
    body: bytes


def receive_records(work: Work, files: Files, records: Sequence[Record]) -> int:
    """Take in submissions from Kafka. What is none, or contradicts an earlier one, is set aside and answered."""
    for record in records:
        name = None
        try:
            submission = submission_in(record)
            name = f"{submission.source} {submission.id}"
            receive_submission(work, files, submission, _service_account(submission.source))
        except SubmissionConflict:
            _answer(work, record, Fault("SUB-02", "id"), name)
        except Unreadable as unreadable:
            _answer(work, record, unreadable.fault, name)
        except (ValidationError, ValueError, RecursionError) as error:
            _answer(work, record, Fault("SUB-01", _where(error)), name or _identity(record))
    return len(records)


def submission_in(record: Record) -> Submission:
    """The CloudEvent in a record: in binary mode its attributes are headers, in structured mode all is the body."""
    attributes = {key[3:]: value.decode() for key, value in record.headers if key.lower().startswith("ce_") and value is not None}
    if {"id", "source", "type"} <= set(attributes):
        return submission_of({**attributes, "data": json.loads(record.body, parse_constant=no_number)})
    return submission_of(json.loads(record.body, parse_constant=no_number))


def submission_of(said: Any) -> Submission:
    """A submission from its JSON; raises ``ValidationError`` or ``ValueError``."""
    submission = Submission.model_validate(said)
    submission.data.model_dump_json()  # refuses halves of surrogate pairs, which nothing can keep
    for text in (submission.id, submission.source, submission.data.series or ""):
        if not text.isprintable():
            raise ValueError("expected printable text in id, source and series")
    return submission


def no_number(text: str) -> Any:
    """What ``json.loads`` makes of NaN and Infinity: no JSON, whichever door they come in by."""
    raise ValueError(f"{text} is no JSON number")


def _service_account(source: str) -> str:
    return "submission:" + "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in source)[:100]


def _where(error: Exception) -> str | None:
    return ".".join(map(str, error.errors()[0]["loc"]))[:200] or None if isinstance(error, ValidationError) else None


def _identity(record: Record) -> str | None:
    """``source id`` if a record that is no submission still says so."""
    said: Any = {
        key.lower()[3:]: value.decode("utf-8", "replace")
        for key, value in record.headers
        if value is not None and key.lower().startswith("ce_")
    }
    if "id" not in said:
        try:
            said = json.loads(record.body)
        except (ValueError, RecursionError):
            return None
    source, id = (said.get("source"), said.get("id")) if isinstance(said, dict) else (None, None)
    named = f"{source} {id}"
    return named[:500] if isinstance(source, str) and isinstance(id, str) and named.isprintable() else None


def _answer(work: Work, record: Record, fault: Fault, submission: str | None) -> None:
    """Set a record aside, and tell its sender what to mend."""
    headers = {key: None if value is None else value.decode("utf-8", "backslashreplace") for key, value in record.headers}
    aside = store.set_aside(
        work,
        SetAside(
            partition=record.partition,
            position=record.position,
            reason=fault.code,
            headers=json.loads(store.to_json(headers)),
            body=record.body,
            kept_at=work.now,
        ),
    )
    if not aside:
        return
    digest = digest_of(record.body)
    work.emit(
        RowRejected(
            id=id_of("rejected", "submissions", str(record.partition), str(record.position)),
            subject=subject_of("file", digest),
            recorded_at=work.now,
            actor="pruefpfad",
            source=Source(digest=digest, place="1"),
            error=fault.code,
            column=fault.column,
            expected=fault.expected_text,
            mend=fault.mend_text,
            submission=submission,
        )
    )


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Open:
    """A hand-in being read: where it stands, and the rows that come next."""

    id: UUID
    passed: int
    """Rows that were told before this reading began."""
    reading: Reading
    identities: Identities = field(default_factory=Identities)
    position: int = 0
    """Rows told, once the transaction at hand commits."""
    chunk: list[Row] | None = None
    ended: bool = False
    failure: str | None = None
    rows: Iterator[Row] = field(init=False)
    _coming: Future[list[Row]] | None = None

    def __post_init__(self) -> None:
        self.rows = iter(self.reading.rows)
        self.position = self.passed

    def look_ahead(self, helper: Executor) -> None:
        """Have the next rows read; outside any transaction. The rows behind them are read while these are told."""
        if self.chunk is not None:
            return
        try:
            coming = self._coming or helper.submit(self._read)
            self.chunk, self._coming = coming.result(), None
            self.ended = len(self.chunk) < CHUNK
            if not self.ended:
                self._coming = helper.submit(self._read)
        except Exception as error:  # a fault of a reader must not stop the files behind this one
            if not is_offence(error):
                raise  # says nothing about the file
            self.failure, self.chunk = f"{type(error).__name__}: {error}"[:500], []

    def _read(self) -> list[Row]:
        while self.passed:
            for _, draft in next(self.rows).drafts:
                self.identities.pass_by(draft)
            self.passed -= 1
        return list(islice(self.rows, CHUNK))


class Reader:
    """Reads what waits, one hand-in after another, in the order of arrival: a chore of the service.

    ``ahead`` is asked outside any transaction and reads rows; ``read_on`` tells them, a chunk per transaction.
    """

    def __init__(self, files: Files, turn: store.Turn, *, look_every: float = 2.0) -> None:
        self.files, self.turn, self.look_every = files, turn, look_every
        self._asked = threading.Event()
        self._asked.set()
        self._next: UUID | None = None
        self._open: Open | None = None
        self._looked = float("-inf")
        self._failures: Counter[UUID] = Counter()
        self._why = ""
        self._helper = ThreadPoolExecutor(1, thread_name_prefix="intake reads ahead")
        self._pseudonyms: Pseudonyms | None = None

    def ask(self) -> None:
        """Say that something was handed in."""
        self._asked.set()

    def ahead(self) -> bool:
        """Is there something to tell? Reads it."""
        if self._open is not None:
            try:
                self._open.look_ahead(self._helper)
            except Exception:
                self._close()  # what was read of it is gone: it is opened again where it stands
                raise
            return True
        if not self._asked.is_set() and time.monotonic() - self._looked < self.look_every:
            return False
        self._asked.clear()
        self._looked = time.monotonic()
        self._next = self.turn.next()
        return self._next is not None

    def read_on(self, work: Work) -> bool:
        """Tell the next rows of the hand-in whose turn it is; open it first. True while there is more to do."""
        current = self._open
        if current is None:
            if self._next is not None:
                if (pseudonyms := self._key(work)) is None:
                    self.ask()
                    return True
                self._open = self._opened(work, self._next, pseudonyms)
            self._next = None
            self.ask()
            return self._open is not None
        handin = store.locked(work, current.id)
        if self._failures[current.id] >= ATTEMPTS:  # it fails for a reason of its own, and others wait behind it
            return self._give_up(
                handin,
                f"intake cannot tell what stands behind row {handin.rows}: {self._why}",
                f"was hinter Zeile {handin.rows} steht, kann nicht gemeldet werden: {self._why}",
            )
        if handin.state != "waiting" or handin.rows != current.position or current.chunk is None:
            self._open = None  # undone, or told by another replica: look again where it stands
            self.ask()
            return True
        chunk, current.chunk = current.chunk, None
        current.position += len(chunk)
        if current.failure is not None:
            return self._give_up(
                handin,
                f"intake cannot read on behind row {handin.rows}: {current.failure}",
                f"hinter Zeile {handin.rows} kann nicht weitergelesen werden: {current.failure}",
            )
        try:
            tell_rows(work, handin, chunk, current.identities, current.reading.remarks if current.ended else ())
            if current.ended:
                finish(work, handin, current.reading)
        except Exception as error:
            if is_offence(error):
                self._failures[current.id] += 1
                self._why = f"{type(error).__name__}: {error}"[:500]
            raise
        if current.ended:
            self._close()
        work.session.add(handin)
        work.session.flush()
        return True

    def _give_up(self, handin: Handin, en: str, de: str) -> bool:
        """This hand-in has failed; True, since others may wait behind it."""
        handin.state, handin.problem = "failed", {"en": en, "de": de}
        self._close()
        return True

    def _close(self) -> None:
        self._open = None
        self.ask()

    def _key(self, work: Work) -> Pseudonyms | None:
        """The installation's pseudonyms. Where there is no key yet it is made, and used only once it is committed: else a person
        would have another pseudonym after a restart."""
        if self._pseudonyms is None:
            if (key := store.installation(work, "pseudonyms")) is None:
                store.install(work, "pseudonyms", secrets.token_bytes(32))
                return None
            self._pseudonyms = Pseudonyms(key)
        return self._pseudonyms

    def _opened(self, work: Work, id: UUID, pseudonyms: Pseudonyms) -> Open | None:
        handin = store.handin(work, id)
        if handin is None or handin.state != "waiting":
            return None
        try:
            names = store.names_of_measures(work) if handin.kind in TEMPLATES else {}
            given = Given(name=handin.name, kind=handin.kind, pseudonyms=pseudonyms, names=names, **_said(handin.given))
            given = replace(given, measure=names.get(given.measure or "", given.measure))
            if handin.submission is not None:
                reading = readers.read_rows(handin.kind, json.loads(self.files.read(handin.digest))["rows"], given)
            else:
                self.files.check(handin.digest)
                content = Content(partial(self.files.open, handin.digest))
                if handin.kind == oparl.KIND:
                    named = oparl.referenced_by(oparl.loaded(text_of(content).whole()))
                    given = replace(given, remembered=tuple(store.remembered(work, named)))
                reading = readers.read(content, given)
            again = handin.submission is None and store.was_read(work, handin.digest)
            return Open(id, handin.rows, reading, Identities(again=again))
        except Exception as error:  # as above: the files behind this one go on
            if not is_offence(error):
                raise  # as above, too: it is opened again
            broken = Open(id, 0, Reading(handin.kind, handin.series, (), ()))
            broken.position = handin.rows
            broken.failure, broken.chunk = f"{type(error).__name__}: {error}"[:500], []
            return broken


_readers: WeakKeyDictionary[object, Reader] = WeakKeyDictionary()


def use_reader(service: object, reader: Reader) -> None:
    """Let the entrances of a service find its reader."""
    _readers[service] = reader


def reader_of(service: object) -> Reader:
    """The reader of a service."""
    return _readers[service]


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given.get(name) for name in ("measure", "list", "municipality", "series")}


def tell_rows(work: Work, handin: Handin, rows: Sequence[Row], identities: Identities, remarks: Sequence[str] = ()) -> None:
    """Tell what rows say: new facts, and what is wrong; keep the rows as they came."""
    drafts = [draft for row in rows for _, draft in row.drafts]
    identities.standings = store.standings(work, list({key for draft in drafts for key in keys_of(draft)}))
    identities.made = []
    told = _Told(work, handin)
    for row in rows:
        told.row(row, identities)
    if told.names or told.named_before:
        store.keep_names(work, told.names, told.corrected, told.named_before)
        told.remarks += _came_before(work, told.names)
    store.keep_standings(work, identities.made)
    store.keep_rows(work, handin.digest, [(row.place, row.cells, row.ignored) for row in rows], again=handin.nth > 1)
    store.keep_repetitions(work, handin.digest, told.repeated, again=handin.nth > 1)
    store.keep_rejections(work, told.rejections)
    store.add_totals(work, handin.id, told.totals)
    handin.rows += len(rows)
    handin.facts += told.facts
    handin.known += told.known
    handin.rejected += told.rejected
    handin.ignored += told.ignored
    handin.remarks = list(dict.fromkeys([*handin.remarks, *told.remarks, *remarks]))[:MOST_REMARKS]


def _came_before(work: Work, names: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What was handed in under another name of a measure before that was known: its facts wait for a measure of that key."""
    said = {name for name, measure in names if name != measure}
    known = store.names_of_measures(work) if said else {}
    called = {subject_of("measure", name): name for name in said if name in known}
    files: dict[str, list[str]] = {}
    for subject, file in store.files_about(work, list(called)) if called else ():
        files.setdefault(called[subject], []).append(file[:SHORT])
    for name, of in sorted(files.items()):
        again = f"noch einmal einreichen, was vorher so hieß, und das Geparkte verwerfen: {', '.join(of[:5])}"
        yield f"„{name}“ ist {known[name]}; {again}."


class _Told:
    """What a chunk of rows comes to."""

    def __init__(self, work: Work, handin: Handin) -> None:
        self.work, self.handin = work, handin
        self.facts = self.known = self.rejected = self.ignored = 0
        self.totals: dict[str, tuple[int, int]] = {}
        self.repeated: list[tuple[str, Known]] = []
        """Places that say what was said elsewhere before."""
        self.remarks: list[str] = []
        self.names: list[tuple[str, str]] = []
        """What measures are called: name and key."""
        self.named_before: list[tuple[str, str]] = []
        """The same of rows that say nothing new: they may have been corrected since."""
        self.corrected: set[str] = set()
        """Keys of measures whose row is marked as a correction: they are called so now, and no longer otherwise."""
        self.rejections: list[tuple[UUID, str, int, str, str | None, str | None, str, str]] = []
        self.said = {"recorded_at": handin.received_at, "actor": handin.actor, "correlation": handin.id}

    def row(self, row: Row, identities: Identities) -> None:
        """One row: facts, known, rejected or ignored."""
        if row.faults:
            self.reject(row, row.faults)
            return
        if row.ignored is not None:
            self.ignored += 1
            return
        new = known = 0
        left: str | None = None
        refused: list[Fault] = []
        for place, draft in row.drafts:
            source = Source(digest=self.handin.digest, place=place)
            verdict = identities.judge(draft, source)
            match verdict:
                case New():
                    new += 1
                    self.work.emit(fact_of(draft, verdict, source, self.said))
                    facts, cents = self.totals.get(draft.subject, (0, 0))
                    self.totals[draft.subject] = (facts + 1, cents + draft.cents)
                    if verdict.remark and draft.event is not MeasureAliased:
                        self.remarks.append(f"Zeile {place}: {verdict.remark}.")
                case Known():
                    known += 1
                    if (verdict.digest, verdict.place) != (source.digest, source.place):
                        self.repeated.append((place, verdict))
                case Left(reason):
                    left = reason
                case Refused(fault):
                    refused.append(fault)
        self.facts += new
        if row.drafts and row.drafts[0][1].event is MeasureRegistered and not refused and left is None:
            names = [name for _, draft in row.drafts for name in names_in(draft)]
            marked = row.drafts[0][1].marked and not identities.again
            (self.names if new or marked else self.named_before).extend(names)
            self.corrected |= {measure for _, measure in names} if marked else set()
        if refused:
            row.concerns = row.concerns or row.drafts[0][1].subject
            self.reject(row, tuple(refused))
        elif left is not None and not new:
            row.ignored = left
            self.ignored += 1
        elif not new:
            self.known += 1

    def reject(self, row: Row, faults: Sequence[Fault]) -> None:
        """Tell that a row could not be read, by its first fault; keep all of them."""
        self.rejected += 1
        first, more = faults[0], len(faults) - 1
        mend = first.mend_text + (f" (Und {more} weitere Angabe{'n' if more > 1 else ''} dieser Zeile.)" if more else "")
        self.work.emit(
            RowRejected(
                id=id_of("rejected", str(self.handin.id), row.place),
                subject=subject_of("file", self.handin.digest),
                source=Source(digest=self.handin.digest, place=row.place),
                error=first.code,
                column=first.column,
                expected=first.expected_text,
                mend=mend,
                concerns=row.concerns,
                series=self.handin.series,
                submission=self.handin.submission,
                **self.said,
            )
        )
        for at, fault in enumerate(faults[:50], 1):
            value = store.to_json(fault.value)[1:-1] if fault.value and "\0" in fault.value else fault.value
            self.rejections.append(
                (self.handin.id, row.place, at, fault.code, fault.column, value, fault.expected_text, fault.mend_text)
            )


def finish(work: Work, handin: Handin, reading: Reading) -> None:
    """Tell that a hand-in was read to its end, with control totals; remember council objects."""
    if reading.council:
        objects = {str(one["id"]): one for one in reading.council}
        store.remember(
            work,
            [(id, oparl.kind_of(one), oparl.instant_of(one), oparl.names_of(one), one) for id, one in sorted(objects.items())],
        )
    totals = store.totals(work, handin.id, MOST_TOTALS + 1)
    handin.state, handin.read_at = "read", work.now
    work.emit(
        FileRead(
            id=id_of("read", str(handin.id)),
            subject=subject_of("file", handin.digest),
            recorded_at=handin.received_at,
            actor=handin.actor,
            correlation=handin.id,
            source=Source(digest=handin.digest, place="1"),
            kind=handin.kind,
            series=handin.series,
            rows=handin.rows,
            facts=handin.facts,
            known=handin.known,
            rejected=handin.rejected,
            ignored=handin.ignored,
            remarks=tuple(remark[:500] for remark in handin.remarks),
            totals=totals[:MOST_TOTALS],
            totals_cut=len(totals) > MOST_TOTALS,
        )
    )


# ── instruct ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Instructed(BaseModel):
    """An instruction as a person gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str = Field(min_length=3, max_length=400, examples=["measure/M-1"])
    """The measure, programme or account it is about."""
    instruction: Instruction


@dataclass(frozen=True)
class Noted:
    """What became of an instruction: a fact, or a proposal that waits for a second person."""

    subject: str
    fact: UUID | None = None
    new: bool = True
    """False if the same was said before."""
    number: int | None = None
    """Of the proposal."""


FOUR_EYES: Final = (WaiveFinding,)
"""Instructions that two people give together."""


def receive_instruction(work: Work, said: Instructed, actor: str) -> Noted:
    """Take in what a person decided; what needs two waits for the second.

    Saying the same again changes nothing, but a parked fact may be released as often as somebody asks.
    """
    if kind_of(said.subject) not in ("measure", "programme", "account"):
        raise WrongSubject(said.subject)
    subject, instruction = subject_of(kind_of(said.subject), key_of(said.subject)), said.instruction
    if not isinstance(instruction, FOUR_EYES):
        return _instructed(work, subject, instruction, actor)
    standing = _said_about(work, subject, instruction)
    if standing and standing[-1].content == _content(subject, instruction):
        return Noted(subject, standing[-1].fact, new=False)
    wanted = Proposal(subject=subject, instruction=instruction.model_dump(mode="json"), actor=actor, proposed_at=work.now)
    kept = store.propose(work, wanted)
    return Noted(subject, new=kept is wanted, number=kept.number)


def approve(work: Work, number: int, actor: str) -> Noted:
    """The second person's word on a proposal: now it is a fact, said by the one and approved by the other.

    Raises ``UnknownProposal``, ``NotFourEyes``, ``DecidedOtherwise``. Approving again changes nothing.
    """
    proposal = _proposal(work, number, actor, "approved")
    if actor == proposal.actor:
        raise NotFourEyes(proposal.actor)
    if proposal.state == "approved":
        return Noted(proposal.subject, proposal.fact, new=False, number=number)
    instruction = Instructed.model_validate({"subject": proposal.subject, "instruction": proposal.instruction}).instruction
    noted = _instructed(work, proposal.subject, instruction, proposal.actor, actor)
    proposal.state, proposal.decided_by, proposal.decided_at, proposal.fact = "approved", actor, work.now, noted.fact
    return replace(noted, number=number)


def decline(work: Work, number: int, actor: str) -> Noted:
    """A proposal is not approved, or its author takes it back: nothing waits any more. Raises as ``approve`` does."""
    proposal = _proposal(work, number, actor, "declined")
    new = proposal.state == "waiting"
    if new:
        proposal.state, proposal.decided_by, proposal.decided_at = "declined", actor, work.now
    return Noted(proposal.subject, new=new, number=number)


def list_proposals(work: Work) -> list[dict[str, Any]]:
    """Instructions that wait for a second person, oldest first."""
    return [
        {
            "number": one.number,
            "subject": one.subject,
            "instruction": one.instruction,
            "actor": one.actor,
            "proposed_at": one.proposed_at.isoformat(),
        }
        for one in store.proposals(work)
    ]


def _proposal(work: Work, number: int, actor: str, state: str) -> Proposal:
    proposal = store.locked_proposal(work, number)
    if proposal is None:
        raise UnknownProposal(str(number))
    if proposal.state not in ("waiting", state):
        raise DecidedOtherwise(f"{proposal.state} {proposal.decided_by}")
    return proposal


def _instructed(work: Work, subject: str, instruction: Instruction, actor: str, approved_by: str | None = None) -> Noted:
    """Tell an instruction as a fact, once."""
    topic, content = _topic(instruction), _content(subject, instruction)
    standing = _said_about(work, subject, instruction)
    if standing and standing[-1].content == content and not isinstance(instruction, ReleaseParked):
        return Noted(subject, standing[-1].fact, new=False)
    revision, said = len(standing) + 1, instruction.model_dump(mode="json")
    fact = id_of("fact", "instructions", subject, topic, str(revision))
    digest = digest_of(f"{content.hex()} {actor} {approved_by or ''} {revision}".encode())
    key = key_id("instructions", (subject, topic))
    store.keep_standings(work, [(key, Standing(1, revision, content, fact, False, digest, "1"))])
    store.keep_rows(work, digest, [("1", {"subject": subject, **said}, None)], again=True)
    work.emit(
        InstructionGiven(
            id=fact,
            subject=subject,
            recorded_at=work.now,
            actor=actor,
            approved_by=approved_by,
            source=Source(digest=digest, place="1"),
            instruction=instruction,
        )
    )
    return Noted(subject, fact)


def _said_about(work: Work, subject: str, instruction: Instruction) -> list[Standing]:
    """What was said about the same before, oldest first."""
    key = key_id("instructions", (subject, _topic(instruction)))
    return store.standings(work, [key]).get(key, [])


def _content(subject: str, instruction: Instruction) -> bytes:
    text = json.dumps({"subject": subject, **instruction.model_dump(mode="json")}, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()[:16]


def _topic(instruction: Instruction) -> str:
    """What an instruction is about: a later one about the same takes the place of an earlier one."""
    match instruction:
        case SetCutOff(as_of=day):
            return f"cut-off {day}"
        case ConfirmMatch() | RejectMatch():
            return f"match {instruction.voucher} {instruction.payment}"
        case WaiveFinding():
            return f"finding {instruction.finding}"
        case ReleaseParked() | DismissParked():
            return f"parked {instruction.fact}"
        case ConsentToPosition():
            return f"position {instruction.position}"
        case _:
            return f"close {instruction.budget_year or ''}"


# ── show, erase ──────────────────────────────────────────────────────────────────────────────────────────────────────


def show_handin(work: Work, id: UUID) -> dict[str, Any]:
    """A hand-in as it stands."""
    handin = store.handin(work, id)
    if handin is None:
        raise UnknownFile(str(id))
    return _handin_in_full(work, handin)


def show_file(work: Work, digest: str) -> dict[str, Any]:
    """The last hand-in of a content, by its digest or the first twelve digits of it."""
    handin = store.latest(work, digest)
    if handin is None:
        raise UnknownFile(digest)
    return _handin_in_full(work, handin)


def names_of_measures(work: Work) -> dict[str, str]:
    """Other names of measures (Aktenzeichen, Förderkennzeichen) → their keys, where a name means one only."""
    return store.names_of_measures(work)


def list_files(work: Work, limit: int, state: str | None) -> list[dict[str, Any]]:
    """What was handed in, latest first."""
    return [handin_view(handin, ()) for handin in store.list_handins(work, limit, state)]


def _handin_in_full(work: Work, handin: Handin) -> dict[str, Any]:
    """A hand-in with its rejected rows and, once it has been read, why others were passed over."""
    view = handin_view(handin, store.rejections(work, handin.id, MOST_SHOWN))
    if handin.ignored and handin.state == "read":
        view["passed_over"] = passed_over(store.passed_over(work, handin.digest))
    return view


def handin_view(handin: Handin, rejections: Sequence[Rejection]) -> dict[str, Any]:
    """A hand-in for people."""
    view = {
        "id": str(handin.id),
        "digest": handin.digest,
        "name": handin.name,
        "kind": handin.kind,
        "state": handin.state,
        "actor": handin.actor,
        "received_at": handin.received_at.isoformat(),
        "rows": handin.rows,
        "facts": handin.facts,
        "known": handin.known,
        "rejected": handin.rejected,
        "ignored": handin.ignored,
        "remarks": handin.remarks,
        "remarks_en": [PHRASES.english(remark) for remark in handin.remarks],
    }
    if handin.submission:
        view["submission"] = handin.submission
    if handin.problem:
        view["problem"] = handin.problem
    if rejections:
        view["rejected_rows"] = [
            {
                "place": one.place,
                "column": one.column_name,
                "value": one.value,
                "expected": one.expected,
                "expected_en": _expected_en(handin.kind, one),
                "mend": one.mend,
                "mend_en": CATALOGUE[one.error].mend.en,
                "error": one.error,
                "cause": CATALOGUE[one.error].cause.de,
            }
            for one in rejections
        ]
    return view


def _expected_en(kind: str, rejection: Rejection) -> str:
    """What was expected, in English: by the kept German words of the column or of the catalogue."""
    template = TEMPLATES.get(kind)
    columns = (*template.columns, *filter(None, (template.yearly,))) if template else ()
    known = (CATALOGUE[rejection.error].expected, *(column.expected for column in columns))
    return next((words.en for words in known if words.de == rejection.expected), rejection.expected)


def find_row(work: Work, digest: str, place: str) -> dict[str, Any]:
    """A row as it was handed in, with its columns; a place within a row (``17.2``) leads to the row. Raises ``UnknownRow``.

    What it is the first to say are its ``facts``; what an earlier row said, it ``repeats``, and that row leads on.
    """
    handin = store.latest(work, digest)
    if handin is None:
        if len(digest) == 64 and (kept := store.row(work, digest, place)) is not None:  # an instruction
            return {"digest": digest, "place": place, "columns": _columns((), kept.cells)}
        raise UnknownFile(digest)
    for candidate in _rows_of(place):
        found = store.row(work, handin.digest, candidate)
        if found is not None:
            facts = store.facts_of_row(work, handin.digest, candidate)
            view = {
                "digest": handin.digest,
                "file": handin.name,
                "kind": handin.kind,
                "place": candidate,
                "actor": handin.actor,
                "received_at": handin.received_at.isoformat(),
                "columns": _columns(handin.columns, found.cells),
                "facts": [{"place": at, "id": str(fact), "revision": revision} for at, fact, revision in facts],
            }
            if repeated := store.repetitions_of_row(work, handin.digest, candidate):
                view["repeats"] = [{"place": at, "fact": str(fact), "row": of.row} for at, fact, of in repeated]
            if found.ignored:
                view |= {"ignored": found.ignored, "ignored_en": PHRASES.english(found.ignored)}
            if found.erased_at:
                view["erased_at"] = found.erased_at.isoformat()
            faults = (
                [one for one in store.rejections(work, handin.id, 100_000) if one.place == candidate] if handin.rejected else []
            )
            if faults:
                view["rejected"] = [
                    {
                        "error": one.error,
                        "column": one.column_name,
                        "expected": one.expected,
                        "expected_en": _expected_en(handin.kind, one),
                        "mend": one.mend,
                        "mend_en": CATALOGUE[one.error].mend.en,
                    }
                    for one in faults
                ]
            return view
    raise UnknownRow(f"{digest}:{place}")


def _rows_of(place: str) -> Iterator[str]:
    yield place
    while "." in place:
        place = place.rpartition(".")[0]
        yield place


def _columns(headings: Sequence[str], kept: str | None) -> dict[str, Any]:
    if kept is None:
        return {}
    cells = json.loads(kept)
    if isinstance(cells, dict):
        return cells
    if isinstance(cells, str):
        return {"Zeile": cells}
    return {(headings[at] if at < len(headings) and headings[at] else f"Spalte {at + 1}"): cell for at, cell in enumerate(cells)}


def erase(work: Work, files: Files, digest: str, place: str | None) -> dict[str, Any]:
    """Forget the texts of a row, or of a whole file: names and free text go, digests and facts stay.

    The kept file goes with the first of its rows, since one row cannot be taken out of it; the other rows stay in intake.
    """
    handin = store.latest(work, digest)
    if handin is None:
        raise UnknownFile(digest)
    store.times_handed_in(work, handin.digest)  # who hands it in again is waited for
    handin = store.latest(work, handin.digest) or handin
    if handin.state == "waiting":
        raise StillReading(handin.digest)
    count = store.erase(work, handin.digest, place, work.now)
    if not count and place is not None and store.row(work, handin.digest, place) is None:
        raise UnknownRow(f"{digest}:{place}")
    path = files.place(handin.digest)
    path.unlink(missing_ok=True)
    return {"digest": handin.digest, "place": place, "erased": count, "file": ERASED}
