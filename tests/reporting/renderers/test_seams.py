"""What our PDF stands on inside ReportLab; fails when a release changes it (`renderers/pdf/seams.py`)."""

import hashlib
import re

import pytest
import reportlab
from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.ttfonts import TTFont

from services.reporting.renderers.pdf import seams, typography

FONTS = typography._FONTS


def test_reportlab_is_the_version_the_seams_were_written_for() -> None:
    assert reportlab.Version == seams.VERSION


def test_a_document_numbers_its_objects_and_knows_the_fonts_object() -> None:
    document = pdfdoc.PDFDocument(compression=1, invariant=1)
    before = document.objectcounter
    reference = document.Reference(pdfdoc.PDFStream(content=b"x"), "mine")
    assert document.objectcounter == before + 1
    assert document.numberToId[before + 1] == reference.name == "mine"
    assert document.idToObjectNumberAndVersion["BasicFonts"] == (1, 0)
    assert document.delayedFonts == []


def test_a_font_tells_subset_and_code_and_opens_further_subsets() -> None:
    document = pdfdoc.PDFDocument(compression=1, invariant=1)
    font = TTFont("F", str(FONTS / "SourceSans3-Regular.ttf"))
    assert font.splitString("A", document) == [(0, b"A")]
    assert font.getSubsetInternalName(0, document) == "/F1+0"
    many = "".join(chr(code) for code in sorted(font.face.charToGlyph) if code > 0xA0)[:400]
    font.splitString(many, document)
    assert {font.splitString(char, document)[0][0] for char in many} == {0, 1}
    assert document.delayedFonts == [font]
    font.addObjects(document)
    assert {"F1+0", "F1+1"} <= set(document.idToObject["BasicFonts"].dict)


def test_a_font_gives_widths_in_thousandths_and_says_which_characters_it_has() -> None:
    face = TTFont("F", str(FONTS / "SourceSans3-Regular.ttf")).face
    assert {face.charWidths[ord(digit)] for digit in "0123456789"} == {497}  # tabular figures
    assert ord("ẞ") in face.charToGlyph
    assert ord("中") not in face.charToGlyph


def test_a_stream_of_reportlab_still_lacks_the_end_of_line_we_add() -> None:
    document = pdfdoc.PDFDocument(compression=1, invariant=1)
    assert pdfdoc.PDFStream(content=b"data").format(document).endswith(b"dataendstream\n")


@pytest.mark.parametrize("name", typography.FACES.values())
def test_the_font_files_are_those_the_readme_names(name: str) -> None:
    table = (FONTS / "README.md").read_text()
    [said] = re.findall(rf"\| {name}\.ttf \|.*\| ([0-9a-f]{{64}}) \|", table)
    assert hashlib.sha256((FONTS / f"{name}.ttf").read_bytes()).hexdigest() == said
    assert (FONTS / "LICENSE-SourceSans3.md").exists()
    assert (FONTS / "LICENSE-SourceCodePro.md").exists()


def test_both_families_have_the_replacement_for_missing_characters() -> None:
    for name in typography.FACES.values():
        assert ord(typography.REPLACEMENT) in TTFont(name, str(FONTS / f"{name}.ttf")).face.charToGlyph


def test_text_strings_outside_of_pages_are_escaped() -> None:
    assert seams.text_string("a(b)\\") == "(a\\(b\\)\\\\)"
    assert seams.text_string("€") == "<FEFF20AC>"
    assert seams.text_string("a\nb") == "<FEFF0061000A0062>"


def test_a_series_that_makes_fewer_objects_than_announced_is_an_error() -> None:
    file = seams.PdfFile()
    file.add_series(2, lambda: iter([b"null"]))
    with pytest.raises(AssertionError, match="1 objects were made where 2"):
        file.write(root=1, info=1, file_id="0" * 32)
