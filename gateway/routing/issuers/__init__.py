"""The other issuers that a route file names: how they are written there, and what is read of them."""
