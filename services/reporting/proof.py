"""Proof: what anybody can recompute from a report's own bytes, without a server and without trusting us."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from services.reporting.domain.report import FORMAT
from services.reporting.renderers.canonical import NotCanonical, canonical
from shared.contracts.funding import Book, Entry, Head
from shared.contracts.seal import verify_chain


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was recomputed."""

    text: str
    holds: bool


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
        return {"number": self.number, "sha256": self.sha256, "steps": [{"text": s.text, "holds": s.holds} for s in self.steps]}


def examine(content: bytes) -> Proof:
    """Examine a report's PDF or JSON: canonical form and digest, printed digest, seals of the entries, sums of the vouchers."""
    printed: str | None = None
    if content.startswith(b"%PDF"):
        try:
            data, printed = _from_pdf(content)
        except (PyPdfError, KeyError, ValueError, IndexError) as error:
            return Proof((Step(f"the PDF carries no report data that can be read: {error}", False),))
    else:
        data = content
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        report = json.loads(data, parse_float=_no_float)
        spelled = canonical(report) == data
    except (ValueError, NotCanonical) as error:
        return Proof((Step(f"the data is no canonical JSON: {error}", False),), sha256=sha256)
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        return Proof((Step(f"the data is not a report of format {FORMAT}", False),), sha256=sha256)
    steps = [Step(f"data in canonical form, SHA-256 {sha256}", spelled)]
    if printed is not None:
        steps.append(Step("the PDF names the digest of the data it carries", printed == sha256))
    try:
        steps += _steps(report)
    except (KeyError, TypeError, ValidationError) as error:
        steps.append(Step(f"the data cannot be recomputed: {str(error)[:300]}", False))
    return Proof(tuple(steps), report.get("number"), sha256)


def _no_float(text: str) -> float:
    raise ValueError(f"{text} is a float; a report holds whole cents only")


def _from_pdf(content: bytes) -> tuple[bytes, str | None]:
    reader = PdfReader(io.BytesIO(content))
    names = [name for name in reader.attachments if name.endswith(".json")]
    data = reader.attachments[names[0]][0]
    xmp = reader.trailer["/Root"].get_object()["/Metadata"].get_object().get_data().decode("utf-8")  # type: ignore[index]
    _, _, rest = xmp.partition("<pp:dataSha256>")
    return data, rest.partition("<")[0] or None


def _steps(report: dict[str, Any]) -> Iterator[Step]:
    subject, statement = report["subject"], report["statement"]
    if report["document"] != "D5":
        return
    for book, field in ((Book.MAIN, "head"), (Book.SETTLEMENT, "settlement")):
        entries = [Entry.model_validate(e) for e in report["entries"] if e["book"] == book.value]
        broken = verify_chain(subject, book, entries, Head.model_validate(statement[field]))
        text = f"{len(entries)} entries of the book {book.value} form an unbroken chain up to the stated head"
        yield Step(text if broken is None else f"{broken.reference}: {broken.what}", broken is None)
    undone = {e["reverses"] for e in report["entries"] if e["book"] == "main" and e["reverses"]}
    claimed = sum(
        posting["cents"]
        for e in report["entries"]
        if e["book"] == "main" and e["valued_on"] <= report["as_of"]
        for posting in e["postings"]
        if posting["account"].startswith("cost:")
    )
    yield Step("the entries add up to the claimed expenditure stated", claimed == statement["totals"]["claimed_cents"])
    paid = {e["match"]["voucher"] for e in _standing_matches(report) if e["match"]["value_date"] <= report["as_of"]}
    spent = sum(
        e["voucher"]["eligible_cents"]
        for e in report["entries"]
        if "voucher" in e and e["number"] not in undone and e["valued_on"] <= report["as_of"] and e["fact"] in paid
    )
    yield Step(
        "the vouchers with proof of payment add up to the expenditure stated as paid", spent == statement["totals"]["spent_cents"]
    )


def _standing_matches(report: dict[str, Any]) -> list[dict[str, Any]]:
    settled = [e for e in report["entries"] if e["book"] == "settlement"]
    undone = {e["reverses"] for e in settled if e["reverses"]}
    return [e for e in settled if "match" in e and not e["reverses"] and e["number"] not in undone]
