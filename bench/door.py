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
from functools import partial

from bench import _label_studio, _product
from bench._annotating import CLASSES, WORDS, Server

TASKS, TAKEN = 10_000, 50
UNITS = {
    "import": "seconds",
    "import with annotations": "seconds",
    "page of 100 tasks": "milliseconds",
    "project with its counts": "milliseconds",
    "100 tasks of a filter": "milliseconds",
    "create an annotation": "milliseconds",
    "next task and its annotation": "milliseconds",
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
        "100 tasks of a filter": _time_each(partial(_filter, client, full.id), range(6)),
    }
    wanted = [task.id for task in client.tasks.list(project=bare.id, page=1, page_size=min(100, count // 3)).items]
    took["create an annotation"] = _time_each(lambda task: client.annotations.create(task, result=RESULT), wanted)
    take = partial(_take_next, client, bare.id)
    took["next task and its annotation"] = _time_each(take, range(min(TAKEN, count // 3)))
    took["export JSON"] = _time(lambda: found.extend(client.projects.exports.as_json(full.id)))
    if len(found) != count or any(len(task["annotations"]) != 1 for task in found):
        raise RuntimeError("The export does not hold what was imported.")
    return took


def _import(client, project: int, tasks: list[dict]) -> None:
    """Until all tasks are there: a server may answer before."""
    client.projects.import_tasks(project, request=tasks)
    while client.projects.get(id=project).task_number < len(tasks):
        time.sleep(0.05)


def _filter(client, project: int, number: int) -> None:
    """Labeled tasks with a word in their text, another word each time."""
    conditions = (("data.text", "contains", "String", WORDS.split()[number]),
                  ("total_annotations", "greater", "Number", 0))  # fmt: skip
    items = [
        {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}
        for column, operator, kind, value in conditions
    ]
    query = json.dumps({"filters": {"conjunction": "and", "items": items}})
    if not client.tasks.list(project=project, page=1, page_size=100, query=query).items:
        raise RuntimeError("The filter found nothing.")


def _take_next(client, project: int, _number: int) -> None:
    """What a desk does for each item: the next task, and an answer to it."""
    asked = client._client_wrapper.httpx_client.request(f"api/projects/{project}/next/", method="GET")
    client.annotations.create(asked.json()["id"], result=RESULT)


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
