"""Derivation → Document → text, JSON and other formats."""
