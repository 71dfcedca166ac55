"""The converter's errors: each is one sentence for a person and one exit code for a script."""

from __future__ import annotations


class ConversionError(Exception):
    """Something that ends a command; `str()` of it is the sentence to show."""

    exit_code = 1


class SourceError(ConversionError):
    """The source is not understood, damaged or contradicts its own config."""

    exit_code = 3


class DestinationError(ConversionError):
    """The destination cannot or must not be written to."""

    exit_code = 4


class WriteError(ConversionError):
    """Writing broke off; what was written so far can be resumed."""

    exit_code = 5


class VerificationError(ConversionError):
    """The converted checkpoint differs from what its source demands."""

    exit_code = 6


class HubError(ConversionError):
    """The model hub did not hand the checkpoint over."""

    exit_code = 7
