"""The home folder: the lake, its manifest, the published answers, and the engines behind one protocol."""
