"""Facts: everything intake says. Each was handed in by somebody and leads back to the row it came from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.contracts.event import Event
from shared.values.dates import Period
from shared.values.funders import Funder
from shared.values.money import Cents, Sum
from shared.values.source import Source

Year = Annotated[int, Field(ge=1990, le=2100)]
Key = Annotated[str, Field(min_length=1, max_length=120)]


class Data(BaseModel):
    """Part of an event: frozen, and blind to fields of later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Fact(Event):
    """Something handed in: with the row it came from, and the earlier fact it corrects, if it does."""

    source: Source
    corrects: UUID | None = None
    """Id of the fact this one takes the place of. The earlier one stays; a correction is a new entry."""


class Party(Data):
    """Who issued an invoice or stands on the other side of a bank line.

    ``ref`` is a stable pseudonym of the name as names are compared (HMAC with the installation's key), or of VAT id or IBAN where
    no name was said; the name travels only if it is that of a legal person. Names of people stay in intake.
    """

    ref: str = Field(pattern=r"^P-[0-9a-f]{16}$")
    vat_id: str | None = Field(default=None, pattern=r"^P-[0-9a-f]{16}$")
    """Pseudonym of the VAT id, where it was handed in."""
    name: str | None = Field(default=None, max_length=200)


class Municipality(Data):
    """A municipality (Kommune): its key in the sender's numbering, its name, its official key (AGS, 5 or 8 digits) if known."""

    key: Key
    name: str = Field(min_length=1, max_length=200)
    ags: str | None = Field(default=None, pattern=r"^(\d{5}|\d{8})$")


# ── measure ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class MeasureData(Data):
    """A measure (Maßnahme, Vorhaben) as its carrier registers it."""

    key: Key
    name: str = Field(min_length=1, max_length=300)
    programme: Key | None = None
    municipality: Municipality
    carrier: str = Field(max_length=200)
    """Träger: the body that carries the measure out."""
    service: str = Field(max_length=200)
    """Leistung: what is done, in the words of the programme; compared by DOP-01."""
    target_group: str = Field(max_length=200)
    """Zielgruppe; compared by DOP-01."""
    implementation: Period
    """Durchführungszeitraum: services outside it are not eligible (ZEI-01)."""
    rule_set: str = Field(pattern=r"^[a-z0-9-]+$")
    """Name of the rules that apply: ``2007-2013``, ``2014-2020`` or ``national``."""
    accounts: tuple[str, ...] = ()
    """IBANs of the accounts the measure is paid from."""
    grant_reference: str | None = Field(default=None, max_length=80)
    """Förderkennzeichen."""
    demo: bool = False
    """Made for demonstration; every report says so."""


class MeasureRegistered(Fact):
    """A measure is known from now on; facts about it that came earlier are released."""

    type: Literal["de.pruefpfad.measure.registered.v1"] = "de.pruefpfad.measure.registered.v1"
    measure: MeasureData


class MeasureAliased(Fact):
    """The measure has another name (Aktenzeichen). Rows that call it so are facts of the measure from then on: intake sees to it.

    ``valid_from``: since when, where it was handed in; nothing is judged by it yet.
    """

    type: Literal["de.pruefpfad.measure.aliased.v1"] = "de.pruefpfad.measure.aliased.v1"
    measure: Key
    alias: Key
    valid_from: date | None = None


class MeasureWithdrawn(Fact):
    """The measure will not be carried out or not be claimed any more."""

    type: Literal["de.pruefpfad.measure.withdrawn.v1"] = "de.pruefpfad.measure.withdrawn.v1"
    measure: Key
    withdrawn_on: date


class PlanLine(Data):
    """One cell of a financing plan (Finanzierungsplan): position × budget year × module × district."""

    measure: Key
    position: Key
    """Einzelansatz, e.g. ``1.1`` or ``Personal``: vouchers name the same."""
    position_name: str | None = Field(default=None, max_length=200)
    budget_year: Year
    module: str | None = Field(default=None, max_length=120)
    """Baustein."""
    district: str | None = Field(default=None, max_length=120)
    """Quartier."""
    flat_rate: bool = False
    """Pauschale: follows its base instead of the 20 % rule."""
    amount_cents: Cents


