"""Reading text in pictures from the command line: files for other programs, and how many words are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pages_to_read import LINES, page, photographed

from workbench.__main__ import main

Capture = pytest.CaptureFixture[str]
READ = ["predict", "--model", "reading-starter"]
FIRST, SECOND = LINES[:2], LINES[2:4]


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with page 2 and page 10, which a machine would sort the other way round."""
    folder = tmp_path / "scans"
    folder.mkdir()
    page(FIRST).save(folder / "page 2.png")
    photographed(page(SECOND)).save(folder / "page 10.jpg", quality=90)
    return folder


def test_a_folder_becomes_one_searchable_pdf_and_hocr_and_text(scans: Path, tmp_path: Path, capsys: Capture) -> None:
    from pypdf import PdfReader

    target = tmp_path / "book.pdf"
    assert main([*READ, str(scans), "--output", str(target)]) == 0
    pages = PdfReader(target, strict=True).pages
    assert ["".join(p.extract_text().split()) for p in pages] == ["".join("".join(FIRST).split()), "".join("".join(SECOND).split())]  # fmt: skip
    assert f"Written to {target}" in capsys.readouterr().err
    # The right texts beside it: one file parted as pages are, or a folder of them.
    truth = tmp_path / "truth.txt"
    truth.write_text("\n".join(FIRST) + "\f" + "\n".join(SECOND).replace("winter", "WINTER summer"), encoding="utf-8")
    assert main([*READ, str(scans), "--output", str(tmp_path / "book.hocr"), "--truth", str(truth)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"page 2.png: All {len(' '.join(FIRST).split())} words are right."
    assert said[1].startswith("page 10.jpg: ") and "1 changed, 1 missing" in said[1]
    assert said[2].startswith("Together: ") and "On more such items expect" in said[2]
    names = {"ocr_page": 2, "ocr_line": 4, "ocrx_word": len(" ".join((*FIRST, *SECOND)).split())}
    root = ElementTree.parse(tmp_path / "book.hocr")
    assert {n: sum(e.get("class") == n for e in root.iter()) for n in names} == names


def test_one_page_to_text_and_json_with_its_error_rates(scans: Path, tmp_path: Path, capsys: Capture) -> None:
    picture = str(scans / "page 2.png")
    target = tmp_path / "page.txt"
    truth = tmp_path / "truth"
    truth.mkdir()
    (truth / "page 2.gt.txt").write_text("\n".join(FIRST).upper(), encoding="utf-8")
    assert main([*READ, picture, "--output", str(target), "--truth", str(truth), "--ignore", "case"]) == 0
    assert target.read_text(encoding="utf-8") == "\n".join(FIRST) + "\n"
    assert capsys.readouterr().out.splitlines() == [
        f"All {len(' '.join(FIRST).split())} words are right.",
        "Not counted: upper and lower case, line breaks and extra blanks.",
    ]
    assert main([*READ, picture, "--json", "--truth", str(truth)]) == 0
    shown = capsys.readouterr()
    (found,) = json.loads(shown.out)
    assert found["truth"]["words"]["rate"] > 0.8 and "Word error rate" in shown.err
    assert [w["text"] for w in found["boxes"][0]["words"]] == FIRST[0].split()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--truth", "gone.txt"], "is not there"),
        (["--truth", ".", "--ignore", "vowels"], "cannot be ignored"),
        (["--output", "page.docx"], ""),
        (["--set", "reading=no", "--truth", "."], "no texts that could be compared"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], said: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    page(FIRST[:1]).save(tmp_path / "p.png")
    code = main([*READ, "p.png", *arguments])
    shown = capsys.readouterr()
    assert said in shown.err and (code == 1 or not said)


def test_a_missing_right_text_is_a_problem_of_its_item(scans: Path, tmp_path: Path, capsys: Capture) -> None:
    truth = tmp_path / "truth"
    truth.mkdir()
    (truth / "page 10.txt").write_text("\n".join(SECOND), encoding="utf-8")
    assert main([*READ, str(scans), "--truth", str(truth)]) == 0
    shown = capsys.readouterr()
    assert "page 2.png: The folder “truth” has no right text" in shown.err
    assert f"All {len(' '.join(SECOND).split())} words are right." in shown.out
