"""Members of staff, each with the rights that a test gives."""

from django.contrib.auth.models import Permission
from django.test import Client

from apps.accounts.models import User


def log_in(client: Client, *rights: str) -> Client:
    """Log a member of staff in, with these rights and no other."""
    person, _ = User.objects.get_or_create(email="staff@example.com", defaults={"is_staff": True})
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(person)
    return client
