"""What keeps an installation well: backups, checks of its health, clearing of what expired.  No tables."""
