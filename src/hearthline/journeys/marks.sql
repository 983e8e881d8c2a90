-- What happened in each household, one integer a thing: milliseconds x 2^20 + what it was. Touches are
-- their touchpoint's code; the highest codes are set apart (see `timelines`), so that at the same
-- millisecond a touch comes before the order that it may have led to.
SELECT unit, time_ms * 1048576 + place AS mark FROM touches
UNION ALL
SELECT unit, as_ms(time_us) * 1048576 + CASE WHEN kind = 'person' THEN 1048575 ELSE 1048570 END AS mark
FROM orders WHERE unit IS NOT NULL AND status = 'placed'
UNION ALL
SELECT unit, as_ms(time_us) * 1048576 + 1048574 AS mark FROM homed_enrolments WHERE unit IS NOT NULL
UNION ALL
SELECT unit, as_ms(ended_us) * 1048576 + 1048573 AS mark FROM homed_enrolments WHERE unit IS NOT NULL AND ended_us IS NOT NULL
UNION ALL
SELECT unit, as_ms(time_us) * 1048576 + 1048560 + fill AS mark FROM stock
UNION ALL
SELECT unit, as_ms(time_us) * 1048576 + 1048540 + 2 * condition + CASE WHEN active THEN 1 ELSE 0 END AS mark
FROM condition_changes
