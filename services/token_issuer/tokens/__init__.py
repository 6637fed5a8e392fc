"""What becomes of a token: issuing it, introspecting it, revoking it."""
