SELECT left_id, right_id, kind, make_timestamptz(first_us) AS valid_from, make_timestamptz(last_us) AS valid_to,
  round(ln(1 + evidence), 3) AS weight, rule, evidence, state, note
FROM links_found
