"""`pytest --processes N`: tests that have been collected once are shared by N processes, each forked from this one.

To collect some ten thousand tests takes each process of another program that would start them ten seconds.
"""
