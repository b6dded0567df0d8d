"""Break every part of a running Backline on purpose and count what was lost: `manage.py chaos`."""
