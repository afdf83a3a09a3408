"""A behaviour of one's own: people who stay in as soon as a warning is out, written as one mind in plain Python.

To use it, write in case.toml

    [behaviour]
    commuters = "cautious.py:CautiousCommuter"

and run with --allow-code.
"""

from resilience.agents.commuters import Choice, CommuterAgent, Sees


class CautiousCommuter(CommuterAgent):
    """Goes out only where nothing is wrong; half of the people ignore the warning."""

    def decide(self, sees: Sees) -> Choice:
        """Return what this person does this morning."""
        if sees.home_flooded:
            return Choice.HOME_FLOODED
        if sees.warned and sees.cautious < 0.5:
            return Choice.TELEWORK if sees.can_telework and sees.home_power else Choice.WARNED
        if not sees.target_open:
            return Choice.TARGET_CLOSED
        if sees.now_min > 2 * sees.usual_min + 10:
            return Choice.TOO_LONG if sees.now_min < float("inf") else Choice.NO_WAY
        return Choice.GO
