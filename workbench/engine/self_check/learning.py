"""Teaching, judging, explaining and taking a model elsewhere."""

from __future__ import annotations

import shutil

from workbench.app_paths import resources
from workbench.data.types import Sample
from workbench.engine.self_check.base import Failed, Place, Step, expect
from workbench.engine.self_check.starters import photo

_CLASSES = ("zero", "one", "two")


def _quick(place: Place) -> str:
    """Sample digits of three kinds, the quick way, with the report."""
    from workbench.data.importers import sniff
    from workbench.engine.events import Finished
    from workbench.engine.fit import fit, new_config
    from workbench.engine.journey import project_from_plan
    from workbench.engine.report.make import make_report

    data = place.folder / "digits"
    for name in _CLASSES:
        shutil.copytree(resources() / "samples" / "digits" / name, data / name)
    project, _ = project_from_plan(sniff([data]))
    with project:
        card, _why = place.catalog.suggest(project.task_id, to_teach=True)
        finished = None
        for event in fit(new_config(project, card), project, place.catalog):
            if isinstance(event, Finished):
                finished = event
        if finished is None:
            raise Failed("the training ended without a model")
        papers = make_report(
            project, finished.run_id, place.catalog, place.folder / "report.html", place.folder / "report.pdf"
        )
        score = float(place.catalog.get(finished.model_id).metrics.get("accuracy", 0))
        expect(len(papers) == 2 and all(p.stat().st_size > 5000 for p in papers), "the report is empty")
        expect(score > 0.8, f"only {score:.0%} of the digits are told apart")
        place.made[project.task_id] = place.catalog.get(finished.model_id)
        place.projects[project.task_id] = project.folder
        return f"{score:.0%} of the test digits, report {sum(p.stat().st_size for p in papers) // 1000} kB"


def _add_ons(place: Place) -> str:
    """Adapters (LoRA) put into the text starter, one step of learning, and merged."""
    import torch

    from workbench.engine.pool import shared_pool
    from workbench.tasks.lora import adapter_parameters, add_adapters, merge_adapters

    with shared_pool().use_network(place.catalog.get("text-starter"), "cpu") as model:
        import copy

        backbone = copy.deepcopy(model.module)
    add_adapters(backbone)
    parameters = adapter_parameters(backbone)
    sum(p.square().sum() for p in parameters).backward()  # type: ignore[union-attr]
    torch.optim.SGD(parameters, 0.1).step()
    merge_adapters(backbone)
    expect(parameters, "no adapters were put in")
    return f"{sum(p.numel() for p in parameters):,} numbers learn"


def _explain(place: Place) -> str:
    from workbench.engine.explain.reasons import explain
    from workbench.tasks.registry import get_task

    found = explain(
        photo(), place.catalog.get("picture-starter"), get_task("image-classification"), device="cpu", check=True
    )
    expect(found.sanity is not None, "the explanation was not checked")
    return f"{found.method}: what speaks for “{found.target}”"


def _onnx(place: Place) -> str:
    from workbench.engine.export import export_folder, export_onnx

    card = place.made["image-classification"]
    samples = [
        Sample("picture", f.name, path=f)
        for n in _CLASSES
        for f in sorted((place.folder / "digits" / n).glob("*.png"))[:3]
    ]
    check = export_onnx(card, place.folder / "onnx", samples)
    expect(check.passed, f"the exported model differs by {check.max_difference:g}")
    folder = export_folder(card, place.folder / "copy")
    expect((folder / "model.safetensors").stat().st_size > 1_000_000, "the exported folder has no weights")
    return (
        f"ONNX as the original (difference {check.max_difference:.1e}), folder of {len(list(folder.iterdir()))} files"
    )


STEPS = (
    Step("train", "Teaching, the quick way", _quick),
    Step("add-ons", "Small add-ons (LoRA)", _add_ons),
    Step("explain", "Reasons (Grad-CAM)", _explain),
    Step("export", "Export and its check", _onnx, after=("train",)),
)
