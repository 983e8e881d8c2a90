"""One renderer for every figure: terminal, HTML, SVG, JSON and CSV. Knows figures, and no report."""
