"""`python -m MODULE ...` as a process of its own that need not import everything again.

It is forked from a server that has imported the deployables once: a start takes milliseconds in place of a second.
To everybody else it is what Python would have started: it has its own pid, environment, working directory and
streams, gets signals, and ends as Python ends.
"""
