"""The description of the server (OpenAPI) where the code itself does not say it, and its page, which needs no internet."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from workbench import __version__
from workbench.serve.forms import Chat, PredictText

TITLE = "Model Workbench"
ABOUT = (
    "Models of this computer, asked by other programs. Every request but `/health` and this page brings the token the app "
    "shows: `Authorization: Bearer …`. Every error is one sentence and what to do: "
    '`{"sentence": "…", "hint": "…"}`; under `/v1/models` and `/v1/chat` it has OpenAI\'s form.'
)
# File under resources/serve by its name in the address.
PAGE = {
    "": ("docs.html", "text/html; charset=utf-8"),
    "start.js": ("start.js", "text/javascript"),
    "swagger-ui.css": ("swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": ("swagger-ui-bundle.js", "text/javascript"),
}
# Nothing from elsewhere, no program text inside the page.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_REF = "#/components/schemas/{model}"
_FAULT = {
    "type": "object",
    "required": ["sentence", "hint"],
    "properties": {"sentence": {"type": "string"}, "hint": {"type": "string"}},
}
_OPENAI_FAULT = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type"],
            "properties": {"message": {"type": "string"}, "type": {"type": "string"}},
        }
    },
}
_WORDS = {
    400: "The request cannot be read.",
    401: "The token is missing or wrong.",
    403: "A web page that may not ask.",
    404: "There is no such model.",
    408: "The request did not come to its end.",
    413: "The request is too large.",
    415: "A body of another kind is needed.",
    421: "The server is not known by that name.",
    422: "It cannot be answered; the sentence says why.",
    429: "Too many requests; come back after the seconds in Retry-After.",
    500: "A fault of the app.",
    503: "The server is being stopped.",
}


def faults(*codes: int, openai: bool = False) -> dict[int | str, dict[str, Any]]:
    """The refusals a route can give."""
    always = () if 0 in codes else (401,)
    found: dict[int | str, dict[str, Any]] = {}
    for code in sorted({c for c in codes if c} | {403, 421, 500, *always}):
        schema = _OPENAI_FAULT if openai else _FAULT
        found[code] = {"description": _WORDS[code], "content": {"application/json": {"schema": schema}}}
        if code == 429:
            found[code]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return found


def predict_body() -> dict[str, Any]:
    """A text as JSON, or a file with the same fields as a form."""
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "A picture, a recording or a text file."},
            "task": {"type": "string", "maxLength": 100},
            "labels": {"type": "string", "maxLength": 10_000, "description": "Parted by commas."},
            "options": {"type": "string", "maxLength": 100_000, "description": "A JSON object."},
            "style": {"type": "string", "format": "binary", "description": "A file some tasks need."},
        },
    }
    return {
        "required": True,
        "content": {"application/json": {"schema": _named(PredictText)}, "multipart/form-data": {"schema": form}},
    }


def chat_body() -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _named(Chat)}}}


def _named(form: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=form.__name__)}


PREDICTED: dict[str, Any] = {
    "type": "object",
    "required": ["model", "task", "prediction", "summary", "seconds"],
    "properties": {
        "model": {"type": "string"},
        "task": {"type": "string"},
        "prediction": {
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {
                    "type": "string",
                    "enum": ["scores", "boxes", "mask", "text", "picture", "vector", "table", "events"],
                },
                "note": {"type": "string"},
            },
        },
        "summary": {"type": "string", "description": "The answer in one line."},
        "certainty": {"type": "number"},
        "seconds": {"type": "number"},
    },
}


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's description, with the forms the routes read themselves."""
    schema.setdefault("info", {})["version"] = __version__
    known = schema.setdefault("components", {}).setdefault("schemas", {})
    for form in (PredictText, Chat):
        described_form = form.model_json_schema(ref_template=_REF)
        known |= described_form.pop("$defs", {})
        known[form.__name__] = described_form
    return schema
