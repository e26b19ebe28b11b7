"""Writes sed_eval_reference.json: what sed_eval 0.2.1 (the authors' own program; not among this project's dependencies, since it
brings librosa and many more along) says of some made-up answers. Run it where sed_eval is installed:

    python tests/trust/make_sed_eval_reference.py
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

LABELS = ("wren", "owl", "frog")


def answers(seed: int) -> list[tuple[float, list[list[Any]], list[list[Any]]]]:
    """Five recordings: seconds, true and found (begins, ends, label); some near the limits, some doubled, some wrong."""
    rng = random.Random(seed)
    made = []
    for _ in range(5):
        seconds = rng.uniform(20, 40)
        truth, found = [], []
        for _ in range(rng.randrange(2, 14)):
            begins = rng.uniform(0, seconds - 4)
            ends, label = begins + rng.uniform(0.1, 3.5), rng.choice(LABELS)
            truth.append([round(begins, 3), round(ends, 3), label])
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                moved = begins + rng.gauss(0, 0.15)
                named = label if rng.random() < 0.85 else rng.choice(LABELS)
                end = max(moved + 0.05, ends + rng.gauss(0, 0.4))
                found.append([round(max(0.0, moved), 3), round(end, 3), named])
        for _ in range(rng.randrange(3)):
            begins = rng.uniform(0, seconds - 3)
            found.append([round(begins, 3), round(begins + rng.uniform(0.1, 2), 3), rng.choice(LABELS)])
        made.append((round(seconds, 3), truth, found))
    return made


def main() -> None:
    import sed_eval  # type: ignore[import-not-found]

    written = []
    for seed in range(6):
        given = answers(seed)
        segment = sed_eval.sound_event.SegmentBasedMetrics(list(LABELS), time_resolution=1.0)
        event = sed_eval.sound_event.EventBasedMetrics(list(LABELS), t_collar=0.2, percentage_of_length=0.5)
        for number, (_seconds, truth, found) in enumerate(given):
            lists = [
                [
                    {
                        "event_onset": b,
                        "event_offset": e,
                        "event_label": n,
                        "file": f"{number}.wav",
                        "filename": f"{number}.wav",
                    }
                    for b, e, n in rows
                ]
                for rows in (truth, found)
            ]
            for metric in (segment, event):
                metric.evaluate(*lists)
        written.append(
            {
                "answers": given,
                **{
                    name: {
                        "overall": metric.results_overall_metrics()["f_measure"],
                        **{label: metric.results_class_wise_metrics()[label]["f_measure"] for label in LABELS},
                    }
                    for name, metric in (("segments", segment), ("events", event))
                },
            }
        )
    target = Path(__file__).with_name("sed_eval_reference.json")
    target.write_text(json.dumps(written, indent=None) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
