"""Predictions over HTTP: every task the app knows, with the same answer as without a server."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import torch
from PIL import Image

from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.engine.pool import ModelPool, shared_pool
from workbench.engine.predict import predict
from workbench.hub.store import download, files
from workbench.runtimes.folder import save_folder
from workbench.runtimes.registry import open_model
from workbench.serve.predicting import sane
from workbench.tasks.base import PooledTask, Task, TryOptions
from workbench.tasks.event_decoding import Limits, Tuning
from workbench.tasks.registry import all_tasks, get_task

sys.path[:0] = [
    str(Path(__file__).resolve().parent),
    *(str(Path(__file__).resolve().parent.parent / p) for p in ("", "catalog")),
]
from hub_server import Hub, serving  # noqa: E402
from journeys import sample_for  # noqa: E402
from local_servers import Gate, Serve, wait_for  # noqa: E402
from small_copies import served  # noqa: E402
from small_fields import taught_on_a_small_set  # noqa: E402

CHINA = resources() / "samples" / "try" / "china.jpg"
PICTURES, TEXTS = "picture-starter", "text-starter"
# The entry of each task that is quickest as a small copy; for the others the first one there is.
QUICK = {"chat": "smollm2-135m", "style-transfer": "magenta-style", "object-detection": "yolos-tiny", "semantic-segmentation": "segformer-b0"}  # fmt: skip


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as running:
        for name in ("HF_ENDPOINT", "WORKBENCH_URL_BASE"):
            monkeypatch.setenv(name, running.url)
        yield running


def taught(task: Task, catalog: Catalog, place: Path) -> ModelCard:
    """A model of one's own with a made-up head, where nobody publishes any."""
    if not isinstance(task, PooledTask) and task.info.media != "sound":
        return taught_on_a_small_set(task, catalog, place)
    base, _ = catalog.suggest(task.info.id, to_teach=True)
    model: Any = open_model(base, files(base))
    torch.manual_seed(0)
    model.set_head(("one", "two"), torch.randn(2, model._width))
    folder = app_paths().models / f"own-{task.info.id}"
    options = {
        **base.options,
        "events": Tuning(0.96, 0.24, (Limits(), Limits())).to_options(),
        "thresholds": [0.5, 0.5],
    }
    card = replace(
        base, id=folder.name, tasks=(task.info.id,), label_names=("one", "two"), labels="", options=options,
        source=Source("folder", str(folder)), starter=False, created="2026-01-01",
    )  # fmt: skip
    save_folder(model, card, folder)
    catalog.refresh()
    return catalog.get(folder.name)


