"""A database that is known by its SQLAlchemy dialect only. Its stand-in speaks SQLite under another name."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from lifecycle.contracts.sources import SqlConfig, Surroundings
from workers.engines.collect import other_databases, sql
from workers.engines.collect.authorities import Authority
from workers.engines.collect.errors import SourceError

PUBLIC = Surroundings()


class Mill(SQLiteDialect_pysqlite):
    """Keeps what it was asked for."""

    name = "mill"
    supports_statement_cache = False
    path = ""
    said: list[str] = []

    def create_connect_args(self, url):
        self.said.append(f"connect {url.host} {url.password}")
        return [self.path], {}

    def do_rollback(self, connection):
        self.said.append("rollback")
        super().do_rollback(connection)

    def do_commit(self, connection):
        self.said.append("commit")
        super().do_commit(connection)


@pytest.fixture
def mill(tmp_path, monkeypatch):
    registry.register("mill", __name__, "Mill")
    monkeypatch.setattr(Mill, "path", str(tmp_path / "mill.db"))
    monkeypatch.setattr(Mill, "said", [])
    with sqlite3.connect(Mill.path) as base:
        base.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        base.executemany("INSERT INTO t VALUES (?, ?)", [(1, "ada"), (2, "charles")])
    return "mill://reader@8.8.8.8/x"


def fetch(url, query="SELECT * FROM t ORDER BY id", surroundings=PUBLIC, **more):
    config = SqlConfig(url, query=query, **more)
    with sql.open_rows(config, password="hunter22", surroundings=surroundings, should_stop=lambda: False) as rows:
        return [row for batch in rows.read() for row in batch]


def test_a_database_with_an_installed_driver_is_read_and_rolled_back(mill):
    assert fetch(mill) == [(1, "ada"), (2, "charles")]
    assert Mill.said[0] == "connect 8.8.8.8 hunter22" and "rollback" in Mill.said and "commit" not in Mill.said
    assert fetch(mill, query="SELECT * FROM t", cursor_column="id") == [(1, "ada"), (2, "charles")]
    with sql.connect(SqlConfig(mill), "", PUBLIC, 5) as connection:
        assert sql.list_tables(connection) == ["t"] and sql.list_key(connection, "t") == ("id",)


@pytest.mark.parametrize("query", ["DELETE FROM t", "SELECT 1; DROP TABLE t", "INSERT INTO t VALUES (3, 'x')",
                                   "WITH a AS (SELECT 1) DELETE FROM t", "SELECT * INTO u FROM t"])  # fmt: skip
def test_only_one_query_that_reads_is_sent(mill, query):
    with pytest.raises(SourceError, match=r"not allowed|Only"):
        fetch(mill, query=query)

    assert len(fetch(mill)) == 2


def test_what_holds_the_session_to_reading_is_sent_first(mill, monkeypatch):
    monkeypatch.setitem(other_databases.READ_ONLY, "mill", "PRAGMA query_only = ON")
    with sql.connect(SqlConfig(mill), "", PUBLIC, 5) as connection, pytest.raises(sa.exc.OperationalError):
        connection.exec_driver_sql("DELETE FROM t")


def test_a_query_without_end_is_interrupted(mill):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(SourceError, match="time limit"):
        fetch(mill, query=endless, timeout_seconds=1)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mill://u@127.0.0.1/x", "private address"),
        ("mill://u@10.1.2.3/x", "private address"),
        ("mill:///x", "needs a host"),
        ("mill://u@8.8.8.8/x?init_file=/etc/passwd", "not allowed"),
    ],
)
def test_hosts_and_options_are_checked_before_it_is_called(mill, url, says):
    with pytest.raises(SourceError, match=says):
        fetch(url)

    assert Mill.said == []


def test_an_option_is_no_way_to_a_file(mill, monkeypatch):
    monkeypatch.setitem(other_databases.OPTIONS, "mill", {"driver"})

    assert len(fetch(f"{mill}?driver=ODBC+Driver+18+for+SQL+Server")) == 2
    with pytest.raises(SourceError, match="not allowed"):
        fetch(f"{mill}?driver=/tmp/own.so")


def test_the_address_that_was_checked_is_called_not_the_name(mill, monkeypatch):
    monkeypatch.setattr(other_databases, "resolve_host", lambda host, port, rule: "8.8.4.4")

    fetch("mill://u@db.example.org/x")
    fetch("mill://u@db.example.org/x", surroundings=Surroundings(private_addresses="true"))

    assert [said.split()[1] for said in Mill.said if said.startswith("connect")] == ["8.8.4.4", "db.example.org"]


def test_a_certificate_authority_is_not_silently_left_out(mill):
    with pytest.raises(SourceError, match="certificate authority"):
        other_databases.prepare(sa.make_url(mill), "", PUBLIC, Authority("PEM", "/nowhere"))
