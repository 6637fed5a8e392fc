"""Invitations: links with which somebody becomes a person here, once."""
