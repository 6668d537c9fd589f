"""What cannot be reconciled is set aside with its reason; the others go on."""

from __future__ import annotations

from typing import Any

import pytest

from services.funding import application
from services.funding.domain import reconciliation
from shared.contracts.intake import ProgrammeRegistered
from tests.builders import a_programme
from tests.funding import facts
from tests.funding.running import Funding

HUGE = 9 * 10**14


def aside(funding: Funding) -> dict[str, str | None]:
    return {m["key"]: m["failed"] for m in funding.do(application.list_measures)}


def test_amounts_that_are_each_legal_add_up_to_a_total_that_is_stated(funding: Funding) -> None:
    funding.post(facts.measure(), facts.voucher(1, HUGE), facts.voucher(2, HUGE))
    funding.settle()
    assert funding.statement().totals.claimed_cents == 2 * HUGE


def test_a_measure_that_cannot_be_reconciled_is_set_aside_and_the_others_go_on(
    funding: Funding, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reconciliation.reconcile

    def refuses_one(case: Any) -> Any:
        if case.measure.key == "M-1":
            raise OverflowError("too much for this test")
        return real(case)

    monkeypatch.setattr(application, "reconcile", refuses_one)
    funding.post(facts.measure(), facts.voucher(1), facts.measure("M-2"), facts.voucher(1, key="M-2"))
    funding.settle()
    assert funding.statement("M-2").totals.claimed_cents == 100_00
    assert aside(funding) == {"M-1": "OverflowError: too much for this test", "M-2": None}
    assert funding.do(lambda work: application.count_set_aside(work.session)) == {"measure": 1}
    assert funding.do(lambda work: application.count_due(work.session)) == {"measure": 1}, "it is still due"

    monkeypatch.setattr(application, "reconcile", real)
    funding.settle()
    assert aside(funding)["M-1"], "the pause is not over"
    funding.post(facts.voucher(2))
    funding.settle()
    assert aside(funding)["M-1"] is None, "a fact of its own ends the pause"
    assert funding.statement("M-1").totals.claimed_cents == 200_00


def test_the_pause_of_what_was_set_aside_grows(funding: Funding, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(case: Any) -> Any:
        raise ValueError("never")

    monkeypatch.setattr(application, "reconcile", refuses)
    funding.post(facts.measure())
    pauses = []
    for n in range(3):
        funding.post(facts.voucher(n))
        funding.settle()
        [(pause,)] = funding.rows("select extract(epoch from retry_at - clock_timestamp()) from journal where failed is not null")
        pauses.append(pause)
    assert pauses[0] < 10.5 < pauses[1] < 20.5 < pauses[2]


def test_accounts_that_cannot_be_matched_do_not_keep_others_waiting(funding: Funding, monkeypatch: pytest.MonkeyPatch) -> None:
    real = vars(application)["match"]

    def refuses_big(claims: Any, lines: Any, words: Any) -> Any:
        if any(line.amount_cents == -666_00 for line in lines):
            raise ArithmeticError("cannot be matched")
        return real(claims, lines, words)

    other = "DE02500105170137075030"
    monkeypatch.setattr(application, "match", refuses_big)
    funding.post(
        facts.measure(), facts.voucher(1), facts.payment(1, -666_00), facts.measure("M-2", accounts=(other,)),
        facts.voucher(1, key="M-2", payment_reference="ABCDE1"), facts.payment(1, iban=other, end_to_end_id="ABCDE1"),
    )
    funding.settle()
    assert funding.statement("M-2").totals.spent_cents == 100_00
    assert aside(funding) == {"M-1": "ArithmeticError: cannot be matched", "M-2": None}


def test_a_programme_says_that_a_measure_of_it_is_set_aside(funding: Funding, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(case: Any) -> Any:
        raise ValueError("never")

    monkeypatch.setattr(application, "reconcile", refuses)
    data = a_programme(rule_set="national")
    funding.post(
        facts.told(ProgrammeRegistered, "programme/P-1", "P-1", programme=data), facts.measure(programme="P-1"),
    )
    funding.settle()
    found = funding.do(application.coverage_of, "programme/P-1")
    assert found is not None and found.parked == 1
