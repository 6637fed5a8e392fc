"""`/health/live` from a thread of its own: the event loop does not hold it up, however busy it is."""
