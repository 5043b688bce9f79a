"""Language: conversations, chat templates, tokenizers, token ids, mixtures."""
