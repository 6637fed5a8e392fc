"""Whether the memory of a gateway stays flat while clients idle, call, leave, and the route file changes.

__main__.py         `make bench-memory`             idle_clients.py     thousands of connections that seldom call
leaving_clients.py  gone in the midst of it         route_changes.py    a route file that changes every second
samples.py          what was seen, and the verdict
"""
