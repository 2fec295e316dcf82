"""The language model: GGUF to torch, LoRA, and back to GGUF behind a gate."""