class PlanLineRecorded(Fact):
    """Planned eligible expenditure of one cell."""

    type: Literal["de.pruefpfad.plan-line.recorded.v1"] = "de.pruefpfad.plan-line.recorded.v1"
    line: PlanLine


class FinancingType(StrEnum):
    """Finanzierungsart."""

    PROPORTIONAL = "proportional"
    DEFICIT = "deficit"
    FIXED_AMOUNT = "fixed_amount"
    FULL = "full"


class YearAmount(Data):
    """An amount that belongs to one budget year."""

    budget_year: Year
    amount_cents: Cents


class Award(Data):
    """A grant award (Zuwendungsbescheid) in one of its versions; the latest version counts."""

    measure: Key
    reference: Key
    """Aktenzeichen of the award."""
    version: int = Field(default=1, ge=1)
    grantor: Funder
    awarded_on: date
    period: Period
    """Bewilligungszeitraum."""
    financing: FinancingType
    share: Decimal | None = Field(default=None, ge=0, le=1)
    """Funding rate (Fördersatz), exact; None where the award names none (Festbetrag)."""
    base: Literal["total", "public"] = "total"
    """What the rate applies to: total or public eligible expenditure."""
    maximum_cents: Cents
    """Zuwendungshöchstbetrag over the whole term."""
    years: tuple[YearAmount, ...] = ()
    """Yearly tranches with their own maximum; empty where the award names none."""
    revoked_on: date | None = None

    def in_force(self, day: date) -> bool:
        """Was it awarded by the day, and not revoked by it?"""
        return self.awarded_on <= day and not (self.revoked_on and self.revoked_on <= day)


class GrantAwarded(Fact):
    """A grantor awards money to the measure."""

    type: Literal["de.pruefpfad.grant.awarded.v1"] = "de.pruefpfad.grant.awarded.v1"
    award: Award


class AwardAmended(Fact):
    """Änderungsbescheid: the award's next version, whole."""

    type: Literal["de.pruefpfad.award.amended.v1"] = "de.pruefpfad.award.amended.v1"
    award: Award


GrantFact = GrantAwarded | AwardAmended
"""Either way an award's version becomes known."""


class CommitmentStatus(StrEnum):
    """How far a co-funding promise has come. Only decided and awarded ones cover a year (KOF-01)."""

    ANNOUNCED = "announced"
    APPLIED = "applied"
    CONDITIONAL = "conditional"
    """Unter Vorbehalt: does not cover."""
    DECIDED = "decided"
    AWARDED = "awarded"
    CUT = "cut"
    """Gekürzt: covers with its latest amount."""
    WITHDRAWN = "withdrawn"
    """Entfallen."""


class Commitment(Data):
    """One year of a funder's promise (Kofinanzierungszusage), in one of its versions."""

    measure: Key
    funder: Funder
    number: Key
    """Number of the promise; its years and versions share it."""
    version: int = Field(default=1, ge=1)
    budget_year: Year
    amount_cents: Cents
    status: CommitmentStatus
    committed_on: date
    expires_on: date | None = None
    """Last day on which the promise can be drawn."""
    decision: str | None = Field(default=None, max_length=120)
    """Reference of the council paper (Vorlage) that decided it."""
    legal_form: str | None = Field(default=None, max_length=120)
    """Beschluss, Bescheid, Vertrag, LOI."""


class CofundingCommitted(Fact):
    """A funder promises, changes or takes back a year's co-funding."""

    type: Literal["de.pruefpfad.cofunding.committed.v1"] = "de.pruefpfad.cofunding.committed.v1"
    commitment: Commitment


class Receipt(Data):
    """Money of a funder that came in; negative when it was paid back."""

    measure: Key
    funder: Funder
    number: Key
    amount_cents: Cents
    received_on: date
    award_year: Year
    """The budget year of the award or promise it belongs to."""
    award: str | None = Field(default=None, max_length=120)
    """Aktenzeichen of the award, for money of a grantor."""
    payment_reference: str | None = Field(default=None, max_length=140)


