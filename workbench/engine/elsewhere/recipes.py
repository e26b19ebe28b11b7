"""How to start a training on other people's machines: written out, for the person to read and to start."""

from __future__ import annotations

from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.engine.elsewhere.layout import About
from workbench.engine.elsewhere.names import ENVIRONMENT, PROGRAM, RECIPES, RESULT, RUN, STOP, WORK

SKYPILOT, RAY, JOBS = "skypilot.yaml", "ray_train.py", "hf_jobs.sh"
_NOT_RUN = "Written by Model Workbench, not run by it: read it, and set what is yours (machines, prices, accounts)."
_PYTHON = "3.11"
_START = f"python -m workbench train {RUN}"


def readme(about: About, card: ModelCard, has_program: bool) -> str:
    """How to run it, in plain words."""
    program = (
        f"  pip install -r {ENVIRONMENT}/requirements.txt\n  export PYTHONPATH=$PWD/{PROGRAM}"
        if has_program
        else f"  pip install -r {ENVIRONMENT}/requirements.txt\n  (and Model Workbench {about.app} itself)"
    )
    media = (
        "The items' files are in “media”."
        if about.media == "media"
        else f"The items' files are not here. They are looked for in {about.media};\nanother place is given by --media FOLDER."
    )
    model = "The model's files are in “model”." if about.carried else "The model is fetched when it starts (internet)."
    return f"""A training of Model Workbench, to be run on another computer
=============================================================

What it is: “{about.config.name}”, {about.items:,} items of the project “{about.project_name}”,
starting from “{card.name}” ({about.config.how.value}).
{media} {model}
Whoever has this folder can see your items: give it only to whom you would give them.

1. Copy this folder to the other computer (Linux, Python {_PYTHON} or newer).
2. In a terminal, in this folder:

{program}
  {_START}

   On several graphics cards of one computer (here 4):

  accelerate launch --multi_gpu --num_processes 4 -m workbench train {RUN}

   On several computers (here 2 with 4 cards each), on every one of them with its own number 0, 1, …:

  torchrun --nnodes 2 --node_rank 0 --nproc_per_node 4 \\
    --master_addr FIRST_COMPUTER --master_port 29500 -m workbench train {RUN}

   Every one needs this folder: on a disk they share, or a copy each. The first one writes.
   The connection between them is not encrypted: use a network of your own.

3. If it is cut off (also by Ctrl+C): the same command again goes on where it was.
   To stop it for good and keep the best so far: make an empty file “{STOP}” in this folder.
4. When it is done there is a folder “{RESULT}”. Copy this folder, or “{RESULT}” alone, back and drop it
   on the window of Model Workbench with your project open. The folder “{WORK}” is only needed meanwhile.

“{RECIPES}” has files for SkyPilot, Ray Train and Hugging Face Jobs.
"""


def write_recipes(folder: Path, about: About, name: str) -> None:
    """All of them. Raises: OSError."""
    folder.mkdir(parents=True)
    for file, text in ((SKYPILOT, skypilot(about)), (RAY, ray_train(about)), (JOBS, hf_jobs(about, name))):
        (folder / file).write_text(text, encoding="utf-8")


