"""Databases are read, and only read: every dialect at hand, friendly and hostile queries."""

from __future__ import annotations

import sqlite3
import time
from urllib.parse import parse_qs, quote, urlsplit

import duckdb
import pytest
from django.conf import settings

from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.sources import SqlConfig, Surroundings
from workers.engines.collect import sql
from workers.engines.collect.errors import SourceError, SourceUnreachable
from workers.engines.collect.statements import check_query

HERE = Surroundings(private_addresses="true")


def go_on() -> bool:
    return False


def fetch(config, *, password="", surroundings=HERE, should_stop=go_on, **more):
    with sql.open_rows(config, password=password, surroundings=surroundings, should_stop=should_stop, **more) as found:
        return found.columns, [row for batch in found.read() for row in batch]


@pytest.fixture
def sqlite(tmp_path):
    path = tmp_path / "base.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        base.executemany("INSERT INTO t VALUES (?, ?)", [(1, "a"), (2, "b:c"), (3, None)])
    return f"sqlite:///{path}", Surroundings(folders=(str(tmp_path),))


@pytest.fixture
def duck(tmp_path):
    path = tmp_path / "base.duckdb"
    with duckdb.connect(str(path)) as base:
        base.execute(
            "CREATE TABLE t AS SELECT range AS id, 'n' || range AS name, DATE '2026-01-01' AS day FROM range(5)"
        )
    return f"duckdb:///{path}", Surroundings(folders=(str(tmp_path),))


@pytest.fixture
def postgres(django_db_setup, django_db_blocker):
    """The tests' own server, where a source looks at a database beside Gristmill's."""
    own = urlsplit(settings.ENV.database_url)
    host = parse_qs(own.query)["host"][0] if "host" in parse_qs(own.query) else own.hostname
    address = host if not host.startswith("/") else ""
    port = f":{own.port}" if own.port else ""
    return f"postgresql://{own.username or 'postgres'}@{address}{port}/postgres", host


@pytest.fixture
def pg(postgres, monkeypatch):
    url, host = postgres
    if host.startswith("/"):
        monkeypatch.setenv("PGHOST", host)
    return url


@pytest.mark.parametrize("base", ["sqlite", "duck"])
def test_a_query_is_read(base, request):
    url, surroundings = request.getfixturevalue(base)

    columns, rows = fetch(SqlConfig(url, query="SELECT id, name FROM t -- all of it\n;"), surroundings=surroundings)

    assert columns == ["id", "name"] and len(rows) >= 3
    assert rows[0][0] in (0, 1)


def test_colons_and_percents_of_a_query_stay_what_they_are(sqlite, pg):
    url, surroundings = sqlite
    assert fetch(SqlConfig(url, query="SELECT ':x' AS a, '100%s' AS b, 'it''s' AS c"), surroundings=surroundings)[
        1
    ] == [(":x", "100%s", "it's")]
    assert fetch(SqlConfig(pg, query="SELECT '1'::int AS a, ':x' AS b, '5%' AS c, 'x' LIKE '%x' AS d"))[1] == [
        (1, ":x", "5%", "true")
    ]


def test_postgres_values_become_plain_cells(pg):
    query = """SELECT 1::bigint AS a, 1.50::numeric AS b, true AS c, '2026-01-02 03:04'::timestamp AS d,
               ARRAY[1,2] AS e, '{"k": [1]}'::jsonb AS f, NULL AS g, 'NaN'::float8 AS h, 'abc'::bytea AS i"""

    assert fetch(SqlConfig(pg, query=query))[1] == [
        (1, 1.5, "true", "2026-01-02T03:04:00", "[1,2]", '{"k":[1]}', None, None, "abc")
    ]


def test_a_cursor_is_a_bound_and_an_order(sqlite):
    url, surroundings = sqlite
    config = SqlConfig(url, table="t", cursor_column="id")

    _, rows = fetch(config, surroundings=surroundings, cursor_value={"type": "int", "value": "2"})

    assert [row[0] for row in rows] == [2, 3]
    assert [row[0] for row in fetch(SqlConfig(url, table="t", cursor_column="id", overlap=1), surroundings=surroundings,
                                    cursor_value={"type": "int", "value": "2"})[1]] == [1, 2, 3]  # fmt: skip


