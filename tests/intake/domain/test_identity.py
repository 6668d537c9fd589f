"""What is new, known, a correction or a contradiction, in whatever file and order it comes."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.identity import Identities, Known, Left, New, Refused
from shared.contracts.intake import GrantAwarded, ParticipationRecorded, VoucherCorrected, VoucherRecorded, VoucherWithdrawn
from shared.values.source import Source, id_of
from tests.intake.made import facts, read, voucher, voucher_list

Rows = list[tuple[str, str]]
ROWS = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from(["1,00", "2,00"])), max_size=8)


class Shelf:
    """What stands after some files, as the service keeps it: each file has its own judge over the same standings."""

    def __init__(self) -> None:
        self.standings = Identities().standings
        self.files: set[tuple[str, ...]] = set()

    def hand_in(self, *rows: str, name: str = "") -> list[object]:
        content = voucher_list(*rows)
        judge = Identities(standings=self.standings, again=(name, *rows) in self.files)
        self.files.add((name, *rows))
        source = Source(digest=id_of(name, *rows).hex * 2, place="1")
        return [judge.judge(draft, source) for _, draft in read(content).drafts]


def verdicts(found: list[object]) -> list[str]:
    return [type(one).__name__ for one in found]


def test_the_same_file_twice_brings_nothing_new() -> None:
    shelf = Shelf()
    assert verdicts(shelf.hand_in(voucher("1"), voucher("2"))) == ["New", "New"]
    assert verdicts(shelf.hand_in(voucher("1"), voucher("2"))) == ["Known", "Known"]


def test_a_longer_cumulative_list_brings_only_what_is_new() -> None:
    shelf = Shelf()
    shelf.hand_in(voucher("1"))
    assert verdicts(shelf.hand_in(voucher("1"), voucher("2"))) == ["Known", "New"]


def test_two_genuine_equal_rows_stay_two() -> None:
    shelf = Shelf()
    first = shelf.hand_in(voucher("1"), voucher("1"))
    assert [one.twin for one in first if isinstance(one, New)] == [1, 2]
    assert verdicts(shelf.hand_in(voucher("1"), voucher("1"))) == ["Known", "Known"]
    assert verdicts(shelf.hand_in(voucher("1"), voucher("1"), voucher("1"))) == ["Known", "Known", "New"]


def test_a_twin_says_so_in_its_event() -> None:
    recorded = facts(voucher_list(voucher("1"), voucher("1")))
    assert [event.voucher.twin for event in recorded if isinstance(event, VoucherRecorded)] == [1, 2]
    assert recorded[0].id != recorded[1].id


def test_other_content_without_a_mark_is_a_contradiction() -> None:
    shelf = Shelf()
    shelf.hand_in(voucher("1", "1,00"))
    found = shelf.hand_in(voucher("1", "2,00"))
    assert isinstance(found[0], Refused) and found[0].fault.code == "ROW-14"
    assert "Zeile 1 und" in found[0].fault.mend_text and "BL-1" not in found[0].fault.mend_text


def test_a_marked_row_corrects_and_says_which_fact() -> None:
    known = Identities()
    (first,) = facts(voucher_list(voucher("1", "1,00")), known)
    (second,) = facts(voucher_list(voucher("1", "2,00", corrects="ja")), Identities(standings=known.standings))
    assert isinstance(second, VoucherCorrected) and second.corrects == first.id and second.id != first.id


def test_a_correction_and_the_list_before_it_may_be_handed_in_again() -> None:
    shelf = Shelf()
    shelf.hand_in(voucher("1", "1,00"))
    shelf.hand_in(voucher("1", "2,00", corrects="ja"))
    assert verdicts(shelf.hand_in(voucher("1", "1,00"))) == ["Known"]
    assert verdicts(shelf.hand_in(voucher("1", "2,00", corrects="ja"))) == ["Known"]
    assert verdicts(shelf.hand_in(voucher("1", "2,00"))) == ["Known"]
    third = shelf.hand_in(voucher("1", "1,00", corrects="ja"))
    assert isinstance(third[0], New) and third[0].revision == 3
    assert verdicts(shelf.hand_in(voucher("1", "2,00", corrects="ja"))) == ["Known"]


def test_a_mark_on_what_was_never_said_is_a_first_saying_with_a_remark() -> None:
    (found,) = Shelf().hand_in(voucher("1", corrects="ja"))
    assert isinstance(found, New) and found.revision == 1 and found.corrects is None and found.remark


def test_a_row_may_take_the_place_of_another_number() -> None:
    known = Identities()
    (first,) = facts(voucher_list(voucher("12")), known)
    (second,) = facts(voucher_list(voucher("13", corrects="12")), Identities(standings=known.standings))
    assert isinstance(second, VoucherCorrected) and second.corrects == first.id and second.voucher.number == "13"
    assert not facts(voucher_list(voucher("12"), voucher("13", corrects="12")), Identities(standings=known.standings))
    (third,) = facts(voucher_list(voucher("13", "7,00", corrects="ja")), Identities(standings=known.standings))
    assert third.corrects == second.id


def test_a_cancelled_voucher_is_withdrawn_once_and_one_never_handed_in_is_no_fact() -> None:
    known = Identities()
    (first,) = facts(voucher_list(voucher("1")), known)
    (second,) = facts(voucher_list(voucher("1", withdrawn="ja")), Identities(standings=known.standings))
    assert isinstance(second, VoucherWithdrawn) and second.corrects == first.id
    assert not facts(voucher_list(voucher("1", withdrawn="ja"), voucher("1")), Identities(standings=known.standings))
    assert isinstance(Shelf().hand_in(voucher("9", withdrawn="ja"))[0], Left)


def test_the_second_of_two_twins_can_be_corrected() -> None:
    known = Identities()
    recorded = facts(voucher_list(voucher("1"), voucher("1")), known)
    (corrected,) = facts(voucher_list(voucher("1"), voucher("1", "5,00", corrects="ja")), Identities(standings=known.standings))
    assert corrected.corrects == recorded[1].id
    assert isinstance(corrected, VoucherCorrected) and corrected.voucher.twin == 2


def test_an_end_that_is_added_to_a_participation_is_news() -> None:
    heading = "Programm;Kommune;Name der Kommune;Beginn;Ende\n"
    known = Identities()
    (first,) = facts(heading + "P;1;Modellkommune 01 (Demo);01.09.2011;\n", known)
    (second,) = facts(heading + "P;1;Modellkommune 01 (Demo);01.09.2011;30.06.2012\n", Identities(standings=known.standings))
    assert isinstance(second, ParticipationRecorded) and second.corrects == first.id
    assert not facts(heading + "P;1;Modellkommune 01 (Demo);01.09.2011;\n", Identities(standings=known.standings))


def test_a_correction_may_go_back_and_forth() -> None:
    shelf = Shelf()
    shelf.hand_in(voucher("1", "100,00"))
    revisions = []
    for nth, gross in enumerate(("90,00", "100,00", "90,00", "100,00")):
        (found,) = shelf.hand_in(voucher("1", gross, corrects="ja"), name=f"{nth}")
        assert isinstance(found, New)
        revisions.append(found.revision)
    assert revisions == [2, 3, 4, 5]
    assert [verdicts(shelf.hand_in(voucher("1", "90,00", corrects="ja"), name=name)) for name in ("0", "2")] == [["Known"]] * 2


def test_a_voucher_that_was_reinstated_may_be_withdrawn_again() -> None:
    shelf = Shelf()
    withdrawn, reinstated = voucher("1", withdrawn="ja"), voucher("1", corrects="ja")
    shelf.hand_in(voucher("1"))
    found = [shelf.hand_in(row, name=str(nth)) for nth, row in enumerate((withdrawn, reinstated, withdrawn, withdrawn))]
    assert [verdicts(one) for one in found] == [["New"], ["New"], ["New"], ["Known"]]


@given(ROWS)
def test_handing_in_again_never_brings_anything(rows: Rows) -> None:
    shelf, lines = Shelf(), [voucher(number, gross) for number, gross in rows]
    first, second = shelf.hand_in(*lines), shelf.hand_in(*lines)
    assert not any(isinstance(one, New) for one in second)
    assert [isinstance(one, Refused) for one in first] == [isinstance(one, Refused) for one in second]


@given(ROWS, st.integers(0, 8))
def test_a_list_in_two_editions_says_what_the_whole_says(rows: Rows, cut: int) -> None:
    lines = [voucher(number, gross) for number, gross in rows]
    at_once, growing = Shelf(), Shelf()
    at_once.hand_in(*lines)
    growing.hand_in(*lines[:cut])
    growing.hand_in(*lines)
    assert at_once.standings.keys() == growing.standings.keys()
    for key, standing in at_once.standings.items():
        assert [(one.twin, one.revision, one.content, one.fact) for one in standing] == [
            (one.twin, one.revision, one.content, one.fact) for one in growing.standings[key]
        ]


@given(ROWS)
def test_every_row_is_new_known_or_refused_and_equal_rows_are_as_many_as_were_handed_in(rows: Rows) -> None:
    shelf, lines = Shelf(), [voucher(number, gross) for number, gross in rows]
    found = shelf.hand_in(*lines)
    assert all(isinstance(one, New | Known | Refused) for one in found)
    first = dict(reversed(rows))
    expected = Counter(number for number, gross in rows if first[number] == gross)
    assert sum(isinstance(one, New) for one in found) == expected.total()


@given(ROWS, st.integers(0, 8))
def test_a_reading_that_goes_on_after_a_crash_says_what_it_would_have_said(rows: Rows, told: int) -> None:
    drafts = [draft for _, draft in read(voucher_list(*(voucher(number, gross) for number, gross in rows))).drafts]
    source = Source(digest="0" * 64, place="1")
    undisturbed = Identities()
    expected = [undisturbed.judge(draft, source) for draft in drafts]
    before = Identities()
    found = [before.judge(draft, source) for draft in drafts[:told]]
    after = Identities(standings=before.standings)
    for draft in drafts[:told]:
        after.pass_by(draft)
    found += [after.judge(draft, source) for draft in drafts[told:]]
    assert found == expected


def test_one_award_may_carry_the_money_of_two_grantors() -> None:
    heading = "Maßnahme;Aktenzeichen;Zuwendungsgeber;Art;Bescheid vom;Beginn;Ende;Finanzierungsart;Fördersatz;Höchstbetrag\n"
    said = "M-1;JUSTiQ-17;{};{};15.12.2014;01.01.2015;31.12.2018;Anteil;50 %;48.000,00\n"
    known = Identities()
    found = facts(heading + said.format("esf", "EU") + said.format("bund", "Bund"), known)
    assert [one.award.grantor.key for one in found if isinstance(one, GrantAwarded)] == ["esf", "bund"]
    assert not facts(heading + said.format("bund", "Bund"), Identities(standings=known.standings))


def test_a_municipality_may_leave_and_rejoin() -> None:
    heading = "Programm;Kommune;Name der Kommune;Beginn;Ende\n"
    first, second = ("P;1;Modellkommune 01 (Demo);01.09.2011;30.06.2012\n", "P;1;Modellkommune 01 (Demo);01.01.2013;\n")
    known = Identities()
    assert len(facts(heading + first, known)) == 1
    (rejoined,) = facts(heading + first + second, Identities(standings=known.standings))
    assert isinstance(rejoined, ParticipationRecorded) and rejoined.corrects is None


COMMITMENTS = "Maßnahme;Zusage;Mittelgeber;Art;Haushaltsjahr;Betrag;Status;Datum;Berichtigt\n"
RECEIPTS = "Maßnahme;Eingang;Mittelgeber;Art;Betrag;Datum;Bewilligungsjahr\n"


def test_a_funder_is_of_one_kind_in_all_files_until_a_correction_says_otherwise() -> None:
    standings = Identities().standings

    def hand_in(text: str) -> list[object]:
        judge = Identities(standings=standings)
        source = Source(digest=id_of(text).hex * 2, place="1")
        return [judge.judge(draft, source) for _, draft in read(text).drafts]

    first = COMMITMENTS + "M-1;K-1;jugendamt;Kommune;2014;1,00;beschlossen;01.02.2014;\n"
    other = RECEIPTS + "M-2;E-1;jugendamt;Stiftung;1,00;01.03.2014;2014\n"
    assert verdicts(hand_in(first)) == ["New"]
    (refused,) = hand_in(other)
    assert isinstance(refused, Refused) and refused.fault.code == "ROW-21"
    assert "„Stiftung“" in refused.fault.mend_text and "„Kommune“" in refused.fault.mend_text
    assert verdicts(hand_in(other.replace("E-1;jugendamt", "E-2;stiftung"))) == ["New"]
    assert verdicts(hand_in(COMMITMENTS + "M-1;K-1;jugendamt;Stiftung;2014;1,00;beschlossen;01.02.2014;ja\n")) == ["New"]
    assert verdicts(hand_in(other)) == ["New"]
    assert verdicts(hand_in(first)) == ["Known"]
