"""Clients that are generated from our documents, and what is done with them."""
