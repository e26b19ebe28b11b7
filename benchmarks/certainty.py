"""How far percentages can be believed, before and after they are set right.

    python benchmarks/certainty.py

Prints, for Quick on the bundled digits and reviews: the temperature fitted on the steering items, and expected
calibration error and Brier score on the test items without and with it. "used": whether the app keeps it; it refuses where
there are too few items, or where it does not help on steering items it was not fitted on.
"""

from __future__ import annotations

import os
import tempfile

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

from dataclasses import replace

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.data.importers import sniff
from workbench.data.types import Split
from workbench.engine.certainty import sureness
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.learning_curve import learning_curve
from workbench.tasks.temperature import fit_temperature, tempered
from workbench.trust.certainty import certainty, without_temperature


def main() -> None:
    """Measure and print."""
    catalog = Catalog.load()
    print(f"{'data':10} {'steering':>8} {'test':>5} {'right':>6} {'T':>6} {'used':>5} {'ECE':>14} {'Brier':>16}")
    for name, path in (("digits", "digits"), ("reviews", "reviews.csv")):
        project, _ = project_from_plan(sniff([resources() / "samples" / path]))
        card, _ = catalog.suggest(project.task_id)
        finished = list(fit(new_config(project, card), project, catalog))[-1]
        assert isinstance(finished, Finished)
        seen = sureness(project, finished.run_id, catalog)
        used = seen.certainty.temperature
        place = {c: i for i, c in enumerate(seen.classes)}
        plain = {
            s: without_temperature(v, used) for s, v in ((Split.VALIDATION, seen.validation), (Split.TEST, seen.test))
        }
        steering = plain[Split.VALIDATION]
        fitted = fit_temperature(
            [[max(v, 5e-7) for v in p.scores] for p in steering], [place[p.true_class] for p in steering]
        )
        after = [replace(p, scores=tempered(p.scores, fitted)) for p in plain[Split.TEST]]
        found = certainty(after, seen.classes, fitted, len(steering))
        right = sum(p.true_class == p.predicted_class for p in after) / len(after)
        print(
            f"{name:10} {len(steering):8} {len(after):5} {right:6.1%} {fitted:6.2f} {'yes' if used != 1.0 else 'no':>5}"
            f" {found.before.error:6.1%}->{found.after.error:6.1%} {found.before.brier:7.3f}->{found.after.brier:7.3f}"
        )
        print(f"           {learning_curve(project, card.id, catalog).sentence()}")
        project.close()


if __name__ == "__main__":
    main()
