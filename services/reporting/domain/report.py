"""Report data: what is hashed and kept, from snapshot and document. Its canonical JSON is the report; all else is rendering."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import chain
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.document import Document, plain
from services.reporting.domain.lines import Line, up_to
from services.reporting.domain.snapshot import Basis, MeasureSnapshot, Predecessor, ProgrammeSnapshot, measure_snapshot
from shared.contracts.funding import Book, Entry, Finding, Match, MeasureStatement, ProgrammeStatement
from shared.contracts.intake import INTAKE, Fact, MeasureData, ProgrammeData, Voucher
from shared.values.source import Source, digest_of, id_of
from shared.values.subject import key_of

FORMAT: Final = 2
"""Format of report data. A report stays in the one it was made in, and says which; a changed shape, or another meaning of what is
in it, is the next number. 1: nothing yet held coverage, years and gap against the report's own facts when it was issued."""
_NAMED: Final = re.compile(r"pruefpfad\.report\.v([1-9]\d{0,3})")

PASSING: Final = ("head", "settlement", "facts_upto", "papers_upto", "measures")
"""Fields of a statement that move on without the statement saying anything else."""

Snapshot = MeasureSnapshot | ProgrammeSnapshot


def number_of(subject: str, document: str, as_of: date, version: int) -> str:
    """What is printed and names the files: ``HER-AIDR-D5-2016-01-31-1``. Two reports never share one, whatever their keys."""
    return f"{_written(key_of(subject))}-{document}-{as_of.isoformat()}-{version}"


