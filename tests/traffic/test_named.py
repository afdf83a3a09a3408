"""Links by their name and by their ends, and what is said of those that are not there."""

from __future__ import annotations

import pandas as pd
import pytest

from resilience.base.errors import InputError
from resilience.traffic import RoadGraph
from resilience.traffic.named import find_links


def network():
    links = pd.DataFrame(
        {
            "from_node": ["1", "1", "1", "2"],
            "to_node": ["2", "2", "10", "1"],
            "free_flow_min": 1.0,
            "capacity_vph": 9.0,
        },
        index=["a", "b", "c", "d"],
    )
    return RoadGraph.from_table(links)


def test_a_row_names_a_link_or_all_between_two_nodes():
    row, link = find_links(network(), pd.DataFrame({"link": ["d", "a", "d"]}), "tolls")
    assert (row.tolist(), link.tolist()) == ([0, 1, 2], [3, 0, 3])
    row, link = find_links(network(), pd.DataFrame({"from_node": [2, 1, 1], "to_node": [1, 2, 10]}), "tolls")
    assert (row.tolist(), link.tolist()) == ([0, 1, 1, 2], [3, 0, 1, 2])
    row, link = find_links(network(), pd.DataFrame({"link": []}), "tolls")
    assert (len(row), len(link)) == (0, 0)


def test_columns_may_have_other_names():
    asked = pd.DataFrame({"link": ["a"], "via": ["2"], "to": ["1"]})
    assert find_links(network(), asked, "tolls", link=None, ends=("via", "to"))[1].tolist() == [3]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"from_node": [1]}, "the table of tolls has no column to_node; needed are link | from_node, to_node"),
        ({"link": ["a", "e"]}, 'tolls, row 3, column link: the network has no "e"; known: a, b, c, d'),
        ({"from_node": [1], "to_node": [3]}, 'tolls, row 2, column to_node: the network has no "3"; known: 1, 10, 2'),
        ({"from_node": [2], "to_node": [10]}, "tolls, row 2: no link leads from 2 to 10; from 2 they lead to: 1"),
        ({"from_node": [10], "to_node": [1]}, "tolls, row 2: no link leads from 10 to 1; from 10 they lead to: –"),
    ],
)
def test_what_is_not_there_is_told_with_table_row_and_what_would_be_right(rows, words):
    with pytest.raises(InputError) as caught:
        find_links(network(), pd.DataFrame(rows), "tolls")
    assert words in str(caught.value)
