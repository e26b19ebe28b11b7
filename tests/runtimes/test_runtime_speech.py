"""Reading CTC, the usual order of words, Whisper's times and finding speech: each against another way of knowing."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.errors import Cancelled, UserError
from workbench.runtimes.ctc import Letters, align, best_path, likeliest_words, search
from workbench.runtimes.ctc_transcriber import CtcTranscriber
from workbench.runtimes.speech_finder import RATE, SpeechFinder, Stretches, speech_in, speech_windows
from workbench.runtimes.whisper_words import alignment_heads, look_along, moments, split_words, warp, words_in_time
from workbench.runtimes.word_model import WordModel, learn, read_arpa, read_word_model, sentences

# CTC ------------------------------------------------------------------------------------------------------------------

SMALL = Letters(("", "a", "b", " "), 0, 3)


def random_shares(moments_: int, seed: int, letters: int = 4, sharp: float = 2.0) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(scale=sharp, size=(moments_, letters))
    return (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)


def collapsed(path: tuple[int, ...], blank: int = 0) -> tuple[int, ...]:
    return tuple(token for token, before in zip(path, (blank, *path), strict=False) if token not in (before, blank))


def all_texts(shares: np.ndarray) -> dict[tuple[int, ...], float]:
    """Probability of every text, by going through every path."""
    found: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(shares.shape[1]), repeat=len(shares)):
        found[collapsed(path)] += math.exp(sum(float(shares[i, t]) for i, t in enumerate(path)))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_what_trying_everything_finds(seed: int) -> None:
    shares = random_shares(6, seed)
    model = learn([["ab", "b"], ["ab", "a", "b"], ["b", "ab"]])

    def worth(tokens: tuple[int, ...], probability: float) -> float:
        words = "".join(SMALL.texts[t] for t in tokens).split()
        usual = sum(model.share(words[:n], word) for n, word in enumerate(words))
        return math.log(probability) + 0.5 * usual + 0.6 * len(words)

    texts = {t: worth(t, p) for t, p in all_texts(shares).items()}
    found = tuple(search(shares, SMALL, model, beam=10_000))
    # Texts that differ only in gaps at their ends are the same words.
    assert texts[found] == pytest.approx(max(texts.values()), abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_letters_are_laid_on_the_likeliest_way(seed: int) -> None:
    shares = random_shares(7, seed)
    tokens = (1, 2, 2)
    best = max(
        (p for p in itertools.product(range(4), repeat=7) if collapsed(p) == tokens),
        key=lambda p: sum(float(shares[i, t]) for i, t in enumerate(p)),
    )
    places: list[tuple[int, int]] = []
    for moment, token in enumerate(best):
        if token and (moment == 0 or best[moment - 1] != token):
            places.append((moment, moment))
        elif token:
            places[-1] = places[-1][0], moment
    assert align(shares, tokens, 0) == places
    assert align(shares[:2], (1, 1, 1), 0) == [(0, 1)] * 3  # too short for them all


def test_the_best_path_is_read_letter_by_letter() -> None:
    ids = [0, 1, 1, 0, 1, 2, 3, 3, 0, 2, 2, 0]
    shares = np.log(np.where(np.eye(4)[ids] > 0, 0.91, 0.03)).astype(np.float32)
    words = best_path(shares, SMALL)
    assert [(w.tokens, w.first, w.last) for w in words] == [((1, 1, 2), 1, 5), ((2,), 9, 10)]
    assert all(w.score == pytest.approx(0.91, abs=1e-5) for w in words)
    assert best_path(np.zeros((0, 4), np.float32), SMALL) == []


def test_usual_words_settle_what_sounds_alike() -> None:
    letters = Letters(("", "s", "e", "a", " "), 0, 4)
    # It hears an "e" a little better than an "a" in the second word.
    sure = {"s": 1, "e": 2, "a": 3, " ": 4, "": 0}
    rows = []
    for sign in ["s", "e", "a", "", " ", "s", "?", "a", ""]:
        row = np.full(5, 0.01)
        if sign == "?":
            row[[2, 3]] = 0.5, 0.46
        else:
            row[sure[sign]] = 0.96
        rows.append(row / row.sum())
    shares = np.log(np.array(rows)).astype(np.float32)
    spelt = ["".join(letters.texts[t] for t in w.tokens) for w in best_path(shares, letters)]
    assert spelt == ["sea", "sea"]
    model = learn([["sea", "sa"]] * 20)
    helped = likeliest_words(shares, letters, model)
    assert ["".join(letters.texts[t] for t in w.tokens) for w in helped] == ["sea", "sa"]
    assert helped[0].first == 0 and helped[1].first == 5 and all(0 < w.score <= 1 for w in helped)


class Marks(CtcTranscriber):
    """Hears one letter wherever the sound is loud: 50 moments a second, as wav2vec 2.0 has them."""

    letters = Letters(("", "x", " "), 0, 2)  # type: ignore[assignment]
    sample_rate = RATE  # type: ignore[assignment]

    def __init__(self) -> None:
        self.windows = 0

    def shares(self, wave: Any) -> Any:
        self.windows += 1
        loud = np.abs(wave[: len(wave) // 320 * 320].reshape(-1, 320)).max(1)
        ids = np.where(loud > 0.5, 1, np.where(loud > 0.1, 2, 0))
        return np.log(np.where(np.eye(3)[ids] > 0, 0.9, 0.05)).astype(np.float32)

    def spell(self, tokens: tuple[int, ...]) -> str:
        return "x" * len(tokens)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_words_where_two_windows_meet_come_once_and_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound = np.zeros(RATE * 65, np.float32)
    begins, at = [], 0.2
    while at < 64:
        begins.append(at)
        long = rng.uniform(0.1, 0.9)
        first, last = int(at * RATE) // 320 * 320, int((at + long) * RATE) // 320 * 320
        # Letters and blanks in turn, then a gap.
        for letter in range(first, last, 640):
            sound[letter : letter + 320] = 0.9
        sound[last : last + 320] = 0.2
        at += long + rng.uniform(0.1, 3)
    hearer = Marks()
    found = list(hearer.transcribe(iter(np.array_split(sound, 13)), "", Control()))
    assert hearer.windows > 3
    assert [h.begins for h in found] == pytest.approx(begins, abs=0.05)
    assert all(a.ends <= b.begins for a, b in itertools.pairwise(found))


# The usual order of words ---------------------------------------------------------------------------------------------

ARPA = r"""
Some words before are allowed.

