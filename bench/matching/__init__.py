"""How well matching ranks: graded sets, the measures, and plain methods to compare with."""
