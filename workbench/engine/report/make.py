"""Writing reports: for a person, and the ones that go with a model wherever it goes."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.exporters.tables import write_bytes
from workbench.data.project import Project
from workbench.data.types import RunRecord, Split
from workbench.engine.certainty import own_card
from workbench.engine.report.choices import Choices
from workbench.engine.report.gather import bases_of, card_of_model, card_to_keep, given_of_run
from workbench.engine.report.readme import readme
from workbench.errors import Cancelled, UserError
from workbench.trust.card.compose import compose
from workbench.trust.card.html import write_html
from workbench.trust.card.parts import Card
from workbench.trust.card.pdf import write_pdf
from workbench.trust.card.record import from_record, to_record
from workbench.trust.judging import Judgement

log = logging.getLogger(__name__)

# Beside a model's weights: its card as plain data, without anything of the person's items.
KEPT = "report.json"
HTML, PDF, README = "report.html", "report.pdf", "README.md"
_MOST_BYTES = 20_000_000


def make_report(
    project: Project,
    run_id: str,
    catalog: Catalog,
    html: Path | None = None,
    pdf: Path | None = None,
    choices: Choices | None = None,
    control: Control | None = None,
    split: Split = Split.TEST,
    paths: AppPaths | None = None,
) -> list[Path]:
    """Write a run's report as web page, as PDF, or both; what is kept with the model is brought up to date.

    Returns:
        The files written.

    Raises:
        UserError: when the run is gone, or a file cannot be written.
        Cancelled: when asked to stop; files that were begun are not there.
    """
    control = control or Control()
    given = given_of_run(project, run_id, catalog, choices or Choices(), control, split, paths)
    card = compose(given, control)
    written = write_card(card, html, pdf, control)
    if split is Split.TEST and not project.read_only:
        _keep(compose(replace(given, examples=False, show=None, reasons=(), reasons_note=""), control), given.model)
    return written


def write_card(card: Card, html: Path | None, pdf: Path | None, control: Control | None = None) -> list[Path]:
    """Each file whole or not at all. Raises: UserError. Cancelled."""
    control = control or Control()
    written = []
    if html is not None:
        control.progress(0, 2, "Writing the web page")
        written.append(write_html(card, html, control))
    if pdf is not None:
        control.progress(1, 2, "Writing the PDF")
        written.append(write_pdf(card, pdf, control))
    return written


def keep_with_model(project: Project, run: RunRecord, judgement: Judgement, catalog: Catalog, control: Control) -> None:
    """At the end of a training: lay its card beside the model, so that every export can carry it. A training does not fail
    by it, and one that is stopped now goes without."""
    model = own_card(run, catalog)
    if model is None:
        return
    try:
        _keep(card_to_keep(project, run, model, judgement, catalog, control), model)
    except Cancelled:
        log.info("stopped before the report of %s was kept", model.id)
    except UserError as error:
        log.warning("the report of %s could not be kept: %s", model.id, error)


def _keep(card: Card, model: ModelCard) -> None:
    folder = _folder(model)
    if folder is None:
        return
    try:
        write_bytes(folder / KEPT, json.dumps(to_record(card), ensure_ascii=False).encode("utf-8", "replace"))
    except UserError as error:
        log.warning("the report of %s could not be kept: %s", model.id, error)


def _folder(model: ModelCard) -> Path | None:
    """Where its weights lie; None for models that are not here, of which only a record is left among them."""
    folder = Path(model.source.ref)
    return folder if model.source.kind == "folder" and model.source.ref and folder.is_dir() else None


def kept_card(model: ModelCard) -> Card | None:
    """The card that lies beside a model's weights; None where there is none that can be read."""
    folder = _folder(model)
    if folder is None or not (folder / KEPT).is_file():
        return None
    file = folder / KEPT
    try:
        if file.stat().st_size > _MOST_BYTES:
            return None
        return from_record(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, UserError) as error:
        log.info("the kept report of %s cannot be read: %s", model.id, error)
        return None


def put_papers(model: ModelCard, folder: Path, control: Control | None = None, prefix: str = "") -> list[Path]:
    """What goes along with a model that leaves the app: report.html, report.pdf, README.md.

    Args:
        prefix: put before the names, where other things may lie in the folder.

    Raises:
        UserError: when they cannot be written.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    control.progress(0, 0, "Writing the report")
    card = kept_card(model) or card_of_model(model, control=control)
    # Names may have changed since.
    card = replace(card, title=model.name)
    html, pdf, page = (folder / f"{prefix}{name}" for name in (HTML, PDF, README))
    written = write_card(card, html, pdf, control)
    write_bytes(page, readme(model, bases_of(model), html.name).encode("utf-8", "replace"))
    return [*written, page]
