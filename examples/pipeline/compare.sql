-- The hours that before.py (schema public) and after.py (schema edl_data) store otherwise: none, where both agree.
-- Observed values and generation are compared as they are, fills to the ninth digit behind the point.

SELECT "stnId", tm, b.ta AS ta_before, a.ta AS ta_after, b.hm AS hm_before, a.hm AS hm_after
FROM public.weather_asos AS b
FULL JOIN edl_data.weather_asos AS a USING ("stnId", tm)
WHERE b.ta IS NULL <> (a.ta IS NULL)
    OR b.hm IS NULL <> (a.hm IS NULL)
    OR abs(b.ta - a.ta) > CASE WHEN a.ta_provenance = 0 THEN 0 ELSE 1e-9 END
    OR abs(b.hm - a.hm) > CASE WHEN a.hm_provenance = 0 THEN 0 ELSE 1e-9 END;

SELECT "timestamp", plant_name, b.generation AS generation_before, a.generation AS generation_after
FROM public.wind_namdong AS b
FULL JOIN edl_data.wind_namdong AS a USING ("timestamp", plant_name)
WHERE b.plant_name IS NULL OR a.plant_name IS NULL OR b.generation IS DISTINCT FROM a.generation;
