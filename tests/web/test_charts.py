"""Where bars and lines lie: in proportion, inside the drawing, and nowhere where there is nothing."""

from hypothesis import given
from hypothesis import strategies as st

from api.web import charts
from api.web.charts import Bar, Mark

AMOUNTS = st.lists(st.integers(-(2**53), 2**53), max_size=20)
POINTS = st.lists(st.none() | st.integers(0, 10_000), max_size=60)


def test_bars_are_in_proportion_to_the_largest() -> None:
    assert charts.bars([400, 100, None, -3]) == [Bar(0, 100, 0), Bar(0, 25, 44), Bar(0, 0, 88), Bar(0, 0, 132)]
    assert charts.bars([50], largest=200) == [Bar(0, 25, 0)]
    assert charts.bars([0]) == [Bar(0, 0, 0)]


def test_less_runs_to_the_left_of_the_middle_and_more_to_the_right() -> None:
    assert charts.sides([-100, 50, 0], 0, 60) == [Bar(0, 30, 0), Bar(30, 15, 44), Bar(30, 0, 88)]
    assert charts.between([3, 1], 70, 100) == [Bar(70, 30, 0), Bar(70, 10, 44)]


def test_a_line_is_broken_where_nothing_was_measured() -> None:
    drawn = charts.lines([[0, 500, None, 1_000]])
    line = drawn.lines[0]
    assert [mark.index for mark in line.marks] == [0, 1, 3]
    assert [(one.index, other.index) for one, other in line.joints] == [(0, 1)]
    assert list(drawn.grid) == [(170, 0), (95, 500), (20, 1_000)]
    assert line.marks[1] == Mark(1, 39.5, 95)


def test_an_axis_holds_its_highest_value_and_begins_at_nothing() -> None:
    assert [value for _, value in charts.lines([[1], [2_001]]).grid] == [0, 2_000, 4_000]
    assert [value for _, value in charts.lines([[None]]).grid] == [0, 250, 500]


@given(AMOUNTS, POINTS)
def test_everything_lies_inside_the_drawing(amounts: list[int], points: list[int | None]) -> None:
    for bar in (*charts.bars(amounts), *charts.sides(amounts, 0, 64)):
        assert 0 <= bar.x <= bar.x + bar.width <= charts.WHOLE + 0.01
    drawn = charts.lines([points])
    for mark in drawn.lines[0].marks:
        assert 0 <= mark.x <= charts.WHOLE
        assert charts.TOP_PIXELS <= mark.y <= drawn.height
