"""Turns a Gemma-3-shaped multimodal checkpoint into a text-only one by moving bytes.

The Python door is `converter.convert`: `plan_conversion(...)` then `convert(plan)`.
"""
