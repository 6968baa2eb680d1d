-- Interpretation: whom an employee counts as, by the fact of their merging that is in force.
ALTER TABLE employee ADD COLUMN merged_into BIGINT;
CREATE INDEX employee_merged ON employee (tenant, merged_into) WHERE merged_into IS NOT NULL;
