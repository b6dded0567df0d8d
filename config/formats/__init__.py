"""How moments are written where Django writes them: a folder a language."""
