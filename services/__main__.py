"""Command line of Prüfpfad: a client of its HTTP interface. Where no server runs, it starts the embedded stack meanwhile."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import httpx
import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from services import demonstration, language
from services.client import TOKEN_VARIABLE, Client, NotSettled, Refused, is_installed, token_for
from services.language import counted, said
from services.makers import MAKERS
from shared.runtime import access
from shared.runtime.settings import Settings, SettingsError, read_settings
from shared.values.german import read_day, write_cents
from shared.values.subject import KINDS, key_of, subject_of

LANGUAGES: Final = ("de", "en")
DOCUMENTS: Final = ("D5", "D6", "D7", "D9")
FORMATS: Final = ("pdf", "csv", "zip", "json")

REJECTED, USAGE, REFUSED, UNREACHABLE, DIFFERENT = 1, 2, 3, 4, 5
ENDINGS: Final = {
    0: "done", REJECTED: "some rows were rejected, or something is parked", USAGE: "wrong call", REFUSED: "refused, and why",
    UNREACHABLE: "no server can be reached or started", DIFFERENT: "not what was expected",
}


def _exits(*codes: int) -> str:
    return "Exit codes: " + " · ".join(f"{code} {said}" for code, said in ENDINGS.items() if code in (0, USAGE, *codes)) + "."


EXITS: Final = _exits(*ENDINGS)


def _epilog(*examples: str, ends: tuple[int, ...] = (REFUSED, UNREACHABLE)) -> str:
    """What stands below the help of a command: how it is called, and how it may end beside done and a wrong call."""
    return "\n\n".join(("Example: " + " · ".join(f"`pruefpfad {one}`" for one in examples), _exits(*ends)))


class _ByKindOrAsJson(TyperGroup):
    """``decide confirm …`` by kind, and ``decide M-1 '{…}'`` as JSON: what is no kind, nor nearly one, is a subject."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command before its arguments where it is left out."""
        if args and args[0] not in ("--help", *self.commands):
            is_json = any(arg.lstrip().startswith("{") for arg in args)
            args = ["json", *args] if is_json or not get_close_matches(args[0], self.commands) else args
        return super().parse_args(ctx, args)


app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown", help=f"{__doc__}\n\n{EXITS}")
token_app = typer.Typer(
    no_args_is_help=True,
    help="Access tokens: who may hand in, decide, issue, operate. They are made where the installation is; a lost one is revoked "
    "and replaced.",
    epilog=_epilog("token create --name jugendamt --role submitter", "token list", "token revoke jugendamt"),
)
app.add_typer(token_app, name="token")
decide_app = typer.Typer(
    cls=_ByKindOrAsJson,
    no_args_is_help=True,
    help="What a person decides: confirm or reject a match, waive a finding, set a cut-off date, close, consent, release. "
    "It is a fact as any other, with the name of your token; the trail leads to it. All kinds also as JSON, as docs/handin.md "
    "lists them.",
    epilog=_epilog(
        'decide confirm 3f2a9c1b 77aa0c12 --because "Avis vom 3.4."', "decide cut-off M-1 2015-12-31",
        'decide M-1 \'{"kind": "close", "closed_on": "2016-01-31"}\'',
    ),
)
app.add_typer(decide_app, name="decide")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Url = Annotated[str | None, typer.Option("--url", help="Server to talk to; without it the one of the settings, or none.")]
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="File as people have it.")]
FileArguments = Annotated[
    list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE...", help="Files as people have them.")
]
Kind = Annotated[
    str | None, typer.Option(help="Kind of hand-in, e.g. vouchers, camt, oparl; found out from the content otherwise.")
]
Measure = Annotated[str | None, typer.Option(help="Measure of a voucher list that does not name it.")]
ListName = Annotated[str | None, typer.Option("--list", help="Name of a voucher list that does not name itself.")]
MunicipalityKey = Annotated[str | None, typer.Option("--municipality", help="Key of the municipality of a council paper.")]
Subject = Annotated[str, typer.Argument(help="Measure or programme: `M-1`, `measure/M-1`, `programme/herne`.")]

out, err = Console(width=None if sys.stdout.isatty() else 240), Console(stderr=True)


@app.callback()
def every_command(
    lang: Annotated[str | None, typer.Option(help="de or en; without it the language of the locale.")] = None,
) -> None:
    """Before any command: choose the language."""
    if lang is not None and lang not in LANGUAGES:
        _end_unexpected(lang, "language", "keine Sprache", LANGUAGES)
    language.choose("de" if lang == "de" else "en" if lang == "en" else None)


@app.command(epilog=_epilog("serve", "serve funding", "serve gateway", ends=(UNREACHABLE,)))
def serve(
    service: Annotated[
        str | None, typer.Argument(help="intake, funding or reporting; all three without it. gateway: one address for all three.")
    ] = None,
) -> None:
    """Serve until told to stop: everything embedded in this process without PRUEFPFAD_KAFKA and PRUEFPFAD_DATABASE, its data in
    ./data or PRUEFPFAD_DATA; or one service of several that run apart. The first start shows a token per role, once."""
    settings = _settings()
    if service not in (None, "gateway", *MAKERS):
        _end_unexpected(service, "service", "kein Dienst", [*MAKERS, "gateway"])
    from shared.runtime import stack
    from shared.runtime.embedded import EmbeddedError

    try:
        if service == "gateway":
            stack.serve_gateway(settings)
        else:
            stack.serve(settings, [MAKERS[service]] if service else list(MAKERS.values()))
    except SettingsError as error:
        _end(str(error), USAGE)
    except (EmbeddedError, stack.NotReady) as error:
        _end(str(error), UNREACHABLE)


@app.command(epilog=_epilog("prepare", ends=(UNREACHABLE,)))
def prepare() -> None:
    """Make what services need before they start: databases, roles, tables, topics. Safe to repeat."""
    import psycopg
    from aiokafka.errors import KafkaError
    from sqlalchemy.exc import SQLAlchemyError

    from shared.persistence.migrations import CannotUpgrade
    from shared.runtime import stack
    from shared.runtime.telemetry import in_one_line

    try:
        for done in stack.prepare(_settings(), list(MAKERS.values())):
            out.print(f"made {done}")
    except SettingsError as error:
        _end(f"{error}. The embedded mode needs no prepare: `pruefpfad serve`.", USAGE)
    except (SQLAlchemyError, psycopg.Error, KafkaError, ValueError, CannotUpgrade) as error:
        _end(in_one_line(error), UNREACHABLE)


