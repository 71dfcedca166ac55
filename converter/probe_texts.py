"""Texts on which two checkpoints are compared, one per language. Data, no logic.

Written for this project in the manner of a health worker's report; each is repeated until it
reaches beyond the model's sliding window.
"""

PROBE_TEXTS = {
    "en": (
        "The child is fourteen months old and has had fever and cough for three days. She "
        "breathes fast, the chest draws in below the ribs, and since this morning she has "
        "refused the breast. The mother gave paracetamol last night. There is no rash, no "
        "stiff neck, no diarrhoea. The clinic is two hours away on foot and the road is "
        "flooded. What should be done first? "
    ),
    "fr": (
        "L'enfant a quatorze mois, il tousse et il a de la fièvre depuis trois jours. Il "
        "respire vite, il tire entre les côtes et il refuse de boire depuis ce matin. La mère"
        " a donné du paracétamol hier soir. Pas d'éruption, pas de raideur de la nuque, pas "
        "de diarrhée. Le centre de santé est à deux heures de marche. Que faut-il faire en "
        "premier ? "
    ),
    "sw": (
        "Mtoto ana miezi kumi na minne, ana homa na kikohozi kwa siku tatu. Anapumua haraka, "
        "kifua kinabonyea chini ya mbavu, na tangu asubuhi amekataa kunyonya. Mama alimpa "
        "paracetamol jana usiku. Hana upele, shingo haijakakamaa, hana kuhara. Kituo cha afya"
        " kiko umbali wa saa mbili kwa miguu. Nifanye nini kwanza? "
    ),
    "es": (
        "El niño tiene catorce meses, tiene fiebre y tos desde hace tres días. Respira "
        "rápido, se le hunde el pecho y desde esta mañana no quiere mamar. La madre le dio "
        "paracetamol anoche. No tiene erupción, ni rigidez de nuca, ni diarrea. El centro de "
        "salud queda a dos horas a pie. ¿Qué se debe hacer primero? "
    ),
}
