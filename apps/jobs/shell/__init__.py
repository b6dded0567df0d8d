"""What people type: `manage.py jobs ...` and `manage.py dead_letters ...`, one subcommand a file."""
