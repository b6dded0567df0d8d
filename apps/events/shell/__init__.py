"""What people type: `manage.py events ...`, one subcommand a file."""
