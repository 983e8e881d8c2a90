"""The only place that knows the order: admit, append, link, journey, credit, report."""
