"""The model card: everything a person should know before relying on a model, as plain data that two writers render."""
