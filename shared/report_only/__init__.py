"""Calls that would have been refused where something is report-only: counted, and refused nothing."""
