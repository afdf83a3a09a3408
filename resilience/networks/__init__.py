"""What a city is wired with: networks of two tables each, and the models that run on them."""
