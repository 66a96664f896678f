"""Derivation → Document → text and JSON."""
