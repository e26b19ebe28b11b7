"""What a training costs: expected before (`expect`), measured while it runs (`meter`), and what past ones teach (`past`)."""
