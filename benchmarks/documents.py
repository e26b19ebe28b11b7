"""Search in documents: how long it takes among a hundred thousand passages, and how much meaning finds that words do not.

    python benchmarks/documents.py [--passages 100000]

Prints ratios rather than seconds where it can: they hold on other computers too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    count = parser.parse_args().passages
    with tempfile.TemporaryDirectory() as home:
        os.environ["WORKBENCH_HOME"] = home
        _many(count, Path(home))
        _quality(Path(home))
        _layout()


def _many(count: int, home: Path) -> None:
    """Random vectors and texts of real words: the search does not care."""
    import numpy as np
    import psutil

    from tests.engine.questions_set import PASSAGES
    from workbench.app_paths import app_paths
    from workbench.engine.document_index import DocumentIndex
    from workbench.engine.document_store import NewPassage

    index = DocumentIndex.open(home / "many", app_paths())
    store = index._store
    random = np.random.default_rng(0)
    words = np.array(" ".join(PASSAGES.values()).split())
    began = time.perf_counter()
    with store.writing():
        document, _ = store.begin(b"one", "one", b"one.txt", 0, "One")
        kept = []
        for start in range(0, count, 2000):
            vectors = random.normal(size=(min(2000, count - start), 384)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            new = [
                NewPassage(start + n, n * 1000, n * 1000 + 999, "page 1", " ".join(random.choice(words, 120)))
                for n in range(len(vectors))
            ]
            kept += list(zip(store.put([(document, p) for p in new], vectors), new, strict=True))
        store.finish(document, 1, 1, kept)
    print(f"{count:,} passages written in {time.perf_counter() - began:.0f} s")
    index.search("warm up")
    before = psutil.Process().memory_info().rss

    def typical(work: Callable[[], object]) -> float:
        times = []
        for _ in range(7):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    whole = typical(lambda: index.search("when must the invoice be paid", 10))
    by_words = typical(lambda: index.search_words("when must the invoice be paid", 10))
    rare = typical(lambda: index.search("Terwiel", 10))
    with index.model(_control()) as model:
        from workbench.tasks.text_vectors import embed_texts

        question = typical(lambda: embed_texts(["when must the invoice be paid"], model, kind="query"))
    grown = (psutil.Process().memory_info().rss - before) / 1e6
    print(f"one search {whole * 1000:.0f} ms (a rare word {rare * 1000:.0f}): the question's vector {question / whole:.0%},"
          f" words {by_words / whole:.0%} of it; memory grew by {grown:.0f} MB")  # fmt: skip


def _control() -> object:
    from workbench.control import Control

    return Control()


def _quality(home: Path) -> None:
    from tests.engine.questions_set import IN_OTHER_WORDS, NAMES_AND_NUMBERS, PASSAGES
    from workbench.app_paths import app_paths
    from workbench.engine.document_index import DocumentIndex

    folder = home / "texts"
    folder.mkdir()
    for name, text in PASSAGES.items():
        (folder / f"{name}.txt").write_text(text)
    index = DocumentIndex.open(home / "few", app_paths())
    began = time.perf_counter()
    last = list(index.update([folder]))[-1]
    print(f"{last.computed / (time.perf_counter() - began):.1f} short passages read a second")
    for title, questions in (("in other words", IN_OTHER_WORDS), ("names and numbers", NAMES_AND_NUMBERS)):
        for top in (1, 3):
            both = [right in {p.document.stem for p in index.search(q, top)} for q, right in questions.items()]
            words = [right in {p.document.stem for p in index.search_words(q, top)} for q, right in questions.items()]
            meaning = [
                right in {p.document.stem for p in sorted(index.search(q, 99), key=lambda p: -p.likeness)[:top]}
                for q, right in questions.items()
            ]
            print(f"{title}: recall@{top} joined {sum(both) / len(both):.2f}, by meaning alone"
                  f" {sum(meaning) / len(meaning):.2f}, by words alone {sum(words) / len(words):.2f}")  # fmt: skip


def _layout() -> None:
    import numpy as np

    from workbench.engine.text_map import grouped, laid_out

    random = np.random.default_rng(0)
    centres = random.normal(size=(12, 384))
    for count in (2000, 20_000):
        vectors = (centres[random.integers(0, 12, count)] + 1.2 * random.normal(size=(count, 384))).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        began = time.perf_counter()
        grouped(vectors)
        middle = time.perf_counter()
        laid_out(vectors)
        print(f"map of {count:,}: groups {middle - began:.1f} s, layout {time.perf_counter() - middle:.1f} s")


if __name__ == "__main__":
    main()
