SELECT enrolment_id, unit, make_timestamptz(time_us) AS time, kind, make_timestamptz(ended_us) AS ended, ref_id AS ref
FROM homed_enrolments
