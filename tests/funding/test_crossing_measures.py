"""What one measure's facts say about another."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from shared.contracts.intake import (
    DecisionDetailed,
    DecisionRecorded,
    MeasureWithdrawn,
    Municipality,
    Party,
    StaffAssigned,
    StaffMonth,
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
