"""Those who live through the event: the Mesa model, commuters, firms and repair crews."""
