import pytest

from demo.phone.faults import Fault, FaultKind, Faults

TO = "+447700900101"


def test_fault_strikes_as_often_as_asked() -> None:
    faults = Faults()
    faults.add(Fault(kind=FaultKind.SERVER_ERROR, times=2))
    taken = [faults.take(TO, FaultKind.SERVER_ERROR) is not None for _ in range(4)]
    assert taken == [True, True, False, False]
    assert faults.taken() == {FaultKind.SERVER_ERROR: 2}


def test_fault_for_one_person_spares_the_others() -> None:
    faults = Faults()
    faults.add(Fault(kind=FaultKind.SLOW, to=TO))
    assert faults.take("+447700900102", FaultKind.SLOW) is None
    assert faults.take(TO, FaultKind.SLOW) is not None


def test_fault_without_number_of_times_stands_until_cleared() -> None:
    faults = Faults()
    faults.add(Fault(kind=FaultKind.DROP, times=None))
    assert all(faults.take(TO, FaultKind.DROP) for _ in range(50))
    faults.clear()
    assert faults.take(TO, FaultKind.DROP) is None


def test_probable_fault_strikes_sometimes() -> None:
    faults = Faults(seed=7)
    faults.add(Fault(kind=FaultKind.DROP, times=None, probability=0.5))
    struck = sum(faults.take(TO, FaultKind.DROP) is not None for _ in range(400))
    assert 120 < struck < 280


@pytest.mark.parametrize(
    "wrong", [{"times": 0}, {"probability": 0}, {"probability": 1.5}, {"seconds": -1}]
)
def test_fault_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Fault(kind=FaultKind.SLOW, **wrong)  # type: ignore[arg-type]


def test_number_of_standing_faults_is_bounded() -> None:
    faults = Faults()
    for _ in range(Faults.MAX_ACTIVE):
        faults.add(Fault(kind=FaultKind.SLOW))
    with pytest.raises(ValueError, match="at most"):
        faults.add(Fault(kind=FaultKind.SLOW))
