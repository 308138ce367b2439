"""Databases beyond those that `databases` knows: any that SQLAlchemy has a dialect for, and whose driver is installed.
Their hosts are checked as all others are, and the statement is one query that only reads."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError

from lifecycle.contracts.addresses import AddressRule
from lifecycle.contracts.sources import Surroundings
from workers.engines.collect.authorities import Authority
from workers.engines.collect.errors import SourceError
from workers.engines.collect.hosts import resolve_host

# the package that has the dialect and its driver
PACKAGES = {
    "awsathena": "PyAthena[SQLAlchemy]", "bigquery": "sqlalchemy-bigquery", "clickhouse": "clickhouse-sqlalchemy",
    "clickhousedb": "clickhouse-connect", "cockroachdb": "sqlalchemy-cockroachdb", "crate": "sqlalchemy-cratedb",
    "databricks": "databricks-sqlalchemy", "db2": "ibm_db_sa", "druid": "pydruid", "exa": "sqlalchemy-exasol",
    "firebird": "sqlalchemy-firebird", "hana": "sqlalchemy-hana", "hive": "PyHive", "ibm_db_sa": "ibm_db_sa",
    "impala": "impyla", "mssql": "pymssql", "mssql+pyodbc": "pyodbc", "oracle": "oracledb", "presto": "PyHive",
    "redshift": "sqlalchemy-redshift and redshift_connector", "snowflake": "snowflake-sqlalchemy",
    "teradatasql": "teradatasqlalchemy", "trino": "trino[sqlalchemy]", "vertica": "sqlalchemy-vertica-python",
}  # fmt: skip
DRIVERS = {"mssql": "mssql+pymssql", "oracle": "oracle+oracledb"}  # where SQLAlchemy's own choice is a harder one
# what holds a session, or this transaction, to reading
READ_ONLY = {
    "clickhouse": "SET readonly = 1",
    "clickhousedb": "SET readonly = 1",
    "cockroachdb": "SET TRANSACTION READ ONLY",
    "hana": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "redshift": "SET TRANSACTION READ ONLY",
    "vertica": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
}
OPTIONS = {
    "clickhouse": {"protocol", "secure"}, "clickhousedb": {"secure"}, "cockroachdb": {"sslmode"},
    "databricks": {"http_path", "catalog", "schema"}, "mssql": {"driver", "Encrypt", "TrustServerCertificate",
    "charset"}, "oracle": {"service_name"}, "redshift": {"sslmode"}, "snowflake": {"warehouse", "role"},
    "awsathena": {"s3_staging_dir", "work_group"}, "trino": {"source"},
}  # fmt: skip
PATHS = {"http_path", "s3_staging_dir"}  # options that look like a path and reach no file of this machine
LOCAL = {"access", "chdb", "gsheets", "monetdbe", "multicorn2", "shillelagh"}  # engines that would run in this process
# where a URL names an account instead of a host, the host that is called
SERVICES = {"bigquery": "bigquery.googleapis.com", "snowflake": "{host}.snowflakecomputing.com"}
# hosts of services that nobody else can point elsewhere; they are called by name, for their certificates
CLOUDS = (".amazonaws.com", ".azuredatabricks.net", ".databricks.com", ".googleapis.com", ".snowflakecomputing.com")


def prepare(
    url: URL, password: str, surroundings: Surroundings, authority: Authority | None = None
) -> tuple[URL, dict[str, Any]]:
    """The URL to connect to and no arguments. Raises SourceError, with the package to install where one is missing."""
    dialect = url.get_backend_name()
    if dialect in LOCAL:
        raise SourceError(
            f"“{dialect}” reads files and addresses by itself, so it cannot be a source. Upload the file."
        )
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    _check_driver(url)
    if authority:
        raise SourceError("A certificate authority can be given for PostgreSQL, MySQL and MariaDB only.")
    _check_options(url, dialect)
    if not url.host:
        raise SourceError(f"A “{dialect}” source needs a host: {dialect}://user@host/name.")
    host = SERVICES.get(dialect, "{host}").format(host=url.host)
    address = resolve_host(host, url.port, surroundings.private_addresses)
    if password:
        url = url.set(password=password)
    return (url if _is_called_by_name(host, surroundings) else url.set(host=address)), {}


def _check_driver(url: URL) -> None:
    """Both the dialect and what it imports must be there."""
    dialect = url.get_backend_name()
    package = PACKAGES.get(url.drivername) or PACKAGES.get(dialect, "")
    try:
        url.get_dialect().import_dbapi()
    except (NoSuchModuleError, ImportError) as error:
        needed = package or getattr(error, "name", "") or "with its SQLAlchemy dialect"
        raise SourceError(
            f"There is no driver for “{dialect}” here. The operator can install the Python package {needed} beside "
            "Gristmill; or export a file and upload it."
        ) from None


def _check_options(url: URL, dialect: str) -> None:
    allowed = OPTIONS.get(dialect, set())
    for name, value in url.query.items():
        text = value if isinstance(value, str) else " ".join(value)
        if name not in allowed or (name not in PATHS and set(text) & set("/\\;{}")):
            raise SourceError(
                f"The option “{name}” is not allowed in this URL; it may carry: {', '.join(sorted(allowed)) or 'none'}."
            )


def _is_called_by_name(host: str, surroundings: Surroundings) -> bool:
    """A name may lead elsewhere than a moment ago: the checked address is called, unless every address may be."""
    return host.endswith(CLOUDS) or AddressRule.parse(surroundings.private_addresses).is_open