def model_for(task: Task, catalog: Catalog, hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    if task.info.taught_only:
        return taught(task, catalog, folder / "small-set")
    fitting = [c for c in catalog.cards() if task.info.id in c.tasks and not c.is_remote]
    fitting.sort(
        key=lambda c: (c.id != QUICK.get(task.info.id), c.source.kind not in ("wheel", "bundled"), c.parameters)
    )
    card = fitting[0]
    if not card.is_downloaded:
        return card
    if card.source.kind != "huggingface":
        from workbench.hub.sources.torchvision import BASE_VARIABLE

        monkeypatch.setenv(BASE_VARIABLE, hub.url)
    card = served(card, hub, folder / "copy")
    download(card)
    return card


@pytest.mark.parametrize("task", all_tasks(), ids=lambda t: t.info.id)
def test_every_task_answers_over_http_as_it_does_without(
    task: Task, serve: Serve, client: requests.Session, catalog: Catalog, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    card = model_for(task, catalog, hub, tmp_path, monkeypatch)
    sample, values = sample_for(task.info.id, tmp_path)
    if sample.path is not None and sample.kind == "picture":
        small = tmp_path / "photo.png"
        Image.open(sample.path).resize((160, 112) if sample.path == CHINA else (48, 40)).save(small)
        sample = replace(sample, path=small, name=small.name)
    known = {o.id: o for o in task.info.options}
    values = {k: v for k, v in values.items() if k in known}
    if card.options.get("languages") and "source" in known:
        values |= {"source": card.options["languages"][0][0], "target": card.options["languages"][1][0]}
    labels = ("broken", "whole") if task.needs_labels(card) else ()
    pool = ModelPool(10**10)
    wanted = next(predict([sample], card, task, TryOptions(labels, values), pool))
    assert wanted.prediction is not None, wanted.problem
    server = serve(card, pool=pool)
    url = f"{server.address}/v1/predict/{card.id}"
    sent = {k: Path(str(v)) for k, v in values.items() if known[k].kind in ("picture", "file")}
    options = {k: v for k, v in values.items() if k not in sent}
    if sample.path is not None:
        attached = {k: (p.name, p.read_bytes()) for k, p in {"file": sample.path, **sent}.items()}
        form = {"task": task.info.id, "labels": ",".join(labels), "options": json.dumps(options)}
        answer = client.post(url, files=attached, data=form)
    else:
        body = {"text": sample.text, "task": task.info.id, "labels": labels, "options": options}
        answer = client.post(url, json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["prediction"] == json.loads(json.dumps(sane(wanted.prediction.to_json())))
    assert (found["model"], found["task"], found["summary"]) == (card.id, task.info.id, wanted.prediction.summary())
    (listed,) = client.get(f"{server.address}/v1/models").json()["data"]
    assert task.info.id in [t["id"] for t in listed["tasks"]]
    assert not list(server.desk.folder.iterdir())


# Batches -------------------------------------------------------------------------------------------------------------------


def pictures(count: int) -> list[bytes]:
    made = []
    for n in range(count):
        stream = io.BytesIO()
        Image.open(CHINA).rotate(17 * n).resize((200 + 10 * n, 160)).save(stream, "PNG")
        made.append(stream.getvalue())
    return made


def test_what_waits_is_answered_together_and_as_if_it_were_alone(
    serve: Serve, client: requests.Session, gate: Gate
) -> None:
    server = serve(PICTURES)
    url = f"{server.address}/v1/predict/{PICTURES}"
    gate.open.set()
    given = pictures(7)
    alone = [client.post(url, files={"file": ("a.png", data)}).json()["prediction"]["scores"] for data in given]
    assert gate.batches == [1] * 7
    gate.batches.clear()
    gate.entered.clear()
    gate.open.clear()
    with ThreadPoolExecutor(8) as many:
        first = many.submit(client.post, url, files={"file": ("a.png", given[0])})
        assert gate.entered.wait(60)
        broken = many.submit(client.post, url, files={"file": ("b.png", b"no picture")})
        others = [many.submit(client.post, url, files={"file": ("a.png", data)}) for data in given[1:]]
        wait_for(lambda: server.figures().inside == 8)
        gate.open.set()
        together = [f.result().json()["prediction"]["scores"] for f in [first, *others]]
        assert broken.result().status_code == 422 and "picture" in broken.result().json()["sentence"]
    assert gate.batches[0] == 1 and max(gate.batches) >= 4 and sum(gate.batches) == 7
    for one, other in zip(alone, together, strict=True):
        assert {s["label"]: s["score"] for s in one[:3]} == pytest.approx(
            {s["label"]: s["score"] for s in other[:3]}, abs=2e-5
        )


def test_different_questions_are_not_mixed(serve: Serve, client: requests.Session) -> None:
    server = serve(TEXTS)
    url = f"{server.address}/v1/predict/{TEXTS}"
    pairs = [("good", "bad"), ("music", "sport"), ("red", "green")]
    with ThreadPoolExecutor(6) as many:
        asked = [(p, many.submit(client.post, url, json={"text": "A fine goal!", "labels": p})) for p in pairs * 4]
        for labels, answer in asked:
            assert {s["label"] for s in answer.result().json()["prediction"]["scores"]} == set(labels)


# What cannot be answered ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        (TEXTS, {"text": "  ", "labels": ["a", "b"]}, "empty"),
        (TEXTS, {"text": "hello"}, "label"),
        (TEXTS, {"text": "hello", "task": "style-transfer"}, "cannot do “style-transfer”"),
        (TEXTS, {"text": "hello", "task": "keyword-extraction", "options": {"many": -5}}, "must be a number from"),
        (TEXTS, {"text": "hello", "task": "keyword-extraction", "options": {"more": 1}}, "cannot be set here"),
        (TEXTS, {"text": "hello", "labels": ["x" * 400]}, "too long labels"),
        ("sound-starter", {"text": "hello"}, "beginning for training"),
    ],
)
def test_each_fault_is_a_sentence(
    model: str, body: dict[str, Any], words: str, serve: Serve, client: requests.Session
) -> None:
    server = serve(model)
    answer = client.post(f"{server.address}/v1/predict/{model}", json=body)
    assert answer.status_code == 422 and words in answer.json()["sentence"] + answer.json()["hint"], answer.text


def test_a_model_that_is_not_served(serve: Serve, client: requests.Session) -> None:
    server = serve(PICTURES)
    answer = client.post(f"{server.address}/v1/predict/nobody/at%2Fall", json={"text": "x"})
    assert answer.status_code == 404 and PICTURES in answer.json()["hint"]
    assert client.get(f"{server.address}/v1/models/{PICTURES}").json()["id"] == PICTURES
    answer = client.get(f"{server.address}/v1/predict/{PICTURES}")
    assert answer.status_code == 405 and answer.headers["allow"] == "POST" and answer.json()["sentence"]


# As it grows ---------------------------------------------------------------------------------------------------------------


def events(answer: requests.Response) -> list[Any]:
    lines = [line for line in answer.iter_lines(decode_unicode=True) if line.startswith("data: ")]
    return [json.loads(line[6:]) for line in lines]


def test_an_answer_that_grows(serve: Serve, client: requests.Session, catalog: Catalog) -> None:
    from talk_models import own_talker

    card = own_talker(catalog)
    server = serve(card)
    url = f"{server.address}/v1/predict/{card.id}"
    body = {"text": "Hello", "task": "text-generation", "options": {"length": 20}}
    whole = client.post(url, json=body).json()
    with client.post(url, json=body | {"stream": True}, stream=True) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = events(answer)
    assert len(found) > 2 and found[-1]["finished"] and found[-1]["prediction"] == whole["prediction"]
    assert "".join(e["added"] for e in found[:-1]).strip() == whole["prediction"]["text"]
    # What fails at once has a status of its own.
    answer = client.post(url, json=body | {"text": " ", "stream": True})
    assert answer.status_code == 422 and "empty" in answer.json()["sentence"]


def test_a_picture_that_is_enlarged_is_told_whole(serve: Serve, client: requests.Session) -> None:
    server = serve("enlarge-starter")
    stream = io.BytesIO()
    Image.open(CHINA).resize((40, 30)).save(stream, "PNG")
    with client.post(
        f"{server.address}/v1/predict/enlarge-starter", files={"file": ("a.png", stream.getvalue())},
        data={"stream": "true"}, stream=True,
    ) as answer:  # fmt: skip
        found = events(answer)
    assert found[-1]["finished"] and found[-1]["prediction"]["width"] == 80


def test_the_shared_pool_is_used(serve: Serve, client: requests.Session) -> None:
    """What the window has opened is not opened once more."""
    server = serve(PICTURES)
    client.post(f"{server.address}/v1/predict/{PICTURES}", files={"file": ("a.jpg", CHINA.read_bytes())})
    assert PICTURES in shared_pool().loaded()
    assert get_task("image-classification").info.media == "picture"
