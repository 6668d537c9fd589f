"""What anybody who holds a printed report may know: that it is known here, and whether it stands. No amounts, no names.

Plain HTML in German and English, without script and without internet: it is opened on phones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any, Final

from shared.values.dates import business_date
from shared.values.german import write_day

PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Its address is a secret of those who hold the report: no search engine, cache or other page shall learn it."""

_STYLE: Final = (
    "body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:#1d2733;background:#f5f7f9}"
    "main{max-width:40rem;margin:0 auto;padding:1rem}section{background:white;border:1px solid #d5dce3;border-radius:.5rem;"
    "padding:1rem 1.2rem;margin:1rem 0}h1{font-size:1.25rem;margin:0 0 .6rem;overflow-wrap:anywhere}"
    ".known{border-left:.5rem solid #1c6b3a}.outdated,.replaced{border-left:.5rem solid #b36b00}"
    ".unknown{border-left:.5rem solid #a3261f}"
    "dt{color:#51606f;font-size:.85rem}dd{margin:0 0 .5rem;overflow-wrap:anywhere}code{overflow-wrap:anywhere}"
)

_WORDS: Final = {
    "de": {
        "title": "Prüfbericht {number}: {standing}",
        "known": "bekannt",
        "outdated": "überholt",
        "replaced": "überholt durch {latest}",
        "unknown": "unbekannt",
        "is known": "Dieser Bericht ist hier ausgestellt worden. Er ist die neueste Fassung zu seinem Stichtag.",
        "is outdated": "Dieser Bericht ist hier ausgestellt worden. Seither ist etwas hinzugekommen, das ihn berührt; eine "
        "neuere Fassung gibt es noch nicht.",
        "is replaced": "Dieser Bericht ist hier ausgestellt worden. Es gibt eine neuere Fassung: {latest}.",
        "is unknown": "Ein Bericht mit dieser Nummer und dieser Prüfsumme ist hier nicht ausgestellt worden. Ist die Adresse "
        "ganz und genau so übernommen, wie sie gedruckt ist, wenden Sie sich an die Stelle, von der Sie den Bericht haben.",
        "number": "Nummer", "digest": "Prüfsumme (SHA-256) der Berichtsdaten", "issued": "ausgestellt am",
        "how": "So prüfen Sie Ihr Exemplar: Vergleichen Sie die Prüfsumme oben mit der gedruckten. Hängt an der PDF-Datei die "
        "Datei mit den Berichtsdaten (JSON), muss deren SHA-256 dieselbe sein. <code>pruefpfad verify DATEI.pdf --offline</code> "
        "rechnet außerdem Siegel, Summen und Seiten nach, ohne diesen Server. Inhalte zeigt diese Seite nicht; dafür braucht es "
        "einen Zugang.",
    },
    "en": {
        "title": "Report {number}: {standing}",
        "known": "known",
        "outdated": "outdated",
        "replaced": "replaced by {latest}",
        "unknown": "unknown",
        "is known": "This report was issued here. It is the latest version for its cut-off date.",
        "is outdated": "This report was issued here. Something has come in since that touches it; there is no newer version yet.",
        "is replaced": "This report was issued here. There is a newer version: {latest}.",
        "is unknown": "No report of this number and digest was issued here. If the address is complete and exactly as printed, "
        "ask the office you have the report from.",
        "number": "Number", "digest": "Digest (SHA-256) of the report's data", "issued": "issued on",
        "how": "To verify your copy: compare the digest above with the printed one. If the report's data (JSON) is attached to "
        "the PDF, its SHA-256 must be the same. <code>pruefpfad verify FILE.pdf --offline</code> also recomputes seals, sums and "
        "pages, without this server. This page shows no contents; they need an account.",
    },
}


def public_page(number: str, sha256: str, found: Mapping[str, Any]) -> str:
    """The page about the report of this number and digest; ``found``: what ``application.verify`` says of them.

    Of what is not known nothing is shown but the number that was asked for: not even which digest it really has.
    """
    report, standing = found.get("report"), _standing(found)
    parts = []
    for language, words in _WORDS.items():
        named = {"latest": found.get("latest", ""), "number": number[:100]}
        title = words["title"].format(standing=words[standing].format(**named), **named)
        facts = "" if report is None else "".join(
            f"<dt>{words[name]}</dt><dd>{escape(value)}</dd>"
            for name, value in (("number", report["number"]), ("digest", sha256), ("issued", _day(report["issued_at"])))
        )
        how = "" if report is None else f"<p>{words['how']}</p>"
        parts.append(
            f"<section lang='{language}' class='{standing}'><h1>{escape(title)}</h1>"
            f"<p>{escape(words[f'is {standing}'].format(**named))}</p><dl>{facts}</dl>{how}</section>"
        )
    return (
        "<!DOCTYPE html>\n<html lang='de'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width, "
        f"initial-scale=1'><title>Prüfpfad · {escape(number[:100])}</title><link rel='icon' href='data:,'>"
        f"<style>{_STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>"
    )


def _standing(found: Mapping[str, Any]) -> str:
    report = found.get("report")
    if report is None:
        return "unknown"
    if found["latest"] != report["number"]:
        return "replaced"
    return "outdated" if report["outdated_since"] else "known"


def _day(instant: str) -> str:
    return write_day(business_date(datetime.fromisoformat(instant)))
