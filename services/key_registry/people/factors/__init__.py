"""Second factors: codes of an authenticator (RFC 6238), recovery codes, sign-ins that wait for one of them."""
