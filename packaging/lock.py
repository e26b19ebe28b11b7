#!/usr/bin/env python3
"""Write packaging/requirements.lock: what the installers are made of, each file by its SHA-256.

    python packaging/lock.py

Run by hand when constraints.txt was changed. It asks uv (https://docs.astral.sh/uv, `pip install uv`) to resolve the app's
dependencies and the tools that freeze it for all systems at once, within constraints.txt, from wheels only: then nothing is
built while installing, which would fetch tools that have no hash here. No place of a package index is written.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "packaging" / "requirements.lock"
# Beside the app's own dependencies: what freezes it, and what installs its folder.
TOOLS = ("pyinstaller", "hatchling", "editables")
HEAD = """\
# Everything the installers are made of, each file by its SHA-256. Written by `python packaging/lock.py` within the versions of
# constraints.txt, used by `python3 packaging/dev.py package`. Parts of other systems and of graphics cards are in it, too.
"""


def main() -> int:
    """Returns 0 when the file is written."""
    uv = shutil.which("uv")
    if uv is None:
        sys.stderr.write("uv is needed: pip install uv\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        tools, out = Path(folder, "tools.in"), Path(folder, "lock")
        tools.write_text("\n".join(TOOLS), encoding="utf-8")
        done = subprocess.run(
            [
                uv, "pip", "compile", str(ROOT / "pyproject.toml"), str(tools), "--constraint",
                str(ROOT / "packaging" / "constraints.txt"), "--universal", "--python-version", "3.11", "--generate-hashes",
                "--only-binary", ":all:", "--no-header", "--no-annotate", "--quiet", "--output-file", str(out),
            ]
        )  # fmt: skip
        if done.returncode:
            return done.returncode
        LOCK.write_text(HEAD + out.read_text(encoding="utf-8"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