\data\
ngram 1=5
ngram 2=3

\1-grams:
-1.0	<unk>	0
-99	<s>	-0.3
-0.5	the	-0.4
-0.9	Sea	-0.2
-1.2	</s>

\2-grams:
-0.1	<s> the
-0.2	the sea	0
-0.3	sea </s>

\end\
"""


def test_an_arpa_file_is_read_as_its_numbers_say() -> None:
    model = read_arpa(ARPA.splitlines())
    ten = math.log(10)
    assert model.order == 2 and model.knows("SEA") and not model.knows("land")
    assert model.share([], "the") == pytest.approx(-0.1 * ten)
    assert model.share(["the"], "sea") == model.share(["in", "The"], "SEA") == pytest.approx(-0.2 * ten)
    # Never seen: by the weight of the history, and the word alone.
    assert model.share(["sea"], "the") == pytest.approx((-0.2 - 0.5) * ten)
    assert model.share(["the"], "land") == pytest.approx((-0.4 - 1.0) * ten)
    assert model.share(["land"], "sea") == pytest.approx(-0.9 * ten)


@pytest.mark.parametrize(
    "broken", ["\\1-grams:\n-0.5\n", "\\1-grams:\nmuch the\n", "\\2-grams:\n-1 the\n", "\\1-grams:\nnan the"]
)
def test_a_damaged_arpa_file_is_a_sentence(broken: str, tmp_path: Path) -> None:
    (tmp_path / "a.arpa").write_text(f"\\data\\\n{broken}")
    with pytest.raises(UserError, match="damaged"):
        read_word_model(tmp_path / "a.arpa")


def test_learning_from_a_text_gives_probabilities(tmp_path: Path) -> None:
    text = "The cat sat. The cat ran!\nA dog sat down,\n\nand the dog's cat ran.\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    model = read_word_model(tmp_path / "a.txt")
    words = {w for s in sentences(text.splitlines()) for w in s}
    assert {"dog's", "down"} <= words
    for history in ([], ["the"], ["the", "cat"], ["a", "dog"], ["never", "heard"], ["cat"]):
        # Of all words, the end, and one that stands for every other.
        total = sum(math.exp(model.share(history, w)) for w in [*words, "</s>", "zebra"])
        assert total == pytest.approx(1.0, abs=1e-9)
    assert model.share(["the"], "cat") > model.share(["the"], "dog") > model.share(["the"], "zebra")
    # By hand: "ran" once after "the cat" and once after "dog's cat", "sat" once after "the cat". Two followers, seen twice.
    after_cat = (2 + 2 * math.exp(_alone(model, "ran"))) / (3 + 2)
    after_the_cat = (1 + 2 * after_cat) / (2 + 2)
    assert math.exp(model.share(["the", "cat"], "ran")) == pytest.approx(after_the_cat)
    for data in (b"", b"  \n\n", b"\x00\x01\x02"):
        (tmp_path / "a.txt").write_bytes(data)
        with pytest.raises(UserError, match="no words"):
            read_word_model(tmp_path / "a.txt")
    with pytest.raises(UserError, match="cannot be read"):
        read_word_model(tmp_path / "missing.txt")


def _alone(model: WordModel, word: str) -> float:
    """Logarithm of a word's own probability: after words never heard nothing else is left."""
    return model.share(["never", "heard"], word)


