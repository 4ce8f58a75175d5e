"""What can be followed."""

from api.graphql.subscriptions.release_events import ReleaseSubscriptions as Subscription

__all__ = ["Subscription"]
