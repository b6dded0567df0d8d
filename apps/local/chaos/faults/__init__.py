"""The faults, one file a family; `table` lists them all."""