def _written(key: str) -> str:
    """A key as file names and addresses can hold it. One that had to be changed bears digits of its digest, since another may be
    changed into the same; ``~`` is in no key that was not: ``N 1`` becomes ``N-1~a84f7771``, and ``N-1`` stays.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", key).strip("-")
    return key if plain == key else f"{plain or 'X'}~{digest_of(key.encode())[:8]}"


def format_of(data: Any) -> int | None:
    """The format that report data say they are in; None for what is no report."""
    named = _NAMED.fullmatch(str(data.get("format"))) if isinstance(data, Mapping) else None
    return int(named[1]) if named else None


def version_of(number: str) -> int:
    """The version a number ends in."""
    return int(number.rpartition("-")[2])


def report_id(number: str) -> UUID:
    """Id of a report, made of its number."""
    return id_of("report", number)


def data_of(snapshot: Snapshot, document: Document, version: int, made_with: Mapping[str, str]) -> dict[str, Any]:
    """Everything the report stands on and says, as JSON-able data in whole cents and ISO days.

    It carries every entry of both books with its seal, the facts and the statement, so that anybody can recompute the chain, the
    sums and the document itself (``snapshot_of``). ``made_with`` names the versions that decide about a PDF's bytes.
    Entries are an iterator: there may be 100,000 of them.
    """
    predecessor = snapshot.predecessor
    return {
        "format": f"pruefpfad.report.v{FORMAT}",
        "made_with": dict(made_with),
        "number": document.number,
        "document": document.kind,
        "subject": snapshot.subject,
        "as_of": snapshot.as_of.isoformat(),
        "version": version,
        "predecessor": {
            "number": predecessor.number,
            "sha256": predecessor.data_sha256,
            "main_head": predecessor.main_head,
            "settlement_head": predecessor.settlement_head,
            "findings": [f.model_dump(mode="json") for f in predecessor.findings],
        }
        if predecessor
        else None,
        "stated": {"event": str(snapshot.basis.statement), "at": snapshot.basis.stated_at.isoformat()},
        "missing": list(snapshot.basis.missing),
        "registered": snapshot.source.model_dump(mode="json"),
        "programme": snapshot.programme.model_dump(mode="json") if snapshot.programme else None,
        **(_measure_data(snapshot) if isinstance(snapshot, MeasureSnapshot) else _programme_data(snapshot)),
        "statement": snapshot.statement.model_dump(mode="json"),
        "findings": [f.model_dump(mode="json") for f in snapshot.findings],
        "facts": [f.model_dump(mode="json") for f in _facts(snapshot)],
        "content": plain(document),
    }


def _measure_data(snapshot: MeasureSnapshot) -> dict[str, Any]:
    return {
        "measure": snapshot.measure.model_dump(mode="json"),
        "entries": (entry_data(line) for line in chain(snapshot.main, snapshot.settlement)),
    }


def _programme_data(snapshot: ProgrammeSnapshot) -> dict[str, Any]:
    return {
        "measures": {key: m.model_dump(mode="json") for key, m in snapshot.measures.items()},
        "statements": {key: s.model_dump(mode="json") for key, s in snapshot.statements.items()},
    }


def snapshot_of(data: Mapping[str, Any]) -> Snapshot:
    """The snapshot a report was made from, out of its own data. Raises JournalBroken where the chain of entries is broken."""
    stated, before = data["stated"], data["predecessor"]
    basis = Basis(UUID(stated["event"]), datetime.fromisoformat(stated["at"]), tuple(data["missing"]))
    predecessor = before and Predecessor(
        before["number"],
        before["sha256"],
        before["main_head"],
        before["settlement_head"],
        tuple(Finding.model_validate(f) for f in before["findings"]),
    )
    facts: list[Fact] = [INTAKE.validate_python(f) for f in data["facts"]]
    programme = ProgrammeData.model_validate(data["programme"]) if data["programme"] else None
    about: dict[str, Any] = {
        "subject": data["subject"],
        "source": Source.model_validate(data["registered"]),
        "basis": basis,
        "findings": tuple(Finding.model_validate(f) for f in data["findings"]),
        "predecessor": predecessor or None,
    }
    if "measure" not in data:
        if programme is None:
            raise ValueError("the data names neither a measure nor a programme")
        return ProgrammeSnapshot(
            **about,
            programme=programme,
            statement=ProgrammeStatement.model_validate(data["statement"]),
            measures={key: MeasureData.model_validate(m) for key, m in data["measures"].items()},
            statements={key: MeasureStatement.model_validate(s) for key, s in data["statements"].items()},
            facts=tuple(facts),
        )
    statement = MeasureStatement.model_validate(data["statement"])
    lines = [_line(e) for e in data["entries"]]
    main = up_to(lines, Book.MAIN, statement.head, data["subject"])
    settlement = up_to(lines, Book.SETTLEMENT, statement.settlement, data["subject"])
    if len(main) + len(settlement) != len(lines):
        raise ValueError("there are entries behind the stated heads")
    return measure_snapshot(
        statement,
        main,
        settlement,
        facts,
        **about,
        measure=MeasureData.model_validate(data["measure"]),
        programme=programme,
    )


def _line(data: Mapping[str, Any]) -> Line:
    voucher, match = data.get("voucher"), data.get("match")
    return Line(
        data["subject"],
        Entry.model_validate(data),
        voucher=Voucher.model_validate(voucher) if voucher is not None else None,
        match=Match.model_validate(match) if match is not None else None,
    )


def content_of(snapshot: Snapshot, kind: str) -> dict[str, Any]:
    """What makes two versions different: not the number, and not how far a journal went on without touching the report."""
    statement = {k: v for k, v in snapshot.statement.model_dump(mode="json").items() if k not in PASSING}
    standing: list[str] = []
    if isinstance(snapshot, MeasureSnapshot):
        standing = [" ".join((v.line.reference, *(x.reference for x in v.proofs))) for v in snapshot.vouchers]
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


def named_sources(snapshot: Snapshot) -> Iterator[tuple[str, Source]]:
    """Rows the report stands on, each with the kind of file it is in."""
    yield "Maßnahmen" if isinstance(snapshot, MeasureSnapshot) else "Programme", snapshot.source
    for fact in _facts(snapshot):
        yield FILES.get(fact.type.removeprefix("de.pruefpfad.").removesuffix(".v1"), "Sonstige"), fact.source
    if isinstance(snapshot, MeasureSnapshot):
        kinds = {(x.entry.book, x.entry.number): x.entry.kind for x in snapshot.main}
        for line in snapshot.main + snapshot.settlement:
            undone = kinds.get((line.entry.book, line.entry.reverses or 0))
            yield ENTRIES.get(undone or line.entry.kind, "Sonstige"), line.entry.source
            if line.match is not None:
                yield ENTRIES["payment"], line.match.payment_source
        for voucher in snapshot.vouchers:
            yield ENTRIES["voucher"], voucher.line.entry.source
            for match in voucher.matches:
                yield ENTRIES["payment"], match.payment_source


def sources_of(snapshot: Snapshot) -> Iterator[Source]:
    """Rows the report stands on: the way forward from a row to the report."""
    return (source for _, source in named_sources(snapshot))


def _facts(snapshot: Snapshot) -> list[Fact]:
    if isinstance(snapshot, ProgrammeSnapshot):
        return list(snapshot.facts)
    papers: list[Fact] = []
    for paper in snapshot.papers.values():
        papers += ([paper.recorded] if paper.recorded else []) + list(paper.details)
    money = [*snapshot.plan, *snapshot.awards, *snapshot.commitments, *snapshot.receipts, *snapshot.staff]
    return [*money, *papers, *snapshot.signed]
