"""What every room stands on: words, errors, defaults, chance, files; it knows nothing of cities."""
