"""The lines between nodes: who may say what over them, how they are made, and how they are kept."""
