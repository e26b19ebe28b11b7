"""The look: palette, spacing, type and the style sheet made from them, light and dark.

Widgets never name a colour: they set a dynamic property `role` (see `widgets/basic.py`) or ask `theme().colour(...)`
when they paint by hand, and repaint when `ThemeManager.changed` is emitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from workbench.app_paths import resources

Mode = Literal["light", "dark"]
Choice = Literal["system", "light", "dark"]

# Spacing scale in logical pixels: everything on the screen is a multiple of 4.
XS, S, M, L, XL, XXL = 4, 8, 12, 16, 24, 40
RADIUS = 10


@dataclass(frozen=True)
class Colours:
    """Named colours ("#rrggbb"). Text on `surface`, `ground` and `accent` meets WCAG AA (4.5 : 1)."""

    ground: str  # window background
    surface: str  # cards, lists
    raised: str  # hovered rows, inputs
    rail: str  # the left rail
    line: str  # hairlines
    line_strong: str  # borders of inputs
    text: str
    text_soft: str  # secondary text
    text_faint: str  # placeholders, disabled
    accent: str
    accent_hover: str
    accent_text: str  # on accent
    accent_soft: str  # tinted ground of selected things
    good: str
    good_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str


LIGHT = Colours(
    ground="#f5f4f1",
    surface="#ffffff",
    raised="#f0eeea",
    rail="#ecebe6",
    line="#e2dfd8",
    line_strong="#b9b4a9",
    text="#1f2328",
    text_soft="#5a5f66",
    text_faint="#8b8f95",
    accent="#1f6f5c",
    accent_hover="#185a4a",
    accent_text="#ffffff",
    accent_soft="#dcede7",
    good="#1f7a46",
    good_soft="#def0e4",
    warn="#8a5a00",
    warn_soft="#fbeed2",
    bad="#b3332b",
    bad_soft="#fae1de",
)
DARK = Colours(
    ground="#17191b",
    surface="#202325",
    raised="#2a2e31",
    rail="#121415",
    line="#33383b",
    line_strong="#565d62",
    text="#eceef0",
    text_soft="#a9b0b6",
    text_faint="#7b838a",
    accent="#5cc2a5",
    accent_hover="#74d2b8",
    accent_text="#0c1f1a",
    accent_soft="#203b34",
    good="#6cc991",
    good_soft="#1d3427",
    warn="#e6b65c",
    warn_soft="#3a2f19",
    bad="#f08a80",
    bad_soft="#42231f",
)

# Colours of classes and curves: told apart also with red-green blindness (after Okabe & Ito 2008), readable on
# both grounds.
CLASS_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#b58900",
    "#56b4e9",
    "#8e6bbf",
    "#7a8a00",
    "#a0522d",
    "#4d7f8c",
)


class ThemeManager(QObject):
    """Holds the mode in force, applies it to the application and follows the system."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: Choice = "system") -> None:
        super().__init__(app)
        self._app = app
        self._choice: Choice = choice
        self._mode: Mode | None = None
        self._load_fonts()
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(lambda _scheme: self._apply())
        app.setStyle("Fusion")
        self._apply()

    @property
    def mode(self) -> Mode:
        return self._mode or "light"

    @property
    def choice(self) -> Choice:
        return self._choice

    @property
    def colours(self) -> Colours:
        return DARK if self.mode == "dark" else LIGHT

    def colour(self, name: str) -> QColor:
        return QColor(getattr(self.colours, name))

    def set_choice(self, choice: Choice) -> None:
        self._choice = choice
        self._apply()

    def _wanted(self) -> Mode:
        if self._choice != "system":
            return self._choice
        scheme = QGuiApplication.styleHints().colorScheme()
        return "dark" if scheme == Qt.ColorScheme.Dark else "light"

    def _apply(self) -> None:
        mode = self._wanted()
        if mode == self._mode:
            return
        self._mode = mode
        self._app.setPalette(_palette(self.colours))
        self._app.setStyleSheet(style_sheet(self.colours))
        self.changed.emit()

    def _load_fonts(self) -> None:
        for file in sorted((resources() / "fonts").glob("*.otf")):
            QFontDatabase.addApplicationFont(str(file))
        font = QFont(self._app.font())
        if "Inter" in QFontDatabase.families():
            font.setFamilies(["Inter", font.family()])
        # Point sizes follow the system's text scale; never set pixel sizes.
        font.setPointSizeF(max(font.pointSizeF(), 10.0))
        self._app.setFont(font)


_manager: ThemeManager | None = None


