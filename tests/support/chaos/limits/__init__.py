"""Limits, as the plain model has them: who has which, what may be used of them, and which response is wrong."""
