"""Chewie's public contract and its client. Holds no service code."""
