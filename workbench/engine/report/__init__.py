"""The report: gathers what is known of a model, composes its card (`workbench.trust.card`) and writes it."""
