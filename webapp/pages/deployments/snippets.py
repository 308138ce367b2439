"""Ready-made calls of a deployment in curl, Python and tritonclient."""

from __future__ import annotations

import json
from typing import Any

from lifecycle.deployments.rules import propose_row

DTYPES = {"FP32": "float32", "FP64": "float64", "INT64": "int64", "INT32": "int32", "BOOL": "bool"}


def build(url: str, slug: str, version: Any) -> list[dict[str, str]]:
    """[{"key", "title", "code"}]; empty when nothing is behind the deployment."""
    if version is None:
        return []
    manifest = version.artifact.manifest
    kind = manifest.get("item_kind", "row")
    path = f"{url}/v1/{slug}/predict"
    if kind == "image":
        curl = f'curl {path} \\\n  -H "Authorization: Bearer $GRISTMILL_TOKEN" \\\n  -F image=@picture.jpg'
        python = _render_python(path, "files={'image': open('picture.jpg', 'rb')}")
    else:
        body = {"text": "The best film of the year."} if kind == "text" else {"row": _example(manifest)}
        text = json.dumps(body, ensure_ascii=False)
        quoted = text.replace("'", "'\\''")
        curl = (
            f'curl {path} \\\n  -H "Authorization: Bearer $GRISTMILL_TOKEN" \\\n'
            f"  -H 'Content-Type: application/json' \\\n  -d '{quoted}'"
        )
        python = _render_python(path, f"json={body!r}")
    return [
        {"key": "curl", "title": "curl", "code": curl},
        {"key": "python", "title": "Python", "code": python},
        {"key": "triton", "title": "tritonclient", "code": _render_triton(url, slug, manifest)},
    ]


def _example(manifest: dict[str, Any]) -> dict[str, Any]:
    reference = (manifest.get("reference") or {}).get("inputs") or {}
    return propose_row(manifest.get("features") or (), reference)


def _render_python(path: str, argument: str) -> str:
    return "\n".join(
        [
            "import os, requests",
            "",
            "answer = requests.post(",
            f"    {path!r},",
            "    headers={'Authorization': 'Bearer ' + os.environ['GRISTMILL_TOKEN']},",
            f"    {argument},",
            ")",
            "answer.raise_for_status()",
            "print(answer.json()['prediction'], answer.json()['request_id'])",
        ]
    )


def _render_triton(url: str, slug: str, manifest: dict[str, Any]) -> str:
    lines = [
        "import os, numpy as np",
        "import tritonclient.http as triton",
        "",
        f"client = triton.InferenceServerClient({url.partition('://')[2]!r}, ssl={url.startswith('https')})",
        "headers = {'Authorization': 'Bearer ' + os.environ['GRISTMILL_TOKEN']}",
    ]
    names = []
    for position, spec in enumerate(manifest.get("inputs") or ()):
        shape = [1 if n == 0 else (16 if size == -1 else size) for n, size in enumerate(spec["shape"])]
        dtype = DTYPES.get(spec["datatype"], "uint8")
        name = f"input_{position}"
        names.append(name)
        lines.append(f"{name} = triton.InferInput({spec['name']!r}, {shape}, {spec['datatype']!r})")
        lines.append(f"{name}.set_data_from_numpy(np.zeros({shape}, {dtype!r}))")
    outputs = manifest.get("outputs") or [{"name": "output"}]
    lines.append(f"answer = client.infer({slug!r}, [{', '.join(names)}], headers=headers)")
    lines.append(f"print(answer.as_numpy({outputs[0]['name']!r}))")
    return "\n".join(lines)
