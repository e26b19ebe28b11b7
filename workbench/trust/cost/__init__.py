"""What a training costs: time, memory, energy, CO2 and money, as plain data and in words. Measured in `engine.cost`."""
