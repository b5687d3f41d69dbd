"""What `./odh backup` keeps of a node and `./odh restore` puts back: docs/decisions/0032 and 0033 say why in this way.

A backup is a folder: `manifest.json`, a file for each table and each stream, and the list of who was erased.
"""
