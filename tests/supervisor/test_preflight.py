"""Each thing in the way of a start gets a sentence that says what to do."""

from __future__ import annotations

import ast
import socket
import sys

import pytest

from lifecycle.contracts.settings import ROOT
from workers.supervisor import bootstrap, preflight
from workers.supervisor.children import delay_before_restart


def test_a_taken_port_is_named_with_its_setting():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]

        with pytest.raises(preflight.PreflightError, match=rf"Port {port} .* Set GRISTMILL_PORT"):
            preflight.check_port("127.0.0.1", port, "GRISTMILL_PORT")


def test_a_full_disk_is_named_with_what_to_do(tmp_path):
    with pytest.raises(preflight.PreflightError, match="nearly full: 10 MiB free"):
        preflight.check_room(tmp_path, 10 * 2**20)


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(preflight.PreflightError, match="set GRISTMILL_HOME"):
        preflight.check_home(tmp_path / "file" / "var")


def test_bootstrap_is_readable_to_an_old_python():
    ast.parse((ROOT / "workers" / "supervisor" / "bootstrap.py").read_text(), feature_version=(3, 6))


def test_bootstrap_says_what_to_install_where_no_python_fits(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SystemExit, match="needs Python 3.11"):
        bootstrap.main(["run"])


def test_restarts_come_later_and_later():
    assert [delay_before_restart(crashes) for crashes in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