# Whisper's times ------------------------------------------------------------------------------------------------------


def small_whisper(heads: list[list[int]] | None = None) -> Any:
    torch.manual_seed(0)
    config = tf.WhisperConfig(
        vocab_size=300, d_model=32, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_target_positions=48, pad_token_id=0,
        bos_token_id=0, eos_token_id=0, decoder_start_token_id=1, suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    network = tf.WhisperForConditionalGeneration(config).eval()
    for layer in network.model.decoder.layers:
        torch.nn.init.normal_(layer.encoder_attn.q_proj.weight)
        torch.nn.init.normal_(layer.encoder_attn.k_proj.weight)
    if heads:
        network.generation_config.alignment_heads = heads
    return network


@pytest.mark.parametrize("heads", [None, [[0, 1], [1, 0]]])
def test_what_whisper_looks_at_is_its_own_attention(heads: list[list[int]] | None) -> None:
    network = small_whisper(heads)
    encoded = torch.randn(1, 1500, 32)
    ids = torch.tensor([[1, 70, 90, 110, 75, 75]])
    looked, likely = look_along(network, encoded, ids)
    network.set_attn_implementation("eager")
    out = network(
        decoder_input_ids=ids,
        encoder_outputs=tf.modeling_outputs.BaseModelOutput(last_hidden_state=encoded),
        output_attentions=True,
    )
    wanted = [out.cross_attentions[layer][0, head].detach().numpy() for layer, head in alignment_heads(network)]
    assert alignment_heads(network) == ([(0, 1), (1, 0)] if heads else [(1, 0), (1, 1)])
    np.testing.assert_allclose(looked, wanted, atol=2e-5)
    shares = torch.softmax(out.logits[0].detach(), -1)
    assert likely.tolist() == pytest.approx([1.0, *(float(shares[i, ids[0, i + 1]]) for i in range(5))], abs=1e-5)


def test_warping_is_transformers() -> None:
    from transformers.models.whisper.generation_whisper import _dynamic_time_warping

    for seed, shape in enumerate([(1, 1), (1, 9), (7, 3), (12, 80)]):
        cost = np.random.default_rng(seed).standard_normal(shape)
        rows, columns = warp(cost)
        their_rows, their_columns = _dynamic_time_warping(cost)
        assert rows.tolist() == their_rows.tolist() and columns.tolist() == their_columns.tolist()


def test_words_begin_where_the_attention_runs() -> None:
    # Four tokens and the end, looked at 10, 60, 110, 200 and 260 of 300 places.
    looked = np.full((2, 5, 300), 1e-3, np.float32)
    for row, place in enumerate((10, 60, 110, 200, 260)):
        looked[:, row, place : place + 30] = 1.0
    begins = moments(looked, 300)
    assert begins.tolist() == pytest.approx([0.0, 1.2, 2.2, 4.0, 5.2], abs=0.2)
    pieces = split_words([" some", "thing", " was", ","])
    assert [(p.text, p.first, p.last) for p in pieces] == [("something", 0, 2), ("was,", 2, 4)]
    times = words_in_time(pieces, begins, 6.0)
    assert times[0] == pytest.approx((0.6, 2.2), abs=0.2)  # no word is longer than 1.6 seconds
    assert times[1] == pytest.approx((3.6, 5.2), abs=0.2)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ([" Hello", ",", " wor", "ld", "!", " It", "'s"], [("Hello,", False), ("world!", False), ("It's", False)]),
        (["你", "好", "，", "世", "界"], [("你", False), ("好，", True), ("世", True), ("界", True)]),
        ([" “", "Yes", "”,", " he", " said", "."], [("“Yes”,", False), ("he", False), ("said.", False)]),
        (["", "", "é", "té", " 5", ".", "3", " %"], [("été", False), ("5.3", False), ("%", False)]),
        ([], []),
    ],
)
def test_tokens_become_words(tokens: list[str], words: list[tuple[str, bool]]) -> None:
    pieces = split_words(tokens)
    assert [(p.text, p.glued) for p in pieces] == words
    assert [i for p in pieces for i in range(p.first, p.last)] == list(range(len(tokens)))