def test_a_time_cursor_steps_back_by_seconds(pg):
    query = "SELECT generate_series('2026-01-01'::timestamptz, '2026-01-01 00:10+00', '1 minute') AS at"
    last = {"type": "datetime", "value": "2026-01-01T00:08:00+00:00"}

    _, rows = fetch(SqlConfig(pg, query=query, cursor_column="at", overlap=90), cursor_value=last)

    assert len(rows) == 4  # from 6:30 on


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM t",
        "SELECT 1; DROP TABLE t",
        "SELECT 1;;; DELETE FROM t",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copied FROM t",
        "SELECT * FROM t INTO OUTFILE '/tmp/x'",
        "/*!50000 DROP TABLE t */",
        "SELECT 1 /*! ; DROP TABLE t */",
        "SELECT '\\'; DROP TABLE t; --'",
        "COPY t TO '/tmp/x'",
        "ATTACH 'other.db' AS o",
        "PRAGMA writable_schema = 1",
        "SELECT 1 -- ;\n; UPDATE t SET id = 1",
        "SELECT 'never closed",
        "",
        ";",
        "EXPLAIN ANALYZE DELETE FROM t",
        "SET default_transaction_read_only = off",
        "DO $$ BEGIN DELETE FROM t; END $$",
    ],
)
def test_more_than_one_reading_query_is_refused_before_it_is_sent(query):
    with pytest.raises(SourceError):
        check_query(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'DROP TABLE t; --' AS a",
        'SELECT "update" FROM t;',
        "select insert('abc', 1, 1, 'x')",
        "SELECT t.set FROM t /* ; delete */",
        "SELECT $$it's; drop$$ AS a",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1), (2)",
    ],
)
def test_a_reading_query_with_odd_words_passes(query):
    assert check_query(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1) AS q; DROP TABLE t; --",
        "SELECT nextval('some_sequence')",
        "SELECT lo_create(0)",
        "SELECT * FROM pg_database FOR UPDATE",
        "SELECT pg_notify('a', 'b'), 1/0",
        "SELECT set_config('transaction_read_only', 'off', false), lo_create(0)",
    ],
)
def test_postgres_itself_refuses_what_slips_through(pg, query, monkeypatch):
    monkeypatch.setattr(sql, "check_query", lambda text: text)

    with pytest.raises(SourceError):
        fetch(SqlConfig(pg, query=query))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1) AS q; DROP TABLE t; --",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM (ATTACH '/tmp/x.db')",
        "SELECT getenv('HOME')) AS q; COPY (SELECT 1) TO '/tmp/gristmill-test.csv'; --",
    ],
)
def test_duckdb_reaches_no_file_and_runs_one_statement(duck, query, monkeypatch):
    monkeypatch.setattr(sql, "check_query", lambda text: text)
    url, surroundings = duck

    with pytest.raises(SourceError):
        fetch(SqlConfig(url, query=query), surroundings=surroundings)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1) AS q; DROP TABLE t; --",
        "SELECT load_extension('x')",
        "SELECT * FROM pragma_table_info('t')) x, (DELETE FROM t",
    ],
)
def test_sqlite_reads_only(sqlite, query, monkeypatch):
    monkeypatch.setattr(sql, "check_query", lambda text: text)
    url, surroundings = sqlite

    with pytest.raises(SourceError):
        fetch(SqlConfig(url, query=query), surroundings=surroundings)


def test_a_slow_query_ends_with_the_time_limit(pg, sqlite):
    started = time.monotonic()
    with pytest.raises(SourceError, match="time limit"):
        fetch(SqlConfig(pg, query="SELECT pg_sleep(60)", timeout_seconds=1))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(SourceError, match="time limit"):
        fetch(SqlConfig(sqlite[0], query=endless, timeout_seconds=1), surroundings=sqlite[1])
    assert time.monotonic() - started < 40


def test_a_query_that_lifts_its_own_time_limit_is_interrupted(pg):
    query = "SELECT set_config('statement_timeout', '0', false), pg_sleep(CASE WHEN n > 150 THEN 60 ELSE 0 END) " \
            "FROM generate_series(1, 200) n"  # fmt: skip

    with pytest.raises(SourceError, match="time limit"):
        fetch(SqlConfig(pg, query=query, timeout_seconds=1))


def test_a_cancel_interrupts_the_database(pg):
    with pytest.raises(Canceled):
        fetch(SqlConfig(pg, query="SELECT pg_sleep(60)", timeout_seconds=60), should_stop=lambda: True)


