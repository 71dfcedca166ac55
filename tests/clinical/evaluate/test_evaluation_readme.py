import re
from pathlib import Path

import pytest

from clinical.evaluate.cases import read_cases

DATA = Path(__file__).parents[3] / "clinical" / "evaluation"


@pytest.mark.parametrize("name", ["explicit_danger_signs", "benign_controls", "scenarios"])
def test_the_readme_tells_how_many_texts_each_file_holds(name: str) -> None:
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        languages = [case.language for case in read_cases(lines)]
    row = re.search(
        rf"^\| `{name}\.jsonl` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|",
        (DATA / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert row is not None
    counted = [len(languages), *(languages.count(language) for language in ("en", "fr", "sw"))]
    assert [int(number) for number in row.groups()] == counted
