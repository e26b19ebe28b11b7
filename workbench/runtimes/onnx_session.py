"""ONNX Runtime and LiteRT behind one small face: named arrays in, named arrays out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.untrusted import open_onnx

_MOST_BYTES = 20_000_000_000
_LOOK_SECONDS = 0.1


class Session(Protocol):
    """A network that runs outside torch."""

    inputs: dict[str, tuple[int, ...]]  # shapes by name; -1 where any size goes
    outputs: tuple[str, ...]
    output_shapes: dict[str, tuple[int, ...]]

    def run(self, given: Mapping[str, Any]) -> list[Any]:
        """Arrays by input name to arrays in the order of `outputs`."""


class OnnxSession:
    """An ONNX file on the processor. Raises: UserError when it is none or is damaged."""

    def __init__(self, path: Path) -> None:
        self._session = open_onnx(path)
        self.inputs = {
            i.name: tuple(d if isinstance(d, int) else -1 for d in i.shape) for i in self._session.get_inputs()
        }
        self.types = {i.name: i.type for i in self._session.get_inputs()}
        self.outputs = tuple(o.name for o in self._session.get_outputs())
        self.output_shapes = {
            o.name: tuple(d if isinstance(d, int) else -1 for d in o.shape) for o in self._session.get_outputs()
        }

    def run(self, given: Mapping[str, Any]) -> list[Any]:
        return list(self._session.run(list(self.outputs), dict(given)))


class StoppableRun:
    """One array in, the first output out, and a long run can be stopped in its midst.

    Args:
        session: an `onnxruntime.InferenceSession` with one input.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = [session.get_outputs()[0].name]
        self._control = Control()

    @contextmanager
    def watching(self, control: Control) -> Iterator[None]:
        """Inside, runs obey this control. They end by `Cancelled`."""
        old, self._control = self._control, control
        try:
            yield
        finally:
            self._control = old

    def __call__(self, array: Any) -> Any:
        import onnxruntime

        control = self._control
        control.check()
        options = onnxruntime.RunOptions()
        options.log_severity_level = 4
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_LOOK_SECONDS):
                if control.cancelled:
                    options.terminate = True
                    return

        watcher = threading.Thread(target=watch, daemon=True, name="stop a network")
        watcher.start()
        try:
            return self._session.run(self._outputs, {self._input: array}, options)[0]
        except Exception:  # the library's errors share no base class; a run that was stopped is no failure
            control.check()
            raise
        finally:
            over.set()
            watcher.join()


class LiteSession:
    """A TFLite file through LiteRT. Raises: UserError when it is none or needs parts LiteRT does not have."""

    def __init__(self, path: Path) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:  # not made for every system
            raise UserError("TFLite networks cannot be run on this system.", "Look for the model as ONNX.") from error

        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=2)
            self._details = self._interpreter.get_input_details()
            self._out = self._interpreter.get_output_details()
        except (ValueError, RuntimeError, OSError) as error:
            raise UserError(
                f"“{path.name}” is no TFLite network this app can run.", "Download or choose it again."
            ) from error
        self.inputs = {d["name"]: tuple(int(v) for v in d["shape_signature"]) for d in self._details}
        self.outputs = tuple(d["name"] for d in self._out)
        self.output_shapes = {d["name"]: tuple(int(v) for v in d["shape_signature"]) for d in self._out}
        # Of whole-number inputs: value = (number - zero) * scale.
        self.scales = {
            d["name"]: (*d["quantization"], not str(d["dtype"].__name__).startswith("float")) for d in self._details
        }
        self._shapes: dict[str, tuple[int, ...]] = {}

    def run(self, given: Mapping[str, Any]) -> list[Any]:
        import numpy as np

        shapes = {name: tuple(value.shape) for name, value in given.items()}
        try:
            if shapes != self._shapes:
                for detail in self._details:
                    if tuple(detail["shape"]) != shapes[detail["name"]]:
                        self._interpreter.resize_tensor_input(detail["index"], shapes[detail["name"]])
                self._interpreter.allocate_tensors()
                self._shapes = shapes
            for detail in self._details:
                value = np.asarray(given[detail["name"]])
                scale, zero = detail["quantization"]
                if np.issubdtype(detail["dtype"], np.integer) and scale and value.dtype.kind == "f":
                    kind = np.iinfo(detail["dtype"])  # the edge of the scale rounds out of it
                    value = np.clip(np.round(value / scale + zero), kind.min, kind.max)
                self._interpreter.set_tensor(detail["index"], value.astype(detail["dtype"]))
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise UserError("This TFLite network does not run on this input.", "Choose another model.") from error
        found = []
        for detail in self._out:
            value = self._interpreter.get_tensor(detail["index"])
            scale, zero = detail["quantization"]
            if np.issubdtype(detail["dtype"], np.integer) and scale:
                value = (value.astype(np.float32) - zero) * scale
            found.append(value)
        return found


def open_session(path: Path) -> Session:
    """By the file's ending. Raises: UserError when it is neither, or too large."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"“{path.name}” is too large for this app.", "Choose another file.")
    except OSError as error:
        raise UserError(f"“{path.name}” cannot be read.", "Download or choose it again.") from error
    return LiteSession(path) if path.suffix == ".tflite" else OnnxSession(path)
