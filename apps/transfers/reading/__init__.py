"""Reads a table out of an uploaded file: bounded in memory, whatever the file holds."""
