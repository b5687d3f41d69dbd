"""matching: finds who can answer what is asked, and brings the two together."""
