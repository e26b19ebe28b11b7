"""Passages about people, put together from facts, with questions whose answers are known; some facts are missing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.catalog.card import ModelCard, Source
from workbench.data.questions import Question, marks_of
from workbench.data.types import NewItem

FIRST = [
    "Anna",
    "Bruno",
    "Clara",
    "David",
    "Emma",
    "Felix",
    "Greta",
    "Henry",
    "Iris",
    "Jonas",
    "Karla",
    "Louis",
    "Maria",
    "Nora",
    "Oscar",
    "Paula",
    "Rosa",
    "Simon",
]
LAST = [
    "Miller",
    "Smith",
    "Baker",
    "Novak",
    "Rossi",
    "Garcia",
    "Weber",
    "Dubois",
    "Jensen",
    "Kowalski",
    "Tanaka",
    "Silva",
    "Berg",
    "Olsen",
]
PLACES = [
    "Paris",
    "Berlin",
    "Oslo",
    "Madrid",
    "Vienna",
    "Prague",
    "Lisbon",
    "Dublin",
    "Athens",
    "Warsaw",
    "Helsinki",
    "Rome",
    "Zurich",
    "Geneva",
    "Porto",
]
JOBS = [
    "baker",
    "nurse",
    "teacher",
    "pilot",
    "lawyer",
    "gardener",
    "painter",
    "cook",
    "farmer",
    "judge",
    "tailor",
    "dentist",
]
TOOLS = ["violin", "piano", "flute", "guitar", "drum", "harp", "cello", "trumpet", "organ", "banjo"]
# Of each kind of fact: sentences, and questions about it.
FACTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "place": (("{p} lives in {x}.", "The home of {p} is in {x}."), ("Where does {p} live?", "In which city is the home of {p}?")),
    "job": (("{p} works as a {x}.", "By trade {p} is a {x}."), ("What is the trade of {p}?", "What does {p} work as?")),
    "year": (("{p} was born in {x}.", "The birth of {p} was in {x}."), ("When was {p} born?", "In which year was {p} born?")),
    "tool": (("{p} plays the {x}.", "In the evening {p} plays the {x}."), ("What does {p} play?", "Which instrument does {p} play?")),
    "friend": (("{p} is a friend of {x}.", "A friend of {p} is {x}."), ("Who is a friend of {p}?", "Who knows {p}?")),
}  # fmt: skip


def passages(count: int, seed: int = 0, missing: bool = True) -> list[NewItem]:
    """Each about two people, with three or four questions; `missing`: one of them has no answer in it."""
    rng = random.Random(seed)
    return [_passage(rng, number, missing) for number in range(count)]


def _passage(rng: random.Random, number: int, missing: bool) -> NewItem:
    people = [f"{rng.choice(FIRST)} {name}" for name in rng.sample(LAST, 2)]
    said: list[tuple[str, str, str]] = []
    for person in people:
        said += [(person, kind, _filling(rng, kind)) for kind in rng.sample(sorted(FACTS), 3)]
    rng.shuffle(said)
    text = f"Report {number}."
    questions: list[Question] = []
    for person, kind, filling in said:
        before, after = rng.choice(FACTS[kind][0]).format(p=person, x="|").split("|")
        start = len(text) + 1 + len(before)
        text += f" {before}{filling}{after}"
        questions.append(Question(rng.choice(FACTS[kind][1]).format(p=person), ((start, start + len(filling)),)))
    asked = rng.sample(questions, 3)
    if missing:
        person = rng.choice(people)
        absent = [kind for kind in sorted(FACTS) if (person, kind) not in {(p, k) for p, k, _ in said}]
        asked.append(Question(rng.choice(FACTS[rng.choice(absent)][1]).format(p=person)))
    return NewItem("text", f"Report {number}", text=text, annotations=marks_of(asked))


def _filling(rng: random.Random, kind: str) -> str:
    if kind == "year":
        return str(rng.randint(1900, 2010))
    if kind == "friend":
        return rng.choice(FIRST)
    return rng.choice({"place": PLACES, "job": JOBS, "tool": TOOLS}[kind])


def small_answerer(folder: Path, texts: Sequence[str], longest: int = 512, seed: int = 0) -> Any:
    """A random BERT of two layers that knows the words of these texts, as an answerer; `folder` gets its words."""
    import torch
    import transformers as tf
    from tokenizers import pre_tokenizers

    from workbench.runtimes.transformers_text_runtime import PassageAnswerer

    card = ModelCard(
        "small", "Small", ("question-answering",), "transformers_text", "AutoModelForQuestionAnswering",
        Source("folder", str(folder)), trainable_for=("question-answering",),
    )  # fmt: skip
    split = pre_tokenizers.BertPreTokenizer()
    words = sorted({w for text in texts for w, _ in split.pre_tokenize_str(text)})
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])))
    tokenizer = tf.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=longest, do_lower_case=False)
    torch.manual_seed(seed)
    config = tf.BertConfig(
        vocab_size=len(tokenizer), hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=512, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return PassageAnswerer(card, tf.BertForQuestionAnswering(config), tokenizer, ())


def words_of(given: Sequence[NewItem]) -> list[str]:
    """All texts and questions."""
    return [t for new in given for t in (new.text or "", *(a.text for a in new.annotations or ()))]
