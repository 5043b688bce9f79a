"""The OpenAI API: what a model that writes is asked over /v1, so that any client of it can be used."""
