"""While the picture starter is taught nothing is dropped and no statistics are learnt."""

from __future__ import annotations

import torch

from workbench.catalog.catalog import Catalog
from workbench.hub.store import files
from workbench.runtimes.registry import open_network
from workbench.tasks.pooled_lesson import keep_statistics


def test_in_training_mode_the_starter_says_what_it_says_when_it_is_checked(catalog: Catalog) -> None:
    """So that only varied pictures, and weights that move, part the two losses of a round."""
    card = catalog.get("picture-starter")
    starter = open_network(card, files(card))
    batch = {"pixels": torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))}
    before = {name: value.clone() for name, value in starter.backbone.state_dict().items()}
    with torch.no_grad():
        starter.evaluating()
        judged = starter.in_layers(batch)
        keep_statistics(starter.module)
        assert starter.module.training
        taught = starter.in_layers(batch)
        after = starter.backbone.state_dict()
        assert all(after[name].equal(before[name]) for name in before)
        starter.module.train()
        with_own_statistics = starter.in_layers(batch)
    assert torch.allclose(taught, judged, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(with_own_statistics, judged, rtol=1e-2, atol=1e-2)
