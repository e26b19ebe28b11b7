"""Searching the hub and making a card of what is found there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_time import StopsLater

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.errors import Cancelled, UserError
from workbench.hub import net_settings, token
from workbench.hub.live import complete, search_hub
from workbench.hub.net_settings import NetSettings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from hub_server import Hub, Repo, serving

CONFIG = {
    "architectures": ["BertForSequenceClassification"],
    "model_type": "bert",
    "id2label": {"0": "bad", "1": "good"},
    "max_position_embeddings": 512,
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        files = {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": b"x" * 4000, "tokenizer.json": b"{}"}
        running.repos["anna/film-mood"] = Repo(files, pipeline_tag="text-classification", parameters={"F32": 1000})
        running.repos["bob/film-big"] = Repo(
            files, pipeline_tag="text-classification", downloads=9, parameters={"F16": 10**9}, gated=True,
            tags=("transformers", "license:cc-by-nc-4.0", "de"),
        )  # fmt: skip
        running.repos["carl/film-seer"] = Repo(files, pipeline_tag="object-detection", downloads=99)
        yield running


def test_search_by_words_task_licence_and_size(hub: Hub) -> None:
    assert [c.source.ref for c in search_hub("film")] == ["anna/film-mood", "carl/film-seer", "bob/film-big"]
    texts = search_hub("film", task="text-classification")
    assert [c.name for c in texts] == ["film-mood", "film-big"]
    assert texts[0].licence == "Apache-2.0" and texts[0].languages == ("en",) and texts[0].source.size == 4000
    assert texts[1].gated and texts[1].dtype == "float16" and texts[1].source.size == 2 * 10**9
    assert [c.name for c in search_hub("film", licence="CC-BY-NC-4.0")] == ["film-big"]
    assert [c.name for c in search_hub("film", max_bytes=10**6)] == ["film-mood"]
    with pytest.raises(UserError, match="cannot be searched for this kind"):
        search_hub("film", task="forecasting")


def test_the_whole_card_is_kept_until_it_is_forgotten(hub: Hub, catalog: Catalog) -> None:
    card = complete(search_hub("mood")[0])
    assert (card.runtime, card.arch) == ("transformers", "AutoModelForSequenceClassification")
    assert card.label_names == ("bad", "good") and card.trainable_for == ("text-classification", "text-tags")
    assert card.source.revision == hub.repos["anna/film-mood"].commit
    catalog.remember(card)
    assert Catalog.load().get("hub:anna/film-mood") == card
    catalog.forget(card.id)
    with pytest.raises(UserError):
        Catalog.load().get("hub:anna/film-mood")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"architectures": ["SomethingNew"], "auto_map": {"AutoModel": "x.py"}}, "own program code"),
        ({"architectures": ["ViTModel"], "model_type": "vit"}, "no part that opens"),
    ],
)
def test_what_cannot_be_opened_is_said(hub: Hub, config: dict[str, object], words: str) -> None:
    hub.repos["anna/film-mood"].files["config.json"] = json.dumps(config).encode()
    with pytest.raises(UserError, match=words):
        complete(search_hub("mood")[0])


def test_gguf_only_is_said(hub: Hub) -> None:
    hub.repos["anna/film-mood"].files = {"model.gguf": b"x"}
    with pytest.raises(UserError, match="GGUF"):
        complete(search_hub("mood")[0])


def test_busy_and_dead_hubs(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.busy = [429]
    found = search_hub("film")
    hub.busy = [500, 503]
    assert complete(found[0]).label_names
    hub.busy = [500] * 5
    with pytest.raises(UserError, match="code 500"):
        complete(found[0])
    hub.busy, hub.retry_after = [429] * 9, 30
    control = Control()
    stop = StopsLater(control, 0.4)
    with pytest.raises(Cancelled):
        search_hub("film", control=control)
    assert stop.seconds < 1.0
    hub.busy = []
    net_settings.save(NetSettings(endpoint="http://127.0.0.1:9"))
    with pytest.raises(UserError, match="Check the internet"):
        search_hub("film")
    net_settings.save(NetSettings(endpoint=hub.url))
    assert search_hub("film")
    net_settings.save(NetSettings(offline=True))
    with pytest.raises(UserError, match="offline mode"):
        search_hub("film")


def test_settings_are_checked_and_survive_damage() -> None:
    with pytest.raises(UserError, match="is not an address"):
        net_settings.save(NetSettings(proxy="my proxy"))
    net_settings.save(NetSettings(at_once=3))
    assert net_settings.load().at_once == 3
    from workbench.app_paths import app_paths

    (app_paths().settings / "network.json").write_text("[broken")
    assert net_settings.load() == NetSettings()


def test_no_keyring_is_a_sentence_and_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends.fail import Keyring

    monkeypatch.setattr(keyring, "get_keyring", lambda: Keyring())
    keyring.set_keyring(Keyring())
    assert token.hub_token() is None
    with pytest.raises(UserError, match="no place to keep a key"):
        token.set_hub_token("hf_x")
    monkeypatch.setenv("HF_TOKEN", "hf_y")
    assert token.hub_token() == "hf_y"
