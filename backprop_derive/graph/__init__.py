"""The computation graph in index notation: integer forms, expressions, nodes. Data only; nothing is computed here."""
