"""Requests nobody would send, made up from the server's own description (schemathesis): it stays up, says so in a sentence,
and keeps to what it describes.

By hand, for longer: WORKBENCH_FUZZ_EXAMPLES=2000 python -m pytest tests/serve/test_serve_fuzz.py -s
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from workbench.catalog.catalog import Catalog
from workbench.serve.server import LocalServer

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
from local_servers import AUTH, Serve, wait_for  # noqa: E402
from talk_models import own_talker  # noqa: E402

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection,
]  # fmt: skip
EXAMPLES = int(os.environ.get("WORKBENCH_FUZZ_EXAMPLES", "8"))


@pytest.fixture
def server(serve: Serve, catalog: Catalog) -> LocalServer:
    return serve("text-starter", "picture-starter", own_talker(catalog), most_bytes=2_000_000, waiting=64)


def test_nothing_made_up_breaks_it(server: LocalServer) -> None:
    schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
    seen: Counter[str] = Counter()
    session = requests.Session()
    session.trust_env = False

    def ask(operation: Any, mode: GenerationMode, fixed: dict[str, str] | None) -> None:
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES <= 8,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(operation.as_strategy(generation_mode=mode, path_parameters=fixed))
        def one(case: Any) -> None:
            if isinstance(case.body, dict) and isinstance(case.body.get("messages"), list):
                # Made-up names of models all end at the same place.
                case.body |= {"model": "small-talker", "max_tokens": 3, "max_completion_tokens": 3}
                if mode is GenerationMode.POSITIVE and seen.total() % 2:
                    case.body["messages"] = [*case.body["messages"], {"role": "user", "content": "Well?"}]
            answer = case.call(headers=AUTH, timeout=60, session=session)
            seen[f"{operation.label} {mode.value} {answer.status_code}"] += 1
            case.validate_response(answer, checks=CHECKS)
            if answer.status_code >= 400:
                body = answer.json()
                words = body["error"]["message"] if "error" in body else body["sentence"]
                assert words and "Traceback" not in answer.text

        one()

    for found in schema.get_all_operations():
        operation: Any = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            names = [None, *server.desk.lines] if "{model}" in operation.path else [None]
            for name in names:
                try:
                    ask(operation, mode, None if name is None else {"model": name})
                except Unsatisfiable:  # nothing can be wrong about a request that has nothing in it
                    assert mode is GenerationMode.NEGATIVE
    print("\n" + "\n".join(f"{n:6} {what}" for what, n in sorted(seen.items())))
    assert session.get(f"{server.address}/health", timeout=60).json() == {"status": "ok"}
    body = {"text": "Still there?", "labels": ["yes", "no"]}
    answer = session.post(f"{server.address}/v1/predict/text-starter", json=body, headers=AUTH, timeout=60)
    assert answer.json()["summary"] in ("yes", "no")
    wait_for(lambda: server.figures().inside == 0)
    assert seen.total() > EXAMPLES
    assert not list(server.desk.folder.iterdir())
