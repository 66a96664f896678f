"""NetworkSpec → Graph: names are looked up, formulas are resolved, ranges are found."""
