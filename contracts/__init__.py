"""What the services tell each other, and nothing else. Each module holds what one service says."""
