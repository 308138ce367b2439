"""One table of settings, and where a value comes from."""

from __future__ import annotations

import json

import pytest

from lifecycle.contracts.settings import ROOT, SETTINGS, SettingError, load_settings, render_table


def test_the_table_in_the_readme_is_the_table_in_the_code():
    assert render_table() in (ROOT / "README.md").read_text(), "paste render_table() into README.md"


def test_the_environment_wins_over_the_file_and_the_file_over_a_running_instance(tmp_path):
    (tmp_path / ".env").write_text("export GRISTMILL_PORT='8100'\n# a comment\nREDIS_URL=redis://file\n")
    (tmp_path / "var" / "run").mkdir(parents=True)
    running = {"REDIS_URL": "redis://running", "DATABASE_URL": "postgresql://running/name"}
    (tmp_path / "var" / "run" / "env.json").write_text(json.dumps(running))

    settings = load_settings(tmp_path, {"GRISTMILL_SERVING_PORT": "8200"})

    assert (settings.port, settings.serving_port) == (8100, 8200)
    assert settings.redis_url == "redis://file"
    assert settings.database_url == "postgresql://running/name"


def test_an_empty_value_counts_as_not_set(tmp_path):
    settings = load_settings(tmp_path, {name.name: "" for name in SETTINGS})

    assert settings.port == 8000
    assert settings.url == "http://127.0.0.1:8000"
    assert settings.embedded == ("DATABASE_URL", "REDIS_URL")


def test_a_wrong_number_is_named(tmp_path):
    with pytest.raises(SettingError, match="GRISTMILL_PORT must be a whole number"):
        load_settings(tmp_path, {"GRISTMILL_PORT": "eighty"})


def test_another_database_than_postgres_is_refused(tmp_path):
    with pytest.raises(SettingError, match="Postgres only"):
        _ = load_settings(tmp_path, {"DATABASE_URL": "mysql://host/name"}).database


def test_a_secret_key_is_made_once_and_is_private(tmp_path):
    first = load_settings(tmp_path, {}).secret_key

    assert load_settings(tmp_path, {}).secret_key == first
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0


def test_celery_gets_its_own_spelling_of_a_socket(tmp_path):
    settings = load_settings(tmp_path, {"REDIS_URL": "unix:///run/redis.sock?db=2"})

    assert settings.broker_url == "redis+socket:///run/redis.sock?virtual_host=2"