@app.command(
    epilog=_epilog(
        "load belegliste.csv --kind vouchers", "load --try kontoauszug.xml", "load --try vorlage.json sitzung.json",
        ends=(REJECTED, REFUSED, UNREACHABLE),
    )
)
def load(
    files: FileArguments,
    kind: Kind = None,
    measure: Measure = None,
    list_name: ListName = None,
    municipality: MunicipalityKey = None,
    try_: Annotated[
        bool, typer.Option("--try", help="Read and show only; nothing is stored. No server is needed; one that runs is asked by "
                           "what other names measures are known.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until everything it brought is reconciled.")] = True,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Hand in files, one after the other. Exit code 1 if rows were rejected; the good ones are in, the rejected ones say how to
    mend them. Several are answered by a list, one by itself."""
    given = {"kind": kind, "measure": measure, "list": list_name, "municipality": municipality}
    waiting: list[dict[str, Any]] = []
    refused: Refused | None = None
    if try_:
        answers = _tried(files, given, url)
    else:
        with _client(url, makes=True) as client:
            answers = []
            for file in files:
                try:
                    answers.append(client.upload(file, **given))
                except Refused as error:
                    refused = error                         # what is in, is in: it is shown, and what is not, is named
                    break
            if wait and answers:
                _settle(client)
                waiting = client.parked(most=MOST_PARKED)
    if as_json:
        _print_json(answers[0] if len(answers) == 1 == len(files) else answers) if answers else None
    else:
        for file, answer in zip(files, answers, strict=False):
            _print_reading(file, answer, tried=try_)
        if any(not answer.get("names_known", True) for answer in answers):
            out.print("! " + said(
                "no server was asked by what other names (Aktenzeichen, Förderkennzeichen) measures are known: rows that use one "
                "are shown as rows of a measure of that key",
                "kein Server wurde gefragt, wie Maßnahmen sonst heißen (Aktenzeichen, Förderkennzeichen): Zeilen, die einen "
                "solchen Namen nennen, stehen hier als Zeilen einer Maßnahme mit diesem Schlüssel",
            ), highlight=False)
        _print_waiting(waiting)
    if refused is not None:
        behind = ", ".join(file.name for file in files[len(answers) + 1:])
        more = said(f"; not handed in: {behind}", f"; nicht eingereicht: {behind}") if behind else ""
        _end(f"{refused} ({refused.status}){more}", REFUSED)
    if any(answer.get("rejected") for answer in answers):
        raise typer.Exit(REJECTED)


Because = Annotated[str, typer.Option("--because", help="The reason, 3 to 300 characters; it is kept and printed.")]
About = Annotated[
    str | None, typer.Option("--about", help="Measure or programme it is about; found out by itself for what is listed.")
]


def _day(text: str) -> date:
    """A day as people write it, in either way."""
    try:
        return read_day(text)
    except ValueError:
        raise typer.BadParameter(said(
            f"{text!r} is no day, expected one such as 2015-12-31",
            f"{text!r} ist kein Tag; erwartet: 31.12.2015 oder 2015-12-31",
        )) from None


Day = Annotated[date, typer.Argument(parser=_day, metavar="DAY", help="Day such as 2015-12-31.")]
AsOf = Annotated[date | None, typer.Option(parser=_day, metavar="DAY", help="Cut-off date (Stichtag); today without it.")]
VoucherId = Annotated[str, typer.Argument(metavar="VOUCHER", help="Id of the voucher, or how it begins (see `suggestions`).")]
PaymentId = Annotated[str, typer.Argument(metavar="PAYMENT", help="Id of the bank line, or how it begins.")]
Number = Annotated[int, typer.Argument(min=1, help="Number of the decision that waits: `pruefpfad decide waiting`.")]
FindingId = Annotated[str, typer.Argument(metavar="FINDING", help="Id of the finding, or how it begins (see `findings`).")]


@decide_app.command("confirm", epilog=_epilog('decide confirm 3f2a9c1b 77aa0c12 --because "Avis vom 3.4."'))
def decide_confirm(
    voucher: VoucherId, payment: PaymentId, because: Because, about: About = None, as_json: AsJson = False, url: Url = None
) -> None:
    """This bank line pays this voucher. Several lines are instalments; one for several vouchers is a collective debit."""
    _decide_match("confirm_match", voucher, payment, because, about, as_json, url)


@decide_app.command("reject", epilog=_epilog('decide reject 3f2a9c1b 77aa0c12 --because "Miete, nicht Honorar"'))
def decide_reject(
    voucher: VoucherId, payment: PaymentId, because: Because, about: About = None, as_json: AsJson = False, url: Url = None
) -> None:
    """This bank line does not pay this voucher; a confirmation is taken back so, too (then with whole ids and --about)."""
    _decide_match("reject_match", voucher, payment, because, about, as_json, url)


@decide_app.command("waive", epilog=_epilog('decide waive 9c1b77aa --because "Bescheid vom 5.5."', "decide approve 7"))
def decide_waive(
    finding: FindingId, because: Because, about: About = None, as_json: AsJson = False, url: Url = None
) -> None:
    """The finding is accepted as it stands, once a second clerk approves it; a larger amount at risk opens it again. One that
    several measures share is waived in all of them."""
    _decide_finding(finding, {"reason": because}, about, as_json, url)


@decide_app.command("reopen", epilog=_epilog('decide reopen 9c1b77aa --because "Bescheid aufgehoben"', "decide approve 8"))
def decide_reopen(
    finding: FindingId, because: Because, about: About = None, as_json: AsJson = False, url: Url = None
) -> None:
    """A waiver is taken back, once a second clerk approves it: the finding is open again."""
    _decide_finding(finding, {"reason": because, "withdrawn": True}, about, as_json, url)


@decide_app.command("waiting", epilog=_epilog("decide waiting", "decide waiting --json"))
def decide_waiting(as_json: AsJson = False, url: Url = None) -> None:
    """Decisions that need two clerks and wait for the second."""
    with _client(url) as client:
        found = client.approvals()
    if as_json:
        _print_json(found)
        return
    if not found:
        out.print(said("nothing waits for a second clerk", "nichts wartet auf eine zweite Sachbearbeitung"))
    for one in found:
        _say(f"{one['number']}  {one['subject']}  {json.dumps(one['instruction'], ensure_ascii=False)}")
        _say(said(
            f"  given by {one['actor']}; another clerk: pruefpfad decide approve {one['number']}",
            f"  von {one['actor']}; eine andere Sachbearbeitung: pruefpfad decide approve {one['number']}",
        ))


@decide_app.command("approve", epilog=_epilog("decide approve 7", "decide waiting"))
def decide_approve(number: Number, as_json: AsJson = False, url: Url = None) -> None:
    """The second clerk's word, with a token of their own (PRUEFPFAD_TOKEN): now it is a fact, with both names."""
    with _client(url) as client:
        _told(client, [client.approve(number)], as_json)


@decide_app.command("decline", epilog=_epilog("decide decline 7"))
def decide_decline(number: Number, as_json: AsJson = False, url: Url = None) -> None:
    """A decision that waits is not approved, or taken back by who gave it."""
    with _client(url) as client:
        _told(client, [client.decline(number)], as_json)


@decide_app.command("cut-off", epilog=_epilog("decide cut-off M-1 2015-12-31", "decide cut-off programme/herne 2015-12-31"))
def decide_cut_off(subject: Subject, day: Day, as_json: AsJson = False, url: Url = None) -> None:
    """State everything as of this day (Stichtag), from now on and after every correction. `report --as-of` does it by itself."""
    with _client(url) as client:
        _tell(client, _subject(subject), {"kind": "set_cut_off", "as_of": day.isoformat()}, as_json)


@decide_app.command("close", epilog=_epilog("decide close M-1 2016-01-31", "decide close M-1 2015-03-31 --year 2014"))
def decide_close(
    subject: Subject,
    day: Day,
    year: Annotated[int | None, typer.Option(help="Only this budget year; the whole measure without it.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """The measure, or a budget year of it, is closed: from now on over-funding counts (KOF-05)."""
    with _client(url) as client:
        body = {"kind": "close", "closed_on": day.isoformat()} | ({"budget_year": year} if year else {})
        _tell(client, _subject(subject), body, as_json)


@decide_app.command("consent", epilog=_epilog('decide consent M-1 4 --reference "Schreiben vom 2.2.2015"'))
def decide_consent(
    subject: Subject,
    position: Annotated[str, typer.Argument(help="Position of the financing plan, as vouchers name it.")],
    reference: Annotated[str, typer.Option(help="Where the grantor's consent stands.")],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """The grantor has consented beforehand that this position is overrun (FIN-01; never the total)."""
    with _client(url) as client:
        body = {"kind": "consent_to_position", "position": position, "reference": reference}
        _tell(client, _subject(subject), body, as_json)


@decide_app.command("release", epilog=_epilog("decide release 0c1277aa", "decide release --about M-1 --dismissed"))
def decide_release(
    fact: Annotated[
        str | None,
        typer.Argument(help="Id of the parked or dismissed fact, or how it begins; without it all that are parked of --about."),
    ] = None,
    about: About = None,
    dismissed: Annotated[
        bool, typer.Option("--dismissed", help="Instead of all that are parked of --about, all that were dismissed.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Try a parked fact again. One that was dismissed is taken up again so, too: a dismissal is corrected by a later decision."""
    with _client(url) as client:
        subject, facts = _of_parking(client, fact, about, (dismissed,) if fact is None else (False, True))
        _told(client, [client.instruct(subject, {"kind": "release_parked", "fact": parked}) for parked in facts], as_json)


@decide_app.command("dismiss", epilog=_epilog(
    'decide dismiss 0c1277aa --because "Maßnahme gibt es nicht"', 'decide dismiss --about M-l --because "gemeint ist M-1"',
))
def decide_dismiss(
    because: Because,
    fact: Annotated[
        str | None, typer.Argument(help="Id of the parked fact, or how it begins; without it all that are parked of --about.")
    ] = None,
    about: About = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """A parked fact will not be applied, such as a row of a mistyped measure. It stays as evidence, and nothing waits for it;
    `decide release` takes it up again."""
    with _client(url) as client:
        subject, facts = _of_parking(client, fact, about)
        dismissed = ({"kind": "dismiss_parked", "fact": parked, "reason": because} for parked in facts)
        _told(client, [client.instruct(subject, one) for one in dismissed], as_json)


@decide_app.command("json", epilog=_epilog('decide json M-1 \'{"kind": "close", "closed_on": "2016-01-31"}\''))
def decide_json(
    subject: Subject,
    instruction: Annotated[
        str, typer.Argument(help="The instruction as JSON: its kind and fields, as docs/handin.md lists them.")
    ],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Any instruction as JSON, for scripts. The word `json` may be left out."""
    try:
        body = json.loads(instruction)
    except ValueError as error:
        _end(said(f"the instruction is not JSON: {error}", f"die Anweisung ist kein JSON: {error}"), USAGE)
    with _client(url) as client:
        _tell(client, _subject(subject), body, as_json)


@app.command(epilog=_epilog("suggestions", "suggestions M-1 --json"))
def suggestions(
    measure: Annotated[str | None, typer.Argument(help="Only those of this measure, such as `M-1`.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Bank lines that may pay a voucher and wait for a person, each with the commands that decide it."""
    with _client(url) as client:
        found = client.suggestions(measure)
    if as_json:
        _print_json(found)
        return
    if not found:
        out.print(said("nothing waits for a decision", "nichts wartet auf eine Entscheidung"))
    for one in found:
        about, ids = one["about"], f"{one['voucher'][:SHORT]} {one['payment'][:SHORT]}"
        why = ", ".join(said(reason, _REASONS.get(reason, reason)) for reason in about["reasons"])
        payable, paid = (write_cents(about[name], unit=True) for name in ("payable_cents", "amount_cents"))
        voucher, payment, day, row = (about[name] for name in ("voucher", "payment", "value_date", "row"))
        _say(said(
            f"voucher {voucher}, payable {payable} ↔ bank line {payment} of {day}, {paid}, row {row} ({why})",
            f"Beleg {voucher}, zu zahlen {payable} ↔ Bankzeile {payment} vom {day}, {paid}, Zeile {row} ({why})",
        ))
        _say(f'  pruefpfad decide confirm {ids} --because "…"')
        _say(f'  pruefpfad decide reject {ids} --because "…"')


@app.command(epilog=_epilog("findings", "findings M-1 --as-of 2015-12-31", "findings --code BEL-05 --json"))
def findings(
    subject: Annotated[str | None, typer.Argument(help="Only those of this measure or programme.")] = None,
    as_of: AsOf = None,
    code: Annotated[str | None, typer.Option(help="Only those of this check, e.g. BEL-05, or how it begins.")] = None,
    severity: Annotated[str | None, typer.Option(help="Only B (blocking), F (error), W (warning) or H (note).")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """What was found: what it means, how it is settled, where it comes from, and the id by which it is waived."""
    with _client(url) as client:
        checks = {check["code"]: check for check in client.checks()}
        listed = client.findings(as_of, _subject(subject) if subject else None)
    found = [
        row for row in listed
        if row["finding"]["code"].startswith((code or "").upper())
        and severity in (None, row["finding"]["severity"], row["finding"]["severity"].lower())
    ]
    if as_json:
        _print_json(found)
        return
    if not found:
        out.print(said("no findings", "keine Feststellungen"))
    for row in found:
        _print_finding(row, checks.get(row["finding"]["code"], {}))


@app.command(epilog=_epilog("report M-1 --document D5 --as-of 2015-12-31 --format pdf --to .", "report programme/herne"))
def report(
    subject: Subject,
    document: Annotated[
        str,
        typer.Option(help="D5 Belegliste (measures, without it), D6 Kofinanzierungsnachweis, D7 Abgleichsbericht, D9 Programm."),
    ] = "",
    as_of: AsOf = None,
    format: Annotated[str, typer.Option(help="pdf, csv (first table), zip (all tables as CSV) or json.")] = "pdf",
    to: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
    incomplete: Annotated[bool, typer.Option(help="Issue it although something is still on its way, marked so.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Issue a report and write it to a folder. Exit code 3 and the reason if it is refused."""
    about = _subject(subject)
    kind = document or ("D9" if about.startswith("programme/") else "D5")
    if kind not in DOCUMENTS:
        _end_unexpected(kind, "document", "kein Dokument", DOCUMENTS)
    if format not in FORMATS:
        _end_unexpected(format, "format", "kein Format", FORMATS)
    with _client(url) as client:
        if as_of is not None:
            _state_as_of(client, about, as_of)
        issued = client.issue(about, kind, as_of, incomplete=incomplete)
        content = client.fetch(issued["number"], format)
    to.mkdir(parents=True, exist_ok=True)
    path = to / f"{issued['number']}.{format}"
    path.write_bytes(content)
    _print_json({**issued, "path": str(path)}) if as_json else out.print(f"{path}  sha256 {issued['sha256']}")


@app.command(epilog=_epilog("trail M-1/123", "trail 3f2a9c1be07d:17"))
def trail(
    reference: Annotated[str, typer.Argument(help="As printed: entry, row, or number of a report.")],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Walk a printed reference back to the row as it was handed in, or a row forward to every report it is in."""
    with _client(url) as client:
        found = client.trail(reference)
    if as_json:
        _print_json(found)
        return
    _print_trail(found)


@app.command(epilog=_epilog("parked", "parked --dismissed", "parked --json", ends=(REJECTED, REFUSED, UNREACHABLE)))
def parked(
    dismissed: Annotated[
        bool, typer.Option("--dismissed", help="Those that a person dismissed, and why; `decide release` takes one up again.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Facts that could not be applied: why, and what they wait for. Exit code 1 if any waits."""
    with _client(url) as client:
        found = client.parked(dismissed=dismissed)
    if as_json:
        _print_json(found)
    elif not found:
        out.print(said("nothing was dismissed", "nichts ist verworfen") if dismissed
                  else said("nothing is parked", "nichts ist geparkt"))
    for row in [] if as_json else found:
        waits_for = f" {row['waits_for']}" if row["status"] == "waiting" and row["waits_for"] else ""
        status = said(*_PARKED.get(row["status"], (row["status"], row["status"]))) + waits_for
        what, reason = row["type"].removeprefix("de.pruefpfad."), said(row["reason_en"], row["reason_de"])
        fact = f", {said('fact', 'Fakt')} {row['fact']}" if row["fact"] else ""
        out.print(f"{row['reference']}  {status}: {reason} ({what}{fact})", highlight=False, markup=False)
    if found and not dismissed:
        raise typer.Exit(REJECTED)


@app.command(epilog=_epilog("replay funding"))
def replay(
    service: Annotated[
        str, typer.Argument(help="The service that shall ask to be told everything again that it lacks.")
    ] = "funding",
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Try parked facts again and ask for everything that is missing. Heads do this by themselves; this only hurries them."""
    if service not in MAKERS:
        _end_unexpected(service, "service", "kein Dienst", MAKERS)
    with _client(url) as client:
        answer = client.call("operator", "POST", f"/{service}/replay").json()
    released = counted(sum(answer.values()), ("parked fact", "parked facts"), ("geparkter Fakt", "geparkte Fakten"))
    _print_json(answer) if as_json else out.print(f"{service}: {released} " + said(
        "applied; asked for everything that is missing", "angewandt; um alles gebeten, was fehlt"
    ), highlight=False)


@app.command(epilog=_epilog("resume funding measure/M-1"))
def resume(
    service: Annotated[str, typer.Argument(help="The service that has stopped the subject.")],
    subject: Annotated[str, typer.Argument(help="The subject, such as measure/M-1.")],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Let a forked subject go on, if its publisher's history is the one that was applied; else say where they part."""
    if service not in MAKERS:
        _end_unexpected(service, "service", "kein Dienst", MAKERS)
    with _client(url) as client:
        answer = client.call("operator", "POST", f"/{service}/resume", params={"subject": subject}).json()
    _print_json(answer) if as_json else out.print(
        f"{', '.join(answer['resumed'])}: {subject} " + said("goes on", "läuft weiter"), highlight=False
    )


@app.command(epilog=_epilog("acknowledge funding --subject measure/M-1", "acknowledge funding"))
def acknowledge(
    service: Annotated[str, typer.Argument(help="The service that has raised alarms.")],
    subject: Annotated[str | None, typer.Option(help="Only those of this subject; without it, all that are open.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List a service's open alarms and say that they were seen to. They are kept; the same again opens them anew."""
    if service not in MAKERS:
        _end_unexpected(service, "service", "kein Dienst", MAKERS)
    with _client(url) as client:
        alarms = [one for one in client.call("operator", "GET", f"/{service}/alarms").json() if subject in (None, one["subject"])]
        params = {} if subject is None else {"subject": subject}
        answer = client.call("operator", "POST", f"/{service}/acknowledge", params=params).json()
    if as_json:
        _print_json(answer | {"alarms": alarms})
        return
    for alarm in alarms:
        times = said("times", "Mal")
        out.print(f"{alarm['subject']}  {alarm['what']}  {alarm['times']} {times}: {alarm['detail']}", highlight=False)
    out.print(f"{service}: {answer['acknowledged']} " + said("alarms acknowledged", "Alarme quittiert"), highlight=False)


@app.command(
    epilog=_epilog(
        "verify HER-AIDR-D5-2015-12-31-1.pdf", "verify report.json --offline", ends=(REFUSED, UNREACHABLE, DIFFERENT)
    )
)
def verify(
    file: FileArgument,
    offline: Annotated[bool, typer.Option(help="Without a server: digest, seals and sums only.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Verify a report without trusting us: digest of its data, seals of its entries, sums. Then ask the server if it knows it.

    Exit code 5 if anything does not hold.
    """
    from services.reporting.proof import examine

    content = file.read_bytes()
    proof = examine(content)
    answer: dict[str, Any] = {"file": str(file), **proof.as_dict()}
    for step in [] if as_json else proof.steps:
        out.print(f"{step.sign} {said(step.text, step.de)}")
    if proof.holds and proof.number and not offline:            # what does not hold by itself need not be asked about
        with _client(url) as client:
            params = {"sha256": proof.sha256, "file": hashlib.sha256(content).hexdigest()}
            answer["server"] = client.call("auditor", "GET", f"/reporting/verify/{proof.number}", params=params).json()
    holds = proof.holds and (offline or bool(answer.get("server", {}).get("known")))
    if as_json:
        _print_json({**answer, "holds": holds})
    elif known := answer.get("server"):
        if known["known"]:
            out.print("✓ " + said("the server issued it", "der Server hat ihn ausgestellt"))
        else:
            out.print("✗ " + said(known["reason_en"], known["reason"]))
        if known["known"] and known["report"]["outdated_since"]:
            out.print(f"! {_outdated(known['report'])}; " + said("latest", "neueste Fassung") + f": {known['latest']}")
    if not holds:
        raise typer.Exit(DIFFERENT)


@app.command(
    epilog=_epilog("demo", "demo peine --out /tmp/demo", "demo herne --keep data", ends=(UNREACHABLE, DIFFERENT))
)
def demo(
    programmes: Annotated[list[str] | None, typer.Argument(help="herne, offenbach, harz, peine, kekiz; all without it.")] = None,
    folder: Annotated[Path, typer.Option("--from", help="Folder with the hand-ins.")] = Path("demo"),
    to: Annotated[Path, typer.Option("--out", help="Folder for reports and summary.json.")] = Path("demo-out"),
    keep: Annotated[Path | None, typer.Option(help="New folder that keeps the installation, to look further afterwards.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take five programmes through all three services, embedded, and compare what comes out with what must.

    Exit code 5 unless everything in each `expected.toml` came out, nothing more and nothing less.
    """
    if unknown := set(programmes or ()) - set(demonstration.PROGRAMMES):
        _end_unexpected(sorted(unknown)[0], "programme", "kein Programm", demonstration.PROGRAMMES)
    if keep is not None and keep.exists() and any(keep.iterdir()):
        _end(said(
            f"{keep} is not empty; the demo begins with nothing, so name a new folder",
            f"{keep} ist nicht leer; die Vorführung beginnt mit nichts, also einen neuen Ordner nennen",
        ), USAGE)
    try:
        chosen = demonstration.load(folder, tuple(programmes or ()))
    except FileNotFoundError as error:
        _end(said(
            f"{error.filename} is not there; name the folder of the hand-ins with --from",
            f"{error.filename} gibt es nicht; den Ordner der Einreichungen mit --from nennen",
        ), USAGE)
    from shared.runtime import stack
    from shared.runtime.telemetry import Progress

    progress, began = Progress(), time.monotonic()
    progress.tell(said("starting PostgreSQL, broker and the three services", "PostgreSQL, Broker und die drei Dienste starten"))
    with tempfile.TemporaryDirectory(prefix="pruefpfad-demo-") if keep is None else nullcontext(keep) as data:
        settings = read_settings({}).model_copy(update={"data": Path(data), "http": "127.0.0.1:0"})
        with (
            _quiet(),
            stack.Stack(settings, list(MAKERS.values())) as running,
            Client(running.url, token_for(settings)) as client,
        ):
            try:
                shown = demonstration.play(client, chosen, to, progress)
            except (Refused, NotSettled) as error:
                _end(str(error), DIFFERENT)
    to.mkdir(parents=True, exist_ok=True)
    (to / "summary.json").write_text(json.dumps(demonstration.summary(shown), ensure_ascii=False, indent=2) + "\n", "utf-8")
    faults = [f"{key}, act {n}: {fault}" for key, acts in shown.items() for n, act in enumerate(acts, 1) for fault in act.faults]
    if as_json:
        _print_json({**demonstration.summary(shown), "faults": faults})
    else:
        _print_rows(demonstration.table(shown))
        where = said(f"reports in {to}, summary in", f"Berichte in {to}, Zusammenfassung in") + f" {to / 'summary.json'}"
        out.print(f"\n{where}; {time.monotonic() - began:.0f} s")
    for fault in faults:
        err.print(f"✗ {fault}", style="red", highlight=False)
    if faults:
        raise typer.Exit(DIFFERENT)
    err.print("✓ " + said(
        "everything came out as expected, nothing more and nothing less",
        "alles kam heraus wie erwartet, nicht mehr und nicht weniger",
    ), style="green")


@token_app.command("create", epilog=_epilog("token create --name jugendamt --role submitter"))
def token_create(
    name: Annotated[str, typer.Option(help="Name every fact will carry: an office, not a person.")],
    role: Annotated[str, typer.Option(help="submitter hands in · clerk decides · auditor reads and issues · operator runs it.")],
    as_json: AsJson = False,
) -> None:
    """Make a token and show it, this once."""
    settings = _tokens_settings()
    try:
        made = access.create_token(settings, name, _role(role))
    except access.TokenExists as error:
        _end(str(error), REFUSED)
    except (OSError, access.TokenFileUnreadable) as error:
        _end_without_tokens(error)
    except ValueError as error:
        _end(str(error), USAGE)
    _print_json({"name": name, "role": role, "token": made}) if as_json else out.print(made)


@token_app.command("list", epilog=_epilog("token list --json", ends=(UNREACHABLE,)))
def token_list(as_json: AsJson = False) -> None:
    """All tokens by name and role, revoked ones too. Tokens themselves are not kept."""
    try:
        tokens = [t.model_dump(mode="json", exclude={"sha256"}) for t in access.list_tokens(_tokens_settings())]
    except (OSError, access.TokenFileUnreadable) as error:
        _end_without_tokens(error)
    _print_json(tokens) if as_json else _print_rows(
        [("name", "role", "created", "revoked")] + [(t["name"], t["role"], t["created"], t["revoked"] or "") for t in tokens]
    )


@token_app.command("revoke", epilog=_epilog("token revoke jugendamt"))
def token_revoke(name: Annotated[str, typer.Argument(help="Name of the token.")], as_json: AsJson = False) -> None:
    """Make a token invalid at once."""
    settings = _tokens_settings()
    try:
        access.revoke_token(settings, name)
    except access.NoSuchToken as error:
        _end(str(error), REFUSED)
    except (OSError, access.TokenFileUnreadable) as error:
        _end_without_tokens(error)
    _print_json({"name": name, "revoked": True}) if as_json else out.print(
        said(f"{name} is revoked", f"{name} ist widerrufen")
    )


# ── what the commands share ──────────────────────────────────────────────────────────────────────────────────────────


def _end_without_tokens(error: Exception) -> NoReturn:
    """The file of tokens can be neither read nor written."""
    if not isinstance(error, OSError):
        _end(str(error), UNREACHABLE)
    file = _settings().tokens_file
    _end(
        f"{file} cannot be written: {error.strerror or error}. Run this as the user the services run as, or say with "
        "PRUEFPFAD_TOKENS where the file is; nothing was changed.", UNREACHABLE,
    )


def _tokens_settings() -> Settings:
    """The settings, if they say where tokens are: in an installation, or where somebody named."""
    settings = _settings()
    if not (is_installed(settings) or _is_named(settings) or settings.tokens is not None):
        _end_without_installation(settings)
    return settings


def _settings() -> Settings:
    try:
        return read_settings({name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE})
    except SettingsError as error:
        _end(str(error), USAGE)


def _is_named(settings: Settings) -> bool:
    """Is the data folder one that somebody named, and not just ``data`` below the folder one happens to be in?"""
    return "data" in settings.model_fields_set


def _end_without_installation(settings: Settings, address: str | None = None) -> NoReturn:
    """There is neither a server nor data. Making new data here would only hide that."""
    folder = settings.data.absolute()
    _end(said(
        (f"no server answers at {address}, and there" if address else "there") + f" is no installation in {folder}. "
        "Call from the folder it was started in, or name its data folder with PRUEFPFAD_DATA"
        + (" or its address with --url" if address else "") + "; `pruefpfad serve` makes a new one here.",
        (f"unter {address} antwortet kein Server, und in" if address else "in") + f" {folder} ist keine Installation. "
        "Aus dem Ordner aufrufen, in dem sie gestartet wurde, oder ihren Datenordner mit PRUEFPFAD_DATA nennen"
        + (" oder ihre Adresse mit --url" if address else "") + "; `pruefpfad serve` legt hier eine neue an.",
    ), UNREACHABLE)


@contextmanager
def _client(url: str | None, *, makes: bool = False) -> Iterator[Client]:
    """A client of a running server; of the embedded stack, started for as long as needed, where none runs.

    Without data there is nothing to start, unless the call ``makes`` a new installation in a folder that somebody named.
    """
    settings = _settings()
    address = url or f"http://{settings.http}".replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - compared, not bound
    try:
        if url:
            httpx.get(f"{address}/health/live", timeout=10)         # is anybody there? Asked before a token is looked for
        if url or _answers(address):
            with Client(address, token_for(settings)) as client:
                yield client
        elif not is_installed(settings) and not (makes and _is_named(settings)):
            _end_without_installation(settings, address)
        else:
            with _embedded(settings) as client:
                yield client
    except Refused as refused:
        _end(f"{refused} ({refused.status})", REFUSED)
    except NotSettled as late:
        _end(said(f"not everything has arrived: {late}", f"noch ist nicht alles angekommen: {late}"), UNREACHABLE)
    except httpx.TransportError as error:
        _end(said(f"{address} cannot be used: {error}", f"{address} lässt sich nicht verwenden: {error}"), UNREACHABLE)


@contextmanager
def _embedded(settings: Settings) -> Iterator[Client]:
    from shared.runtime import stack
    from shared.runtime.embedded import EmbeddedError

    free = settings.model_copy(update={"http": "127.0.0.1:0"})
    try:
        with _quiet(), stack.Stack(free, list(MAKERS.values())) as running, Client(running.url, token_for(settings)) as client:
            yield client
    except (EmbeddedError, stack.NotReady) as error:
        _end(said(
            f"no server runs, and none can be started here: {error}",
            f"es läuft kein Server, und hier lässt sich keiner starten: {error}",
        ), UNREACHABLE)


def _answers(address: str) -> bool:
    """Is it Prüfpfad that answers there, be it ready or not?"""
    try:
        return "live" in httpx.get(f"{address}/health/live", timeout=2).json()
    except (httpx.TransportError, ValueError, TypeError):
        return False


@contextmanager
def _quiet() -> Iterator[None]:
    """Only warnings of the services show beside a command's own output."""
    from shared.runtime.telemetry import configure_log

    configure_log("text")
    logging.getLogger().setLevel(logging.ERROR)
    yield


def _decide_match(
    kind: str, voucher: str, payment: str, because: str, about: str | None, as_json: bool, url: str | None
) -> None:
    with _client(url) as client:
        listed = [(one["subject"], one["voucher"], one["payment"]) for one in client.suggestions()]
        subject, (voucher, payment) = _chosen(listed, (voucher, payment), about, "suggestions")
        _tell(client, subject, {"kind": kind, "voucher": voucher, "payment": payment, "reason": because}, as_json)


def _decide_finding(finding: str, more: dict[str, Any], about: str | None, as_json: bool, url: str | None) -> None:
    with _client(url) as client:
        listed = [(row["subject"], row["finding"]["id"]) for row in client.findings_of_all_days(finding)]
        _, (found,) = _chosen([("", id) for id in {id for _, id in listed}], (finding,), about, "findings")
        subject = _subject(about) if about else min(subject for subject, id in listed if id == found)  # it holds for all of them
        _tell(client, subject, {"kind": "waive_finding", "finding": found, **more}, as_json)


def _of_parking(
    client: Client, fact: str | None, about: str | None, dismissed: tuple[bool, ...] = (False,)
) -> tuple[str, list[str]]:
    """A subject and the facts of it that are meant: the one whose id begins so, or all; parked ones, or ``dismissed`` ones."""
    if fact is None and about is None:
        _end(said(
            "name a parked fact, or a measure with --about", "einen geparkten Fakt nennen, oder mit --about eine Maßnahme"
        ), USAGE)
    subject = _subject(about) if about else None
    listed = [(row["subject"], row["fact"]) for of in dismissed for row in client.parked(subject, dismissed=of) if row["fact"]]
    if fact is not None:
        subject, found = _chosen(listed, (fact,), about, "parked")
        return subject, list(found)
    if not listed:
        _end(said(f"nothing was dismissed of {subject}", f"von {subject} ist nichts verworfen") if dismissed == (True,)
             else said(f"nothing is parked of {subject}", f"von {subject} ist nichts geparkt"), REFUSED)
    return listed[0][0], [parked for _, parked in listed]


def _chosen(
    listed: Iterable[tuple[str, ...]], begun: tuple[str, ...], about: str | None, command: str
) -> tuple[str, tuple[str, ...]]:
    """The one that is listed whose ids begin so, with its subject; or, where the subject is named, the ids as they are."""
    subject = _subject(about) if about else None
    fitting = {
        one for one in listed
        if subject in (None, one[0]) or not one[0]
        if all(id.startswith(start.lower()) for id, start in zip(one[1:], begun, strict=True))
    }
    if len(fitting) > 1 or not (fitting or subject):
        ids, where = " ".join(begun), f"`pruefpfad {command}`"
        _end(said(
            f"{ids} fits {len(fitting)} of {where}; write more of it",
            f"{ids} passt auf {len(fitting)} aus {where}; mehr davon schreiben",
        ) if fitting else said(
            f"{ids} is not among {where}; compare it, or write whole ids and name the measure with --about",
            f"{ids} ist nicht unter {where}; vergleichen, oder ganze Kennungen schreiben und die Maßnahme mit --about nennen",
        ), REFUSED)
    found = next(iter(fitting), (subject or "", *begun))
    return subject or found[0], found[1:]


def _tell(client: Client, subject: str, instruction: dict[str, Any], as_json: bool) -> None:
    _told(client, [client.instruct(subject, instruction)], as_json)


def _told(client: Client, answers: list[dict[str, Any]], as_json: bool) -> None:
    """Wait until decisions have come to something, and say to what."""
    _settle(client)
    if as_json:
        _print_json(answers if len(answers) > 1 else answers[0])
        return
    for answer in answers:
        if answer["fact"] is None:
            _say(_of_proposal(answer))
            continue
        noted = said(f"noted as fact {answer['fact']} about", f"festgehalten als Fakt {answer['fact']} zu")
        again = "" if answer["new"] else said(", known already", ", schon bekannt")
        _say(f"{noted} {answer['subject']}{again}")


def _of_proposal(answer: dict[str, Any]) -> str:
    number, subject = answer["number"], answer["subject"]
    if answer.get("declined"):
        return said(f"number {number} about {subject} is declined", f"Nummer {number} zu {subject} ist abgelehnt")
    return said(
        f"waits under number {number} about {subject}; another clerk: pruefpfad decide approve {number}",
        f"wartet unter Nummer {number} zu {subject}; eine andere Sachbearbeitung: pruefpfad decide approve {number}",
    )


def _say(text: str) -> None:
    """A line as it is, whatever signs are in it."""
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def _settle(client: Client) -> None:
    from shared.runtime.telemetry import Progress

    progress = Progress()
    client.settle(tell=progress.tell)
    progress.end()


def _state_as_of(client: Client, subject: str, day: date) -> None:
    """Have funding state the subject as of the day, if it has not yet."""
    if client.statement(subject, day)["statement"] is None:
        if subject.startswith("measure/") and not client.knows(subject):
            _end(said(
                f"{subject} is not registered: compare the key, or hand in the measure first",
                f"{subject} ist nicht angemeldet: Schlüssel vergleichen oder zuerst die Maßnahme einreichen",
            ), REFUSED)
        try:
            client.instruct(subject, {"kind": "set_cut_off", "as_of": day.isoformat()})
        except Refused as refused:
            if refused.status != 403:
                raise
            days = ", ".join(client.statement(subject)["cut_offs"][:10])
            _end(said(
                f"{subject} was not stated as of {day}, but as of {days or 'no day yet'}: take one of these, or have a clerk set "
                f"another (pruefpfad decide cut-off)",
                f"{subject} ist nicht zum {day} abgeglichen, sondern zu {days or 'noch keinem Tag'}: einen davon nehmen oder "
                "von der Sachbearbeitung einen anderen setzen lassen (pruefpfad decide cut-off)",
            ), REFUSED)
        _settle(client)


def _subject(text: str) -> str:
    kind, slash, _ = text.partition("/")
    return subject_of(kind, key_of(text)) if slash and kind in KINDS else subject_of("measure", text)


def _role(text: str) -> access.Role:
    for role in access.ROLES:
        if role == text:
            return role
    raise ValueError(f"{text!r} is not a role, expected one of {', '.join(access.ROLES)}")


def _known_names(url: str | None) -> dict[str, str] | None:
    """By what other names measures are known where a server runs; None where none does, or lets nobody ask."""
    settings = _settings()
    address = url or f"http://{settings.http}".replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - compared, not bound
    if not _answers(address):
        return None
    try:
        with Client(address, token_for(settings), timeout=10) as client:
            return client.names()
    except (Refused, httpx.TransportError):
        return None


def _tried(files: list[Path], given: dict[str, str | None], url: str | None) -> list[dict[str, Any]]:
    from services.intake.domain.errors import Unreadable
    from services.intake.domain.text import Content
    from services.intake.trying import try_files

    try:
        return list(try_files([(file.name, Content.at(file)) for file in files], _known_names(url), **given))
    except Unreadable as unreadable:
        sentence = unreadable.fault.sentence(unreadable.file)
        _end(said(sentence.en, sentence.de), REFUSED)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def _print_rows(rows: list[tuple[str, ...]]) -> None:
    shown = Table(*rows[0], box=None, pad_edge=False)
    for column in shown.columns[5:10] if len(rows[0]) > 10 else ():
        column.justify = "right"
    for row in rows[1:]:
        shown.add_row(*row)
    out.print(shown)


def _print_reading(file: Path, answer: dict[str, Any], *, tried: bool) -> None:
    counts = ", ".join(counted(number, *words) for name, words in _COUNTS if (number := answer.get(name)))
    nothing, stored = said("nothing in it", "nichts darin"), said(" (nothing stored)", " (nichts gespeichert)")
    out.print(f"{file.name}: {answer.get('kind', '?')}, {counts or nothing}{stored if tried else ''}", highlight=False)
    for passed in answer.get("passed_over", ()):
        _print_passed_over(passed)
    for remark in answer.get(said("remarks_en", "remarks"), ()):
        out.print(f"  ! {remark}", highlight=False, markup=False)
    facts = answer.get("shown", ())
    for fact in facts[:MOST_FACTS]:
        place = said("row", "Zeile") + f" {fact['place']}"
        out.print(f"  {place}: {said(fact['text_en'], fact['text'])}", highlight=False, markup=False)
    if facts and (more := answer["facts"] - MOST_FACTS) > 0:
        out.print("  " + said(f"… and {more} more", f"… und {more} weitere"), highlight=False)
    for row in answer.get("rejected_rows", answer.get("rejected", ()) if isinstance(answer.get("rejected"), list) else ()):
        place = said("row", "Zeile") + f" {row.get('place')}"
        column = f", {said('column', 'Spalte')} {row['column']}" if row.get("column") else ""
        value = f" {row['value']!r}" if row.get("value") else ""
        mend = said(f"expected {row['expected_en']}. {row['mend_en']}", f"erwartet: {row['expected']}. {row['mend']}")
        out.print(f"  ✗ {place}{column}:{value} {mend} ({row['error']})", highlight=False, markup=False)


SHORT: Final = 8
"""Digits of an id that stand for it where people type it."""

_REASONS: Final = {
    "reference": "Zahlungsreferenz", "invoice number": "Rechnungsnummer", "account+amount+date": "Konto, Betrag und Tag",
    "amount+date": "Betrag und Tag", "confirmed": "bestätigt", "returned": "Rückgabe",
}
"""Why a bank line fits, in German."""


def _print_finding(row: dict[str, Any], check: dict[str, str]) -> None:
    from services.reporting.domain.documents.wording import NOUNS

    one = row["finding"]
    first, _, rest = one["object"].partition(" ")
    name = said(one["object"], f"{NOUNS.get(first, first)} {rest}")
    year, risk = f" {one['budget_year']}" if one["budget_year"] else "", write_cents(one["at_risk_cents"], unit=True)
    waived = said(", waived: ", ", zurückgestellt: ") + one["waived"] if one.get("waived") else ""
    about = f"{one['code']} {one['severity']}  {name}{year}, {row['subject']}"
    _say(said(f"{about}: at risk {risk}{waived}", f"{about}: gefährdet {risk}{waived}"))
    if check:
        _say(f"  {said(check['title_en'], check['title'])}. {said(check['settle_en'], check['settle'])}")
    if one["arithmetic"]:
        _say(f"  {one['arithmetic']}")
    if one["references"]:
        _say("  pruefpfad trail " + "  ·  ".join(one["references"][:5]))
    _say(f"  {said('id', 'Kennung')} {one['id']}")


def _print_passed_over(passed: dict[str, Any]) -> None:
    """Why rows are no facts, such as a total: kept as handed in, so nothing is lost."""
    number, places = passed["rows"], ", ".join(passed["places"])
    rows = counted(number, ("row", "rows"), ("Zeile", "Zeilen")) + said(" passed over", " übergangen")
    more = ", …" if number > len(passed["places"]) else ""
    out.print(f"  · {rows}: {said(passed['reason_en'], passed['reason'])} ({places}{more})", highlight=False, markup=False)


_COUNTS: Final = (
    ("rows", (("row", "rows"), ("Zeile", "Zeilen"))),
    ("facts", (("new fact", "new facts"), ("neuer Fakt", "neue Fakten"))),
    ("known", (("known already", "known already"), ("schon bekannt", "schon bekannt"))),
    ("ignored", (("passed over", "passed over"), ("übergangen", "übergangen"))),
    ("rejected", (("rejected", "rejected"), ("zurückgewiesen", "zurückgewiesen"))),
)
"""What is counted, for one and for several, in English and German."""

_PARKED: Final = {
    "waiting": ("waits for", "wartet auf"), "unreadable": ("unreadable", "unlesbar"), "refused": ("refused", "verweigert"),
    "dismissed": ("dismissed", "verworfen"),
}


MOST_FACTS: Final = 20
"""As many facts of a tried file are shown; ``--json`` has more."""

MOST_PARKED: Final = 500
"""As many parked facts as one answer holds."""


def _print_waiting(parked: list[dict[str, Any]]) -> None:
    """What was taken in and cannot be posted yet, by what it waits for, such as a list that came before its measure."""
    least = said("at least ", "mindestens ") if len(parked) >= MOST_PARKED else ""
    for thing, number in Counter(row["waits_for"] for row in parked).most_common():
        facts = least + counted(number, ("fact", "facts"), ("Fakt", "Fakten"))
        if thing:
            out.print("! " + said(
                f"{facts} not posted yet, waiting for {thing}; posted by itself once that is handed in",
                f"{facts} noch nicht gebucht, es fehlt {thing}; wird von selbst gebucht, sobald es eingereicht ist",
            ), highlight=False, markup=False)
        else:
            out.print("! " + said(f"{facts} cannot be posted: see", f"{facts} nicht zu buchen: siehe") + " pruefpfad parked")


def _print_trail(found: dict[str, Any]) -> None:
    def line(en: str, de: str, rest: str = "", indent: int = 2) -> None:
        out.print(f"{' ' * indent}{said(en, de)}{rest}", highlight=False, markup=False)

    from services.reporting.domain.documents.common import KIND

    out.print(found["reference"], style="bold", highlight=False)
    if entry := found.get("entry"):
        booked, valued = entry["booked_on"], entry["valued_on"]
        line(
            f"entry: {entry['kind']}, valued {valued}, booked {booked}",
            f"Buchung: {KIND.get(entry['kind'], entry['kind'])}, Wert vom {valued}, gebucht {booked}",
        )
        for posting in entry["postings"]:
            line(*_account(posting["account"]), f" {write_cents(posting['cents']):>16}", indent=4)
    if row := found.get("row"):
        line("row", "Zeile", f" {row['reference']} ({said('file', 'Datei')} {row['digest']})")
        as_handed_in = row.get("as_handed_in", {})
        for name, value in (as_handed_in.get("columns") or {}).items():
            line(name, name, f": {value}", indent=4)
        if erased := as_handed_in.get("erased_at"):
            line(f"its text was erased on {erased[:10]}", f"ihr Text wurde am {erased[:10]} gelöscht", indent=4)
        if as_handed_in.get("ignored"):
            line("passed over", "übergangen", f": {said(as_handed_in['ignored_en'], as_handed_in['ignored'])}", indent=4)
        for fault in as_handed_in.get("rejected", ()):
            mend = said(fault["mend_en"], fault["mend"])
            line("rejected", "abgewiesen", f": {fault['error']} {fault['column'] or ''}: {mend}", indent=4)
    for earlier in found.get("repeats", ()):
        line("repeats an earlier row:", "wiederholt eine frühere Zeile:")
        _print_trail(earlier)
    for name, words in (("reversed_by", ("reversed by", "storniert durch")), ("entries", ("entries", "Buchungen"))):
        if found.get(name):
            line(*words, f": {', '.join(found[name])}")
    for payment in found.get("payments", ()):
        bank, day, place = payment["bank_entry"], payment["value_date"], payment["row"]["reference"]
        why = ", ".join(said(reason, _REASONS.get(reason, reason)) for reason in payment["reasons"])
        settled = payment["settlement"]
        paid = said("voucher", "Beleg") + f" {voucher} " if (voucher := payment.get("voucher")) else ""
        line(
            f"{paid}paid by {bank} of {day}, row {place} ({why}), settled in {settled}",
            f"{paid}bezahlt mit {bank} vom {day}, Zeile {place} ({why}), ausgeglichen in {settled}",
        )
    for decision in found.get("decisions", ()):
        line("decided by", "beschlossen mit", f" {decision['paper']}")
    if issued := found.get("report"):
        outdated = f", {_outdated(issued)}" if issued["outdated_since"] else ""
        about, day = issued["subject"], issued["as_of"]
        line(f"{issued['title']} of {about} as of {day}", f"{issued['title']} zu {about}, Stichtag {day}", outdated)
        line("sha256", "SHA-256", f" {issued['sha256']}")
    for issued in found.get("reports", ()):
        line("in report", "im Bericht", f" {issued['number']} (sha256 {issued['sha256'][:12]}…)")


ACCOUNTS: Final = {
    "award": "Bescheid", "bank": "Bank", "clearing": "Verrechnung", "cofunding": "Kofinanzierung", "commitment": "Zusage",
    "cost": "Kosten", "drawn": "abgerufen", "ineligible": "nicht förderfähig", "suppliers": "Lieferanten",
}
"""Accounts of the journal as Germans call them."""


def _account(name: str) -> tuple[str, str]:
    """An account as it is kept, and as Germans call it, both padded."""
    kind, colon, of = name.partition(":")
    return f"{name:<24}", f"{ACCOUNTS.get(kind, kind) + colon + of:<24}"


def _outdated(report: dict[str, Any]) -> str:
    return said("outdated since", "überholt seit") + f" {report['outdated_since']}"


def _end_unexpected(given: str | None, thing: str, german: str, expected: Iterable[str]) -> NoReturn:
    """A word of the call that is none of those it may be."""
    words = ", ".join(expected)
    _end(said(f"{given!r} is not a {thing}, expected one of {words}", f"{given!r} ist {german}, erwartet: {words}"), USAGE)


def _end(text: str, code: int) -> NoReturn:
    err.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def main() -> None:
    """Entry point of the ``pruefpfad`` command."""
    app()


if __name__ == "__main__":
    main()
