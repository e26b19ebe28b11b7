"""Take the screenshots of docs/screenshots from the real app: real samples, a real training.

    python packaging/screenshots.py [--only PAGE ...]

Without a screen Qt draws off screen. Nothing of the person's is touched: the app gets a temporary home.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "screenshots"
SIZE = (1280, 800)


def _page(_samples: Path) -> Path:
    """A rendered invoice to read."""
    import tempfile

    from PIL import Image, ImageDraw, ImageFont

    from workbench.app_paths import resources

    picture = Image.new("RGB", (900, 500), "white")
    font = ImageFont.truetype(str(resources() / "fonts" / "Inter-Regular.otf"), 36)
    for number, line in enumerate(("Invoice 2041", "Two lamps, brass   84.00", "Delivery   6.50", "Total   90.50 EUR")):
        ImageDraw.Draw(picture).text((60, 60 + 90 * number), line, "black", font=font)
    file = Path(tempfile.mkdtemp()) / "invoice.png"
    picture.save(file)
    return file


def main() -> None:
    """Open, train, visit every page in light and dark, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[])
    only = parser.parse_args().only
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    home = Path(tempfile.mkdtemp()) / "Me"
    os.environ["WORKBENCH_HOME"] = str(home)
    TARGET.mkdir(parents=True, exist_ok=True)
    from PySide6.QtWidgets import QApplication, QWidget

    from workbench.app_paths import resources
    from workbench.gui.context import AppContext
    from workbench.gui.main_window import MainWindow
    from workbench.gui.theme import install_theme
    from workbench.tasks.registry import get_task

    app = QApplication([])
    ctx = AppContext()
    theme = install_theme(app, "light")
    window = MainWindow(ctx)
    window.resize(*SIZE)
    window.show()
    samples = resources() / "samples"

    def wait(done: Callable[[], bool], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise SystemExit("the app did not get ready in time")
            app.processEvents()
            time.sleep(0.005)

    def rest(seconds: float = 0.6) -> None:
        end = time.monotonic() + seconds
        wait(lambda: time.monotonic() > end)

    def shoot(name: str, page: str, seen: QWidget = window) -> None:
        """`seen`: a dialog instead of the whole window."""
        if only and name not in only:
            return
        window.show_page(page)
        window.notice.hide()
        for mode in ("light", "dark"):
            theme.set_choice(mode)
            rest()
            seen.grab().save(str(TARGET / f"{name}-{mode}.png"))
        theme.set_choice("light")

    def project_from(sample: str) -> None:
        before = ctx.store.project
        window.page("home").open_sample(sample)  # type: ignore[attr-defined]
        wait(lambda: ctx.store.project is not before and window.current_page_id == "data")
        rest(2.5)

    def train(how: str = "quick") -> None:
        from workbench.engine.events import How

        page = window.page("train")
        window.show_page("train")
        page.setup.choose_how(How(how))  # type: ignore[attr-defined]
        rest(2)
        page.setup.start.click()  # type: ignore[attr-defined]
        wait(lambda: page.live.progress.finished is not None and not page.running, 600)  # type: ignore[attr-defined]

    project_from("reviews")
    shoot("data-text", "data")
    train()
    project_from("digits")
    shoot("home", "home")
    shoot("data", "data")
    shoot("models", "models")
    setup = window.page("train").setup  # type: ignore[attr-defined]
    window.page("train")._show_setup()  # type: ignore[attr-defined]
    for number, step in enumerate(("train-data", "train-model", "train-how", "train-review")):
        window.show_page("train")
        setup.show_step(number)
        rest(2)
        shoot(step, "train")
    train()
    shoot("train", "train")
    window.show_page("results", {"run_id": ctx.store.require().runs()[0].id})
    results = window.page("results")
    wait(lambda: results.evaluation is not None)  # type: ignore[attr-defined]
    rest(1)
    e = results.evaluation  # type: ignore[attr-defined]
    wrong = next(
        ((t, p) for t in e.classes for p in e.classes if t != p and e.cell(t, p)), (e.classes[0], e.classes[0])
    )
    results._views["classes"]._open_cell(*wrong)  # type: ignore[attr-defined]
    shoot("results", "results")
    results.tabs.setCurrentWidget(results.cost)  # type: ignore[attr-defined]
    shoot("results-cost", "results")
    shoot("use", "use")
    _at_work(ctx, window, shoot, rest, wait)
    page: QWidget = window.page("try")
    page._show_task(get_task("image-classification"), "picture-starter")  # type: ignore[attr-defined]
    page.try_paths([str(samples / "try" / "china.jpg")])  # type: ignore[attr-defined]
    wait(lambda: page._result is not None)  # type: ignore[attr-defined]
    shoot("try", "try")
    page.why.click()  # type: ignore[attr-defined]
    why = page.findChildren(QWidget, "why")[-1]
    wait(lambda: why.shown is not None and why.shown.explanation.sanity is not None)  # type: ignore[attr-defined]
    rest(1)
    shoot("why", "try", why)
    why.close()
    page._show_task(get_task("text-classification"))  # type: ignore[attr-defined]
    page.text.setPlainText("Could you tell me whether the lamp also comes in brass?")  # type: ignore[attr-defined]
    wait(lambda: page._result is not None)  # type: ignore[attr-defined]
    shoot("try-text", "try")
    page._show_task(get_task("text-in-pictures"))  # type: ignore[attr-defined]
    page.try_paths([str(_page(samples))])  # type: ignore[attr-defined]
    wait(lambda: page._result is not None)  # type: ignore[attr-defined]
    rest(1)
    shoot("try-read", "try")
    page._show_task(get_task("sentence-embedding"))  # type: ignore[attr-defined]
    rest(1)
    page.controls.set_value("compare", "Where is my parcel?\nThe soup was cold.\nThank you, great service!")  # type: ignore[attr-defined]
    page.text.setPlainText("My package has not arrived yet.")  # type: ignore[attr-defined]
    wait(lambda: page._result is not None)  # type: ignore[attr-defined]
    rest(1)
    shoot("try-compare", "try")
    shoot("storage", "storage")
    _fields(ctx, window, shoot, rest, wait, project_from, train)
    _documents(window, shoot, rest, wait)
    _editors(ctx, window, shoot, rest, wait)
    ctx.jobs.stop_all()
    ctx.thumbnails.stop()
    ctx.downloads.stop()
    left = [job.title for job in ctx.jobs.running() if job.isRunning()]
    if left:
        print(f"still running: {left}")
        os._exit(0)


def _at_work(ctx: Any, window: Any, shoot: Any, rest: Any, wait: Any) -> None:
    """What is there once a model is taught: its report, its weeks, programs that ask it, a look at the project."""
    import io

    import pypdfium2

    from workbench.engine.report.make import make_report
    from workbench.gui.at_work.dialog import AtWorkDialog
    from workbench.gui.check_project import CheckProjectDialog
    from workbench.gui.serving.serve_dialog import ServeDialog
    from workbench.gui.serving.watch_dialog import WatchDialog

    project = ctx.store.require()
    pdf = Path(tempfile.mkdtemp()) / "report.pdf"
    make_report(project, project.runs()[0].id, ctx.catalog, None, pdf)
    document = pypdfium2.PdfDocument(pdf)
    stream = io.BytesIO()
    document[0].render(scale=1.4).to_pil().save(stream, "PNG")
    (TARGET / "report-page-light.png").write_bytes(stream.getvalue())
    card = ctx.catalog.own()[0]
    for name, make in (
        ("at-work", lambda: AtWorkDialog(ctx, card, window)), ("serve", lambda: ServeDialog(ctx, window)),
        ("watch-folder", lambda: WatchDialog(ctx, window)), ("check-project", lambda: CheckProjectDialog(ctx, window)),
    ):  # fmt: skip
        dialog = make()
        dialog.show()
        rest(3)
        shoot(name, "use", dialog)
        dialog.close()


def _fields(
    ctx: Any,
    window: Any,
    shoot: Any,
    rest: Any,
    wait: Any,
    project_from: Callable[[str], None],
    train: Callable[[], None],
) -> None:
    """A table, molecules and a series: looked at, taught, judged and asked."""
    from workbench.tasks.registry import get_task

    def results(name: str) -> None:
        page: Any = window.page("results")
        window.show_page("results", {"run_id": ctx.store.require().runs()[0].id})
        wait(lambda: page.evaluation is not None)
        rest(1.5)
        shoot(name, "results")

    def ask(name: str, text: str) -> None:
        page: Any = window.page("try")
        window.show_page("try")
        run = ctx.store.require().runs()[0]
        page._show_task(get_task(ctx.store.require().task_id), str(run.metrics["model_id"]))
        rest(1)
        page.text.setPlainText(text)
        wait(lambda: page._result is not None)
        rest(1.5)
        shoot(name, "try")

    project_from("tumours")
    shoot("data-rows", "data")
    train()
    results("results-rows")
    project_from("molecules")
    shoot("data-molecules", "data")
    train()
    ask("try-molecule", "CC(=O)Oc1ccccc1C(=O)O")
    project_from("co2")
    train()
    results("results-series")


def _documents(window: Any, shoot: Any, rest: Any, wait: Any) -> None:
    """Searching the documents of a small household, and asking them."""
    folder = Path(tempfile.mkdtemp()) / "Household"
    folder.mkdir()
    (folder / "Washing machine.md").write_text(
        "# Warranty\n\nThe maker repairs the drum and the motor free of charge for five years; seals and hoses for two.\n\n"
        "# Care\n\nClean the filter behind the lower flap every three months, and leave the door ajar after a wash.\n",
        encoding="utf-8",
    )
    (folder / "Lease.txt").write_text(
        "The rent of 850 euros is due on the third working day of each month.\n\nThe tenant bears small repairs up to 100"
        " euros each; all others are the landlord's. Notice is three months to the end of a month.\n",
        encoding="utf-8",
    )
    (folder / "Bread.md").write_text(
        "# Dough\n\nKnead flour, water, salt and yeast for ten minutes, then let the dough rise in a warm place for two hours.\n",
        encoding="utf-8",
    )
    window.show_page("similar", {"documents": True, "paths": [str(folder)]})
    view = window.page("similar").documents
    wait(lambda: "3 documents" in view.subtitle.text())
    view.question.setText("who pays for the repair?")
    view._search()
    wait(lambda: view.found.rowCount() > 0)
    rest(1)
    shoot("find-documents", "similar")
    window.show_page("talk")
    talk = window.page("talk")
    talk.accept_drop([str(folder)])
    wait(lambda: "3 documents" in talk.settings.documents_words.text())
    talk.send("How long is the warranty on the motor?")
    wait(lambda: len(talk.talk.turns) == 2 and not talk.answering)
    rest(1)
    shoot("talk", "talk")


def _editors(ctx: Any, window: Any, shoot: Any, rest: Any, wait: Any) -> None:
    """Boxes on drawn shapes, areas, and marked words, in their editors."""
    sys.path.insert(0, str(ROOT / "tests"))
    from shapes_set import new_items

    from workbench.data.annotations import NewAnnotation
    from workbench.data.project import Project
    from workbench.data.shapes import TextSpan
    from workbench.data.types import NewItem

    folder = Path(tempfile.mkdtemp())
    for task_id, marks, name in (
        ("object-detection", "boxes", "boxes"), ("semantic-segmentation", "regions", "areas"),
    ):  # fmt: skip
        project = Project.create(folder / name, f"Shapes ({name})", task_id)
        project.add_items(new_items(folder / f"pictures-{name}", 12, marks=marks, size=(640, 480)))
        ctx.store.adopt(project)
        window.show_page("data")
        page = window.page("data")
        wait(lambda page=page: page.model.rowCount() == 12)
        rest(3)
        shoot(f"data-{name}", "data")
        page._open_item(2)
        rest(3)
        shoot(f"editor-{name}", "data")
        page._leave_editor()
    text = "On Monday Anna Weber flew from Vienna to Lisbon, where she met Bruno Costa at the Tagus bridge."
    marks = [
        NewAnnotation(TextSpan(text.index(w), text.index(w) + len(w)), label)
        for w, label in (("Anna Weber", "person"), ("Vienna", "place"), ("Lisbon", "place"), ("Bruno Costa", "person"))
    ]
    project = Project.create(folder / "names", "Names", "token-classification")
    project.add_items([NewItem("text", "a flight", text=text, annotations=tuple(marks))])
    ctx.store.adopt(project)
    window.show_page("data")
    page = window.page("data")
    wait(lambda: page.model.rowCount() == 1)
    page._open_item(0)
    rest(1)
    shoot("editor-words", "data")
    page._leave_editor()
    import numpy as np
    import soundfile

    from workbench.data.shapes import Clip

    rate, rng = 32_000, np.random.default_rng(0)
    sound = rng.normal(0, 0.01, 20 * rate)
    calls = []
    for number, begins in enumerate((2.0, 5.5, 9.0, 14.0)):
        time = np.arange(rate) / rate
        low, high = ((2000, 4500), (5000, 3000))[number % 2]
        tone = np.sin(2 * np.pi * (low * time + (high - low) * time**2 / 2)) * np.hanning(rate) * 0.4
        sound[int(begins * rate) : int(begins * rate) + rate] += tone
        calls.append(NewAnnotation(Clip(begins, begins + 1.0), ("riser", "faller")[number % 2]))
    soundfile.write(folder / "dawn.wav", sound.astype(np.float32), rate)
    project = Project.create(folder / "birds", "Birds at dawn", "sound-events")
    project.add_items([NewItem("sound", "dawn.wav", path=folder / "dawn.wav", annotations=tuple(calls))])
    ctx.store.adopt(project)
    window.show_page("data")
    wait(lambda: page.model.rowCount() == 1)
    page._open_item(0)
    rest(4)
    shoot("editor-sounds", "data")


if __name__ == "__main__":
    main()
