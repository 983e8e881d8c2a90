SELECT unit, mark >> 20 AS time_ms, mark & 1048575 AS place, p.channel
FROM (SELECT unit, unnest(marks) AS mark FROM timelines) t JOIN places p ON p.place = (mark & 1048575)
WHERE (mark & 1048575) < 1048000
