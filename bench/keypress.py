"""In Chromium: from the press of a key to the next picture painted, pictures of about 2 MB, at a fast person's pace;
the same with Label Studio where `label-studio` is on the PATH, one server after the other.

Measured is the press that ends an item: the key of the class here, Ctrl+Enter after the key of the class there.

`python -m bench.keypress [presses]`
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bench import _label_studio, _painted, _product
from bench._annotating import CLASSES, Server, log_in, percentile

PICTURE_SIDE, PRESSES, WARM = 1664, 40, 5
SPARE = 15  # leased ahead of the last press
UPLOADED_AT_ONCE = 10
TARGET_MS = 100
CONFIG = (
    '<View><Image name="image" value="$image"/><Choices name="kind" toName="image">'
    + "".join(f'<Choice value="{name}"/>' for name in CLASSES)
    + "</Choices></View>"
)


def main(presses: int = PRESSES) -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps a loop running in this thread
    home = _product.start()
    row = {"what": "key press → next picture painted", "presses": presses}
    ours = _measure_ours(presses)
    row |= {"picture_mb": round(len(draw_picture(0)) / 1e6, 2)} | _describe(ours) | {"target_ms": TARGET_MS}
    if programs := _label_studio.find_program():
        name, theirs = _measure_peer(programs, home, presses)
        peer = _describe(theirs)
        row |= {"beside": name} | {f"its_{key}": value for key, value in peer.items()}
        row |= {f"ratio_{key.removesuffix('_ms')}": round(_describe(ours)[key] / peer[key], 3) for key in peer}
    else:
        row |= {"beside": "not measured: no label-studio on the PATH"}
    print(json.dumps(row))


def _describe(times: list[float]) -> dict[str, float]:
    return {"p50_ms": percentile(times, 50), "p95_ms": percentile(times, 95)}


def _measure_ours(presses: int) -> list[float]:
    from lifecycle.annotations.models import Annotation

    project, annotator = _make_project(presses + WARM + SPARE)
    with Server() as server, _painted.open_browser(f"http://127.0.0.1:{server.port}") as page:
        log_in(page.context, annotator, server)
        page.goto(f"/projects/{project.slug}/label")
        page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        image = page.wait_for_selector(".image-picture")
        key = page.inner_text(f"[data-class={CLASSES[0]}] kbd")  # what the page says to press
        times = _painted.measure(page, [key], presses, warm=WARM, shown=_read_width(image))
        page.wait_for_selector("[data-part=save]:text-is('Saved')")
    answers = Annotation.objects.filter(user=annotator, kind="answer", is_current=True, value=CLASSES[0])
    _check_count("Gristmill", answers.count(), presses)
    return times


def _measure_peer(programs: Path, home: Path, presses: int) -> tuple[str, list[float]]:
    """(name with version, milliseconds): pictures uploaded as by a person, served by itself, in its label stream."""
    from label_studio_sdk import LabelStudio

    with _label_studio.serve(programs, home) as (address, token, version):
        client = LabelStudio(base_url=address, api_key=token, timeout=300)
        project = client.projects.create(title="pictures", label_config=CONFIG).id
        _upload(address, token, project, presses + WARM + SPARE)
        with _painted.open_browser(address) as page:
            page.goto("/user/login/")
            page.fill("[name=email]", _label_studio.EMAIL)
            page.fill("[name=password]", _label_studio.PASSWORD)
            page.press("[name=password]", "Enter")
            page.wait_for_url(lambda url: "/login" not in url)
            page.goto(f"/projects/{project}/data?labeling=1")
            image = page.wait_for_selector(f"img[src]:near(:text('{CLASSES[0]}'))")
            page.wait_for_function("image => image.naturalWidth > 1000", arg=image)
            keys = ["1", "Control+Enter"]  # that of the class, as the page says, and of its button “Submit”
            times = _painted.measure(page, keys, presses, warm=WARM, shown=_read_width(image))
            page.wait_for_timeout(1_000)  # the last answer is on its way
        found = client.tasks.list(project=project, page_size=100, fields="all").items
        answered = [task for task in found if _read_choice(task) == CLASSES[0]]
    _check_count(f"Label Studio {version}", len(answered), presses)
    return f"Label Studio {version}", times


def _read_choice(task) -> str | None:
    """What the only annotation of a task chose; None without one."""
    results = [result for annotation in task.annotations or [] for result in annotation["result"]]
    return results[0]["value"]["choices"][0] if results else None


def _read_width(image) -> int:
    return image.evaluate("image => image.naturalWidth")


def _check_count(name: str, answers: int, presses: int) -> None:
    """A press that saves nothing is none."""
    if answers != presses + WARM:
        raise RuntimeError(f"{name} kept {answers} answers of {presses + WARM} presses.")


@cache
def draw_picture(number: int) -> bytes:
    """A JPEG of about 2 MB, that does not compress further; its width says which one it is."""
    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(number).integers(0, 255, (PICTURE_SIDE, PICTURE_SIDE + number, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=85)
    return file.getvalue()


def _upload(address: str, token: str, project: int, count: int) -> None:
    import httpx

    for numbers in _cut(count):
        files = [("file", (f"{number:03}.jpg", draw_picture(number), "image/jpeg")) for number in numbers]
        headers = {"Authorization": f"Token {token}"}
        url = f"{address}/api/projects/{project}/import"
        httpx.post(url, headers=headers, files=[(f"{name}{at}", one) for at, (name, one) in enumerate(files)],
                   timeout=300, trust_env=False).raise_for_status()  # fmt: skip


def _cut(count: int) -> Iterator[range]:
    for start in range(0, count, UPLOADED_AT_ONCE):
        yield range(start, min(count, start + UPLOADED_AT_ONCE))


def _make_project(count: int):
    from django.conf import settings

    from lifecycle.accounts.models import User
    from lifecycle.annotations import services
    from lifecycle.common.blobs import open_blobs
    from lifecycle.datasets.models import Collection, Item
    from lifecycle.projects.models import Membership

    project, owner = _product.make_project("image_classification")
    services.create_schema(project=project, classes=CLASSES, created_by=owner)
    dataset = project.datasets.get()
    collection = Collection.objects.create(dataset=dataset, title="bench", created_by=owner)
    blobs = open_blobs(settings.STORAGE_URL)
    for number in range(count):
        picture = draw_picture(number)
        Item.objects.create(
            dataset=dataset, collection=collection, content_hash=f"{number:064x}", blob=blobs.put(picture),
            mime="image/jpeg", width=PICTURE_SIDE + number, height=PICTURE_SIDE, byte_size=len(picture),
        )  # fmt: skip
    services.open_tasks(collection=collection)
    annotator = User.objects.create(username="painter")
    Membership.objects.create(project=project, user=annotator, role=Membership.Role.ANNOTATOR)
    return project, annotator


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
