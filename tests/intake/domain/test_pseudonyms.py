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
        "Stiftung Übergang (Demo)",
        "BRÜCKE GMBH",
        "Brücke eV",
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
        "Mustermann, Erika (VHS-Dozentin)",
        "Erika Mustermann (VHS)",
        "Mustermann, Erika GmbH",
        "Meyer, E. V.",
        "Meyer E. V.",
        "MEYER E.V.",
        "Schneider, E. G.",
        "Weber U. G.",
        "Petra Müller c/o Kita Sonne",
        "Kita Sonne c/o Petra Müller",
        "Erika Mustermann Amt",
        "Müller, Kita",
        "Kim Kor",
        "KIM SE",
        "Park Se Ri",
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


def test_a_party_has_the_pseudonym_of_its_name_and_beside_it_that_of_its_vat_id() -> None:
    make = Pseudonyms(KEY)
    refs = [
        make.party("A GmbH", vat_id="DE 123456789", iban="DE02120300000000202051"),
        make.party("A Gesellschaft", vat_id="DE123456789"),
        make.party("B GmbH", iban="DE02120300000000202051"),
        make.party("A  gmbh"),
    ]
    first, second, third, fourth = (party for party in refs if party is not None)
    assert first.ref == fourth.ref != second.ref != third.ref != first.ref
    assert first.vat_id == second.vat_id is not None and third.vat_id is fourth.vat_id is None


def test_without_a_name_a_party_has_the_pseudonym_of_its_vat_id_or_account() -> None:
    make = Pseudonyms(KEY)
    by_vat, by_iban = make.party(None, vat_id="DE1", iban="DE02"), make.party(" - ", iban="DE02")
    assert by_vat is not None and by_vat.ref == by_vat.vat_id
    assert by_iban is not None and (by_iban.ref, by_iban.vat_id) == (make.account("DE02"), None)


def test_another_installation_has_other_pseudonyms() -> None:
    assert Pseudonyms(KEY).person("P-07") != Pseudonyms(KEY[::-1]).person("P-07")
    assert Pseudonyms(KEY).person("P-07") == Pseudonyms(KEY).person(" p-07 ")


def test_nobody_is_nobody() -> None:
    assert Pseudonyms(KEY).party(None) is None and Pseudonyms(KEY).party(" - ") is None and Pseudonyms(KEY).account(None) is None


@pytest.mark.parametrize("text", ["RE-2014/0815", "M1-BL1-12", "JSAR-E-7", "2014 0815", "Rechnung 12", "HER00017"])
def test_references_travel_as_they_are(text: str) -> None:
    assert Pseudonyms(KEY).reference(text) == text


@pytest.mark.parametrize("text", ["Honorar Erika Beispiel", "Beispiel-2014-03", "Beispiel2014", "Miete", "Erika 7"])
def test_texts_that_may_hold_a_name_travel_as_one_pseudonym_however_they_are_written(text: str) -> None:
    make = Pseudonyms(KEY)
    assert make.reference(text) == make.reference(text.upper().replace(" ", "  ")) != text
    assert make.reference(text).startswith("P-") and make.reference(text) != Pseudonyms(KEY[::-1]).reference(text)
