"""Sessions of people: how they begin, who may have one, and what shows whose a token is."""
