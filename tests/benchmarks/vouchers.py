"""What every variant is given: the same vouchers, as intake tells them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from shared.contracts.intake import MeasureData, MeasureRegistered, Municipality, Party, Voucher, VoucherRecorded
from shared.messaging.work import SystemClock, unit_of_work
from shared.persistence.database import Database
from shared.values.dates import Period
from shared.values.source import Source, id_of
from shared.values.subject import subject_of

CHUNK = 1_000
DIGEST = "b" * 64
YEAR = Period(start=date(2026, 1, 1), end=date(2026, 12, 31))


def registrations(measures: int) -> Iterator[MeasureRegistered]:
    """The measures, each with a service, a target group and an account of its own: none is another's neighbour (DOP-01)."""
    for n in range(measures):
        key = f"M-{n:05d}"
        yield MeasureRegistered(
            id=id_of("bench", key), subject=subject_of("measure", key), recorded_at=_now(), actor="bench",
            source=Source(digest=DIGEST, place=f"m{n}"),
            measure=MeasureData(
                key=key, name=f"Maßnahme {n} (Demo)", municipality=Municipality(key="demo", name="Modellkommune (Demo)"),
                carrier=f"Träger {n} (Demo)", service=f"Leistung {n}", target_group=f"Zielgruppe {n}", implementation=YEAR,
                rule_set="national", accounts=(f"DE00{n:018d}",), demo=True,
            ),
        )


def vouchers(first: int, count: int, measures: int, *, together: int = 1) -> Iterator[VoucherRecorded]:
    """Vouchers ``first`` … of all measures in turn, about 1 kB of JSON each, everyone with an invoice of its own; so many of a
    measure come ``together``, as in a list."""
    issuers = [Party(ref=f"P-{n:016x}", name=f"Lieferant {n} GmbH (Demo)") for n in range(50)]
    for n in range(first, first + count):
        key, cents = f"M-{n // together % measures:05d}", 1_000 + n * 37 % 90_000
        yield VoucherRecorded(
            id=id_of("bench", "voucher", str(n)), subject=subject_of("measure", key), recorded_at=_now(), actor="bench",
            source=Source(digest=DIGEST, place=str(n)),
            voucher=Voucher(
                measure=key, list="2026-1", number=str(n), position=f"1.{n % 5 + 1}", issuer=issuers[n % 50],
                payee_account=issuers[n % 50].ref, invoice_number=f"RE-2026-{n:07d}",
                invoice_date=date(2026, 1 + n % 12, 1 + n % 28),
                service=YEAR, budget_year=2026, gross_cents=cents, eligible_cents=cents - n % 3 * 100,
                payment_reference=f"BENCH{n:08d}", paid_on=date(2026, 1 + n % 12, 28),
            ),
        )


def tell(database_url: str, facts: Iterator[MeasureRegistered] | Iterator[VoucherRecorded]) -> int:
    """Put facts into intake's outbox the way intake does: emitted in transactions of a thousand."""
    told = 0
    with Database(database_url) as database:
        while some := [fact for _, fact in zip(range(CHUNK), facts, strict=False)]:
            with unit_of_work(database, SystemClock()) as work:
                work.emit(*some)
            told += len(some)
    return told


def _now() -> datetime:
    return datetime.now(UTC)
