"""Many accounts at once: a population on disk, decided as a whole, on this machine or on a cluster."""
