"""What a training costs: counters, pauses, resumed runs, and what past runs teach."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.app_paths import app_paths
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.engine.cost.expect import expected
from workbench.engine.cost.meter import Meter, running
from workbench.engine.cost.past import GUESSED, KIND, MEASURED, NARROWEST, correction, learn
from workbench.engine.cost.power import (
    Nvml,
    Processor,
    Rapl,
    built_for,
    memory_watts,
    processor,
    processor_joules,
)
from workbench.engine.estimate import estimate, measure
from workbench.engine.events import Finished, How, RunConfig
from workbench.engine.fit import fit, new_config, resumable
from workbench.errors import Cancelled
from workbench.trust.cost import records
from workbench.trust.cost.records import CostEstimate, CostMeasured, CostRecord

MakeProject = Callable[[Path], Project]
Digits = Callable[..., Path]
CHIP = Processor("a chip", 100.0, 4, "tdp")


def plant(folder: Path, zone: str, name: str, energy: int, most: int = 1_000_000) -> Path:
    place = folder / zone
    place.mkdir(parents=True, exist_ok=True)
    for file, value in (("name", name), ("energy_uj", energy), ("max_energy_range_uj", most)):
        (place / file).write_text(f"{value}\n")
    return place


def told(seconds: float = 10.0, memory: int = 100, watts: float = 20.0) -> CostEstimate:
    return CostEstimate(
        seconds, seconds / 2, seconds * 2, memory, memory // 2, memory * 2, watts, seconds, memory, watts
    )


# Counters ------------------------------------------------------------------------------------------------------------


def test_a_counter_is_read_and_goes_round(tmp_path: Path) -> None:
    first = plant(tmp_path, "intel-rapl:0", "package-0", 900_000)
    second = plant(tmp_path, "intel-rapl:1", "package-1", 10)
    plant(tmp_path, "intel-rapl:0:0", "core", 5)  # a part of the first: not counted again
    plant(tmp_path, "intel-rapl-mmio:0", "package-0", 5)  # the same once more, by another way
    plant(tmp_path, "intel-rapl:2", "psys", 5)
    dram = plant(tmp_path, "intel-rapl:0:1", "dram", 0)
    rapl = Rapl(tmp_path)
    assert rapl.readable and rapl.counts_memory
    (first / "energy_uj").write_text("200000")  # 1,000,000 was its end: 100,000 to there and 200,000 after
    (second / "energy_uj").write_text("500010")
    (dram / "energy_uj").write_text("70000")
    assert rapl.joules() == pytest.approx(0.3 + 0.5 + 0.07)
    assert rapl.joules() == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 999_999), min_size=2, max_size=12))
def test_whatever_a_counter_shows_the_sum_is_what_was_used(steps: list[int]) -> None:
    import tempfile

    most = 1_000_000
    with tempfile.TemporaryDirectory() as name:
        zone = plant(Path(name), "intel-rapl:0", "package-0", 0, most)
        rapl = Rapl(Path(name))
        used = total = 0
        for step in steps:
            used += step
            (zone / "energy_uj").write_text(str(used % most))
            total += round(rapl.joules() * 1e6)
        assert total == used


def test_a_counter_that_may_not_be_read_is_none(tmp_path: Path) -> None:
    assert not Rapl(tmp_path / "nowhere").readable
    zone = plant(tmp_path, "intel-rapl:0", "package-0", 5)
    (zone / "energy_uj").unlink()
    (zone / "energy_uj").mkdir()  # cannot be read, whoever asks
    assert not Rapl(tmp_path).readable


class FakeDriver:
    """What NVIDIA's library does, in a few lines: a counter in millijoules, or only a power in milliwatts."""

    def __init__(self, counts: bool = True) -> None:
        self.millijoules, self.counts, self.asked = 1000, counts, b""

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlDeviceGetHandleByUUID(self, name: bytes, _target: object) -> int:
        self.asked = name
        return 0 if name == b"GPU-12" else 6

    def nvmlDeviceGetHandleByIndex_v2(self, _index: int, _target: object) -> int:
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, _device: object, target: object) -> int:
        ctypes.cast(target, ctypes.POINTER(ctypes.c_ulonglong))[0] = self.millijoules  # type: ignore[arg-type]
        return 0 if self.counts else 3

    def nvmlDeviceGetPowerUsage(self, _device: object, target: object) -> int:
        ctypes.cast(target, ctypes.POINTER(ctypes.c_uint))[0] = 150_000  # type: ignore[arg-type]
        return 0

    def nvmlDeviceGetEnforcedPowerLimit(self, _device: object, target: object) -> int:
        ctypes.cast(target, ctypes.POINTER(ctypes.c_uint))[0] = 300_000  # type: ignore[arg-type]
        return 0


