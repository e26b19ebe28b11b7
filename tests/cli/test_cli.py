"""The command line as people and scripts use it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.__main__ import main
from workbench.app_paths import resources

CHINA = resources() / "samples" / "try" / "china.jpg"
Capture = pytest.CaptureFixture[str]


def test_help_and_version_are_light(tmp_path: Path) -> None:
    code = "import sys; from workbench.__main__ import main; main(['--help']); print([m for m in ('torch','PySide6','numpy','PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]" and "predict" in done.stdout


@pytest.mark.parametrize("arguments", [["nonsense"], ["predict"], ["train", ".", "--how", "magic"]])
def test_wrong_use_is_two(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_predicting_a_picture(capsys: Capture) -> None:
    assert main(["predict", str(CHINA), "--json", "--top", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found[0]["scores"][0]["label"] == "palace" and len(found[0]["scores"]) == 3


def test_a_batch_with_a_broken_file_is_three(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "good.jpg").write_bytes(CHINA.read_bytes())
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    assert main(["predict", str(tmp_path), "--csv"]) == 3
    shown = capsys.readouterr()
    assert [line.split(",")[:2] for line in shown.out.splitlines()] == [["input", "answer"], ["good.jpg", "palace"]]
    assert shown.err.startswith("bad.jpg: ") and "1 results, 1 problems" in shown.err
    assert main(["predict", str(tmp_path / "bad.jpg")]) == 1


def test_texts_typed_and_piped(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    assert main(["predict", "Fry the onions in butter.", "--labels", "cooking,astronomy"]) == 0
    assert "cooking" in capsys.readouterr().out.splitlines()[1]
    monkeypatch.setattr("sys.stdin", io.StringIO("Saturn has rings\n\nBoil the rice\n"))
    assert main(["predict", "-", "--labels", "cooking,astronomy", "--json"]) == 0
    assert [r["scores"][0]["label"] for r in json.loads(capsys.readouterr().out)] == ["astronomy", "cooking"]


def test_what_goes_wrong_is_one_and_a_sentence(tmp_path: Path, capsys: Capture) -> None:
    assert main(["predict", "gone.jpg"]) == 1
    assert main(["predict", str(CHINA), "--model", "resnet-50"]) == 1
    assert main(["predict", str(CHINA), "--model", "text-starter"]) == 1
    (tmp_path / "nothing").mkdir()
    assert main(["train", str(tmp_path / "nothing")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4 and "Traceback" not in "".join(lines)
    assert "Did you mean" in lines[1] and "is empty" in lines[3]


def test_train_evaluate_export_use(digits_folder: Callable[..., Path], tmp_path: Path, capsys: Capture) -> None:
    folder = digits_folder(("one", "two", "zero"), 12)
    assert main(["train", str(folder), "--how", "quick", "--out", str(tmp_path / "out"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert 0 < result["low"] <= result["accuracy"] <= result["high"] <= 1
    assert Path(result["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (Path(result["folder"]) / "model.safetensors").is_file()
    model = result["model"]
    assert main(["evaluate", model, str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 36
    assert main(["models", "list", "--mine"]) == 0
    assert capsys.readouterr().out.startswith(model)
    assert (
        main(["export", model, "--format", "onnx", "--out", str(tmp_path / "onnx"), "--samples", str(folder / "one")])
        == 0
    )
    assert "same answers" in capsys.readouterr().out
    assert main(["predict", str(folder / "zero"), "--model", model, "--csv"]) == 0
    answers = [line.split(",")[1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert answers.count("zero") >= 10


def test_training_on_a_table_with_chosen_columns(tmp_path: Path, capsys: Capture) -> None:
    lines = (resources() / "samples" / "reviews.csv").read_text(encoding="utf-8").splitlines()[1:61]
    (tmp_path / "t.csv").write_text("a,b\n" + "\n".join(lines), encoding="utf-8")
    assert main(["train", str(tmp_path / "t.csv"), "--text-column", "a", "--label-column", "b", "--name", "Mine"]) == 0
    assert "Report:" in capsys.readouterr().out


def test_projects(digits_folder: Callable[..., Path], tmp_path: Path, capsys: Capture) -> None:
    project = tmp_path / "p"
    assert main(["project", "import", str(project), str(digits_folder(("one", "two"), 5))]) == 0
    assert "10 added" in capsys.readouterr().out
    assert main(["project", "status", str(project), "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["classes"] == {"one": 5, "two": 5} and any(f["code"] == "few" for f in status["findings"])
    assert main(["project", "export", str(project), str(tmp_path / "l.csv")]) == 0
    assert len((tmp_path / "l.csv").read_text("utf-8-sig").splitlines()) == 11


def test_the_catalogue_and_the_doctor(capsys: Capture) -> None:
    assert main(["models", "show", "picture-starter"]) == 0
    assert "Limits" in capsys.readouterr().out
    assert main(["models", "list", "--offline", "--json"]) == 0
    assert {c["id"] for c in json.loads(capsys.readouterr().out)} == {
        "picture-starter",
        "text-starter",
        "reading-starter",
        "dictation-starter",
        "enlarge-starter",
        "enlarge-starter-x4",
        "trees-starter",
        "molecule-fingerprints",
        "exponential-smoothing",
        "last-season",
        "recommend-both",
        "recommend-together",
        "recommend-alike",
        "recommend-popular",
        "sound-starter",
        "finding-starter",
        "area-starter",
    }
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(c["passed"] for c in found["checks"]) and len(found["checks"]) == 5


def test_no_screen_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    if sys.platform == "linux":
        assert main([]) == 1
        assert "no screen" in capsys.readouterr().err


def test_names_are_escaped_in_reports(tmp_path: Path, make_project: Callable[[Path], object]) -> None:
    from workbench.data.project import Project
    from workbench.data.types import ItemPrediction, NewItem, RunRecord, Split
    from workbench.trust.metrics import evaluation_from_predictions
    from workbench.trust.report import render

    bad = "<script>alert(1)</script>"
    with Project.create(tmp_path / "p", bad, "text-classification") as project:
        ids = project.add_items([NewItem("text", bad, text=f"{bad} text", label=bad)]).added
        said = [ItemPrediction(ids[0], Split.TEST, bad, "other", (0.1, 0.9))]
        page = render(
            project,
            RunRecord("r", bad, "done", "", {}, {}, tmp_path),
            evaluation_from_predictions((bad, "other"), said),
        )
    assert "<script>" not in page and "&lt;script&gt;" in page
