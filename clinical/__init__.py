"""Pure medicine: case, reader, guideline tables, safety net, phrases, evaluation. No I/O but its own data."""
