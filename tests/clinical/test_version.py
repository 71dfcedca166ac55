from clinical import guideline_version


def test_the_guideline_version_is_short_and_stable() -> None:
    assert guideline_version() == guideline_version()
    assert len(guideline_version()) == 12
    assert int(guideline_version(), 16) > 0
