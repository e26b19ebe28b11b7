"""TensorFlow's SavedModel (TensorFlow Hub, Kaggle Models): converted to ONNX once, by TensorFlow itself.

TensorFlow is large and not part of the app: it comes with the extra `pip install "model-workbench[tensorflow]"`, or lies
in another Python that the variable WORKBENCH_TENSORFLOW_PYTHON names.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths, is_packaged
from workbench.control import Control
from workbench.engine.child import attend, end
from workbench.errors import UserError
from workbench.hub.records import size_of

PYTHON_VARIABLE = "WORKBENCH_TENSORFLOW_PYTHON"
_MARK = "saved_model.pb"
_MOST_BYTES = 4_000_000_000


def is_saved_model(path: Path) -> bool:
    return path.is_dir() and (path / _MARK).is_file()


def as_onnx(path: Path, control: Control | None = None, paths: AppPaths | None = None) -> Path:
    """The ONNX file made of a SavedModel; made at the first call, found again later. Anything else is given back as is.

    TensorFlow runs in a process of its own: its graphs are programs, and what goes wrong there stays there.

    Raises:
        UserError: when TensorFlow is not there, or it cannot convert this model.
        Cancelled: when asked to stop; no half file stays.
    """
    if not is_saved_model(path):
        return path
    if size_of(path) > _MOST_BYTES:
        raise UserError(
            f"“{path.name}” is too large to be converted.", "Look for the same model as ONNX or safetensors."
        )
    control = control or Control()
    digest = hashlib.sha256()
    for file in sorted(f for f in path.rglob("*") if f.is_file()):
        digest.update(f"{file.relative_to(path)} {file.stat().st_size} {file.stat().st_mtime_ns}".encode())
    target = (paths or app_paths()).cache / "converted" / f"{path.name}-{digest.hexdigest()[:12]}.onnx"
    if target.is_file():
        return target
    python = _python()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    command = [python, "-m", "tf2onnx.convert", "--saved-model", str(path), "--output", str(part)]
    control.progress(0, 0, f"Converting {path.name}")
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            attend(process, control)
        except BaseException:
            end(process)
            part.unlink(missing_ok=True)
            raise
        said.seek(0)
        words = said.read().decode("utf-8", "replace").strip().splitlines()
    if process.returncode or not part.is_file():
        part.unlink(missing_ok=True)
        last = next((w for w in reversed(words) if w.strip()), "")[:200]
        raise UserError(f"TensorFlow could not convert “{path.name}” ({last}).", "Look for the same model as ONNX.")
    atomic.put(part, target)
    return target


def _python() -> str:
    other = os.environ.get(PYTHON_VARIABLE)
    if other:
        if not Path(other).exists():
            raise UserError(f"There is no Python at “{other}”.", f"Set {PYTHON_VARIABLE} to one that has tf2onnx.")
        return other
    if find_spec("tensorflow") is None or find_spec("tf2onnx") is None:
        raise UserError(
            "This is a TensorFlow SavedModel; it is converted once by TensorFlow, which is not installed.",
            f"Set {PYTHON_VARIABLE} to a Python that has tensorflow and tf2onnx."
            if is_packaged()
            else 'Install it with: pip install "model-workbench[tensorflow]"',
        )
    return sys.executable