def test_a_graphics_card_by_its_counter_or_its_power() -> None:
    driver = FakeDriver()
    card = Nvml(driver, "12")
    assert card.works and card.limit() == 300 and driver.asked == b"GPU-12"
    driver.millijoules += 4200
    assert card.joules(1.0) == pytest.approx(4.2)
    assert Nvml(FakeDriver(counts=False)).joules(2.0) == pytest.approx(300)
    assert not Nvml(FakeDriver(), "34").works


# The model where nothing counts ------------------------------------------------------------------------------------------


# Worked out with codecarbon 3.3.2: RAM(tracking_mode="process")._calculate_ram_power(GiB) in watts.
@pytest.mark.parametrize(
    ("gib", "arm", "watts"),
    [
        (0.5, False, 10.0), (2, False, 10.0), (16, False, 10.0), (24, False, 20.0), (64, False, 20.0), (100, False, 38.0),
        (128, False, 38.0), (256, False, 38.0), (300, False, 46.0), (700, False, 50.0), (5000, False, 126.0),
        (1, True, 3.0), (16, True, 3.0), (64, True, 6.0), (128, True, 11.4),
    ],
)  # fmt: skip
def test_memory_is_modelled_as_codecarbon_does(gib: float, arm: bool, watts: float) -> None:
    assert memory_watts(gib * 2**30, arm) == pytest.approx(watts)


def test_the_processor_is_modelled_as_codecarbon_does() -> None:
    # codecarbon, one process: power = TDP * (CPU seconds / seconds) * 100 / threads / 100; energy = power * seconds.
    cpu_seconds, seconds = 6.0, 3.0
    power = CHIP.watts * (cpu_seconds / seconds * 100) / CHIP.threads / 100
    assert processor_joules(cpu_seconds, CHIP) == pytest.approx(power * seconds)


@pytest.mark.parametrize(
    ("name", "watts"),
    [
        ("Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz", 15), ("11th Gen Intel(R) Core(TM) i5-1135G7 @ 2.40GHz", 28),
        ("AMD Ryzen 7 5800U with Radeon Graphics", 15), ("AMD Ryzen 7 5800X 8-Core Processor", 105), ("Apple M1", 10),
        ("AMD EPYC 7203P 8-Core Processor", 120),
    ],
)  # fmt: skip
def test_processors_are_known_by_the_names_systems_give_them(name: str, watts: float) -> None:
    assert built_for(name) == watts


def test_an_unknown_processor_gets_the_default_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.trust.cost.words import method

    assert built_for("Cyrix 6x86") is None and built_for("") is None
    monkeypatch.setattr("workbench.engine.cost.power._processor_name", lambda: "Cyrix 6x86")
    processor.cache_clear()
    try:
        found = processor()
        assert found.watts == 4 * found.threads and found.method == "default"
        said = method(CostMeasured(processor_method="default", processor="Cyrix 6x86", processor_watts=found.watts))
        assert "Cyrix 6x86" in said and "4 W for each thread" in said and "not measured" in said
    finally:
        processor.cache_clear()


# The meter -----------------------------------------------------------------------------------------------------------------


