"""A measure as funding tells of it: sealed entries, a match, a statement whose totals are worked out by hand beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.event import Event
from shared.contracts.funding import (
    Book,
    CheckResult,
    CoverageLine,
    Entry,
    EntryPosted,
    Finding,
    FindingRaised,
    Head,
    Match,
    MeasureReconciled,
    MeasureStatement,
    Outcome,
    PaymentMatched,
    PaymentUnmatched,
    Posting,
    Severity,
    Stage,
    Totals,
    YearLine,
)
from shared.contracts.intake import (
    CofundingCommitted,
    Commitment,
    CommitmentStatus,
    Decision,
    DecisionDetail,
    DecisionDetailed,
    DecisionRecorded,
    MeasureData,
    MeasureRegistered,
    Municipality,
    Party,
    PlanLine,
    PlanLineRecorded,
    Receipt,
    ReceiptRecorded,
    Step,
    StepResult,
    Voucher,
)
from shared.contracts.seal import ZEROS, seal_of
from shared.messaging.envelope import ZERO, chain
from shared.values.dates import Period
from shared.values.funders import Funder, FunderKind
from shared.values.source import Source, id_of
from shared.values.subject import lane_of, subject_of
from tests.tools.record import Record

WHEN = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
AS_OF = date(2026, 2, 28)
LIST, BANK, COUNCIL = "a" * 64, "b" * 64, "c" * 64
"""Digests of the three files everything comes from."""
CITY = Funder(key="stadt", name="Stadt Beispiel (Demo)", kind=FunderKind.MUNICIPALITY)
RULES = "d" * 64
PAPER = "05000/2025/7"
PAPER_SUBJECT = subject_of("paper", PAPER)


def named(*parts: str, **more: Any) -> dict[str, Any]:
    """What every event has."""
    return {"id": id_of(*parts), "recorded_at": WHEN, "actor": "jugendamt", **more}


@dataclass
class Story:
    """Writes a measure's journal and keeps what was told, in order."""

    key: str = "M-1"
    told: list[Event] = field(default_factory=list)
    heads: dict[Book, Head] = field(default_factory=lambda: {b: Head(number=0, seal=ZEROS) for b in Book})
    claimed: int = 0
    spent: int = 0
    received: int = 0
    statements: int = 0

    @property
    def subject(self) -> str:
        return subject_of("measure", self.key)

    def facts(self) -> list[Event]:
        """What intake told of it: 1,000.00 planned and promised for 2026, on a decision of the council."""
        measure = MeasureData(
            key=self.key, name="Brücken ins Berufsleben", municipality=Municipality(key="05000", name="Stadt Beispiel (Demo)"),
            carrier="Träger Beispiel gGmbH (Demo)", service="Beratung", target_group="Jugendliche",
            implementation=Period(start=date(2026, 1, 1), end=date(2026, 12, 31)), rule_set="national", demo=True,
        )
        promise = Commitment(
            measure=self.key, funder=CITY, number="K-1", budget_year=2026, amount_cents=100_000, status=CommitmentStatus.DECIDED,
            committed_on=date(2026, 1, 15), decision="2025/7",
        )
        paper = PAPER
        step = Step(
            body="Rat", role="Entscheidung", authoritative=True, held_on=date(2025, 12, 10), result_raw="ungeändert beschlossen",
            result=StepResult.PASSED_UNCHANGED,
        )
        about_paper = {"subject": PAPER_SUBJECT}
        return [
            MeasureRegistered(**named("m"), subject=self.subject, source=Source(digest=LIST, place="2"), measure=measure),
            PlanLineRecorded(
                **named("p"), subject=self.subject, source=Source(digest=LIST, place="3"),
                line=PlanLine(measure=self.key, position="1", budget_year=2026, amount_cents=100_000),
            ),
            CofundingCommitted(**named("k"), subject=self.subject, source=Source(digest=LIST, place="4"), commitment=promise),
            ReceiptRecorded(
                **named("r"), subject=self.subject, source=Source(digest=LIST, place="5"),
                receipt=Receipt(measure=self.key, funder=CITY, number="E-1", amount_cents=60_000, received_on=date(2026, 2, 1),
                                award_year=2026),
            ),
            DecisionRecorded(
                **named("d"), **about_paper, source=Source(digest=COUNCIL, place="1"),
                decision=Decision(paper=paper, reference="2025/7", title="Mitfinanzierung", paper_type="Beschlussvorlage",
                                  steps=(step,)),
            ),
            DecisionDetailed(
                **named("dd"), **about_paper, source=Source(digest=COUNCIL, place="2"),
                detail=DecisionDetail(paper=paper, funder=CITY, budget_year=2026, amount_cents=100_000, in_budget=True),
            ),
        ]

    def voucher(self, number: str, cents: int, place: str, *, invoiced: date = date(2026, 1, 20)) -> Voucher:
        """A voucher is posted: cost to suppliers."""
        voucher = Voucher(
            measure=self.key, list="L", number=number, position="1",
            issuer=Party(ref="P-" + "1" * 16, name="Bürobedarf Beispiel GmbH (Demo)"),
            invoice_number=f"R-{number}", invoice_date=invoiced, service=Period(start=invoiced, end=invoiced), budget_year=2026,
            gross_cents=cents, eligible_cents=cents, allocation=Decimal("1"),
        )
        self._post("voucher", (("cost:1", cents), ("suppliers", -cents)), invoiced, id_of("v", number), place, voucher=voucher)
        self.claimed += cents
        return voucher

    def receipt(self, cents: int) -> None:
        """Money of the city came in."""
        self._post("receipt", (("bank", cents), ("drawn", -cents)), date(2026, 2, 1), id_of("r"), "5")
        self.received += cents

    def correct(self, number: str, entry: int, old: int, new: int, place: str) -> None:
        """The voucher's entry is undone and posted anew."""
        fact = id_of("v", number, "2")
        self._post("reversal", (("cost:1", -old), ("suppliers", old)), date(2026, 1, 20), fact, place, reverses=entry)
        voucher = Voucher(
            measure=self.key, list="L", number=number, position="1", issuer=Party(ref="P-" + "1" * 16),
            invoice_date=date(2026, 1, 20), service=Period(start=date(2026, 1, 20), end=date(2026, 1, 20)), budget_year=2026,
            gross_cents=new, eligible_cents=new,
        )
        self._post("voucher", (("cost:1", new), ("suppliers", -new)), date(2026, 1, 20), fact, place, voucher=voucher)
        self.claimed += new - old

    def pay(
        self, number: str, cents: int, place: str, *, on: date = date(2026, 2, 3), edition: str = "", debit: str = ""
    ) -> None:
        """The bank line of the voucher is found; one ``debit`` may pay several."""
        fact = id_of("v", number, *([edition] if edition else []))
        payment = id_of("b", debit or number)
        entry = self._entry(Book.SETTLEMENT, "match", (("suppliers", cents), ("clearing", -cents)), on, payment,
                            Source(digest=BANK, place=place))
        match = Match(
            voucher=fact, payment=payment, account="DE02100100100006820101", payment_source=Source(digest=BANK, place=place),
            payment_entry=1, paid_cents=cents, invoice_paid_cents=cents, value_date=on, reasons=("reference",),
        )
        self.told.append(PaymentMatched(**named("pm", number, place), subject=self.subject, match=match, entry=entry))
        self.spent += cents

    def unmatch(self, number: int) -> None:
        """The match of that entry of the settlement book is taken back."""
        (made,) = [e for e in self.told if isinstance(e, PaymentMatched) and e.entry.number == number]
        old = made.entry
        postings = tuple((p.account, -p.cents) for p in old.postings)
        entry = self._entry(Book.SETTLEMENT, "reversal", postings, old.valued_on, old.fact, old.source, number)
        about = {"subject": self.subject, "match": made.match, "entry": entry, "reason": "correction"}
        self.told.append(PaymentUnmatched(**named("pu", str(number)), **about))
        self.spent -= made.match.paid_cents

    def find(self, code: str = "BEL-05", cents: int = 5_000) -> Finding:
        """A finding is raised."""
        finding = Finding(
            id=id_of("finding", code), code=code, severity=Severity.BLOCKING, object=f"voucher {self.key} L/2", budget_year=2026,
            at_risk_cents=cents, legal_basis="Anhang XIII", arithmetic="50,00 = 50,00", rules=RULES,
        )
        self.told.append(FindingRaised(**named("f", code), subject=self.subject, as_of=AS_OF, finding=finding))
        return finding

    def state(
        self, *findings: Finding, facts_upto: int = 4, papers_upto: int = 2, dismissed: tuple[UUID, ...] = (), **changed: Any
    ) -> MeasureReconciled:
        """Funding's statement, from the sums kept beside the entries; it knows all of ``facts``, if not told otherwise."""
        self.statements += 1
        gap = 0
        totals = Totals(
            planned_cents=100_000, committed_cents=100_000, received_cents=self.received, spent_cents=self.spent, gap_cents=gap,
            claimed_cents=self.claimed,
        ).model_copy(update=changed)
        statement = MeasureStatement(
            as_of=AS_OF, rule_set="national", rules=RULES, head=self.heads[Book.MAIN], settlement=self.heads[Book.SETTLEMENT],
            facts_upto=facts_upto, papers_upto={PAPER_SUBJECT: papers_upto}, dismissed=dismissed, state="active",
            totals=totals,
            years=(YearLine(budget_year=2026, planned_cents=100_000, valid_cents=100_000, received_cents=self.received,
                            claimed_cents=self.claimed, gap_cents=gap, verdict="reconciled"),),
            coverage=(CoverageLine(funder=CITY, budget_year=2026, committed_cents=100_000, valid_cents=100_000,
                                   received_cents=self.received, decision="05000/2025/7"),),
            stages=(Stage(code="S5", left_cents=self.claimed, right_cents=self.spent, verdict="open",
                          unexplained_cents=self.claimed - self.spent, open_left=("M-1/2",), open_count=1),
                    Stage(code="S6", left_cents=None, right_cents=None, missing="Mittelabruf", verdict="missing")),
            checks=(CheckResult(code="KOF-01", outcome=Outcome.HOLDS),
                    CheckResult(code="BEL-05", outcome=Outcome.FINDING if findings else Outcome.HOLDS, findings=len(findings))),
            findings=tuple(f.id for f in findings), parked=0, rejected=0, verdict="open" if findings else "reconciled",
        )
        event = MeasureReconciled(**named("s", str(self.statements)), subject=self.subject, statement=statement)
        self.told.append(event)
        return event

    def _post(
        self, kind: str, postings: tuple[tuple[str, int], ...], valued: date, fact: Any, place: str, *,
        voucher: Voucher | None = None, reverses: int | None = None,
    ) -> None:
        entry = self._entry(Book.MAIN, kind, postings, valued, fact, Source(digest=LIST, place=place), reverses)
        self.told.append(
            EntryPosted(**named("e", str(entry.number)), subject=self.subject, entry=entry, voucher=voucher)
        )

    def _entry(
        self, book: Book, kind: str, postings: tuple[tuple[str, int], ...], valued: date, fact: Any, source: Source,
        reverses: int | None = None,
    ) -> Entry:
        head = self.heads[book]
        lines = tuple(Posting(account=account, cents=cents) for account, cents in postings)
        fields = {"kind": kind, "booked_on": date(2026, 3, 2), "valued_on": valued, "postings": lines, "reverses": reverses,
                  "fact": fact, "source": source, "previous": head.seal}
        seal = seal_of(self.subject, book, number=head.number + 1, **fields)
        self.heads[book] = Head(number=head.number + 1, seal=seal)
        return Entry(number=head.number + 1, book=book, seal=seal, **fields)


class Publisher:
    """Makes the records that Kafka would carry: each subject's events numbered and chained."""

    def __init__(self) -> None:
        self.heads: dict[str, tuple[int, bytes]] = {}

    def records(self, events: Iterable[Event]) -> list[Record]:
        """The next events, in this order."""
        return [self._record(event) for event in events]

    def _record(self, event: Event) -> Record:
        number, previous = self.heads.get(event.subject, (0, ZERO))
        kind, body = event.type.encode(), event.model_dump_json().encode()
        digest = chain(previous, number + 1, event.subject, kind, body)
        self.heads[event.subject] = number + 1, digest
        headers = (
            ("ce_subject", event.subject.encode()), ("ce_sequence", b"%d" % (number + 1)), ("ce_type", kind),
            ("ce_previous", previous.hex().encode()), ("ce_digest", digest.hex().encode()),
        )
        return Record("pruefpfad.test", lane_of(event.subject), number, event.subject.encode(), body, headers)


def two_vouchers() -> Story:
    """200.00 paid and 50.00 not, 600.00 received."""
    story = Story()
    story.voucher("1", 20_000, "17")
    story.voucher("2", 5_000, "18")
    story.receipt(60_000)
    story.pay("1", 20_000, "3.1")
    return story
