from __future__ import annotations

import mesa
import numpy as np
import pytest
import simpy

from resilience.agents.crews import ORDERS, Crew, Dispatcher, Job


class Town:
    """Travel takes |a - b| hours; components stand at junction 0 unless told; water stands at some until an hour."""

    def __init__(self, env, at=None, dry_from=None, cut=()):
        self.env, self.at, self.dry_from, self.cut = env, at or {}, dry_from or {}, set(cut)

    def depth_at(self, component):
        return 1.0 if self.env.now < self.dry_from.get(component, 0) else 0.0

    def places(self, components):
        return [(self.at.get(c, 0),) for c in components]

    def hours_between(self, node, goal):
        return float("inf") if goal in self.cut else float(abs(node - goal))


def work(jobs, *, crews=(0,), order="most-people-first", hours=60, **town):
    """Return when each component was finished, and what was told."""
    env = simpy.Environment()
    model = mesa.Model(seed=0)
    told, done = [], {}
    place = Town(env, **town)
    agents = [Crew(model, i, node) for i, node in enumerate(crews)]
    board = Dispatcher(env, agents, order, place, lambda what, j, crew: told.append((env.now, what, j.component, crew)))
    for job in jobs:
        board.add(job)

    def clock():
        for _ in range(hours):
            for ended in board.finished:
                done.update(dict.fromkeys(ended.sites, env.now))
            board.finished.clear()
            board.send()
            yield env.timeout(1)

    env.process(clock())
    env.run(until=hours)
    return done, told


def job(component, *, hours=4.0, people=0.0, failed=0.0, dry=0.3):
    return Job({component: dry}, hours, people, failed)


def test_a_crew_sets_out_travels_and_works():
    done, told = work([job(7, hours=4)], at={7: 2})
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
    _, told = work([job(1)], crews=(0, 9, 30), at={1: 10})
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
        env, [Crew(mesa.Model(seed=0), 0, 0)], ORDERS[0], Tide(env, at={1: 3}), lambda *w: told.append((env.now, w[0]))
    )
    board.add(job(1, hours=2))
    board.send()
    env.run(until=30)
    assert told == [(0, "crew_sent"), (9.0, "crew_arrived")]
    assert [ended.component for ended in board.finished] == [1]


def test_a_site_that_no_road_reaches_waits_while_others_are_served():
    done, _ = work([job(1, people=99), job(2)], at={1: 5, 2: 1}, cut=[5])
    assert list(done) == [2]


def test_one_work_at_several_sites_waits_for_all_of_them_and_the_crew_drives_from_one_to_the_next():
    """Dry at 12; an hour to set out, 2 h to site 1, 3 h on to site 2, 4 h of work; one site alone is not enough."""
    both = Job({1: 0.3, 2: 0.3}, 4.0, 0.0, 0.0)
    done, told = work([both], at={1: 2, 2: 5}, dry_from={2: 12})
    assert [t[:2] for t in told] == [(12.0, "crew_sent"), (18.0, "crew_arrived")]
    assert done == {1: 22.0, 2: 22.0}
    assert work([both], at={1: 2, 2: 5}, cut=[5]) == ({}, [])


@pytest.mark.parametrize(("joins", "where", "one"), [(-1.0, 6, True), (0.5, 2, True), (0.5, 6, False), (9.0, 2, False)])
def test_work_of_a_name_takes_in_what_fails_before_it_is_begun(joins, where, one):
    """The first site is 2 h away, the crew arrives at 3. Once it is on its way it is sent to no other place."""
    env, told = simpy.Environment(), []
    board = Dispatcher(
        env, [Crew(mesa.Model(seed=0), 0, 0)], ORDERS[0], Town(env, at={1: 2, 2: where}),
        lambda *w: told.append((env.now, w[0], w[1].component)),
    )  # fmt: skip
    more = Job({2: 0.3}, 6.0, 0.0, 0.0, "tube")

    def second():
        yield env.timeout(joins)
        board.add(more)

    board.add(Job({1: 0.3}, 5.0, 0.0, 0.0, "tube"))
    if joins < 0:
        board.add(more)
    else:
        env.process(second())
    board.send()
    env.run(until=30)
    assert told == [(0, "crew_sent", 1), (7.0 if joins < 0 else 3.0, "crew_arrived", 1)]
    assert [list(ended.sites) for ended in board.finished] == [[1, 2] if one else [1]]
    assert [list(waiting.sites) for waiting in board.jobs] == ([] if one else [[2]])


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
