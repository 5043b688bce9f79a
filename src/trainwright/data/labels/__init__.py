"""Labels: which are wrong, what several say together, what rules say, which row to label next."""
