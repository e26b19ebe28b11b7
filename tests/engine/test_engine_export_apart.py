"""An export in a process of its own: it gives what the form gives, and stopped at any moment it leaves nothing."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from small_own_models import own_model

from workbench.app_log import log_file
from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine import export_apart as module
from workbench.engine.child import run_child
from workbench.engine.export_apart import do_job, export_apart
from workbench.engine.export_formats import all_formats, format_by_id
from workbench.errors import Cancelled, UserError

CHINA = resources() / "samples" / "try" / "china.jpg"


def children() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


def test_it_gives_what_the_form_gives(tmp_path: Path) -> None:
    """A whole journey through a true process: its check, what it said meanwhile, and its files alone in the place."""
    card = own_model("timm")
    said: list[str] = []
    samples = [
        Sample("picture", CHINA.name, path=CHINA),
        Sample("picture", "dropped", data=CHINA.read_bytes()),
        Sample("picture", "gone", path=tmp_path / "gone.png"),
    ]
    out = tmp_path / "out"
    made = export_apart(format_by_id("onnx"), card, out, samples, Control(lambda _part, words: said.append(words)))
    assert made.path == out / "timm.onnx" and made.check is not None
    assert made.check.passed and made.check.samples == 2
    assert {"Getting ready", "Exporting", "Writing the report"} <= set(said)
    names = {f.name for f in out.iterdir()}
    assert names == {"timm.onnx", "timm.json", "timm-report.html", "timm-report.pdf", "timm-README.md"}
    assert not children()
    with pytest.raises(UserError, match=r"already a file “timm\.onnx”"):
        export_apart(format_by_id("onnx"), card, out, [])


def test_stopped_while_it_computes_nothing_is_left(tmp_path: Path) -> None:
    card, control = own_model("timm"), Control()
    before = {p.pid for p in children()}
    ended: list[BaseException] = []

    def work() -> None:
        try:
            export_apart(format_by_id("torch-program"), card, tmp_path, [], control)
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not {p.pid for p in children()} - before:
        time.sleep(0.02)
    control.cancel()
    thread.join()
    assert ended and {p.pid for p in children()} == before
    assert [f.name for f in tmp_path.iterdir() if f.name != "workbench-home"] == []


def test_what_a_process_started_is_ended_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    monkeypatch.setattr("workbench.engine.child.this_program", lambda: [sys.executable])
    control, pids = Control(), []

    def told(line: str) -> None:
        pids.append(int(line))
        control.cancel()

    with pytest.raises(Cancelled):
        run_child(["-c", program], control, told=told)
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pids[0]) and psutil.Process(pids[0]).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(TimeoutError):
        run_child(["-c", program], Control(), longest=0.0)


def in_this_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the process does, in this one."""

    def child(arguments: list[str], _control: Control, *, told: object) -> int:
        code = do_job(Path(arguments[1]))
        for line in ["a library's own words", "[1]", *capsys.readouterr().out.splitlines()]:
            told(line)  # type: ignore[operator]
        return code

    monkeypatch.setattr(module, "run_child", child)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("It cannot be done.", "Do another thing."), "It cannot be done. Do another thing."),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
    ],
)
def test_what_goes_wrong_there_is_said_here(
    error: Exception, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card = ModelCard.from_json(json.loads(json.dumps(own_model("timm").to_json())))
    in_this_process(monkeypatch, capsys)
    form = format_by_id("web-page")

    def fails(*_given: object) -> None:
        raise error

    monkeypatch.setattr(form, "export", fails)
    with pytest.raises(UserError, match=sentence):
        export_apart(form, card, tmp_path / "out", [])
    assert not any((tmp_path / "out").iterdir())


def test_a_process_that_dies_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_child", lambda *_given, **_more: -9)
    with pytest.raises(UserError, match="was broken off"):
        export_apart(format_by_id("web-page"), own_model("timm"), tmp_path / "out", [])
    assert not any((tmp_path / "out").iterdir())


def test_what_nobody_expected_there_is_in_the_log(tmp_path: Path) -> None:
    """Its stderr is read by nobody, and the person is told that the log says more."""
    assert run_child([module.ARGUMENT, str(tmp_path / "no job")], Control()) == 1
    assert "FileNotFoundError" in log_file(app_paths().logs).read_text(encoding="utf-8")


def test_forms_that_only_copy_are_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_child", None)
    card = own_model("timm")
    made = export_apart(format_by_id("folder"), card, tmp_path / "out", [])
    assert made.path == tmp_path / "out" / "timm"
    for form in all_formats():
        assert form.made(card).startswith("timm"), form.id
