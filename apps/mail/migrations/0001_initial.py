"""Tables of the newsletter: who asked for it, and what each issue says."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    """Adds two tables."""

    initial = True
    dependencies: ClassVar = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Issue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateField()),
                ("since", models.DateField()),
                ("items", models.JSONField()),
                ("made_at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "ordering": ["-until"],
                "constraints": [
                    models.UniqueConstraint(fields=("until",), name="issue_once_per_week"),
                    models.CheckConstraint(
                        condition=models.Q(("since__lte", models.F("until"))), name="issue_begins_before_it_ends"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "last_issue",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="mail.issue",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscription",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        models.F("id"),
                        condition=models.Q(("ended_at__isnull", True)),
                        name="subscription_that_is_wanted",
                    )
                ],
            },
        ),
    ]
