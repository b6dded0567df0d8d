"""Run Backline on one machine: embedded servers, `up`, `doctor`, `clean`."""
