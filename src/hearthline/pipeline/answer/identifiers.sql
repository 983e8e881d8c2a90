SELECT id, names, unit, person, make_timestamptz(first_us) AS first, make_timestamptz(last_us) AS last, events, unit_before, person_before
FROM identifiers_found