class Machine:
    """A process whose processor time and memory are made up."""

    def __init__(self) -> None:
        self.cpu, self.size = 0.0, 1_000_000_000

    def meter(self, control: Control, rapl: Rapl | None = None) -> Meter:
        return Meter(control, rapl or Rapl(Path("/nowhere")), lambda: self.cpu, lambda: self.size, CHIP)


def test_time_memory_and_energy_are_counted(tmp_path: Path) -> None:
    machine = Machine()
    with machine.meter(Control()) as meter:
        meter.belongs_to("r", tmp_path, told, again=False)
        machine.cpu, machine.size = 8.0, 1_700_000_000
        assert running("r") is not None
        machine.size = 1_200_000_000
        began = time.monotonic()
        time.sleep(0.3)
        slept = time.monotonic() - began
    found = records.read(tmp_path)
    assert found is not None and running("r") is None and not found.ended and found.estimate == told()
    spent = found.sessions[0]
    assert spent.memory_bytes == 700_000_000 and spent.cpu_seconds == pytest.approx(8.0)
    assert spent.processor_wh == pytest.approx(100 * 8 / 4 / 3600)
    assert slept <= spent.seconds and spent.memory_wh == pytest.approx(10 * spent.seconds / 3600, rel=0.01)
    assert spent.processor_method == "tdp"


def test_a_counter_is_believed_before_the_model(tmp_path: Path) -> None:
    zone = plant(tmp_path / "cap", "intel-rapl:0", "package-0", 999_000_000, 1_000_000_000)
    machine = Machine()
    with machine.meter(Control(), Rapl(tmp_path / "cap")) as meter:
        meter.belongs_to("r", tmp_path, told, again=False)
        machine.cpu = 1000.0
        (zone / "energy_uj").write_text("35000000")  # around the end: 1 J to it and 35 J after
    found = records.read(tmp_path)
    assert found is not None and found.measured is not None
    assert found.measured.processor_method == "rapl" and found.measured.processor_wh == pytest.approx(36 / 3600)


def test_a_pause_costs_nothing() -> None:
    control, machine = Control(), Machine()
    done = threading.Event()

    def work() -> None:
        control.check()
        done.set()

    with machine.meter(control) as meter:
        control.pause()
        worker = threading.Thread(target=work)
        worker.start()
        while not control.waited:
            time.sleep(0.01)
        before = meter.record().sessions[-1]
        began = time.monotonic()
        machine.cpu += 50.0  # the window is busy, say
        time.sleep(0.5)
        during = meter.record().sessions[-1]
        paused = time.monotonic() - began
        control.resume()
        worker.join()
    assert done.is_set() and control.waited >= paused >= 0.5
    assert during.seconds - before.seconds < 0.05, "the clock stands still"
    assert during.cpu_seconds == pytest.approx(before.cpu_seconds, abs=0.5)


def test_sessions_add_up(tmp_path: Path) -> None:
    for number, again in enumerate((False, True, True), 1):
        machine = Machine()
        with machine.meter(Control()) as meter:
            meter.belongs_to("r", tmp_path, lambda: told(seconds=7), again=again)
            machine.cpu, machine.size = 2.0, machine.size + number * 1000
            meter.keep(ended=number == 3)
    found = records.read(tmp_path)
    assert found is not None and len(found.sessions) == 3 and found.ended
    total = found.measured
    assert total is not None and total.sessions == 3
    assert total.cpu_seconds == pytest.approx(6.0) and total.memory_bytes == 3000
    assert total.seconds == pytest.approx(sum(s.seconds for s in found.sessions))
    assert found.estimate == told(seconds=7), "what was said first"


def test_a_full_disk_does_not_stop_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("workbench.trust.cost.records.write", full)
    with Machine().meter(Control()) as meter:
        meter.belongs_to("r", tmp_path, told, again=False)
    assert records.read(tmp_path) is None


# Past trainings ----------------------------------------------------------------------------------------------------------


