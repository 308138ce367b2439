"""The inference server's SQL fits Django's models: its tables, columns, and every statement."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from lifecycle.deployments.models import Prediction, Release
from tests.workers.serving.conftest import database_url, make_token
from workers.serving import store

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_column_it_names_is_in_the_models():
    known = {model._meta.db_table: {f.column for f in model._meta.concrete_fields} for model in apps.get_models()}

    for table, columns in store.TABLES.items():
        assert set(columns) <= known[table], table


def test_every_column_a_prediction_needs_is_written():
    needed = {f.column for f in Prediction._meta.concrete_fields if not f.primary_key}

    assert needed == set(store.TABLES["deployments_prediction"])


def test_its_statements_run_and_say_what_they_should(deployment, tabular):
    token = make_token(tabular.created_by)
    from lifecycle.contracts.tokens import hash_token

    with store.connect(database_url()) as other:
        row = next(r for r in store.list_deployments(other) if r.slug == "cells")
        caller = store.find_caller(other, hash_token(token))
        store.mark_failed(other, row.release.id, "no")
        failed = Release.objects.get()
        store.mark_loaded(other, row.release.id)
        loaded = Release.objects.get()

    assert row.release.parse_targets()[0].label == "cells v1"
    assert caller.project_ids == {tabular.pk}
    assert (failed.load_error, failed.loaded_at) == ("no", None)
    assert loaded.loaded_at and loaded.load_error == ""


def test_a_prediction_written_twice_is_there_once(deployment):
    row = (str(uuid.uuid4()), deployment.pk, 1, 1, timezone.now(), "v1", 200, 1.0, None, "{}", '{"label": "cat"}')

    with store.connect(database_url()) as other:
        store.insert_predictions(other, [row, row])
        store.insert_predictions(other, [row])

    written = Prediction.objects.filter(request_id=row[0])  # a server of another test may still catch up with its log
    assert written.get().output == {"label": "cat"}


def test_a_release_wakes_whoever_listens(deployment, tabular, version):
    from lifecycle.deployments import services

    with psycopg.connect(database_url(), autocommit=True) as other:
        store.listen(other)
        services.stop(deployment=deployment, user=tabular.created_by)
        heard = list(other.notifies(timeout=5, stop_after=1))

    assert heard[0].payload == "cells"
    assert connection.vendor == "postgresql"
