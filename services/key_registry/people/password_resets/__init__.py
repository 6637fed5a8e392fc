"""A forgotten password: an owner's link, which sets another one once."""
