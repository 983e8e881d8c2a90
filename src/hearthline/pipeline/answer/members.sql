SELECT identity, unit, person, valid_from_us // 1000 AS valid_from_ms, valid_to_us // 1000 AS valid_to_ms FROM members_all
