from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0004_unsettled'),
    ]

    operations = [
        migrations.AddField(
            model_name='worker',
            name='has_lock',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='Artifact',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('job_id', models.UUIDField()),
                ('name', models.TextField()),
                ('path', models.TextField()),
                ('bytes', models.BigIntegerField()),
                ('made_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(models.F('job_id'), models.F('name'), name='artifact_name_is_unique_in_its_job'), models.CheckConstraint(condition=models.Q(('bytes__gte', 0), ('name__gt', ''), ('path__gt', '')), name='artifact_is_a_file')],
            },
        ),
    ]
