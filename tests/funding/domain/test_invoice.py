"""Which vouchers are of one invoice, though each list knows something else of the issuer?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.domain.invoice import invoices_of, named_by, perhaps_of_one
from shared.contracts.intake import Party, Voucher
from shared.values.source import id_of
from tests.funding.facts import person, voucher_data

NAME, OTHER_NAME, IBAN, OTHER_IBAN, VAT, OTHER_VAT = map(person, range(1, 7))


def said(name: str = NAME, iban: str | None = None, vat: str | None = None, *, body: bool = True, **data: Any) -> Voucher:
    issuer = Party(ref=name, vat_id=vat, name="Werkstoff GmbH (Demo)" if body else None)
    return voucher_data(1, issuer=issuer, payee_account=iban, **data)


def told_apart(*vouchers: Voucher) -> set[frozenset[int]]:
    """Vouchers by their place, in sets that are of one invoice each."""
    groups: dict[object, set[int]] = defaultdict(set)
    for fact, invoice in invoices_of(_named(vouchers)).items():
        groups[invoice].add(_FACTS.index(fact))
    return {frozenset(group) for group in groups.values()}


_FACTS = [id_of("voucher", str(n)) for n in range(20)]


def _named(vouchers: Iterable[Voucher]):
    return [(_FACTS[n], named) for n, v in enumerate(vouchers) if (named := named_by(v))]


@pytest.mark.parametrize("more", [{"iban": IBAN}, {"vat": VAT}, {"iban": IBAN, "vat": VAT}], ids=str)
@pytest.mark.parametrize("body", [True, False])
def test_a_list_without_the_column_names_the_same_invoice(more: dict[str, str], body: bool) -> None:
    assert told_apart(said(body=body), said(body=body, **more)) == {frozenset({0, 1})}


def test_one_account_or_vat_id_is_one_issuer_under_any_name() -> None:
    assert told_apart(said(iban=IBAN), said(OTHER_NAME, iban=IBAN)) == {frozenset({0, 1})}
    assert told_apart(said(vat=VAT), said(OTHER_NAME, OTHER_IBAN, VAT)) == {frozenset({0, 1})}


def test_what_is_shared_by_way_of_others_is_shared() -> None:
    assert told_apart(said(), said(OTHER_NAME, vat=VAT), said(vat=VAT)) == {frozenset({0, 1, 2})}


@pytest.mark.parametrize("body", [True, False])
def test_one_list_may_know_the_account_and_another_the_vat_id(body: bool) -> None:
    assert told_apart(*(said(body=body, **more) for more in ({}, {"iban": IBAN}, {"vat": VAT}))) == {frozenset({0, 1, 2})}


def test_a_business_has_several_accounts_and_a_private_person_one() -> None:
    assert told_apart(said(iban=IBAN), said(iban=OTHER_IBAN)) == {frozenset({0, 1})}
    assert told_apart(said(iban=IBAN, body=False), said(iban=OTHER_IBAN, body=False)) == {frozenset({0}), frozenset({1})}


def test_two_vat_ids_are_two_issuers_whatever_else_they_share() -> None:
    assert told_apart(said(NAME, IBAN, VAT), said(NAME, IBAN, OTHER_VAT)) == {frozenset({0}), frozenset({1})}


def test_who_may_be_either_of_two_is_neither_and_one_with_those_who_know_no_more() -> None:
    assert told_apart(said(vat=VAT), said(vat=OTHER_VAT), said(), said(iban=IBAN)) == {
        frozenset({0}), frozenset({1}), frozenset({2, 3}),
    }


def test_issuers_that_share_nothing_are_two_with_equal_numbers_and_amounts() -> None:
    assert len(told_apart(said(), said(OTHER_NAME, IBAN))) == 2


def test_another_number_or_amount_is_another_invoice() -> None:
    assert len(told_apart(said(), said(invoice_number="R-2"), said(gross_cents=1))) == 3
    assert told_apart(said(), said(invoice_number="re-2026 - 1")) == {frozenset({0, 1})}
    assert told_apart(said(invoice_number=None)) == set()


def test_what_cancels_an_invoice_has_its_issuer_by_whatever_name() -> None:
    found = invoices_of(_named((said(), said(OTHER_NAME, IBAN, gross_cents=-100_00), said(iban=IBAN))))
    assert [(i.issuer, i.gross_cents) for i in found.values()] == [(NAME, 100_00), (NAME, -100_00), (NAME, 100_00)]


def test_an_invoice_keeps_its_name_when_a_list_adds_a_column_and_loses_it_when_two_would_bear_it() -> None:
    def names(*vouchers: Voucher) -> list[str]:
        return [invoice.issuer for invoice in invoices_of(_named(vouchers)).values()]

    assert names(said(), said()) == names(said(), said(iban=IBAN, vat=VAT)) == [NAME, NAME]
    assert names(said(vat=VAT), said(vat=OTHER_VAT), said()) == [VAT, OTHER_VAT, NAME]


issuers = st.builds(
    said, st.sampled_from([NAME, OTHER_NAME]), st.sampled_from([None, IBAN, OTHER_IBAN]), st.sampled_from([None, VAT, OTHER_VAT]),
    body=st.booleans(), gross_cents=st.sampled_from([100, -100]),
)


@given(st.lists(issuers, max_size=8), st.randoms())
def test_the_order_of_vouchers_changes_nothing(vouchers: list[Voucher], random: Any) -> None:
    named = _named(vouchers)
    found = invoices_of(named)
    random.shuffle(named)
    assert invoices_of(named) == found


@given(st.lists(issuers, max_size=8))
def test_no_invoice_has_two_vat_ids_and_no_two_issuers_that_share_nothing_bear_one_name(vouchers: list[Voucher]) -> None:
    found = invoices_of(_named(vouchers))
    vats: dict[str, set[str]] = defaultdict(set)
    issuer_of: dict[str, set[str]] = defaultdict(set)
    for n, voucher in enumerate(vouchers):
        if voucher.issuer.vat_id:
            vats[found[_FACTS[n]].issuer].add(voucher.issuer.vat_id)
            issuer_of[voucher.issuer.vat_id].add(found[_FACTS[n]].issuer)
    assert all(len(known) == 1 for known in (*vats.values(), *issuer_of.values()))


@given(st.lists(issuers, max_size=6), st.lists(issuers, max_size=6))
def test_all_that_may_be_of_an_invoice_of_ones_own_is_enough_to_tell(own: list[Voucher], others: list[Voucher]) -> None:
    named = _named([*own, *others])
    mine, theirs = named[: len(own)], named[len(own):]
    needed = perhaps_of_one((n for _, n in mine), theirs)
    whole, part = invoices_of(named), invoices_of([*mine, *(pair for pair in theirs if pair[0] in needed)])
    assert all(part[fact] == whole[fact] for fact in part)
    ours = {whole[fact] for fact, _ in mine}
    assert {fact for fact, _ in theirs if whole[fact] in ours} <= needed