def took(factor: float, how: How = How.QUICK, model: str = "m", task: str = "t", memory: float = 1.0) -> None:
    """A training that took so many times what was expected before any correction."""
    guess = told(seconds=10, memory=1000, watts=20)
    real = CostMeasured(10 * factor, memory_bytes=round(1000 * memory), processor_wh=10 * factor * 20 / 3600)
    learn(RunConfig(task, model, how), CostRecord(guess, (real,), ended=True))


def test_the_next_estimate_is_corrected_by_the_median_of_the_last() -> None:
    assert correction("t", "quick", "m", "cpu", True).seconds == 1.0
    assert correction("t", "quick", "m", "cpu", True).seconds_spread == MEASURED
    assert correction("t", "quick", "m", "cpu", False).seconds_spread == GUESSED
    took(2.0, memory=0.5)
    one = correction("t", "quick", "m", "cpu", True)
    assert (one.seconds, one.memory, one.watts, one.runs) == (2.0, 0.5, 1.0, 1) and one.seconds_spread == NARROWEST[0]
    for factor in (2.1, 40.0, 1.9):  # the computer was busy once
        took(factor)
    found = correction("t", "quick", "m", "cpu", True)
    assert found.seconds == pytest.approx(2.05) and found.runs == 4
    assert NARROWEST[3] <= found.seconds_spread <= KIND
    for _ in range(5):
        took(3.0)
    assert correction("t", "quick", "m", "cpu", True).seconds == 3.0, "only the last five count"
    assert correction("t", "quick", "m", "cpu", True).seconds_spread == NARROWEST[-1]


def test_others_like_it_help_where_nothing_is_known_of_itself() -> None:
    took(2.0, model="a")
    took(5.0, model="b", task="another")
    same_kind = correction("t", "quick", "new", "cpu", True)
    assert same_kind.seconds == 2.0 and same_kind.runs == 0 and same_kind.seconds_spread == KIND
    assert correction("new", "quick", "new", "cpu", True).seconds == 3.5
    assert correction("t", "thorough", "a", "cpu", True).seconds == 1.0
    assert correction("t", "quick", "a", "cuda", True).seconds == 1.0, "another device is another thing"


def test_a_run_that_was_stopped_teaches_nothing_and_a_damaged_file_little() -> None:
    learn(RunConfig("t", "m"), CostRecord(told(), (CostMeasured(5.0, memory_bytes=5, processor_wh=1.0),), ended=False))
    assert correction("t", "quick", "m", "cpu", True).runs == 0
    took(2.0)
    file = app_paths().cache / "trainings.jsonl"
    whole = file.read_text()
    file.write_text('{"task": "t"}\nnot json\n[]\n' + whole.replace("2.0", "-7") + whole + whole[:20])
    assert correction("t", "quick", "m", "cpu", True).runs == 1


# Speeds ------------------------------------------------------------------------------------------------------------------


