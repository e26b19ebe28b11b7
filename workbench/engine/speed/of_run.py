"""Which engine makes a training's features: chosen when it begins, kept with the run, and the same when it is done again.

All engines share the kept features (`workbench.engine.features`): they were held against each other, and differ by as little as
the layers themselves do with another number of threads (about a millionth of the largest feature). So ten new photos cost ten
passes whatever was found quickest since, and the numbers of a run that is done again do not hang on what was found meanwhile.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import atomic
from workbench.engine.speed.standing import attached
from workbench.runtimes.fast_body import Allowed

if TYPE_CHECKING:
    from workbench.runtimes.network import Network

log = logging.getLogger(__name__)

_FILE = "features.json"
_LAYERS = "torch"


def engine_of_run(folder: Path, network: Network) -> Allowed:
    """For `workbench.runtimes.fast_body.engines`, while the features of the run in `folder` are computed."""
    body = attached(network)
    here = body.many.kind if body is not None else _LAYERS
    known = _read(folder)
    if known is None:
        known = here
        try:
            atomic.write_text(folder / _FILE, json.dumps({"engine": known}))
        except OSError as error:
            log.warning("which engine makes the features is not kept: %s", error)
    if known not in (_LAYERS, here):
        log.warning("the features were made by %s, which is not there now; the layers make the missing ones", known)
    return "exact" if known == here != _LAYERS else "torch"


def _read(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / _FILE).read_text(encoding="utf-8"))["engine"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("which engine made the features cannot be read: %s", error)
        return _LAYERS
