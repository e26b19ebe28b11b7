"""Quick against scikit-learn on the same features, and against one epoch of full training.

    python benchmarks/quick_vs_full.py

Prints, for the bundled pictures and texts: accuracy of Quick and of LogisticRegression on the very same frozen features
and splits, and the time of Quick (features not in the cache) and of one epoch of Thorough, from the same run.
"""

from __future__ import annotations

import os
import tempfile
import time

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.events import EpochDone, Finished, How
from workbench.engine.features import compute_features
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.pool import shared_pool
from workbench.tasks.registry import get_task


def reference(project: Project, catalog: Catalog) -> float:
    """Test accuracy of LogisticRegression on the starter's features."""
    card, _ = catalog.suggest(project.task_id)
    with shared_pool().use(card) as model:
        parts = {}
        for split in (Split.TRAIN, Split.TEST):
            items = project.split_items(split)
            parts[split] = (
                compute_features(items, model, get_task(project.task_id)).matrix.numpy(),
                [i.class_id for i in items],
            )
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    return float(classifier.fit(*parts[Split.TRAIN]).score(*parts[Split.TEST]))


def main() -> None:
    """Measure and print."""
    catalog = Catalog.load()
    for sample in ("digits", "reviews.csv"):
        plan = sniff([resources() / "samples" / sample])
        project, _ = project_from_plan(plan)
        card, _ = catalog.suggest(project.task_id)
        shared_pool().warm(card)
        began = time.perf_counter()
        finished = list(fit(new_config(project, card), project, catalog))[-1]
        quick = time.perf_counter() - began
        assert isinstance(finished, Finished)
        epoch = next(
            e
            for e in fit(new_config(project, card, How.THOROUGH, epochs=1), project, catalog)
            if isinstance(e, EpochDone)
        )
        wanted = reference(project, catalog)
        got = finished.metrics["accuracy"]
        print(f"{plan.summary}")
        print(f"  accuracy: Quick {got:.1%}, LogisticRegression {wanted:.1%}, ratio {got / wanted:.2f}")
        print(
            f"  time:     Quick {quick:.1f} s, one epoch of Thorough {epoch.seconds:.1f} s, ratio {quick / epoch.seconds:.2f}"
        )
        project.close()


if __name__ == "__main__":
    main()
