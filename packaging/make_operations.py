"""Counts the operations of the catalogue's networks for one picture, or one text of 64 tokens: resources/catalog/operations.json.

Run by hand when the catalogue changes: `python packaging/make_operations.py`. Networks are built without memory for their
weights and torch counts (torch.utils.flop_counter; a multiplication and an addition are two). What cannot be counted so
(detectors choose as they go, files of other programs) is left out; `workbench.catalog.fit` then guesses from the weights.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.catalog.fit import unit_of

TARGET = Path(__file__).resolve().parent.parent / "resources" / "catalog" / "operations.json"
TOKENS = 64


def main() -> int:
    """Count all, write the file, say what was left out."""
    found: dict[str, int] = {}
    for card in sorted(Catalog.load().cards(), key=lambda c: c.id):
        if card.is_own or card.is_remote or unit_of(card) not in ("picture", "text"):
            continue
        count = counted(card)
        if count:
            found[card.id] = count
        else:
            sys.stdout.write(f"not counted: {card.id}\n")
    TARGET.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(found)} counted\n")
    return 0


def counted(card: ModelCard) -> int:
    """Floating point operations, three digits of them; 0 when they cannot be counted."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from workbench.engine.architecture import look_once
    from workbench.errors import UserError
    from workbench.runtimes.bare import bare

    if card.main_task in ("translation", "summarisation", "style-transfer"):
        return 0  # as long as what they write, or as the person lets them work
    try:
        model = bare(card)
        network = model.network
        if network is None:
            return 0
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            if not look_once(network.eval(), model, card, TOKENS):
                return 0
        return int(float(f"{counter.get_total_flops():.3g}"))
    except (UserError, RuntimeError, ValueError, TypeError, AttributeError, NotImplementedError, IndexError, KeyError):
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
