"""Policies for upstreams: which address gets a call, and what is done with one that fails. No connections here."""
