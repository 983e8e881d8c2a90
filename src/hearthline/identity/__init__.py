"""From identifiers to devices, persons and households, with validity intervals and guards."""