def skypilot(about: About) -> str:
    """A task of SkyPilot, as its reference of task YAML describes it: https://docs.skypilot.co (SkyPilot YAML)."""
    import yaml

    setup = f"pip install -r {ENVIRONMENT}/requirements.txt"
    run = (
        'MASTER_ADDR=$(echo "$SKYPILOT_NODE_IPS" | head -n1)\n'
        "torchrun --nnodes $SKYPILOT_NUM_NODES --node_rank $SKYPILOT_NODE_RANK \\\n"
        "  --nproc_per_node $SKYPILOT_NUM_GPUS_PER_NODE --master_addr $MASTER_ADDR --master_port 29500 \\\n"
        f"  -m workbench train {RUN}\n"
    )
    task = {
        "name": f"workbench-{about.config.run_id}",
        "resources": {"accelerators": "L4:1", "use_spot": False},
        "num_nodes": 1,
        "workdir": "..",
        "envs": {"PYTHONPATH": PROGRAM},
        "setup": setup,
        "run": run,
    }

    class Readable(yaml.SafeDumper):  # type: ignore[misc]
        """Writes commands line by line."""

    def words(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)
        return node

    Readable.add_representer(str, words)
    text: str = yaml.dump(task, Dumper=Readable, sort_keys=False, allow_unicode=True, default_flow_style=False)
    return (
        f"# {_NOT_RUN}\n# Start it from the folder “{RECIPES}”: sky launch -c my-training {SKYPILOT}\n"
        f"# Bring it back: rsync -a my-training:sky_workdir/{RESULT} .   Then: sky down my-training\n{text}"
    )


def ray_train(about: About) -> str:
    """A program for Ray Train's TorchTrainer: https://docs.ray.io (Ray Train, PyTorch). Each worker starts a process of its
    own: Ray passes programs as pickles, which this app refuses in its own processes."""
    return f'''"""{_NOT_RUN}

Run "{about.config.run_id}" with Ray Train: python {RECIPES}/{RAY} on a cluster whose workers all see this folder, at the same
place, and have {ENVIRONMENT}/requirements.txt installed (pip install "ray[train]" besides).
"""

import os
import subprocess
import sys
from pathlib import Path

from ray.train import ScalingConfig
from ray.train.torch import TorchTrainer

FOLDER = Path(__file__).resolve().parent.parent
WORKERS = 2
USE_GPU = True


def learn() -> None:
    """What every worker does: start a process that knows which one it is and where the first one waits."""
    import ray.train

    place = ray.train.get_context()
    environment = dict(os.environ)
    environment["RANK"] = str(place.get_world_rank())
    environment["WORLD_SIZE"] = str(place.get_world_size())
    environment["LOCAL_RANK"] = str(place.get_local_rank())
    # One port further than the one at which Ray's own workers have met (MASTER_ADDR and MASTER_PORT are set by Ray).
    environment["MASTER_PORT"] = str(int(environment["MASTER_PORT"]) + 1)
    environment["PYTHONPATH"] = str(FOLDER / "{PROGRAM}")
    subprocess.run([sys.executable, "-m", "workbench", "train", str(FOLDER / "{RUN}")], env=environment, check=True)


if __name__ == "__main__":
    TorchTrainer(learn, scaling_config=ScalingConfig(num_workers=WORKERS, use_gpu=USE_GPU)).fit()
'''


def hf_jobs(about: About, name: str) -> str:
    """Commands for Hugging Face Jobs, by the reference of `hf jobs run`: https://huggingface.co/docs/huggingface_hub (Jobs).
    The folder travels as a private data set, the result comes back in it."""
    repository = f"YOUR_NAME/workbench-{about.config.run_id}"
    inside = (
        f"pip install -U huggingface_hub && hf download {repository} --repo-type dataset --local-dir training"
        f" && cd training && pip install -r {ENVIRONMENT}/requirements.txt && PYTHONPATH={PROGRAM} {_START}"
        f" && hf upload {repository} {RESULT} {RESULT} --repo-type dataset"
    )
    return f"""#!/bin/sh
# {_NOT_RUN}
# This sends your items to Hugging Face and costs money there. Put your name where it says YOUR_NAME, then:
#   hf auth login && sh {name}/{RECIPES}/{JOBS}
set -eu
cd "$(dirname "$0")/.."
hf repos create {repository} --type dataset --private --exist-ok
hf upload {repository} . . --repo-type dataset --exclude "{WORK}/*"
hf jobs run --flavor a10g-small --timeout 4h --secrets HF_TOKEN python:{_PYTHON} \\
  sh -c "{inside}"
# When it is done:
#   hf download {repository} --repo-type dataset --include "{RESULT}/*" --local-dir .
"""
