"""Reports are issued only if reporting's own lines agree with what funding stated, and never change afterwards."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pikepdf
import psycopg
import pytest

from services.reporting import application, store
from services.reporting.app import SHOWN
from services.reporting.application import ReportRefused
from services.reporting.domain.facts import papers_of, shown
from services.reporting.domain.lines import EntryHeard, EntryPlace
from services.reporting.proof import examine
from services.reporting.renderers.canonical import canonical
from services.reporting.tables import HISTORY
from shared.contracts import streams
from shared.contracts.event import Event
from shared.contracts.funding import (
    FUNDING,
    FindingChanged,
    FindingSettled,
    ProgrammeReconciled,
    ProgrammeStatement,
    Totals,
)
from shared.contracts.intake import (
    INTAKE,
    CofundingCommitted,
    DecisionDetailed,
    DecisionRecorded,
    ProgrammeData,
    ProgrammeRegistered,
)
from shared.contracts.reporting import ReportIssued, ReportOutdated
from shared.messaging.inbox import Inbox
from shared.messaging.work import StandingClock, Work, unit_of_work
from shared.persistence.database import Database, plain_url
from shared.persistence.files import Files
from shared.runtime.embedded import Postgres
from shared.runtime.service import Stream
from shared.values.dates import Period
from shared.values.source import Source, digest_of, id_of
from tests.conftest import Fresh, make_database
from tests.reporting.story import AS_OF, BANK, LIST, PAPER, Publisher, Story, named, two_vouchers


@pytest.fixture
def fresh(postgres: Postgres) -> Fresh:
    return make_database(postgres, HISTORY)


@pytest.fixture
def here(fresh: Fresh) -> Iterator[Database]:
    with Database(fresh.url) as opened:
        yield opened


STREAMS = {
    "intake": Stream(streams.INTAKE, INTAKE, application.keep_facts, only=SHOWN),
    "funding": Stream(streams.FUNDING, FUNDING, application.project, brief={b"de.pruefpfad.entry.posted.v1": EntryHeard}),
}
"""As ``services.reporting.app`` reads them."""


P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """Reporting's use cases on a real database, without Kafka."""

    def __init__(self, database: Database, clock: StandingClock, folder: Path) -> None:
        self.database, self.clock, self.files = database, clock, Files(folder)
        self.seen = 0
        self.intake, self.funding = Publisher(), Publisher()
        self.inboxes = {
            name: Inbox(database, stream.name, consumer=store.CONSUMERS[name], reads=stream.reads, clock=clock)
            for name, stream in STREAMS.items()
        }

    def hear(self, story: Story) -> None:
        """What the story has told since the last time comes in."""
        if not self.seen:
            self.take("intake", *story.facts())
        self.take("funding", *story.told[self.seen :])
        self.seen = len(story.told)

    def take(self, stream: str, *events: Event) -> None:
        """Events come in through the inbox of their stream."""
        publisher = self.intake if stream == "intake" else self.funding
        self.inboxes[stream].once(publisher.records(events), STREAMS[stream].apply)

    def do(self, use_case: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with unit_of_work(self.database, self.clock) as work:
            return use_case(work, *args, **kwargs)

    def issue(
        self, document: str = "D5", *, incomplete: bool = False, pdf_entries: int = 1_000, door: application.Door | None = None,
        subject: str = "measure/M-1",
    ) -> application.Issued:
        return application.issue_report(
            door or self.do,
            self.files,
            subject=subject,
            document=document,
            as_of=AS_OF,
            actor="revision",
            url="http://localhost",
            pdf_entries=pdf_entries,
            incomplete=incomplete,
        )

    def told(self, kind: str) -> list[bytes]:
        with psycopg.connect(plain_url(self.database.url)) as connection:
            rows = connection.execute("select body from outbox where type = %s order by id", (kind,)).fetchall()
        return [bytes(row[0]) for row in rows]


@pytest.fixture
def desk(here: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return Desk(here, clock, tmp_path)


@pytest.mark.parametrize("document", ["D5", "D6", "D7"])
def test_a_report_is_issued_when_the_lines_add_up_to_the_statement(desk: Desk, document: str) -> None:
    story = two_vouchers()
    story.state(story.find())
    desk.hear(story)
    issued = desk.issue(document)
    assert issued.new
    assert issued.row.number == f"M-1-{document}-2026-02-28-1"
    event = ReportIssued.model_validate_json(desk.told("de.pruefpfad.report.issued.v1")[0])
    assert (event.number, event.files, event.complete) == (issued.row.number, issued.row.files, True)
    assert desk.files.read(issued.row.files["pdf"]).startswith(b"%PDF-1.7")


def test_what_a_person_dismissed_is_in_no_figure_and_no_document_and_corrects_nothing(desk: Desk) -> None:
    story = two_vouchers()
    facts = story.facts()
    promise = next(f for f in facts if isinstance(f, CofundingCommitted))
    never = promise.model_copy(update={
        **named("k", "never"), "corrects": promise.id,
        "commitment": promise.commitment.model_copy(update={"number": "K-9", "amount_cents": 77_700}),
    })
    desk.take("intake", *facts, never)
    story.state(facts_upto=5)
    desk.take("funding", *story.told)
    with pytest.raises(ReportRefused, match="promised"):
        desk.issue()
    story.state(facts_upto=5, dismissed=(never.id,))
    desk.take("funding", story.told[-1])
    printed = desk.files.read(desk.issue().row.files["json"])
    content = json.loads(printed)
    assert [f["id"] for f in content["facts"] if f["type"] == promise.type] == [str(promise.id)]
    assert "777,00" not in json.dumps(content["content"]) and examine(printed).holds


def test_what_a_person_dismissed_of_a_programme_is_in_no_report_of_it(desk: Desk) -> None:
    source = Source(digest=LIST, place="2")
    right = ProgrammeData(key="P", name="Programm", rule_set="national", period=Period(start=AS_OF, end=AS_OF))
    told = [
        ProgrammeRegistered(**named("p", key), subject="programme/P", source=source, programme=data)
        for key, data in (("right", right), ("wrong", right.model_copy(update={"name": "Vertippt", "rule_set": "1999"})))
    ]
    desk.take("intake", *told)
    statement = ProgrammeStatement(
        as_of=AS_OF, rule_set="national", rules="d" * 64, facts_upto=2, totals=Totals(**dict.fromkeys(Totals.model_fields, 0)),
        lines=(), figures=(), checks=(), findings=(),
    )
    for n, (dismissed, name) in enumerate((((), "Vertippt"), ((told[1].id,), "Programm"))):
        stated = statement.model_copy(update={"dismissed": dismissed})
        desk.take("funding", ProgrammeReconciled(**named("s", str(n)), subject="programme/P", statement=stated))
        printed = json.loads(desk.files.read(desk.issue("D9", subject="programme/P").row.files["json"]))
        assert name in json.dumps(printed["content"])
    assert "Vertippt" not in json.dumps(printed["content"])


def test_where_more_was_dismissed_than_a_statement_names_no_report_is_issued(desk: Desk) -> None:
    story = two_vouchers()
    event = story.state()
    story.told[-1] = event.model_copy(update={"statement": event.statement.model_copy(update={"dismissed_beyond": 1})})
    desk.hear(story)
    with pytest.raises(ReportRefused, match="verworfen"):
        desk.issue()


def test_a_statement_that_is_one_cent_off_is_refused_with_the_difference(desk: Desk) -> None:
    story = two_vouchers()
    story.state(claimed_cents=25_001)
    desk.hear(story)
    with pytest.raises(ReportRefused) as refused:
        desk.issue()
    found = {d.figure: (d.stated_cents, d.found_cents) for d in refused.value.differences}
    assert found["claimed"] == (25_001, 25_000)


def test_a_lost_line_is_named(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    del story.told[1]
    desk.hear(story)
    with pytest.raises(ReportRefused, match=r"M-1/2 is missing before M-1/3"):
        desk.issue()


def test_a_line_whose_place_is_there_but_whose_postings_are_not_is_kept_and_named_when_a_report_needs_it(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    story.told[1] = EntryHeard.model_validate_json(story.told[1].model_dump_json())
    desk.hear(story)
    with pytest.raises(ReportRefused, match=r"M-1/2 cannot be read: .*entry.booked_on: Field required"):
        desk.issue()


def test_an_entry_is_heard_with_all_that_its_line_is_found_by() -> None:
    told = two_vouchers().told[1]
    heard = EntryHeard.model_validate_json(told.model_dump_json())
    assert heard.model_dump() == told.model_dump(
        include={*Event.model_fields, "entry"}
    ) | {"entry": told.model_dump(include={"entry": set(EntryPlace.model_fields)})["entry"]}


def test_issued_again_without_a_change_it_is_the_same_report(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    first, second = desk.issue(), desk.issue()
    assert not second.new
    assert second.row.id == first.row.id
    assert len(desk.told("de.pruefpfad.report.issued.v1")) == 1


def meanwhile(desk: Desk, *happenings: Callable[[], object]) -> application.Door:
    """A door before whose savings of a report something happens, one thing each time."""
    waiting = list(happenings)

    def door(use_case: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if use_case is application.keep_report and waiting:
            waiting.pop(0)()
        return desk.do(use_case, *args, **kwargs)

    return door


def test_a_report_is_made_anew_if_its_statement_is_overtaken_while_it_is_made(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)

    def correct() -> None:
        story.correct("2", entry=2, old=5_000, new=4_000, place="19")
        story.state()
        desk.hear(story)

    issued = desk.issue(door=meanwhile(desk, correct))
    assert (issued.new, issued.row.version, issued.row.outdated_since) == (True, 1, None)
    assert json.loads(desk.files.read(issued.row.files["json"]))["statement"]["totals"]["claimed_cents"] == 24_000
    assert len(desk.told("de.pruefpfad.report.issued.v1")) == 1


def test_what_does_not_touch_a_report_does_not_have_it_made_anew(desk: Desk) -> None:
    story = two_vouchers()
    statement = story.state()
    desk.hear(story)

    def go_on() -> None:
        story.voucher("3", 1_000, "20", invoiced=date(2026, 3, 15))
        story.claimed -= 1_000                                      # the statement is as of February
        story.state()
        desk.hear(story)

    issued = desk.issue("D6", door=meanwhile(desk, go_on))
    assert (issued.new, issued.row.statement, issued.row.outdated_since) == (True, statement.id, None)


def test_a_report_that_is_overtaken_each_time_is_refused_and_nothing_of_it_is_kept(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)

    def another() -> None:
        story.voucher(f"n{len(story.told)}", 1_000, str(100 + len(story.told)))
        story.state()
        desk.hear(story)

    with pytest.raises(ReportRefused, match="3-mal Neues; gleich noch einmal versuchen"):
        desk.issue("D6", door=meanwhile(desk, another, another, another))
    assert not desk.told("de.pruefpfad.report.issued.v1")
    assert desk.issue("D6").row.version == 1


def test_two_who_ask_for_a_report_at_once_get_the_same_one(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    other: list[application.Issued] = []
    issued = desk.issue(door=meanwhile(desk, lambda: other.append(desk.issue())))
    assert (issued.new, other[0].new) == (False, True)
    assert issued.row.number == other[0].row.number


class Watching(Files):
    """Files that count, whenever some are kept, the transactions that are open."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url, self.counts = plain_url(url), list[int]()

    def keep(self, content: bytes | Iterable[bytes]) -> str:
        mine = "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
        with psycopg.connect(self.url) as connection:
            self.counts += [count for (count,) in connection.execute(mine)]
        return super().keep(content)


def test_no_transaction_is_open_while_a_report_is_made(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    desk.files = watching = Watching(desk.files.folder, desk.database.url)
    desk.issue()
    assert watching.counts == [0] * 4


def test_beyond_the_limit_there_is_no_pdf_but_all_else_until_the_limit_is_raised(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    entries = 4                                                     # two vouchers, a receipt, a match
    first = desk.issue(pdf_entries=entries - 1)
    assert set(first.row.files) == {"csv", "zip", "json"}
    assert examine(desk.files.read(first.row.files["json"])).holds
    assert not desk.issue(pdf_entries=entries - 1).new
    second = desk.issue(pdf_entries=entries)
    assert (second.new, set(second.row.files)) == (True, {"pdf", "csv", "zip", "json"})


def test_rendering_the_same_snapshot_twice_gives_the_same_bytes(desk: Desk) -> None:
    story = two_vouchers()
    event = story.state(story.find())
    desk.hear(story)
    with unit_of_work(desk.database, desk.clock) as work:
        snapshot = application.freeze(work, event)
    for kind in ("D5", "D6", "D7"):
        once, again = (application.render(snapshot, kind, "N-1", 1, "http://localhost") for _ in range(2))
        assert once == again, f"{kind} differs between two renderings of one snapshot"


def test_a_correction_makes_the_report_outdated_once_and_the_next_version_shows_both_entries(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    first = desk.issue()
    story.correct("2", entry=2, old=5_000, new=4_000, place="19")
    story.state()
    desk.hear(story)
    story.voucher("3", 1_000, "20")
    story.state()
    desk.hear(story)
    outdated = [ReportOutdated.model_validate_json(b) for b in desk.told("de.pruefpfad.report.outdated.v1")]
    assert [(o.number, o.since) for o in outdated] == [(first.row.number, "M-1/4")]
    second = desk.issue()
    assert (second.row.version, second.row.predecessor) == (2, first.row.id)
    data = json.loads(desk.files.read(second.row.files["json"]))
    changes = next(s for s in data["content"]["sections"] if s["title"].startswith("Änderungen seit"))
    printed = json.dumps(changes, ensure_ascii=False)
    assert "M-1/4 · aaaaaaaaaaaa:19" in printed
    assert "M-1/5 · aaaaaaaaaaaa:19" in printed
    assert "hebt M-1/2 auf" in printed
    assert desk.files.read(first.row.files["pdf"]), "the first report's bytes are still there"


def test_a_later_voucher_behind_the_cut_off_date_does_not_touch_the_report(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    desk.issue()
    story.voucher("9", 7_000, "30", invoiced=date(2026, 3, 1))
    story.claimed -= 7_000
    story.state()
    desk.hear(story)
    assert desk.told("de.pruefpfad.report.outdated.v1") == []
    assert not desk.issue().new


def test_a_statement_behind_its_facts_is_refused_unless_asked_for_and_then_it_says_so(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    promise = next(f for f in story.facts() if isinstance(f, CofundingCommitted))
    desk.take("intake", promise.model_copy(update={"id": id_of("k", "9")}))
    with pytest.raises(ReportRefused, match="4 von 5 Tatsachen"):
        desk.issue()
    issued = desk.issue(incomplete=True)
    assert not issued.row.complete
    content = json.loads(desk.files.read(issued.row.files["json"]))["content"]
    assert {"mark": "blocking", "label": "unvollständig"} in content["status"]


def test_facts_of_the_statement_that_are_not_here_yet_hold_the_report_back(desk: Desk) -> None:
    story = two_vouchers()
    story.state(facts_upto=5)
    desk.hear(story)
    with pytest.raises(ReportRefused, match="measure/M-1: 4 von 5 Tatsachen des Abgleichs sind da"):
        desk.issue()


@pytest.mark.parametrize(("upto", "why"), [(1, "kennt 1 von 2 Tatsachen"), (3, "2 von 3 Tatsachen des Abgleichs sind da")])
def test_a_paper_newer_or_older_than_the_statement_knows_it_holds_the_report_back(desk: Desk, upto: int, why: str) -> None:
    story = two_vouchers()
    story.state(papers_upto=upto)
    desk.hear(story)
    with pytest.raises(ReportRefused, match=why):
        desk.issue("D6")
    story.state()
    desk.hear(story)
    assert desk.issue("D6").new


def _facts_in(desk: Desk, issued: application.Issued) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = json.loads(desk.files.read(issued.row.files["json"]))["facts"]
    return facts


def test_an_incomplete_report_prints_papers_and_promises_as_its_statement_knows_them_whatever_came_since(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    promise = next(f for f in story.facts() if isinstance(f, CofundingCommitted))
    paper = next(f for f in story.facts() if isinstance(f, DecisionRecorded))
    detail = next(f for f in story.facts() if isinstance(f, DecisionDetailed))
    revoked = paper.decision.model_copy(update={"title": "Mitfinanzierung, aufgehoben", "modified": "2026-03-01"})
    desk.take(
        "intake",
        paper.model_copy(update={"id": id_of("d", "2"), "corrects": paper.id, "decision": revoked}),
        detail.model_copy(update={"id": id_of("dd", "2"), "corrects": detail.id,
                                  "detail": detail.detail.model_copy(update={"amount_cents": 1})}),
        promise.model_copy(update={"id": id_of("k", "2"), "corrects": promise.id,
                                   "commitment": promise.commitment.model_copy(update={"legal_form": "Beschluss"})}),
    )
    issued = desk.issue("D6", incomplete=True)
    assert not issued.row.complete
    assert {f["id"] for f in _facts_in(desk, issued)} == {str(f.id) for f in story.facts()[1:]}
    assert examine(desk.files.read(issued.row.files["pdf"])).holds
    story.state(facts_upto=5, papers_upto=4)
    desk.hear(story)
    assert {f["id"] for f in _facts_in(desk, desk.issue("D6"))} >= {str(id_of(kind, "2")) for kind in ("d", "dd", "k")}


def test_a_report_prints_the_findings_its_statement_found_though_a_later_one_is_on_its_way(desk: Desk) -> None:
    story = two_vouchers()
    finding, other = story.find(), story.find("BEL-01")
    story.state(finding, other)
    graver = finding.model_copy(update={"at_risk_cents": 99_999})
    story.told.append(FindingChanged(**named("fc"), subject=story.subject, as_of=AS_OF, finding=graver))
    story.told.append(FindingSettled(**named("fs"), subject=story.subject, as_of=AS_OF, finding=other))
    desk.hear(story)
    printed = json.loads(desk.files.read(desk.issue().row.files["json"]))["findings"]
    assert {(f["code"], f["at_risk_cents"]) for f in printed} == {("BEL-05", 5_000), ("BEL-01", 5_000)}
    story.state(graver)
    desk.hear(story)
    printed = json.loads(desk.files.read(desk.issue().row.files["json"]))["findings"]
    assert [(f["code"], f["at_risk_cents"]) for f in printed] == [("BEL-05", 99_999)]


def test_a_paper_that_says_something_else_outdates_the_report_that_prints_it_also_where_no_figure_moves(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    first = desk.issue("D6")
    paper = next(f for f in story.facts() if isinstance(f, DecisionRecorded))
    renamed = paper.decision.model_copy(update={"title": "Mitfinanzierung, berichtigt"})
    desk.take("intake", paper.model_copy(update={"id": id_of("d", "2"), "corrects": paper.id, "decision": renamed}))
    story.state(papers_upto=3)
    desk.hear(story)
    outdated = [ReportOutdated.model_validate_json(b) for b in desk.told("de.pruefpfad.report.outdated.v1")]
    assert [o.number for o in outdated] == [first.row.number]


def test_a_head_that_says_more_is_coming_holds_the_report_back(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    with psycopg.connect(plain_url(desk.database.url), autocommit=True) as connection:
        connection.execute("update inbox set head = 9, state = 'gap' where consumer = 'reporting.funding'")
    with pytest.raises(ReportRefused, match="5 von 9 sind da"):
        desk.issue()


def test_a_printed_reference_leads_to_row_bank_line_and_reports(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    issued = desk.issue()
    with unit_of_work(desk.database, desk.clock) as work:
        found = application.trace(work, f"M-1/1 · {LIST[:12]}:17")
    assert found["row"]["reference"] == f"{LIST[:12]}:17"
    assert found["payments"][0]["row"]["reference"] == f"{BANK[:12]}:3.1"
    assert found["payments"][0]["bank_entry"] == "DE02100100100006820101/1"
    assert [r["number"] for r in found["reports"]] == [issued.row.number]


def test_a_row_leads_forward_to_every_report_it_is_in(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    voucher_list, statement = desk.issue("D5"), desk.issue("D6")
    with unit_of_work(desk.database, desk.clock) as work:
        voucher = application.trace(work, f"{LIST[:12]}:17")
        promise = application.trace(work, f"{LIST[:12]}:4")
    assert voucher["entries"] == ["M-1/1"]
    assert {r["number"] for r in voucher["reports"]} == {voucher_list.row.number, statement.row.number}
    assert {r["number"] for r in promise["reports"]} == {voucher_list.row.number, statement.row.number}


def test_a_commitment_leads_to_the_council_decision(desk: Desk) -> None:
    story = Story()
    story._post("commitment", (("cofunding", 100_000), ("commitment", -100_000)), AS_OF, story.facts()[2].id, "4")
    story.state(received_cents=0)
    desk.hear(story)
    with unit_of_work(desk.database, desk.clock) as work:
        found = application.trace(work, "M-1/1")
    assert found["decisions"][0]["paper"] == "05000/2025/7"
    assert found["decisions"][0]["steps"][0]["result_raw"] == "ungeändert beschlossen"


@pytest.mark.parametrize("reference", ["nonsense", "M-1/999999999999999999", "A-1/99999999999999999999999", "M-1/S-" + "9" * 40])
def test_an_unknown_reference_says_what_is_expected(desk: Desk, reference: str) -> None:
    with unit_of_work(desk.database, desk.clock) as work, pytest.raises(application.UnknownReference, match=r"M-1/123"):
        application.trace(work, reference)


def test_anybody_can_recompute_the_voucher_list_from_its_own_bytes(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    row = desk.issue().row
    for format in ("pdf", "json"):
        proof = examine(desk.files.read(row.files[format]))
        assert proof.holds, [s.text for s in proof.steps if not s.holds]
        assert (proof.number, proof.sha256) == (row.number, row.data_sha256)
        assert [s.sign for s in proof.steps].count("!") == (format == "json"), "data alone do not name their own digest"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"eligible_cents":20000', b'"eligible_cents":20001', "spent: stated 200,00, found 200,01"),
        (b'"cents":20000', b'"cents":20100', "M-1/1"),
        (b'"place":"18"', b'"place":"99"', "M-1/2: its fields are not those that were sealed"),
        (b'"claimed_cents":25000', b'"claimed_cents":24000', "claimed: stated 240,00, found 250,00"),
        (b'"planned_cents":100000', b'"planned_cents":90000', "planned: stated 900,00, found 1.000,00"),
        (b'"invoice_number":"R-1"', b'"invoice_number":"R-9"', "the tables say what follows"),
        (b'"value_date":"2026-02-03"', b'"value_date":"2026-02-04"', "the tables say what follows"),
        (b'"version":1', b'"version":2', "is not that of subject"),
        (b'"as_of":"2026-02-28","content"', b'"as_of":"2026-02-27","content"', "its statement as of 2026-02-28"),
        (b'"place":"18"},"subject":"measure/M-1"', b'"place":"18"},"subject":"measure/M-2"', "M-2/2 does not belong to"),
    ],
)
def test_a_changed_byte_of_the_data_is_found_and_named(desk: Desk, old: bytes, new: bytes, said: str) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    data = desk.files.read(desk.issue().row.files["json"])
    assert old in data
    proof = examine(data.replace(old, new))
    assert not proof.holds
    assert any(said in s.text for s in proof.steps if not s.holds), [s.text for s in proof.steps]
    assert not any(word in s.de for s in proof.steps for word in ("stated", "its fields", "belong", "claimed", "spent"))


def test_who_fetched_a_report_is_noted(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    row = desk.issue().row
    with unit_of_work(desk.database, desk.clock) as work:
        content = application.fetch(work, desk.files, row.number, "csv", "pruefbehoerde")
    assert content is not None
    with psycopg.connect(plain_url(desk.database.url)) as connection:
        assert connection.execute("select format, actor from retrieval").fetchall() == [("csv", "pruefbehoerde")]


@pytest.mark.parametrize("table", ["line", "known", "statement", "found", "report_source", "retrieval"])
def test_the_runtime_role_can_only_add_to_what_was_told(desk: Desk, table: str) -> None:
    with psycopg.connect(plain_url(desk.database.url), autocommit=True) as connection:
        for statement in (f"delete from {table}", f"truncate {table}", f"alter table {table} disable trigger all"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # type: ignore[call-overload]


def test_an_issued_report_cannot_be_changed_but_for_being_outdated(desk: Desk) -> None:
    with psycopg.connect(plain_url(desk.database.url), autocommit=True) as connection:
        connection.execute("update report set outdated_since = 'M-1/1'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update report set data_sha256 = 'x'")


@pytest.mark.parametrize("document", ["D5", "D6", "D7"])
def test_findings_left_out_of_a_report_are_missed(desk: Desk, document: str) -> None:
    story = two_vouchers()
    story.state(story.find())
    desk.hear(story)
    report = json.loads(desk.files.read(desk.issue(document).row.files["json"]))
    report["findings"] = []
    proof = examine(canonical(report))
    assert "the findings are those the statement names" in [s.text for s in proof.steps if not s.holds]


def test_a_changed_page_is_found_although_the_data_it_carries_are_untouched(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    row = desk.issue().row
    forged = io.BytesIO()
    with pikepdf.open(io.BytesIO(desk.files.read(row.files["pdf"]))) as pdf:
        page = pdf.pages[0]
        page.Contents = pdf.make_stream(page.Contents.read_bytes().replace(b"250,00", b"950,00"))
        pdf.save(forged)
    proof = examine(forged.getvalue())
    assert [s.text for s in proof.steps if not s.holds] == ["every page is, byte for byte, what follows from the data"]
    with unit_of_work(desk.database, desk.clock) as work:
        answer = application.verify(work, proof.sha256, proof.number, digest_of(forged.getvalue()))
        untouched = application.verify(work, proof.sha256, proof.number, row.files["pdf"])
    assert not answer["known"]
    assert untouched["known"]


@pytest.mark.parametrize(
    ("old", "new", "unproven"),
    [
        (b'"invoice_number":"R-1"', b'"invoice_number":"R-9"', "not proven: the tables say what follows"),
        (b'"number":"1"', b'"number":"1"', None),
    ],
)
def test_what_another_version_made_is_proven_if_it_comes_out_the_same_and_is_else_said_to_be_open(
    desk: Desk, old: bytes, new: bytes, unproven: str | None
) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    report = json.loads(desk.files.read(desk.issue().row.files["json"]).replace(old, new))
    proof = examine(canonical(report | {"made_with": report["made_with"] | {"reportlab": "1.0"}}))
    assert proof.holds
    open_ = [s.text for s in proof.steps if s.sign == "!"][1:]          # the first: data do not name their own digest
    assert [text.startswith(unproven or "-") for text in open_] == ([True] if unproven else [])


def said_of(report: dict[str, Any], change: Callable[[dict[str, Any]], None], format: int = 1) -> dict[str, str]:
    """What is said of a report that was changed and is of another format: its signs, by what was looked at."""
    other = json.loads(json.dumps(report)) | {"format": f"pruefpfad.report.v{format}"}
    if format == 1:
        del other["made_with"]["source"]
    change(other)
    return {step.text: step.sign for step in examine(canonical(other)).steps}


def test_an_older_report_is_verified_as_far_as_its_format_goes_and_a_newer_one_by_digests(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    report = json.loads(desk.files.read(desk.issue("D6").row.files["json"]))
    assert report["format"] == "pruefpfad.report.v2"
    assert list(said_of(report, lambda _: None).values()).count("!") == 1, "data do not name their own digest"

    said = said_of(report, lambda r: r["statement"]["coverage"][0].update(committed_cents=1))
    (open_,) = (text for text in said if "format 1" in text)
    assert open_.startswith("not proven: coverage, years and gap; the report is of format 1, this program verifies these of fo")
    assert "✗" not in said.values(), "what the format did not promise is open, and so are tables made otherwise"

    wrong: dict[str, Callable[[dict[str, Any]], None]] = {
        "claimed: stated 0,01, found 250,00": lambda r: r["statement"]["totals"].update(claimed_cents=1),
        "M-1/1": lambda r: r["entries"][0]["source"].update(place="99"),
    }
    for expected, change in wrong.items():
        assert any(expected in text for text, sign in said_of(report, change).items() if sign == "✗"), "totals and seals hold"

    for format in (1, 3):
        said = said_of(report, lambda r: r.pop("stated"), format)
        assert "✗" not in said.values() and any(f"is of format {format}" in text for text in said)
    assert "✗" in said_of(report, lambda r: r.pop("stated"), 2).values()
    assert not examine(canonical({"format": "else"})).holds


def test_a_damaged_file_is_told_of_by_the_proof_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    (step,) = examine(b"%PDF-1.7\n1 0 obj << /Root [G> >> endobj\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n").steps
    assert not step.holds and step.de.startswith("die PDF-Datei enthält keine lesbaren Berichtsdaten: ")
    assert not caplog.records


def test_data_nested_without_end_are_no_report(desk: Desk) -> None:
    assert not examine(b"[" * 100_000).holds


def test_an_outdated_report_gets_a_next_version_even_if_it_says_the_same_again(desk: Desk) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    first = desk.issue()
    finding = story.find()
    story.state(finding)
    desk.hear(story)
    story.told.append(FindingSettled(**named("fs"), subject=story.subject, as_of=AS_OF, finding=finding))
    story.state()
    desk.hear(story)
    second = desk.issue()
    assert (second.new, second.row.version, second.row.predecessor) == (True, 2, first.row.id)


def test_a_corrected_detail_of_a_decision_takes_the_place_of_the_first() -> None:
    first = two_vouchers().facts()[-1]
    assert isinstance(first, DecisionDetailed)
    detail = first.detail.model_copy(update={"amount_cents": 90_000})
    mended = first.model_copy(update={"id": id_of("dd", "mended"), "corrects": first.id, "detail": detail})
    for facts in ([first, mended], [mended, first]):
        assert [d.detail.amount_cents for d in papers_of(shown(facts, AS_OF))[PAPER].details] == [90_000]


@pytest.mark.parametrize(
    ("table", "old", "new", "named"),
    [
        ("line", '"invoice_number":"R-2"', '"invoice_number":"R-8"', "M-1/2"),
        ("line", '"reasons":["reference"]', '"reasons":["confirmed"]', "M-1/S-1"),
        ("known", '"title":"Mitfinanzierung"', '"title":"Freigabe"', "cccccccccccc:1"),
        ("known", '"amount_cents":100000,"status"', '"amount_cents":900000,"status"', "aaaaaaaaaaaa:4"),
        ("statement", '"state":"active"', '"state":"closed"', "measure/M-1 2026-02-28"),
    ],
)
def test_what_no_seal_covers_and_was_changed_in_the_database_is_not_issued(
    desk: Desk, fresh: Fresh, table: str, old: str, new: str, named: str
) -> None:
    story = two_vouchers()
    story.state(story.find())
    desk.hear(story)
    with unit_of_work(desk.database, desk.clock) as work:
        event = store.statement_of(work, story.subject, AS_OF)
        assert event and application.freeze(work, event)
    with psycopg.connect(plain_url(fresh.owner_url), autocommit=True) as connection:
        connection.execute(f"alter table {table} disable trigger all")  # type: ignore[call-overload]
        told = "convert_from(body, 'UTF8')"
        change = f"update {table} set body = replace({told}, %s, %s)::bytea where position(%s in {told}) > 0"
        assert connection.execute(change, (old, new, old)).rowcount == 1  # type: ignore[call-overload]
    with pytest.raises(ReportRefused, match=f"{named}: was hier aufbewahrt ist, ist nicht, was ankam"):
        desk.issue("D6")


def test_a_line_that_was_changed_in_the_database_is_not_issued(desk: Desk, fresh: Fresh) -> None:
    story = two_vouchers()
    story.state()
    desk.hear(story)
    changed = """replace(convert_from(body, 'UTF8'), '"place":"18"', '"place":"81"')::bytea"""
    with psycopg.connect(plain_url(fresh.owner_url), autocommit=True) as connection:
        connection.execute("alter table line disable trigger all")
        connection.execute(f"update line set body = {changed} where number = 2")  # type: ignore[call-overload]
    with pytest.raises(ReportRefused, match="M-1/2: its fields are not those that were sealed"):
        desk.issue()
