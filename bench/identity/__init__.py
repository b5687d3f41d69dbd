"""How well records of one organisation or person are found to be one: a made set with its truth, and the measuring."""
