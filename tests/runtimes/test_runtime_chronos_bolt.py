"""Chronos-Bolt: our network and its way of going on beside the publishers' own package, on the same random weights."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf

from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub.store import ModelFiles
from workbench.runtimes.chronos_bolt_runtime import ChronosBolt
from workbench.runtimes.folder import save_folder
from workbench.runtimes.recognise_folder import described
from workbench.runtimes.registry import open_model

LEVELS = [i / 10 for i in range(1, 10)]
CARD = ModelCard("bolt", "Bolt", ("forecasting",), "chronos_bolt", "ChronosBolt", Source("import", "/nowhere"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    from chronos.chronos_bolt import ChronosBoltModelForForecasting

    config = tf.T5Config(
        d_model=32, d_kv=16, d_ff=48, num_layers=2, num_heads=2, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
        chronos_config={
            "context_length": 64, "prediction_length": 8, "input_patch_size": 4, "input_patch_stride": 4, "quantiles": LEVELS,
            "use_reg_token": True,
        },
    )  # fmt: skip
    torch.manual_seed(0)
    model = ChronosBoltModelForForecasting(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    folder = tmp_path_factory.mktemp("bolt") / "model"
    model.save_pretrained(folder)
    return model, folder


def opened(folder: Path) -> ChronosBolt:
    model = open_model(CARD, ModelFiles(folder))
    assert isinstance(model, ChronosBolt)
    return model


@pytest.mark.parametrize(("count", "steps"), [(50, 8), (64, 5), (100, 8), (37, 20), (5, 3)])
def test_it_says_what_the_publishers_package_says(published: tuple[Any, Path], count: int, steps: int) -> None:
    from chronos.chronos_bolt import ChronosBoltPipeline

    values = np.random.default_rng(count).normal(size=count) * 3 + 10
    values[count // 2] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = torch.tensor(values, dtype=torch.float32)[None]
        theirs = ChronosBoltPipeline(published[0]).predict(given, steps)[0].numpy()
    ours = opened(published[1]).forecast(values, steps, LEVELS, Control())
    assert ours == pytest.approx(np.sort(theirs, axis=0), rel=1e-5, abs=1e-4)
    between = opened(published[1]).forecast(values, steps, (0.25,), Control())[0]
    assert between == pytest.approx((ours[1] + ours[2]) / 2, rel=1e-5)


def test_its_loss_is_the_publishers(published: tuple[Any, Path]) -> None:
    rng = np.random.default_rng(0)
    past, future = rng.normal(size=(3, 40)), rng.normal(size=(3, 8))
    with torch.no_grad():
        theirs = published[0](
            context=torch.tensor(past, dtype=torch.float32), target=torch.tensor(future, dtype=torch.float32)
        ).loss.item()
        ours = opened(published[1]).loss(list(past), list(future)).item()
    # Theirs is a mean over nine levels and a sum over eight steps, ours the other way round.
    assert ours == pytest.approx(theirs * 9 / 8, rel=1e-5)
    short = opened(published[1])
    assert torch.isfinite(short.loss([past[0][:7], past[1]], [future[0][:2], future[1]]))


def test_what_is_kept_opens_again_and_a_folder_is_recognised(published: tuple[Any, Path], tmp_path: Path) -> None:
    model = opened(published[1])
    save_folder(model, CARD, tmp_path / "own")
    again = open_model(
        ModelCard("own", "Own", ("forecasting",), "chronos_bolt", "", Source("folder", str(tmp_path / "own"))),
        ModelFiles(tmp_path / "own"),
    )
    values = np.arange(30.0)
    assert np.array_equal(
        again.forecast(values, 8, LEVELS, Control()),
        model.forecast(values, 8, LEVELS, Control()),  # type: ignore[attr-defined]
    )
    found = described(published[1])
    assert found.runtime == "chronos_bolt" and found.trainable_for == ("forecasting",)


def test_other_files_are_a_sentence(published: tuple[Any, Path], tmp_path: Path) -> None:
    for spoilt in ({}, {"input_patch_size": 4, "input_patch_stride": 2}, {"input_patch_size": 1 << 40}):
        spoilt_one = json.loads((published[1] / "config.json").read_text())
        spoilt_one["chronos_config"] = {**spoilt_one["chronos_config"], **spoilt} if spoilt else {}
        (tmp_path / "config.json").write_text(json.dumps(spoilt_one))
        with pytest.raises(UserError, match="another kind than Chronos-Bolt"):
            open_model(CARD, ModelFiles(tmp_path))
