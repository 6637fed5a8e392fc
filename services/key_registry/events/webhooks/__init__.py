"""Delivering events to the companies' and the operator's own HTTP endpoints (Standard Webhooks)."""
