"""Removes dose-like text from a model's words: no dose of a model ever reaches a reply.

Does not judge whether a dose is right: every one is removed, in any of the languages.
"""

from __future__ import annotations

import re

NUMBER = r"(?:\d+(?:[.,/]\d+)?|½|¼|one|two|three|half|un|une|deux|trois|moja|mbili|tatu|nusu)"
UNIT = (
    r"(?:mg|milligrams?|milligrammes?|mcg|µg|ug|micrograms?|microgrammes?|g(?:rams?|rammes?)?|mls?|millilit(?:er|re)s?"
    r"|cc|iu|ui|units?|unites?|unités?|tab(?:s|let|lets|lette|lettes)?|tbs?|pills?|caps(?:ules?)?|comprim[eé]s?|cp"
    r"|g[eé]lules?|vidonge|kidonge|tembe|drops?|gouttes?|matone|puffs?|bouff[eé]es?|sachets?|ampoules?|ampules?"
    r"|vials?|suppositor(?:y|ies)|suppositoires?|teaspoons?|tsp|spoons?|spoonfuls?|cuill[eè]res?|kijiko|vijiko"
    r"|meq|mmol)"
)
PATTERNS = (
    rf"\b{NUMBER}\s*-?\s*{UNIT}(?![a-zà-ÿ])",
    r"(?:mg|mcg|ml|g|iu|ui|units?)\s*/\s*(?:kg|kilo|day|jour|siku|dose|m2)\b",
    r"\b(?:per|par|kwa)\s+(?:kg|kilo(?:gram(?:me)?s?)?)\b",
    r"\b(?:tid|bid|qid|od|bd|tds|qds|prn|stat\s+dose)\b",
    rf"\b{UNIT}\s+{NUMBER}\b",
    r"\b\d+\s*[x×]\s*\d+\b",
    rf"\b(?:{NUMBER}|once|twice|thrice)\s+(?:times?\s+)?(?:a|per|each|every)\s+(?:day|night)\b",
    r"\bevery\s+\d+\s*(?:h|hrs?|hours?)\b",
    r"\b(?:fois\s+par\s+jour|toutes\s+les\s+\d+\s*h(?:eures)?|mara\s+\w+\s+kwa\s+siku|kila\s+saa\s+\d+)\b",
)
DOSE = re.compile("|".join(f"(?:{pattern})" for pattern in PATTERNS), re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")


def drop_dose_text(summary: str) -> tuple[str, int]:
    """The summary without sentences that hold dose-like text, and how many were dropped."""
    sentences = [sentence for sentence in SENTENCE_END.split(summary) if sentence.strip()]
    kept = [sentence.strip() for sentence in sentences if not DOSE.search(sentence)]
    dropped = len(sentences) - len(kept)
    text = " ".join(kept) if dropped else summary
    return ("", len(sentences)) if DOSE.search(text) else (text, dropped)
