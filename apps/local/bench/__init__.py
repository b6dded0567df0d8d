"""Measure Backline on this machine: `manage.py bench`.  Only ratios of one run hold elsewhere."""
