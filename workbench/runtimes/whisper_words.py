"""When each word of a Whisper transcript was spoken: by what its decoder looked at.

Some heads of the decoder's attention to the sound run along it as the text goes on. Dynamic time warping (Sakoe & Chiba
1978) through the mean of these heads gives each token its moment, as OpenAI's own program does it. The attention is
computed here from the layers' inputs, so that the network may keep its quick attention and nothing large is held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    Floats = npt.NDArray[np.float32]
    Places = npt.NDArray[np.int64]

SECONDS_PER_PLACE = 0.02
# A word is hardly ever longer; what is has a pause before it in it.
_LONGEST_WORD = 1.6
_OPENING = "\"'“‘¿¡([{«-"
_CLOSING = "\"'.。,，!！?？:：”’)]}、»;%"
# Scripts written without blanks: Thai, Lao, Burmese, Khmer, kana, Chinese.
_UNBROKEN = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0x20000, 0x3FFFF),
)


@dataclass(frozen=True)
class Piece:
    """A word: its text without blanks, its tokens' places (first and one past the last), and whether no blank parts it
    from the one before."""

    text: str
    first: int
    last: int
    glued: bool


def alignment_heads(module: Any) -> list[tuple[int, int]]:
    """(layer, head) of the heads that run along: those the model's files name, else all of the upper half."""
    named = getattr(module.generation_config, "alignment_heads", None)
    layers, heads = int(module.config.decoder_layers), int(module.config.decoder_attention_heads)
    found = [(int(layer), int(head)) for layer, head in named or ()]
    found = [(layer, head) for layer, head in found if 0 <= layer < layers and 0 <= head < heads]
    return found or [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]


def look_along(module: Any, encoded: torch.Tensor, ids: torch.Tensor) -> tuple[Floats, Floats]:
    """What the decoder looks at while it says these tokens, and how likely it holds each.

    Args:
        encoded: the encoder's output float [1, S, D].
        ids: int64 [1, T], from the first special token to the end of the text.

    Returns:
        float32 [H, T, S], each row the attention of one alignment head at one token (it sums up to 1); and float32 [T],
        the probability of each token given those before it (1 for the first).
    """
    import torch

    heads = alignment_heads(module)
    with torch.inference_mode(), _inputs_of(module, {layer for layer, _ in heads}) as inputs:
        logits = module.proj_out(module.model.decoder(input_ids=ids, encoder_hidden_states=encoded).last_hidden_state)
        rows = []
        for layer, head in heads:
            attention = module.model.decoder.layers[layer].encoder_attn
            size = attention.head_dim
            part = slice(head * size, (head + 1) * size)
            query = attention.q_proj(inputs[layer])[0, :, part].float()
            key = attention.k_proj(encoded)[0, :, part].float()
            rows.append(torch.softmax(query @ key.T * attention.scaling, -1))
        shares = torch.softmax(logits[0, :-1].float(), -1).gather(1, ids[0, 1:, None])[:, 0]
    looked: Floats = torch.stack(rows).cpu().numpy()
    likely: Floats = torch.cat([torch.ones(1, device=shares.device), shares]).cpu().numpy()
    return looked, likely


@contextmanager
def _inputs_of(module: Any, layers: set[int]) -> Iterator[dict[int, Any]]:
    """What goes into the attention to the sound of some layers, by layer, while the decoder runs."""
    kept: dict[int, Any] = {}
    handles = []

    def keeper(layer: int) -> Any:
        def keep(_module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            kept[layer] = named["hidden_states"] if "hidden_states" in named else given[0]

        return keep

    for layer in layers:
        attention = module.model.decoder.layers[layer].encoder_attn
        handles.append(attention.register_forward_pre_hook(keeper(layer), with_kwargs=True))
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def moments(looked: Floats, places: int, width: int = 7) -> Floats:
    """Seconds at which each token begins, float64 [T].

    Args:
        looked: float32 [H, T, S] of the tokens in question.
        places: how many of the S places hold sound; the rest is filling.
        width: of the median filter along time.
    """
    import numpy as np
    from scipy.ndimage import median_filter

    used = looked[:, :, : max(1, places)].astype(np.float64)
    spread = used.std(axis=1, keepdims=True)
    scaled = (used - used.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    smooth = median_filter(scaled, size=(1, 1, width), mode="mirror") if used.shape[2] > width // 2 else scaled
    rows, columns = warp(-smooth.mean(axis=0))
    begins = np.flatnonzero(np.diff(rows, prepend=-1))
    seconds: Floats = columns[begins] * SECONDS_PER_PLACE
    return seconds


def warp(cost: Any) -> tuple[Places, Places]:
    """The cheapest path through `cost` float [N, M] from the upper left to the lower right corner by steps to the right,
    down, or both: its rows and its columns, int64 each."""
    import numpy as np

    rows, columns = cost.shape
    best = np.full((rows + 1, columns + 1), np.inf)
    best[0, 0] = 0.0
    # 0: from both, 1: from above, 2: from the left.
    came = np.zeros((rows + 1, columns + 1), np.int8)
    for diagonal in range(2, rows + columns + 1):
        # All cells whose row and column add up to this can be computed at once.
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        j = diagonal - i
        ways = np.stack([best[i - 1, j - 1], best[i - 1, j], best[i, j - 1]])
        chosen = ways.argmin(axis=0)
        best[i, j] = cost[i - 1, j - 1] + ways[chosen, np.arange(len(i))]
        came[i, j] = chosen
    path = []
    i, j = rows, columns
    while i > 0 and j > 0:
        path.append((i - 1, j - 1))
        step = came[i, j]
        i, j = i - (step != 2), j - (step != 1)
    path.reverse()
    found = np.array(path, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def split_words(texts: Sequence[str]) -> list[Piece]:
    """Tokens' texts as words.

    Args:
        texts: what each token adds to the text; "" for one that is only a part of a letter (the next one has it).
    """
    found: list[list[Any]] = []  # text, first, last, glued
    opened = False
    for place, text in enumerate(texts):
        bare = text.strip()
        blank = text[:1].isspace()
        closes = bare != "" and not blank and all(c in _CLOSING for c in bare)
        begins = (
            not found or blank or (bare != "" and not closes and (_unbroken(bare[0]) or _unbroken(found[-1][0][-1:])))
        )
        if begins and not (opened and not blank) and not (found and not found[-1][0]):
            found.append([bare, place, place + 1, bool(found) and not blank])
        else:
            found[-1][0] += bare
            found[-1][2] = place + 1
        opened = bool(found[-1][0]) and all(c in _OPENING for c in found[-1][0])
    return [Piece(*entry) for entry in found if entry[0]]


def _unbroken(letter: str) -> bool:
    return bool(letter) and any(low <= ord(letter) <= high for low, high in _UNBROKEN)


def words_in_time(pieces: Sequence[Piece], begins: Floats, end: float) -> list[tuple[float, float]]:
    """(begins, ends) of each word: it ends where the next token begins.

    Args:
        begins: seconds, float [T + 1]: of each token, and of the end of the text.
        end: length of the sound.
    """
    found: list[tuple[float, float]] = []
    for piece in pieces:
        first, last = float(begins[piece.first]), float(begins[min(piece.last, len(begins) - 1)])
        last = min(end, max(last, first + SECONDS_PER_PLACE))
        found.append((max(min(first, last), last - _LONGEST_WORD), last))
    return found
