"""The loader as people get it: installed by pip into a fresh environment, without Django, against a live server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lifecycle.loader.conftest import add_items

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import sys
from gristmill_loader import load
version = load(sys.argv[1], "zoo/main@gold", token=sys.argv[2], cache=sys.argv[3], progress=False)
print(len(version), len(list(version.items("train"))), "django" in sys.modules, "lifecycle" in sys.modules)
"""


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_pip_installs_it_and_it_loads_from_a_live_server(host, tmp_path):
    from lifecycle.datasets import services

    add_items(host.dataset, range(20))
    version = host.commit()
    services.tag_version(version=version, user=version.created_by, name="gold")
    source = tmp_path / "source"
    shutil.copytree(ROOT / "lifecycle" / "loader", source, ignore=shutil.ignore_patterns("__pycache__"))
    offline = ["--no-deps", "--no-index", "-q"]
    build = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", *offline, "-w", tmp_path / "dist", source]
    subprocess.run(build, check=True)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    # its dependencies are those of this checkout: nothing is fetched
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    (next((tmp_path / "venv" / "lib").iterdir()) / "site-packages" / "near.pth").write_text(packages + "\n")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    subprocess.run([python, "-m", "pip", "install", *offline, wheel], check=True)

    done = subprocess.run(
        [python, "-c", SCRIPT, host.url, host.token, str(tmp_path / "cache")],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["20", "16", "False", "False"]


def test_every_module_of_the_package_knows_nothing_of_gristmill_but_itself():
    for path in (ROOT / "lifecycle" / "loader").glob("*.py"):
        text = path.read_text()
        assert (
            "import lifecycle" not in text
            and "from lifecycle" not in text
            and "django" not in text.lower().replace("no django", "")
        ), path.name
