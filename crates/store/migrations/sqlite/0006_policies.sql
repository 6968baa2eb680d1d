-- The company's policy becomes the first of its versions: it holds from the beginning.
UPDATE setting SET value = json_set(json_remove(value, '$.policy'), '$.policies',
  json_array(json_object('policy', json_extract(value, '$.policy'))))
WHERE name = 'company' AND json_type(value, '$.policy') = 'object';
