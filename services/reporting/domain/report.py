"""Report data: what is hashed and kept, from snapshot and document. Its canonical JSON is the report; all else is rendering."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.document import Document, plain
from services.reporting.domain.lines import Line
from services.reporting.domain.snapshot import MeasureSnapshot, ProgrammeSnapshot
from shared.contracts.intake import Fact
from shared.values.source import Source, id_of
from shared.values.subject import key_of

FORMAT: Final = "pruefpfad.report.v1"
"""Name of the shape of report data; a changed shape is a new name."""

PASSING: Final = ("head", "settlement", "facts_upto", "measures")
"""Fields of a statement that move on without the statement saying anything else."""

Snapshot = MeasureSnapshot | ProgrammeSnapshot


def number_of(subject: str, document: str, as_of: date, version: int) -> str:
    """What is printed and names the files: ``HER-AIDR-D5-2016-01-31-1``."""
    key = re.sub(r"[^A-Za-z0-9._-]+", "-", key_of(subject)).strip("-") or "X"
    return f"{key}-{document}-{as_of.isoformat()}-{version}"


def version_of(number: str) -> int:
    """The version a number ends in."""
    return int(number.rpartition("-")[2])


def report_id(number: str) -> UUID:
    """Id of a report, made of its number."""
    return id_of("report", number)


def data_of(snapshot: Snapshot, document: Document, version: int) -> dict[str, Any]:
    """Everything the report says, as JSON-able data in whole cents and ISO days.

    A voucher list carries every entry of both books with its seal, so that anybody can recompute the chain and the sums.
    """
    predecessor = snapshot.predecessor
    return {
        "format": FORMAT,
        "number": document.number,
        "document": document.kind,
        "subject": snapshot.subject,
        "as_of": snapshot.as_of.isoformat(),
        "version": version,
        "predecessor": {"number": predecessor.number, "sha256": predecessor.data_sha256} if predecessor else None,
        "stated": {"event": str(snapshot.basis.statement), "at": snapshot.basis.stated_at.isoformat()},
        "missing": list(snapshot.basis.missing),
        "statement": snapshot.statement.model_dump(mode="json"),
        "findings": [f.model_dump(mode="json") for f in snapshot.findings],
        "entries": [entry_data(line) for line in _entries(snapshot, document.kind)],
        "facts": [f.model_dump(mode="json") for f in _facts(snapshot)],
        "content": plain(document),
    }


def content_of(snapshot: Snapshot, kind: str) -> dict[str, Any]:
    """What makes two versions different: not the number, and not how far a journal went on without touching the report."""
    statement = {k: v for k, v in snapshot.statement.model_dump(mode="json").items() if k not in PASSING}
    standing: list[str] = []
    if isinstance(snapshot, MeasureSnapshot):
        standing = [f"{v.line.reference} {v.proof.reference if v.proof else ''}" for v in snapshot.vouchers]
    return {
        "kind": kind,
        "statement": statement,
        "findings": [f.model_dump(mode="json") for f in snapshot.findings],
        "vouchers": standing,
        "facts": [str(f.id) for f in _facts(snapshot)],
        "missing": list(snapshot.basis.missing),
    }


def entry_data(line: Line) -> dict[str, Any]:
    """One entry with what it books."""
    data = {"subject": line.subject, **line.entry.model_dump(mode="json")}
    if line.voucher is not None:
        data["voucher"] = line.voucher.model_dump(mode="json")
    if line.match is not None:
        data["match"] = line.match.model_dump(mode="json")
    return data


FILES: Final = {
    "measure.registered": "Maßnahmen",
    "plan-line.recorded": "Finanzierungsplan",
    "grant.awarded": "Bescheide",
    "award.amended": "Bescheide",
    "cofunding.committed": "Zusagen",
    "receipt.recorded": "Eingänge",
    "decision.recorded": "Ratsvorlage",
    "decision.detailed": "Beschlussdetails",
    "staff.assigned": "Personaleinsatz",
    "programme.registered": "Programme",
    "participation.recorded": "Teilnahmen",
    "figure.published": "Veröffentlichte Zahlen",
    "size-band.set": "Größenstaffel",
    "population.recorded": "Einwohner",
    "report.signed": "Unterzeichnete Berichte",
}
"""Kind of file a fact is read from, by the middle of its type."""

ENTRIES: Final = {
    "voucher": "Belegliste",
    "receipt": "Eingänge",
    "award": "Bescheide",
    "commitment": "Zusagen",
    "payment": "Kontoauszug",
    "match": "Kontoauszug",
    "reversal": "Kontoauszug",
}
"""Kind of file an entry follows from, by its kind; a reversal of the main book follows the kind it undoes."""


def named_sources(snapshot: Snapshot, kind: str) -> Iterator[tuple[str, Source]]:
    """Rows the report stands on, each with the kind of file it is in."""
    yield "Maßnahmen" if isinstance(snapshot, MeasureSnapshot) else "Programme", snapshot.source
    for fact in _facts(snapshot):
        yield FILES.get(fact.type.removeprefix("de.pruefpfad.").removesuffix(".v1"), "Sonstige"), fact.source
    if isinstance(snapshot, MeasureSnapshot):
        kinds = {(x.entry.book, x.entry.number): x.entry.kind for x in snapshot.main}
        for line in _entries(snapshot, kind):
            undone = kinds.get((line.entry.book, line.entry.reverses or 0))
            yield ENTRIES.get(undone or line.entry.kind, "Sonstige"), line.entry.source
            if line.match is not None:
                yield ENTRIES["payment"], line.match.payment_source
        for voucher in snapshot.vouchers:
            yield ENTRIES["voucher"], voucher.line.entry.source
            if voucher.match is not None:
                yield ENTRIES["payment"], voucher.match.payment_source



def sources_of(snapshot: Snapshot, kind: str) -> Iterator[Source]:
    """Rows the report stands on: the way forward from a row to the report."""
    return (source for _, source in named_sources(snapshot, kind))


def _entries(snapshot: Snapshot, kind: str) -> tuple[Line, ...]:
    if not isinstance(snapshot, MeasureSnapshot):
        return ()
    if kind == "D5":
        return snapshot.main + snapshot.settlement
    return tuple(line for line in snapshot.main if line.entry.kind not in ("voucher", "reversal"))


def _facts(snapshot: Snapshot) -> list[Fact]:
    if isinstance(snapshot, ProgrammeSnapshot):
        return list(snapshot.facts)
    papers: list[Fact] = []
    for paper in snapshot.papers.values():
        papers += ([paper.recorded] if paper.recorded else []) + list(paper.details)
    return [*snapshot.plan, *snapshot.awards, *snapshot.commitments, *snapshot.receipts, *snapshot.staff, *papers]
