"""Graph → Derivation: adjoints by pulling over children, then the forms in which a book prints them."""
