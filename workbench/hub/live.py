"""Looking for models on the hub itself, when the person asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.hub_kinds import KINDS, MULTI_LABEL, HubKind, kind_of
from workbench.catalog.several import with_several
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub.http import get_json
from workbench.hub.net_settings import require_online
from workbench.hub.sources.hub_api import model_info
from workbench.hub.sources.huggingface import choose_files
from workbench.hub.token import hub_token

# Our tasks by the hub's names for them (its "pipeline tags").
TAGS: Mapping[str, str] = {
    "text-classification": "text-classification",
    "token-classification": "token-classification",
    "question-answering": "question-answering",
    "fill-mask": "fill-mask",
    "text-generation": "text-generation",
    "summarization": "summarisation",
    "translation": "translation",
    "sentence-similarity": "sentence-embedding",
    "feature-extraction": "sentence-embedding",
    "automatic-speech-recognition": "speech-recognition",
    "audio-classification": "sound-classification",
    "object-detection": "object-detection",
    "image-segmentation": "semantic-segmentation",
    "image-classification": "image-classification",
}
_MOST = 100
# Licences as the hub writes them, by SPDX id.
_LICENCES = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "gpl-3.0": "GPL-3.0",
    "agpl-3.0": "AGPL-3.0",
    "openrail": "OpenRAIL",
}
_DTYPES = {
    "F64": ("float64", 8),
    "F32": ("float32", 4),
    "F16": ("float16", 2),
    "BF16": ("bfloat16", 2),
    "I8": ("int8", 1),
}
_LANGUAGE = re.compile(r"^[a-z]{2,3}$")
# A runtime's working memory beside the weights, in bytes.
_LIBRARIES = 500_000_000


def search_hub(
    text: str,
    task: str = "",
    licence: str = "",
    sort: str = "downloads",
    limit: int = 50,
    max_bytes: int = 0,
    control: Control | None = None,
    paths: AppPaths | None = None,
) -> list[ModelCard]:
    """Models of the hub this app can probably open, the most downloaded first.

    The cards are short: `complete` asks for the rest before a download.

    Args:
        task: one of our task ids, or "" for all.
        licence: SPDX id, or "".
        sort: "downloads", "likes", "last_modified" or "trending_score".
        max_bytes: only models whose weights are known to be no larger; 0 for all.

    Raises:
        UserError: offline mode, no network, refused.
        Cancelled: when asked to stop.
    """
    from huggingface_hub import ModelInfo

    settings = require_online("Searching online", paths)
    control = control or Control()
    tag = next((t for t, ours in TAGS.items() if ours == task), None) if task else None
    if task and tag is None:
        raise UserError("The hub cannot be searched for this kind of model.", "Search without a task.")
    hub_licence = next((k for k, v in _LICENCES.items() if v == licence), licence.lower())
    fields = ["downloads", "likes", "tags", "pipeline_tag", "gated", "safetensors", "library_name", "sha"]

    wanted = [("sort", sort), ("direction", "-1"), ("limit", str(min(limit, _MOST)))]
    wanted += [(k, v) for k, v in (("search", text.strip()), ("pipeline_tag", tag or "")) if v]
    if licence:
        wanted.append(("filter", f"license:{hub_licence}"))
    wanted += [("expand[]", name) for name in fields]
    # Asked with our own patience: the library's waits half a minute before it says that there is no network.
    rows = get_json(f"{settings.hub}/api/models?{urlencode(wanted)}", text or "models", control, hub_token() or "")
    cards = [_short(ModelInfo(**row)) for row in rows] if isinstance(rows, list) else []
    return [c for c in cards if c is not None and (not max_bytes or 0 < c.source.size <= max_bytes)]


def complete(card: ModelCard, control: Control | None = None, paths: AppPaths | None = None) -> ModelCard:
    """The whole card of a hub model, from its files' list and its config.json (some kilobytes are fetched).

    Raises:
        UserError: also when this app cannot open such a model; the sentence says why.
        Cancelled: when asked to stop.
    """
    settings = require_online("Looking at a model online", paths)
    control = control or Control()
    repo = card.source.ref
    info = model_info(repo, "main", card.name, settings, control)
    names = {str(s.rfilename) for s in info.siblings or ()}
    if "config.json" not in names:
        why = "it is in the GGUF format" if any(n.endswith(".gguf") for n in names) else "it has no config.json"
        raise UserError(f"This app cannot open “{repo}”: {why}.", "Choose another model.")
    address = f"{settings.hub}/{repo}/resolve/{info.sha}/{quote('config.json')}"
    config = get_json(address, repo, control, hub_token() or "")
    kind = kind_of(list(config.get("architectures") or ()), str(config.get("model_type") or ""))
    if kind is None:
        own_code = (
            " It needs its publisher's own program code, which this app never runs." if "auto_map" in config else ""
        )
        raise UserError(f"This app has no part that opens “{repo}”.{own_code}", "Choose another model.")
    short = _short(info) or card
    chosen = choose_files(short, list(info.siblings or ()), True)
    return _whole(short, kind, config, str(info.sha), sum(int(s.size or 0) for s in chosen))


def _whole(short: ModelCard, kind: HubKind, config: Mapping[str, Any], commit: str, size: int) -> ModelCard:
    from dataclasses import replace

    named = config.get("id2label")
    labels = (
        _labels(named)
        if "Classification" in kind.arch or "Detection" in kind.arch or "Segmentation" in kind.arch
        else ()
    )
    longest = config.get("max_position_embeddings") or config.get("n_positions") or 512
    tasks = kind.tasks
    if short.tasks and short.tasks[0] in {t for k in KINDS if k.runtime == kind.runtime for t in k.tasks}:
        # The hub says more exactly what a model that writes is for.
        tasks = short.tasks if kind.runtime == "transformers_writer" else tasks
    card = replace(
        short,
        runtime=kind.runtime,
        arch=kind.arch,
        tasks=tasks,
        trainable_for=kind.trainable_for,
        label_names=labels,
        # Its classes are independent of each other: several can be true.
        options=short.options | ({"multi_label": True} if config.get("problem_type") == MULTI_LABEL else {}),
        family=str(config.get("model_type") or ""),
        source=replace(short.source, revision=commit, size=size),
        preparation=Preparation(max_tokens=min(512, int(longest)) if str(longest).isdigit() else 512),
        minimum_memory=2 * size + _LIBRARIES,
    )
    return with_several(card)


def _labels(named: Any) -> tuple[str, ...]:
    if not isinstance(named, dict):
        return ()
    try:
        return tuple(str(named[k])[:200] for k in sorted(named, key=int))
    except ValueError:
        return ()


def _short(info: Any) -> ModelCard | None:
    """What the hub's list says of a model; None for kinds this app has nothing for."""
    repo = str(info.id)
    tag = str(info.pipeline_tag or "")
    if info.library_name and str(info.library_name) not in ("transformers", "sentence-transformers"):
        return None
    tags: Sequence[str] = [str(t) for t in info.tags or ()]
    licence = next((t.removeprefix("license:") for t in tags if t.startswith("license:")), "")
    parameters, dtype, size = 0, "float32", 0
    if info.safetensors is not None:
        counts = dict(info.safetensors.parameters or {})
        parameters = int(info.safetensors.total or sum(counts.values()))
        main = max(counts, key=lambda k: counts[k], default="F32")
        dtype = _DTYPES.get(main, ("float32", 4))[0]
        size = sum(n * _DTYPES.get(k, ("", 4))[1] for k, n in counts.items())
    ours = TAGS.get(tag, "")
    downloads = int(info.downloads or 0)
    return ModelCard(
        id=f"hub:{repo}",
        name=repo.split("/")[-1],
        tasks=(ours,) if ours else (),
        runtime="transformers",
        arch="",
        source=Source("huggingface", repo, revision=str(info.sha or ""), size=size),
        parameters=parameters,
        dtype=dtype,
        licence=_LICENCES.get(licence, licence),
        licence_url=f"https://huggingface.co/{repo}",
        languages=tuple(t for t in tags if _LANGUAGE.match(t))[:20],
        gated=bool(info.gated),
        summary=f"Published by {repo.split('/')[0]} on the Hugging Face hub; {downloads:,} downloads in the last month.",
        limits="Its publisher describes it on its own page; nobody has checked it for this app.",
        options={"downloads": downloads, "likes": int(info.likes or 0)},
        minimum_memory=2 * size + _LIBRARIES if size else 0,
    )
