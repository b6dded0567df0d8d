"""`manage.py up`: brings everything up on one machine, watches it, and takes it down in order."""
