"""The computation graph in index notation: integer forms, expressions, nodes. Data, and its translation to SymPy."""
