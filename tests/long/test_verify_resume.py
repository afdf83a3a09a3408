"""Kill a test at random moments, again and again: it ends in the bytes of an uninterrupted one."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import numpy as np
import pytest

from resilience.case.case import load_case
from resilience.stress.stress import stress_test
from tests.places import CASES
from tests.stress.test_stress import PLAN, command, contents

pytestmark = pytest.mark.verify
KILLS = 8


def test_kills_at_random_moments_lose_nothing(tmp_path, report):
    whole = stress_test(load_case(CASES / "sioux_falls"), workers=1, out=tmp_path / "whole", **PLAN).folder
    moments = np.random.default_rng(1).uniform(0.5, 8.0, KILLS)
    finished = 0
    for number, seconds in enumerate(moments):
        out = tmp_path / f"killed{number}"
        for _ in range(2):
            process = subprocess.Popen(command(out, "--workers", "2"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
            time.sleep(seconds)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                finished += 1
            process.wait(timeout=60)
        done = subprocess.run(command(out, "--workers", "2"), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert contents(out) == contents(whole)
    report(f"- **Nothing lost.** {2 * KILLS} runs killed at random moments ({finished} had ended): all went on to "
           "the bytes of an uninterrupted run.")  # fmt: skip
