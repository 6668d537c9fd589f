"""What a reader makes of a file: rows, each of which is facts, or rejected, or ignored with a reason. Nothing is lost between."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from services.intake.domain.errors import Fault
from services.intake.domain.pseudonyms import Pseudonyms
from shared.contracts.intake import Fact
from shared.values.funders import Funder

Key = tuple[str, ...]

TRY_KEY: Final = b"reads and shows, stores nothing"
"""Key of the pseudonyms where nothing is kept."""
MOST_REMARKS: Final = 50
"""Remarks that are kept about one file."""
MOST_SHOWN: Final = 1_000
"""Rejected rows that an answer lists; the rest is counted."""


@dataclass(frozen=True)
class Given:
    """What is said at hand-in beside the file itself."""

    name: str = ""
    """Name of the file, for messages and for the series of files that say nothing else."""
    kind: str | None = None
    measure: str | None = None
    """Takes the place of an empty or missing column Maßnahme."""
    list: str | None = None
    """Takes the place of an empty or missing column Belegliste."""
    municipality: str | None = None
    """Key of the municipality whose council papers these are."""
    series: str | None = None
    """Name of the list as a submission gives it."""
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(TRY_KEY))
    names: Mapping[str, str] = field(default_factory=dict)
    """Other names of measures (Aktenzeichen, Förderkennzeichen) → their keys, where a name means one only."""
    remembered: tuple[dict[str, Any], ...] = ()
    """Council objects handed in before: meetings and organizations that papers name, papers that name what comes now."""


@dataclass(slots=True)
class Draft:
    """A fact but for what only the service knows: whether it is new, its id, when it was recorded and by whom."""

    kind: str
    key: Key
    """Business key within its kind: who says it again, says the same fact."""
    subject: str
    event: type[Fact]
    body: dict[str, Any]
    """Fields of the event, e.g. ``{"voucher": Voucher(…)}``."""
    cents: int = 0
    """What it adds to the control total of its subject."""
    corrected: type[Fact] | None = None
    """The event instead, where it takes the place of an earlier fact."""
    marked: bool = False
    """The row says that it corrects (Berichtigt)."""
    replaces: Key | None = None
    """Business key of another row whose place it takes."""
    withdraws: bool = False
    """Takes an earlier fact back; there is nothing to tell if there is none."""
    grows_from: dict[str, Any] | None = None
    """Body of the earlier fact that this one says again, with news added: no conflict, no mark needed."""
    compared: dict[str, Any] | None = None
    """What is compared instead of the body, where parts of the body change from file to file and say nothing new."""
    funder: Funder | None = None
    """Who gives the money: a key means one kind of funder, wherever it is said."""
    state: str | None = None
    """Of things that have states of their own (papers): what orders them. A later state takes the place of an earlier one."""

    @property
    def content(self) -> bytes:
        """Digest of all that is said (16 bytes): equal content, equal fact."""
        return content_of(self.event, self.body if self.compared is None else self.compared)


def content_of(event: type[Fact], body: dict[str, Any]) -> bytes:
    """Digest of an event's body, independent of file, encoding, order of columns and twin."""
    said = [event.__name__.encode()]
    for name, value in body.items():
        told = value.__pydantic_serializer__.to_json(value) if isinstance(value, BaseModel) else str(value).encode()
        said.append(name.encode() + b"=" + told)
    return hashlib.sha256(b"\x1f".join(said)).digest()[:16]


@dataclass(slots=True)
class Row:
    """One row of a file, as handed in and as understood. Exactly one of ``drafts``, ``faults``, ``ignored`` is filled."""

    place: str
    """Where it starts, as a person counts in an editor (``17``); in XML and JSON the ordinals (``1.3``)."""
    cells: Any
    """As handed in: cells by position, or the object; kept in intake's erasable store."""
    drafts: list[tuple[str, Draft]] = field(default_factory=list)
    """With the place of each: a row that is apportioned makes ``17.1``, ``17.2`` …"""
    faults: tuple[Fault, ...] = ()
    ignored: str | None = None
    concerns: str | None = None
    """Subject the row is about, where a rejected row still says so."""


@dataclass
class Reading:
    """A file being read. ``rows`` may be walked once; ``remarks`` and ``council`` are complete when it ended."""

    kind: str
    series: str
    columns: tuple[str, ...]
    """Headings as handed in, for the cells of the rows."""
    rows: Iterable[Row]
    remarks: list[str] = field(default_factory=list)
    council: list[dict[str, Any]] = field(default_factory=list)
    """Council objects worth remembering for papers that come later."""

    def all(self) -> Reading:
        """The same with all rows read."""
        self.rows = list(self.rows)
        return self

    @property
    def drafts(self) -> Iterator[tuple[str, Draft]]:
        """All drafts with their places."""
        for row in self.rows:
            yield from row.drafts

    @property
    def rejected(self) -> list[Row]:
        """Rows that could not be read."""
        return [row for row in self.rows if row.faults]

    @property
    def ignored(self) -> list[Row]:
        """Rows that are no facts by their nature."""
        return [row for row in self.rows if row.ignored]


def series_of(kind: str, *said: str) -> str:
    """Name of a series of editions: the kind, and the digest of what they are of, since names may be a person's."""
    return f"{kind}:{hashlib.sha256(chr(31).join(said).encode()).hexdigest()[:16]}"
