"""A process ends soon, whatever its threads do, and what was to be done at its end is done."""

from __future__ import annotations

import subprocess
import sys

HEAD = """
import atexit, sys, threading
from workbench.leaving import leave

class Pair:
    def __del__(self):
        print("looked for")

def lose():
    one, two = Pair(), Pair()
    one.other, two.other = two, one

atexit.register(print, "done at the end")
"""


def ended(program: str) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, "-c", HEAD + program], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout.splitlines()


def test_nothing_is_looked_for_while_it_ends() -> None:
    assert ended("lose(); leave(3)") == (3, ["done at the end"])


def test_a_thread_that_is_about_to_end_is_waited_for() -> None:
    program = """
go = threading.Event()
def work():
    go.wait()
    print("written")
threading.Thread(target=work).start()
go.set()
leave(0)
"""
    assert ended(program) == (0, ["written", "done at the end"])


def test_a_thread_in_a_long_step_keeps_nobody() -> None:
    """Without it the process would stay for ever: nobody tells the thread to go on."""
    program = """
sys.stdout.write("begun")
threading.Thread(target=threading.Event().wait, name="one long step").start()
leave(130)
"""
    assert ended(program) == (130, ["begundone at the end"])


def test_the_program_ends_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "--version"], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip()


def test_the_window_waits_for_its_threads() -> None:
    program = """
def work():
    threading.main_thread().join()
    print("written")
threading.Thread(target=work).start()
lose()
leave(0, patient=True)
"""
    assert ended(program) == (0, ["written", "done at the end"])