def install_theme(app: QApplication, choice: Choice = "system") -> ThemeManager:
    """Make (once per application) the theme manager and apply it."""
    global _manager
    if _manager is None or _manager.parent() is not app:
        _manager = ThemeManager(app, choice)
    return _manager


def theme() -> ThemeManager:
    """The theme in force; made on first use when the application has none yet (tests of single widgets)."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("theme() needs a running QApplication")
    return install_theme(app)


def _palette(c: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for target, name in (
        (role.Window, c.ground),
        (role.WindowText, c.text),
        (role.Base, c.surface),
        (role.AlternateBase, c.raised),
        (role.Text, c.text),
        (role.PlaceholderText, c.text_faint),
        (role.Button, c.surface),
        (role.ButtonText, c.text),
        (role.ToolTipBase, c.raised),
        (role.ToolTipText, c.text),
        (role.Highlight, c.accent),
        (role.HighlightedText, c.accent_text),
        (role.Link, c.accent),
        (role.Mid, c.line),
        (role.Dark, c.line_strong),
        (role.Light, c.raised),
        (role.BrightText, c.bad),
    ):
        palette.setColor(target, QColor(name))
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, QColor(c.text_faint))
    return palette


def style_sheet(c: Colours) -> str:
    """The application's style sheet in these colours."""
    return f"""
QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line_strong}; padding: 6px; }}
QLabel[role="title"] {{ font-size: 20pt; font-weight: 600; color: {c.text}; }}
QLabel[role="heading"] {{ font-size: 13pt; font-weight: 600; color: {c.text}; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="soft"] {{ color: {c.text_soft}; }}
QLabel[role="faint"] {{ color: {c.text_faint}; font-size: 9pt; }}
QLabel[role="number"] {{ font-size: 26pt; font-weight: 600; color: {c.text}; }}
QLabel[role="badge"] {{ background: {c.raised}; color: {c.text_soft}; border-radius: 9px; padding: 2px 9px; font-size: 9pt; }}
QLabel[role="badge-good"] {{ background: {c.good_soft}; color: {c.good}; border-radius: 9px; padding: 2px 9px; font-size: 9pt; }}
QLabel[role="badge-warn"] {{ background: {c.warn_soft}; color: {c.warn}; border-radius: 9px; padding: 2px 9px; font-size: 9pt; }}
QFrame[role="card"] {{ background: {c.surface}; border: 1px solid {c.line}; border-radius: {RADIUS}px; }}
QFrame[role="card"][selectable="true"]:hover {{ border-color: {c.line_strong}; }}
QFrame[role="card"][selected="true"] {{ border: 2px solid {c.accent}; background: {c.accent_soft}; }}
QFrame[role="banner-info"] {{ background: {c.accent_soft}; border-radius: 8px; }}
QFrame[role="banner-good"] {{ background: {c.good_soft}; border-radius: 8px; }}
QFrame[role="banner-warn"] {{ background: {c.warn_soft}; border-radius: 8px; }}
QFrame[role="banner-bad"] {{ background: {c.bad_soft}; border-radius: 8px; }}
QFrame[role="drop"] {{ background: {c.surface}; border: 2px dashed {c.line_strong}; border-radius: 14px; }}
QFrame[role="drop"][active="true"] {{ background: {c.accent_soft}; border-color: {c.accent}; }}
QFrame[role="line"] {{ background: {c.line}; border: none; max-height: 1px; min-height: 1px; }}
QWidget[role="rail"] {{ background: {c.rail}; border-right: 1px solid {c.line}; }}
QToolButton[role="rail"] {{ border: 2px solid transparent; border-radius: 8px; padding: 7px 3px; color: {c.text_soft}; font-size: 9pt; }}
QToolButton[role="rail"]:hover {{ background: {c.raised}; color: {c.text}; }}
QToolButton[role="rail"]:checked {{ background: {c.accent_soft}; color: {c.accent}; font-weight: 600; }}
QToolButton[role="rail"]:focus {{ border-color: {c.accent}; }}
QPushButton {{ background: {c.surface}; color: {c.text}; border: 1px solid {c.line_strong}; border-radius: 7px;
  padding: 7px 14px; min-height: 18px; }}
QPushButton:hover {{ background: {c.raised}; }}
QPushButton:pressed {{ background: {c.line}; }}
QPushButton:focus {{ border: 2px solid {c.accent}; padding: 6px 13px; }}
QPushButton:disabled {{ color: {c.text_faint}; border-color: {c.line}; background: {c.ground}; }}
QPushButton[role="primary"] {{ background: {c.accent}; color: {c.accent_text}; border: 1px solid {c.accent}; font-weight: 600; }}
QPushButton[role="primary"]:hover {{ background: {c.accent_hover}; border-color: {c.accent_hover}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {c.text}; }}
QPushButton[role="primary"]:disabled {{ background: {c.line}; color: {c.text_faint}; border-color: {c.line}; }}
QPushButton[role="danger"] {{ color: {c.bad}; border-color: {c.bad}; }}
QPushButton[role="quiet"] {{ border: 1px solid transparent; background: transparent; color: {c.accent}; }}
QPushButton[role="quiet"]:hover {{ background: {c.raised}; }}
QPushButton[role="quiet"]:focus {{ border: 2px solid {c.accent}; }}
QPushButton[role="chip"] {{ border-radius: 14px; padding: 4px 12px; }}
QPushButton[role="chip"]:checked {{ background: {c.accent_soft}; border-color: {c.accent}; color: {c.accent}; }}
QToolButton {{ border: 1px solid transparent; border-radius: 6px; padding: 5px; color: {c.text}; }}
QToolButton:hover {{ background: {c.raised}; }}
QToolButton:checked {{ background: {c.accent_soft}; color: {c.accent}; }}
QToolButton:focus {{ border-color: {c.accent}; }}
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {{ background: {c.surface}; color: {c.text};
  border: 1px solid {c.line_strong}; border-radius: 7px; padding: 6px 9px; selection-background-color: {c.accent};
  selection-color: {c.accent_text}; }}
QAbstractSpinBox QLineEdit {{ border: none; padding: 0 8px; margin: 0; min-height: 0; background: transparent; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; height: 0; border: none; }}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {{
  border: 2px solid {c.accent}; padding: 5px 8px; }}
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {c.text_faint}; background: {c.ground}; }}
QCheckBox::indicator:unchecked, QAbstractItemView::indicator:unchecked {{ border: 1px solid {c.text_faint};
  border-radius: 3px; background: {c.surface}; width: 12px; height: 12px; }}
QComboBox::drop-down {{ border: none; width: 26px; }}
QComboBox::down-arrow {{ image: url({(resources() / "icons" / f"chevron-down-{'dark' if c is DARK else 'light'}.svg").as_posix()}); width: 14px; height: 14px; }}
QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.line_strong}; outline: none;
  selection-background-color: {c.accent_soft}; selection-color: {c.text}; }}
QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.line}; border-radius: {RADIUS}px; outline: none;
  selection-background-color: {c.accent_soft}; selection-color: {c.text}; }}
QAbstractItemView[role="bare"] {{ border: none; background: transparent; }}
QHeaderView::section {{ background: {c.surface}; color: {c.text_soft}; border: none; border-bottom: 1px solid {c.line};
  padding: 7px 9px; font-weight: 600; }}
QTableView {{ gridline-color: {c.line}; }}
QTableView::item {{ padding: 0 6px; }}
QTableView QHeaderView {{ qproperty-defaultAlignment: 'AlignLeft|AlignVCenter'; }}
QScrollArea {{ border: none; background: transparent; }}
QScrollArea > QWidget > QWidget[role="page"], QWidget[role="page"] {{ background: {c.ground}; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {c.line_strong}; border-radius: 4px; margin: 2px; min-height: 28px; min-width: 28px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QProgressBar {{ background: {c.raised}; border: none; border-radius: 4px; min-height: 8px; max-height: 8px; text-align: center; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 4px; }}
QStatusBar {{ background: {c.rail}; color: {c.text_soft}; border-top: 1px solid {c.line}; }}
QStatusBar::item {{ border: none; }}
QMenu {{ background: {c.surface}; color: {c.text}; border: 1px solid {c.line_strong}; padding: 6px; }}
QMenu::item {{ padding: 6px 26px 6px 20px; border-radius: 5px; }}
QMenu::item:selected {{ background: {c.accent_soft}; }}
QMenu::item:disabled {{ color: {c.text_faint}; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: 5px 8px; }}
QMenuBar {{ background: {c.rail}; color: {c.text}; }}
QMenuBar::item:selected {{ background: {c.raised}; border-radius: 5px; }}
QTabBar::tab {{ background: transparent; color: {c.text_soft}; padding: 8px 14px; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {c.accent}; border-bottom: 2px solid {c.accent}; }}
QTabWidget::pane {{ border: none; }}
QSplitter::handle {{ background: transparent; }}
QSlider::groove:horizontal {{ height: 4px; background: {c.line}; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {c.accent}; width: 16px; margin: -6px 0; border-radius: 8px; }}
"""
