"""What a run leaves behind: records, run folders, grades, comparisons, causes. No model is needed to read it."""
