"""Everything that goes wrong with a server or a disk, one by one: each ends well or in one plain sentence."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from own_time import StopsLater

from workbench.catalog.card import ModelCard, Source, SourceFile
from workbench.control import Control
from workbench.errors import Cancelled, UserError
from workbench.hub import net_settings
from workbench.hub.http import Wanted, fetch_file
from workbench.hub.net_settings import NetSettings
from workbench.hub.plan import PickleQuestion
from workbench.hub.sources import huggingface
from workbench.hub.sources.kaggle import unpack
from workbench.hub.store import delete, download, files, is_present

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from hub_server import Hub, serving

DATA = bytes(range(256)) * 4096  # 1 MB
DIGEST = hashlib.sha256(DATA).hexdigest()


def url_card(name: str = "thing.bin", digest: str = DIGEST) -> ModelCard:
    file = SourceFile(name, f"https://example.org/files/{name}", len(DATA), digest)
    source = Source("url", "https://example.org", path=name, size=len(DATA), files=(file,))
    return ModelCard("thing", "Thing", ("image-classification",), "timm", "x", source)


def hub_card(**source: object) -> ModelCard:
    return ModelCard(
        "repo", "Repo", ("text-classification",), "transformers", "AutoModel",
        replace(Source("huggingface", "someone/model"), **source),  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> object:
    with serving({"/example.org/files/thing.bin": DATA}) as running:
        monkeypatch.setenv("WORKBENCH_URL_BASE", running.url)
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@pytest.mark.parametrize("codes", [[500], [502, 503], [429, 429, 504]])
def test_a_busy_server_is_asked_again(hub: Hub, codes: list[int]) -> None:
    hub.busy = list(codes)
    assert download(url_card()).path.read_bytes() == DATA
    assert len(hub.asked) == len(codes) + 1


def test_how_long_to_wait_is_heeded(hub: Hub) -> None:
    hub.busy, hub.retry_after = [429], 1
    began = time.monotonic()
    download(url_card())
    assert time.monotonic() - began >= 1.0


def test_waiting_is_stopped_at_once(hub: Hub) -> None:
    hub.busy, hub.retry_after = [429] * 9, 30
    control = Control()
    stop = StopsLater(control, 0.3)
    with pytest.raises(Cancelled):
        download(url_card(), control)
    assert stop.seconds < 1.0


@pytest.mark.parametrize(
    ("code", "words"), [(403, "agreed to the terms"), (404, "not found"), (410, "not found"), (418, "code 418")]
)
def test_refusals_are_sentences(hub: Hub, code: int, words: str) -> None:
    hub.busy = [code]
    with pytest.raises(UserError, match=words):
        download(url_card())


def test_five_failures_in_a_row_end_the_download_and_the_next_one_goes_on(hub: Hub) -> None:
    hub.busy = [500] * 5
    with pytest.raises(UserError, match="code 500"):
        download(url_card())
    assert download(url_card()).path.read_bytes() == DATA


def test_a_connection_that_breaks_again_and_again_loses_nothing(hub: Hub) -> None:
    path = "/example.org/files/thing.bin"

    class Cutting(Control):
        def progress(self, done: float, total: float, text: str = "") -> None:
            hub.cut = 300_000

    hub.cut = 300_000
    assert download(url_card(), Cutting()).path.read_bytes() == DATA
    assert hub.ranges(path) == ["", "bytes=300000-", "bytes=600000-", "bytes=900000-"]


def test_a_wrong_hash_leaves_nothing_behind(hub: Hub) -> None:
    card = url_card(digest="0" * 64)
    with pytest.raises(UserError, match="is damaged"):
        download(card)
    assert not is_present(card)
    folder = net_settings.weights_folder() / "url" / "thing"
    assert not [f for f in folder.iterdir() if f.suffix != ".lock"]


def test_a_file_that_changed_on_the_server_is_begun_again(hub: Hub, tmp_path: Path) -> None:
    path = "/example.org/files/thing.bin"
    hub.slow = 0.05
    control = Control()
    control._on_progress = lambda fraction, _text: control.cancel() if fraction > 0.3 else None
    with pytest.raises(Cancelled):
        download(url_card(digest=""), control)
    hub.slow, changed = 0.0, DATA[::-1]
    hub.files[path] = changed
    assert download(url_card(digest="")).path.read_bytes() == changed


def test_two_at_once_fetch_one_file(hub: Hub) -> None:
    hub.slow = 0.02
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(download(url_card()).path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 3 and found[0].read_bytes() == DATA
    assert hub.ranges("/example.org/files/thing.bin") == [""]


def test_no_room_is_said_before_anything_is_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr("workbench.hub.http.shutil.disk_usage", lambda _p: usage._replace(free=100_000))
    with pytest.raises(UserError, match="are free on this disk"):
        download(url_card())
    assert not hub.asked


def test_a_disk_that_fills_up_is_a_sentence_and_what_came_stays(hub: Hub, tmp_path: Path) -> None:
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from pathlib import Path; from workbench.hub.http import Wanted, fetch_file; from workbench.control import Control;"
        f"fetch_file(Wanted('{hub.url}/example.org/files/thing.bin', Path(r'{tmp_path}')/'x.bin'), 'Thing', Control())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "UserError: There is no room on the disk for “Thing”." in done.stderr
    assert (tmp_path / "x.bin.part").stat().st_size == 500_000


def test_offline_mode_touches_no_network(hub: Hub) -> None:
    net_settings.save(NetSettings(offline=True))
    for card in (url_card(), hub_card()):
        with pytest.raises(UserError, match="offline mode"):
            download(card)
    assert not hub.asked
    net_settings.save(NetSettings())
    assert download(url_card()).path.is_file()


def test_a_token_is_not_taken_along_to_another_host(hub: Hub, tmp_path: Path) -> None:
    with serving({"/elsewhere": DATA}) as other:
        hub.redirects["/here"] = f"{other.url}/elsewhere"
        fetch_file(Wanted(f"{hub.url}/here", tmp_path / "a", token="secret"), "Thing", Control())
        assert hub.asked[0][2] == "Bearer secret"
        assert [a[2] for a in other.asked] == [""]
        hub.redirects["/file"] = "file:///etc/passwd"
        with pytest.raises(UserError):
            fetch_file(Wanted(f"{hub.url}/file", tmp_path / "b"), "Thing", Control())
        assert not (tmp_path / "b").exists()


# The Hugging Face hub -----------------------------------------------------------------------------------------------


@pytest.fixture
def repo(hub: Hub, tmp_path: Path) -> Hub:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(DATA)
    (folder / "tokenizer.json").write_text("{}")
    (folder / "evil.py").write_text("print()")
    (folder / "training_args.bin").write_bytes(b"x")
    (folder / "pytorch_model.bin").write_bytes(DATA)
    hub.add_folder("someone/model", folder)
    return hub


def test_what_is_fetched_of_a_repository(repo: Hub) -> None:
    found = download(hub_card())
    assert sorted(f.name for f in found.path.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert not any(p.endswith((".py", ".bin")) for p, _, _ in repo.asked)


def test_the_cache_is_read_by_the_hubs_own_library(repo: Hub) -> None:
    from huggingface_hub import scan_cache_dir, try_to_load_from_cache

    download(hub_card())
    root = net_settings.weights_folder() / "huggingface"
    found = try_to_load_from_cache("someone/model", "model.safetensors", cache_dir=root)
    assert isinstance(found, str) and Path(found).read_bytes() == DATA
    report = scan_cache_dir(root)
    assert [r.repo_id for r in report.repos] == ["someone/model"] and not report.warnings


def test_a_model_another_program_downloaded_is_used_and_never_deleted(repo: Hub, tmp_path: Path) -> None:
    from huggingface_hub import snapshot_download

    snapshot_download("someone/model", endpoint=repo.url, cache_dir=tmp_path / "other-hub", ignore_patterns=["*.py"])
    asked = len(repo.asked)
    assert is_present(hub_card()) and files(hub_card()).path.is_relative_to(tmp_path / "other-hub")
    download(hub_card())
    assert len(repo.asked) == asked
    with pytest.raises(UserError, match="other programs"):
        delete(hub_card())
    assert is_present(hub_card())


def test_gated_models_need_a_token(repo: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.repos["someone/model"].gated = True
    with pytest.raises(UserError, match="agreed to the terms"):
        download(hub_card())
    monkeypatch.setenv("HF_TOKEN", "hf_abc")
    assert download(hub_card()).path.is_dir()


def test_pickles_only_after_a_question(repo: Hub) -> None:
    del repo.repos["someone/model"].files["model.safetensors"]
    with pytest.raises(PickleQuestion):
        download(hub_card())
    found = download(hub_card(), allow_pickle=True)
    assert (found.path / "pytorch_model.bin").read_bytes() == DATA


def test_shards_are_all_there_or_the_model_is_not(repo: Hub) -> None:
    own = repo.repos["someone/model"].files
    del own["model.safetensors"]
    own["model-00001-of-00002.safetensors"] = DATA[:1000]
    own["model-00002-of-00002.safetensors"] = DATA[1000:]
    own["model.safetensors.index.json"] = (
        b'{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}'
    )
    found = download(hub_card()).path
    assert is_present(hub_card())
    (found / "model-00002-of-00002.safetensors").unlink()
    assert not is_present(hub_card())


def test_a_hub_that_sends_something_else_is_found_out(repo: Hub) -> None:
    own = repo.repos["someone/model"]
    listed = own.listed("model.safetensors")
    own.listed = lambda name: (
        {**listed, "rfilename": name} if name == "model.safetensors" else type(own).listed(own, name)
    )  # type: ignore[method-assign]
    own.files["model.safetensors"] = DATA[::-1]
    with pytest.raises(UserError, match="is damaged"):
        download(hub_card())
    assert not is_present(hub_card())


def test_names_that_lead_out_of_the_folder_are_not_fetched() -> None:
    class Sibling:
        def __init__(self, name: str) -> None:
            self.rfilename, self.size, self.lfs, self.blob_id = name, 1, None, "x"

    names = ["config.json", "model.safetensors", "../evil.json", "/etc/x.json", "a\\b.json", "C:evil.json"]
    chosen = huggingface.choose_files(hub_card(), [Sibling(n) for n in names], False)
    assert [s.rfilename for s in chosen] == ["config.json", "model.safetensors"]


# Archives -----------------------------------------------------------------------------------------------------------


def archive(path: Path, *members: tuple[str, bytes | str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, BytesIO(content))
    return path


@pytest.mark.parametrize("member", [("../out.txt", b"x"), ("/abs.txt", b"x"), ("link", "/etc/passwd")])
def test_archives_that_reach_out_are_refused(tmp_path: Path, member: tuple[str, bytes | str]) -> None:
    with pytest.raises(UserError, match="was not unpacked"):
        unpack(archive(tmp_path / "a.tar.gz", ("fine.txt", b"y"), member), tmp_path / "into", Control())
    assert not (tmp_path / "out.txt").exists()


def test_archives_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.hub.sources.kaggle._MOST_BYTES", 1000)
    with pytest.raises(UserError, match="was not unpacked"):
        unpack(archive(tmp_path / "a.tar.gz", ("big", bytes(5000))), tmp_path / "into", Control())
    (tmp_path / "b.tar.gz").write_bytes(b"no archive")
    with pytest.raises(UserError, match="damaged"):
        unpack(tmp_path / "b.tar.gz", tmp_path / "into", Control())


def test_a_kaggle_model_of_two_parts(hub: Hub, tmp_path: Path) -> None:
    refs = ["o/m/tfLite/predict/1", "o/m/tfLite/transfer/1"]
    for number, ref in enumerate(refs):
        data = archive(tmp_path / f"{number}.tar.gz", (f"./{number + 1}.tflite", b"part%d" % number)).read_bytes()
        hub.files[f"/www.kaggle.com/api/v1/models/{ref}/download"] = data
    source = Source(
        "kaggle", "+".join(refs), files=(SourceFile("predict.tflite", ""), SourceFile("transfer.tflite", ""))
    )
    card = ModelCard("style", "Style", ("style-transfer",), "litert_style", "magenta", source)
    found = download(card).path
    assert (found / "predict.tflite").read_bytes() == b"part0"
    assert (found / "transfer.tflite").read_bytes() == b"part1"
    assert is_present(card)
    delete(card)
    assert not is_present(card)
