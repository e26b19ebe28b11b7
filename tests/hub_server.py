"""A model hub on loopback: real architectures with small random weights, served as the real hubs do, with their faults.

It answers plain files with ranges (torchvision, plain addresses, Kaggle), and the part of the Hugging Face hub's API
that huggingface_hub asks: the search, a repository's files with sizes and hashes, and the files themselves.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "c0ffee" * 6 + "c0ff"


@dataclass
class Repo:
    """A repository: its files, and what the search says of it."""

    files: dict[str, bytes]
    commit: str = COMMIT
    tags: tuple[str, ...] = ("transformers", "license:apache-2.0", "en")
    pipeline_tag: str = ""
    gated: bool = False
    downloads: int = 1234
    parameters: Mapping[str, int] = field(default_factory=dict)

    def listed(self, name: str) -> dict[str, Any]:
        data = self.files[name]
        digest = hashlib.sha256(data).hexdigest()
        entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": hashlib.sha1(data).hexdigest()}
        if name.endswith((".safetensors", ".bin", ".onnx", ".pt", ".pth")):
            entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 134}
        return entry

    def described(self, repo_id: str) -> dict[str, Any]:
        return {
            "_id": hashlib.sha1(repo_id.encode()).hexdigest()[:24],
            "id": repo_id,
            "modelId": repo_id,
            "sha": self.commit,
            "tags": list(self.tags),
            "pipeline_tag": self.pipeline_tag or None,
            "library_name": "transformers",
            "gated": "manual" if self.gated else False,
            "private": False,
            "disabled": False,
            "downloads": self.downloads,
            "likes": 7,
            "safetensors": {"parameters": dict(self.parameters), "total": sum(self.parameters.values())}
            if self.parameters
            else None,
            "siblings": [self.listed(name) for name in self.files],
        }


class Hub(ThreadingHTTPServer):
    """What it serves, and how it misbehaves.

    Attributes:
        files: a path ("/resnet18-1234.pth") to its bytes.
        repos: "owner/name" to its repository.
        cut: the next answer's connection breaks after so many bytes.
        busy: codes (429, 500, …) the next questions are answered with, in order.
        retry_after: seconds named with a 429.
        slow: seconds to wait before each piece of 64 KB.
        forbidden: paths answered with 403.
        redirects: a path to another address.
        asked: (path, Range header, Authorization header) of each question.
        made: a path to (size, function of (start, length) giving those bytes), for files too large to hold.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files if files is not None else {}
        self.repos: dict[str, Repo] = {}
        self.closed = False
        self.cut = 0
        self.busy: list[int] = []
        self.retry_after = 0
        self.slow = 0.0
        self.forbidden: set[str] = set()
        self.redirects: dict[str, str] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.made: dict[str, tuple[int, Callable[[int, int], bytes]]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def ranges(self, path: str) -> list[str]:
        """The Range headers with which a path was asked for."""
        return [span for asked, span, _ in self.asked if asked == path]

    def add_folder(self, repo_id: str, folder: Path, **about: Any) -> Repo:
        """Serve a folder's files as a repository."""
        files = {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}
        repo = self.repos[repo_id] = Repo(files, **about)
        return repo


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        hub = self.server
        if hub.closed:  # a connection that was kept open outlives the server otherwise
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        span = self.headers.get("Range", "")
        hub.asked.append((path, span, self.headers.get("Authorization", "")))
        if hub.busy:
            self._refuse(hub.busy.pop(0))
        elif path in hub.forbidden:
            self._refuse(403)
        elif path in hub.redirects:
            self.send_response(302)
            self.send_header("Location", hub.redirects[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path.startswith("/api/models"):
            self._api(path, parse_qs(parts.query))
        elif path in hub.made:
            size, make = hub.made[path]
            self._send(size, make, span, body, f'"{size}"', {})
        elif path in hub.files:
            data = hub.files[path]
            self._send_bytes(data, span, body, {})
        elif "/resolve/" in path:
            self._resolve(path, span, body)
        else:
            self._refuse(404)

    def _api(self, path: str, query: dict[str, list[str]]) -> None:
        repos = self.server.repos
        name = path.removeprefix("/api/models").strip("/")
        if name:
            tree = "/tree/" in name
            repo_id = name.partition("/tree/" if tree else "/revision/")[0]
            repo = repos.get(repo_id)
            if repo is None:
                self._refuse(404, {"X-Error-Code": "RepoNotFound"})
            elif tree:
                listed = [repo.listed(n) for n in repo.files]
                for entry in listed:
                    entry |= {"type": "file", "path": entry["rfilename"], "oid": entry["blobId"]}
                    if "lfs" in entry:
                        entry["lfs"]["oid"] = entry["lfs"]["sha256"]
                self._json(listed)
            else:
                self._json(repo.described(repo_id))
            return
        words = " ".join(query.get("search", [])).lower().split()
        tags = query.get("pipeline_tag", [])
        filters = [f for value in query.get("filter", []) for f in value.split(",")]
        found = [
            repo.described(repo_id)
            for repo_id, repo in repos.items()
            if all(w in repo_id.lower() for w in words)
            and (not tags or repo.pipeline_tag in tags)
            and all(f in repo.tags for f in filters)
        ]
        found.sort(key=lambda m: -int(m["downloads"]))
        self._json(found[: int((query.get("limit") or ["100"])[0])])

    def _resolve(self, path: str, span: str, body: bool) -> None:
        repo_id, _, rest = path.strip("/").partition("/resolve/")
        _revision, _, name = rest.partition("/")
        repo = self.server.repos.get(repo_id)
        if repo is None:
            self._refuse(404, {"X-Error-Code": "RepoNotFound"})
        elif repo.gated and not self.headers.get("Authorization"):
            self._refuse(403, {"X-Error-Code": "GatedRepo"})
        elif name not in repo.files:
            self._refuse(404, {"X-Error-Code": "EntryNotFound"})
        else:
            self._send_bytes(repo.files[name], span, body, {"X-Repo-Commit": repo.commit})

    def _send_bytes(self, data: bytes, span: str, body: bool, headers: dict[str, str]) -> None:
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        self._send(len(data), lambda start, length: data[start : start + length], span, body, etag, headers)

    def _send(
        self,
        size: int,
        make: Callable[[int, int], bytes],
        span: str,
        body: bool,
        etag: str,
        headers: dict[str, str],
    ) -> None:
        start = int(span.removeprefix("bytes=").split("-")[0]) if span else 0
        if span and self.headers.get("If-Range", etag) != etag:
            start, span = 0, ""  # the file is another one by now
        if span and start >= size:
            self._refuse(416)
            return
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(size - start))
        self.send_header("ETag", etag)
        self.send_header("Accept-Ranges", "bytes")
        if span:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if not body:
            return
        ends = size
        if self.server.cut:
            ends, self.server.cut = min(size, start + self.server.cut), 0
            self.close_connection = True
        try:
            while start < ends:
                if self.server.slow:
                    time.sleep(self.server.slow)
                piece = make(start, min(65_536, ends - start))
                self.wfile.write(piece)
                start += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _json(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, code: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", "0")
        if code == 429 and self.server.retry_after:
            self.send_header("Retry-After", str(self.server.retry_after))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: tests read `asked`."""


@contextmanager
def serving(files: dict[str, bytes] | None = None) -> Iterator[Hub]:
    """Serve until the block ends."""
    hub = Hub(files)
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.closed = True
        hub.shutdown()
        hub.server_close()
        thread.join(5)
