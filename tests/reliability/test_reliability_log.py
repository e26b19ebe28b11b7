"""The log holds nothing of the person's own."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench import app_log
from workbench.app_log import discreet


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("token hf_abcdefGHIJKLmnop refused", "token <key> refused"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer <key>"),
        ("https://anna:geheim@proxy.example:8080/x", "https://<key>@proxy.example:8080/x"),
        ("GET https://a.example/b?x=1&token=abc&y=2", "GET https://a.example/b?x=1&<key>&y=2"),
        ("“Anna Meier, naevus.jpg” is damaged.", "“…” is damaged."),
        ("[Errno 2] No such file or directory: '/home/anna/my photos/a b.jpg'", "[Errno 2] No such file or directory: '<path>.jpg'"),
        ("cannot open /home/anna/photos/mole.png", "cannot open <path>.png"),
        (r"cannot open C:\Users\Anna\mole.png now", "cannot open <path>.png now"),
        (r"cannot open '\\server\Anna Meier\mole.png'", "cannot open '<path>.png'"),
        ("write to anna.meier@example.com", "write to <mail>"),
        ('File "/home/anna/.venv/lib/python3.11/site-packages/torch/nn/x.py", line 3', 'File "lib/python3.11/site-packages/torch/nn/x.py", line 3'),
        ('File "/home/anna/app/workbench/engine/fit.py", line 3', 'File "workbench/engine/fit.py", line 3'),
        ("half of 3/4 was 12 / 16", "half of 3/4 was 12 / 16"),
        ("https://huggingface.co/bert-base/resolve/main/x.bin", "https://huggingface.co/bert-base/resolve/main/x.bin"),
    ],
)  # fmt: skip
def test_what_is_left_of_a_line(said: str, wanted: str) -> None:
    assert discreet(said) == wanted


@given(st.text(max_size=400))
@example("“" * 5000)
@example("/" * 5000 + "'" * 5000)
@example("?token=" * 2000)
@example("a@" * 4000)
def test_any_text_is_taken_and_twice_is_once(text: str) -> None:
    once = discreet(text)
    assert discreet(once) == once


def test_a_failing_job_leaves_no_name_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    file = app_log.start(tmp_path / "logs")
    log = logging.getLogger("workbench.somewhere")
    secret = tmp_path / "Anna Meier" / "melanoma.jpg"
    try:
        try:
            secret.open()
        except OSError:
            log.exception("“%s” failed with key hf_verysecretkey123", secret.name)
        text = file.read_text(encoding="utf-8")
        assert "Anna" not in text and "melanoma" not in text and "verysecret" not in text
        assert "FileNotFoundError" in text and "test_reliability_log.py" in text

        monkeypatch.setenv(app_log.DETAILS_VARIABLE, "1")
        log.error("“%s” failed with key hf_verysecretkey123", secret.name)
        text = file.read_text(encoding="utf-8")
        assert "melanoma.jpg" in text and "verysecret" not in text
    finally:
        for handler in [h for h in root.handlers if h not in before]:
            root.removeHandler(handler)
            handler.close()
