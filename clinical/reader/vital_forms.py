"""How each vital sign is written: one pattern a form, with the conversion to the unit we keep.

Units are inferred from what a person can have (11.2 is a MUAC in cm, 112 in mm).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_NUMBER = r"(\d{1,4}(?:[.,]\d{1,2})?)"
_LINK = (
    r"(?:\s*[:=~\-]?\s*)"
    r"(?:(?:is|was|of|at|now|rate|est|de|a|ya|ni|reading|about|around)\s*[:=]?\s*){0,3}"
)
_NOT_TIME = (
    r"(?!\d|[.,]\d)(?!\s*(?:[/.]\s?\d|days?|d\b|wks?|weeks?|mths?|mo\b|months?|yrs?|years?|y\b|hrs?|hours?"
    r"|jours?|semaines?|mois|ans?\b|(?:siku|wiki|miezi)(?!\s*\d)|times|x\b|children|people|houses|households"
    r"|women|mothers|nets|tablets|cases|enfants|femmes|watoto|watu|kaya))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalForm:
    """A way of writing one vital: group 1 is the number, group 2 (if any) the unit."""

    vital: str
    pattern: re.Pattern[str]
    convert: Callable[[float, str], float]


def _celsius(value: float, unit: str) -> float:
    if unit.startswith("f") or (not unit and 86 <= value <= 115):
        return round((value - 32) / 1.8, 1)
    return value


def _as_is(value: float, unit: str) -> float:
    return value


def _muac_mm(value: float, unit: str) -> float:
    if unit == "mm":
        return value
    return value * 10 if unit == "cm" or value < 50 else value


def _grams(value: float, unit: str) -> float:
    if unit.startswith("k"):
        return value * 1000
    if unit.startswith("g"):
        return value
    return value if value >= 300 else value * 1000


_HIGHEST_MMOL = 34.0  # glucometers read no higher; 35 and up is mg/dl


def _glucose(value: float, unit: str) -> float:
    if unit.startswith("mm") or (not unit and value < _HIGHEST_MMOL):
        return value * 18
    if unit.startswith("g"):
        return value * 100
    return value


def _haemoglobin(value: float, unit: str) -> float:
    return value / 10 if value > 30 or unit.startswith("g/l") else value


def _millilitres(value: float, unit: str) -> float:
    return value * 1000 if unit.startswith("l") else value


def _form(vital: str, pattern: str, convert: Callable[[float, str], float] = _as_is) -> VitalForm:
    return VitalForm(vital=vital, pattern=re.compile(pattern), convert=convert)


_DEGREES = r"\s*(?:°|º|deg(?:rees?|res?)?\.?)?\s*(c\b|f\b|celsius|fahrenheit|celcius)?"
_PER_MINUTE = r"\s*(?:/|per|a|par|kwa|by)?\s*(?:1\s*)?(?:min(?:ute)?s?|mn|dakika)\b"
_BREATHS = r"(?:breaths?|breathing|breathes|brths?|breth\w*|resps?|respirations?|pumzi|cycles?)"

VITAL_FORMS = (
    _form(
        "temp_celsius",
        r"\b(?:temperatures?|tempreture|temprature|temperture|temps?|tmp|tem|t°|t|joto|jotoridi)"
        + _LINK
        + _NUMBER
        + _DEGREES,
        _celsius,
    ),
    _form(
        "temp_celsius",
        r"\b(?:fever|homa|fievre|hot|thermometer)"
        + _LINK
        + r"(\d{2,3}(?:[.,]\d)?)"
        + _NOT_TIME
        + _DEGREES,
        _celsius,
    ),
    _form(
        "temp_celsius", r"\b(\d{2,3}(?:[.,]\d)?)\s*(?:°|º|deg(?:rees?|res?)?)\s*(c|f)?", _celsius
    ),
    _form("temp_celsius", r"\b((?:9\d|10\d)[.,]\d|10[0-9])\s*(f)\b", _celsius),
    _form("temp_celsius", r"\b((?:3[3-9]|4[0-3])(?:[.,]\d)?)\s*(c)\b", _celsius),
    _form(
        "respiratory_rate_per_minute",
        r"\b(?:rr|r/r|resp(?:s|iratory|irations?|iration)?|f\.?r|frequence respiratoire|"
        r"breaths?|breathing|breathes|brths?|breth\w*|respire|souffle|counted|counts?|kupumua|anapumua|pumzi)"
        r"(?:\s*(?:rate|is|at|of|=|:|-|twice|again|fast|very|count|was|counted|a|est|respirat\w*|mara|haraka|kasi|kwa|vite|tres))*\s*"
        r"(\d{2,3})\b" + _NOT_TIME,
    ),
    _form(
        "respiratory_rate_per_minute",
        r"\b(\d{2,3})\s*" + _BREATHS + r"\b",
    ),
    _form("respiratory_rate_per_minute", r"\b(\d{2,3})\s*bpm\s*" + _BREATHS),
    _form(
        "respiratory_rate_per_minute",
        _BREATHS + r"[^\d.;\n]{0,24}?(\d{2,3})" + _PER_MINUTE,
    ),
    _form(
        "respiratory_rate_per_minute",
        r"\b(?:respire|pumua|anapumua)[^\d.;\n]{0,16}?(\d{2,3})" + _PER_MINUTE,
    ),
    _form(
        "spo2_percent",
        r"\b(?:spo2|sp02|sp\s?o2|sao2|sats?|saturations?|saturating|o2\s*sats?|oxygen|oxygene|oksijeni|o2)"
        + r"[^\d\n;]{0,12}?(\d{2,3})\b\s*%?"
        + _NOT_TIME,
    ),
    _form(
        "pulse_per_minute",
        r"(?:\b(?:pulses?|puls|heart\s*rate|heartrate|heart beats?|pr|f\.?c|pouls"
        r"|mapigo(?: ya moyo)?)|(?<!\d)(?<!\d )\b(?:hr|p))" + _LINK + r"(\d{2,3})\b" + _NOT_TIME,
    ),
    _form("pulse_per_minute", r"\b(\d{2,3})\s*bpm\b(?!\s*" + _BREATHS + ")"),
    _form(
        "muac_mm",
        r"\b(?:muac|mauc|muak|mwak|pb|perimetre brachial|mzunguko wa mkono|strap|arm tape"
        r"|bandelette|utepe)\b"
        r"[^\d\n;]{0,14}?" + _NUMBER + r"\s*(cm|mm)?" + _NOT_TIME,
        _muac_mm,
    ),
    _form(
        "weight_grams",
        r"\b(?:birth\s*weight|weight|weighs?|weighed|weighing|wt|bwt|bw|poids|pese|uzito|uzani)"
        + _LINK
        + r"(\d{1,4}(?:[.,]\d{1,3})?)\s*(kgs?|kilos?|g|gms?|gr|grams?|grammes?)?\b"
        + _NOT_TIME,
        _grams,
    ),
    _form("weight_grams", r"\b(\d{1,3}(?:[.,]\d{1,3})?)\s*(kgs?|kilos?)\b", _grams),
    _form("weight_grams", r"\b(\d{3,4})\s*(g|gms?|grams?|grammes?)\b", _grams),
    _form(
        # French writes g/l: «glycémie 1,10».
        "glucose_mg_per_dl",
        r"\b(?:glycemie|glyc|dextro)"
        + _LINK
        + r"([0-6][.,]\d{1,2})\b(?!\s*mm)\s*(g/l)?"
        + _NOT_TIME,
        lambda value, unit: value * 100,
    ),
    _form(
        "glucose_mg_per_dl",
        r"\b(?:blood\s*sugar|sugar|rbs|fbs|rbg|fbg|glucose|glycemie|glyc|gluc|glucometer|sukari|dextro|bs|bgl)"
        r"(?:\s*(?:level|reading|test|result|is|of|was|at|very|high|low|now|today|est|ni|ya|a|[:=~-]))*\s*"
        r"(\d{1,4}(?:[.,]\d{1,2})?)\s*(mmol(?:/l)?|mg(?:/dl)?|g/l)?" + _NOT_TIME,
        _glucose,
    ),
    _form(
        "haemoglobin_g_per_dl",
        r"\b(?:hb|hgb|haemoglobin|hemoglobin|hemoglobine)"
        + _LINK
        + r"(\d{1,3}(?:[.,]\d{1,2})?)\s*(g/dl|g/l|g%|g)?"
        + _NOT_TIME,
        _haemoglobin,
    ),
    _form(
        "blood_loss_ml",
        r"\b(?:lost|loss|bled|bleeding|blood|perdu|perte|amepoteza)[^\d\n;]{0,24}?(\d{1,4}(?:[.,]\d)?)\s*(mls?|millilitres?|l|litres?|liters?|lita)\b",
        _millilitres,
    ),
    _form(
        "blood_loss_ml",
        r"\b(\d{1,4}(?:[.,]\d)?)\s*(mls?|l|litres?|liters?)\s*(?:of\s*|de\s*|ya\s*)?(?:blood|bleeding|sang|damu)",
        _millilitres,
    ),
)
BARE_TEMPERATURE = re.compile(
    r"(?<![\d.,/])((?:3[4-9]|4[0-2])[.,]\d)(?![\d/])(?!\s*(?:kg|cm|mm|mmol|g\b|%|wk|week))"
)
BLOOD_PRESSURE = re.compile(
    r"(?:\b(?P<label>b\.?p|b/p|blood\s*pressure|pressure|tension(?:\s*arterielle)?|t\.?a|presha"
    r"|shinikizo(?: la damu)?)(?P<link>[^\d\n;]{0,14}?))?(?<![\d./])(?P<high>\d{1,4})"
    r"\s*(?P<between>/|over|sur|kwa|juu ya|-)\s*(?P<low>\d{1,3})(?![\d/]|\.\d)"
)
