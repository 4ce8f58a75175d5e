"""What a request is, and how it goes."""

from django.db import models
from timing import APPROVERS, DATABASE, TOLD
from viewflow import jsonstore, this
from viewflow.workflow import flow, lock
from viewflow.workflow.models import Process


class Mail(models.Model):
    """What is to be sent."""

    recipient = models.TextField()
    text = models.TextField()


class ReleaseProcess(Process):
    """The state of one request, in the process's JSON as the documentation proposes."""

    name = jsonstore.CharField(max_length=150)
    approved = jsonstore.BooleanField(default=False)

    class Meta:
        proxy = True


class ReleaseFlow(flow.Flow):
    """Both must agree."""

    process_class = ReleaseProcess
    # Joins need one; on PostgreSQL this is recommended, SQLite's transactions exclude each other.
    lock_impl = lock.no_lock if DATABASE.startswith("sqlite") else lock.select_for_update_lock

    start = flow.StartHandle(this.request).Next(this.split)
    split = flow.Split().Next(this.ann).Next(this.bob)
    ann = flow.Handle(this.decide).Next(this.join)
    bob = flow.Handle(this.decide).Next(this.join)
    join = flow.Join().Next(this.check)
    check = flow.If(lambda activation: activation.process.approved).Then(this.tell).Else(this.end)
    tell = flow.Function(this.tell_everybody).Next(this.end)
    end = flow.End()

    def request(self, activation, name):
        activation.process.name = name
        activation.process.save()
        Mail.objects.bulk_create(Mail(recipient=who, text=f"Decide {name}") for who in APPROVERS)
        return activation.process

    def decide(self, activation):
        activation.process.approved = True
        activation.process.save()

    def tell_everybody(self, activation):
        text = f"{activation.process.name} is approved"
        Mail.objects.bulk_create(Mail(recipient=who, text=text) for who in TOLD)
