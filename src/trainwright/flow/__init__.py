"""Joins the stages into verbs: the only room that knows them all."""
