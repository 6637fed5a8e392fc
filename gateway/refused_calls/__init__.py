"""Calls that are refused, or would be where that is report-only; `problems`: all errors of the gateway itself."""
