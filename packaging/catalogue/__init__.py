"""The facts from which the catalogue of hub models is written (see make_hub_catalogue.py)."""
