"""Send a mail that a service asked for."""

from workers.runtime import JobContext, job_task


@job_task("mail", queue="io")
def mail(context: JobContext) -> dict:
    from lifecycle.accounts.services import mails

    return {"sent": mails.send_password_reset(email=context.spec["email"])}
