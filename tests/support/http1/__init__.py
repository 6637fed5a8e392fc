"""Payloads of HTTP/1.1, by the rule that they try."""
