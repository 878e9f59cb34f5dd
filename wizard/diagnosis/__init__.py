"""From error text to symptom, from facts to verdict and findings. Pure functions."""
