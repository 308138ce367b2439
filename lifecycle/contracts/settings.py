"""The one table of settings, and its reader: the environment, then `.env`, then what `make run` wrote down."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from lifecycle.contracts.addresses import AddressRule

ROOT = Path(__file__).resolve().parents[2]


class SettingError(ValueError):
    """A setting has a value that makes no sense; the message names it and says what is expected."""


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("GRISTMILL_HOME", "var", "Folder for the embedded databases, blobs, logs and caches."),
    Setting("GRISTMILL_HOST", "127.0.0.1", "Address the web and serving processes listen on."),
    Setting("GRISTMILL_PORT", "8000", "Port of the web process."),
    Setting("GRISTMILL_SERVING_PORT", "8001", "Port of the inference server."),
    Setting(
        "GRISTMILL_URL", "http://127.0.0.1:8000", "Address people reach the web process at; links are made from it."
    ),
    Setting("GRISTMILL_SERVING_URL", "http://127.0.0.1:8001", "Address clients reach the inference server at."),
    Setting("GRISTMILL_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]", "Host names the web process answers to."),
    Setting("GRISTMILL_ADMIN_PASSWORD", "", "Password of the first admin; generated and printed once when empty."),
    Setting("GRISTMILL_SECRET_KEY", "", "Key that signs sessions; generated into the home folder when empty."),
    Setting("GRISTMILL_SECURE", "false", "true behind HTTPS: secure cookies, HSTS, redirect to HTTPS."),
    Setting("GRISTMILL_DEBUG", "false", "true shows tracebacks in the browser; never on a reachable machine."),
    Setting("GRISTMILL_MAX_UPLOAD_BYTES", "5368709120", "Largest file a browser or script may upload."),
    Setting("GRISTMILL_WEB_WORKERS", "1", "Processes of the web server."),
    Setting("GRISTMILL_SERVING_WORKERS", "2", "Processes of the inference server."),
    Setting("GRISTMILL_WORKER_CONCURRENCY", "", "Heavy jobs at a time, each with its share of the cores."),
    Setting(
        "GRISTMILL_SOURCE_FOLDERS", "", "Folders, divided by commas, that sources may read files and database files in."
    ),
    Setting(
        "GRISTMILL_SOURCE_ADDRESSES",
        "",
        "Private addresses that databases and buckets may be read from: true for all, or networks like 10.0.0.0/8.",
    ),
    Setting(
        "GRISTMILL_OLD_SECRET_KEYS", "", "Earlier values of GRISTMILL_SECRET_KEY, divided by commas: still readable."
    ),
    Setting(
        "GRISTMILL_ALLOW_PRIVATE_ADDRESSES",
        "",
        "Addresses or networks, divided by commas, that crawls may reach although they are private; true for all.",
    ),
    Setting("DATABASE_URL", "", "postgres://user:password@host:port/name; embedded Postgres when empty."),
    Setting(
        "DATABASE_PREPARE",
        "true",
        "false behind a pooler that shares connections and knows no prepared statements, as PgBouncer before 1.21.",
    ),
    Setting("REDIS_URL", "", "redis://host:port/0; embedded Redis when empty."),
    Setting("STORAGE_URL", "", "s3://bucket/prefix?endpoint=… for blobs; the home folder when empty."),
    Setting("EMAIL_URL", "", "smtp://user:password@host:587?tls=true&from=…; mails are written to files when empty."),
)


@dataclass(frozen=True)
class Settings:
    home: str
    host: str
    port: int
    serving_port: int
    url: str
    serving_url: str
    allowed_hosts: list[str]
    admin_password: str
    configured_secret_key: str
    secure: bool
    debug: bool
    max_upload_bytes: int
    web_workers: int
    serving_workers: int
    worker_concurrency: int
    allow_private_addresses: str
    source_folders: list[str]
    source_addresses: str
    old_secret_keys: list[str]
    database_url: str
    database_prepare: bool
    redis_url: str
    storage_url: str
    email_url: str
    embedded: tuple[str, ...]  # of DATABASE_URL and REDIS_URL, those that nobody set

    @property
    def secret_key(self) -> str:
        """The configured key, or one generated once and kept readable to this user only."""
        return self.configured_secret_key or _read_secret_key(Path(self.home))

    @property
    def broker_url(self) -> str:
        """REDIS_URL as Celery spells it: its name for a Unix socket differs from redis-py's."""
        if not self.redis_url.startswith("unix://"):
            return self.redis_url
        path, _, query = self.redis_url.removeprefix("unix://").partition("?")
        return f"redis+socket://{path}?virtual_host={dict(parse_qsl(query)).get('db', '0')}"

    def package_dir(self, name: str) -> Path:
        """Where a data or weights package of requirements-data.txt lies unpacked."""
        return Path(self.home) / "packages" / name.replace("-", "_").lower()

    @property
    def database(self) -> dict[str, Any]:
        """Django's form of DATABASE_URL, with a connection pool."""
        parts = urlsplit(self.database_url)
        if parts.scheme not in ("postgres", "postgresql"):
            raise SettingError("DATABASE_URL must start with postgresql://: Gristmill runs on Postgres only.")
        options = dict(parse_qsl(parts.query))
        host = options.pop("host", "") or parts.hostname or ""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")) or "gristmill",
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(host),
            "PORT": str(parts.port or ""),
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {**options, "pool": {"min_size": 1, "max_size": 16, "timeout": 20}},
        }

    @property
    def email_backend(self) -> str:
        return "django.core.mail.backends." + ("smtp" if self.email_url else "filebased") + ".EmailBackend"

    @property
    def email_host(self) -> str:
        return urlsplit(self.email_url).hostname or ""

    @property
    def email_port(self) -> int:
        return urlsplit(self.email_url).port or 25

    @property
    def email_user(self) -> str:
        return unquote(urlsplit(self.email_url).username or "")

    @property
    def email_password(self) -> str:
        return unquote(urlsplit(self.email_url).password or "")

    @property
    def email_use_tls(self) -> bool:
        return _is_true(dict(parse_qsl(urlsplit(self.email_url).query)).get("tls", ""))

    @property
    def email_from(self) -> str:
        return dict(parse_qsl(urlsplit(self.email_url).query)).get("from", "gristmill@localhost")


