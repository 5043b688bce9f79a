"""Stage 2: the catalogue of model families, a folder per modality."""
