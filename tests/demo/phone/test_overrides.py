import pytest

from demo.phone.overrides import Outcome, Overrides, split_url


def test_without_a_fragment_connection_failures_are_retried_once() -> None:
    url, overrides = split_url("https://gateway.example/hook?a=1")
    assert url == "https://gateway.example/hook?a=1"
    assert overrides == Overrides()
    assert overrides.retries_after(Outcome.CONNECT, attempts=1)
    assert not overrides.retries_after(Outcome.CONNECT, attempts=2)
    assert not overrides.retries_after(Outcome.SERVER_ERROR, attempts=1)


def test_fragment_names_how_often_and_on_what_to_retry() -> None:
    url, overrides = split_url("https://gateway.example/hook#rc=5&rp=ct,rt,5xx")
    assert url == "https://gateway.example/hook"
    assert overrides.retries == 5
    assert overrides.retry_on == {Outcome.CONNECT, Outcome.READ, Outcome.SERVER_ERROR}


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("rc=99", {"retries": 5}),
        ("rc=no", {"retries": 1}),
        ("ct=50", {"connect_seconds": 0.1}),
        ("ct=60000&rt=60000", {"connect_seconds": 10.0, "read_seconds": 15.0}),
        ("rp=all&rc=2", {"retries": 2}),
        ("unknown=1", {}),
    ],
)
def test_values_are_brought_into_the_providers_range(
    fragment: str, expected: dict[str, float]
) -> None:
    _, overrides = split_url(f"https://gateway.example/#{fragment}")
    for name, value in expected.items():
        assert getattr(overrides, name) == value


def test_success_is_never_retried() -> None:
    _, overrides = split_url("https://gateway.example/#rp=all&rc=5")
    assert not overrides.retries_after(Outcome.OK, attempts=1)
