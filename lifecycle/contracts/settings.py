"""The settings of one installation: the one table of names, defaults and meanings, and how a value is found.

A value is looked for in the environment, then in `.env` beside this checkout, then among the addresses that a
running supervisor wrote down (the embedded servers' URLs), then in the table's default.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("GRISTMILL_HOME", "var", "Folder for everything written: databases, blobs, logs, downloaded packages"),
    Setting("GRISTMILL_HOST", "127.0.0.1", "Address that web and serving listen on; 0.0.0.0 for every interface"),
    Setting("GRISTMILL_PORT", "8000", "Port of the web process"),
    Setting("GRISTMILL_SERVING_PORT", "8001", "Port of the inference server"),
    Setting("GRISTMILL_URL", "", "Address people type; empty: http://localhost with the web port"),
    Setting("GRISTMILL_SERVING_URL", "", "Where web reaches the inference server; empty: this machine, serving port"),
    Setting("GRISTMILL_ADMIN_PASSWORD", "", "First admin's password; empty: generated and printed once"),
    Setting("GRISTMILL_SECRET_KEY", "", "Signs sessions and links; empty: generated once into the home folder"),
    Setting("GRISTMILL_DEBUG", "false", "Django's debug pages; never on a machine that others reach"),
    Setting("GRISTMILL_ALLOWED_HOSTS", "", "Host names to answer to, comma-separated, besides that of GRISTMILL_URL"),
    Setting("GRISTMILL_SECURE", "false", "Behind HTTPS: secure cookies, redirect and HSTS"),
    Setting("DATABASE_URL", "", "postgresql://user:password@host/name; empty: the embedded Postgres"),
    Setting("REDIS_URL", "", "redis://:password@host:6379/0; empty: the embedded Redis"),
    Setting("STORAGE_URL", "", "s3://bucket/prefix for blobs; empty: the folder blobs in the home folder"),
    Setting("EMAIL_URL", "", "smtp://user:password@host:587?tls=true; empty: mails go to the log"),
    Setting("GRISTMILL_MAX_UPLOAD_BYTES", "2147483648", "Largest upload accepted, in bytes"),
    Setting("GRISTMILL_WEB_WORKERS", "1", "Web processes (each has several threads)"),
    Setting("GRISTMILL_SERVING_WORKERS", "1", "Inference server processes"),
    Setting("GRISTMILL_WORKER_CONCURRENCY", "", "Heavy jobs at a time; empty: half the cores, at least one"),
)
DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


class SettingError(ValueError):
    """A setting has a value that cannot be read; the message names it and says what is expected."""


@dataclass(frozen=True)
class Settings:
    """Typed access to the values found; `values` holds every name of the table."""

    values: Mapping[str, str]
    root: Path = ROOT

    def text(self, name: str) -> str:
        return self.values[name]

    def integer(self, name: str) -> int:
        try:
            return int(self.values[name])
        except ValueError:
            raise SettingError(f"{name} must be a whole number, not {self.values[name]!r}.") from None

    def flag(self, name: str) -> bool:
        word = self.values[name].strip().lower()
        if word in ("1", "true", "yes", "on"):
            return True
        if word in ("", "0", "false", "no", "off"):
            return False
        raise SettingError(f"{name} must be true or false, not {self.values[name]!r}.")

    def names(self, name: str) -> list[str]:
        return [part.strip() for part in self.values[name].split(",") if part.strip()]

    @property
    def home(self) -> Path:
        return (self.root / self.values["GRISTMILL_HOME"]).resolve()

    @property
    def url(self) -> str:
        """The address people type, without a slash at the end."""
        return (self.values["GRISTMILL_URL"] or f"http://localhost:{self.integer('GRISTMILL_PORT')}").rstrip("/")

    @property
    def serving_url(self) -> str:
        """Where the web process reaches the inference server, without a slash at the end."""
        port = self.integer("GRISTMILL_SERVING_PORT")
        return (self.values["GRISTMILL_SERVING_URL"] or f"http://127.0.0.1:{port}").rstrip("/")

    @property
    def allowed_hosts(self) -> list[str]:
        own = [urlsplit(self.url).hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
        return list(dict.fromkeys([*self.names("GRISTMILL_ALLOWED_HOSTS"), *own]))

    @property
    def worker_concurrency(self) -> int:
        if self.values["GRISTMILL_WORKER_CONCURRENCY"]:
            return self.integer("GRISTMILL_WORKER_CONCURRENCY")
        return max(1, (os.cpu_count() or 1) // 2)

    @property
    def addresses_path(self) -> Path:
        """The file in which a running supervisor keeps the embedded servers' URLs."""
        return self.home / "run" / "env.json"

    def package_dir(self, name: str) -> Path:
        """Where a data or weights package of requirements-data.txt lies unpacked."""
        return self.home / "packages" / name.replace("-", "_").lower()

    def secret_key(self) -> str:
        """The configured key, or one generated once and kept readable to this user only."""
        if self.values["GRISTMILL_SECRET_KEY"]:
            return self.values["GRISTMILL_SECRET_KEY"]
        return _read_or_create(self.home / "secret_key")


def load(environ: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
    """Find every setting's value; an empty string counts as not set."""
    environ = os.environ if environ is None else environ
    given = {**parse_dotenv(_read(root / ".env")), **{name: text for name, text in environ.items() if text}}
    values = {name: given.get(name) or default for name, default in DEFAULTS.items()}
    found = Settings(values, root)
    written = _read(found.addresses_path)
    addresses = json.loads(written) if written else {}
    return Settings({name: values[name] or addresses.get(name, "") for name in values}, root)


def parse_dotenv(text: str) -> dict[str, str]:
    """`NAME=value` lines; comments, blank lines, `export` and one pair of quotes are understood."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.lstrip().startswith("#"):
            found[name.strip()] = _unquote(value.strip())
    return {name: value for name, value in found.items() if value}


def database_options(url: str) -> dict[str, Any]:
    """A `DATABASE_URL` as Django's dictionary; `?host=` names a socket folder, other queries are options."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise SettingError("DATABASE_URL must start with postgresql://; Gristmill runs on Postgres only.")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", unquote(parts.hostname or "")),
        "PORT": query.pop("port", str(parts.port or "")),
        "OPTIONS": query,
    }


def broker_url(redis_url: str) -> str:
    """A `REDIS_URL` as Celery spells it: its name for a Unix socket differs from redis-py's."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    database = dict(parse_qsl(query)).get("db", "0")
    return f"redis+socket://{path}?virtual_host={database}"


def render_table() -> str:
    """The settings as the Markdown table that README.md shows."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.meaning} |" for s in SETTINGS]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _read_or_create(path: Path) -> str:
    """The text of `path`; several processes may ask at once and all get the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(fresh, path)  # fails where another process was first: its key counts
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="utf-8").strip()