def test_speeds_are_kept_for_model_task_and_kind_and_old_files_are_read(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two"), 6))
    card, _ = catalog.suggest(project.task_id)
    file = app_paths().cache / "speeds.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({card.id: 5.0, f"{card.id} | object-detection | own": 99.0, "broken": -1}))
    old = estimate(project, card, How.QUICK)
    assert old.measured and 12 * 5 < old.seconds < 12 * 5 + 10, "the model's speed of an older version"
    seconds = measure(project, card)
    kept = json.loads(file.read_text())
    assert kept[f"{card.id} | {project.task_id} | batch"] == seconds and kept[card.id] == 5.0
    assert estimate(project, card, How.QUICK).seconds < old.seconds
    assert kept[f"{card.id} | object-detection | own"] == 99.0, "another task has a speed of its own"
    for text in ("[1]", "{", '{"a": "b"}', "null"):
        file.write_text(text)
        assert not estimate(project, card, How.QUICK).measured


# Whole trainings -----------------------------------------------------------------------------------------------------------


def test_a_training_keeps_what_was_said_and_what_it_took_and_the_next_is_told_better(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two"), 12))
    card, _ = catalog.suggest(project.task_id)
    first = expected(project, card, How.QUICK)
    config = new_config(project, card)
    finished = list(fit(config, project, catalog))[-1]
    assert isinstance(finished, Finished)
    found = records.read(project.run(config.run_id).folder)
    assert found is not None and found.ended and found.estimate is not None and found.measured is not None
    assert found.estimate.raw_seconds == first.raw_seconds and found.estimate.learnt_from == 0
    assert finished.seconds == pytest.approx(found.measured.seconds, abs=1.0)
    assert found.measured.seconds > 0 and found.measured.cpu_seconds > 0 and found.measured.watt_hours > 0
    assert found.measured.memory_bytes > 0 and found.error() is not None
    again = expected(project, card, How.QUICK)
    assert again.learnt_from == 1 and again.seconds < first.seconds_high
    assert again.raw_seconds < first.raw_seconds, "its features are known now"
    assert again.seconds_low < again.seconds < again.seconds_high


def test_a_training_that_is_stopped_is_measured_but_not_compared(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two"), 8))
    card, _ = catalog.suggest(project.task_id)
    config, control = new_config(project, card), Control()
    with pytest.raises(Cancelled):
        for _event in fit(config, project, catalog, control):
            control.cancel()
    found = records.read(project.run(config.run_id).folder)
    assert found is not None and found.measured is not None and not found.ended and found.error() is None
    assert expected(project, card, How.QUICK).learnt_from == 0


def test_a_killed_run_counts_what_it_took_before(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, tmp_path: Path
) -> None:
    project = make_project(digits_folder(("one", "two"), 8))
    card, _ = catalog.suggest(project.task_id)
    config = new_config(project, card, How.BALANCED, epochs=3)
    folder = project.runs_folder / config.run_id
    project.close()
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent(f"""
        import json
        from pathlib import Path
        from workbench.catalog.catalog import Catalog
        from workbench.data.project import Project
        from workbench.engine.events import CheckpointSaved, RunConfig
        from workbench.engine.fit import fit
        config = RunConfig.from_json(json.loads({json.dumps(json.dumps(config.to_json()))}))
        with Project.open(Path({str(project.folder)!r})) as project:
            for event in fit(config, project, Catalog.load()):
                if isinstance(event, CheckpointSaved):
                    print("saved", flush=True)
                    input()
    """)
    )
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "saved\n"
        os.kill(child.pid, signal.SIGKILL)
    before = records.read(folder)
    assert before is not None and len(before.sessions) == 1 and before.sessions[0].seconds > 0
    with Project.open(project.folder) as again:
        assert [r.id for r in resumable(again)] == [config.run_id]
        finished = list(fit(config, again, catalog, resume=True))[-1]
    after = records.read(folder)
    assert after is not None and after.ended and after.measured is not None and after.estimate == before.estimate
    assert after.sessions[0] == before.sessions[0] and len(after.sessions) == 2
    assert isinstance(finished, Finished)
    assert after.measured.seconds == pytest.approx(before.sessions[0].seconds + after.sessions[1].seconds)
    assert after.measured.cpu_seconds > before.sessions[0].cpu_seconds


def test_records_are_read_by_older_and_newer_versions(tmp_path: Path) -> None:
    record = CostRecord(told(), (CostMeasured(3.0), replace(CostMeasured(4.0), sessions=1)), ended=True)
    records.write(tmp_path, record)
    assert records.read(tmp_path) == record
    file = tmp_path / records.FILE
    data = json.loads(file.read_text())
    data["sessions"][0]["of a later version"] = 5
    file.write_text(json.dumps(data))
    assert records.read(tmp_path) == record
    for damage in (
        "",
        "[]",
        '{"sessions": 5}',
        json.dumps(data).replace("3.0", '"x"'),
        json.dumps(data).replace("3.0", "-1"),
    ):
        file.write_text(damage)
        assert records.read(tmp_path) is None
