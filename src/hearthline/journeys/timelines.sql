-- One row a household: all its marks in order.
SELECT unit, packed(array_agg(mark)) AS marks FROM marks GROUP BY unit
