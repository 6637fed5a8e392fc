"""Who calls, said to an upstream in a JWT that this gateway signs, and the keys that it is verified with."""
