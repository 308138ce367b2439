"""Pages of grid mode whose items belong together, out of the whole queue: alike, or of one guess of the model."""

from __future__ import annotations

from lifecycle.annotations.grid_selectors import list_by_guess
from lifecycle.annotations.labelling_selectors import Labelling, read_labelling
from lifecycle.annotations.models import Task
from lifecycle.annotations.services.queue import Preference, lease_next
from lifecycle.embeddings.selectors import find_encoder
from lifecycle.embeddings.selectors.neighbors import list_open_tasks_like
from lifecycle.projects.models import Project

ALIKE, GUESS = "alike", "guess"
ORDERS = (ALIKE, GUESS)


def lease_page(
    *, project: Project, user, order: str, count: int = 1, resume: bool = False, labelling: Labelling | None = None
) -> list[Task]:
    """`lease_next` for a page in one of ORDERS: the first task of the queue with those most like it, or the next ones
    by the model's guess. Where nothing is known to go by, the queue's own order.
    """
    labelling = labelling or read_labelling(project, user)
    if order == GUESS:
        wanted = _prefer_guesses(project, labelling)
        return lease_next(
            project=project, user=user, count=count, resume=resume, labelling=labelling, preference=wanted
        )
    taken = lease_next(project=project, user=user, count=1, resume=resume, labelling=labelling)
    if taken and len(taken) < count:
        wanted = _prefer_alike(project, labelling, taken[-1], count)
        rest = count - len(taken)
        taken += lease_next(project=project, user=user, count=rest, labelling=labelling, preference=wanted)
    return taken


def _prefer_guesses(project: Project, labelling: Labelling) -> Preference | None:
    shown = labelling.assistance
    tasks = list_by_guess(project, shown) if shown is not None and shown.is_on else []
    if not tasks or shown is None:
        return None
    share = 1 - (1 - labelling.queue.random_share) * (1 - shown.hidden_share)
    return Preference(tuple(tasks), share, only_random=False)


def _prefer_alike(project: Project, labelling: Labelling, first: Task, count: int) -> Preference | None:
    encoder = find_encoder(project)
    tasks = list_open_tasks_like(encoder, first.item_id, limit=3 * count) if encoder else []
    return Preference(tuple(tasks), labelling.queue.random_share) if tasks else None
