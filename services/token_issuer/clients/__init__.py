"""Who requests a token: finding clients, and the proof that it is them."""
