"""The tables: functions, activations, losses, layers. One row a thing, and everything about it in its row."""
