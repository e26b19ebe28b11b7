"""A project is closed while others still read it: they hear that it is closed, and nothing breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import workbench

CODE = """
import sys, threading
from pathlib import Path
from workbench.data.project import Project
from workbench.data.types import NewItem
from workbench.errors import UserError

folder = Path(sys.argv[1])
project = Project.create(folder, "Many", "text-classification")
project.add_items([NewItem("text", f"t{n}", text=f"words {n} " * 5) for n in range(3000)])
project.close()
# Nothing is left in a log beside the file.
assert not list(folder.glob("project.db-*")), list(folder.iterdir())
said = []
for _ in range(40):
    project = Project.open(folder)
    begun = threading.Barrier(4)
    def read():
        begun.wait()
        try:
            while True:
                project.items(project.item_ids())
        except UserError as error:
            said.append(error.message)
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    begun.wait()
    project.items(project.item_ids()[:5])
    project.close()
    project.close()
    for reader in readers:
        reader.join()
assert len(said) == 120 and set(said) == {"The project is closed."}, set(said)
"""


def test_closing_under_readers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path / "project")],
        capture_output=True, text=True, timeout=300, env=os.environ | {"PYTHONPATH": str(Path(workbench.__file__).parent.parent)},
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
