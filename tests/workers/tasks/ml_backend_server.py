"""A small ML backend that speaks the protocol of label-studio-ml-backend, in a thread of the test."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Model:
    """Finds the class by a word of the text; remembers what it was told."""

    def __init__(self, style: str = "new"):
        self.style = style  # "old": one prediction a task and /train; "new": a list of them, and /webhook
        self.calls: list[tuple[str, dict]] = []
        self.fails = 0  # of the next predict calls
        self.version = "words-1"
        self.words = ("cat", "dog", "fox", "good", "bad")

    def answer(self, path: str, body: dict) -> tuple[int, object]:
        self.calls.append((path, body))
        if path == "/health":
            return 200, {"status": "UP", "model_class": "Words"}
        if path == "/setup":
            return 200, {"model_version": self.version}
        if path == "/predict":
            return self.predict(body)
        if path == "/webhook" and self.style == "new":
            self.version = "words-2" if body["action"] == "START_TRAINING" else self.version
            return 201, {"result": {}, "status": "ok"}
        if path == "/train" and self.style == "old":
            return 201, {"job": "1"}
        return 404, {"detail": "no such place"}

    def predict(self, body: dict) -> tuple[int, object]:
        if self.fails:
            self.fails -= 1
            return 503, {"detail": "loading"}
        control, target = re.search(r'<Choices[^>]*name="([^"]+)"[^>]*toName="([^"]+)"', body["label_config"]).groups()
        results = []
        for task in body["tasks"]:
            text = task["data"]["text"]
            word = next((word for word in self.words if word in text), "")
            region = {"from_name": control, "to_name": target, "type": "choices", "value": {"choices": [word]}}
            one = {"result": [region] if word else [], "score": 0.8, "model_version": self.version}
            results.append([one] if self.style == "new" else one)
        return 200, {"results": results, "model_version": self.version}


@contextmanager
def serve(model: Model, password: str = "") -> Iterator[str]:
    """The address of a running backend; with a password it wants Basic auth of the user `ls`."""
    wanted = "Basic " + base64.b64encode(f"ls:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            allowed = not password or self.headers.get("Authorization") == wanted
            status, said = model.answer(self.path, body) if allowed else (401, {"detail": "who are you?"})
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = reply

        def log_message(self, format, *args) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
