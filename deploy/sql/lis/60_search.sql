-- What the dashboard asks beyond contexts (docs/porting-to-your-lis.md): labs by name, and whose
-- number this is. Both may be left out: then labs have no names, and numbers are bills and patients.
-- This file may be applied again at any time.

CREATE OR REPLACE FUNCTION lis_api.find_labs(query text, of_labs bigint[], most int)
RETURNS TABLE (lab_id bigint, lab_name text) LANGUAGE sql STABLE AS $$
	SELECT l.lab_id, l.lab_name FROM lis.lab l
	WHERE (of_labs IS NULL OR l.lab_id = ANY (of_labs))
		AND (query = '' OR starts_with(l.lab_id::text, query) OR position(lower(query) IN lower(l.lab_name)) > 0)
	ORDER BY l.lab_id::text = query DESC, l.lab_name, l.lab_id LIMIT most
$$;

-- The bills that an order or accession number stands for.
CREATE INDEX IF NOT EXISTS bill_order_number_idx ON lis.bill (order_number);
CREATE INDEX IF NOT EXISTS sample_accession_no_idx ON lis.sample (accession_no);
CREATE OR REPLACE FUNCTION lis_api.find_bills(number text, of_labs bigint[])
RETURNS TABLE (bill_id bigint) LANGUAGE sql STABLE AS $$
	SELECT b.bill_id FROM lis.bill b
	WHERE b.order_number = number AND (of_labs IS NULL OR b.lab_id = ANY (of_labs))
	UNION
	SELECT s.bill_id FROM lis.sample s
	WHERE s.accession_no = number AND (of_labs IS NULL OR s.lab_id = ANY (of_labs))
	LIMIT 5
$$;