def kept_by(receipts: Iterable[Receipt], last: date) -> int:
    """Cents that came by a day, less what was repaid later beyond what came later: a promise that lapsed still covers them."""
    came, later = 0, 0
    for receipt in receipts:
        if receipt.received_on <= last:
            came += receipt.amount_cents
        else:
            later += receipt.amount_cents
    return came + min(0, later)


class ReceiptRecorded(Fact):
    """A funder's payment came in, or was paid back."""

    type: Literal["de.pruefpfad.receipt.recorded.v1"] = "de.pruefpfad.receipt.recorded.v1"
    receipt: Receipt


# ── vouchers and bank ────────────────────────────────────────────────────────────────────────────────────────────────


class Voucher(Data):
    """One line of a voucher list (Belegliste). Free text stays in intake; the source leads to it."""

    measure: Key
    list: Key
    number: Key
    """Belegnummer."""
    twin: int = Field(default=1, ge=1)
    """1 for the first row of this key, 2 for a genuine second row that says the same."""
    position: Key
    issuer: Party
    payee_account: str | None = Field(default=None, pattern=r"^P-[0-9a-f]{16}$")
    """Pseudonym of the IBAN it is paid to, comparable with that of a bank line."""
    invoice_number: str | None = Field(default=None, max_length=80)
    invoice_date: date
    service: Period
    """Leistungszeitraum."""
    budget_year: Year
    gross_cents: Cents
    """Invoice total including VAT, of the whole invoice even if it is shared."""
    discount_cents: Cents = 0
    """Skonto, Rabatt."""
    credit_cents: Cents = 0
    """Gutschrift."""
    vat_cents: Cents | None = None
    """Value added tax within gross, of the whole invoice; None where it was not handed in."""
    ineligible_vat_cents: Cents | None = None
    """VAT in this measure's part that is not claimed (nicht förderfähige Umsatzsteuer); None where it was not handed in."""
    eligible_cents: Cents
    """What the measure claims of it (beantragt förderfähig)."""
    allocation: Decimal | None = Field(default=None, gt=0, le=1)
    """Declared share of the invoice that belongs to this measure; None where none was declared."""
    payment_reference: str | None = Field(default=None, max_length=140)
    """End-to-end or remittance reference of the payment."""
    paid_on: date | None = None
    """As the list says; proof is the bank line."""
    module: str | None = Field(default=None, max_length=120)
    district: str | None = Field(default=None, max_length=120)

    @property
    def payable_cents(self) -> int:
        """What had to be paid for the whole invoice: gross less discount and credit (BEL-04)."""
        return self.gross_cents - self.discount_cents - self.credit_cents


class VoucherRecorded(Fact):
    """A voucher was handed in for the first time."""

    type: Literal["de.pruefpfad.voucher.recorded.v1"] = "de.pruefpfad.voucher.recorded.v1"
    voucher: Voucher


class VoucherCorrected(Fact):
    """A voucher takes the place of an earlier one (``corrects``)."""

    type: Literal["de.pruefpfad.voucher.corrected.v1"] = "de.pruefpfad.voucher.corrected.v1"
    voucher: Voucher


class VoucherWithdrawn(Fact):
    """A voucher (``corrects``) is claimed no longer."""

    type: Literal["de.pruefpfad.voucher.withdrawn.v1"] = "de.pruefpfad.voucher.withdrawn.v1"
    measure: Key
    list: Key
    number: Key


class Payment(Data):
    """One booked line of a bank statement; debits are negative."""

    account: str = Field(pattern=r"^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$")
    """IBAN of the account the statement is of."""
    statement: Key
    entry: Key
    """Entry reference that is unique within the statement."""
    amount_cents: Cents
    booked_on: date
    value_date: date
    """Wertstellung: the payment date of a voucher list."""
    counterparty: Party | None = None
    counterparty_account: str | None = Field(default=None, pattern=r"^P-[0-9a-f]{16}$")
    end_to_end_id: str | None = Field(default=None, max_length=140)
    references: tuple[str, ...] = ()
    """Reference tokens found in the remittance information (upper case, letters and digits); the text itself stays in intake."""
    reversal: bool = False
    """The bank took an earlier entry back (RvslInd)."""


class PaymentBooked(Fact):
    """A bank statement shows a booked entry."""

    type: Literal["de.pruefpfad.payment.booked.v1"] = "de.pruefpfad.payment.booked.v1"
    payment: Payment


