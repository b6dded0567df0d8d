-- Return how long jobs of each kind take on average.
SELECT kind, mean_s FROM jobs_pace
