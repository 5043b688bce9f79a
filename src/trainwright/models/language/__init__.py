"""Language models: causal, masked and encoder-decoder, and how text is generated."""
