"""Models at work without the window: asked by other programs, and watching a folder."""
