"""The routes of the server (imported when one is started), around lines of requests in front of models."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from workbench.app_paths import resources
from workbench.engine.pool import ModelPool, shared_pool
from workbench.errors import Cancelled, UserError
from workbench.serve.batching import Line
from workbench.serve.config import ServeConfig
from workbench.serve.counters import Counters
from workbench.serve.described import ABOUT, CSP, PAGE, PREDICTED, TITLE, chat_body, described, faults, predict_body
from workbench.serve.faults import Refused, unexpected
from workbench.serve.guard import Guard
from workbench.serve.openai_routes import completed, model_json
from workbench.serve.predicting import predicted

log = logging.getLogger(__name__)


class Desk:
    """What the routes work with: a line per model, counters, a folder for files. `close` before it is forgotten."""

    def __init__(self, config: ServeConfig, pool: ModelPool | None = None) -> None:
        self.config = config.checked()
        self.counters = Counters()
        self._folder = tempfile.TemporaryDirectory(prefix="workbench-serve-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        pool = pool or shared_pool()
        self.lines = {
            card.id: Line(card, pool, self.counters, config.waiting, config.at_once, config.device)
            for card in config.cards
        }

    def line(self, model: str) -> Line:
        """Raises: Refused (404)."""
        found = self.lines.get(model)
        if found is None:
            raise Refused(404, f"The model “{model[:100]}” is not served here.", f"There are: {', '.join(self.lines)}.")
        return found

    def close(self) -> None:
        """Nothing more is begun, and what runs is asked to stop."""
        for line in self.lines.values():
            line.close()

    def join(self, seconds: float) -> bool:
        """Wait for the models' threads; False when one still computes."""
        ended = all([line.join(seconds) for line in self.lines.values()])  # noqa: C419 - each is waited for
        self._folder.cleanup()
        return ended


def make_app(desk: Desk) -> Guard:
    """The whole application (ASGI)."""
    return Guard(_routes(desk), desk.config, desk.counters)


def _routes(desk: Desk) -> FastAPI:
    app = FastAPI(
        title=TITLE,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # Nothing is told to anybody, whatever the environment says.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    _add_faults(app)
    # Checked by the guard; here it is only described.
    token = [Depends(HTTPBearer(auto_error=False, description="The token the app shows."))]

    @app.get("/health", tags=["server"], summary="Is it there?", responses=faults(0))
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/models", tags=["models"], summary="What can be asked", dependencies=token,
             responses=faults(openai=True))  # fmt: skip
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [model_json(line.card) for line in desk.lines.values()]}

    @app.get("/v1/models/{model:path}", tags=["models"], summary="One of them", dependencies=token,
             responses=faults(404, 422, openai=True))  # fmt: skip
    async def model(model: str) -> dict[str, Any]:
        return model_json(desk.line(model).card)

    @app.post(
        "/v1/predict/{model:path}",
        tags=["models"],
        summary="A picture, a recording or a text in, the answer out",
        dependencies=token,
        openapi_extra={"requestBody": predict_body()},
        responses={
            200: {
                "description": "The answer; with “stream” as server-sent events.",
                "content": {"application/json": {"schema": PREDICTED}, "text/event-stream": {}},
            },
            **faults(400, 404, 408, 413, 415, 422, 429, 503),
        },
    )
    async def predict(model: str, request: Request) -> Response:
        return await predicted(request, desk.line(model), desk.folder)

    @app.post(
        "/v1/chat/completions",
        tags=["chat"],
        summary="An answer in a conversation, as OpenAI's clients ask for it",
        dependencies=token,
        openapi_extra={"requestBody": chat_body()},
        responses={
            200: {
                "description": "The answer; with “stream” as server-sent events.",
                "content": {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {}},
            },
            **faults(400, 404, 408, 413, 415, 422, 429, 503, openai=True),
        },
    )
    async def chat(request: Request) -> Response:
        return await completed(request, desk.lines)

    @app.get("/metrics", tags=["server"], summary="Figures for Prometheus", dependencies=token,
             response_class=Response,
             responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **faults()})  # fmt: skip
    async def metrics() -> Response:
        return Response(desk.counters.text(), media_type="text/plain; version=0.0.4")

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse("/docs")

    @app.get("/docs", include_in_schema=False)
    @app.get("/docs/{name}", include_in_schema=False)
    async def docs(name: str = "") -> Response:
        if name not in PAGE:
            raise Refused(404, "There is no such page.", "The description of the server is at /docs.")
        file, kind = PAGE[name]
        return FileResponse(
            resources() / "serve" / file,
            media_type=kind,
            headers={"Content-Security-Policy": CSP, "Cache-Control": "no-cache"},
        )

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        schema = get_openapi(title=TITLE, version="", description=ABOUT, routes=app.routes)
        return JSONResponse(described(schema))

    return app


def _add_faults(app: FastAPI) -> None:
    """Every exception becomes a sentence."""

    def answer(request: Request, refused: Refused) -> JSONResponse:
        return JSONResponse(refused.body(request.url.path), refused.status, refused.headers)

    async def on_refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Refused)
        return answer(request, error)

    async def on_user_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, UserError)
        return answer(request, Refused.of(error))

    async def on_cancelled(request: Request, _error: Exception) -> JSONResponse:
        return answer(request, Refused(503, "The answer was stopped.", "Ask again."))

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        words = {404: "There is nothing here.", 405: "This cannot be done here."}
        message = words.get(error.status_code, "The request cannot be answered.")
        headers = dict(error.headers or {})
        return answer(request, Refused(error.status_code, message, "See /docs.", headers))

    async def on_invalid(request: Request, _error: Exception) -> JSONResponse:
        return answer(request, Refused(422, "The request cannot be read.", "See /docs."))

    async def on_bug(request: Request, _error: Exception) -> JSONResponse:
        return answer(request, unexpected())

    app.add_exception_handler(Refused, on_refused)
    app.add_exception_handler(UserError, on_user_error)
    app.add_exception_handler(Cancelled, on_cancelled)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_bug)
