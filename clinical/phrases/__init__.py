"""The wording of every code, in a long and an SMS form, by language. Chooses no code.

Languages are files beside this one; none has been reviewed by a clinician or a native speaker.
"""

from clinical.phrases.wording import LANGUAGES, Form, Kind, is_reviewed, phrase

__all__ = ["LANGUAGES", "Form", "Kind", "is_reviewed", "phrase"]
