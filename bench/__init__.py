"""How far this machine comes with it, each time next to the ceiling that the machine itself sets: `./odh bench`."""
