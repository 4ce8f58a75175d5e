"""What a worker has to do, made out of settings."""

from __future__ import annotations

from datetime import timedelta

from api.config.keys import link_key, sign_in_key
from api.config.settings import Settings
from api.runtime.channels import mail_channel
from api.runtime.runtime import Runtime
from notifications.content.writer import MessageRenderer
from notifications.delivery.claims import RetryPolicy
from notifications.delivery.relay import Relay
from notifications.delivery.sign_in_mail import SignInMailer
from notifications.periodic.orphaned_deliveries import OrphanedDeliveries
from notifications.periodic.reminders import Reminders, Rhythm
from notifications.periodic.retention import Retention
from notifications.vocabulary import WEBHOOK

#: Of a channel, messages under way at a time. Each webhook has its own server, maybe a slow one.
CONCURRENCY = {WEBHOOK: 64}

#: Of the time that a process has to end in, how much is for messages that are being sent.
SENDING = 0.5


def build_relays(settings: Settings, runtime: Runtime) -> list[Relay]:
    """What takes messages from the outbox, one relay for each configured channel."""
    assert runtime.message_settings is not None
    writer, key = build_writer(settings, runtime), link_key(settings)
    policy = RetryPolicy(give_up_after=timedelta(hours=settings.delivery_retry_hours))
    return [
        Relay(
            runtime.system,
            runtime.executor,
            channel,
            writer,
            key,
            settings.public_url,
            policy=policy,
            concurrency=CONCURRENCY.get(name, 16),
            patience=settings.shutdown_seconds * SENDING,
            on_outcome=runtime.meter.message_handed_in,
        )
        for name, channel in runtime.message_settings.channels.items()
    ]


def build_reminders(settings: Settings, runtime: Runtime) -> Reminders:
    """What reminds approvers, and tells that a window closes soon."""
    assert runtime.message_settings is not None
    telling, rhythm = runtime.message_settings, Rhythm(share=settings.reminder_share)
    return Reminders(
        runtime.system,
        runtime.executor,
        telling.link_key,
        rhythm,
        link_lifetime=telling.link_lifetime,
        channels=telling.personal,
    )


def build_retention(settings: Settings, runtime: Runtime) -> list[Retention]:
    """What deletes deliveries that were settled long ago; nothing where all are kept."""
    days = settings.delivery_retention_days
    return [Retention(runtime.system, runtime.executor, timedelta(days=days))] if days else []


def build_stranded(runtime: Runtime) -> OrphanedDeliveries:
    """What ends the messages for channels that are not configured any more."""
    assert runtime.message_settings is not None
    return OrphanedDeliveries(runtime.system, runtime.executor, runtime.message_settings.channels)


def build_writer(settings: Settings, runtime: Runtime) -> MessageRenderer:
    """What writes messages; with templates of the operator's own, if there are any."""
    return MessageRenderer(
        settings.public_url,
        settings.templates,
        mail_from=settings.mail_from,
        on_fault=runtime.meter.message_in_plain_form,
    )


def build_sign_in_mailer(settings: Settings, runtime: Runtime) -> SignInMailer:
    """What sends the mails to sign in with; over connections of its own, so it waits for nobody."""
    seconds = min(20, settings.shutdown_seconds * SENDING)
    channel = mail_channel(settings, connections=2, timeout_seconds=seconds)
    writer, key = build_writer(settings, runtime), sign_in_key(settings)
    return SignInMailer(runtime.system, runtime.executor, channel, writer, key, settings.public_url)
