from pathlib import Path

from clinical.tables import rules

README = Path(__file__).resolve().parents[2] / "clinical" / "README.md"


def test_the_map_names_files_that_exist() -> None:
    text = README.read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    names = [name.strip("`, ") for cell in cells for name in cell.split("`, `")]
    missing = [name for name in names if not list(README.parent.glob(name.strip("` ").rstrip("/")))]
    assert names
    assert missing == []


def test_the_rules_that_it_quotes_are_in_the_tables() -> None:
    text = README.read_text(encoding="utf-8")
    ids = {rule.id for rule in rules()}
    assert {"IMCI-DEH-03", "IITT-R-03B"} <= ids
    example = next(rule for rule in rules() if rule.id == "IMCI-DEH-03")
    assert example.says in text
    assert example.citation in text
