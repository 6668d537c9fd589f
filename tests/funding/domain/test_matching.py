"""Vouchers and bank lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.domain.bank_line import Line, line_of
from services.funding.domain.invoice import invoices_of
from services.funding.domain.matching import Claim, Matching, claim_of, match
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


def test_debits_that_name_one_invoice_and_add_up_to_it_are_instalments() -> None:
    one = claim(1, payment_reference="X1")
    first, second = line(1, -60_00, end_to_end_id="X1"), line(2, -40_00, references=("X1",))
    found = match([one], [first, second])
    assert (pairs(found), found.suggestions, found.unmatched) == ([("1", 1, 60_00), ("1", 2, 40_00)], (), ())
    assert [m.invoice_paid_cents for m in found.matches] == [60_00, 40_00]
    for cents in (-39_99, -40_01, -100_00):
        other = match([one], [first, replace(second, amount_cents=cents)])
        assert (other.matches, len(other.suggestions)) == ((), 2), "what does not add up is for a person to say"


def test_instalments_of_a_shared_invoice_leave_every_voucher_its_share_to_the_cent() -> None:
    shared = {"invoice_number": "SHARED-1", "payment_reference": "X1", "gross_cents": 100}
    shares = {"A": "0.33", "B": "0.33", "C": "0.34"}
    claims = [claim(1, 1, key=key, allocation=share, **shared) for key, share in shares.items()]
    found = match(claims, [line(1, -50, end_to_end_id="X1"), line(2, -49, end_to_end_id="X1"), line(3, -1, end_to_end_id="X1")])
    paid = {key: sum(m.paid_cents for m in found.matches if m.claim.subject == f"measure/{key}") for key in "ABC"}
    assert paid == {"A": 33, "B": 33, "C": 34}


def test_more_debits_than_two_years_of_months_are_for_a_person_to_confirm() -> None:
    one = claim(1, 25, payment_reference="X1")
    months = [line(n, -1, end_to_end_id="X1") for n in range(25)]
    assert match([one], months).matches == ()
    assert len(match([claim(1, 24, payment_reference="X1")], months[:24]).matches) == 24


def confirm(*chosen: tuple[Claim, Line]) -> list[ConfirmMatch | RejectMatch]:
    return [ConfirmMatch(voucher=c.fact, payment=x.fact, reason=WHY) for c, x in chosen]


def test_what_a_person_confirms_for_one_invoice_adds_up() -> None:
    one, first, second = claim(1), line(1, -70_00), line(2, -20_00)
    assert pairs(match([one], [first, second], confirm((one, first), (one, second)))) == [("1", 1, 70_00), ("1", 2, 20_00)]
    taken_back = RejectMatch(voucher=one.fact, payment=second.fact, reason=WHY)
    found = match([one], [first, second], [*confirm((one, first), (one, second)), taken_back])
    assert (pairs(found), [x.entry for x in found.unmatched]) == ([("1", 1, 70_00)], [2])


def test_what_names_an_invoice_half_confirmed_is_suggested() -> None:
    one, first, second = claim(1, payment_reference="X1"), line(1, -70_00), line(2, -20_00, end_to_end_id="X1")
    found = match([one], [first, second], confirm((one, first)))
    assert (pairs(found), [(s.line.entry, s.reasons) for s in found.suggestions]) == ([("1", 1, 70_00)], [(2, ("reference",))])
    whole = match([one], [replace(first, amount_cents=-100_00), second], confirm((one, first)))
    assert whole.suggestions == (), "nothing is left to pay"


def test_a_confirmed_collective_debit_pays_each_of_its_invoices() -> None:
    one, other, credit = claim(1, 100_00), claim(2, 50_00), claim(3, -20_00)
    collective = line(1, -130_00)
    found = match([one, other, credit], [collective], confirm((one, collective), (other, collective), (credit, collective)))
    assert [(m.paid_cents, m.invoice_paid_cents) for m in found.matches] == [
        (100_00, 100_00), (50_00, 50_00), (-20_00, -20_00)
    ]


def test_a_collective_debit_pays_what_another_left_and_what_is_short_is_shared() -> None:
    one, other = claim(1, 100_00), claim(2, 50_00)
    alone, both = line(1, -60_00), line(2, -90_00)
    assert pairs(match([one, other], [alone, both], confirm((one, alone), (one, both), (other, both)))) == [
        ("1", 1, 60_00), ("1", 2, 40_00), ("2", 2, 50_00)
    ]
    short = line(3, -100_00)
    assert pairs(match([one, other], [short], confirm((one, short), (other, short)))) == [("1", 3, 66_67), ("2", 3, 33_33)]


@given(
    st.lists(st.tuples(st.integers(-5, 20), st.sampled_from([None, "0.3", "0.5"])), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(-30, 30).filter(bool), st.frozensets(st.integers(0, 4), min_size=1)), max_size=4),
)
def test_no_cent_of_a_confirmed_debit_is_lost_or_made(
    of: list[tuple[int, str | None]], paid: list[tuple[int, frozenset[int]]]
) -> None:
    claims = [claim(n, cents, allocation=share, eligible_cents=0) for n, (cents, share) in enumerate(of)]
    lines = [line(n, cents) for n, (cents, _) in enumerate(paid)]
    chosen = [(claims[i], lines[n]) for n, (_, which) in enumerate(paid) for i in sorted(which) if i < len(claims)]
    found = match(claims, lines, confirm(*chosen))
    for each in lines:
        parts = [m for m in found.matches if m.line == each]
        assert not parts or sum(m.invoice_paid_cents for m in parts) == -each.amount_cents
    whole = {c.fact for c, (_, share) in zip(claims, of, strict=True) if share is None}
    assert all(m.paid_cents == m.invoice_paid_cents for m in found.matches if m.claim.fact in whole)


def test_a_returned_debit_proved_payment_until_its_return_was_booked() -> None:
    debit = line(1, end_to_end_id="X1", value_date=date(2026, 1, 20))
    back = line(2, 100_00, end_to_end_id="X1", reversal=True, value_date=date(2026, 1, 20), booked_on=date(2026, 1, 23))
    found = match([claim(payment_reference="X1")], [debit, back])
    assert [(m.paid_cents, m.value_date, m.returns, m.reasons) for m in found.matches] == [
        (100_00, date(2026, 1, 20), None, ("reference",)), (-100_00, date(2026, 1, 23), debit.fact, ("returned",))
    ]


def test_a_debit_returned_twice_and_paid_again_is_followed_day_by_day() -> None:
    days = ((1, 20, False), (2, 22, True), (3, 24, False), (4, 26, True), (5, 28, False))
    lines = [
        line(n, 100_00 if back else -100_00, end_to_end_id="X1", reversal=back, value_date=date(2026, 1, day),
             booked_on=date(2026, 1, day))
        for n, day, back in days
    ]
    found = match([claim(payment_reference="X1")], lines)
    assert [(m.line.entry, m.paid_cents) for m in found.matches] == [
        (1, 100_00), (2, -100_00), (3, 100_00), (4, -100_00), (5, 100_00)
    ]
    assert proven(found) == {1: {5}}


def test_a_returned_instalment_leaves_the_others() -> None:
    lines = [
        line(1, -60_00, end_to_end_id="X1"), line(2, 60_00, end_to_end_id="X1", reversal=True),
        line(3, -60_00, end_to_end_id="X1", value_date=date(2026, 1, 25)), line(4, -40_00, references=("X1",)),
    ]
    assert proven(match([claim(payment_reference="X1")], lines)) == {1: {3, 4}}


def test_a_return_that_repeats_the_text_takes_back_the_entry_that_shows_all_of_it() -> None:
    lines = [
        line(1, references=("RE2026001", "0103")), line(2, references=("RE2026002", "0103")),
        line(3, 100_00, references=("RE2026002", "0103"), reversal=True),
    ]
    claims = [claim(n, invoice_number=f"RE-2026-00{n}") for n in (1, 2)]
    assert proven(match(claims, lines)) == {1: {1}}


def test_a_persons_word_about_a_returned_debit_counts_for_the_days_before() -> None:
    one, debit, back = claim(1), line(1, -90_00), line(2, 90_00, reversal=True)
    again = line(3, end_to_end_id="X9", value_date=date(2026, 1, 25))
    found = match([one], [debit, back, again], confirm((one, debit)))
    assert pairs(found) == [("1", 1, 90_00), ("1", 2, -90_00)]


def test_a_credit_note_is_matched_with_the_credit() -> None:
    found = match([claim(1, -30_00, payment_reference="GS-1")], [line(1, 30_00, end_to_end_id="GS-1")])
    assert pairs(found) == [("1", 1, -30_00)]


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
    invoice_of = invoices_of((c.fact, c.named) for c in claims if c.named)
    by_line: dict[int, set[object]] = {}
    by_invoice: dict[object, set[int]] = {}
    for m in found.matches:
        by_line.setdefault(m.line.entry, set()).add(invoice_of[m.claim.fact])
        by_invoice.setdefault(invoice_of[m.claim.fact], set()).add(m.line.entry)
    assert all(len(invoices) == 1 for invoices in by_line.values()), "a debit pays one invoice"
    cents_of = {x.entry: -x.amount_cents for x in lines}
    payable = {invoice_of[c.fact]: c.payable_cents for c in claims}
    for invoice, entries in by_invoice.items():
        assert len(entries) == 1 or sum(cents_of[e] for e in entries) == payable[invoice], "or they are instalments of it"
    for entry in by_line:
        parts = sum(m.paid_cents for m in found.matches if m.line.entry == entry)
        assert parts <= -next(x.amount_cents for x in lines if x.entry == entry)


Told = Callable[[int], dict[str, Any]]


def work_of(vouchers: int, said: Told, shown: Told, *, returned: bool = False) -> int:
    """Lines of Python run to match so many vouchers with as many bank lines."""
    claims = [claim(n, **{"invoice_number": f"EQUAL-{n}"} | said(n)) for n in range(vouchers)]
    lines = [line(n, **shown(n)) for n in range(vouchers)]
    lines += [line(vouchers + n, 100_00, reversal=True, **shown(n)) for n in range(vouchers if returned else 0)]
    ran = 0

    def count(frame: Any, event: str, arg: Any) -> Any:
        nonlocal ran
        ran += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        match(claims, lines)
    finally:
        sys.settrace(before)
    return ran


@pytest.mark.parametrize("returned", [False, True])
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (lambda n: {"payee_account": person(9)}, lambda n: {"counterparty_account": person(9)}),
        (lambda n: {"payment_reference": "MIETE 1"}, lambda n: {"references": ("MIETE1",)}),
        (lambda n: {"payment_reference": "MIETE 1"}, lambda n: {"end_to_end_id": "MIETE 1"}),
        (lambda n: {"invoice_number": f"RE-{n:07}"}, lambda n: {"references": (f"RE{n:07}", "MIETE1")}),
        (lambda n: {}, lambda n: {}),
    ],
    ids=["payee and amount", "reference", "end-to-end id", "each its own number", "amount"],
)
def test_twice_as_many_equal_vouchers_and_bank_lines_are_twice_the_work(said: Told, shown: Told, returned: bool) -> None:
    once, twice = (work_of(n, said, shown, returned=returned) for n in (150, 300))
    assert twice < 2.5 * once, "with every pair looked at it would be four times as much"


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
