"""Passkeys (Web Authentication): sign-in without a password."""
