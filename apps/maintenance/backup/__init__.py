"""Backups of the database: written by pg_dump, read back by pg_restore, kept for some days."""
