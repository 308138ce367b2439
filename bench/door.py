"""Label Studio's own SDK against the door: import of tasks with annotations, pages, export; beside what Label Studio
itself needed for the same on two cores (PostgreSQL and gunicorn, recorded; the peers' script is not part of this
repository).

`python -m bench.door [tasks]`
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time

from bench import _product
from bench._annotating import CLASSES, WORDS, Server

TASKS = 10_000
RECORDED = {"import": 2.1, "import with annotations": 9.4, "export JSON": 17.1}  # seconds for 10,000 tasks
RECORDED_PAGE_MS = 164
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="mood" toName="text">'
    + "".join(f'<Choice value="{name}"/>' for name in CLASSES)
    + "</Choices></View>"
)


def main(tasks: int = TASKS) -> None:
    _product.start()
    from label_studio_sdk import LabelStudio

    from lifecycle.accounts.models import User
    from lifecycle.accounts.services import tokens

    owner = User.objects.create(username="door", is_superuser=True)
    _, secret = tokens.issue(user=owner, name="bench", scope="write")
    with Server() as server:
        client = LabelStudio(base_url=f"http://127.0.0.1:{server.port}/label-studio", api_key=secret, timeout=600)
        bare = client.projects.create(title="bare", label_config=CONFIG)
        full = client.projects.create(title="full", label_config=CONFIG)
        plain, labeled = make_tasks(tasks, False), make_tasks(tasks, True)
        _say("import", tasks, _time(lambda: client.projects.import_tasks(bare.id, request=plain)))
        _say("import with annotations", tasks, _time(lambda: client.projects.import_tasks(full.id, request=labeled)))
        pages = [_time(lambda: client.tasks.list(project=full.id, page=1, page_size=100)) for _ in range(6)][1:]
        print(json.dumps({"what": "page of 100 tasks", "tasks": tasks,
                          "milliseconds": round(1000 * statistics.median(pages), 1),
                          "label_studio_milliseconds": RECORDED_PAGE_MS}))  # fmt: skip
        found: list = []
        _say("export JSON", tasks, _time(lambda: found.extend(client.projects.exports.as_json(full.id))))
        if len(found) != tasks or any(len(task["annotations"]) != 1 for task in found):
            raise RuntimeError("The export does not hold what was imported.")


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


def _say(what: str, tasks: int, seconds: float) -> None:
    row = {"what": what, "tasks": tasks, "seconds": round(seconds, 2)}
    if tasks == TASKS:
        row |= {"label_studio_seconds": RECORDED[what], "ratio": round(seconds / RECORDED[what], 3)}
    print(json.dumps(row))


def _time(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
