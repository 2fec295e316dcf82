"""Teaching the language model: windows with annotations, instructions made of them, three stages."""