def load_settings(
    root: str | Path = ROOT, environ: Mapping[str, str] | None = None, *, with_running: bool = True
) -> Settings:
    """Settings for a checkout at `root`. Raises SettingError naming the one that makes no sense.

    `with_running=False` leaves out the addresses that a supervisor wrote down: the supervisor asks so.
    """
    root = Path(root)
    values = _collect_values(root, os.environ if environ is None else environ, with_running)
    home = (root / values["GRISTMILL_HOME"]).resolve()
    embedded = {  # their usual sockets: what a command run by hand finds when nothing else is said
        "DATABASE_URL": f"postgresql://postgres@/gristmill?host={quote(str(home / 'postgres'))}",
        "REDIS_URL": f"unix://{home / 'redis' / 'redis.sock'}?db=0",
    }
    port, serving_port = (_parse_integer(values, n) for n in ("GRISTMILL_PORT", "GRISTMILL_SERVING_PORT"))
    return Settings(
        home=str(home),
        host=values["GRISTMILL_HOST"],
        port=port,
        serving_port=serving_port,
        url=values["GRISTMILL_URL"].rstrip("/") or f"http://127.0.0.1:{port}",
        serving_url=values["GRISTMILL_SERVING_URL"].rstrip("/") or f"http://127.0.0.1:{serving_port}",
        allowed_hosts=[h.strip() for h in values["GRISTMILL_ALLOWED_HOSTS"].split(",") if h.strip()],
        admin_password=values["GRISTMILL_ADMIN_PASSWORD"],
        configured_secret_key=values["GRISTMILL_SECRET_KEY"],
        secure=_is_true(values["GRISTMILL_SECURE"]),
        debug=_is_true(values["GRISTMILL_DEBUG"]),
        max_upload_bytes=_parse_integer(values, "GRISTMILL_MAX_UPLOAD_BYTES"),
        web_workers=_parse_integer(values, "GRISTMILL_WEB_WORKERS"),
        serving_workers=_parse_integer(values, "GRISTMILL_SERVING_WORKERS"),
        worker_concurrency=_parse_integer(values, "GRISTMILL_WORKER_CONCURRENCY"),
        allow_private_addresses=_check_addresses(values["GRISTMILL_ALLOW_PRIVATE_ADDRESSES"]),
        source_folders=_split(values["GRISTMILL_SOURCE_FOLDERS"]),
        source_addresses=_check_addresses(values["GRISTMILL_SOURCE_ADDRESSES"], "GRISTMILL_SOURCE_ADDRESSES"),
        old_secret_keys=_split(values["GRISTMILL_OLD_SECRET_KEYS"]),
        database_url=values["DATABASE_URL"] or embedded["DATABASE_URL"],
        database_prepare=_is_true(values["DATABASE_PREPARE"]),
        redis_url=values["REDIS_URL"] or embedded["REDIS_URL"],
        storage_url=values["STORAGE_URL"] or f"file://{home / 'blobs'}",
        email_url=values["EMAIL_URL"],
        embedded=tuple(name for name in embedded if not values[name]),
    )


