"""Conversations on the command line: from stdin, and on a real terminal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from own_time import Watch

from workbench.__main__ import main
from workbench.app_paths import app_paths
from workbench.catalog.catalog import Catalog
from workbench.engine.conversation_store import ConversationStore

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from talk_models import own_talker

# A session of its own, whose terminal it is: only so does Ctrl+C reach it.
OWN_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
words = "-m workbench chat --model small-talker --set length=2000"
os.execv(sys.executable, [sys.executable, *words.split()])
"""


def run(monkeypatch: pytest.MonkeyPatch, stdin: str, *words: object) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    return main(["chat", *(str(w) for w in words)])


def test_questions_from_stdin_are_one_conversation(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own_talker(catalog)
    file = tmp_path / "talk.json"
    options = ("--model", "small-talker", "--set", "length=10", "--system", "Kind")
    assert run(monkeypatch, "Hello\n\nAnd then?\n", *options, "--save", file) == 0
    said = capsys.readouterr()
    turns = json.loads(file.read_text())["turns"]
    assert [t["role"] for t in turns] == ["user", "assistant"] * 2 and json.loads(file.read_text())["system"] == "Kind"
    assert said.out.split() == [turns[1]["text"], turns[3]["text"]]
    assert "Not medical or legal advice" in said.err
    assert run(monkeypatch, "One\ntwo\n", *options, "--one") == 0
    assert len(capsys.readouterr().out.split()) == 1
    assert run(monkeypatch, "x" * 300_000, *options) == 1
    assert "too long to be asked" in capsys.readouterr().err
    assert run(monkeypatch, "Hi", "--model", "picture-starter") == 1
    assert "does not answer in words" in capsys.readouterr().err


def test_without_a_model_it_reads_from_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "Hi") == 1
    assert "no chat model on this computer" in capsys.readouterr().err
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "rent.txt").write_text("The tenant pays 850 euros of rent each month.\x1b[31m")
    assert run(monkeypatch, "How much is the rent?\nWho won the cup?\n", "--documents", tmp_path / "papers") == 0
    said = capsys.readouterr()
    assert "850 euros" in said.out and "[1] rent" in said.out and "\x1b" not in said.out
    assert "Nothing in your documents fits this question." in said.out and "no model wrote this" in said.err
    assert run(monkeypatch, "Hi", "--documents", tmp_path / "nowhere") == 1
    assert "is not there" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_on_a_terminal_ctrl_c_stops_the_answer_and_not_the_program(catalog: Catalog) -> None:
    import pty
    import select

    own_talker(catalog, context=4096)
    terminal, inner = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", OWN_TERMINAL], stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    seen = ""

    def until(done: Any, seconds: float = 60) -> None:
        nonlocal seen
        ends = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < ends, seen
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 65536).decode("utf-8", "replace")

    try:
        until(lambda: "You: " in seen)
        os.write(terminal, b"Go on and on\n")
        until(lambda: "Go on and on" in seen and len(seen.split("Go on and on")[-1].strip()) > 60)
        os.write(terminal, b"\x03")
        watch = Watch(child.pid)
        until(lambda: "Stopped." in seen)
        assert watch.seconds < 1
        until(lambda: seen.rstrip().endswith("You:"))
        os.write(terminal, b"/again\n")
        mark = len(seen)
        until(lambda: "/again" in seen[mark:] and len(seen[mark:].strip()) > 60)
        os.write(terminal, b"\x03")
        until(lambda: "Stopped." in seen[mark:])
        os.write(terminal, b"/quit\n")
        assert child.wait(60) == 0
    finally:
        child.kill()
        os.close(terminal)
    store = ConversationStore(app_paths().conversations)
    talk = store.load(store.listed()[0].id)
    assert talk.name == "Go on and on" and talk.turns[-1].state == "stopped"
