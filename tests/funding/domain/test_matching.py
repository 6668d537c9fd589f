"""Vouchers and bank lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.funding.domain.bank_line import Line, line_of
from services.funding.domain.matching import Claim, Matching, claim_of, match, match_receipts
from services.funding.domain.posting import payable_share
from shared.contracts.intake import ConfirmMatch, Party, RejectMatch
from tests.funding import facts
from tests.funding.facts import person

WHY = "geprüft"


def claim(
    number: object = 1, cents: int = 100_00, *, key: str = "M-1", accounts: tuple[str, ...] = (facts.IBAN,), **data: Any
) -> Claim:
    fact = facts.voucher(number, cents, key=key, **data)
    return claim_of(fact.id, fact.subject, fact.voucher, accounts)


def line(entry: int = 1, cents: int = -100_00, **data: Any) -> Line:
    fact = facts.payment(entry, cents, **data)
    return line_of(fact.id, fact.source, fact.payment, entry)


def pairs(found: Matching) -> list[tuple[str, int, int]]:
    return [(m.claim.place[2], m.line.entry, m.paid_cents) for m in found.matches]


def proven(found: Matching) -> dict[int, set[int]]:
    """Voucher → bank lines that prove its payment for good, by their numbers."""
    returned = {(m.claim.fact, m.returns) for m in found.matches}
    proofs: dict[int, set[int]] = {}
    for m in found.matches:
        if m.returns is None and (m.claim.fact, m.line.fact) not in returned:
            proofs.setdefault(int(m.claim.place[2]), set()).add(m.line.entry)
    return proofs


def test_an_exact_end_to_end_id_matches_whatever_was_paid() -> None:
    found = match([claim(payment_reference="E2E 1")], [line(1, -90_00, end_to_end_id="E2E 1")])
    assert pairs(found) == [("1", 1, 90_00)]
    assert found.matches[0].reasons == ("reference",)


def test_a_reference_is_found_among_the_tokens_of_the_remittance_text() -> None:
    assert pairs(match([claim(payment_reference="e2e-1/7")], [line(references=("E2E17",))])) == [("1", 1, 100_00)]
    assert pairs(match([claim(invoice_number="RE-2026-1")], [line(references=("RE20261",))])) == [("1", 1, 100_00)]


def test_a_short_invoice_number_proves_nothing() -> None:
    found = match([claim(invoice_number="47")], [line(references=("47",), cents=-99_00)])
    assert (found.matches, found.suggestions) == ((), ())
    assert [x.entry for x in found.unmatched] == [1]


def test_payee_amount_and_date_match_within_the_window_only() -> None:
    def on(day: date) -> Matching:
        return match([claim(payee_account=person(9))], [line(counterparty_account=person(9), value_date=day)])

    assert [len(on(d).matches) for d in (date(2026, 1, 7), date(2026, 3, 11))] == [1, 1], "three days before, sixty after 10.01."
    assert [len(on(d).matches) for d in (date(2026, 1, 6), date(2026, 3, 12))] == [0, 0]
    assert on(date(2026, 1, 7)).matches[0].reasons == ("account+amount+date",)


def test_two_candidates_on_either_side_are_suggestions() -> None:
    payee = {"payee_account": person(9)}
    twice = [line(n, counterparty_account=person(9)) for n in (1, 2)]
    one_voucher = match([claim(**payee)], twice)
    assert (len(one_voucher.matches), len(one_voucher.suggestions)) == (0, 2)
    one_line = match([claim(1, **payee), claim(2, **payee)], twice[:1])
    assert (len(one_line.matches), len(one_line.suggestions)) == (0, 2)
    assert one_line.suggestions[0].reasons == ("account+amount+date",)


def test_amount_and_date_alone_are_a_suggestion() -> None:
    found = match([claim()], [line()])
    assert (found.matches, [s.reasons for s in found.suggestions]) == ((), [("amount+date",)])


def test_a_line_of_another_account_is_no_candidate() -> None:
    assert match([claim(payment_reference="X1", accounts=("DE00",))], [line(end_to_end_id="X1")]).matches == ()


def test_a_persons_word_wins_and_the_last_one_counts() -> None:
    one, other = claim(1, payment_reference="X1"), claim(2)
    by_reference, rival = line(1, end_to_end_id="X1"), line(2)
    confirm = ConfirmMatch(voucher=one.fact, payment=rival.fact, reason=WHY)
    assert pairs(match([one, other], [by_reference, rival], [confirm])) == [("1", 2, 100_00)]
    reject = RejectMatch(voucher=one.fact, payment=by_reference.fact, reason=WHY)
    assert match([one], [by_reference], [reject]).matches == ()
    again = ConfirmMatch(voucher=one.fact, payment=by_reference.fact, reason=WHY)
    assert pairs(match([one], [by_reference], [reject, again])) == [("1", 1, 100_00)]


def test_what_was_confirmed_holds_for_the_corrected_voucher() -> None:
    fact = facts.voucher(1)
    now = facts.corrected(fact, eligible_cents=1)
    found = match(
        [claim_of(now.id, now.subject, now.voucher, (facts.IBAN,), (fact.id,))], [line(1, -5)],
        [ConfirmMatch(voucher=fact.id, payment=line(1, -5).fact, reason=WHY)],
    )
    assert pairs(found) == [("1", 1, 5)]


def test_one_debit_pays_all_vouchers_of_its_invoice_by_their_shares() -> None:
    shared = {"invoice_number": "CATERING-7", "payment_reference": "CAT7"}
    split = match(
        [claim(1, key="A", allocation="0.6", **shared), claim(1, key="B", allocation="0.4", **shared)],
        [line(end_to_end_id="CAT7")],
    )
    assert [(m.claim.subject, m.paid_cents) for m in split.matches] == [("measure/A", 60_00), ("measure/B", 40_00)]
    whole = match([claim(1, key="A", **shared), claim(1, key="B", **shared)], [line(end_to_end_id="CAT7")])
    assert [m.paid_cents for m in whole.matches] == [50_00, 50_00]


def test_what_no_voucher_claims_of_an_invoice_is_not_paid_for_the_measure() -> None:
    found = match([claim(allocation="0.6", payment_reference="X1")], [line(end_to_end_id="X1")])
    assert [m.paid_cents for m in found.matches] == [60_00]


def test_a_reversal_undoes_its_debit() -> None:
    taken_back = [line(1, end_to_end_id="X1"), line(2, 100_00, end_to_end_id="X1", reversal=True, value_date=date(2026, 1, 22))]
    found = match([claim(payment_reference="X1")], taken_back)
    assert (pairs(found), found.unmatched) == ([("1", 1, 100_00), ("1", 2, -100_00)], ())
    again = line(3, end_to_end_id="X1", value_date=date(2026, 1, 25))
    found = match([claim(payment_reference="X1")], [*taken_back, again])
    assert pairs(found) == [("1", 1, 100_00), ("1", 2, -100_00), ("1", 3, 100_00)]
    assert proven(found) == {1: {3}}


def test_a_credit_note_is_matched_with_the_credit() -> None:
    found = match([claim(1, -30_00, payment_reference="GS-1")], [line(1, 30_00, end_to_end_id="GS-1")])
    assert pairs(found) == [("1", 1, -30_00)]


def test_receipts_find_their_credits_by_reference_or_by_amount_and_day() -> None:
    one, other = facts.receipt(100, payment_reference="ESF 7"), facts.receipt(50, number="E-2")
    lines = [line(1, 100, references=("ESF7",)), line(2, 50, value_date=date(2026, 2, 1)), line(3, 50)]
    found = match_receipts({one.id: one.receipt, other.id: other.receipt}, lines)
    assert {fact: credit.entry for fact, credit in found.items()} == {one.id: 1, other.id: 2}


vouchers = st.tuples(
    st.integers(1, 4), st.integers(1, 3), st.sampled_from([None, "R1", "R2"]), st.sampled_from([None, 8, 9]),
    st.sampled_from("AB"),
)
payments = st.tuples(st.integers(1, 3), st.sampled_from([None, "R1", "R2"]), st.sampled_from([None, 8, 9]))


@given(st.lists(vouchers, max_size=7), st.lists(payments, max_size=7), st.randoms())
def test_the_order_in_which_things_come_changes_nothing(of: Sequence[Any], paid: Sequence[Any], random: Any) -> None:
    claims = [
        claim(
            n, cents, key=key, invoice_number=f"INVOICE{invoice}", payment_reference=reference,
            payee_account=payee and person(payee), issuer=Party(ref=person(invoice)),
        )
        for n, (invoice, cents, reference, payee, key) in enumerate(of)
    ]
    lines = [
        line(n, -cents, end_to_end_id=reference, counterparty_account=payee and person(payee))
        for n, (cents, reference, payee) in enumerate(paid)
    ]
    found = match(claims, lines)
    random.shuffle(claims)
    random.shuffle(lines)
    assert match(claims, lines) == found
    by_line: dict[int, set[object]] = {}
    by_invoice: dict[object, set[int]] = {}
    for m in found.matches:
        by_line.setdefault(m.line.entry, set()).add(m.claim.invoice)
        by_invoice.setdefault(m.claim.invoice, set()).add(m.line.entry)
    assert all(len(invoices) == 1 for invoices in by_line.values()), "a debit pays one invoice"
    cents_of = {x.entry: -x.amount_cents for x in lines}
    payable = {c.invoice: c.payable_cents for c in claims}
    for invoice, entries in by_invoice.items():
        assert len(entries) == 1 or sum(cents_of[e] for e in entries) == payable[invoice], "or they are instalments of it"
    for entry in by_line:
        parts = sum(m.paid_cents for m in found.matches if m.line.entry == entry)
        assert parts <= -next(x.amount_cents for x in lines if x.entry == entry)


def test_a_hundred_thousand_vouchers_are_matched_in_seconds() -> None:
    data = facts.voucher_data(1)
    ids = [facts.id_of("speed", str(n)) for n in range(100_000)]
    claims = [
        claim_of(fact, "measure/M-1", data.model_copy(update={"number": str(n), "invoice_number": f"RE-{n:07}"}), (facts.IBAN,))
        for n, fact in enumerate(ids)
    ]
    bank = facts.payment(1)
    lines = [
        line_of(fact, bank.source, bank.payment.model_copy(update={"references": (f"RE{n:07}",)}), n + 1)
        for n, fact in enumerate(ids)
    ]
    began = time.perf_counter()
    found = match(claims, lines)
    assert len(found.matches) == 100_000
    assert time.perf_counter() - began < 20, "dictionaries, not every voucher against every line"
    assert payable_share(data) == 100_00


def two_debits(back: Line) -> list[Line]:
    return [
        line(1, -500, end_to_end_id="AAAAA1", counterparty_account=person(1), value_date=date(2026, 1, 12)),
        line(2, -500, end_to_end_id="BBBBB2", counterparty_account=person(2), value_date=date(2026, 1, 14)),
        back,
    ]


TWO = [claim(1, 500, payment_reference="AAAAA1"), claim(2, 500, payment_reference="BBBBB2")]


def test_a_reversal_that_does_not_say_what_it_takes_back_is_not_guessed() -> None:
    found = match(TWO, two_debits(line(3, 500, reversal=True, value_date=date(2026, 1, 16))))
    assert found.matches == (), "one of the two was taken back: a person says which"
    assert {(s.claim.place[2], s.line.entry) for s in found.suggestions} >= {("1", 1), ("2", 2)}
    confirm = ConfirmMatch(voucher=TWO[0].fact, payment=line(1, -500).fact, reason=WHY)
    confirmed = match(TWO, two_debits(line(3, 500, reversal=True, value_date=date(2026, 1, 16))), [confirm])
    assert pairs(confirmed) == [("1", 1, 500)]


def test_a_reversal_that_names_the_payee_takes_back_what_was_paid_to_it() -> None:
    back = line(3, 500, reversal=True, counterparty_account=person(1), value_date=date(2026, 1, 16))
    assert proven(match(TWO, two_debits(back))) == {2: {2}}


def test_two_reversals_take_back_two_equal_debits() -> None:
    lines = [line(n, -500, end_to_end_id="X1") for n in (1, 2)]
    lines += [line(n, 500, end_to_end_id="X1", reversal=True) for n in (3, 4)]
    found = match([claim(1, 500, payment_reference="X1")], lines)
    assert (proven(found), found.suggestions, found.unmatched) == ({}, (), ())
    assert sum(m.paid_cents for m in found.matches) == 0


def test_entry_numbers_do_not_decide_which_debit_a_reversal_takes_back() -> None:
    for debit, back in ((1, 2), (2, 1)):
        lines = [line(debit, end_to_end_id="X1"), line(back, 100_00, end_to_end_id="X1", reversal=True)]
        assert proven(match([claim(payment_reference="X1")], lines)) == {}


moves = st.tuples(
    st.sampled_from([1, 2]), st.booleans(), st.sampled_from([None, "R1", "R2"]), st.sampled_from([None, 8, 9]),
    st.integers(19, 22),
)


@given(st.lists(moves, max_size=7), st.randoms())
def test_the_numbers_of_bank_lines_change_nothing(of: Sequence[Any], random: Any) -> None:
    claims = [claim(n, cents, payment_reference=f"R{cents}") for n, cents in enumerate((1, 2))]
    made = [
        line(
            n, cents if back else -cents, end_to_end_id=reference, counterparty_account=payee and person(payee), reversal=back,
            value_date=date(2026, 1, day),
        )
        for n, (cents, back, reference, payee, day) in enumerate(of, 1)
    ]
    numbers = [x.entry for x in made]
    random.shuffle(numbers)
    again = [replace(x, entry=number) for x, number in zip(made, numbers, strict=True)]

    def found(lines: list[Line]) -> set[tuple[Any, Any]]:
        return {(m.claim.fact, m.line.fact) for m in match(claims, lines).matches}

    assert found(made) == found(again)