def running_file(home: str | Path) -> Path:
    """Where the supervisor writes the URLs of the embedded servers it started."""
    return Path(home) / "run" / "env.json"


def parse_env_file(text: str) -> dict[str, str]:
    """``NAME=value`` lines; blank lines, comments, ``export`` and matching quotes are understood."""
    values = {}
    for line in text.splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and not name.startswith("#"):
            value = value.strip()
            quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
            values[name.strip()] = value[1:-1] if quoted else value
    return values


def render_table() -> str:
    """The settings as the Markdown table that README.md shows."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.meaning} |" for s in SETTINGS]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _collect_values(root: Path, environ: Mapping[str, str], with_running: bool) -> dict[str, str]:
    values = {s.name: s.default for s in SETTINGS}
    values["GRISTMILL_URL"] = values["GRISTMILL_SERVING_URL"] = ""  # their defaults follow the ports
    values["GRISTMILL_WORKER_CONCURRENCY"] = str(min(os.cpu_count() or 1, max(2, (os.cpu_count() or 1) // 2)))
    env_file = root / ".env"
    from_file = parse_env_file(env_file.read_text()) if env_file.exists() else {}
    given = {**from_file, **environ}
    running = running_file((root / given.get("GRISTMILL_HOME", values["GRISTMILL_HOME"])).resolve())
    found = json.loads(running.read_text()) if with_running and running.exists() else {}
    for source in (found, from_file, environ):
        values.update({name: source[name] for name in values if source.get(name, "") != ""})
    return values


def _read_secret_key(home: Path) -> str:
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(50))
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(temporary, path)
        temporary.unlink()
    return path.read_text().strip()


def _parse_integer(values: Mapping[str, str], name: str) -> int:
    try:
        return int(values[name])
    except ValueError:
        raise SettingError(f"{name} must be a whole number, not {values[name]!r}") from None


def _check_addresses(text: str, name: str = "GRISTMILL_ALLOW_PRIVATE_ADDRESSES") -> str:
    try:
        AddressRule.parse(text)
    except ValueError as error:
        raise SettingError(f"{name} must name networks like 10.0.0.0/8: {error}") from None
    return text


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _is_true(value: str) -> bool:
    return value.strip().lower() in {"1", "true", "yes", "on"}
