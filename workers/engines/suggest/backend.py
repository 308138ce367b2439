"""The client side of Label Studio's ML backend protocol: health, setup, predict, and events that ask it to train.

Every connection goes to the very address that was checked, follows no redirect, ends in time, reads no endless answer.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from urllib3.exceptions import HTTPError

from lifecycle.contracts.addresses import AddressRule
from workers.engines.deliver.send import Refused, connect, resolve

QUICK_SECONDS, PREDICT_SECONDS = 15.0, 100.0
MAX_BYTES = 32 * 1024 * 1024


class BackendError(ValueError):
    """The backend cannot be used; the message says why. Asking again would not help."""


class BackendBusy(Exception):
    """It did not answer, or said that it cannot now; worth another try."""


@dataclass(frozen=True)
class Backend:
    """Where it is, and who we are there. `private_addresses` is the operator's rule for addresses of a network."""

    url: str
    username: str = ""
    password: str = ""
    private_addresses: str = ""

    def health(self) -> str:
        """The name of the model, as far as it says one; raises BackendError or BackendBusy."""
        said = self._call("GET", "health", None, QUICK_SECONDS)
        if not isinstance(said, Mapping) or said.get("status") not in ("UP", "ok", "OK"):
            raise BackendError(f"It answers, but is not up: {str(said)[:200]}")
        return str(said.get("model_class") or said.get("model_dir") or "")

    def setup(self, *, project: str, config: str, hostname: str) -> str:
        """Tell it what is labeled; returns its model version."""
        body = {"project": project, "schema": config, "hostname": hostname, "access_token": "", "extra_params": {}}
        return _read_version(self._call("POST", "setup", body, QUICK_SECONDS))

    def predict(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *,
        project: str,
        config: str,
        version: str,
        context: Mapping[str, Any] | None = None,
    ) -> tuple[list[Mapping[str, Any] | None], str]:
        """(a prediction for each task, None where it has none; the model version). `context` is what was drawn so far,
        for backends that answer to a click or a box.
        """
        body = {
            "tasks": list(tasks),
            "model_version": version or None,
            "project": project,
            "label_config": config,
            "params": {"login": None, "password": None, "context": context},
        }
        said = self._call("POST", "predict", body, PREDICT_SECONDS)
        results = said.get("results") if isinstance(said, Mapping) else None
        if not isinstance(results, list) or len(results) != len(tasks):
            count = len(results) if isinstance(results, list) else "no list of"
            raise BackendError(f"It was asked about {len(tasks)} tasks and answered with {count} results.")
        return [_read_prediction(one) for one in results], _read_version(said)

    def train(self, *, project: str, details: Mapping[str, Any], config: str, annotations: Sequence[Any]) -> None:
        """Ask it to train: the event of today's protocol, else the older call with all annotations."""
        body = {"action": "START_TRAINING", "project": dict(details)}
        status = self._ask("POST", "webhook", body, PREDICT_SECONDS)[0]
        if status < 300:
            return
        older = {"annotations": list(annotations), "project": project, "label_config": config, "params": {}}
        status, said = self._ask("POST", "train", older, PREDICT_SECONDS)
        if status >= 300:
            raise BackendError(f"It cannot be asked to train: {status} {said[:200].decode('utf-8', 'replace')}")

    def _call(self, method: str, path: str, body: Any, seconds: float) -> Any:
        status, said = self._ask(method, path, body, seconds)
        text = said[:200].decode("utf-8", "replace")
        if status >= 500 or status == 429:
            raise BackendBusy(f"/{path} answered {status}: {text}")
        if status >= 300:
            hint = " Check the user name and password." if status in (401, 403) else ""
            raise BackendError(f"/{path} answered {status}: {text}{hint}")
        try:
            return orjson.loads(said)
        except orjson.JSONDecodeError:
            raise BackendError(f"/{path} did not answer with JSON: {text}") from None

    def _ask(self, method: str, path: str, body: Any, seconds: float) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        host, is_secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_secure else 80)
        try:
            address = resolve(host, port, AddressRule.parse(self.private_addresses))
            with connect(address, port, host, is_secure, seconds) as pool:
                answer = pool.urlopen(
                    method,
                    f"{parts.path.rstrip('/')}/{path}",
                    body=None if body is None else orjson.dumps(body, option=orjson.OPT_UTC_Z),
                    headers=self._build_headers(host, port),
                    redirect=False,
                    preload_content=False,
                )
                said = answer.read(MAX_BYTES + 1)
                answer.release_conn()
        except Refused as refused:
            raise BackendError(str(refused)) from None
        except (HTTPError, OSError, UnicodeError) as error:
            raise BackendBusy(f"{host} cannot be reached: {type(error).__name__}: {error}"[:400]) from None
        if len(said) > MAX_BYTES:
            raise BackendError(f"/{path} answered with more than {MAX_BYTES // 2**20} MB.")
        return answer.status, said

    def _build_headers(self, host: str, port: int) -> dict[str, str]:
        name = f"[{host}]" if ":" in host else host
        headers = {
            "Host": name if port in (80, 443) else f"{name}:{port}",
            "Content-Type": "application/json",
            "User-Agent": "Gristmill-ML-Backend/1",
        }
        if self.username:
            pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        return headers


def _read_prediction(said: Any) -> Mapping[str, Any] | None:
    """Newer backends give a list of predictions for a task, older ones a single one."""
    found = said[0] if isinstance(said, list) and said and isinstance(said[0], Mapping) else said
    return found if isinstance(found, Mapping) and found.get("result") else None


def _read_version(said: Any) -> str:
    return str(said.get("model_version") or "")[:200] if isinstance(said, Mapping) else ""
