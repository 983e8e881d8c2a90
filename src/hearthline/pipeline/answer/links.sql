SELECT link, left_id, right_id, kind, make_timestamptz(first_us) AS valid_from, make_timestamptz(last_us) AS valid_to,
  weight, rule, evidence, consent, state, note
FROM links_found