# Finding speech -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_stretches_are_cut_as_silero_cuts_them(seed: int) -> None:
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(scale=0.9, size=900))
    shares = (1 / (1 + np.exp(-(walk - walk.mean())))).astype(np.float32)
    stretches = Stretches()
    found = [s for share in shares if (s := stretches.add(float(share))) is not None]
    last = stretches.end(900 * 512 / RATE)
    found += [last] if last is not None else []
    wanted = get_speech_timestamps_from_probs(
        shares, sampling_rate=RATE, speech_pad_ms=0, audio_length_samples=900 * 512
    )
    assert [(round(s.begins * RATE), round(s.ends * RATE)) for s in found] == [(w["start"], w["end"]) for w in wanted]
    assert found


def test_the_finder_hears_the_same_in_any_blocks_and_no_speech_in_noise() -> None:
    from silero_vad.sequence_vad import SileroVADSequence

    from workbench.runtimes.speech_finder import _network

    sound = np.random.default_rng(0).normal(scale=0.1, size=RATE * 5).astype(np.float32)
    sound *= (np.sin(np.arange(len(sound)) / 3000) > 0).astype(np.float32)
    whole = SpeechFinder().hear(sound, last=True)
    finder = SpeechFinder()
    parts = [finder.hear(part) for part in np.array_split(sound, 37)]
    together = np.concatenate([*parts, finder.hear(sound[:0], last=True)])
    np.testing.assert_allclose(together, whole, atol=1e-5)
    np.testing.assert_allclose(whole, SileroVADSequence(str(_network())).audio_forward(sound), atol=1e-5)
    assert list(speech_in([sound])) == [] == list(speech_windows([sound], 20.0))


