"""The garbage collector stays away from lists, and comes back."""

import gc
import weakref

from api.collecting import collecting_afterwards


class Ring:
    """Holds itself, so that only the collector finds it dead."""

    def __init__(self) -> None:
        self.itself = self


def test_nothing_is_collected_while_a_list_is_under_way_nor_while_one_that_overlaps_it_is() -> None:
    assert gc.isenabled()
    with collecting_afterwards():
        with collecting_afterwards():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_where_lists_overlap_what_has_died_is_found_after_each() -> None:
    with collecting_afterwards():
        with collecting_afterwards():
            dead = weakref.ref(Ring())
            assert dead() is not None
        assert dead() is None
