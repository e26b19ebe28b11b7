#!/usr/bin/env python3
"""Set up, run, test and check Model Workbench from a fresh clone. Standard library only.

    python3 packaging/dev.py run  [arguments of the app]
    python3 packaging/dev.py test [arguments of pytest]
    python3 packaging/dev.py check
    python3 packaging/dev.py package [--help]

The first call makes `.venv` beside this checkout and installs the pinned versions; later ones start at once. `package` has an
environment of its own, `.venv-package`, into which nothing comes but the files whose hashes are in packaging/requirements.lock.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
LOCK = ROOT / "packaging" / "requirements.lock"
PACKAGE_VENV = ROOT / ".venv-package"
# PyTorch without CUDA has an index of its own and other hashes; where this names it, torch and torchvision come from there.
TORCH_INDEX = "WORKBENCH_TORCH_INDEX"
FROM_TORCH_INDEX = ("torch", "torchvision")
FOR_CUDA = ("nvidia-", "cuda-", "triton")
STAMP = VENV / "installed.stamp"
LOG = VENV / "install.log"
OLDEST = (3, 11)

# Shared libraries that Qt and PortAudio load, and the Debian packages they come in.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libportaudio.so.2": "libportaudio2",
    # The camera (QtMultimedia).
    "libpulse.so.0": "libpulse0",
}


def say(text: str) -> None:
    """One line to the person."""
    print(text, flush=True)


def fail(text: str) -> None:
    """Say what is wrong and stop."""
    sys.stderr.write(f"{text}\n")
    raise SystemExit(1)


def venv_python(folder: Path | None = None) -> Path:
    """An environment's interpreter; None: the usual one's."""
    return (folder or VENV) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wanted_stamp() -> str:
    """Changes whenever the environment has to be installed again."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for file in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_ready() -> bool:
    """True when the environment is as wanted. Without a stamp an install was cut off, and is done again."""
    try:
        return venv_python().exists() and STAMP.read_text(encoding="utf-8") == wanted_stamp()
    except OSError:
        return False


