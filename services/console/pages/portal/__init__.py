"""What the pages of one company's people say: code to copy, calls that arrive, limits and what is left of them."""
