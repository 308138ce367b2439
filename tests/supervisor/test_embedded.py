"""The embedded servers are the real engines and behave so."""

from __future__ import annotations

import time

import psycopg
import pytest
import redis

from workers.supervisor import spawn
from workers.supervisor.embedded import EmbeddedPostgres, EmbeddedRedis, EmbeddedServerError


def test_postgres_answers_with_pgvector(home):
    with EmbeddedPostgres(home / "postgres", durable=False) as server, psycopg.connect(server.url) as connection:
        nearest = connection.execute("select '[1,2]'::vector <-> '[1,5]'::vector").fetchone()

    assert nearest == (3.0,)


def test_postgres_keeps_committed_rows_through_a_kill(home):
    with EmbeddedPostgres(home / "postgres") as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("create table kept as select 7 as number")

        server.kill()
        server.start()

        with psycopg.connect(server.url) as connection:
            assert connection.execute("select number from kept").fetchone() == (7,)


def test_postgres_restarts_while_a_session_of_the_killed_one_still_ends(home):
    with EmbeddedPostgres(home / "postgres", durable=False) as server:
        for _ in range(3):
            psycopg.connect(server.url)
            server.kill()
            server.start()

        assert server.is_running


def test_redis_keeps_what_it_was_told_a_second_ago_through_a_kill(home):
    with EmbeddedRedis(home / "redis") as server:
        redis.Redis.from_url(server.url).set("kept", "7")
        time.sleep(1.5)

        server.kill()
        server.start()

        assert redis.Redis.from_url(server.url).get("kept") == b"7"


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedRedis])
def test_a_stopped_server_leaves_no_process(home, kind):
    server = kind(home / "data")
    server.start()
    pid = server.pid

    server.stop()

    assert not spawn.is_alive(pid)
    assert server.pid is None


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedRedis])
def test_a_server_that_another_process_left_behind_is_replaced(home, kind):
    left_behind = kind(home / "data")
    left_behind.start()

    with kind(home / "data") as server:
        assert server.is_running
        assert not left_behind.is_running


def test_a_path_too_long_for_a_socket_gets_a_short_one(home):
    folder = home / ("long" * 30)

    with EmbeddedRedis(folder) as server:
        assert redis.Redis.from_url(server.url).ping()
        assert len(str(server.socket_dir)) < 90


def test_a_server_that_cannot_start_shows_the_end_of_its_log(home):
    server = EmbeddedPostgres(home / "postgres", options={"shared_buffers": "nonsense"})

    with pytest.raises(EmbeddedServerError, match="shared_buffers"):
        server.start()
