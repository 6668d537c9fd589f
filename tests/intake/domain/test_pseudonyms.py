"""Pseudonyms stay the same, and only names of bodies travel."""

from __future__ import annotations

import pytest

from services.intake.domain.pseudonyms import Pseudonyms, is_legal_person, normal_name

KEY = b"0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "name",
    [
        "Brücke e. V.",
        "Werkstoff GmbH",
        "Werkstoff G.m.b.H.",
        "Lernhaus gGmbH",
        "Bau AG",
        "Druck OHG",
        "Müller GmbH & Co. KG",
        "Start UG (haftungsbeschränkt)",
        "Wohnen eG",
        "Stadt Herne",
        "Landkreis Harz",
        "Jobcenter Kreis Offenbach",
        "Universität Beispielstadt",
        "Deutsche Post",
        "Deutsche Telekom",
        "Land Hessen",
        "Sparkasse Beispiel",
        "Evangelische Kirche im Rheinland",
        "Bürgerstiftung Stiftung",
        "DB Regio",
        "Amt für Jugend",
        "Volkshochschule Peine",
    ],
)
def test_bodies_are_known_by_form_or_office(name: str) -> None:
    assert is_legal_person(name)


@pytest.mark.parametrize(
    "name",
    [
        "Erika Beispiel",
        "Erika Stadtler",
        "Klaus Land",
        "Post, Petra",
        "Petra Post",
        "Max Kreis",
        "E. V. Beispiel",
        "Malermeister Beispiel e. K.",
        "Beispiel und Muster GbR",
        "Werkmeister",
        "Bundt",
        "Schulz",
        "",
    ],
)
def test_people_are_not_bodies(name: str) -> None:
    assert not is_legal_person(name)


@pytest.mark.parametrize(
    "other", ["WERKSTOFF  GmbH", "Werkstoff G.m.b.H.", "Werkstoff Gesellschaft mit beschränkter Haftung", " werkstoff gmbh "]
)
def test_case_blanks_and_legal_form_do_not_make_another_name(other: str) -> None:
    assert normal_name(other) == normal_name("Werkstoff GmbH")


def test_the_same_party_has_the_same_pseudonym_by_vat_id_then_iban_then_name() -> None:
    make = Pseudonyms(KEY)
    refs = [
        make.party("A GmbH", vat_id="DE 123456789", iban="DE02120300000000202051"),
        make.party("A Gesellschaft", vat_id="DE123456789"),
        make.party("A GmbH", iban="DE02120300000000202051"),
        make.party("B GmbH", iban="DE02120300000000202051"),
        make.party("A  gmbh"),
        make.party("A GmbH"),
    ]
    first, second, third, fourth, fifth, sixth = (party.ref for party in refs if party is not None)
    assert first == second != third == fourth != fifth == sixth != first


def test_another_installation_has_other_pseudonyms() -> None:
    assert Pseudonyms(KEY).person("P-07") != Pseudonyms(KEY[::-1]).person("P-07")
    assert Pseudonyms(KEY).person("P-07") == Pseudonyms(KEY).person(" p-07 ")


def test_nobody_is_nobody() -> None:
    assert Pseudonyms(KEY).party(None) is None and Pseudonyms(KEY).party(" - ") is None and Pseudonyms(KEY).account(None) is None
