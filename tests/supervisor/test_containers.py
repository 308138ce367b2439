"""The compose file starts the processes that `make run` starts, safely."""

from __future__ import annotations

import os
import re

import pytest
import yaml

from lifecycle.contracts.settings import ROOT, SETTINGS, load_settings
from workers.supervisor.plan import build_commands, build_environ

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
APP = {"web", "serving", "worker-io", "worker-cpu", "beat"}


def test_every_process_of_one_machine_has_a_container():
    assert set(build_commands(load_settings())) - {"worker-gpu"} == APP
    assert {name: SERVICES[name]["command"] for name in APP} == {name: [name] for name in APP}


@pytest.mark.parametrize("name", sorted((APP - {"beat"}) | {"postgres", "redis"}))
def test_a_service_that_others_rely_on_has_a_health_check(name):
    assert SERVICES[name]["healthcheck"]["test"]


def test_nothing_starts_before_the_database_is_migrated():
    for name in APP:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_secrets_come_from_the_environment():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|_URL", name) and "redis://redis" not in value:
                assert "${" in value, name


def test_only_documented_settings_are_passed():
    documented = {setting.name for setting in SETTINGS}

    assert set(SERVICES["web"]["environment"]) <= documented


def test_data_lies_on_volumes():
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}

    assert mounted == set(COMPOSE["volumes"])


def test_the_image_runs_as_an_ordinary_user():
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    assert [line for line in lines if line.startswith("USER")] == ["USER gristmill"]


def test_heavy_jobs_share_the_cores():
    settings = load_settings()
    cores = os.cpu_count() or 1

    threads = int(build_environ("worker-cpu", settings)["OMP_NUM_THREADS"])

    assert 1 <= threads * settings.worker_concurrency <= max(cores, settings.worker_concurrency)
    assert build_environ("web", settings) == {}
