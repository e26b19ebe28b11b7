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
    for part in ("digits", "reviews.csv", "tumours.csv", "china.jpg", "flower.jpg"):
        assert part in source


def test_package_hands_over_to_the_recipe_with_the_environment_s_python(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, ...]] = []
    asked: list[list[str]] = []

    class Done:
        def __init__(self, code: int) -> None:
            self.returncode = code

    def run(command: list[str], **_: object) -> Done:
        asked.append(command)
        return Done(1 if "import PyInstaller" in command else 0)

    monkeypatch.setattr(dev, "set_up", lambda: None)
    monkeypatch.setattr(dev.subprocess, "run", run)
    monkeypatch.setattr(dev, "call", lambda *arguments, **_kw: called.append(arguments) or 0)
    assert dev.main(["package", "--variant", "cuda"]) == 0
    assert called == [("packaging/freeze/build.py", "--variant", "cuda")] and (ROOT / called[0][0]).is_file()
    # PyInstaller is fetched only here, in the pinned version.
    assert asked[1][-1] == "pyinstaller" and "--constraint" in asked[1]
