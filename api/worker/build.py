"""Builds the parts of a worker out of settings."""

from __future__ import annotations

from datetime import timedelta

from api.config.keys import link_key, sign_in_key
from api.config.settings import Settings
from api.runtime.channels import mail_channel
from api.runtime.runtime import Runtime
from notifications.content.writer import MessageRenderer
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.relay import Relay
from notifications.delivery.sign_in_mail import SignInMailer
from notifications.periodic.certificate_expiry import CertificateExpiry
from notifications.periodic.delivery_trouble import DeliveryTrouble
from notifications.periodic.orphaned_deliveries import OrphanedDeliveries
from notifications.periodic.reminders import Reminders, Rhythm
from notifications.periodic.retention import Retention
from notifications.vocabulary import EMAIL, WEBHOOK

#: How many messages a channel sends at once. Mails share a server; each webhook has its own, which
#: may be a slow one.
DEFAULT_CONCURRENCY = 16
CONCURRENCY = {WEBHOOK: 64}
#: How many messages to one recipient are claimed at once. A webhook may ask to be left alone for
#: a while, which holds for its next message too; a mail server stands for all of its people.
DEFAULT_PER_RECIPIENT = 1
PER_RECIPIENT = {EMAIL: 8}
#: The part of a process's time to end in that messages which are being sent have.
SENDING_SHARE = 0.5


def build_relays(settings: Settings, runtime: Runtime) -> list[Relay]:
    """Return one relay for each configured channel."""
    assert runtime.message_settings is not None
    renderer, key = build_renderer(settings, runtime), link_key(settings)
    policy = RetryPolicy(give_up_after=timedelta(hours=settings.delivery_retry_hours))
    return [
        Relay(
            runtime.system,
            runtime.executor,
            channel,
            renderer,
            key,
            settings.public_url,
            policy=policy,
            concurrency=CONCURRENCY.get(name, DEFAULT_CONCURRENCY),
            per_recipient=PER_RECIPIENT.get(name, DEFAULT_PER_RECIPIENT),
            shutdown_seconds=settings.shutdown_seconds * SENDING_SHARE,
            on_outcome=runtime.meter.message_handed_in,
        )
        for name, channel in runtime.message_settings.channels.items()
    ]


def build_reminders(settings: Settings, runtime: Runtime) -> Reminders:
    """Return what reminds approvers, and says that a window closes soon."""
    assert runtime.message_settings is not None
    messages, rhythm = runtime.message_settings, Rhythm(share=settings.reminder_share)
    return Reminders(
        runtime.system,
        runtime.executor,
        messages.link_key,
        rhythm,
        link_lifetime=messages.link_lifetime,
        channels=messages.personal,
    )


def build_certificate_expiry(runtime: Runtime) -> CertificateExpiry:
    """Return what notifies of certificates that expire soon."""
    assert runtime.message_settings is not None
    personal = runtime.message_settings.personal
    return CertificateExpiry(runtime.system, runtime.executor, channels=personal)


def build_retention(settings: Settings, runtime: Runtime) -> Retention | None:
    """Return what deletes deliveries that were settled long ago; None where all are kept."""
    days = settings.delivery_retention_days
    return Retention(runtime.system, runtime.executor, timedelta(days=days)) if days else None


def build_orphaned_deliveries(runtime: Runtime) -> OrphanedDeliveries:
    """Return what ends the messages for channels that are not configured any more."""
    assert runtime.message_settings is not None
    return OrphanedDeliveries(runtime.system, runtime.executor, runtime.message_settings.channels)


def build_delivery_trouble(runtime: Runtime) -> DeliveryTrouble:
    """Return what records in the ledger that messages do not arrive."""
    return DeliveryTrouble(runtime.system, runtime.executor)


def build_renderer(settings: Settings, runtime: Runtime) -> MessageRenderer:
    """Return what renders messages, with the operator's own templates if there are any."""
    return MessageRenderer(
        settings.public_url,
        settings.templates,
        mail_from=settings.mail_from,
        on_fault=runtime.meter.message_in_plain_form,
    )


def build_sign_in_mailer(settings: Settings, runtime: Runtime) -> SignInMailer:
    """Return what sends sign-in mails, over connections of its own, so that it waits for nobody."""
    seconds = min(20, settings.shutdown_seconds * SENDING_SHARE)
    channel = mail_channel(settings, connections=2, timeout_seconds=seconds)
    renderer, key = build_renderer(settings, runtime), sign_in_key(settings)
    return SignInMailer(
        runtime.system, runtime.executor, channel, renderer, key, settings.public_url
    )
