"""TabICL in the small: the authors' architecture with random weights, as a checkpoint like the published ones, from a hub on loopback;
it goes by the training rows, and an own model takes them along."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "catalog"))

from hub_server import Hub, Repo, serving
from sklearn.datasets import load_diabetes, load_wine
from tabicl import TabICLClassifier
from tabicl._model.tabicl import TabICL as Network

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.events import Advice, Finished
from workbench.engine.explain.reasons import explain
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.hub.store import download, files
from workbench.runtimes.tabicl_runtime import TabICL, open_pretrained
from workbench.tasks.predictions import Number, Scores
from workbench.tasks.registry import get_task

SMALL = {
    "embed_dim": 16, "col_num_blocks": 1, "col_nhead": 2, "col_num_inds": 8, "row_num_blocks": 1, "row_nhead": 2, "row_num_cls": 2,
    "icl_num_blocks": 1, "icl_nhead": 2, "zero_init": False,
}  # fmt: skip


def checkpoint(**settings: object) -> bytes:
    torch.manual_seed(0)
    config = {**SMALL, **settings}
    stream = io.BytesIO()
    torch.save({"config": config, "state_dict": Network(**config).state_dict(), "curr_step": 3}, stream)
    return stream.getvalue()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        made.repos["jingang/TabICL"] = Repo(
            {
                "tabicl-classifier-v2-20260212.ckpt": checkpoint(max_classes=10),
                "tabicl-regressor-v2-20260212.ckpt": checkpoint(max_classes=0, num_quantiles=9),
            }
        )
        yield made


def downloaded(catalog: Catalog, model_id: str) -> ModelCard:
    card = catalog.get(model_id)
    download(card)
    return card


def wine(folder: Path) -> Path:
    table = load_wine(as_frame=True).frame.iloc[::2, [0, 6, 9, 12, 13]]
    table["target"] = [f"kind {v}" for v in table["target"]]
    table.to_csv(folder / "wine.csv", index=False)
    return folder / "wine.csv"


def test_it_goes_by_the_rows_and_takes_them_along(
    hub: Hub, tmp_path: Path, catalog: Catalog, make_project: Callable[[Path], Project]
) -> None:
    project = make_project(wine(tmp_path))
    card = downloaded(catalog, "tabicl-v2-classifier")
    assert (
        catalog.suggest(project.task_id, to_teach=True)[0].id == "trees-starter"
    )  # what always works is suggested first
    events = list(fit(new_config(project, card), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert any(isinstance(e, Advice) and "become part of your model" in e.text for e in events)
    own = catalog.get(finished.model_id)
    task = get_task(project.task_id)
    items = project.split_items(Split.TEST)
    kept = {p.item_id: p.scores for p in project.predictions(finished.run_id)}
    said = [r.prediction for r in predict([i.sample() for i in items], own, task)]
    for item, found in zip(items, said, strict=True):
        assert isinstance(found, Scores)
        by_name = {s.name: s.value for s in found.top}
        assert [by_name[n] for n in own.label_names] == pytest.approx(kept[item.id], abs=1e-4)
    # The authors' own reader says the same of the same rows.
    with shared_pool().use(own) as model:
        assert isinstance(model, TabICL) and model.rows is not None and model.truth is not None
        direct = TabICLClassifier(model_path=files(card).path, allow_auto_download=False, random_state=0, device="cpu")
        direct.fit(model.rows.numpy().astype(np.float32), model.truth.numpy().astype(int))
        some = model.rows[:5]
        wanted = direct.predict_proba(some.numpy().astype(np.float32))
        assert np.allclose(torch.softmax(model.class_logits({"table": some}), 1).numpy(), wanted, atol=1e-5)
        assert len(model.rows) == project.counts().per_split[Split.TRAIN]
    why = explain(items[0].sample(), own, task, check=False)
    assert why.row is not None and why.row.usual + sum(p.amount for p in why.row.parts) == pytest.approx(why.row.said)


def test_numbers(hub: Hub, tmp_path: Path, catalog: Catalog, make_project: Callable[[Path], Project]) -> None:
    table = (
        load_diabetes(as_frame=True, scaled=False)
        .frame.iloc[::5, [0, 2, 3, 8, 10]]
        .rename(columns={"target": "progression"})
    )
    table.to_csv(tmp_path / "d.csv", index=False)
    project = make_project(tmp_path / "d.csv")
    card = downloaded(catalog, "tabicl-v2-regressor")
    finished = list(fit(new_config(project, card), project, catalog))[-1]
    assert isinstance(finished, Finished)
    task = get_task(project.task_id)
    found = next(
        predict([project.split_items(Split.TEST)[0].sample()], catalog.get(finished.model_id), task)
    ).prediction
    assert isinstance(found, Number) and found.ranged
    with pytest.raises(UserError, match="cannot be trained"):
        new_config(project, downloaded(catalog, "tabicl-v2-classifier"))


def test_what_is_no_such_checkpoint_is_a_sentence(tmp_path: Path, catalog: Catalog) -> None:
    card = catalog.get("tabicl-v2-classifier")
    file = tmp_path / "a.ckpt"

    def opened(value: object) -> None:
        torch.save(value, file)
        open_pretrained(card, file)

    net = Network(**SMALL).state_dict()
    for value in (
        {}, {"config": SMALL}, {"config": 3, "state_dict": net}, {"config": {**SMALL, "embed_dim": 10**8}, "state_dict": net},
        {"config": {**SMALL, "embed_dim": 24}, "state_dict": net}, {"config": {**SMALL, "activation": [1]}, "state_dict": net},
        {"config": SMALL, "state_dict": {"a": torch.zeros(1)}},
    ):  # fmt: skip
        with pytest.raises(UserError):
            opened(value)
    file.write_bytes(b"nothing")
    with pytest.raises(UserError, match="damaged"):
        open_pretrained(card, file)


def test_it_goes_by_texts_beside_numbers(tmp_path: Path, hub: Hub, catalog: Catalog) -> None:
    """What a text becomes is one more part of the row, and what makes it so goes with the own model."""
    file = tmp_path / "notes.csv"
    lines = [
        f"note number {i} that is about the {('garden', 'kitchen')[i % 2]},{i * 7 % 13},{'ab'[i % 2]}"
        for i in range(60)
    ]
    file.write_text("note,amount,target\n" + "\n".join(lines))
    project, _ = project_from_plan(sniff([file], rows=True), tmp_path / "notes")
    with project:
        card = downloaded(catalog, "tabicl-v2-classifier")
        finished = list(fit(new_config(project, card), project, catalog))[-1]
        assert isinstance(finished, Finished)
        own, task = catalog.get(finished.model_id), get_task(project.task_id)
        item = project.split_items(Split.TEST)[0]
        kept = next(p for p in project.predictions(finished.run_id) if p.item_id == item.id)
        said = next(predict([item.sample()], own, task)).prediction
    assert isinstance(said, Scores)
    assert sorted(s.value for s in said.top) == pytest.approx(sorted(kept.scores), abs=1e-3)
    with shared_pool().use(own, "cpu", Control()) as model:
        assert isinstance(model, TabICL) and model.rows is not None
        assert model.rows.shape[1] == 1 + 1 + model.lenses["lens.0.axes"][:16].shape[0]
