"""Initiatives: what two people who were introduced do together."""
