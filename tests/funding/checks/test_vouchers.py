"""BEL-01, BEL-03, BEL-04, BEL-05: claimed once, shared within the payment, paid as invoiced, proven?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.domain.case import Proof
from services.funding.domain.checks.rate.accepted import accepted
from services.funding.domain.checks.time.paid_after_final_date import paid_after_final_date
from services.funding.domain.checks.vouchers.allocated_beyond_payment import allocated_beyond_payment
from services.funding.domain.checks.vouchers.claimed_twice import claimed_twice
from services.funding.domain.checks.vouchers.paid_other_amount import paid_other_amount
from services.funding.domain.checks.vouchers.unpaid import unpaid
from services.funding.domain.finding import Check
from services.funding.domain.reconciliation import reconcile
from shared.contracts.funding import FindingRaised, Outcome, Severity
from shared.contracts.intake import Party
from shared.messaging.envelope import MAX_BODY
from shared.values.money import round_half_up
from tests.builders import UNPAID, a_case, a_debit, a_measure, a_proof, a_related, a_voucher, an_award, finding, findings, run
from tests.funding import facts
from tests.funding.facts import person


def catering(measure: str = "M-1", cents: int = 500_00, **data):
    """The catering invoice of 16.10.2019, gross 500.00, as one measure claims it."""
    return a_voucher("C", cents, measure=measure, **{"invoice_number": "RE-1016", "gross_cents": 500_00} | data)


class TestClaimedTwice:
    """G7, Harz: one invoice in two measures."""

    def test_an_invoice_claimed_whole_in_two_measures_is_one_finding_seen_alike_from_both(self) -> None:
        here = a_case(
            vouchers=(catering(),),
            elsewhere=(catering("M-2"),),
            awards=(an_award(),),
            related=(a_related("M-2", an_award(measure="M-2")),),
        )
        there = a_case(
            measure=a_measure("M-2"), vouchers=(catering("M-2"),), elsewhere=(catering(),), awards=(an_award(measure="M-2"),),
            related=(a_related("M-1", an_award()),),
        )
        found = finding(claimed_twice, here)
        assert found == finding(claimed_twice, there)
        assert found.crosses == ("measure/M-1", "measure/M-2")
        assert found.object == "invoice P-0000000000000001 re-1016 500,00"
        assert (found.budget_year, found.at_risk_cents, found.at_risk_eu_cents) == (None, 500_00, 250_00)
        assert found.arithmetic == "2 × 500,00 = 1.000,00; 1.000,00 − 500,00 = 500,00"

    def test_an_invoice_claimed_in_two_thousand_measures_is_told_in_one_event_that_says_what_it_leaves_out(self) -> None:
        case = a_case(vouchers=(catering(),), elsewhere=tuple(catering(f"M-{n:04d}") for n in range(2, 2_001)))
        found = finding(claimed_twice, case)
        assert (len(found.crosses), len(found.vouchers), len(found.references)) == (2_000, 2_000, 2_000)
        assert (found.inputs["…"], found.inputs["… Fundstellen"]) == ("und 1.501 weitere", "und 2.000 weitere")
        raised = FindingRaised(
            id=found.id, subject="measure/M-1", recorded_at=facts.KNOWN, actor="test", as_of=case.as_of, finding=found
        )
        assert len(raised.model_dump_json().encode()) < MAX_BODY

    def test_shared_60_to_40_it_holds(self) -> None:
        case = a_case(
            vouchers=(catering(cents=300_00, allocation=Decimal("0.6")),),
            elsewhere=(catering("M-2", 200_00, allocation=Decimal("0.4")),),
        )
        assert run(claimed_twice, case).outcome is Outcome.HOLDS

    def test_shares_of_a_hundredth_of_a_percent_more_than_the_whole_are_too_much(self) -> None:
        case = a_case(
            vouchers=(catering(cents=300_00, allocation=Decimal("0.6")),),
            elsewhere=(catering("M-2", 200_05, allocation=Decimal("0.4001")),),
        )
        assert finding(claimed_twice, case).at_risk_cents == 5

    def test_declared_shares_above_100_percent_are_found_with_what_exceeds_the_invoice(self) -> None:
        case = a_case(
            vouchers=(catering(cents=300_00, allocation=Decimal("0.6")),),
            elsewhere=(catering("M-2", 250_00, allocation=Decimal("0.5")),),
        )
        assert finding(claimed_twice, case).at_risk_cents == 50_00

    def test_a_share_beside_a_whole_claim_is_at_risk_with_the_share(self) -> None:
        case = a_case(vouchers=(catering(cents=300_00, allocation=Decimal("0.6")),), elsewhere=(catering("M-2"),))
        assert finding(claimed_twice, case).at_risk_cents == 300_00

    def test_where_only_part_is_eligible_the_second_claim_is_at_risk_whole(self) -> None:
        case = a_case(vouchers=(catering(cents=420_17),), elsewhere=(catering("M-2", 420_17),))
        assert finding(claimed_twice, case).at_risk_cents == 420_17

    def test_a_genuine_second_row_of_one_list_is_a_double_within_the_measure(self) -> None:
        case = a_case(vouchers=(catering(), replace(catering(), fact=a_voucher("x").fact, data=catering(twin=2).data)))
        found = finding(claimed_twice, case)
        assert (found.crosses, found.at_risk_cents) == ((), 500_00)

    def test_another_number_issuer_or_amount_is_another_invoice(self) -> None:
        assert run(claimed_twice, a_case(vouchers=(a_voucher(1), a_voucher(2)))).outcome is Outcome.HOLDS
        other_amount = catering("M-2", 499_00, gross_cents=499_00)
        assert run(claimed_twice, a_case(vouchers=(catering(),), elsewhere=(other_amount,))).outcome is Outcome.HOLDS

    def test_a_voucher_cancelled_by_its_opposite_is_out(self) -> None:
        cancelled = a_voucher("C-", -500_00, invoice_number="RE-1016", proof=UNPAID)
        twice = (catering(), a_voucher("C2", 500_00, invoice_number="RE-1016"))
        assert run(claimed_twice, a_case(vouchers=(*twice, cancelled))).outcome is Outcome.HOLDS
        assert finding(claimed_twice, a_case(vouchers=twice))

    def test_of_several_claims_the_one_is_cancelled_whose_claim_is_taken_back(self) -> None:
        right, wrong = catering(cents=300_00), replace(catering(cents=500_00), fact=a_voucher("x").fact)
        cancelled = a_voucher("C-", -500_00, invoice_number="RE-1016", proof=UNPAID)
        for own in ((right, wrong, cancelled), (cancelled, wrong, right)):
            found = finding(claimed_twice, a_case(vouchers=own, elsewhere=(catering("M-2"),)))
            assert found.arithmetic == "300,00 + 500,00 = 800,00; 800,00 − 500,00 = 300,00"
        other = a_voucher("C-", -500_00, invoice_number="RE-1016", eligible_cents=-1, proof=UNPAID)
        assert run(claimed_twice, a_case(vouchers=(right, other, wrong))).outcome is Outcome.HOLDS

    def test_what_others_claim_twice_of_an_invoice_that_may_be_ones_own_and_is_not_is_theirs(self) -> None:
        def by(measure: str, vat: int, cents: int = 500_00):
            return catering(measure, cents, issuer=Party(ref=person(1), vat_id=person(vat)))

        others = (by("M-2", 8), by("M-3", 8))
        assert run(claimed_twice, a_case(vouchers=(by("M-1", 7),), elsewhere=others)).outcome is Outcome.HOLDS
        assert finding(claimed_twice, a_case(vouchers=(by("M-1", 8),), elsewhere=others)).crosses[-1] == "measure/M-3"
        gone = (by("M-1", 8), replace(by("M-1", 8, -500_00), fact=a_voucher("x").fact))
        cancelled = (gone[0], replace(gone[1], data=gone[1].data.model_copy(update={"gross_cents": -500_00})))
        assert run(claimed_twice, a_case(vouchers=cancelled, elsewhere=others)).outcome is Outcome.NOT_APPLICABLE

    def test_payroll_lines_without_an_invoice_number_are_not_compared(self) -> None:
        pay = tuple(a_voucher(n, invoice_number=None) for n in (1, 2))
        assert run(claimed_twice, a_case(vouchers=pay)).outcome is Outcome.NOT_APPLICABLE

    @given(st.lists(st.tuples(st.integers(1, 500_00), st.sampled_from([None, "0.25", "0.4", "1"])), min_size=2, max_size=5))
    def test_what_is_at_risk_lies_on_the_vouchers_and_is_never_more_than_their_claims(
        self, claims: list[tuple[int, str | None]]
    ) -> None:
        vouchers = tuple(
            a_voucher(n, cents, invoice_number="RE-1", gross_cents=500_00, allocation=Decimal(share) if share else None)
            for n, (cents, share) in enumerate(claims)
        )
        found = findings(claimed_twice, a_case(vouchers=vouchers))
        assert bool(found) == (sum(Decimal(share or 1) for _, share in claims) > 1)
        assert all(0 <= f.at_risk_cents < sum(cents for cents, _ in claims) for f in found)


class TestAllocatedBeyondPayment:
    def shared(self, paid: int, one: int = 300_00, other: int = 200_00):
        proof = a_proof(paid)
        return a_case(
            vouchers=(catering(cents=one, allocation=Decimal("0.6"), proof=proof),),
            elsewhere=(catering("M-2", other, allocation=Decimal("0.4"), proof=proof),),
        )

    def test_shares_within_the_payment_hold_to_the_cent(self) -> None:
        assert run(allocated_beyond_payment, self.shared(500_00)).outcome is Outcome.HOLDS

    def test_one_cent_beyond_the_payment_is_at_risk_once_for_both_measures(self) -> None:
        found = finding(allocated_beyond_payment, self.shared(499_99))
        assert (found.at_risk_cents, found.crosses) == (1, ("measure/M-1", "measure/M-2"))
        assert found.arithmetic == "300,00 + 200,00 = 500,00; 500,00 − 499,99 = 0,01"

    def test_halves_of_a_cent_rounded_up_on_both_sides_are_no_claim_beyond_the_payment(self) -> None:
        def halves(one: int, other: int, paid: int = 100_01):
            shared = {"gross_cents": 100_01, "allocation": Decimal("0.5"), "proof": a_proof(paid)}
            return a_case(vouchers=(catering(cents=one, **shared),), elsewhere=(catering("M-2", other, **shared),))

        assert run(allocated_beyond_payment, halves(50_01, 50_01)).outcome is Outcome.HOLDS
        assert run(allocated_beyond_payment, halves(50_02, 50_01)).outcome is Outcome.HOLDS, "a cent is how it was split"
        assert finding(allocated_beyond_payment, halves(50_03, 50_01)).at_risk_cents == 2
        assert run(allocated_beyond_payment, halves(50_01, 50_03)).outcome is Outcome.HOLDS, "these cents are the other measure's"
        short = finding(allocated_beyond_payment, halves(50_01, 50_01, paid=99_00))
        assert (short.at_risk_cents, short.arithmetic) == (1_01, "2 × 50,01 = 100,02; 100,01 − 99,00 = 1,01")

    def test_undeclared_doubles_are_not_judged(self) -> None:
        case = a_case(vouchers=(catering(),), elsewhere=(catering("M-2"),))
        assert run(allocated_beyond_payment, case).outcome is Outcome.NOT_APPLICABLE

    def test_what_is_withdrawn_claims_nothing_seen_from_any_side(self) -> None:
        case = replace(self.shared(499_99), withdrawn_on=date(2016, 1, 1))
        assert run(allocated_beyond_payment, case).outcome is Outcome.NOT_APPLICABLE

    def test_without_proof_of_payment_it_is_silent(self) -> None:
        case = a_case(vouchers=(catering(cents=600_00, allocation=Decimal("0.6"), proof=UNPAID),))
        assert run(allocated_beyond_payment, case).outcome is Outcome.NOT_APPLICABLE

    def test_what_exceeds_the_invoice_itself_is_at_risk_in_bel_01_only(self) -> None:
        proof = a_proof(500_00)
        case = a_case(
            vouchers=(catering(cents=300_00, allocation=Decimal("0.6"), proof=proof),),
            elsewhere=(catering("M-2", 250_00, allocation=Decimal("0.5"), proof=proof),),
        )
        assert finding(allocated_beyond_payment, case).at_risk_cents == 0
        assert finding(claimed_twice, case).at_risk_cents == 50_00

    def test_a_share_may_claim_its_part_of_the_invoice_to_the_cent_and_more_is_at_risk_though_all_of_them_stay_within_it(
        self,
    ) -> None:
        assert run(allocated_beyond_payment, self.shared(500_00, 300_01, 100_00)).outcome is Outcome.HOLDS
        found = finding(allocated_beyond_payment, self.shared(500_00, 300_02, 199_98))
        assert (found.object, found.budget_year, found.crosses) == ("voucher M-1 2015-1/C", 2015, ())
        assert (found.at_risk_cents, list(found.vouchers.values())) == (2, [2])
        assert found.arithmetic == "0,6 × 500,00 = 300,00; 300,02 − 300,00 = 0,02"
        assert run(allocated_beyond_payment, self.shared(500_00, 299_99, 200_01)).outcome is Outcome.HOLDS, "the other measure's"

    def test_what_one_share_claims_too_much_is_no_claim_beyond_the_payment_as_well(self) -> None:
        found = {f.object: f for f in findings(allocated_beyond_payment, self.shared(480_00, 350_00, 190_00))}
        assert {name: f.at_risk_cents for name, f in found.items()} == {
            "voucher M-1 2015-1/C": 50_00, "invoice P-0000000000000001 re-1016 500,00": 10_00,
        }
        assert found["invoice P-0000000000000001 re-1016 500,00"].arithmetic == (
            "300,00 + 190,00 = 490,00; 490,00 − 480,00 = 10,00"
        )

    def test_what_bel_01_puts_at_risk_of_a_share_is_not_at_risk_again(self) -> None:
        case = a_case(
            vouchers=(catering(cents=550_00, allocation=Decimal("0.6")),),
            elsewhere=(catering("M-2", 100_00, allocation=Decimal("0.5")),),
        )
        twice, beyond = finding(claimed_twice, case), findings(allocated_beyond_payment, case)
        fact = case.vouchers[0].fact
        assert (twice.at_risk_cents, twice.vouchers[fact]) == (150_00, 126_92)                 # 150.00 × 550/650
        assert [f.at_risk_cents for f in beyond if f.object.startswith("voucher")] == [250_00 - 126_92]

    @pytest.mark.parametrize(("claimed", "paid", "at_risk"), [
        (50_01, 100_00, 0), (50_02, 100_00, 2), (50_00, 49_99, 0), (50_00, 49_98, 2), (60_00, 40_00, 20_00),
    ])
    def test_a_share_without_invoice_number_is_judged_alone_by_share_and_payment(
        self, claimed: int, paid: int, at_risk: int
    ) -> None:
        pay = a_voucher(
            "L", claimed, gross_cents=100_00, invoice_number=None, allocation=Decimal("0.5"), proof=a_proof(paid)
        )
        found = findings(allocated_beyond_payment, a_case(vouchers=(pay, replace(pay, fact=a_voucher("x").fact))))
        assert [(f.object, f.at_risk_cents) for f in found] == ([("voucher M-1 2015-1/L", at_risk)] if at_risk else [])
        assert run(allocated_beyond_payment, a_case(vouchers=(pay,))).outcome is (Outcome.FINDING if at_risk else Outcome.HOLDS)

    def test_what_a_share_claims_too_much_is_known_without_a_bank_statement_and_what_is_unpaid_is_bel_05s(self) -> None:
        unpaid_share = catering(cents=300_02, allocation=Decimal("0.6"), proof=UNPAID)
        result, (found,) = allocated_beyond_payment.run(a_case(vouchers=(unpaid_share,), bank_statements=False))
        assert (found.at_risk_cents, [m.what for m in result.missing]) == (2, ["Kontoauszug"])
        assert run(allocated_beyond_payment, a_case(vouchers=(unpaid_share,))).outcome is Outcome.NOT_APPLICABLE
        assert finding(unpaid, a_case(vouchers=(unpaid_share,))).at_risk_cents == 300_02

    def test_a_share_of_a_discount_that_was_taken_is_not_claimed_and_of_one_that_was_not_is_no_excess(self) -> None:
        def discounted(paid: int):
            share = catering(cents=300_00, allocation=Decimal("0.6"), discount_cents=10_00, proof=a_proof(paid))
            return a_case(vouchers=(share,))

        assert finding(allocated_beyond_payment, discounted(490_00)).arithmetic == (
            "0,6 × 490,00 = 294,00; 300,00 − 294,00 = 6,00"
        )
        assert run(allocated_beyond_payment, discounted(500_00)).outcome is Outcome.HOLDS

    def test_a_cancelled_share_claims_nothing(self) -> None:
        own, again = self.shared(500_00).vouchers[0], catering(cents=300_00, allocation=Decimal("0.6"))
        cancelling = replace(
            catering(cents=-300_00, gross_cents=-500_00, allocation=Decimal("0.6"), proof=UNPAID), fact=a_voucher("x").fact
        )
        both = (own, replace(again, fact=a_voucher("y").fact))
        others = self.shared(500_00).elsewhere
        assert run(allocated_beyond_payment, a_case(vouchers=(*both, cancelling), elsewhere=others)).outcome is Outcome.HOLDS
        assert findings(allocated_beyond_payment, a_case(vouchers=both, elsewhere=others))

    @given(st.lists(st.tuples(st.integers(1, 500_00), st.sampled_from(["0.25", "0.333", "0.5", "1"])), min_size=1, max_size=4),
           st.integers(0, 600_00))
    def test_shares_that_claim_no_more_than_they_may_are_found_only_beyond_the_payment_and_no_claim_is_at_risk_twice(
        self, claims: list[tuple[int, str]], paid: int
    ) -> None:
        vouchers = tuple(
            a_voucher(n, cents, invoice_number="RE-1", gross_cents=500_00, allocation=Decimal(share), proof=a_proof(paid or 1))
            for n, (cents, share) in enumerate(claims)
        )
        case = a_case(vouchers=vouchers)
        at_risk = Counter[UUID]()
        for found in (*findings(claimed_twice, case), *findings(allocated_beyond_payment, case)):
            at_risk.update(found.vouchers)
            assert sum(found.vouchers.values()) == found.at_risk_cents
        most = [round_half_up(500_00 * Decimal(share)) for _, share in claims]
        assert all(at_risk[v.fact] >= cents - may for v, (cents, _), may in zip(vouchers, claims, most, strict=True))
        assert sum(cents for cents, _ in claims) - at_risk.total() <= max(paid, 1) + len(claims)
        assert at_risk.total() <= sum(cents for cents, _ in claims)


class TestPaidOtherAmount:
    def test_a_cent_is_tolerated_and_two_are_not(self) -> None:
        assert run(paid_other_amount, a_case(vouchers=(a_voucher(1, proof=a_proof(99_99)),))).outcome is Outcome.HOLDS
        found = finding(paid_other_amount, a_case(vouchers=(a_voucher(1, proof=a_proof(99_98)),)))
        assert (found.severity, found.at_risk_cents) == (Severity.ERROR, 2)

    def test_a_claim_equal_to_the_payment_is_found_with_nothing_at_risk(self) -> None:
        voucher = a_voucher(1, 95_00, gross_cents=100_00, proof=a_proof(95_00))
        found = finding(paid_other_amount, a_case(vouchers=(voucher,)))
        assert (found.at_risk_cents, found.arithmetic) == (0, "100,00 − 0,00 − 0,00 = 100,00; 95,00 − 100,00 = −5,00")

    def test_a_claim_beyond_what_was_invoiced_and_paid_is_at_risk_with_what_exceeds_the_payment(self) -> None:
        def claiming(cents: int, **data: Any):
            return a_case(vouchers=(a_voucher(1, cents, gross_cents=100_00, proof=a_proof(100_00), **data),))

        assert run(paid_other_amount, claiming(100_01)).outcome is Outcome.HOLDS
        found = finding(paid_other_amount, claiming(100_02))
        assert (found.severity, found.at_risk_cents) == (Severity.ERROR, 2)
        assert found.arithmetic == "100,00 − 0,00 − 0,00 = 100,00; 100,00 − 100,00 = 0,00; 100,02 − 100,00 = 0,02"

    def test_paid_less_discount_and_credit_holds(self) -> None:
        voucher = a_voucher(1, 93_00, gross_cents=100_00, discount_cents=2_00, credit_cents=5_00, proof=a_proof(93_00))
        assert run(paid_other_amount, a_case(vouchers=(voucher,))).outcome is Outcome.HOLDS

    def test_a_discount_not_taken_is_a_note(self) -> None:
        found = finding(paid_other_amount, a_case(vouchers=(a_voucher(1, discount_cents=2_00, proof=a_proof(100_00)),)))
        assert (found.severity, found.at_risk_cents) == (Severity.NOTE, 0)

    def test_a_claim_beyond_the_payment_is_an_error_though_a_discount_was_not_taken(self) -> None:
        def claiming(cents: int):
            return a_case(vouchers=(a_voucher(1, cents, gross_cents=100_00, discount_cents=2_00, proof=a_proof(100_00)),))

        assert finding(paid_other_amount, claiming(100_01)).severity is Severity.NOTE
        found = finding(paid_other_amount, claiming(100_02))
        assert (found.severity, found.at_risk_cents) == (Severity.ERROR, 2)

    def test_what_was_paid_and_claimed_beyond_the_invoice_is_at_risk(self) -> None:
        found = finding(paid_other_amount, a_case(vouchers=(a_voucher(1, 120_00, gross_cents=100_00, proof=a_proof(120_00)),)))
        assert (found.at_risk_cents, found.arithmetic) == (
            20_00, "100,00 − 0,00 − 0,00 = 100,00; 120,00 − 100,00 = 20,00; 120,00 − 100,00 = 20,00"
        )
        assert finding(
            paid_other_amount, a_case(vouchers=(a_voucher(1, 100_00, proof=a_proof(120_00)),))
        ).at_risk_cents == 0, "what was overpaid is not claimed"

    @pytest.mark.parametrize("claimed", [-100_00, -50_00, 0])
    @pytest.mark.parametrize(("back", "at_risk"), [(-99_99, None), (-99_98, 0), (-100_01, None), (-100_02, 2)])
    def test_a_credit_note_is_compared_with_the_money_that_came_back_whatever_of_it_was_claimed(
        self, back: int, at_risk: int | None, claimed: int
    ) -> None:
        credit = a_voucher(1, claimed, gross_cents=-100_00, invoice_number="GS-1", proof=a_proof(back))
        found = findings(paid_other_amount, a_case(vouchers=(credit,)))
        assert [f.at_risk_cents for f in found] == ([] if at_risk is None else [at_risk])
        waits = a_voucher(1, -100_00, invoice_number="GS-1", proof=UNPAID)
        assert run(paid_other_amount, a_case(vouchers=(waits,), bank_statements=False)).outcome is Outcome.NOT_APPLICABLE

    def test_a_shared_invoice_is_compared_with_the_whole_debit(self) -> None:
        part = Proof((replace(a_debit(500_00), paid_cents=300_00),))
        shared = catering(cents=300_00, allocation=Decimal("0.6"), proof=part)
        assert run(paid_other_amount, a_case(vouchers=(shared,))).outcome is Outcome.HOLDS

    def test_without_proof_of_payment_it_is_silent(self) -> None:
        assert run(paid_other_amount, a_case(vouchers=(a_voucher(1, proof=UNPAID),))).outcome is Outcome.NOT_APPLICABLE

    def test_without_vouchers_there_is_nothing_to_judge(self) -> None:
        assert run(paid_other_amount, a_case()).outcome is Outcome.NOT_APPLICABLE


class TestUnpaid:
    def test_a_voucher_no_bank_line_proves_blocks_and_is_at_risk_in_full(self) -> None:
        found = finding(unpaid, a_case(vouchers=(a_voucher(1, 100_00, proof=UNPAID),), awards=(an_award(share=Decimal("0.8")),)))
        assert (found.object, found.severity) == ("voucher M-1 2015-1/1", Severity.BLOCKING)
        assert (found.at_risk_cents, found.at_risk_eu_cents) == (100_00, 80_00)

    def test_what_the_list_says_about_payment_proves_nothing(self) -> None:
        assert finding(unpaid, a_case(vouchers=(a_voucher(1, proof=UNPAID, paid_on=date(2015, 4, 1)),)))

    def test_one_debit_proves_payment_for_all_vouchers_of_the_same_invoice(self) -> None:
        case = a_case(vouchers=(catering(proof=UNPAID),), elsewhere=(catering("M-2"),))
        assert run(unpaid, case).outcome is Outcome.HOLDS

    def test_without_any_bank_statement_the_statement_is_missing_once(self) -> None:
        vouchers = tuple(a_voucher(n, proof=UNPAID) for n in range(3))
        result = run(unpaid, a_case(vouchers=vouchers, bank_statements=False))
        assert result.outcome is Outcome.MISSING
        assert [(m.object, m.what) for m in result.missing] == [("measure M-1", "Kontoauszug")]

    def test_what_was_cancelled_needs_no_proof_and_leaves_the_rest_accepted(self) -> None:
        wrong, back = a_voucher("C", 70_00, proof=UNPAID), a_voucher("C-", -70_00, invoice_number="RE-C", proof=UNPAID)
        case = a_case(vouchers=(a_voucher(1), wrong, back))
        assert run(unpaid, case).outcome is Outcome.HOLDS
        assert accepted(case, an_award()).cents == 100_00
        stage = next(s for s in reconcile(case).stages if s.code == "S5")
        assert (stage.verdict, stage.open_count) == ("reconciled", 0)
        assert finding(unpaid, a_case(vouchers=(wrong, replace(back, data=back.data.model_copy(update={"measure": "M-2"}))))), \
            "what another measure cancels is claimed here all the same"
        part = replace(back, data=back.data.model_copy(update={"eligible_cents": -69_99}))
        found = finding(unpaid, a_case(vouchers=(wrong, part)))
        assert (found.at_risk_cents, found.arithmetic) == (1, "70,00 − 69,99 = 0,01"), "a cent of it is claimed all the same"

    def test_nothing_claimed_needs_no_proof(self) -> None:
        assert run(unpaid, a_case(vouchers=(a_voucher(1, 0, proof=UNPAID),))).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("check", [paid_other_amount, allocated_beyond_payment, unpaid, paid_after_final_date])
class TestWhatIsNotKnownAboutPaymentsDoesNotHold:
    SHARED = a_voucher(1, 50_00, gross_cents=100_00, proof=UNPAID, allocation=Decimal("0.5"))

    def test_without_any_bank_statement_it_is_missing_once(self, check: Check) -> None:
        two = (self.SHARED, a_voucher(2, 50_00, gross_cents=100_00, proof=UNPAID, allocation=Decimal("0.5")))
        result = run(check, a_case(vouchers=two, bank_statements=False))
        assert (result.outcome, [(m.object, m.what) for m in result.missing]) == (
            Outcome.MISSING, [("measure M-1", "Kontoauszug")],
        )

    def test_where_statements_prove_no_voucher_there_is_nothing_to_judge(self, check: Check) -> None:
        outcome = run(check, a_case(vouchers=(self.SHARED,))).outcome
        assert outcome is (Outcome.FINDING if check is unpaid else Outcome.NOT_APPLICABLE)

    def test_what_is_proven_is_judged(self, check: Check) -> None:
        proven = a_voucher(2, 50_00, gross_cents=100_00, allocation=Decimal("0.5"))
        assert run(check, a_case(vouchers=(proven,))).outcome is Outcome.HOLDS
