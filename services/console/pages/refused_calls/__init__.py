"""Why calls were refused, in words: for whoever sent them, and for the operators of the API."""
