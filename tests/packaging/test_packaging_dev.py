"""The two commands: what can be checked of them without installing anything."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "packaging" / "dev.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_dev_needs_only_the_standard_library() -> None:
    import sys

    names = re.findall(r"^(?:import|from) (\w+)", (ROOT / "packaging" / "dev.py").read_text(encoding="utf-8"), re.M)
    assert set(names) <= set(sys.stdlib_module_names)


def test_a_cut_off_install_is_done_again(dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "VENV", tmp_path)
    monkeypatch.setattr(dev, "STAMP", tmp_path / "installed.stamp")
    python = dev.venv_python()
    python.parent.mkdir(parents=True)
    python.write_text("")
    assert not dev.is_ready()
    (tmp_path / "installed.stamp").write_text(dev.wanted_stamp())
    assert dev.is_ready()
    (tmp_path / "installed.stamp").write_text("of other versions")
    assert not dev.is_ready()


def test_without_a_screen_the_main_job_is_done_in_the_terminal(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(dev, "has_screen", lambda: False)
    monkeypatch.setattr(dev, "call", lambda *arguments, **_kw: called.append(arguments) or 0)
    assert dev.run([]) == 0
    assert dev.run(["models", "list"]) == 0
    assert called == [("-m", "workbench", "demo"), ("-m", "workbench", "models", "list")]


def test_missing_libraries_without_rights_are_one_line_to_type(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev.shutil, "which", lambda _name: "/usr/bin/apt-get")
    monkeypatch.setattr(dev, "loads", lambda name: name != "libportaudio.so.2")
    monkeypatch.setattr(dev, "administrator", lambda: None)
    dev.system_libraries()
    assert "sudo apt-get install -y --no-install-recommends libportaudio2" in capsys.readouterr().out


def test_pins_name_versions_and_no_places() -> None:
    lines = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 40
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", pin) for pin in pins)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = re.findall(r'^    "([A-Za-z0-9_-]+)[><=]', project, re.M)
    names = {re.sub(r"[-_.]+", "-", p.split("==")[0]).lower() for p in pins}
    assert {re.sub(r"[-_.]+", "-", n).lower() for n in needed} <= names


def test_the_readme_s_commands_are_the_ones_there_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("python3 packaging/dev.py run", "python3 packaging/dev.py test"):
        assert command in readme
    assert "packaging/dev.py test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_everything_in_resources_is_named_where_it_comes_from() -> None:
    source = (ROOT / "resources" / "samples" / "SOURCE.md").read_text(encoding="utf-8")
    for part in ("digits", "reviews.csv", "tumours.csv", "shop/", "china.jpg", "flower.jpg"):
        assert part in source


def test_package_hands_over_to_the_recipe_with_an_environment_of_its_own(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[tuple[str, ...], object]] = []
    own = Path("own") / "python"

    def no() -> None:
        raise AssertionError("the usual environment is not what installers are made of")

    monkeypatch.setattr(dev, "set_up", no)
    monkeypatch.setattr(dev, "system_libraries", lambda: None)
    monkeypatch.setattr(dev, "locked_environment", lambda: own)
    monkeypatch.setattr(dev, "call", lambda *arguments, python=None: called.append((arguments, python)) or 0)
    assert dev.main(["package", "--variant", "cuda"]) == 0
    assert called == [(("packaging/freeze/build.py", "--variant", "cuda"), own)]
    assert (ROOT / called[0][0][0]).is_file()
    assert any(pin.startswith("pyinstaller==") for pin in dev.pins_of(_lock()))


# What the installers are made of ----------------------------------------------------------------------------------------------


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _lock() -> str:
    return (ROOT / "packaging" / "requirements.lock").read_text(encoding="utf-8")


def test_the_lock_agrees_with_the_pins(dev: ModuleType) -> None:
    """What is tested is what is shipped: the same versions; and every file has a hash, and nothing says where to get it."""
    lines = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {_plain(n): v for n, _, v in (line.partition("==") for line in lines if "==" in line)}
    blocks = dev.blocks_of(_lock())
    locked = {_plain(pin.split("==")[0]): pin.split("==")[1] for pin in dev.pins_of(_lock())}
    assert len(blocks) == len(locked) > 100
    assert {n: v for n, v in locked.items() if n in pinned} == {n: pinned[n] for n in locked if n in pinned}
    # What no test environment has: the tools that install the app's own folder, and parts of other systems and graphics cards.
    everywhere = {_plain(b.split("==")[0]) for b in blocks if ";" not in b.splitlines()[0]}
    assert everywhere - set(pinned) <= {"hatchling", "editables", "trove-classifiers", "tomlkit", "setuptools"}
    for block in blocks:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.splitlines()[0]
    assert "://" not in _lock() and "index" not in _lock()


def test_the_lock_has_all_that_the_app_needs(dev: ModuleType) -> None:
    import tomllib

    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {_plain(re.split(r"[<>=!;\s]", n, maxsplit=1)[0]) for n in needed}
    assert names <= {_plain(pin.split("==")[0]) for pin in dev.pins_of(_lock())}


def test_the_package_s_environment_takes_only_what_has_its_hash(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made once, made anew when the lock has changed; a second index gives torch alone."""
    said: list[tuple[str, ...]] = []

    def make(folder: Path) -> None:
        dev.venv_python(folder).parent.mkdir(parents=True)
        dev.venv_python(folder).touch()

    monkeypatch.setattr(dev, "PACKAGE_VENV", tmp_path / "env")
    monkeypatch.setattr(dev, "make_environment", make)
    monkeypatch.setattr(dev, "pip", lambda _python, _log, *arguments: said.append(arguments))
    monkeypatch.delenv(dev.TORCH_INDEX, raising=False)
    dev.locked_environment()
    assert {"--require-hashes", "--no-deps"} <= set(said[0])
    assert all("--no-index" in words for words in said[1:])
    dev.locked_environment()
    assert len(said) == 2, "it was there already"
    monkeypatch.setenv(dev.TORCH_INDEX, "https://other.example/cpu")
    dev.locked_environment()
    assert len(said) == 5
    left = (tmp_path / "env" / "wanted.lock").read_text()
    assert "--require-hashes" in said[2] and not re.search(r"^(torch|torchvision|nvidia-\w+|triton)==", left, re.M)
    assert [re.split("==", word)[0] for word in said[3] if "==" in word] == ["torch", "torchvision"]
