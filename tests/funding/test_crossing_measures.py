"""What one measure's facts say about another."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from shared.contracts.funding import MeasureReconciled, PaymentMatched
from shared.contracts.intake import (
    DecisionDetailed,
    DecisionRecorded,
    MeasureWithdrawn,
    Municipality,
    Party,
    StaffAssigned,
    StaffMonth,
    Step,
    StepResult,
    VoucherRecorded,
    WaiveFinding,
)
from tests.funding import facts
from tests.funding.facts import person, told
from tests.funding.running import Funding


def codes(funding: Funding, measure: str) -> list[str]:
    return [f.code for f in funding.findings(f"measure/{measure}")]


def test_measures_of_one_municipality_are_compared_by_its_official_key(funding: Funding) -> None:
    towns = {key: Municipality(key=own, name="LK Harz", ags="15085") for key, own in (("A", "harz-a"), ("B", "15085"))}
    for key, town in towns.items():
        funding.post(facts.measure(key, municipality=town, carrier=f"Träger {key}"), facts.award(key=key, reference=f"AZ-{key}"))
    funding.settle()
    assert all("DOP-01" in codes(funding, key) for key in towns)


def test_a_withdrawn_measure_claims_nothing_against_others(funding: Funding) -> None:
    shared = {"issuer": Party(ref=person(7)), "invoice_number": "R-1"}
    whole = {"person": person(1), "year": 2026, "month": 1, "share": Decimal(1)}
    months = [
        told(StaffAssigned, f"measure/{key}", "P", staff=StaffMonth(measure=key, **whole)) for key in ("M-1", "M-2")
    ]
    funding.post(
        facts.measure(), facts.measure("M-2", carrier="Anderer"), *months,
        facts.voucher(1, **shared), facts.voucher(1, key="M-2", **shared),
    )
    funding.settle()
    assert {"BEL-01", "PER-01"} <= set(codes(funding, "M-1"))
    funding.post(told(MeasureWithdrawn, "measure/M-2", "w", measure="M-2", withdrawn_on=date(2026, 3, 2)))
    funding.settle()
    for key in ("M-1", "M-2"):
        assert not {"BEL-01", "PER-01"} & set(codes(funding, key))


def test_promises_name_the_papers_of_the_municipality_as_it_was_corrected(funding: Funding) -> None:
    registered = facts.measure()
    funding.post(registered, facts.promise(100_00, funder=facts.CITY, number="S", decision="V-1"))
    funding.post(facts.measure(corrects=registered.id, municipality=Municipality(key="neu", name="Neu (Demo)")))
    paper, detail = facts.decision().decision, facts.detail(100_00).detail
    moved = {"paper": "neu/V-1"}
    funding.post(
        told(DecisionRecorded, "paper/neu%2FV-1", "V-1", decision=paper.model_copy(update=moved)),
        told(DecisionDetailed, "paper/neu%2FV-1", "d", detail=detail.model_copy(update=moved)),
    )
    funding.settle()
    assert [c.missing for c in funding.statement().checks if c.code == "BES-02"] == [()]


def test_a_finding_that_crosses_measures_has_the_same_union_part_from_both_sides(funding: Funding) -> None:
    town = Municipality(key="anders", name="Anderswo (Demo)")
    shared = {"issuer": Party(ref=person(7)), "invoice_number": "R-1"}
    funding.post(
        facts.measure(), facts.award(share=Decimal("0.5")), facts.voucher(1, **shared),
        facts.measure("M-2", carrier="Anderer", municipality=town, service="Anderes", target_group="Andere"),
        facts.award(key="M-2", share=Decimal("0.8"), reference="AZ-2"), facts.voucher(1, key="M-2", **shared),
    )
    funding.settle()
    here, there = (next(f for f in funding.findings(f"measure/{key}") if f.code == "BEL-01") for key in ("M-1", "M-2"))
    assert (here.id, here.at_risk_eu_cents) == (there.id, there.at_risk_eu_cents)
    assert here.at_risk_eu_cents == 50_00 * 5 // 10 + 50_00 * 8 // 10


def lists(funding: Funding, *more: dict[str, object]) -> list[VoucherRecorded]:
    """One invoice in a measure each, as lists name it that have different columns."""
    vouchers = []
    for n, said in enumerate(more, 1):
        town, key = Municipality(key=f"ort-{n}", name=f"Ort {n} (Demo)"), f"M-{n}"
        vouchers.append(facts.voucher(1, key=key, **{"invoice_number": "R-1"} | said))
        apart = {"municipality": town, "carrier": f"Träger {n}", "service": f"Leistung {n}", "target_group": f"Gruppe {n}"}
        funding.post(facts.measure(key, **apart), vouchers[-1])
        funding.settle()
    return vouchers


WITHOUT = {"issuer": Party(ref=person(7))}
WITH_IBAN = {"issuer": Party(ref=person(7)), "payee_account": person(8)}
WITH_VAT = {"issuer": Party(ref=person(7), vat_id=person(9))}


@pytest.mark.parametrize("said", [WITH_IBAN, WITH_VAT], ids=["IBAN", "VAT id"])
def test_an_invoice_is_claimed_twice_though_only_one_list_has_the_column(funding: Funding, said: dict[str, object]) -> None:
    lists(funding, WITHOUT, said)
    here, there = ([f for f in funding.findings(f"measure/{key}") if f.code == "BEL-01"] for key in ("M-1", "M-2"))
    assert [f.id for f in here] == [f.id for f in there] and [f.crosses for f in here] == [("measure/M-1", "measure/M-2")]


def test_an_issuer_with_two_names_is_found_by_way_of_a_third_list_and_no_longer_without_it(funding: Funding) -> None:
    other_name = {"issuer": Party(ref=person(6)), "payee_account": person(8)}
    *_, between = lists(funding, WITHOUT, other_name, WITH_IBAN)
    assert all("BEL-01" in codes(funding, key) for key in ("M-1", "M-2", "M-3"))
    funding.post(facts.corrected(between, invoice_number="R-9"))
    funding.settle()
    assert not any("BEL-01" in codes(funding, key) for key in ("M-1", "M-2", "M-3"))


def test_other_suppliers_with_equal_number_and_amount_concern_nobody(funding: Funding) -> None:
    lists(funding, WITHOUT, {"issuer": Party(ref=person(6)), "payee_account": person(8)})
    assert not any("BEL-01" in codes(funding, key) for key in ("M-1", "M-2"))
    assert len(funding.told(MeasureReconciled)) == 2


def test_what_one_measure_cancels_is_not_claimed_against_another(funding: Funding) -> None:
    lists(funding, WITHOUT, WITH_IBAN)
    funding.post(facts.voucher(2, -100_00, key="M-2", invoice_number="R-1", **WITHOUT))
    funding.settle()
    assert not any("BEL-01" in codes(funding, key) for key in ("M-1", "M-2"))


def test_one_debit_proves_payment_for_all_vouchers_of_an_invoice_whatever_their_columns(funding: Funding) -> None:
    half = {"allocation": Decimal("0.5"), "eligible_cents": 50_00, "invoice_number": "R-10815"}
    funding.post(
        facts.measure(), facts.voucher(1, **half, **WITHOUT), facts.voucher(2, 100_00, **half, **WITH_IBAN),
        facts.payment(1, -100_00, references=("R10815",)),
    )
    funding.settle()
    assert [m.match.paid_cents for m in funding.told(PaymentMatched)] == [50_00, 50_00]
    assert not {"BEL-01", "BEL-05"} & set(codes(funding, "M-1"))


def test_a_finding_that_crosses_measures_is_waived_for_all_of_them_at_once_and_opened_so(funding: Funding) -> None:
    def waived() -> list[str | None]:
        return [f.waived for key in ("M-1", "M-2") for f in funding.findings(f"measure/{key}") if f.code == "BEL-01"]

    lists(funding, WITHOUT, WITH_IBAN)
    (found,) = [f for f in funding.findings() if f.code == "BEL-01"]
    funding.post(facts.instruction("measure/M-2", WaiveFinding(finding=found.id, reason="geteilt")))
    funding.settle()
    assert waived() == ["geteilt", "geteilt"]
    apart = {"municipality": Municipality(key="ort-3", name="Ort 3 (Demo)"), "carrier": "Träger 3", "service": "Leistung 3"}
    third = facts.voucher(1, key="M-3", invoice_number="R-1", **WITH_VAT)
    funding.post(facts.measure("M-3", target_group="Gruppe 3", **apart), third)
    funding.settle()
    assert waived() == [None, None], "it was given for two claims, and there are three"
    assert [f.waived for f in funding.findings("measure/M-3") if f.code == "BEL-01"] == [None]


def test_the_flaw_of_a_decision_is_waived_for_all_measures_that_rest_on_it(funding: Funding) -> None:
    rejected = Step(
        body="Rat", role="Entscheidung", authoritative=True, held_on=date(2026, 1, 15), result_raw="abgelehnt",
        result=StepResult.REJECTED,
    )

    def waived() -> set[str | None]:
        found = [f for key in ("M-1", "M-2") for f in funding.findings(f"measure/{key}") if f.object.startswith("paper ")]
        assert len({f.id for f in found}) < len(found), "one flaw, seen from both"
        return {f.waived for f in found if f.id == chosen}

    for key in ("M-1", "M-2"):
        funding.post(facts.measure(key), facts.promise(100, key=key, funder=facts.CITY, decision="V-1"))
    funding.post(facts.decision(steps=(rejected,)), facts.detail(200))
    funding.settle()
    chosen = next(f.id for f in funding.findings("measure/M-1") if f.object.startswith("paper "))
    funding.post(facts.instruction("measure/M-1", WaiveFinding(finding=chosen, reason="neu beschlossen")))
    funding.settle()
    assert waived() == {"neu beschlossen"}
    funding.clock.at += timedelta(minutes=1)
    back = WaiveFinding(finding=chosen, reason="doch nicht", withdrawn=True)
    funding.post(facts.instruction("measure/M-2", back).model_copy(update={"recorded_at": funding.clock.at}))
    funding.settle()
    assert waived() == {None}


def test_a_waiver_is_taken_back_in_any_of_the_measures_it_holds_for(funding: Funding) -> None:
    towns = Municipality(key="harz", name="LK Harz", ags="15085")
    for key in ("M-1", "M-2"):
        funding.post(facts.measure(key, municipality=towns), facts.award(key=key, reference=f"AZ-{key}"))
    funding.settle()
    (found,) = [f for f in funding.findings() if f.code == "DOP-01"]
    funding.post(facts.instruction("measure/M-1", WaiveFinding(finding=found.id, reason="andere Gruppe")))
    funding.settle()
    for withdrawn, expected in ((False, "andere Gruppe"), (True, None)):
        if withdrawn:
            funding.clock.at += timedelta(minutes=1)
            back = WaiveFinding(finding=found.id, reason="doch nicht", withdrawn=True)
            funding.post(facts.instruction("measure/M-2", back).model_copy(update={"recorded_at": funding.clock.at}))
            funding.settle()
        for key in ("M-1", "M-2"):
            assert [f.waived for f in funding.findings(f"measure/{key}") if f.code == "DOP-01"] == [expected]
