"""Who asks for a token: finding clients, and the proof that it is them."""
