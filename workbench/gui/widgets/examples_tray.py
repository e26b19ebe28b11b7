"""What pictures shall be like, and what not: two lists that take files, pictures from the clipboard and tiles."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QIcon, QImage, QImageWriter, QKeyEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from workbench.data.types import Sample
from workbench.gui.decoded import decoded
from workbench.gui.theme import M
from workbench.gui.thumbnails import Thumbnails
from workbench.gui.widgets.basic import Card, DropZone, button, label, local_paths

_ROLE = Qt.ItemDataRole.UserRole
_MOST = 50


def examples_from(mime: QMimeData) -> list[Sample]:
    """Pictures in a drop or on the clipboard: files, or a picture itself."""
    from workbench.data.media import is_picture

    paths = [Path(p) for p in local_paths(mime)[:_MOST]]
    if paths:
        return [Sample("picture", p.name, path=p) for p in paths if p.is_file() and is_picture(p)]
    image = mime.imageData() if mime.hasImage() else None
    if isinstance(image, QPixmap):
        image = image.toImage()
    if not isinstance(image, QImage) or image.isNull():
        return []
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    return [Sample("picture", "pasted picture", data=bytes(buffer.data().data()))]


class ExampleList(QListWidget):
    """Signals:
    dropped(object): mime data.
    removed(): the person took the chosen ones out.
    """

    dropped = Signal(object)
    removed = Signal()

    def __init__(self, name: str, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._thumbnails = thumbnails
        self.setIconSize(QSize(44, 44))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAcceptDrops(True)
        thumbnails.ready.connect(lambda _key: self._draw())

    def examples(self) -> list[Sample]:
        return [self.item(row).data(_ROLE) for row in range(self.count())]

    def put(self, examples: list[Sample]) -> None:
        """Show these and no others."""
        self.clear()
        for example in examples:
            entry = QListWidgetItem(example.name.rpartition("/")[2])
            entry.setData(_ROLE, example)
            entry.setToolTip(str(example.path or example.name))
            entry.setSizeHint(QSize(100, 52))
            self.addItem(entry)
        self._draw()

    def _draw(self) -> None:
        for row in range(self.count()):
            entry = self.item(row)
            if not entry.icon().isNull():
                continue
            sample: Sample = entry.data(_ROLE)
            if sample.path is not None:
                found = self._thumbnails.pixmap(sample.path, sample.window)
            else:
                found = QPixmap.fromImage(decoded(sample.data or b""))
                found = found.scaled(88, 88, Qt.AspectRatioMode.KeepAspectRatio)
            if found is not None and not found.isNull():
                entry.setIcon(QIcon(found))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())


class ExamplesTray(Card):
    """Signals:
    changed(): other examples: look again.
    dropped(object, bool): mime data, and whether it is what the pictures shall be like.
    choose(): the person wants to choose files.
    """

    changed = Signal()
    dropped = Signal(object, bool)
    choose = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=M)
        self.drop = DropZone("Drop a picture", "or choose some in the list and press “More like these”", "image-plus")
        self.drop.setObjectName("similar-drop")
        self.drop.column.setContentsMargins(M, M, M, M)
        self.drop.dropped.connect(lambda mime: self.dropped.emit(mime, True))
        self.drop.clicked.connect(self.choose)
        self.like = ExampleList("Pictures like these", thumbnails)
        self.like.setObjectName("like-list")
        self.unlike = ExampleList("But not like these", thumbnails)
        self.unlike.setObjectName("unlike-list")
        self._unlike_words = label("But not like these", "strong")
        self._unlike_words.setToolTip("Counter-examples: the search moves away from them (Rocchio's method)")
        self.reset = button("Start over", self.clear, role="quiet", icon_name="x", name="examples-clear")
        self.body.addWidget(label("Like these", "strong"))
        self.body.addWidget(self.drop)
        self.body.addWidget(self.like, 2)
        self.body.addWidget(self._unlike_words)
        self.body.addWidget(self.unlike, 1)
        self.body.addWidget(self.reset)
        for one, wanted in ((self.like, True), (self.unlike, False)):
            one.dropped.connect(lambda mime, w=wanted: self.dropped.emit(mime, w))
            one.removed.connect(lambda shown=one: self._remove(shown))
        self._show()

    def add(self, examples: list[Sample], *, like: bool, anew: bool = False) -> None:
        """More examples; `anew`: instead of all there were. A picture is in one list only."""
        if not examples:
            return
        new = {_name(e) for e in examples}
        mine, other = (self.like, self.unlike) if like else (self.unlike, self.like)
        kept = [] if anew else [e for e in mine.examples() if _name(e) not in new]
        mine.put([*kept, *examples][-_MOST:])
        other.put([] if anew else [e for e in other.examples() if _name(e) not in new])
        self._show()
        self.changed.emit()

    def clear(self) -> None:
        self.like.put([])
        self.unlike.put([])
        self._show()
        self.changed.emit()

    def _remove(self, shown: ExampleList) -> None:
        chosen = {id(entry) for entry in shown.selectedItems()}
        shown.put([shown.item(r).data(_ROLE) for r in range(shown.count()) if id(shown.item(r)) not in chosen])
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        some = self.like.count() > 0
        against = self.unlike.count() > 0
        self.like.setVisible(some)
        self.unlike.setVisible(against)
        self._unlike_words.setVisible(against)
        self.reset.setVisible(some or against)


def _name(example: Sample) -> str:
    return str(example.path) if example.path is not None else str(id(example))
