"""Label Studio's own SDK against the door, and against Label Studio itself where `label-studio` is on the PATH: the
same script, one server after the other.

`python -m bench.door [tasks]`
"""

from __future__ import annotations

import json
import logging
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable

from bench import _label_studio, _product
from bench._annotating import CLASSES, WORDS, Server

TASKS = 10_000
UNITS = {
    "import": "seconds",
    "import with annotations": "seconds",
    "page of 100 tasks": "milliseconds",
    "project with its counts": "milliseconds",
    "create an annotation": "milliseconds",
    "export JSON": "seconds",
}
RESULT = [{"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [CLASSES[0]]}}]
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="mood" toName="text">'
    + "".join(f'<Choice value="{name}"/>' for name in CLASSES)
    + "</Choices></View>"
)


def main(tasks: int = TASKS) -> None:
    home = _product.start()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line a request
    from lifecycle.accounts.models import User
    from lifecycle.accounts.services import tokens

    owner = User.objects.create(username="door", is_superuser=True)
    _, secret = tokens.issue(user=owner, name="bench", scope="write")
    peer: dict[str, float] = {}
    name = ""
    if programs := _label_studio.find_program():
        with _label_studio.serve(programs, home) as (address, token, version):
            name, peer = f"Label Studio {version}", measure(address, token, tasks)
    with Server() as server:
        ours = measure(f"http://127.0.0.1:{server.port}/label-studio", secret, tasks)
    for what, figure in ours.items():
        row = {"what": what, "tasks": tasks, UNITS[what]: figure}
        if what in peer:
            row |= {"beside": name, f"its_{UNITS[what]}": peer[what], "ratio": round(figure / peer[what], 3)}
        else:
            row |= {"beside": "not measured: no label-studio on the PATH"}
        print(json.dumps(row))


def measure(address: str, token: str, count: int) -> dict[str, float]:
    """What a script with Label Studio's SDK waits for, step by step."""
    from label_studio_sdk import LabelStudio

    client = LabelStudio(base_url=address, api_key=token, timeout=900)
    bare = client.projects.create(title="bare", label_config=CONFIG)
    full = client.projects.create(title="full", label_config=CONFIG)
    plain, labeled = make_tasks(count, False), make_tasks(count, True)
    found: list = []
    took = {
        "import": _time(lambda: _import(client, bare.id, plain)),
        "import with annotations": _time(lambda: _import(client, full.id, labeled)),
        "page of 100 tasks": _time_each(lambda _: client.tasks.list(project=full.id, page=1, page_size=100), range(6)),
        "project with its counts": _time_each(lambda _: client.projects.get(id=full.id), range(6)),
    }
    wanted = [task.id for task in client.tasks.list(project=bare.id, page=1, page_size=100).items]
    took["create an annotation"] = _time_each(lambda task: client.annotations.create(task, result=RESULT), wanted)
    took["export JSON"] = _time(lambda: found.extend(client.projects.exports.as_json(full.id)))
    if len(found) != count or any(len(task["annotations"]) != 1 for task in found):
        raise RuntimeError("The export does not hold what was imported.")
    return took


def _import(client, project: int, tasks: list[dict]) -> None:
    """Until all tasks are there: a server may answer before."""
    client.projects.import_tasks(project, request=tasks)
    while client.projects.get(id=project).task_number < len(tasks):
        time.sleep(0.05)


def make_tasks(count: int, is_annotated: bool) -> list[dict]:
    """Texts of about 200 characters, as the peers' script makes them."""
    made = []
    for number in range(count):
        dice = random.Random(number)
        choice = {"choices": [dice.choice(CLASSES)]}
        result = [{"from_name": "mood", "to_name": "text", "type": "choices", "value": choice}]
        text = f"{number}: " + " ".join(dice.choices(WORDS.split(), k=35))
        made.append(
            {"data": {"text": text, "n": number}} | ({"annotations": [{"result": result}]} if is_annotated else {})
        )
    return made


def _time(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def _time_each(work: Callable[[int], object], inputs: Iterable[int]) -> float:
    """Milliseconds of one, at the median; the first is left out."""
    seconds = []
    for one in inputs:
        start = time.perf_counter()
        work(one)
        seconds.append(time.perf_counter() - start)
    return round(1000 * statistics.median(seconds[1:]), 1)


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
