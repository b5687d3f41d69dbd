"""Catches the mail of a node that is tried out, and shows it; for development and evaluation, on loopback only."""
