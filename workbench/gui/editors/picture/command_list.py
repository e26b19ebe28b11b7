"""The commands of the editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.gui.editors.picture.commands import EditorCommand

if TYPE_CHECKING:
    from workbench.gui.editors.picture.editor import PictureEditor

_ZOOM = 1.25


def editor_commands(editor: PictureEditor) -> list[EditorCommand]:
    """All of them, in the order of the list of shortcuts."""
    deeds, canvas, stack = editor.deeds, editor.canvas, editor.ctx.store.undo_stack
    made = EditorCommand
    tools = [
        made(f"tool-{tool.id}", tool.title, "Draw", (tool.key,), lambda i=tool.id: editor.take(i), tool.icon)  # type: ignore[misc]
        for tool in editor.tools.values()
    ]
    numbers = [
        made(f"class-{n}", "", "", (str(n),), lambda n=n: deeds.take_class_number(n))  # type: ignore[misc]
        for n in range(1, 10)
    ]
    brush = [
        made("thinner", "Smaller brush", "Draw", ("[",), lambda: canvas.size_brush(1 / 1.2)),
        made("thicker", "Larger brush", "Draw", ("]",), lambda: canvas.size_brush(1.2)),
    ]
    return [
        made("done", "Done, and on to the next", "Picture", ("D",), lambda: editor.mark(deeds.done)),
        made("enter", "The next thing: accept, go to the next suggestion, done", "Picture", ("Return", "Enter"), editor.enter),
        made("nothing", "Nothing here: done without labels", "Picture", ("N",), lambda: editor.mark(deeds.nothing_here)),
        made("not-done", "Not done after all", "Picture", ("U",), deeds.not_done),
        made("next", "Next picture", "Picture", ("PgDown", "Right"), lambda: editor.step(1)),
        made("previous", "Previous picture", "Picture", ("PgUp", "Left"), lambda: editor.step(-1)),
        made("next-open", "Next picture that is not done", "Picture", ("X",), editor.next_open),
        made("jump", "Go to a picture by its number", "Picture", ("Ctrl+G",), lambda: _jump(editor)),
        made("back", "Back to the list", "", (), editor.leave),
        made("escape", "", "", ("Esc",), editor.escape),
        *tools,
        *(brush if "brush" in editor.tools else []),
        made("class", "Pick a class by name, or make one", "Labels", ("C",), editor.find_class, "tag"),
        *numbers,
        made("class-number", "Pick a class; give it to what is chosen", "Labels", ("1 to 9",), lambda: None),
        made("choose-all", "Choose all", "Labels", ("Ctrl+A",), deeds.choose_all, in_menu=True),
        made("copy", "Copy", "Labels", ("Ctrl+C",), deeds.copy, "copy", in_menu=True),
        made("cut", "Cut", "Labels", ("Ctrl+X",), deeds.cut, "scissors", in_menu=True),
        made("paste", "Paste", "Labels", ("Ctrl+V",), deeds.paste, "clipboard-paste", in_menu=True),
        made("duplicate", "Duplicate", "Labels", ("Ctrl+D",), deeds.duplicate, in_menu=True),
        made("copy-previous", "Copy from the picture before", "Labels", ("Ctrl+Shift+V",), lambda: _copy_previous(editor), in_menu=True),
        made("delete", "Delete", "Labels", ("Del", "Backspace"), deeds.delete, "trash-2", in_menu=True),
        made("hide", "Hide or show", "Labels", ("H",), deeds.toggle_hidden, "eye-off", in_menu=True),
        made("lock", "Lock or unlock", "Labels", ("L",), deeds.toggle_locked, "lock", in_menu=True),
        made("ignore", "Don't count, or count", "Labels", ("I",), deeds.toggle_ignored, "ban", in_menu=True),
        made("raise", "One place up", "Labels", ("Ctrl+]",), lambda: deeds.shift(1), in_menu=True),
        made("lower", "One place down", "Labels", ("Ctrl+[",), lambda: deeds.shift(-1), in_menu=True),
        made("point-next", "Pick out the next point of the outline", "Labels", (".",), lambda: canvas.select_tool.step_point(1)),
        made("point-previous", "Pick out the point before", "Labels", (",",), lambda: canvas.select_tool.step_point(-1)),
        made("undo", "Undo", "", (), stack.undo),
        made("redo", "Redo", "", (), stack.redo),
        made("suggest", "Let the model suggest labels", "Suggestions", ("W",), editor.suggest),
        made("review", "Review suggestions, the least certain first", "Suggestions", ("Q",), editor.toggle_review),
        made("accept", "Accept the chosen suggestion", "Suggestions", ("A",), editor.accept),
        made("accept-all", "Accept all that are shown", "Suggestions", ("Shift+A",), deeds.accept_all),
        made("reject", "Reject the chosen suggestion", "Suggestions", ("R",), editor.reject),
        made("reject-all", "Reject all that are shown", "Suggestions", ("Shift+R",), deeds.reject_all),
        made("zoom-in", "Closer", "View", ("+", "="), lambda: canvas.zoom_by(_ZOOM)),
        made("zoom-out", "Farther", "View", ("-",), lambda: canvas.zoom_by(1 / _ZOOM)),
        made("fit", "The whole picture", "View", ("0",), canvas.fit),
        made("actual", "Pixel for pixel, and back", "View", ("Z",), canvas.actual_size),
        made("zoom-chosen", "Zoom to what is chosen", "View", ("Shift+Z",), canvas.show_chosen),
        made("hide-all", "Hide all labels for now", "View", ("Shift+H",), editor.hide_all),
        made("snap", "Snapping on or off", "View", ("S",), lambda: editor.toggle("snap")),
        made("guides", "Lines through the pointer on or off", "View", ("G",), lambda: editor.toggle("guides")),
        made("strip", "Strip of pictures on or off", "View", ("T",), lambda: editor.toggle("strip")),
        made("shortcuts", "This list", "View", ("?",), editor.show_shortcuts),
    ]  # fmt: skip


def _jump(editor: PictureEditor) -> None:
    editor.top.place.setFocus()
    editor.top.place.selectAll()


def _copy_previous(editor: PictureEditor) -> None:
    before = editor.route.before
    if before:
        editor.deeds.copy_from(before)
    else:
        editor.tell("There is no picture before this one.")
