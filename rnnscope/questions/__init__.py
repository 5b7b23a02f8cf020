"""Open questions: a claim, a rule that was fixed before the runs, the runs, a verdict."""
