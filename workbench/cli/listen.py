"""workbench listen: what is heard in this recording (or by the microphone), and when."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("listen", help="say what is heard when", description=__doc__)
    command.add_argument("recording", type=Path, nargs="?", help="a recording or a video of any length")
    command.add_argument("--microphone", action="store_true", help="listen to the microphone until Ctrl+C")
    command.add_argument("--microphones", action="store_true", help="list the microphones there are")
    command.add_argument("--device", type=int, help="number of the microphone (see --microphones)")
    command.add_argument("--seconds", type=float, default=0.0, help="end after so many seconds of the microphone")
    command.add_argument("--keep", type=Path, help="where the microphone's recording is kept (.wav)")
    command.add_argument("--model", default="", help="id of the model (see: workbench models list)")
    command.add_argument(
        "--window",
        type=float,
        metavar="SECONDS",
        help="listened to at a time (default: as long as its examples were, or 2)",
    )
    command.add_argument("--step", type=float, metavar="SECONDS", help="between two answers (default 0.5)")
    command.add_argument(
        "--threshold",
        type=float,
        help="how certain an answer must be, 0 to 1 (default: as the model was taught, else 0.5)",
    )
    command.add_argument(
        "--top", type=int, default=1, help="how many answers of each moment go into the table (default 1)"
    )
    command.add_argument("--csv", type=Path, help="write what was heard when; the events go into a table beside it")
    command.add_argument("--labels", type=Path, help="write the events as a label track for Audacity (.txt)")
    command.add_argument("--log", action="store_true", help="keep the answers in the model's log (see: workbench log)")
    command.add_argument("--json", action="store_true", help="machine-readable: all moments and events")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0; what goes wrong is a sentence."""
    from workbench.data.microphone import microphones
    from workbench.data.types import Sample
    from workbench.engine.hearing import HeardLog, Listener, Pace, usual_pace
    from workbench.engine.prediction_log import log_source
    from workbench.errors import UserError

    if options.microphones:
        for one in microphones():
            out(f"{one.index:3}  {one.name}{'  (usual)' if one.usual else ''}")
        return 0
    if (options.recording is None) == (not options.microphone):
        raise UserError("What shall it listen to?", "Give a recording, or --microphone.")
    if options.threshold is not None and not 0 <= options.threshold <= 1:
        raise UserError("A threshold lies between 0 and 1.", "Give --threshold 0.5, for example.")
    card, task = _model(options)
    pace = usual_pace(card, options.window or 0.0)
    pace = pace if options.step is None else Pace(pace.window, options.step)
    listener = Listener(card, task, pace, source=log_source(options.log, card))
    log = HeardLog(())
    if options.microphone:
        log = _live(options, listener)
    else:
        with progress("Listening") as control:
            for news in listener.listen(Sample("sound", options.recording.name, path=options.recording), control):
                log = news if isinstance(news, HeardLog) else log
    found = log.events(options.threshold)
    if options.json:
        as_json(log.to_json(options.threshold, options.top))
    elif not options.csv and not options.labels:
        for event in found:
            out(f"{event.begins:9.2f} s to {event.ends:.2f} s  {event.label}  ({event.best:.0%})")
        if not found:
            out("nothing heard")
    if log.remark() and not options.json:
        note(log.remark())
    for path in (options.csv, options.labels):
        if path:
            written = log.write(path, options.threshold, options.top)
            note(f"Written to {' and '.join(str(p) for p in written)}")
    return 0


def _model(options: argparse.Namespace) -> tuple[Any, Any]:
    """The model and a task that listens. Raises: UserError when they do not fit."""
    from workbench.catalog.catalog import Catalog
    from workbench.errors import UserError
    from workbench.tasks.base import HearingTask
    from workbench.tasks.registry import all_tasks

    catalog = Catalog.load()
    listening = [t for t in all_tasks() if isinstance(t, HearingTask)]
    if not options.model:
        return catalog.suggest(listening[0].info.id)[0], listening[0]
    card = catalog.get(options.model)
    task = next((t for t in listening if t.info.id in (*card.tasks, *card.trainable_for)), None)
    if task is None:
        raise UserError(f"“{card.name}” does not tell sounds apart.", "Choose a model that recognises sounds.")
    return card, task


def _live(options: argparse.Namespace, listener: Any) -> Any:
    """Listen to the microphone; each change of what is heard is a line, at once."""
    import tempfile

    from workbench.control import Control
    from workbench.data.microphone import Recorder
    from workbench.engine.hearing import HeardLog, News
    from workbench.errors import Cancelled

    log = HeardLog(())
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(options.keep or Path(folder) / "microphone.wav", options.device)
        recorder.start()
        note("Listening; Ctrl+C ends it.")
        said = ""
        try:
            for news in listener.listen_live(recorder, Control()):
                if isinstance(news, HeardLog):
                    log = news
                elif isinstance(news, News):
                    now = log.now(news, options.threshold)
                    if now != said and not options.json:
                        note(f"{news.until:9.2f} s  {now or '…'}")
                    said = now
                    if 0 < options.seconds <= news.until:
                        recorder.stop()
        except (KeyboardInterrupt, Cancelled):
            pass  # what was heard until now is told below
        finally:
            recorder.stop()
        if recorder.error is not None:
            note(str(recorder.error))
    return log
