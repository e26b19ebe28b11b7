"""The full log: everything that goes wrong ends in one file, which the window opens with one click.

People send logs to each other, so a log holds nothing of theirs: no names of files and folders, no words of labels or
texts (our sentences put all of these into “…”), no keys. WORKBENCH_LOG_DETAILS=1 keeps all but the keys.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import sys
import threading
from pathlib import Path
from types import TracebackType

_FILE = "workbench.log"
# Set to 1, names and words stay in the log: for somebody who looks into a fault on their own computer.
DETAILS_VARIABLE = "WORKBENCH_LOG_DETAILS"

_KEYS = re.compile(
    r"""\b(?:hf_|sk-|gh[pousr]_|xox[abpr]-|AKIA)[A-Za-z0-9_\-]{8,}     # keys that say what they are
    |(?<=Bearer\ )\S+ | (?<=Basic\ )\S+
    |(?<=://)[^/\s:@]+:[^/\s@]+(?=@)                                  # user and password in an address
    |(?<=[?&])(?i:token|key|api_key|apikey|access_token|signature|sig|x-amz-signature|password)=[^&\s"']+
    |(?i:(?<=password=)|(?<=token=)|(?<=api_key=))[^&\s"',)]+""",
    re.VERBOSE,
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_QUOTED = re.compile(r"“[^”]*”")
# A path in quotes may have spaces, one without ends at the first.
_QUOTED_PATH = re.compile(r"""(?P<q>['"])(?P<path>(?:[A-Za-z]:\\|\\\\|/|~/)[^'"\n]*)(?P=q)""")
_PATH = re.compile(r"""(?<![\w<'":/.\\~])(?:[A-Za-z]:\\|\\\\|/|~/)[^\s'"<>|:*?]+""")
# Our own and the libraries' files are what a trace is for.
_CODE = re.compile(
    r"(?:[\\/])(site-packages|dist-packages|lib[\\/]python[\d.]+|workbench|_internal)[\\/](.*\.(?:py|pyc|so|pyd|dll|dylib))$"
)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def log_file(folder: Path) -> Path:
    """Where the log lies under the log folder."""
    return folder / _FILE


def without_keys(text: str) -> str:
    """A text with what looks like a key, a password or a token taken out."""
    return _KEYS.sub("<key>", text)


def discreet(text: str) -> str:
    """A text without keys, names of files, quoted words and mail addresses; what code it is about stays.

    Paths of Python files are cut to what lies below `site-packages` or `workbench`; of other paths the ending is kept.
    """
    text = without_keys(text)
    text = _QUOTED.sub("“…”", text)
    text = _QUOTED_PATH.sub(lambda m: f"{m['q']}{_path(m['path'])}{m['q']}", text)
    text = _PATH.sub(lambda m: _path(m[0]), text)
    return _MAIL.sub("<mail>", text)


def _path(path: str) -> str:
    code = _CODE.search(path)
    if code:
        return f"{code[1]}/{code[2]}"
    if path.endswith(".py"):
        return re.split(r"[\\/]", path)[-1]
    ending = _SUFFIX.search(path)
    return f"<path>{ending[0] if ending else ''}"


class Discreet(logging.Formatter):
    """Formats records, traces too, and takes out what is nobody else's business."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return without_keys(text) if os.environ.get(DETAILS_VARIABLE) == "1" else discreet(text)


def start(folder: Path) -> Path:
    """Begin to write the log (at most 5 files of 2 MB). What no one caught goes there as well.

    A log that cannot be written is no reason not to start: then it goes to stderr.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    path = log_file(folder)
    handler: logging.Handler
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=2_000_000, backupCount=4, encoding="utf-8")
    except OSError:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    logging.captureWarnings(True)
    for noisy in ("httpx", "urllib3", "PIL", "onnxscript"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # torch.export imports it by way of torch._functorch and its estimates of run time, and where the compiler for graphics cards was
    # left out (packaging/freeze/plan.py) it says so on stderr. Neither is ever asked for here.
    logging.getLogger("torch.utils.flop_counter").setLevel(logging.ERROR)

    def unhandled(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logging.getLogger("workbench").critical("unhandled", exc_info=(kind, error, trace))

    def unhandled_in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            unhandled(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = unhandled
    threading.excepthook = unhandled_in_thread
    return path
