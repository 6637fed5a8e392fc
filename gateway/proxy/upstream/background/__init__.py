"""What is done for upstreams whether there are calls or not: look-ups of names, health checks, files."""
