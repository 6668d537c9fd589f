"""Proof: what anybody can recompute from a report's own bytes, without a server and without trusting us."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from html import unescape
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import StreamObject

from services.reporting.domain.document import plain
from services.reporting.domain.lines import JournalBroken
from services.reporting.domain.report import FORMAT, Snapshot, format_of, number_of, snapshot_of
from services.reporting.domain.snapshot import ProgrammeSnapshot, in_detail, of_totals, programme_disagreements
from services.reporting.making import composed, made_with
from services.reporting.renderers.canonical import NotCanonical, canonical
from services.reporting.renderers.pdf.render import render as render_pdf
from shared.contracts.funding import Book

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it cannot read of a damaged file is a step's to say


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was recomputed, in English and German. ``proven`` is False for what could not be compared: it may hold."""

    text: str
    de: str
    holds: bool
    proven: bool = True

    @property
    def sign(self) -> str:
        """✓, ✗, or ! for what was not compared."""
        return "✗" if not self.holds else "✓" if self.proven else "!"


@dataclass(frozen=True, slots=True)
class Proof:
    """All steps, and the identity they establish."""

    steps: tuple[Step, ...]
    number: str | None = None
    sha256: str = ""

    @property
    def holds(self) -> bool:
        """Does every step hold?"""
        return all(step.holds for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"number": self.number, "sha256": self.sha256, "steps": [asdict(s) for s in self.steps]}


@dataclass(frozen=True, slots=True)
class _Pdf:
    """What a report's PDF carries and names: the data, their digest, the address to verify at."""

    content: bytes
    data: bytes
    named_sha256: str
    url: str


