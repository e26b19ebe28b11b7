"""What licences allow, in plain words. A help, not legal advice: the licence's own text counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.catalog.card import ModelCard

Answer = Literal["yes", "no", "conditions", "unknown"]


@dataclass(frozen=True)
class Terms:
    """
    Attributes:
        commercial: may it be used in business?
        share_alike: must what is made from it be passed on under the same licence?
        research_only: is it for research and study alone?
        sentence: all that in one or two plain sentences.
    """

    commercial: Answer
    sentence: str
    share_alike: bool = False
    research_only: bool = False

    def badges(self) -> list[tuple[str, str]]:
        """(words, kind) for small labels; kind is "good", "warn" or "plain"."""
        words = {
            "yes": ("business use allowed", "good"),
            "no": ("not for business", "warn"),
            "conditions": ("business use on conditions", "plain"),
            "unknown": ("licence unclear", "warn"),
        }
        found = [words[self.commercial]]
        if self.share_alike:
            found.append(("share alike", "plain"))
        if self.research_only:
            found.append(("research only", "warn"))
        return found


_FREE = "Free for everything, business too, as long as the licence and the makers' names go along."
_FREELY = Terms("yes", _FREE)
_COPYLEFT = Terms(
    "yes", "Free, business too; who passes it on must pass it on under the same licence.", share_alike=True
)
_NON_COMMERCIAL = Terms("no", "Free for private use, teaching and research. Not for business.")
_OWN_TERMS = Terms(
    "conditions", "Free for most uses, business too, on the publisher's conditions: read them before you pass it on."
)

_KNOWN: dict[str, Terms] = {
    "Apache-2.0": _FREELY,
    "MIT": _FREELY,
    "BSD-2-Clause": _FREELY,
    "BSD-3-Clause": _FREELY,
    "AFL-3.0": _FREELY,
    "CC0-1.0": Terms("yes", "Free for everything: nobody claims any rights in it."),
    "YOLO": Terms("yes", "Its maker lets everybody do whatever they like with it."),
    "CC-BY-4.0": Terms("yes", "Free for everything, business too; the makers must be named."),
    "CC-BY-SA-4.0": Terms(
        "yes", "Free, business too; the makers must be named, and what is made from it shared alike.", share_alike=True
    ),
    "CC-BY-NC-4.0": _NON_COMMERCIAL,
    "CC-BY-NC-SA-4.0": Terms(
        "no", "Free for private use and research, shared alike. Not for business.", share_alike=True
    ),
    "MPL-2.0": Terms("yes", "Free, business too; changed files of it must stay open."),
    "GPL-3.0": _COPYLEFT,
    "AGPL-3.0": Terms(
        "yes", "Free; who passes it on, or offers it over a network, must open everything under it.", share_alike=True
    ),
    "NVIDIA-SegFormer": Terms("no", "For research and evaluation only. Not for business.", research_only=True),
    "OpenRAIL": _OWN_TERMS,
    "OpenRAIL-M": _OWN_TERMS,
    "Gemma": _OWN_TERMS,
    "Llama-3.2": _OWN_TERMS,
    "the provider's terms": Terms("conditions", "The provider's terms count, also for what it writes."),
    "the model's own": Terms("unknown", "Depends on the model the server runs."),
}
_UNKNOWN = Terms("unknown", "Its publisher states no licence: ask before you use it for more than trying.")


def terms(card: ModelCard) -> Terms:
    """What the card's licence allows; a model the person trained has the terms of what it was trained from."""
    return _KNOWN.get(card.licence, _UNKNOWN)


def passing_on(cards: Sequence[ModelCard], data_terms: str = "") -> str:
    """What may be done with a model that came of all these, in plain words: the strictest licence counts.

    Args:
        data_terms: what the person says about the terms of their data; "" when nothing is said.
    """
    found = {card.licence: terms(card) for card in cards}
    if any(t.research_only for t in found.values()):
        text = "For research and study only: one of the models it was made from is."
    elif any(t.commercial == "no" for t in found.values()):
        text = "For private use, teaching and research; not for business: one of the models it was made from is not."
    elif any(t.commercial == "unknown" for t in found.values()):
        text = (
            "It is not clear what it may be used for: the licence of one of the models it was made from is not known."
        )
    elif any(t.commercial == "conditions" for t in found.values()):
        text = "For most uses, business too, on the conditions of the models it was made from: read them first."
    else:
        text = (
            "As far as the models it was made from go, for everything, business too, as long as their makers are named."
        )
    if any(t.share_alike for t in found.values()):
        text += " Who passes it on must do so under the same licence."
    if data_terms.strip():
        return f"{text} The terms of the data it was taught with count too: see there."
    return f"{text} The terms of the data it was taught with are not stated: they count too."


def is_known(licence: str) -> bool:
    return licence in _KNOWN


def question_before_export(card: ModelCard) -> str:
    """What to ask before the model is passed on; "" when there is nothing to ask."""
    found = terms(card)
    if found.commercial == "yes" and not found.share_alike:
        return ""
    return f"“{card.name}” stands under the licence “{card.licence or 'not stated'}”. {found.sentence} Go on?"
