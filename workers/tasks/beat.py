"""What the clock sends: turns a schedule's tick into a job."""

from django.utils import timezone

from lifecycle.annotations.services.assignment import apply_due_rules
from lifecycle.annotations.services.backends import tell_due
from lifecycle.annotations.services.disagreement import measure_due
from lifecycle.annotations.services.gold_scores import rescore_due
from lifecycle.annotations.services.ordering import rank_due
from lifecycle.annotations.services.webhook_sweep import wake_deliveries
from lifecycle.contracts.jobs import TASK_PREFIX
from lifecycle.embeddings.services import catch_up
from lifecycle.exploration.services import catch_up_due, profile_due
from lifecycle.jobs import services
from lifecycle.pipelines.assistance import ask_about_new
from lifecycle.pipelines.learning import start_due
from lifecycle.sources.services import run_due
from workers.celery import app


@app.task(name=TASK_PREFIX + "beat")
def tick(*, kind: str) -> None:
    """One job per kind and minute, however many clocks tick. Sources, rounds, encoders, orders, rules, profiles and
    what older items lack start too where they are due, and answers that came in are compared."""
    run_due()
    wake_deliveries()
    minute = timezone.now().strftime("%Y-%m-%dT%H:%M")
    services.enqueue(kind=kind, title=f"Scheduled: {kind}", spec={}, idempotency_key=f"beat:{kind}:{minute}")
    start_due()
    tell_due()
    ask_about_new()
    catch_up()
    rank_due()
    apply_due_rules()
    profile_due()
    measure_due()
    catch_up_due()
    rescore_due()
