"""What is there before anything happens: the city, what a measure may change of it, how its parts are picked."""
