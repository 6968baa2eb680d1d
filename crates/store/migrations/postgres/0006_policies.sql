-- The company's policy becomes the first of its versions: it holds from the beginning.
UPDATE setting SET value = ((value::jsonb - 'policy')
  || jsonb_build_object('policies', jsonb_build_array(jsonb_build_object('policy', value::jsonb -> 'policy'))))::text
WHERE name = 'company' AND jsonb_typeof(value::jsonb -> 'policy') = 'object';
