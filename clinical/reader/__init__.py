"""Text to findings: reads what a health worker wrote, in any language that has a lexicon file."""

from clinical.reader.lexicon import lexicon
from clinical.reader.read import MAX_READ_CHARACTERS, Reading, read_text

__all__ = ["MAX_READ_CHARACTERS", "Reading", "lexicon", "read_text"]
