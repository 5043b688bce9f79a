"""Networks for sequences and forecasts, and the baselines of forecasts."""
