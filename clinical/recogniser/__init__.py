"""Recognises signs in wording that no lexicon lists, by a linear model over letters and words.

Learnt from `examples/` by `python -m clinical.recogniser.train`. It adds to what the lexicon reads,
and takes nothing away.
"""

from clinical.recogniser.recognise import Recognised, recognise

__all__ = ["Recognised", "recognise"]