class StaffMonth(Data):
    """Share of one person's contract that works for the measure in one month. The person is a pseudonym."""

    measure: Key
    person: str = Field(pattern=r"^P-[0-9a-f]{16}$")
    year: Year
    month: int = Field(ge=1, le=12)
    share: Decimal = Field(ge=0, le=2)
    """0 where a correction takes the person off the measure."""
    cost_cents: Cents | None = None
    """Employer's cost of that share in that month, if handed in."""


class StaffAssigned(Fact):
    """A person works for the measure with a share of the month."""

    type: Literal["de.pruefpfad.staff.assigned.v1"] = "de.pruefpfad.staff.assigned.v1"
    staff: StaffMonth


# ── council decisions ────────────────────────────────────────────────────────────────────────────────────────────────


class StepResult(StrEnum):
    """Normalised result of a consultation step; the raw text is kept beside it."""

    PASSED_UNCHANGED = "passed_unchanged"
    PASSED_CHANGED = "passed_changed"
    REJECTED = "rejected"
    POSTPONED = "postponed"
    REFERRED = "referred"
    NOTED = "noted"
    """Zur Kenntnis genommen: not a decision."""
    UNKNOWN = "unknown"
    """A text we do not know: never guessed."""


class Step(Data):
    """One step of a consultation sequence (Beratungsfolge)."""

    body: str = Field(max_length=300)
    """Gremium."""
    role: str | None = Field(default=None, max_length=120)
    """Vorberatung, Entscheidung, … as written."""
    authoritative: bool | None = None
    """A decision is taken here; None where the council system does not say."""
    held_on: date | None = None
    meeting: str | None = Field(default=None, max_length=300)
    result_raw: str | None = Field(default=None, max_length=500)
    result: StepResult | None = None
    """None where no result is shown."""


class PaperFile(Data):
    """An attachment of a paper, as the council system names it."""

    name: str = Field(max_length=300)
    url: str | None = Field(default=None, max_length=1000)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class Decision(Data):
    """A council paper (Vorlage) and the way it took."""

    paper: Key
    """``<municipality key>/<reference>``, e.g. ``03157/2021/941``."""
    reference: Key
    title: str = Field(max_length=1000)
    paper_type: str | None = Field(default=None, max_length=120)
    lead: tuple[str, ...] = ()
    """Federführung."""
    dated: date | None = None
    modified: str | None = Field(default=None, max_length=40)
    deleted: bool = False
    url: str | None = Field(default=None, max_length=1000)
    steps: tuple[Step, ...] = ()
    files: tuple[PaperFile, ...] = ()


class DecisionRecorded(Fact):
    """The state of a council paper as its information system shows it; a later state is a new fact of the same paper."""

    type: Literal["de.pruefpfad.decision.recorded.v1"] = "de.pruefpfad.decision.recorded.v1"
    decision: Decision


class DecisionDetail(Data):
    """What a council system does not know: money, year, budget, approvals (read from the paper by a person)."""

    paper: Key
    funder: Funder
    budget_year: Year
    amount_cents: Cents | None = None
    """None: the paper names the funder but no amount (KOF-11)."""
    in_budget: bool | None = None
    """Im Budget enthalten; None where the paper does not say."""
    approval: str | None = Field(default=None, max_length=200)
    """Reference of an über- or außerplanmäßige Bewilligung, a Nachtragshaushalt or a Deckungsvorschlag."""
    approved_on: date | None = None
    product: str | None = Field(default=None, max_length=80)
    """Produkt/Konto."""


class DecisionDetailed(Fact):
    """Amount, year and budget of a decision, for one funder."""

    type: Literal["de.pruefpfad.decision.detailed.v1"] = "de.pruefpfad.decision.detailed.v1"
    detail: DecisionDetail


# ── programme ────────────────────────────────────────────────────────────────────────────────────────────────────────


class ProgrammeData(Data):
    """A funding programme over several municipalities."""

    key: Key
    name: str = Field(min_length=1, max_length=300)
    rule_set: str = Field(pattern=r"^[a-z0-9-]+$")
    period: Period
    minimum_cofunding: Decimal | None = Field(default=None, ge=0, le=1)
    """Least national share of actual expenditure (KOF-03); None where the programme names none."""
    demo: bool = False


