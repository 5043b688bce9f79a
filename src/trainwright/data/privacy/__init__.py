"""Personal data and secrets in the cells: found, masked in all that is said of them, hashed or left out."""
