from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('schedules', '0004_versions'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='policy',
            options={'permissions': [('run_schedule', 'Can run schedules now, and decide about missed moments'), ('pause_schedule', 'Can pause and resume schedules'), ('roll_back_schedule', 'Can roll schedules back, to a version or to their code')], 'verbose_name_plural': 'policies'},
        ),
    ]
