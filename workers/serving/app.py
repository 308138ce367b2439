"""From a request's path to its answer: who may, which model, queue, run, log, answer."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import orjson

from workers.serving import v1, v2
from workers.serving.auth import Doorkeeper
from workers.serving.bodies import DOOR_V1, DOOR_V2, read_input
from workers.serving.calls import Call, IdSource, format_id
from workers.serving.endpoints import Endpoint, Lane
from workers.serving.http import Request
from workers.serving.metrics import Metrics
from workers.serving.problems import Problem
from workers.serving.spool import SpoolWriter, encode_record

logger = logging.getLogger(__name__)

THREADED_BODY_BYTES = 256 * 1024  # parsing more than this would hold up everyone else
MAX_ROUTES = 4096
BINARY = b"application/octet-stream"

Route = tuple[Callable[[Request, str, str], None], str, str]  # (handler, deployment or path, version)


class App:
    """The inference server's behavior, free of sockets and processes. `endpoints` is replaced by the watcher."""

    def __init__(
        self,
        *,
        doorkeeper: Doorkeeper,
        spool: SpoolWriter,
        metrics: Metrics,
        executor: Executor,
        pages: dict[bytes, Callable[[], tuple[int, bytes, bytes]]],
    ):
        self.endpoints: dict[str, Endpoint] = {}
        self.is_ready = False
        self._doorkeeper = doorkeeper
        self._spool = spool
        self._metrics = metrics
        self._executor = executor
        self._pages = pages  # {path: () -> (status, body, content type)}, open to all
        self._ids = IdSource()
        self._routes: dict[tuple[bytes, bytes], Route] = {}

    # routing

    def handle(self, request: Request) -> None:
        """Answer, now or later, whatever happens."""
        try:
            handler, slug, version = self._find_route(request.method, request.path)
            handler(request, slug, version)
        except Problem as problem:
            request.refuse(problem)
        except Exception:  # a defect of ours must not close the connection without a word
            logger.exception("request failed")
            request.refuse(Problem(500, "The server failed. The reason is in its log."))

    def _find_route(self, method: bytes, path: bytes) -> Route:
        known = self._routes.get((method, path))
        if known is None:
            known = self._build_route("GET" if method == b"HEAD" else method.decode("ascii", "replace"), path)
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            self._routes[method, path] = known
        return known

    def _build_route(self, method: str, path: bytes) -> Route:
        if path in self._pages and method == "GET":
            return self._answer_page, path.decode(), ""
        found: dict[str, Route]
        match path.decode("utf-8", "replace").strip("/").split("/"):
            case ["v1", slug]:
                found = {"GET": (self._describe_v1, slug, "")}
            case ["v1", slug, "predict"]:
                found = {"POST": (self._predict_v1, slug, "")}
            case ["v2"] | ["v2", "health", "live" | "ready"]:
                found = {"GET": (self._answer_health, path.decode().strip("/"), "")}
            case ["v2", "models", slug, *rest]:
                found = self._build_v2_route(slug, rest)
            case _:
                raise Problem(404, "There is no such address. Try /v2, /v1/<deployment>/predict or /healthz.")
        if method not in found:
            raise Problem(405, f"Use {' or '.join(found)} here.", (("allow", ", ".join(found)),))
        return found[method]

    def _build_v2_route(self, slug: str, rest: list[str]) -> dict[str, Route]:
        version = ""
        if len(rest) >= 2 and rest[0] == "versions":
            version, rest = rest[1], rest[2:]
        match rest:
            case []:
                return {"GET": (self._describe_v2, slug, version)}
            case ["ready"]:
                return {"GET": (self._answer_ready, slug, version)}
            case ["infer"]:
                return {"POST": (self._infer_v2, slug, version)}
        raise Problem(404, "There is no such address below this model.")

    # what needs no model

    def _answer_page(self, request: Request, path: str, _: str) -> None:
        status, body, kind = self._pages[path.encode()]()
        request.respond(status, body, kind)

    def _answer_health(self, request: Request, path: str, _: str) -> None:
        if path == "v2":
            request.respond(200, orjson.dumps(v2.SERVER))
        elif path.endswith("live"):
            request.respond(200, b'{"live":true}')
        else:
            request.respond(200 if self.is_ready else 503, orjson.dumps({"ready": self.is_ready}))

    # what needs a caller

    def _with_endpoint(self, request: Request, slug: str, run: Callable[[Endpoint], None]) -> None:
        """Run once it is known that the caller may; refuse otherwise."""
        header = request.headers.get(b"authorization", b"")
        if self._doorkeeper.needs_lookup(header):
            self._in_thread(
                request,
                lambda: self._doorkeeper.look_up(header),
                lambda _: run(self._doorkeeper.check(header, self.endpoints.get(slug), slug)),
            )
        else:
            run(self._doorkeeper.check(header, self.endpoints.get(slug), slug))

    def _in_thread(self, request: Request, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """`work` in a thread, `then` with its result on the loop; what either raises becomes the answer."""

        def finish(done: asyncio.Future[Any]) -> None:
            try:
                then(done.result())
            except Problem as problem:
                request.refuse(problem)
            except Exception:
                logger.exception("request failed")
                request.refuse(Problem(500, "The server failed. The reason is in its log."))

        asyncio.get_running_loop().run_in_executor(self._executor, work).add_done_callback(finish)

    def _describe_v1(self, request: Request, slug: str, _: str) -> None:
        def run(endpoint: Endpoint) -> None:
            model = _choose_lane(endpoint).model
            request.respond(200, orjson.dumps(v1.describe(slug, model.target.label, model.manifest)))

        self._with_endpoint(request, slug, run)

    def _describe_v2(self, request: Request, slug: str, version: str) -> None:
        def run(endpoint: Endpoint) -> None:
            request.respond(200, orjson.dumps(v2.describe_model(slug, _choose_lane(endpoint, version).model)))

        self._with_endpoint(request, slug, run)

    def _answer_ready(self, request: Request, slug: str, version: str) -> None:
        def run(endpoint: Endpoint) -> None:
            model = _choose_lane(endpoint, version).model
            request.respond(200, orjson.dumps({"name": slug, "ready": True, "version": str(model.target.version)}))

        self._with_endpoint(request, slug, run)

    # predictions

    def _predict_v1(self, request: Request, slug: str, _: str) -> None:
        self._with_endpoint(request, slug, lambda endpoint: self._admit(request, endpoint, DOOR_V1, ""))

    def _infer_v2(self, request: Request, slug: str, version: str) -> None:
        self._with_endpoint(request, slug, lambda endpoint: self._admit(request, endpoint, DOOR_V2, version))

    def _admit(self, request: Request, endpoint: Endpoint, door: int, version: str) -> None:
        lane = _choose_lane(endpoint, version)
        release = endpoint.release
        assert release is not None
        call = Call(request, endpoint, release.id, lane.model, self._read_id(request), door)
        if endpoint.waiting >= endpoint.max_waiting:
            call.problem = Problem(429, "Too many requests are waiting. Try again soon.", (("retry-after", "1"),))
            self._finish_refused(call)
            return
        endpoint.waiting += 1
        if len(request.body) > THREADED_BODY_BYTES or b"content-encoding" in request.headers:
            self._in_thread(request, lambda: read_input(call), lambda _: self._submit(lane, call))
        else:
            read_input(call)
            self._submit(lane, call)

    def _submit(self, lane: Lane, call: Call) -> None:
        if call.problem is None:
            lane.submit(call)
        else:
            call.endpoint.waiting -= 1
            self._finish_refused(call)

    def _read_id(self, request: Request) -> bytes:
        given = request.headers.get(b"x-request-id")
        if given is not None and len(given) <= 40:
            try:
                return uuid.UUID(given.decode("ascii")).bytes
            except ValueError:
                pass  # not a UUID: ours goes out instead
        return self._ids.take()

    def finish(self, calls: Sequence[Call]) -> None:
        """Log a batch with one write, then answer it: what a client has seen is on file."""
        answers = []
        for call in calls:
            call.endpoint.waiting -= 1
            answers.append((call, *self._render(call)))
        self._spool.flush()
        for call, status, body, kind, extra in answers:
            call.request.respond(status, body, kind, extra)

    def _finish_refused(self, call: Call) -> None:
        status, body, kind, extra = self._render(call)
        self._spool.flush()
        call.request.respond(status, body, kind, extra)

    def _render(self, call: Call) -> tuple[int, bytes, bytes, bytes]:
        """The answer, counted and appended to the log."""
        seconds = time.perf_counter() - call.request.started
        text_id = format_id(call.id)
        extra = f"x-request-id: {text_id}\r\nserver-timing: total;dur={seconds * 1e3:.2f}\r\n".encode()
        if call.problem is not None:
            status, kind = call.problem.status, b"application/problem+json"
            body = call.problem.render(text_id)
            log = orjson.dumps({"error": call.problem.detail})
            for name, value in call.problem.headers:
                extra += f"{name}: {value}\r\n".encode()
            content, content_kind = b"", 0  # what was refused is not kept
        else:
            status, kind = 200, b"application/json"
            content, content_kind = call.log_content, call.log_kind
            if call.door == DOOR_V1:
                log = body = v1.render_answer(call)
            else:
                body, head_length = v2.render_answer(call)
                log = body if v2.is_complete(call) and len(body) <= v2.MAX_LOGGED_BYTES else v2.render_log(call)
                if head_length is not None:
                    kind = BINARY
                    extra += b"inference-header-content-length: %d\r\n" % head_length
            if not call.endpoint.logs_inputs:
                content, content_kind = b"", 0
        self._metrics.count_request(call.endpoint.slug, status, seconds)
        target = call.model.target
        self._spool.append(
            encode_record(
                call.id,
                call.endpoint.id,
                call.release_id,
                target.model_version_id,
                seconds * 1e3,
                status,
                call.door,
                content_kind,
                content,
                log,
                call.features,
            )
        )
        return status, body, kind, extra


def _choose_lane(endpoint: Endpoint, version: str = "") -> Lane:
    """The lane that answers; raises Problem when nothing does."""
    if not endpoint.is_active:
        raise Problem(404, "This deployment is stopped. Start it on its page to have it answer.")
    if endpoint.release is None:
        reason = endpoint.load_error or "It is being loaded."
        raise Problem(503, f"No release of this deployment is ready. {reason}", (("retry-after", "2"),))
    if not version:
        return endpoint.release.choose()
    for lane in endpoint.release.lanes:
        if str(lane.model.target.version) == version:
            return lane
    raise Problem(404, f"Version {version} is not behind this deployment now.")
