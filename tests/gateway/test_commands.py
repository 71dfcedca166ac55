import os

import pytest

from gateway.__main__ import main
from gateway.csv_files import CsvError, facilities_from_csv, people_from_csv


@pytest.fixture
def command(database_url, gateway_environ, monkeypatch, capsys, restore_root_logging):
    """The command line in this process: exit status and both outputs."""
    for name in [name for name in os.environ if name.startswith("CHEWIE_GATEWAY_")]:
        monkeypatch.delenv(name)
    for name, value in gateway_environ(database_url=database_url).items():
        monkeypatch.setenv(name, value)

    def run(*arguments):
        status = main(arguments)
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


def test_migrate_says_where_the_schema_is(command):
    assert command("migrate")[:2] == (0, "The schema is at 0002.\n")


def test_a_health_worker_is_added_and_listed_without_the_number(command):
    added = command("chw", "add", "+254 712 345 678", "AMINA", "--area", "Kisumu")
    assert added[0] == 0
    _, listed, _ = command("chw", "list")
    assert listed == "AMINA\ten\tKisumu\tactive\tnot agreed yet\n"


def test_health_workers_are_imported(command, tmp_path):
    file = tmp_path / "workers.csv"
    file.write_text(
        "name_code,phone,language,area,supervisor_phone\nAMINA,+254712345678,sw,Kisumu,\n"
        "BARAKA,+254712345679,en,Siaya,+254722000000\n"
    )
    assert command("chw", "import", str(file))[1] == "2 health workers are registered.\n"
    assert command("chw", "remove", "AMINA")[0] == 0
    assert "inactive" in command("chw", "list")[1].splitlines()[0]


def test_an_invitation_is_shown_once(command):
    status, out, _ = command("chw", "invite", "BARAKA")
    assert status == 0
    assert len(out.strip().removeprefix("JOIN ")) == 8


def test_facilities_are_imported_and_listed(command, tmp_path):
    file = tmp_path / "places.csv"
    file.write_text(
        "name,phone,level,services,area,takes_notes\n"
        "Kisumu Hosp,0712345678,hospital,surgery;birth,Kisumu,yes\n"
    )
    assert command("facility", "import", str(file))[0] == 0
    assert command("facility", "list")[1] == "Kisumu\tKisumu Hosp\tHOSPITAL\t0712345678\n"


