"""YAML text → NetworkSpec. Everything keeps the place it came from, so that later stages can point at it."""
