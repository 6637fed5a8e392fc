"""The web console: pages over the admin API, for people who never read an RFC.

It has no rights and no data of its own: what a person may do is what the key registry lets the person's session do.
"""