class ProgrammeRegistered(Fact):
    """A programme is known from now on."""

    type: Literal["de.pruefpfad.programme.registered.v1"] = "de.pruefpfad.programme.registered.v1"
    programme: ProgrammeData


class Participation(Data):
    """A municipality takes part in a programme, from a day, until a day or still."""

    programme: Key
    municipality: Municipality
    joined_on: date
    left_on: date | None = None
    amount_cents: Cents | None = None
    """Its share of the programme's money, as the programme says."""
    demo: bool = False


class ParticipationRecorded(Fact):
    """A municipality takes part, or left."""

    type: Literal["de.pruefpfad.participation.recorded.v1"] = "de.pruefpfad.participation.recorded.v1"
    participation: Participation


class Figure(Data):
    """A published number. Figures of different scope or day stand beside each other; none replaces another."""

    programme: Key
    scope: str = Field(max_length=80)
    """What it counts: ``municipalities`` (a number of them), ``participations`` (Σ of their amounts), ``funders`` …"""
    unit: Literal["count", "cents"]
    value: int
    rounding_unit_cents: Cents | None = None
    """The unit it was rounded to when published; half of it is the tolerance (PRG-01). None: exact."""
    published_on: date
    publication: str = Field(max_length=300)


class FigurePublished(Fact):
    """Somebody published a number about a programme."""

    type: Literal["de.pruefpfad.figure.published.v1"] = "de.pruefpfad.figure.published.v1"
    figure: Figure


class SizeBand(Data):
    """Ceiling of a grant by inhabitants (Größenstaffel): from … to, both included."""

    programme: Key
    inhabitants_from: int = Field(ge=0)
    inhabitants_to: int | None = None
    maximum_cents: Cents


class SizeBandSet(Fact):
    """A programme limits grants by size of the municipality."""

    type: Literal["de.pruefpfad.size-band.set.v1"] = "de.pruefpfad.size-band.set.v1"
    band: SizeBand


class Population(Data):
    """Inhabitants of a municipality on a reference day."""

    programme: Key
    municipality: Key
    counted_on: date
    inhabitants: int = Field(ge=0)


class PopulationRecorded(Fact):
    """How many people live in a municipality, on which day."""

    type: Literal["de.pruefpfad.population.recorded.v1"] = "de.pruefpfad.population.recorded.v1"
    population: Population


class SignedReport(Data):
    """A report somebody signed: period, cut-off date of its figures and day of signature are three dates."""

    programme: Key | None = None
    measure: Key | None = None
    title: str = Field(max_length=300)
    period: Period
    cut_off: date
    """Stichtag of the figures."""
    signed_on: date


class ReportSigned(Fact):
    """A report over a period was signed (ZEI-07)."""

    type: Literal["de.pruefpfad.report.signed.v1"] = "de.pruefpfad.report.signed.v1"
    report: SignedReport


# ── people's instructions ────────────────────────────────────────────────────────────────────────────────────────────


class SetCutOff(Data):
    """State everything as of this day (Stichtag), from now on and after every later correction."""

    kind: Literal["set_cut_off"] = "set_cut_off"
    as_of: date


class ConfirmMatch(Data):
    """A person confirms that a bank line pays a voucher.

    What is confirmed adds up: several lines for a voucher are instalments, one line for several vouchers is a collective debit
    (Sammelüberweisung). ``reject_match`` takes one back.
    """

    kind: Literal["confirm_match"] = "confirm_match"
    voucher: UUID
    payment: UUID
    reason: str = Field(min_length=3, max_length=300)


class RejectMatch(Data):
    """A person says that a bank line does not pay a voucher."""

    kind: Literal["reject_match"] = "reject_match"
    voucher: UUID
    payment: UUID
    reason: str = Field(min_length=3, max_length=300)


class WaiveFinding(Data):
    """A finding is accepted with a reason (four eyes: ``approved_by`` is another than the actor).

    It is accepted as it stands: a larger amount at risk opens it again.
    """

    kind: Literal["waive_finding"] = "waive_finding"
    finding: UUID
    reason: str = Field(min_length=3, max_length=300)
    at_risk_cents: Sum | None = None
    """The amount at risk that is accepted; without it the one that stands when funding comes to know the waiver."""
    withdrawn: bool = False
    """The waiver is taken back: the finding is open again."""


