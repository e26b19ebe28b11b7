"""What a card is composed from. Whoever composes one fills in what is known; what is not known is left out of the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.catalog.card import ModelCard
from workbench.data.checks.finding import Finding
from workbench.data.project import Project
from workbench.data.types import RunRecord
from workbench.trust.card.items import Show
from workbench.trust.card.parts import Line
from workbench.trust.groups import ByGroup
from workbench.trust.judging import Judgement


@dataclass(frozen=True)
class Reason:
    """Why a model answered one item so.

    Attributes:
        right: its answer was right.
        picture: heat over the picture or the spectrogram (PNG or JPEG); None for a text.
        text: a text with its words coloured.
        depends: whether the check with shuffled weights was passed; None where it was not made.
    """

    name: str
    said: str
    right: bool
    method: str
    picture: bytes | None = None
    text: Line = ""
    depends: bool | None = None
    check: str = ""


@dataclass(frozen=True)
class DataTerms:
    """What the person says of the data: where it comes from, and under which terms. Plain text, may be empty."""

    origin: str = ""
    terms: str = ""

    META = "where the data comes from"

    @classmethod
    def of(cls, project: Project) -> DataTerms:
        kept = project.get_meta(cls.META, {})
        kept = kept if isinstance(kept, dict) else {}
        return cls(str(kept.get("origin", "")), str(kept.get("terms", "")))

    def keep(self, project: Project) -> None:
        """Raises: UserError when the project cannot be written."""
        project.set_meta(self.META, {"origin": self.origin.strip()[:4000], "terms": self.terms.strip()[:4000]})


@dataclass(frozen=True)
class Given:
    """
    Attributes:
        model: the card of the model; its chain of bases, nearest first, in `bases`.
        judgement: how good it is; None where only what stands on its card is known.
        noun, nouns: what one item is called.
        findings: what was found wrong with the data and not mended; None: nobody looked.
        alike: items that are nearly the same as another one; -1: nobody looked.
        unlike: how often it warns without reason, as a sentence; "" for a model that does not warn.
        examples: show items of the person's; else no picture and no text of theirs is in the card.
        reasons: explanations; `reasons_note`: why there are none, where they were asked for.
        made_with, hashes, machine: name to value, for whoever makes it again.
    """

    model: ModelCard
    bases: tuple[ModelCard, ...] = ()
    project: Project | None = None
    run: RunRecord | None = None
    judgement: Judgement | None = None
    noun: str = "item"
    nouns: str = "items"
    by_groups: tuple[ByGroup, ...] = ()
    findings: tuple[Finding, ...] | None = None
    alike: int = -1
    data_terms: DataTerms = field(default_factory=DataTerms)
    unlike: str = ""
    examples: bool = True
    show: Show | None = None
    reasons: tuple[Reason, ...] = ()
    reasons_note: str = ""
    made_with: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    made: str = ""