def set_up() -> None:
    """Make the environment when it is not there or not as wanted."""
    if sys.version_info < OLDEST:
        fail(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.")
    system_libraries()
    if is_ready():
        return
    if not venv_python().exists():
        make_environment(VENV)
    STAMP.unlink(missing_ok=True)
    LOG.unlink(missing_ok=True)
    say(f"Installing pinned versions (about 2 GB to 7 GB; some minutes, once). Details: {LOG.relative_to(ROOT)}")
    install()
    STAMP.write_text(wanted_stamp(), encoding="utf-8")
    say("Installed.")


def make_environment(folder: Path) -> None:
    """An empty one."""
    say(f"Making a Python environment in {folder.name} ...")
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        hint = f"\nOn Debian and Ubuntu type: sudo apt-get install {version}-venv" if "ensurepip" in made.stdout else ""
        fail(f"The environment could not be made:\n{made.stdout}{made.stderr}{hint}")


def install() -> None:
    """The pinned versions, and the app from this folder."""
    pip(venv_python(), LOG, "--no-cache-dir", "--constraint", str(CONSTRAINTS), "--editable", f"{ROOT}[dev]")


def locked_environment() -> Path:
    """The environment that installers are made in: wheels whose hashes are in the lock, and the app from this folder. Begun anew
    whenever the lock has changed, as pip does not look again at what is installed. Returns its interpreter."""
    index = os.environ.get(TORCH_INDEX, "")
    stamp, python = PACKAGE_VENV / "installed.stamp", venv_python(PACKAGE_VENV)
    wanted = hashlib.sha256(LOCK.read_bytes() + f"{sys.version_info[:2]} {ROOT} {index}".encode()).hexdigest()
    if python.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(PACKAGE_VENV, ignore_errors=True)
    make_environment(PACKAGE_VENV)
    say("Installing what the installers are made of; every file is checked against its hash ...")
    log, wanted_files = PACKAGE_VENV / "install.log", PACKAGE_VENV / "wanted.lock"
    lock = LOCK.read_text(encoding="utf-8")
    wanted_files.write_text(without_torch(lock) if index else lock, encoding="utf-8")
    pip(python, log, "--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement", str(wanted_files))
    if index:
        pins = [name for name in pins_of(lock) if name.split("==")[0] in FROM_TORCH_INDEX]
        pip(python, log, "--no-deps", "--only-binary", ":all:", "--index-url", index, *pins)
    pip(python, log, "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))
    stamp.write_text(wanted, encoding="utf-8")
    return python


def blocks_of(lock: str) -> list[str]:
    """The lock's entries, each with its hashes."""
    blocks: list[str] = []
    for line in lock.splitlines():
        if line.startswith((" ", "\t")) and blocks:
            blocks[-1] += f"\n{line}"
        elif line and not line.startswith("#"):
            blocks.append(line)
    return blocks


def pins_of(lock: str) -> list[str]:
    """NAME==VERSION of every entry."""
    return [block.split()[0] for block in blocks_of(lock)]


def without_torch(lock: str) -> str:
    """The lock without what comes from PyTorch's own index, and without what only the CUDA builds ask for."""
    kept = [
        block
        for block in blocks_of(lock)
        if block.split("==")[0] not in FROM_TORCH_INDEX and not block.startswith(FOR_CUDA)
    ]
    return "\n".join(kept) + "\n"


def pip(python: Path, words: Path, *arguments: str) -> None:
    """pip install, with its words in a log and a sign of life on the terminal."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments]
    started = time.monotonic()
    with words.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        told = 0
        while process.poll() is None:
            time.sleep(0.5)
            minutes = int(time.monotonic() - started) // 60
            if minutes > told:
                told = minutes
                say(f"  still installing ({minutes} min) ...")
    if process.returncode:
        tail = "\n".join(words.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        fail(f"{tail}\nThe installation failed. Check the internet connection and the room on the disk, and try again.")


def system_libraries() -> None:
    """Debian and Ubuntu: have the shared libraries Qt and PortAudio need, or say the one line to type."""
    if not sys.platform.startswith("linux") or not shutil.which("apt-get"):
        return
    missing = sorted({package for name, package in LIBRARIES.items() if not loads(name)})
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    prefix = administrator()
    if prefix is None:
        say(f"The window needs some system libraries. Type:  sudo {' '.join(command)}")
        return
    say(f"Installing system libraries: {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for attempt in ([command], [["apt-get", "update"], command]):
        done = [subprocess.run([*prefix, *step], capture_output=True, text=True, env=environment) for step in attempt]
        if done[-1].returncode == 0:
            return
    say(f"They could not be installed ({done[-1].stderr.strip()[-300:]}). Type:  sudo {' '.join(command)}")


def loads(name: str) -> bool:
    """True when the dynamic linker finds the library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def administrator() -> list[str] | None:
    """What to put before a command to run it as root; None when that may not be."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def has_screen() -> bool:
    """True when a window can be opened."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def call(*arguments: str, environment: dict[str, str] | None = None, python: Path | None = None) -> int:
    """Run the environment's Python; Ctrl+C is the child's to answer."""
    process = subprocess.Popen([str(python or venv_python()), *arguments], cwd=ROOT, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def run(arguments: Sequence[str]) -> int:
    """Start the app; without a screen do its main job here."""
    if not arguments and not has_screen():
        say("There is no screen here, so the main job is done in this terminal.")
        arguments = ["demo"]
    return call("-m", "workbench", *arguments)


def test(arguments: Sequence[str]) -> int:
    """pytest; windows are drawn off screen when there is none. All tests together run on several cores at once."""
    environment = dict(os.environ)
    if not has_screen():
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    if not any(not a.startswith("-") or a in ("-n", "-k", "-x", "--pdb") for a in arguments):
        cores = os.cpu_count() or 1
        workers = max(1, min(4, cores))
        # Each worker would otherwise take all cores for its sums, and they would stand in each other's way.
        environment.setdefault("OMP_NUM_THREADS", str(max(1, cores // workers)))
        arguments = ["-n", str(workers), "--dist", "loadfile", *arguments]
    return call("-m", "pytest", *arguments, environment=environment)


def check(_arguments: Sequence[str]) -> int:
    """Style, types and the layers of the house. All are run, so that one call shows everything."""
    bin_folder = venv_python().parent
    tools = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["lint-imports"])
    failed = 0
    for tool in tools:
        say(f"$ {' '.join(tool)}")
        failed += subprocess.run([str(bin_folder / tool[0]), *tool[1:]], cwd=ROOT).returncode != 0
    return 1 if failed else 0


def package(arguments: Sequence[str]) -> int:
    """Make the installers of this system (see docs/packaging.md)."""
    return call("packaging/freeze/build.py", *arguments, python=locked_environment())


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code of what was run."""
    commands = {"run": run, "test": test, "check": check, "package": package}
    if not arguments or arguments[0] not in commands:
        say(__doc__ or "")
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    if arguments[0] == "package":
        system_libraries()
    else:
        set_up()
    return commands[arguments[0]](arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
