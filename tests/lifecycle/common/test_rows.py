"""What a SELECT written by hand gives is what the query set of the same rows gives."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DataError, connection, transaction

from lifecycle.accounts.models import ApiToken, User
from lifecycle.accounts.services import tokens
from lifecycle.common.rows import Columns, read_all, read_one
from tests.contracts.world import build_world


def test_every_model_comes_out_as_from_its_query_set(db, tmp_path):
    build_world("mine", 3, tmp_path)

    seen = 0
    for model in apps.get_models():
        if not model.__module__.startswith("lifecycle."):
            continue
        columns = Columns(model, "x")
        rows = read_all(f'SELECT {columns.sql} FROM "{model._meta.db_table}" x', [], columns)
        wanted = sorted((_fields(row) for row in model._base_manager.all()), key=repr)

        assert sorted((_fields(row) for (row,) in rows), key=repr) == wanted, model
        seen += bool(rows)
    assert seen > 20


def _fields(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_an_outer_join_that_finds_nothing_is_none(owner):
    user, token = Columns(User, "u"), Columns(ApiToken, "t")
    question = f"""SELECT {user.sql}, {token.sql}, u.id + 1
        FROM accounts_user u LEFT JOIN accounts_apitoken t ON t.user_id = u.id WHERE u.id = %s"""

    assert read_one(question, [owner.pk], user, token) == [owner, None, owner.pk + 1]
    issued, _ = tokens.issue(user=owner, name="x")
    assert read_one(question, [owner.pk], user, token) == [owner, issued, owner.pk + 1]
    assert read_one(question, [-1], user, token) is None


def test_what_was_read_by_hand_is_changed_as_any_other(owner):
    user = Columns(User, "u")
    found = read_one(f"SELECT {user.sql} FROM accounts_user u WHERE u.id = %s", [owner.pk], user)

    assert found is not None
    found[0].first_name = "Ada"
    found[0].save(update_fields=["first_name"])

    owner.refresh_from_db()
    assert owner.first_name == "Ada"


def test_a_token_of_a_person_who_left_opens_nothing(owner):
    _, secret = tokens.issue(user=owner, name="x")
    assert tokens.authenticate(secret).user == owner
    User.objects.filter(pk=owner.pk).update(is_active=False)

    assert tokens.authenticate(secret) is None


def _list_prepared(mark: str) -> list[int]:
    """How often each prepared statement of this connection that has `mark` in its text was run."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE position(%s in statement) > 0",
            [mark],
        )
        return [row[0] for row in cursor.fetchall()]


def test_a_statement_is_prepared_once_and_run_from_then_on(owner):
    mark = f"mark_{owner.pk}_once"
    user = Columns(User, mark)

    for _ in range(3):
        assert read_one(f"SELECT {user.sql} FROM accounts_user {mark} WHERE id = %s", [owner.pk], user) == [owner]

    assert _list_prepared(mark) == [3]
    assert connection.connection.prepare_threshold is None  # nothing else is counted or kept


def test_an_operator_can_keep_statements_from_being_prepared(owner, settings):
    settings.DATABASE_PREPARE = False
    mark = f"mark_{owner.pk}_never"
    user = Columns(User, mark)

    assert read_one(f"SELECT {user.sql} FROM accounts_user {mark} WHERE id = %s", [owner.pk], user) == [owner]

    assert _list_prepared(mark) == []


def test_a_statement_that_fails_leaves_the_connection_as_it_was(owner):
    with pytest.raises(DataError), transaction.atomic():
        read_one("SELECT 1 / (id - id) FROM accounts_user WHERE id = %s", [owner.pk])

    assert connection.connection.prepare_threshold is None
    assert read_one("SELECT id FROM accounts_user WHERE id = %s", [owner.pk]) == [owner.pk]
