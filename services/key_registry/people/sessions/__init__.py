"""Sessions of people: how they begin, at once or after a code, who may have one, and whose a token is."""
