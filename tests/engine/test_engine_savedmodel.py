"""TensorFlow's SavedModels: what is said without TensorFlow, and how its converter is called and stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from own_time import StopsLater

from workbench.control import Control
from workbench.engine.savedmodel import PYTHON_VARIABLE, as_onnx
from workbench.errors import Cancelled, UserError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "mobile"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"graph")
    return folder


def converter(tmp_path: Path, body: str) -> str:
    """A stand-in for the Python that has TensorFlow: it gets the same arguments and writes what it is told."""
    script = tmp_path / "python"
    script.write_text(
        f"#!{sys.executable}\nimport sys, time\nwith open(__file__ + '.calls', 'a') as f: f.write(' '.join(sys.argv[1:]) + chr(10))\n{body}\n"
    )
    script.chmod(0o755)
    return str(script)


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    assert as_onnx(tmp_path / "a.onnx") == tmp_path / "a.onnx"


def test_without_tensorflow_it_says_what_to_install(model: Path) -> None:
    with pytest.raises(UserError, match=r"model-workbench\[tensorflow\]"):
        as_onnx(model)


def test_it_is_converted_once(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = converter(tmp_path, "open(sys.argv[sys.argv.index('--output') + 1], 'w').write('made')")
    monkeypatch.setenv(PYTHON_VARIABLE, python)
    made = as_onnx(model)
    assert made.read_text() == "made" and made.suffix == ".onnx" and as_onnx(model) == made
    calls = Path(f"{python}.calls").read_text().splitlines()
    assert len(calls) == 1 and calls[0].startswith(f"-m tf2onnx.convert --saved-model {model} --output ")
    (model / "saved_model.pb").write_bytes(b"another graph")
    assert as_onnx(model) != made


def test_failures_and_stops_leave_nothing(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PYTHON_VARIABLE, converter(tmp_path, "print('op Foo is not known'); sys.exit(1)"))
    with pytest.raises(UserError, match="op Foo is not known"):
        as_onnx(model)
    monkeypatch.setenv(PYTHON_VARIABLE, converter(tmp_path, "time.sleep(30)"))
    control = Control()
    stop = StopsLater(control, 0.4)
    with pytest.raises(Cancelled):
        as_onnx(model, control)
    assert stop.seconds < 1.0
    monkeypatch.setenv(PYTHON_VARIABLE, "/no/such/python")
    with pytest.raises(UserError, match="no Python at"):
        as_onnx(model)
