"""Print a table of the whole catalogue: does each entry load with every key in its place, predict, and can it be taught?

    python packaging/check_catalogue.py [part of an id]

Each entry is served by a hub on this computer as a copy of its architecture with random weights (networks of the Hugging
Face hub made smaller), downloaded, opened and asked. Hosted models are left out: the tests run a real server for them.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "catalog")]


def main() -> int:
    """Returns the number of entries that failed."""
    home = tempfile.TemporaryDirectory(prefix="workbench-check-")
    os.environ["WORKBENCH_HOME"] = home.name
    os.environ["HF_HUB_CACHE"] = str(Path(home.name) / "none")
    from hub_server import serving
    from journeys import journey
    from small_copies import served

    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import delete
    from workbench.tasks.predictions import Prediction

    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    cards = [c for c in Catalog.load().cards() if wanted in c.id]
    failed = 0
    began = time.monotonic()
    print(f"{'entry':44} {'source':12} {'exact keys':10} {'taught':7} predicted")
    with serving() as hub:
        for name in ("WORKBENCH_TORCHVISION_URL", "HF_ENDPOINT", "WORKBENCH_URL_BASE"):
            os.environ[name] = hub.url
        for card in cards:
            row = f"{card.id:44} {card.source.kind:12}"
            if card.is_remote:
                print(f"{row} {'-':10} {'-':7} hosted: nothing to load")
                continue
            with tempfile.TemporaryDirectory() as folder:
                try:
                    asked = card if card.starter else served(card, hub, Path(folder) / "copy")
                    found, teachable = journey(asked, Path(folder))
                    said = found.summary() if isinstance(found, Prediction) else f"features of {found.shape[1]} numbers"
                    print(f"{row} {'yes':10} {'yes' if teachable else 'no':7} {said[:60]}")
                    if asked.is_downloaded:
                        delete(asked)
                except Exception as error:  # noqa: BLE001 - the table must show every entry
                    failed += 1
                    print(f"{row} {'NO':10} {'?':7} {type(error).__name__}: {str(error)[:120]}")
                hub.files.clear()
                hub.repos.clear()
    print(f"{len(cards)} entries, {failed} failed, {time.monotonic() - began:.0f} s")
    home.cleanup()
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main()))
