"""Pages that update by themselves: one poller and one database connection for all streams of a process."""
