from clinical.case import AgeGroup, Patient, Pregnancy, Sex
from clinical.facts import band_of, band_starts, facts_at_age, plausible_ages, plausible_pregnancies

NONE: frozenset[str] = frozenset()


def test_a_stated_age_is_the_only_one() -> None:
    assert plausible_ages(Patient(age_days=59), NONE, Pregnancy.UNKNOWN) == (59,)


def test_an_age_word_gives_the_youngest_of_each_band() -> None:
    child = plausible_ages(Patient(age_group=AgeGroup.CHILD), NONE, Pregnancy.UNKNOWN)
    assert child == (180, 360)
    assert plausible_ages(Patient(age_group=AgeGroup.ADULT), NONE, Pregnancy.UNKNOWN) == (4380,)


def test_a_young_infant_is_thought_of_only_with_a_sign_of_one() -> None:
    assert min(plausible_ages(Patient(), NONE, Pregnancy.UNKNOWN)) >= 60
    assert min(plausible_ages(Patient(), frozenset({"not_feeding"}), Pregnancy.UNKNOWN)) < 60


def test_an_age_that_may_be_a_gestation_is_judged_as_a_newborn_too() -> None:
    small = frozenset({"very_low_weight"})
    assert plausible_ages(Patient(age_days=213), small, Pregnancy.UNKNOWN) == (1, 213)
    assert plausible_ages(Patient(age_days=1000), small, Pregnancy.UNKNOWN) == (1000,)
    assert plausible_ages(Patient(age_days=213), NONE, Pregnancy.UNKNOWN) == (213,)


def test_a_mother_cannot_be_an_infant() -> None:
    assert plausible_ages(Patient(age_days=2), NONE, Pregnancy.POSTPARTUM) == (2, 4380)


def test_signs_of_birth_imply_a_pregnancy_but_not_in_a_man() -> None:
    labour = frozenset({"labour"})
    assert plausible_pregnancies(Patient(), labour) == (Pregnancy.PREGNANT,)
    assert plausible_pregnancies(Patient(sex=Sex.MALE), labour) == (Pregnancy.UNKNOWN,)
    assert plausible_pregnancies(Patient(gestation_weeks=20), NONE) == (Pregnancy.PREGNANT,)


def test_what_is_stated_wins_over_what_is_implied() -> None:
    stated = Patient(pregnancy=Pregnancy.POSTPARTUM)
    assert plausible_pregnancies(stated, frozenset({"labour"})) == (Pregnancy.POSTPARTUM,)


def test_bands_begin_where_a_rule_begins() -> None:
    assert {0, 7, 29, 60, 360, 1825, 4380} <= set(band_starts())
    assert (band_of(59), band_of(60), band_of(61)) == (29, 60, 60)


def test_a_measurement_states_the_finding_and_its_milder_ones() -> None:
    facts = facts_at_age(
        NONE, NONE, {"muac_mm": 110}, age_days=700, pregnancy=Pregnancy.UNKNOWN, sex=Sex.UNKNOWN
    )
    assert {"muac_red", "muac_yellow"} <= facts.present


def test_a_normal_count_rules_the_word_out() -> None:
    facts = facts_at_age(
        frozenset({"fast_breathing"}),
        NONE,
        {"respiratory_rate_per_minute": 30},
        age_days=700,
        pregnancy=Pregnancy.UNKNOWN,
        sex=Sex.UNKNOWN,
    )
    assert "fast_breathing" not in facts.present
    assert "fast_breathing" in facts.absent
