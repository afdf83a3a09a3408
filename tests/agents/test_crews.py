from __future__ import annotations

import mesa
import numpy as np
import pytest
import simpy

from resilience.agents.crews import ORDERS, Crew, Dispatcher, Job


class Town:
    """Travel takes |a - b| hours; water stands at a component until an hour."""

    def __init__(self, env, dry_from=None, cut=()):
        self.env, self.dry_from, self.cut = env, dry_from or {}, set(cut)

    def depth_at(self, component):
        return 1.0 if self.env.now < self.dry_from.get(component, 0) else 0.0

    def hours_between(self, node, goal):
        return float("inf") if goal in self.cut else float(abs(node - goal))


def work(jobs, *, crews=(0,), order="most-people-first", hours=60, **town):
    """Return when each component was finished, and what was told."""
    env = simpy.Environment()
    model = mesa.Model(seed=0)
    told, done = [], {}
    place = Town(env, **town)
    agents = [Crew(model, i, node) for i, node in enumerate(crews)]
    board = Dispatcher(env, agents, order, place, lambda what, c, crew: told.append((env.now, what, c, crew)))
    for job in jobs:
        board.add(job)

    def clock():
        for _ in range(hours):
            for c in board.finished:
                done[c] = env.now
            board.finished.clear()
            board.send()
            yield env.timeout(1)

    env.process(clock())
    env.run(until=hours)
    return done, told


def job(component, *, node=0, hours=4.0, people=0.0, failed=0.0, dry=0.3):
    return Job(component, node, hours, people, failed, dry)


def test_a_crew_sets_out_travels_and_works():
    done, told = work([job(7, node=2, hours=4)])
    assert [t[1:] for t in told] == [("crew_sent", 7, 0), ("crew_arrived", 7, 0)]
    assert told[1][0] == 3.0  # an hour to set out, two to get there
    assert done == {7: 7.0}


def test_most_people_first_or_first_failed_first():
    jobs = [job(1, people=5, failed=0), job(2, people=50, failed=3), job(3, people=50, failed=2)]
    for order, expected in (("most-people-first", [3, 2, 1]), ("first-failed-first", [1, 3, 2])):
        assert order in ORDERS
        done, _ = work([job(j.component, people=j.people, failed=j.failed_hour) for j in jobs], order=order)
        assert sorted(done, key=done.get) == expected


def test_the_nearest_crew_goes():
    _, told = work([job(1, node=10)], crews=(0, 9, 30))
    assert told[0][3] == 1


def test_nobody_is_sent_into_the_water():
    done, told = work([job(1)], dry_from={1: 12})
    assert told[0][0] == 12.0
    assert done[1] == 17.0


def test_water_that_comes_back_on_the_way_is_waited_for():
    env = simpy.Environment()
    told = []

    class Tide(Town):
        def depth_at(self, component):
            return 1.0 if 1 <= env.now < 9 else 0.0

    board = Dispatcher(
        env, [Crew(mesa.Model(seed=0), 0, 0)], ORDERS[0], Tide(env), lambda *w: told.append((env.now, w[0]))
    )
    board.add(job(1, node=3, hours=2))
    board.send()
    env.run(until=30)
    assert told == [(0, "crew_sent"), (9.0, "crew_arrived")]
    assert board.finished == [1]


def test_a_site_that_no_road_reaches_waits_while_others_are_served():
    done, _ = work([job(1, node=5, people=99), job(2, node=1)], cut=[5])
    assert list(done) == [2]


def test_no_crews_no_repairs():
    assert work([job(1)], crews=()) == ({}, [])


@pytest.mark.parametrize("seed", range(5))
def test_more_crews_finish_everything_no_later(seed):
    rng = np.random.default_rng(seed)
    jobs = [(int(c), float(h)) for c, h in zip(range(8), rng.uniform(1, 9, 8), strict=True)]
    ends = []
    for crews in (1, 2, 4):
        done, _ = work([job(c, hours=h) for c, h in jobs], crews=(0,) * crews, hours=120)
        assert len(done) == 8
        ends.append(max(done.values()))
    assert ends[0] >= ends[1] >= ends[2]
