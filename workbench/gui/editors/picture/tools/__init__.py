"""The tools of the canvas, one per module. A tool hears the mouse and the keyboard's cross in the picture's pixels."""
