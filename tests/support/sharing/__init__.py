"""`pytest --processes N`: tests that have been collected once are shared by N processes, each forked from this one.

With pytest-xdist each process collects for itself, which takes ten seconds for some ten thousand tests.
"""
