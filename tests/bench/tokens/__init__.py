"""Access tokens in number, signed by the benchmark itself with the issuer's key, and what a signature costs."""
