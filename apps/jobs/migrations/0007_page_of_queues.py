from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0006_lane_of_a_limited_key'),
    ]

    operations = [
        migrations.CreateModel(
            name='Queue',
            fields=[
            ],
            options={
                'verbose_name_plural': 'queues and kinds',
                'proxy': True,
                'default_permissions': (),
                'indexes': [],
                'constraints': [],
            },
            bases=('jobs.worker',),
        ),
        migrations.AlterModelOptions(
            name='pause',
            options={'permissions': [('pause_queue', 'Can pause and resume queues and kinds')]},
        ),
    ]
