"""What the fuzzer found and what it began with, asked again: a value or a sentence comes of it (see fuzz_targets.py)."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fuzz_targets import Target, targets

CORPUS = Path(__file__).with_name("corpus")
ALL = {t.name: t for t in targets()}
# What is told what it is and then refused, however good it is.
ONLY_REFUSED = {"zip", "gguf", "tflite"}


def kept(target: Target) -> dict[str, bytes]:
    folder = CORPUS / target.name
    return {f.name: f.read_bytes() for f in sorted(folder.iterdir())} if folder.is_dir() else {}


@pytest.mark.parametrize("name", list(ALL))
def test_seeds_are_read_and_findings_are_answered(name: str, tmp_path: Path) -> None:
    target = ALL[name]
    said = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged files make libraries warn of what they are
        for number, (what, data) in enumerate(
            [*((f"seed {n}", s) for n, s in enumerate(target.seeds())), *kept(target).items()]
        ):
            (tmp_path / str(number)).mkdir()
            said[what] = target.ask(data, tmp_path / str(number))
    assert any(words == "read" for words in said.values()) or name in ONLY_REFUSED, said


def test_every_folder_of_the_corpus_has_its_target() -> None:
    assert {f.name for f in CORPUS.iterdir() if f.is_dir()} <= set(ALL)
    assert sum(f.stat().st_size for f in CORPUS.rglob("*") if f.is_file()) < 1_000_000


def test_a_target_that_raises_something_else_is_a_finding(tmp_path: Path) -> None:
    def wrong(data: bytes, _folder: Path) -> None:
        raise KeyError(data)

    with pytest.raises(KeyError):
        Target("wrong", wrong, list).ask(b"x", tmp_path)
