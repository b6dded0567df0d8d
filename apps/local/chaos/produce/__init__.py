"""The programs that enqueue for a trial, each told what to do line by line."""