def test_huge_cells_come_in_small_batches(pg):
    query = "SELECT n, repeat('x', 2000000) AS big FROM generate_series(1, 130) n"
    with sql.open_rows(SqlConfig(pg, query=query), password="", surroundings=HERE, should_stop=go_on) as found:
        sizes = [len(batch) for batch in found.read()]

    assert sum(sizes) == 130 and max(sizes[1:]) <= 10


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://u@127.0.0.1:1/x", "private address"),
        ("postgresql://u@localhost/x", "private address"),
        ("postgresql://u@[::ffff:10.0.0.1]/x", "private address"),
        ("postgresql://u@169.254.169.254/x", "private address"),
        ("mysql://u@192.168.1.9/x", "GRISTMILL_SOURCE_ADDRESSES"),
        ("postgresql:///x", "on the server itself"),
        ("postgresql://u@example.org/x?host=/var/run", "not allowed"),
        ("postgresql://u@example.org/x?options=-cdefault_transaction_read_only%3Doff", "not allowed"),
        ("mysql://u@example.org/x?read_default_file=/etc/my.cnf", "not allowed"),
        ("mysql://u@example.org/x?local_infile=1", "not allowed"),
        ("sqlite:////etc/passwd", "GRISTMILL_SOURCE_FOLDERS"),
        ("sqlite://", "GRISTMILL_SOURCE_FOLDERS"),
        ("duckdb:///:memory:", "GRISTMILL_SOURCE_FOLDERS"),
        ("oracle://u@8.8.8.8/x", "no driver for “oracle”.*package oracledb"),
        ("mssql://u@8.8.8.8/x", "no driver for “mssql”.*package pymssql"),
        ("mssql+pyodbc://u@8.8.8.8/x?driver=ODBC+Driver+18", "package pyodbc"),
        ("snowflake://u@account/x?warehouse=w", "package snowflake-sqlalchemy"),
        ("shillelagh://", "“shillelagh” reads files"),
        ("nosuch+thing://u@8.8.8.8/x", "“nosuch”"),
        ("nonsense", "database URL"),
    ],
)
def test_a_database_that_may_not_be_reached_is_refused_with_the_way_out(url, says):
    with pytest.raises(SourceError, match=says):
        fetch(SqlConfig(url, query="SELECT 1"), surroundings=Surroundings())


def test_a_database_file_outside_the_allowed_folders_is_refused(tmp_path, sqlite):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.db").symlink_to(tmp_path / "base.db")

    for path in (tmp_path / "base.db", inside / "link.db", inside / ".." / "base.db"):
        with pytest.raises(SourceError, match="not in a folder"):
            fetch(SqlConfig(f"sqlite:///{path}", query="SELECT 1"), surroundings=Surroundings(folders=(str(inside),)))


def test_gristmills_own_database_is_no_source(pg):
    own = ("db.example.org", "5432", "gristmill")
    surroundings = Surroundings(private_addresses="true", own_database=own)

    with pytest.raises(SourceError, match="itself runs on"):
        fetch(SqlConfig("postgresql://u@db.example.org/gristmill", query="SELECT 1"), surroundings=surroundings)


def test_a_password_is_in_no_message():
    with pytest.raises(SourceUnreachable) as refused:
        fetch(SqlConfig("postgresql://u@127.0.0.1:1/x", query="SELECT 1"), password="hunter22")

    assert "hunter22" not in str(refused.value)


def test_tables_can_be_chosen_from(sqlite, pg):
    url, surroundings = sqlite
    with sql.connect(SqlConfig(url), "", surroundings, 5) as connection:
        assert sql.list_tables(connection) == ["t"]
        assert sql.list_key(connection, "t") == ("id",)
    with sql.connect(SqlConfig(pg), "", HERE, 5) as connection:
        assert isinstance(sql.list_tables(connection), list)


@pytest.mark.parametrize(
    ("url", "driver"),
    [("postgresql+psycopg2", "postgresql+psycopg"), ("mysql+mysqldb", "mysql+pymysql"), ("mariadb", "mariadb+pymysql")],
)
def test_a_url_may_name_another_driver_of_its_database(url, driver):
    from workers.engines.collect.databases import prepare

    assert prepare(f"{url}://u@8.8.8.8/x", "", HERE, 30)[0].drivername == driver


def test_mysql_gets_its_limits_and_no_way_to_send_files():
    from workers.engines.collect.databases import prepare

    url, arguments = prepare("mysql://u@8.8.8.8:3307/shop", "secret", HERE, 30)

    assert url.drivername == "mysql+pymysql" and url.host == "8.8.8.8" and quote(url.password) == "secret"
    assert arguments.pop("conv")
    assert arguments == {"connect_timeout": 10, "read_timeout": 35, "local_infile": False}
