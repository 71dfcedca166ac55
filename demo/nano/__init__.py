"""A very small checkpoint of MedGemma's shape, trained on cases drawn from the guideline tables.

It stands in for MedGemma on a laptop and in tests. It is not MedGemma and not for care.
"""
