"""The watch over the process, and the one door for other people's weights."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import workbench
from workbench.errors import UserError
from workbench.runtimes.untrusted import check_onnx_places, open_onnx, open_script, read_tensors

PACKAGE = Path(workbench.__file__).parent

# Who may call what opens files that can hold programs, or that names files to be read.
DOORS = {
    "torch.load": {"runtimes/untrusted.py"},
    "torch.jit.load": {"runtimes/untrusted.py"},
    # Member by member, counted, nothing but plain files inside the folder.
    "tarfile.open": {"hub/sources/kaggle.py"},
    "onnx.load": {"runtimes/untrusted.py"},
    # Networks this app has just written itself, and one that comes with it.
    "onnxruntime.InferenceSession": {
        "runtimes/untrusted.py",
        "engine/export.py",
        "engine/export_boxes.py",
        "engine/export_mask.py",
        "engine/speed/candidates.py",
        "runtimes/speech_finder.py",
    },
}
NOWHERE = {
    "pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "np.load", "numpy.load", "marshal.loads",
    "marshal.load", "shelve.open", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "torch.hub.load",
    "torch.package.PackageImporter", "pandas.read_pickle", "eval", "exec", "os.system", "os.popen",
    "shutil.unpack_archive", "ElementTree.parse", "ElementTree.fromstring", "xml.dom.minidom.parse", "tempfile.mktemp",
}  # fmt: skip


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(n.func), n) for n in ast.walk(tree) if isinstance(n, ast.Call)]


def test_only_the_door_opens_what_can_hold_a_program() -> None:
    wrong = []
    seen = set()
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        for called, node in calls(ast.parse(file.read_text(encoding="utf-8"))):
            words = {k.arg: ast.unparse(k.value) for k in node.keywords}
            if called in NOWHERE or (called in DOORS and name not in DOORS[called]):
                wrong.append(f"{name}: {called}")
            if called == "torch.load":
                seen.add(name)
                assert words.get("weights_only") == "True", name
            if words.get("trust_remote_code", "False") != "False":
                wrong.append(f"{name}: {called} with {words}")
            if called.endswith((".run", ".Popen", "check_output")) and words.get("shell", "False") != "False":
                wrong.append(f"{name}: a shell")
    assert wrong == []
    assert seen == {"runtimes/untrusted.py"}


def python(code: str, folder: Path, timeout: int = 120) -> dict[str, object]:
    """What a process of its own prints as JSON in its last line."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


MAKE_EVIL = """
    import io, os, pickle, sys, zipfile, json
    from pathlib import Path
    class Evil:
        def __reduce__(self):
            return (open, (str(Path('canary').resolve()), 'w'))
    class Quiet:
        def __reduce__(self):
            return (os.system, ('touch canary',))
"""


def test_no_library_runs_a_program_from_a_pickle(tmp_path: Path) -> None:
    """Even a library that forgets every caution: the watch sees what a pickle names before it is called."""
    said = python(
        MAKE_EVIL
        + """
    import numpy, torch, joblib
    blobs = {}
    for kind in (Evil, Quiet):
        pickle.dump(kind(), open(f'{kind.__name__}.pkl', 'wb'))
        torch.save(kind(), f'{kind.__name__}.pt')
        torch.save({'a': torch.zeros(2), 'b': kind()}, f'{kind.__name__}.old.pt', _use_new_zipfile_serialization=False)
        joblib.dump(kind(), f'{kind.__name__}.joblib')
        numpy.save(f'{kind.__name__}.npy', numpy.array([kind()], dtype=object), allow_pickle=True)
    from workbench import guard
    guard.stand()
    tries = {
        'pickle': lambda p: pickle.load(open(p + '.pkl', 'rb')),
        'python pickle': lambda p: pickle._Unpickler(open(p + '.pkl', 'rb')).load(),
        'torch': lambda p: torch.load(p + '.pt'),
        'torch, all': lambda p: torch.load(p + '.pt', weights_only=False),
        'torch, old': lambda p: torch.load(p + '.old.pt', weights_only=False),
        'joblib': lambda p: joblib.load(p + '.joblib'),
        'numpy': lambda p: numpy.load(p + '.npy', allow_pickle=True),
    }
    said = {}
    for name, attempt in tries.items():
        for kind in ('Evil', 'Quiet'):
            try:
                attempt(kind)
                said[f'{name} {kind}'] = 'opened'
            except Exception as error:
                said[f'{name} {kind}'] = type(error).__name__
    print(json.dumps({'said': said, 'canary': Path('canary').exists(), 'refused': len(guard.refused())}))
    """,
        tmp_path,
    )
    assert said["canary"] is False
    kinds = said["said"]
    assert isinstance(kinds, dict) and len(kinds) == 14
    assert set(kinds.values()) <= {"RefusedPickleError", "UnpicklingError"}, kinds
    assert said["refused"]


