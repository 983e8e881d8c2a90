"""From events to orders, enrolments, lineage, touches and journeys."""