def examine(content: bytes) -> Proof:
    """Recompute a report from its own PDF or JSON: canonical form and digest, chain of seals, every sum, the document, the pages.

    This proves that the report is consistent in itself. Who issued it is proven by its digest: the issuing server knows it.
    """
    pdf: _Pdf | None = None
    if content.startswith(b"%PDF"):
        try:
            pdf = _opened(content)
        except (PyPdfError, KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
            return Proof((Step(
                f"the PDF carries no report data that can be read: {error}",
                f"die PDF-Datei enthält keine lesbaren Berichtsdaten: {error}", False,
            ),))
    data = pdf.data if pdf else content
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        report = json.loads(data, parse_float=_no_float)
        spelled = canonical(report) == data
    except (ValueError, NotCanonical, RecursionError) as error:
        why = str(error)[:300]
        step = Step(
            f"this is neither a report's PDF nor its JSON, which alone carry the data to verify: {why}",
            f"das ist weder die PDF- noch die JSON-Datei eines Berichts; nur sie tragen die Daten zum Nachrechnen: {why}", False,
        )
        return Proof((step,), sha256=sha256)
    made_in = format_of(report)
    if made_in is None:
        step = Step("the data is no report of Prüfpfad", "die Daten sind kein Bericht von Prüfpfad", False)
        return Proof((step,), sha256=sha256)
    steps = [Step(f"data in canonical form, SHA-256 {sha256}", f"Daten in kanonischer Form, SHA-256 {sha256}", spelled)]
    if pdf:
        steps.append(Step(
            "the PDF names the digest of the data it carries", "die PDF-Datei nennt die Prüfsumme der Daten, die sie enthält",
            pdf.named_sha256 == sha256,
        ))
    else:
        steps.append(Step(
            "not proven: that this is the SHA-256 printed on the report; compare them, data do not name their own",
            "nicht bewiesen: dass diese SHA-256 die gedruckte ist; bitte vergleichen, Daten nennen ihre eigene nicht", True,
            proven=False,
        ))
    try:
        if made_in > FORMAT:
            steps.append(_of_other_format(made_in, "seals, sums, tables and pages", "Siegel, Summen, Tabellen und Seiten"))
        else:
            steps += _recomputed(report, pdf, made_in)
    except JournalBroken as error:
        steps.append(Step(str(error), f"das Journal ist nicht unversehrt: {error.de}", False))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = str(error)[:300]
        steps.append(
            _of_other_format(made_in, f"all else ({why})", f"alles Weitere ({why})") if made_in < FORMAT
            else Step(f"the data cannot be recomputed: {why}", f"die Daten lassen sich nicht nachrechnen: {why}", False)
        )
    return Proof(tuple(steps), report.get("number"), sha256)


def _no_float(text: str) -> float:
    raise ValueError(f"{text} is a float; a report holds whole cents only")


def _opened(content: bytes) -> _Pdf:
    reader = PdfReader(io.BytesIO(content))
    (name,) = [name for name in reader.attachments if name.endswith(".json")]
    (data,) = reader.attachments[name]
    metadata = reader.root_object["/Metadata"].get_object()
    if not isinstance(metadata, StreamObject):
        raise ValueError("its metadata is no stream")
    xmp = metadata.get_data().decode("utf-8")
    return _Pdf(content, data, _named(xmp, "dataSha256"), unescape(_named(xmp, "verifyUrl")))


def _named(xmp: str, name: str) -> str:
    return xmp.partition(f"<pp:{name}>")[2].partition("<")[0]


def _of_other_format(made_in: int, what: str, de: str) -> Step:
    """What this program does not recompute of a report that another one made, and says so rather than calling it wrong."""
    return Step(
        f"not proven: {what}; the report is of format {made_in}, this program verifies these of format {FORMAT}. Its digests are "
        "verified; for the rest take the program that issued it, or ask the server",
        f"nicht bewiesen: {de}; der Bericht ist im Format {made_in}, dieses Programm rechnet das im Format {FORMAT} nach. Seine "
        "Prüfsummen sind geprüft; für das Übrige das Programm nehmen, das ihn ausstellte, oder den Server fragen",
        True, proven=False,
    )


def _recomputed(report: Mapping[str, Any], pdf: _Pdf | None, made_in: int) -> Iterator[Step]:
    """What follows from the data themselves."""
    snapshot = snapshot_of(report)
    document = composed(snapshot, report["document"], report["number"])
    yield from _sums(snapshot, report, made_in)
    yield _compared(
        plain(document) == report["content"], report["made_with"],
        "the tables say what follows from the entries, facts and findings",
        "die Tabellen sagen, was aus Buchungen, Fakten und Feststellungen folgt",
    )
    if pdf:
        digest = hashlib.sha256(pdf.data).hexdigest()
        pages = render_pdf(document, data=pdf.data, digest=digest, verify_url=pdf.url, created=snapshot.basis.stated_at)
        yield _compared(
            pages == pdf.content, report["made_with"],
            "every page is, byte for byte, what follows from the data", "jede Seite ist Byte für Byte, was aus den Daten folgt",
        )


def _compared(same: bool, made: Mapping[str, str], text: str, de: str) -> Step:
    """Is what was made again the same? What is not, and was made with other versions, may have been changed or not."""
    if same or dict(made) == made_with():
        return Step(text, de, same)
    versions = ", ".join(f"{name} {found}" for name, found in sorted(made.items()))
    return Step(
        f"not proven: {text}; that takes what the report was made with ({versions}), or the server that issued it",
        f"nicht bewiesen: {de}; dazu braucht es, womit der Bericht gemacht ist ({versions}), oder den Server, der ihn ausstellte",
        True, proven=False,
    )


def _sums(snapshot: Snapshot, report: Mapping[str, Any], made_in: int) -> Iterator[Step]:
    if report["number"] != number_of(snapshot.subject, report["document"], snapshot.as_of, report["version"]):
        yield Step(
            f"the number {report['number']} is not that of subject, document, day and version",
            f"die Nummer {report['number']} ist nicht die von Bezug, Dokument, Stichtag und Fassung", False,
        )
    if report["as_of"] != snapshot.as_of.isoformat():
        yield Step(
            f"the report is as of {report['as_of']}, its statement as of {snapshot.as_of.isoformat()}",
            f"der Bericht steht auf dem Stichtag {report['as_of']}, sein Abgleich auf {snapshot.as_of.isoformat()}", False,
        )
    if isinstance(snapshot, ProgrammeSnapshot):
        wrong = programme_disagreements(snapshot)
        counts = Counter(f.code for f in snapshot.findings)
        agree = dict(counts) == snapshot.statement.counts
        yield Step(
            "the statements of the measures add up to the programme's figures",
            "die Abgleiche der Maßnahmen ergeben die Zahlen des Programms", not wrong,
        )
    else:
        books = ((Book.MAIN, "Hauptbuchs", snapshot.main), (Book.SETTLEMENT, "Ausgleichsbuchs", snapshot.settlement))
        for book, german, lines in books:
            yield Step(
                f"{len(lines)} entries of the book {book.value} form an unbroken chain up to the stated head",
                f"{len(lines)} Buchungen des {german} bilden eine lückenlose Kette bis zum genannten Stand", True,
            )
        wrong, detailed = of_totals(snapshot), in_detail(snapshot)
        if made_in == FORMAT:
            wrong += detailed
        elif detailed:
            yield _of_other_format(made_in, "coverage, years and gap", "Deckung, Jahre und Lücke")
        agree = {f.id for f in snapshot.findings} == set(snapshot.statement.findings) or bool(snapshot.statement.findings_beyond)
        yield Step(
            "entries, vouchers with proof of payment, plan, receipts and coverage add up to the figures stated",
            "Buchungen, bezahlte Belege, Plan, Eingänge und Deckung ergeben die genannten Zahlen", not wrong,
        )
    yield from (Step(str(w), w.de, False) for w in wrong)
    yield Step("the findings are those the statement names", "die Feststellungen sind die, die der Abgleich nennt", agree)
