"""The language of formulas: text → tokens → syntax tree. One reader for spec formulas and for what people hand in."""
