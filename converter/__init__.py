"""Turns a Gemma-3-shaped multimodal checkpoint into a text-only one by moving bytes.

The door for Python:

    from converter import Options, convert, plan_conversion
    manifest = convert(plan_conversion(Path("medgemma"), Path("medgemma-text"), Options()))
"""

from converter.convert import convert
from converter.errors import ConversionError
from converter.options import Options
from converter.plan import Plan, plan_conversion
from converter.verify import Verdict, verify

__all__ = [
    "ConversionError",
    "Options",
    "Plan",
    "Verdict",
    "convert",
    "plan_conversion",
    "verify",
]
