"""Who wants the newsletter: people ask for it themselves, and stop it there or by the link in each letter."""

from django.core import signing
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.mail.models import Subscription

_SALT = "newsletter"


def subscribe(user: User) -> None:
    """Write down that a person asks for the newsletter; asking again changes nothing."""
    Subscription.objects.bulk_create([Subscription(user=user, asked_at=Now())], ignore_conflicts=True)
    Subscription.objects.filter(user=user, ended_at__isnull=False).update(asked_at=Now(), ended_at=None)


def unsubscribe(user: User) -> None:
    """Write down that a person does not want it any more; letters that were not begun stay unsent."""
    Subscription.objects.filter(user=user, ended_at=None).update(ended_at=Now())


def is_wanted_by(user: User) -> bool:
    """Say whether a person gets the newsletter."""
    return Subscription.objects.filter(user=user, ended_at=None).exists()


def token_of(subscription_id: int) -> str:
    """Return the word by which a letter's link stops this subscription and no other, without a login."""
    return signing.Signer(salt=_SALT).sign(str(subscription_id))


def found_by(token: str) -> Subscription | None:
    """Return the subscription that a link means; None for a link that is not from us."""
    try:
        subscription_id = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        return None
    return Subscription.objects.filter(pk=subscription_id).select_related("user").first()
