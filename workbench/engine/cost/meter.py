"""Measures what a run costs while it runs, in a small thread, and keeps it in the run's folder as it grows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from workbench.control import Control
from workbench.engine.cost.power import Nvml, Processor, Rapl, memory_watts, open_nvml, processor, processor_joules
from workbench.trust.cost import records
from workbench.trust.cost.records import NOT_COUNTED, NVML, RAPL, CostEstimate, CostMeasured, CostRecord

log = logging.getLogger(__name__)

_TICK = 0.1
# A run that is killed loses at most so much of its account.
_KEEP_SECONDS = 5.0
_running: dict[str, Meter] = {}


def running(run_id: str) -> CostRecord | None:
    """What a run of this process has cost so far, with its earlier sessions; None when it does not run."""
    meter = _running.get(run_id)
    return meter.record() if meter is not None else None


class Meter:
    """Measures from its making until it is left. Time and energy of pauses (`Control.waited`) do not count.

    Args:
        control: of the work; says how long it stood still.
        rapl: the processor's counters; by default this computer's.
        processor_time: CPU seconds of this process so far.
        memory: bytes this process has now.
    """

    def __init__(
        self,
        control: Control,
        rapl: Rapl | None = None,
        processor_time: Callable[[], float] = time.process_time,
        memory: Callable[[], int] | None = None,
        chip: Processor | None = None,
    ) -> None:
        self._control = control
        self._rapl = rapl or Rapl()
        self._processor_time = processor_time
        self._memory = memory or _memory()
        self._chip = chip or processor()
        self._nvml: Nvml | None = None
        self._cuda = False
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._stop = threading.Event()
        self._run_id = ""
        self._folder: Path | None = None
        self._before: CostRecord = CostRecord()
        self._kept_at = time.monotonic()
        measured = self._rapl.readable
        self._spent = CostMeasured(
            processor_method=RAPL if measured else self._chip.method,
            processor=self._chip.name,
            processor_watts=self._chip.watts,
        )
        self._base = self._memory()
        self._at, self._waited, self._cpu = time.monotonic(), control.waited, processor_time()
        self._thread = threading.Thread(target=self._watch, name="cost", daemon=True)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.keep()
        if self._run_id:
            _running.pop(self._run_id, None)

    def belongs_to(self, run_id: str, folder: Path, estimate: Callable[[], CostEstimate | None], again: bool) -> None:
        """From now on it is kept in this folder, after what its earlier sessions cost.

        Args:
            estimate: called for the first session only.
            again: the run goes on; else what an earlier start of the same run left is kept too, as it was spent as well.
        """
        known = records.read(folder)
        if known is None:
            known = CostRecord(None if again else estimate())
        with self._lock:
            self._run_id, self._folder, self._before = run_id, folder, replace(known, ended=False)
        _running[run_id] = self
        self.keep()

    def loaded_already(self, size: int) -> None:
        """So many bytes of what the run needs were in memory before it began: they count as its own."""
        with self._lock:
            self._base = max(0, self._base - size)

    def use_cuda(self) -> None:
        """The run uses the graphics card: its memory and energy count from now on."""
        import torch

        torch.cuda.reset_peak_memory_stats()
        self._nvml = open_nvml(str(getattr(torch.cuda.get_device_properties(0), "uuid", "")))
        self._cuda = True
        with self._lock:
            self._spent = replace(self._spent, gpu_method=NVML if self._nvml is not None else NOT_COUNTED)

    def not_counted(self) -> None:
        """The run uses a graphics card that tells nothing."""
        with self._lock:
            self._spent = replace(self._spent, gpu_method=NOT_COUNTED)

    def record(self) -> CostRecord:
        """Everything until now."""
        with self._lock:
            self._account()
            return replace(self._before, sessions=(*self._before.sessions, self._spent))

    def keep(self, ended: bool = False) -> None:
        """Write it into the run's folder. `ended`: the run came to its own end; what comes after is not its cost."""
        with self._writing:  # the disk may be slow: whoever only asks how much it is does not wait for it
            with self._lock:
                folder = self._folder
                self._account()
                self._before = replace(self._before, ended=self._before.ended or ended)
            self._kept_at = time.monotonic()
            if folder is None:
                return
            try:
                records.write(folder, self.record())
            except OSError as error:
                # The training itself may still find room; its cost is not worth stopping it.
                log.warning("the cost of a run is not kept: %s", error)

    def _watch(self) -> None:
        while not self._stop.wait(_TICK):
            with self._lock:
                self._account()
            if time.monotonic() - self._kept_at > _KEEP_SECONDS:
                self.keep()

    def _account(self) -> None:
        """Add what has passed since the last call, unless the run has ended. Called with the lock held."""
        if self._before.ended:
            return
        at, waited, cpu = time.monotonic(), self._control.waited, self._processor_time()
        gone = at - self._at
        worked = max(0.0, gone - (waited - self._waited))
        share = worked / gone if gone > 0 else 0.0
        used = (cpu - self._cpu) * share
        self._at, self._waited, self._cpu = at, waited, cpu
        size = self._memory()
        card = self._card_joules(gone) * share
        old = self._spent
        joules = self._rapl.joules() * share if old.processor_method == RAPL else processor_joules(used, self._chip)
        modules = 0.0 if old.processor_method == RAPL and self._rapl.counts_memory else memory_watts(size) * worked
        self._spent = replace(
            old,
            seconds=old.seconds + worked,
            cpu_seconds=old.cpu_seconds + used,
            memory_bytes=max(old.memory_bytes, size - self._base),
            gpu_memory_bytes=max(old.gpu_memory_bytes, self._cuda_memory()),
            processor_wh=old.processor_wh + joules / 3600,
            memory_wh=old.memory_wh + modules / 3600,
            gpu_wh=old.gpu_wh + card / 3600,
        )

    def _cuda_memory(self) -> int:
        if not self._cuda:
            return 0
        import torch

        return int(torch.cuda.max_memory_allocated())

    def _card_joules(self, seconds: float) -> float:
        if self._nvml is None:
            return 0.0
        found = self._nvml.joules(seconds)
        if found is None and self._spent.gpu_method == NVML:
            self._spent = replace(self._spent, gpu_method=NOT_COUNTED)
        return found or 0.0


def _memory() -> Callable[[], int]:
    import psutil

    process = psutil.Process()
    return lambda: int(process.memory_info().rss)
