from pathlib import Path

import pytest

from clinical.tables.toml_file import TableError, check_codes, check_keys, read_toml, text_list


def test_a_missing_key_is_named_with_its_file() -> None:
    with pytest.raises(TableError, match=r"rules/x.toml: R-1: missing citation"):
        check_keys({"id": "R-1"}, where="rules/x.toml: R-1", required=["id", "citation"])


def test_an_unknown_key_is_named_with_what_was_expected() -> None:
    with pytest.raises(TableError, match="unknown urgancy; expected id, urgency"):
        check_keys({"id": 1, "urgancy": 2}, where="f", required=["id"], optional=["urgency"])


def test_an_unknown_code_is_named_with_its_list() -> None:
    with pytest.raises(TableError, match=r"f: coughing not in findings.toml"):
        check_codes(["cough", "coughing"], ["cough"], where="f", list_name="findings.toml")


def test_a_text_where_a_list_is_expected_is_refused() -> None:
    with pytest.raises(TableError, match="expected a list of texts"):
        text_list("cough", where="f")


def test_a_broken_file_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("[rule\n")
    with pytest.raises(TableError, match=r"broken.toml: expected UTF-8 TOML"):
        read_toml(file)
