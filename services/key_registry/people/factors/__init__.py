"""Second factors: codes of an authenticator (RFC 6238), recovery codes, and the step that asks for one of them."""
