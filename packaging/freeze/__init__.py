"""How the app becomes a program that needs no Python: what goes in, what stays out and why, and the installers."""
