"""The tables: functions, activations, losses. One row a thing, and everything about it in its row."""
