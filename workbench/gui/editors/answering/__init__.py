"""The parts of the editor for questions and answers."""
