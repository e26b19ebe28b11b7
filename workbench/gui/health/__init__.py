"""The state of the data, always in view: a quiet look whenever it changes, a badge, the list of findings, a review by keys."""
