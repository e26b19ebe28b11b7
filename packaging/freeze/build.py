"""From the source tree to installers, with the environment's Python. Called by `python3 packaging/dev.py package`.

package [--variant cpu|cuda] [--formats tar,deb,appimage] [--work FOLDER] [--target FOLDER] [--no-freeze] [--check]
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from freeze import licences, linux, plan

FORMATS = {"linux": ("tar", "deb", "appimage"), "darwin": ("dmg",), "win32": ("setup",)}
NAME = "model-workbench"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every installer asked for lies in the target."""
    parser = argparse.ArgumentParser(prog="dev.py package", description=__doc__)
    parser.add_argument(
        "--variant", choices=plan.VARIANTS, default="cpu", help="cuda: with what NVIDIA's graphics cards need"
    )
    parser.add_argument(
        "--formats", default="", help="some of: " + ", ".join(FORMATS.get(sys.platform, ())) + "; none: freeze alone"
    )
    parser.add_argument("--work", type=Path, default=plan.ROOT / "build", help="where it is built (5 to 15 GB)")
    parser.add_argument("--target", type=Path, default=plan.ROOT / "dist", help="where the installers go")
    parser.add_argument("--no-freeze", action="store_true", help="take the folder that was frozen before")
    parser.add_argument(
        "--check", action="store_true", help="run the frozen app's self-check before anything is packed"
    )
    parser.add_argument(
        "--updates", default=os.environ.get("WORKBENCH_UPDATE_ADDRESS", ""), help="address of the note on updates"
    )
    options = parser.parse_args(arguments)
    known = FORMATS.get(sys.platform, ())
    wanted = [f for f in options.formats.split(",") if f] or [
        f for f in known if f != "appimage" or linux.appimage_tool()
    ]
    wanted = [] if wanted == ["none"] else wanted
    if strange := set(wanted) - set(known):
        parser.error(f"on this system there is no {sorted(strange)[0]}")
    work, target = options.work.absolute(), options.target.absolute()
    started = time.monotonic()
    frozen = work / "dist" / ("Model Workbench.app" if sys.platform == "darwin" else NAME)
    if not options.no_freeze:
        freeze(work, options.variant, options.updates)
    if options.check:
        program = frozen / "Contents" / "MacOS" / NAME if sys.platform == "darwin" else frozen / NAME
        if subprocess.run([str(program) + (".exe" if os.name == "nt" else ""), "--self-check"]).returncode:
            raise SystemExit("The frozen app does not work; nothing was packed.")
    target.mkdir(parents=True, exist_ok=True)
    for kind in wanted:
        made = pack(kind, frozen, work, target, options.variant)
        print(f"{made}  {made.stat().st_size / 1e6:,.0f} MB", flush=True)
    print(f"Done in {(time.monotonic() - started) / 60:.0f} minutes.")
    return 0


def freeze(work: Path, variant: str, updates: str = "") -> None:
    """Run PyInstaller, add the licences of the build machine's libraries, and look at what came out.

    Raises:
        SystemExit: when it fails, or something went in that may not be passed on.
    """
    texts = work / "licences"
    shutil.rmtree(texts, ignore_errors=True)
    texts.mkdir(parents=True)
    parts = licences.collect(texts)
    environment = os.environ | {
        "WORKBENCH_VARIANT": variant,
        "WORKBENCH_LICENCES": str(texts),
        "PYTHONPATH": str(plan.ROOT),
    }
    done = subprocess.run(
        [
            sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--workpath", str(work / "work"),
            "--distpath", str(work / "dist"), str(plan.ROOT / "packaging" / "workbench.spec"),
        ],
        env=environment,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit("PyInstaller failed.")
    inside = contents(work / "dist")
    complete(inside, work / "work" / "workbench" / "COLLECT-00.toc", parts, variant, updates)
    wrong = licences.forbidden(file for file in inside.rglob("*") if file.is_file())
    if wrong:
        raise SystemExit("These may not be passed on: " + ", ".join(wrong))
    print(size_table(inside))


def contents(dist: Path) -> Path:
    """The folder with everything in it."""
    if sys.platform == "darwin":
        return dist / "Model Workbench.app" / "Contents" / "Resources"
    return dist / NAME / "_internal"


def complete(inside: Path, toc: Path, parts: Sequence[licences.Part], variant: str, updates: str) -> None:
    """What is known only after freezing: licences of the system's libraries, and what this build is."""
    folder = inside / "workbench" / "_resources"
    if sys.platform == "linux" and shutil.which("dpkg"):
        system = licences.system_parts(system_libraries(toc))
        kept = []
        for part in system:
            for name, text in part.texts():
                place = folder / "licences" / licences.FOLDER / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8")
            kept.append(part)
        licences.write_lists(folder / "licences", [*parts, *kept])
    (folder / "updates.json").write_text(json.dumps({"address": updates}), encoding="utf-8")
    facts = {
        "version": plan.version(),
        "variant": variant,
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    (folder / "build.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def system_libraries(toc: Path) -> list[tuple[str, str]]:
    """(name in the app, file on this machine) of the libraries that came from the system and not from a package."""
    entries = ast.literal_eval(toc.read_text(encoding="utf-8"))[0]
    return [
        (name, source)
        for name, source, kind in entries
        if kind == "BINARY" and licences.SYSTEM_LIBRARY.match(source or "")
    ]


def size_table(inside: Path, most: int = 25) -> str:
    """The biggest parts of the frozen app."""
    sizes: dict[str, int] = {}
    for file in inside.rglob("*"):
        if file.is_file() and not file.is_symlink():
            part = file.relative_to(inside).parts[0]
            sizes[part] = sizes.get(part, 0) + file.stat().st_size
    total = sum(sizes.values())
    rows = sorted(sizes.items(), key=lambda pair: -pair[1])[:most]
    return "\n".join([f"{size / 1e6:8,.0f} MB  {name}" for name, size in rows] + [f"{total / 1e6:8,.0f} MB  in all"])


def pack(kind: str, frozen: Path, work: Path, target: Path, variant: str) -> Path:
    """One installer."""
    version = plan.version()
    if kind == "tar":
        return linux.tar(frozen, target, version, variant)
    if kind == "deb":
        return linux.deb(frozen, work, target, version, variant)
    if kind == "appimage":
        return linux.appimage(frozen, work, target, version, variant)
    if kind == "dmg":
        made = target / f"{NAME}-{version}-{variant}-{platform.machine()}.dmg"
        subprocess.run(
            ["bash", str(plan.ROOT / "packaging" / "macos" / "make_dmg.sh"), str(frozen), str(made)], check=True
        )
        return made
    compiler = shutil.which("iscc") or r"C:\Program Files (x86)\Inno Setup 6\ISCC.exe"
    subprocess.run(
        [
            compiler, f"/DAppVersion={version}", f"/DVariant={variant}", f"/DSource={frozen}", f"/DTarget={target}",
            str(plan.ROOT / "packaging" / "windows" / "model-workbench.iss"),
        ],
        check=True,
    )  # fmt: skip
    return target / f"{NAME}-{version}-{variant}-setup.exe"


if __name__ == "__main__":
    sys.exit(main())
