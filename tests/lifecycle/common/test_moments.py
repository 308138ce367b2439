"""Several connections, one moment: what others write meanwhile is seen by none of them, what we wrote by all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from lifecycle.common.moments import share_moment
from tests.factories import UserFactory

COUNT = "SELECT count(*) FROM accounts_user"


def ask(link) -> int:
    with link.cursor() as cursor:
        cursor.execute(COUNT)
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_all_see_the_same_rows_from_any_thread():
    UserFactory()
    before = get_user_model().objects.count()

    with share_moment() as links, ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(UserFactory).result()  # another thread, another connection: committed at once
        counts = [elsewhere.submit(ask, link).result() for link in links]
        connections_used = {link.connection.info.backend_pid for link in links}
        elsewhere.submit(lambda: connection.close()).result()

    assert counts == [before, before] and len(connections_used) == 2
    assert get_user_model().objects.count() == before + 1


@pytest.mark.django_db(transaction=True)
def test_the_one_beside_only_reads_and_is_closed_afterwards():
    with share_moment() as (_, beside), pytest.raises(Exception, match="read-only"), beside.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_user")

    assert beside.connection is None


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_what_it_wrote_is_seen():
    with transaction.atomic():
        UserFactory()
        with share_moment() as links:
            assert [ask(link) for link in links] == [get_user_model().objects.count()]
