"""MySQL and MariaDB. What the driver is told is tested everywhere; the rest where a MariaDB server is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from datetime import datetime, timedelta

import pymysql
import pytest
from pymysql.constants import FIELD_TYPE

from lifecycle.contracts.sources import SqlConfig, Surroundings
from workers.engines.collect import databases, sql
from workers.engines.collect.cells import plain
from workers.engines.collect.errors import SourceError, SourceUnreachable

HERE = Surroundings(private_addresses="true")
PASSWORD = "se:cret@%1"
SET_UP = f"""
CREATE DATABASE shop;
CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON shop.* TO reader@'127.0.0.1';
USE shop;
CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(50), price DECIMAL(10,2), at DATETIME(6), flags BIT(3), span TIME);
INSERT INTO t VALUES (1, 'a', 1.50, '2026-01-02 03:04:05.5', b'101', '12:30:00'),
                     (2, 'ü%s:x', NULL, NULL, NULL, '-01:00:00'), (3, 'old', 2, '0000-00-00', NULL, NULL);
CREATE VIEW v AS SELECT id, name FROM t;
"""


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        (FIELD_TYPE.DATETIME, "2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        (FIELD_TYPE.DATETIME, "0000-00-00 00:00:00", None),
        (FIELD_TYPE.TIMESTAMP, "0000-00-00 00:00:00.000000", None),
        (FIELD_TYPE.DATE, "2026-02-00", None),
        (FIELD_TYPE.BIT, b"\x01\x05", 261),
        (FIELD_TYPE.LONG, "7", 7),
    ],
)
def test_what_mysql_sends_is_a_value_or_missing(kind, given, wanted):
    arguments = databases.prepare("mysql://reader@127.0.0.1/shop", "x", HERE, 10)[1]

    assert arguments["conv"][kind](given) == wanted


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=12, minutes=30), "12:30:00"),
        (timedelta(hours=-1), "-01:00:00"),
        (timedelta(days=2, hours=1, microseconds=500_000), "49:00:00.5"),
        (timedelta(), "00:00:00"),
    ],
)
def test_a_span_of_time_is_written_as_databases_write_it(span, text):
    assert plain(span) == text


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A MariaDB server of its own with one small table."""
    if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        pytest.skip("no MariaDB server is installed")
    home = tmp_path_factory.mktemp("mariadb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    make = ["mariadb-install-db", f"--datadir={home}/data", "--auth-root-authentication-method=normal", "--user=root"]
    subprocess.run(make, check=True, capture_output=True)
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", "--user=root", f"--datadir={home}/data", f"--port={port}",
         "--bind-address=127.0.0.1", f"--socket={home}/s.sock", "--innodb-buffer-pool-size=32M",
         "--sql-mode=", "--skip-name-resolve"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _run(f"{home}/s.sock", SET_UP)
        yield f"mysql://reader@127.0.0.1:{port}/shop"
    finally:
        server.terminate()
        server.wait(30)


def _run(place: str, statements: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with pymysql.connect(unix_socket=place, user="root", autocommit=True) as root, root.cursor() as cursor:
                for statement in filter(str.strip, statements.split(";\n")):
                    cursor.execute(statement)
            return
        except pymysql.err.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def fetch(config, *, password=PASSWORD, **more):
    with sql.open_rows(config, password=password, surroundings=HERE, should_stop=lambda: False, **more) as found:
        rows = [row for batch in found.read() for row in batch]
        return rows, found.cursor_value


def test_a_table_is_read_and_read_on_from_where_it_ended(url):
    rows, cursor = fetch(SqlConfig(url, table="t", cursor_column="id"))

    assert rows == [
        (1, "a", 1.5, "2026-01-02T03:04:05.500000", 5, "12:30:00"),
        (2, "ü%s:x", None, None, None, "-01:00:00"),
        (3, "old", 2, None, None, None),
    ]
    assert [row[0] for row in fetch(SqlConfig(url, table="t", cursor_column="id"), cursor_value=cursor)[0]] == [3]
    assert fetch(SqlConfig(url, table="t", cursor_column="at"))[1]["value"] == "2026-01-02T03:04:05.500000"


def test_a_query_is_what_it_says_and_cannot_write(url):
    assert fetch(SqlConfig(url, query="SELECT '100%s' AS a, ':x' AS b, `id` FROM v LIMIT 1"))[0] == [("100%s", ":x", 1)]
    for query in ("DELETE FROM t", "SELECT 1 INTO OUTFILE '/tmp/x'", "SELECT nextval(t)", "SELECT 1; SELECT 2"):
        with pytest.raises(SourceError):
            fetch(SqlConfig(url, query=query))


def test_a_query_without_end_is_ended_with_a_sentence(url):
    for query in ("SELECT sleep(30) AS a", "SELECT benchmark(10000000000, md5('a')) AS a"):
        with pytest.raises(SourceError, match="longer than the source's time limit"):
            fetch(SqlConfig(url, query=query), seconds=1)


def test_a_wrong_password_is_told_without_it(url):
    with pytest.raises(SourceUnreachable) as told:
        fetch(SqlConfig(url, table="t"), password="wrong one")

    assert "Access denied" in str(told.value) and "wrong one" not in str(told.value)


def test_tables_views_and_keys_are_found(url):
    with sql.connect(SqlConfig(url, table="t"), PASSWORD, HERE, 10) as connection:
        assert sql.list_tables(connection) == ["t", "v"]
        assert sql.list_key(connection, "t") == ("id",)