class Loud:
    """A stand-in for the finder that takes loud for speech."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)

    def hear(self, samples: Any, last: bool = False) -> Any:
        held = np.concatenate([self._rest, samples])
        if last and len(held) % 512:
            held = np.pad(held, (0, 512 - len(held) % 512))
        count = len(held) // 512
        self._rest = held[count * 512 :]
        return np.abs(held[: count * 512].reshape(-1, 512)).max(1)


@settings(max_examples=30, deadline=None)
@example(607, 4.0)  # the rest after a cut is shorter than speech usually is
@given(st.integers(0, 10_000), st.sampled_from([4.0, 10.0, 20.0]))
def test_windows_hold_all_speech_once_and_little_else(seed: int, longest: float) -> None:
    rng = np.random.default_rng(seed)
    sound, spoken, at = [], [], 0.0
    while at < 60:
        quiet, loud = rng.choice([rng.uniform(0.2, 1), rng.uniform(2, 8)]), rng.uniform(0.4, 25)
        sound += [np.zeros(int(quiet * RATE)), rng.uniform(0.6, 0.9, int(loud * RATE))]
        spoken.append((at + quiet, at + quiet + loud))
        at += quiet + loud
    whole = np.concatenate(sound).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.runtimes.speech_finder.SpeechFinder", Loud)
        windows = list(speech_windows(np.array_split(whole, 41), longest))
    covered = np.zeros(len(whole), int)
    for window in windows:
        first = round(window.start * RATE)
        assert len(window.samples) <= longest * RATE + 1024
        np.testing.assert_array_equal(window.samples, whole[first : first + len(window.samples)])
        covered[first : first + len(window.samples)] += 1
    assert covered.max() == 1
    # Sound goes missing nowhere in speech but for a sample where two windows meet.
    lost = sum(int((covered[int(b * RATE) : int(e * RATE)] == 0).sum()) for b, e in spoken)
    assert lost <= len(windows)
    silence = covered.sum() - sum(int(e * RATE) - int(b * RATE) for b, e in spoken)
    assert silence < RATE * (
        0.6 * len(windows) + sum(1.6 for (_, a), (b, _) in itertools.pairwise(spoken) if b - a < 1.7)
    )


def test_finding_speech_can_be_stopped() -> None:
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        list(speech_windows([np.zeros(RATE, np.float32)], 20.0, control))


# Usual words, all the way through -------------------------------------------------------------------------------------------


def test_a_text_of_usual_words_helps_a_whole_model(tmp_path: Path) -> None:
    """A network that cannot tell two letters apart writes the words of the text it was given."""
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from speech_models import small_transcriber
    from voices import saved, say

    from workbench.tasks.base import TryOptions
    from workbench.tasks.predictions import Text
    from workbench.tasks.registry import get_task

    model = small_transcriber(tmp_path / "parts")
    letters = model.letters
    spelt = [letters.texts.index(c) for c in "SEA"]

    def shares(wave: Any) -> Any:
        rows = np.full((len(wave) // 320, len(letters.texts)), -12.0, np.float32)
        rows[:, letters.blank] = -0.02
        for number, token in enumerate(spelt):
            rows[5 + 4 * number] = -12.0
            rows[5 + 4 * number, token] = -0.02
        rows[13, [letters.texts.index("A"), letters.texts.index("T")]] = -0.8, -0.7  # a little more like "SET"
        return rows

    model.shares = shares  # type: ignore[method-assign]
    sample = saved(tmp_path / "a.wav", say("yes", 1))
    task: Any = get_task("speech-recognition")
    (tmp_path / "usual.txt").write_text("The sea was calm. We went to the sea.", encoding="utf-8")
    said = {}
    for file in ("", str(tmp_path / "usual.txt")):
        options = TryOptions(values={"usual": file, "silence": "hear"})
        (prediction,) = task.predict_batch([task.prepare(sample, model)], model, options, Control())
        assert isinstance(prediction, Text)
        said[bool(file)] = prediction.text
    assert said == {False: "SET", True: "SEA"}


def test_only_models_that_spell_take_usual_words() -> None:
    from workbench.catalog.catalog import Catalog
    from workbench.tasks.registry import get_task
    from workbench.tasks.speech_recognition import SILENCE, USUAL

    catalog, task = Catalog.load(), get_task("speech-recognition")
    takes = {
        i: bool(task.choices(catalog.get(i), USUAL))
        for i in ("wav2vec2-base-960h", "deepspeech", "whisper-tiny", "dictation-starter")
    }
    assert takes == {"wav2vec2-base-960h": True, "deepspeech": True, "whisper-tiny": False, "dictation-starter": False}
    assert len(task.choices(catalog.get("whisper-tiny"), SILENCE)) == 3
    with pytest.raises(UserError, match="cannot be read"):
        from workbench.runtimes.word_model import kept_word_model

        kept_word_model(Path("/nowhere/at.all"))
