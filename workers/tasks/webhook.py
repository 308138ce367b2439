"""Sends what waits for one webhook; what fails is tried again later, in its own time."""

import time

from django.conf import settings

from lifecycle.annotations.services import webhooks
from lifecycle.contracts import webhooks as contract
from workers.engines import deliver
from workers.runtime import JobContext, RetryLater, job_task


@job_task("webhook", queue="io")
def webhook(context: JobContext) -> dict:
    sent, after, pk = 0, 0, context.spec["webhook_id"]
    while not context.should_stop() and (parcel := webhooks.pack_next(webhook_id=pk, after=after)):
        now = int(time.time())
        headers = parcel.headers | {
            "Content-Type": "application/json",
            "User-Agent": "Gristmill-Webhook/1",
            contract.EVENT_HEADER: parcel.event,
            contract.DELIVERY_HEADER: parcel.key,
            contract.TIMESTAMP_HEADER: str(now),
            contract.SIGNATURE_HEADER: contract.sign(parcel.secret, now, parcel.body),
        }
        rule = settings.ALLOW_PRIVATE_ADDRESSES
        answer = deliver.send(parcel.url, body=parcel.body, headers=headers, private_addresses=rule)
        with context.recording():
            webhooks.record_attempt(delivery_id=parcel.delivery_id, status=answer.status, said=answer.said)
        sent, after = sent + 1, parcel.delivery_id
    pause = webhooks.find_next_pause(webhook_id=pk)
    if pause is not None:
        raise RetryLater(pause, "The receiver did not take everything; the rest is tried again.")
    return {"sent": sent}
