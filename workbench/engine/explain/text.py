"""Why a text was sorted as it was: which words spoke for the answer, which against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.engine.explain.asked import Asked
from workbench.engine.explain.attribution import integrated_gradients
from workbench.engine.explain.kinds import WordShare
from workbench.errors import UserError

if TYPE_CHECKING:
    import torch

METHOD = "Integrated Gradients"


def token_shares(asked: Asked, control: Control) -> torch.Tensor:
    """float32 [T]: how much each token moved the answer, against the same text with every token blank.

    Raises:
        UserError: when the network has no word vectors to start from.
    """
    import torch

    batch = asked.batch()
    ids, mask = batch["input_ids"], batch["attention_mask"]
    backbone: Any = asked.model.backbone
    table = backbone.get_input_embeddings() if hasattr(backbone, "get_input_embeddings") else None
    if table is None:
        raise UserError(f"“{asked.model.card.name}” cannot be explained word by word.", "Choose another model.")
    with torch.no_grad():
        given = table(ids)[0]
        blank = table(_blank(ids, asked.model.tokenizer))[0]
    put: list[torch.Tensor] = []
    hook = table.register_forward_hook(lambda _part, _given, _out: put[-1])

    def numbers(points: torch.Tensor) -> torch.Tensor:
        put.append(points)
        many = len(points)
        return asked.numbers(
            asked.model.features({"input_ids": ids.expand(many, -1), "attention_mask": mask.expand(many, -1)})
        )

    try:
        return integrated_gradients(numbers, given, blank, control).sum(-1).float().cpu()
    finally:
        hook.remove()


def _blank(ids: torch.Tensor, tokenizer: Any) -> torch.Tensor:
    """The same with a token that says nothing in place of every word; what frames a text stays."""
    import torch

    empty = next(
        (t for t in (tokenizer.pad_token_id, tokenizer.mask_token_id, tokenizer.unk_token_id) if t is not None), 0
    )
    frame = torch.tensor(sorted(set(tokenizer.all_special_ids)), device=ids.device, dtype=ids.dtype)
    return torch.where(torch.isin(ids, frame), ids, torch.full_like(ids, empty))


def word_shares(asked: Asked, text: str, shares: torch.Tensor) -> tuple[WordShare, ...]:
    """Shares of tokens added up word by word, the largest 1 or -1."""
    model = asked.model
    if not model.tokenizer.is_fast:
        raise UserError(f"“{model.card.name}” does not tell where its words stand.", "Choose another model.")
    tokens = model.tokenizer(
        text, truncation=True, max_length=model.preparation.max_tokens, return_offsets_mapping=True
    )
    words: dict[int, list[float]] = {}
    for place, (number, (start, end)) in enumerate(zip(tokens.word_ids(), tokens["offset_mapping"], strict=True)):
        if number is None or end <= start or place >= len(shares):
            continue
        word = words.setdefault(number, [float(start), float(end), 0.0])
        word[0], word[1] = min(word[0], start), max(word[1], end)
        word[2] += float(shares[place])
    most = max((abs(w[2]) for w in words.values()), default=0.0) or 1.0
    found = []
    for first, last, share in words.values():
        start, end = int(first), int(last)
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        if text[start:end].strip():
            found.append(WordShare(start, end, share / most))
    return tuple(sorted(found, key=lambda w: w.start))
