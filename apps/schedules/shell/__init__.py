"""What people type: `manage.py schedules ...`, one subcommand a file."""
