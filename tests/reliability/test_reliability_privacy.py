"""Nothing leaves this computer unasked: everything the app can do offline is done, with the hubs' true addresses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import workbench

SCRIPT = Path(__file__).with_name("all_journeys.py")
HERE = ("127.0.0.1", "::1", "localhost", "None")


@pytest.mark.parametrize("face", ["commands", "window"])
def test_no_journey_reaches_another_computer(tmp_path: Path, face: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_") and "proxy" not in k.lower()}
    environment |= {
        "WORKBENCH_HOME": str(tmp_path / "home"),
        "HF_HOME": str(tmp_path / "hub"),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(Path(workbench.__file__).parent.parent),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), face, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["failed"] == [], done.stderr[-3000:]
    assert [a for a in said["attempts"] if a.split()[-1] not in HERE] == []