def test_a_facility_that_no_note_can_reach_is_told_of(command, tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name,phone,level,takes_notes\nA,0712345678,hospital,yes\n")
    told = command("facility", "import", str(file))[1]
    assert told.splitlines()[0].startswith("A: named in replies, but gets no note")


def test_a_person_is_forgotten_however_the_number_is_written(command):
    command("chw", "add", "+254712345678", "AMINA")
    assert command("forget", "whatsapp:+254 712-345-678")[0] == 0
    assert command("chw", "list")[1] == ""


def test_a_database_without_schema_is_one_sentence(command, empty_database_url, monkeypatch):
    monkeypatch.setenv("CHEWIE_GATEWAY_DATABASE_URL", empty_database_url)
    status, _, told = command("chw", "list")
    assert (status, told) == (
        1,
        "The database has no such table: run chewie-gateway migrate first.\n",
    )


def test_a_file_in_another_encoding_is_one_sentence(command, tmp_path):
    file = tmp_path / "places.csv"
    file.write_bytes("name,phone,level\nHôpital,1,hospital\n".encode("latin-1"))
    assert command("facility", "import", str(file))[2] == (
        "places.csv: expected UTF-8; save it as «CSV UTF-8»\n"
    )


def test_what_is_wrong_is_one_sentence_and_status_one(command, tmp_path):
    assert command("chw", "add", "12345", "AMINA") == (
        1,
        "",
        "expected a phone number like +254712345678\n",
    )
    status, _, told = command("facility", "import", str(tmp_path / "none.csv"))
    assert status == 1
    assert "Traceback" not in told
    assert command("forget", "+254700000000")[2] == "This address is not known.\n"


def test_keys_rotate_and_texts_are_removed_by_command(command):
    assert command("rotate-keys")[0] == 0
    assert command("retain")[0] == 0


def test_missing_settings_are_sentences_and_status_two(command, monkeypatch):
    monkeypatch.delenv("CHEWIE_GATEWAY_ADDRESS_KEY")
    status, _, told = command("migrate")
    assert status == 2
    assert "CHEWIE_GATEWAY_ADDRESS_KEY: must be set" in told


def test_a_database_that_is_away_is_one_sentence(command, monkeypatch):
    monkeypatch.setenv("CHEWIE_GATEWAY_DATABASE_URL", "postgresql://x@127.0.0.1:9/none")
    status, _, told = command("migrate")
    assert status == 1
    assert "CHEWIE_GATEWAY_DATABASE_URL" in told


def test_a_console_user_is_made_from_a_password_file(command, tmp_path):
    file = tmp_path / "password"
    file.write_text("a long enough password\n")
    assert command("console-user", "WANJIRU", "--password-file", str(file))[0] == 0
    file.write_text("short")
    assert "12 characters" in command("console-user", "X", "--password-file", str(file))[2]


def test_every_wrong_line_is_told_at_once_and_nothing_is_taken():
    lines = ["name_code,phone,language\n", "A,12,en\n", "B,+254712345678,xx\n", ",+254712345678,\n"]
    with pytest.raises(CsvError) as caught:
        people_from_csv(lines)
    told = str(caught.value)
    assert [line.split(":")[0] for line in told.splitlines()] == ["line 2", "line 3", "line 4"]
    assert "+254712345678" not in told.replace("like +254712345678", "")


@pytest.mark.parametrize(
    "lines",
    [
        ["name,phone\n", "A,1\n"],
        ["name,phone,level,colour\n", "A,1,hospital,red\n"],
        ["name,phone,level\n", "A,1,palace\n"],
        ["name,phone,level,latitude,longitude\n", "A,1,hospital,91,0\n"],
        ["name,phone,level,latitude,longitude\n", "A,1,hospital,1,\n"],
    ],
    ids=["column missing", "column unknown", "no such level", "no such place", "half a position"],
)
def test_a_directory_that_cannot_be_right_is_refused(lines):
    with pytest.raises(CsvError, match=r"expected|out of range"):
        facilities_from_csv(lines)


def test_a_byte_order_mark_is_no_column():
    assert people_from_csv(["\ufeffname_code,phone\n", "A,+254712345678\n"])[0].name_code == "A"


def test_columns_may_be_named_as_people_name_them():
    lines = [
        "Name code;Address;Supervisor;Position\n",
        "A;+254712345678;+254722000000;-0.1 34.7\n",
    ]
    (person,) = people_from_csv(lines)
    assert (person.address, person.supervisor) == ("+254712345678", "+254722000000")
    assert (person.latitude, person.longitude) == (-0.1, 34.7)


def test_a_position_may_stand_in_one_column():
    lines = [
        "name,phone,level,services,area,position\n",
        'A,1,Health center,"birth, lab",X,"1, 2"\n',
    ]
    (place,) = facilities_from_csv(lines)
    assert (place.latitude, place.longitude) == (1, 2)
    assert place.services == ("birth", "lab")
    assert place.level.value == "HEALTH_CENTRE"


@pytest.mark.parametrize(
    "rows",
    [["A,+254712345678\n", "A,+254712345679\n"], ["A,+254712345678\n", "B,+254 712 345678\n"]],
    ids=["name code", "number"],
)
def test_a_row_that_would_replace_another_of_the_file_is_refused(rows):
    with pytest.raises(CsvError, match=r"line 3: this .* is in the file twice"):
        people_from_csv(["name_code,phone\n", *rows])
