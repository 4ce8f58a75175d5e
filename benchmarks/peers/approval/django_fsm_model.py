"""django-fsm-2: a model with a guarded field, its transitions methods.

https://github.com/django-commons/django-fsm-2: `FSMField(protected=True)`, `@transition` with
conditions, saved by the caller; locked by `select_for_update` in a transaction.
"""

import django_project
from timing import APPROVERS, TOLD, measure

django_project.start("django_fsm")

from django.db import models, transaction  # noqa: E402 - once Django is set up
from django_fsm import FSMField, transition  # noqa: E402


class Mail(models.Model):
    """What is to be sent."""

    recipient = models.TextField()
    text = models.TextField()


class Release(models.Model):
    """Approved once both agree."""

    name = models.TextField(unique=True)
    status = FSMField(default="PENDING", protected=True)

    def has_quorum(self):
        return self.decisions.count() >= len(APPROVERS)

    @transition(field=status, source="PENDING", target="APPROVED", conditions=[has_quorum])
    def approve(self):
        text = f"{self.name} is approved"
        Mail.objects.bulk_create(Mail(recipient=who, text=text) for who in TOLD)


class Decision(models.Model):
    """One person's."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="decisions")
    approver = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "approver"], name="once")]  # noqa: RUF012


django_project.make_tables()


def job(name: str) -> None:
    with transaction.atomic():
        release = Release.objects.create(name=name)
        Mail.objects.bulk_create(Mail(recipient=who, text=f"Decide {name}") for who in APPROVERS)
    for who in APPROVERS:
        with transaction.atomic():
            release = Release.objects.select_for_update().get(pk=release.pk)
            release.decisions.create(approver=who)
            if release.has_quorum():
                release.approve()
                release.save()
    assert release.status == "APPROVED"


measure(job)
