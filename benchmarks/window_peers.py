"""Start-up to a window, and opening a folder of pictures, against other programs that show and label pictures.

Each of them lies in a virtual environment of its own, FOLDER/napari, FOLDER/labelme, FOLDER/xany (`python -m venv`, `pip install
"napari[pyside6]"`, `labelme`, `"x-anylabeling-cvhub[cpu]"`); they are only started and timed here, nothing of theirs is used.
The same few lines run in every program: they tell when its main window has been shown and the event loop turns. So it is the same
moment for all, and what a program still loads afterwards counts for none.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A window that has not come by then is told as not seen.
_LONGEST = 30.0
# As `sitecustomize` of each process: no program is changed.
_PROBE = """
import sys, threading, time

def _watch():
    end = time.time() + 100
    while time.time() < end:
        time.sleep(0.002)
        for name in ("PySide6", "PyQt6", "PyQt5"):
            core, widgets = sys.modules.get(name + ".QtCore"), sys.modules.get(name + ".QtWidgets")
            if core is None or not hasattr(widgets, "QMainWindow"):
                continue
            def tell():
                sys.__stdout__.write("THERE\\n")
                sys.__stdout__.flush()
            def wrap(old):
                def show(self, *rest):
                    old(self, *rest)
                    core.QTimer.singleShot(0, tell)
                return show
            for method in ("show", "showMaximized"):
                setattr(widgets.QMainWindow, method, wrap(getattr(widgets.QMainWindow, method)))
            return

threading.Thread(target=_watch, daemon=True).start()
"""


def commands(folder: Path, pictures: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Name to how it is started bare, and with a folder of pictures."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for name, program, extra in (
        ("napari", "napari", []),
        ("labelme", "labelme", []),
        ("xany", "xanylabeling", ["--filename"]),
    ):
        there = folder / name / "bin" / program
        if there.exists():
            found[name] = [str(there)], [str(there), *extra, str(pictures)]
    return found


def seconds(command: list[str], environment: dict[str, str]) -> float | None:
    """From the start of the process until its window is painted; None when that did not come soon."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment, cwd=ROOT)
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        said = b""
        try:
            while time.perf_counter() - began < _LONGEST and process.poll() is None:
                said += process.stdout.read() or b""
                if b"THERE" in said:
                    return time.perf_counter() - began
                time.sleep(0.003)
            return None
        finally:
            process.kill()
            process.wait()


def measure(folder: Path, rounds: int, count: int = 500) -> list[str]:
    """Lines of a table: medians, and ours against theirs with the smallest and largest quotient."""
    import numpy as np
    from PIL import Image

    with tempfile.TemporaryDirectory(prefix="peers-") as place:
        pictures = Path(place) / "pictures"
        pictures.mkdir()
        rng = np.random.default_rng(0)
        for n in range(count):
            Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8)).resize((640, 480)).save(pictures / f"{n:04}.jpg")
        probe = Path(place) / "probe"
        probe.mkdir()
        (probe / "sitecustomize.py").write_text(_PROBE, encoding="utf-8")
        home = Path(place) / "home"
        home.mkdir()
        environment = os.environ | {
            "PYTHONPATH": str(probe), "HOME": str(home), "XDG_CONFIG_HOME": str(home), "WORKBENCH_HOME": str(home / "Me"),
        }  # fmt: skip
        environment.pop("WORKBENCH_STARTUP_PROBE", None)
        ours = [sys.executable, "-m", "workbench"]
        made = _project(Path(place) / "project", pictures, environment)
        ways = {"ours": (ours, [*ours, str(made)]), **commands(folder, pictures)}
        times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
        for round_ in range(rounds):
            # All are killed once they are there; after two such starts in one home ours asks whether to begin in safe mode.
            environment["WORKBENCH_HOME"] = str(home / f"Me {round_}")
            for name, two in ways.items():
                for held, command in zip(times[name], two, strict=True):
                    found = seconds(command, environment)
                    if found is not None:
                        held.append(found)
    lines = [
        f"| Program | start to window | against ours | with {count} pictures to window | against ours |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, pair in times.items():
        cells = []
        for held, mine in zip(pair, times["ours"], strict=True):
            ratios = sorted(a / b for a, b in zip(held, mine, strict=False))
            cells.append(f"{statistics.median(held):.1f} s" if held else "no window seen")
            cells.append(f"{statistics.median(ratios):.1f}× ({ratios[0]:.1f} to {ratios[-1]:.1f})" if ratios else "–")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _project(folder: Path, pictures: Path, environment: dict[str, str]) -> Path:
    """A project of these pictures for ours: labelling programs open the folder itself."""
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[3])\n"
        "from workbench.data.importers import sniff; from workbench.engine.journey import project_from_plan\n"
        "project_from_plan(sniff([sys.argv[1]]), Path(sys.argv[2]))[0].close()"
    )
    subprocess.run([sys.executable, "-c", code, str(pictures), str(folder), str(ROOT)], check=True, env=environment)
    return folder


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    print("\n".join(measure(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3)))