def test_harmless_pickles_of_our_own_processes_pass(tmp_path: Path) -> None:
    said = python(
        """
        import json, pickle, collections, datetime
        from workbench import guard
        guard.stand()
        one = {'a': collections.OrderedDict(b=1), 'c': {1, 2}, 'd': datetime.date(2026, 1, 2)}
        import multiprocessing
        one_end, other_end = multiprocessing.Pipe()
        one_end.send(one)
        there = other_end.recv()
        print(json.dumps({'same': pickle.loads(pickle.dumps(one)) == one, 'there': there == one}))
        """,
        tmp_path,
    )
    assert said == {"same": True, "there": True}


def test_nobody_reaches_another_computer_unasked(tmp_path: Path) -> None:
    said = python(
        """
        import json, socket, http.server, threading, urllib.request, asyncio
        from workbench import guard
        guard.stand()
        found = {}
        def attempt(name, what):
            try:
                what()
                found[name] = 'reached'
            except guard.RefusedError:
                found[name] = 'refused'
            except OSError as error:
                found[name] = 'refused' if 'nobody asked' in str(error) else f'let through: {type(error).__name__}'
        attempt('address', lambda: socket.create_connection(('192.0.2.1', 80), 0.2))
        attempt('name', lambda: socket.getaddrinfo('example.invalid', 80))
        attempt('old name', lambda: socket.gethostbyname('example.invalid'))
        attempt('six', lambda: socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80)))
        attempt('datagram', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53)))
        attempt('web', lambda: urllib.request.urlopen('http://example.invalid/', timeout=1))
        attempt('tasks', lambda: asyncio.run(asyncio.open_connection('example.invalid', 80)))
        def library():
            import os
            os.environ.pop('HF_ENDPOINT', None)
            from huggingface_hub import HfApi
            try:
                HfApi(endpoint='http://example.invalid').model_info('a/b')
            except OSError:
                raise
            except Exception as error:
                raise OSError(str(error)) from error
        attempt('library', library)
        server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        attempt('here', lambda: urllib.request.urlopen(f'http://localhost:{server.server_port}/', timeout=5).close())
        with guard.asked_for_network():
            attempt('asked', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.2', 9)))
            attempt('asked name', lambda: socket.getaddrinfo('example.invalid', 80))
        attempt('later', lambda: socket.getaddrinfo('example.invalid', 80))
        print(json.dumps(found))
        """,
        tmp_path,
    )
    assert said.pop("here") == "reached"
    assert said.pop("asked") == "reached"
    assert str(said.pop("asked name")).startswith("let through")
    assert set(said.values()) == {"refused"}, said
    assert len(said) == 9


def test_a_pickle_is_refused_at_the_door(tmp_path: Path) -> None:
    import pickle

    import torch

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "canary"), "w")

    torch.save({"weight": torch.zeros(3), "more": Evil()}, tmp_path / "a.pt")
    (tmp_path / "b.bin").write_bytes(pickle.dumps(Evil(), 2))
    for name in ("a.pt", "b.bin"):
        with pytest.raises(UserError, match="program along with its weights"):
            read_tensors(tmp_path / name)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\x10",
        (1 << 62).to_bytes(8, "little") + b"{}",
        (200).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"\xff\xfe",
        *(
            len(text).to_bytes(8, "little") + text + b"\0" * 8
            for text in (
                b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,80]}}',
                b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}',
                b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}',
                b'{"a":{"dtype":"F32","shape":[99999999999],"data_offsets":[0,8]}}',
                b'{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}',
                b'{"a":{"dtype":"XX","shape":[2],"data_offsets":[0,8]}}',
                b'{"a":{"dtype":"F32","shape":[2]}}',
                b'{"a":7}',
                b"[" * 20000 + b"]" * 20000,
            )
        ),
    ],
)
def test_a_header_that_lies_is_a_sentence(tmp_path: Path, header: bytes) -> None:
    file = tmp_path / "m.safetensors"
    file.write_bytes(header)
    with pytest.raises(UserError, match="damaged, or is no file of weights"):
        read_tensors(file)


@pytest.mark.parametrize("place", ["/etc/passwd", "../secret.bin", "a/../../b", "C:\\x.bin", "..\\x", "", "sub/x.bin"])
@pytest.mark.parametrize("depth", [0, 2])
def test_onnx_may_not_read_elsewhere(tmp_path: Path, place: str, depth: int) -> None:
    import onnx
    from onnx import TensorProto, helper

    tensor = helper.make_tensor("w", TensorProto.FLOAT, [4], b"\0" * 16, raw=True)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    node = helper.make_node("Constant", [], ["y"], value=tensor)
    for _ in range(depth):
        inner = helper.make_graph([node], "inner", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])])
        condition = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
        node = condition
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])],
    )
    file = tmp_path / "m.onnx"
    file.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    onnx.load(str(file), load_external_data=False)
    for door in (check_onnx_places, open_onnx):
        with pytest.raises(UserError, match="outside of its folder"):
            door(file)


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"PK\x03\x04junk", b"\x08\x07\x12", b"{" * 1000])
def test_junk_is_a_sentence_at_every_door(tmp_path: Path, content: bytes) -> None:
    for name, door in (("a.onnx", open_onnx), ("a.pt", read_tensors), ("a.safetensors", read_tensors), ("a.ts", open_script)):  # fmt: skip
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(UserError):
            door(file)
