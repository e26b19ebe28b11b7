"""A model after it was put to work: what it answered, week by week; the review; its next version."""
