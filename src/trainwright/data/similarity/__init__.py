"""Rows that are nearly alike: texts, images, rows of tables; and train texts of an evaluation set."""
