"""The registry over HTTP: the admin API for people and scripts, the internal API for the other services."""
