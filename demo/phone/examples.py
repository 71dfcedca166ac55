"""The people and the messages that the phone offers. Numbers are from ranges kept for fiction."""

# Ofcom keeps +44 7700 900000-900999 free for drama, so no example can ever reach a real person.
PEOPLE: tuple[dict[str, str], ...] = (
    {"name": "Amina", "number": "+447700900101"},
    {"name": "Grace", "number": "+447700900102"},
    {"name": "Joseph", "number": "+447700900103"},
    {"name": "Fatou", "number": "+447700900104"},
)

EXAMPLES: tuple[str, ...] = (
    "preg 34wks bad headache, sees spots, bp 170/115",
    "2yr old fitting and won't drink anything",
    "baby 5 days not breastfeeding hot",
    "child 3 yrs runny nose eats and plays",
    "diarrhoea 3 days drinks well no blood 2yo",
    "14 month girl cough 3 days breathing 55",
)
