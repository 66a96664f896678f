"""From what a person hands in to the formulas in it: LaTeX, Markdown, plain text and YAML, each formula with its place."""
