SELECT time, kind, key, other, identifiers FROM identity_changes
WHERE level = 'household' AND (key = $unit OR other = $unit) ORDER BY time, kind, key, other
