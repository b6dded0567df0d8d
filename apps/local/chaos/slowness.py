"""How slow this machine is just now, so that a bound in seconds says something about us and not about it."""

import os


def slowness() -> float:
    """Return how many programs want each processor; 1, where bounds hold as told, if none waits for its turn.

    What takes a processor a tenth of a second by itself takes three tenths beside two others.
    """
    return max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))