class Close(Data):
    """A budget year or, without one, the whole measure is closed: from now on over-funding counts (KOF-05)."""

    kind: Literal["close"] = "close"
    budget_year: Year | None = None
    closed_on: date


class ReleaseParked(Data):
    """A parked fact is tried again."""

    kind: Literal["release_parked"] = "release_parked"
    fact: UUID


class DismissParked(Data):
    """A parked fact will not be applied, such as a row of a measure that does not exist. It stays as evidence."""

    kind: Literal["dismiss_parked"] = "dismiss_parked"
    fact: UUID
    reason: str = Field(min_length=3, max_length=300)


class ConsentToPosition(Data):
    """Prior consent of the grantor shields a position from FIN-01 (never the total)."""

    kind: Literal["consent_to_position"] = "consent_to_position"
    position: Key
    reference: str = Field(min_length=1, max_length=120)


Instruction = Annotated[
    SetCutOff | ConfirmMatch | RejectMatch | WaiveFinding | Close | ReleaseParked | DismissParked | ConsentToPosition,
    Field(discriminator="kind"),
]


class InstructionGiven(Fact):
    """A person decided something; its subject is the measure or programme it is about."""

    type: Literal["de.pruefpfad.instruction.given.v1"] = "de.pruefpfad.instruction.given.v1"
    instruction: Instruction


# ── about files ──────────────────────────────────────────────────────────────────────────────────────────────────────


class RowRejected(Fact):
    """A row could not be read. What to mend is here; the value itself stays in intake."""

    type: Literal["de.pruefpfad.row.rejected.v1"] = "de.pruefpfad.row.rejected.v1"
    error: str = Field(pattern=r"^[A-Z]{2,4}-\d{2}$")
    """Code in intake's catalogue of row errors."""
    column: str | None = None
    expected: str = Field(min_length=1)
    mend: str = Field(min_length=1)
    """How to mend it, in German; the catalogue holds the English text."""
    concerns: str | None = None
    """Subject the row is about, where the row still says so."""
    series: str | None = None
    """Files that are editions of each other share it: a later edition settles the rejections of the earlier."""
    submission: str | None = None
    """``source id`` of the submission, so that its sender finds the answer."""


class SubjectTotal(Data):
    """What a file brought for one subject."""

    subject: str
    facts: int
    cents: Sum


class FileRead(Fact):
    """A file has been read to its end: control totals."""

    type: Literal["de.pruefpfad.file.read.v1"] = "de.pruefpfad.file.read.v1"
    kind: str
    series: str
    rows: int
    facts: int
    """New facts it brought."""
    known: int
    """Rows that said what was known already."""
    rejected: int
    ignored: int = 0
    """Rows that are no facts by their nature (pending bank entries, totals)."""
    remarks: tuple[str, ...] = ()
    """What a reader noticed about the file as a whole, e.g. a balance that does not add up."""
    totals: tuple[SubjectTotal, ...] = ()
    """Per subject, at most 1,000; ``totals_cut`` says that there were more."""
    totals_cut: bool = False


IntakeEvent = Annotated[
    MeasureRegistered
    | MeasureAliased
    | MeasureWithdrawn
    | PlanLineRecorded
    | GrantAwarded
    | AwardAmended
    | CofundingCommitted
    | ReceiptRecorded
    | VoucherRecorded
    | VoucherCorrected
    | VoucherWithdrawn
    | PaymentBooked
    | StaffAssigned
    | DecisionRecorded
    | DecisionDetailed
    | ProgrammeRegistered
    | ParticipationRecorded
    | FigurePublished
    | SizeBandSet
    | PopulationRecorded
    | ReportSigned
    | InstructionGiven
    | RowRejected
    | FileRead,
    Field(discriminator="type"),
]
"""All that intake says."""

INTAKE: Final[TypeAdapter[IntakeEvent]] = TypeAdapter(IntakeEvent)
"""Reads any intake event from its JSON."""
