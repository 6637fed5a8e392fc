"""One search over all kinds of objects: by a secret, an id, a name or a prefix."""
