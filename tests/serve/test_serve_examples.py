"""The examples that can be copied run as they are, in a process of their own."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.serve.examples import HIDDEN, examples
from workbench.serve.server import LocalServer
from workbench.tasks.registry import all_tasks

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
from local_servers import TOKEN, Serve  # noqa: E402
from talk_models import own_talker  # noqa: E402

CHINA = resources() / "samples" / "try" / "china.jpg"


def run(language: str, text: str, folder: Path) -> str:
    if language == "curl":
        if shutil.which("curl") is None:
            pytest.fail("the tests need curl")
        command = [*shlex.split(text), "--silent", "--show-error", "--noproxy", "*"]
    elif language == "javascript":
        (folder / "ask.mjs").write_text(text)
        command = ["node", "ask.mjs"]
    else:
        (folder / "ask.py").write_text(text)
        command = [sys.executable, "ask.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def check_all(server: LocalServer, card_id: str, folder: Path, words: str) -> set[str]:
    card = server.desk.lines[card_id].card
    ran = set()
    for example in examples(server.address, TOKEN, card):
        if example.language == "javascript" and shutil.which("node") is None:
            continue
        assert words in run(example.language, example.text, folder), example.text
        ran.add(example.language)
    return ran


def test_a_picture(serve: Serve, tmp_path: Path) -> None:
    shutil.copy(CHINA, tmp_path / "photo.jpg")
    assert check_all(serve("picture-starter"), "picture-starter", tmp_path, "palace") >= {"curl", "python"}


def test_a_text_with_labels(serve: Serve, tmp_path: Path) -> None:
    assert check_all(serve("text-starter"), "text-starter", tmp_path, "complaint") >= {"curl", "python"}


def test_a_conversation_by_openais_library(serve: Serve, catalog: Catalog, tmp_path: Path) -> None:
    card = own_talker(catalog)
    server = serve(card)
    (text,) = [e.text for e in examples(server.address, TOKEN, card) if e.language == "openai"]
    said = run("python", text, tmp_path)
    assert len(said) > 100 and said.isprintable()


@pytest.mark.parametrize("task", all_tasks(), ids=lambda t: t.info.id)
def test_there_are_examples_for_every_task_and_they_are_programs(task: object, catalog: Catalog) -> None:
    info = task.info  # type: ignore[attr-defined]
    card = next((c for c in catalog.cards() if info.id in c.tasks), catalog.get("picture-starter"))
    found = {e.language: e.text for e in examples("http://127.0.0.1:8765", TOKEN, card, info.id)}
    assert {"curl", "python", "javascript"} <= set(found)
    compile(found["python"], "example", "exec")
    assert shlex.split(found["curl"])[0] == "curl" and all(TOKEN in text for text in found.values())
    for text in (e.text for e in examples("http://127.0.0.1:8765", HIDDEN, card, info.id)):
        assert TOKEN not in text
    for option in info.options:
        if option.needed:
            assert all(option.id in found[x] for x in ("curl", "python", "javascript"))
