"""Which architecture a bare set of weights belongs to, told by the names and shapes of its tensors.

Architectures of torchvision and timm are built without memory for their weights and compared: every name must be there
and every shape must fit, only the number of classes may differ. Networks whose weights fit alike but that calculate
differently (another padding, another activation) cannot be told apart by this: then the person is asked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import atomic
from workbench.control import Control

if TYPE_CHECKING:
    import torch
    from torch import nn

    Shapes = Mapping[str, tuple[int, ...]]

log = logging.getLogger(__name__)

# timm's families whose names are most alike are searched through.
_FAMILIES = 4
_LIKENESS = 0.5
_MOST_CHOICES = 12
# Their last layer is a convolution; the app's networks end in a linear layer.
_NOT_OURS = ("squeezenet",)


@dataclass(frozen=True)
class Match:
    """`runtime` and `arch` of an architecture that fits, its number of classes, and how it is built in words."""

    runtime: str
    arch: str
    classes: int
    build: str


@cache
def _meta_mode() -> Any:
    """A torch mode in which layers are made without memory. In this thread alone, unlike a patch of torch.

    Only `torch.empty`, which layers make their weights with, is sent to the meta device: what architectures calculate
    while they are built (widths, position tables) stays real.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    # Filling what has no numbers takes most of the time in which an architecture is built, and says nothing.
    fills = {
        torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.fill_, torch.Tensor.zero_, torch.Tensor.erfinv_,
        torch.Tensor.mul_, torch.Tensor.add_, torch.Tensor.clamp_,
    }  # fmt: skip

    class WithoutMemory(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func in fills and args[0].is_meta:
                return args[0]
            kwargs = dict(kwargs or {})
            if func is torch.empty and kwargs.get("device") is None:
                kwargs["device"] = "meta"
            return func(*args, **kwargs)

    return WithoutMemory


def meta_layers() -> Any:
    """A context in which torch layers are made without memory; works in this thread alone."""
    return _meta_mode()()


def without_memory(runtime: str, arch: str, classes: int | None = None) -> nn.Module | None:
    """An architecture with shapes and no numbers; None when it cannot be built so.

    Args:
        runtime: "torchvision" or "timm".
        classes: None for its own number.
    """
    import warnings

    extra: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    try:
        with meta_layers(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if runtime == "timm":
                import timm

                made: nn.Module = timm.create_model(arch, pretrained=False, **extra)
                return made
            from workbench.runtimes.torchvision_runtime import IMAGENET_CLASSES, make

            built: nn.Module = make(arch, classes or IMAGENET_CLASSES)
            return built
    except (RuntimeError, TypeError, ValueError, AssertionError, AttributeError, ImportError) as error:
        log.info("%s cannot be built without memory: %s", arch, error)
        return None


def shapes_of(state: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in state.items()}


def match(
    shapes: Shapes, hint: str = "", cache_folder: Path | None = None, control: Control | None = None
) -> list[Match]:
    """Architectures that fit, the likeliest first, one for each way of calculating. Empty when none is known.

    Args:
        shapes: of every tensor, by name.
        hint: the file's name; an architecture named in it is tried first.
        cache_folder: what was learnt about the names of tensors is kept there.

    Raises:
        Cancelled: when asked to stop.
    """
    control = control or Control()
    named = _named(hint)
    for runtime, arch in named:
        found = _fits(runtime, arch, shapes)
        if found is not None:
            return [found]
    fitting: list[Match] = []

    def try_one(runtime: str, arch: str) -> None:
        control.check()
        found = _fits(runtime, arch, shapes)
        if found is not None:
            fitting.append(found)

    index = _Index(cache_folder)
    try:
        digest = _names_digest(shapes)
        for arch in _torchvision():
            if not arch.startswith(_NOT_OURS) and index.names("torchvision", arch, control) == digest:
                try_one("torchvision", arch)
        for arch in index.alike(shapes, control) if not fitting else ():
            if index.names("timm", arch, control) == digest:
                try_one("timm", arch)
    finally:
        index.save()
    by_build: dict[str, Match] = {}
    for m in sorted(fitting, key=lambda m: (len(m.arch), m.arch)):
        by_build.setdefault(m.build, m)
    return list(by_build.values())[:_MOST_CHOICES]


def _fits(runtime: str, arch: str, shapes: Shapes) -> Match | None:
    if arch.startswith(_NOT_OURS):
        return None
    whole = without_memory(runtime, arch)
    if whole is None:
        return None
    own = shapes_of(whole.state_dict())
    if own.keys() != shapes.keys():
        return None
    heads = {given[0] for key, given in shapes.items() if given != own[key] and given and own[key]}
    if len(heads) > 1:
        return None
    if not heads:
        classes = _outputs(whole, runtime)
        return Match(runtime, arch, classes, repr(whole)) if classes else None
    classes = heads.pop()
    # Built again with that many classes, everything must be equal.
    again = without_memory(runtime, arch, classes)
    if again is None or shapes_of(again.state_dict()) != dict(shapes):
        return None
    return Match(runtime, arch, classes, repr(again))


def _outputs(whole: Any, runtime: str) -> int:
    if runtime == "timm":
        return int(getattr(whole, "num_classes", 0))
    from workbench.runtimes.torchvision_runtime import IMAGENET_CLASSES

    return IMAGENET_CLASSES


@cache
def _torchvision() -> tuple[str, ...]:
    from torchvision import models

    return tuple(models.list_models(module=models))


@cache
def _timm() -> tuple[str, ...]:
    import timm

    return tuple(timm.list_models())


def _named(hint: str) -> Iterator[tuple[str, str]]:
    """Architectures named in a file's name, the longest names first ("my_resnet50_best" names resnet50)."""
    plain = re.sub(r"[^a-z0-9]+", "_", hint.lower())
    words = f"_{plain}_"
    for runtime, names in (("torchvision", _torchvision()), ("timm", _timm())):
        inside = [n for n in names if f"_{n}_" in words]
        for name in sorted(inside, key=len, reverse=True)[:3]:
            yield runtime, name


def _names_digest(names: Mapping[str, Any] | Sequence[str]) -> str:
    return hashlib.sha1("\n".join(sorted(names)).encode(), usedforsecurity=False).hexdigest()


def _patterns(names: Mapping[str, Any] | Sequence[str]) -> frozenset[str]:
    """Names with their numbers taken out: the same for all sizes of a family."""
    return frozenset(re.sub(r"\d+", "#", name) for name in names)


@cache
def _digest_of(runtime: str, arch: str) -> str:
    """Of what an architecture calls its tensors; "" for one that cannot be built. Building one takes a tenth of a second."""
    whole = without_memory(runtime, arch)
    return _names_digest(whole.state_dict()) if whole is not None else ""


@cache
def _patterns_of(module: str) -> tuple[str, ...]:
    """What the first architecture of a family of timm's calls its tensors."""
    import timm

    names = timm.list_models(module=module)
    whole = without_memory("timm", names[0]) if names else None
    return tuple(sorted(_patterns(whole.state_dict()))) if whole is not None else ()


class _Index:
    """What architectures call their tensors: found out once."""

    def __init__(self, folder: Path | None) -> None:
        import timm
        import torchvision

        versions = f"{timm.__version__}-{torchvision.__version__}"
        self._file = folder / f"names-of-tensors-{versions}.json" if folder is not None else None
        self._families: dict[str, list[str]] = {}
        self._digests: dict[str, str] = {}
        self._changed = False
        try:
            known = json.loads(self._file.read_text(encoding="utf-8")) if self._file is not None else {}
            self._families = {str(k): [str(n) for n in v] for k, v in known["families"].items()}
            self._digests = {str(k): str(v) for k, v in known["digests"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._families, self._digests = {}, {}

    def alike(self, shapes: Shapes, control: Control) -> list[str]:
        """Architectures of the families whose names are most like these."""
        import timm

        given = _patterns(shapes)
        likeness: list[tuple[float, str]] = []
        modules = timm.list_modules()
        for number, module in enumerate(modules):
            control.check()
            control.progress(number, len(modules), "Recognising the network")
            names = self._family(module)
            both, either = len(given & set(names)), len(given | set(names))
            if names and both / either >= _LIKENESS:
                likeness.append((both / either, module))
        best = [module for _, module in sorted(likeness, reverse=True)[:_FAMILIES]]
        return [arch for module in best for arch in timm.list_models(module=module)]

    def _family(self, module: str) -> list[str]:
        if module not in self._families:
            self._families[module] = list(_patterns_of(module))
            self._changed = True
        return self._families[module]

    def names(self, runtime: str, arch: str, control: Control) -> str:
        """The digest of an architecture's names. Raises: Cancelled."""
        control.check()
        key = f"{runtime}/{arch}"
        if key not in self._digests:
            self._digests[key] = _digest_of(runtime, arch)
            self._changed = True
        return self._digests[key]

    def save(self) -> None:
        if self._file is None or not self._changed:
            return
        try:
            known = json.dumps({"families": self._families, "digests": self._digests})
            atomic.write_text(self._file, known, shared=True, lasting=False)
        except OSError as error:
            log.warning("the names of networks' tensors are not kept: %s", error)
