"""Text to findings: reads what a health worker wrote, in any language that has a lexicon file."""

from clinical.reader.language import detect_language
from clinical.reader.read import MAX_READ_CHARACTERS, Reading, read_text

__all__ = ["MAX_READ_CHARACTERS", "Reading", "detect_language", "read_text"]
