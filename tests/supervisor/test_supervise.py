"""One real instance: what it prints, what survives it, what does not."""

from __future__ import annotations

import json
import os
import signal
import socket

import psycopg
import pytest

from workers.supervisor import spawn

pytestmark = [pytest.mark.serial, pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")]


def test_a_start_prints_the_address_and_the_state_of_each_process(start, wait_for, ports):
    instance = start()

    wait_for(lambda: instance.says("worker running"))

    assert instance.says(f"Gristmill is at http://127.0.0.1:{ports[0]}")
    assert instance.says("Postgres running · Redis running")


def test_the_first_start_alone_prepares_the_database(start, wait_for, home):
    first = start()
    wait_for(lambda: first.says("Gristmill is at"))
    first.stop()
    (home / "console.txt").write_text("")

    second = start()
    wait_for(lambda: second.says("Gristmill is at"))

    assert not second.says("password: once")


def test_a_stop_ends_every_process(start, wait_for):
    instance = start()
    wait_for(lambda: instance.says("worker running"))

    code = instance.stop(signal.SIGINT)

    assert code == 0
    assert instance.says("Stopped")
    assert [pid for pid in instance.pids() if spawn.is_alive(pid)] == []


def test_a_killed_supervisor_takes_its_children_along_and_starts_again(start, wait_for, home):
    instance = start()
    wait_for(lambda: instance.says("worker running"))
    url = json.loads((home / "run" / "env.json").read_text())["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        connection.execute("create table kept as select 7 as number")

    orphans = instance.pids()
    instance.stop(signal.SIGKILL)

    again = start()
    wait_for(lambda: again.output.read_text().count("Gristmill is at") == 2)
    assert not any(spawn.is_alive(pid) for pid in orphans)
    with psycopg.connect(url) as connection:
        assert connection.execute("select number from kept").fetchone() == (7,)


def test_a_killed_child_is_started_again(start, wait_for, home):
    instance = start()
    wait_for(lambda: instance.says("worker running"))
    pids = json.loads((home / "run" / "processes.json").read_text())

    os.kill(int(next(iter(pids))), signal.SIGKILL)

    wait_for(lambda: instance.says("web ended (signal SIGKILL)"))
    wait_for(
        lambda: (
            instance.output.read_text().rstrip().endswith("Redis running")
            and "web running" in instance.output.read_text().rstrip().splitlines()[-1]
        )
    )


def test_a_killed_database_is_started_again(start, wait_for, home):
    instance = start()
    wait_for(lambda: instance.says("worker running"))
    url = json.loads((home / "run" / "env.json").read_text())["DATABASE_URL"]

    os.kill(int((home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    wait_for(lambda: instance.says("Postgres ended unexpectedly"))
    wait_for(lambda: _answers(url))


def test_a_child_that_ends_by_itself_has_its_reason_printed(start, wait_for):
    instance = start("--crash")

    wait_for(lambda: instance.says("crasher ended (exit code 3)"))

    wait_for(lambda: instance.says("crasher    | the reason is here"))


def test_a_complaint_that_repeats_itself_is_shown_once(start, wait_for, home):
    instance = start("--crash")

    wait_for(lambda: (home / "log" / "chatter.log").exists())
    wait_for(lambda: (home / "log" / "chatter.log").read_text().count("it hurts here") > 20)

    assert instance.output.read_text().count("it hurts here") == 1


def test_a_second_start_names_the_address_of_the_first(start, wait_for, ports):
    first = start()
    wait_for(lambda: first.says("Gristmill is at"))

    second = start()

    assert second.process.wait(20) == 1
    assert second.says(f"already running: http://127.0.0.1:{ports[0]}")


def test_a_taken_port_is_named_with_the_setting_to_change(start, ports):
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[0]))
        other.listen(1)

        instance = start()

        assert instance.process.wait(20) == 1
    assert instance.says(f"Port {ports[0]}")
    assert instance.says("Set GRISTMILL_PORT")


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True
