"""Multimodal Gemma-3-shaped checkpoint to a text-only one, byte for byte."""
