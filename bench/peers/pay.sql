-- The payment of bench_pay as a stored procedure: same checks, same three rows.
CREATE TABLE account (id bigint PRIMARY KEY, owner bigint NOT NULL, bal numeric(15,2) NOT NULL, frozen boolean NOT NULL)
    WITH (fillfactor = 50);
CREATE SEQUENCE transfer_id CACHE 1000;
CREATE TABLE transfer (id bigint PRIMARY KEY, src bigint NOT NULL, dst bigint NOT NULL, amt numeric(15,2) NOT NULL,
    at timestamptz NOT NULL);
INSERT INTO account SELECT id, id, 10000000.00, false FROM generate_series(0, 9999) AS id;

CREATE FUNCTION pay(p_src bigint, p_dst bigint, p_amt numeric) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    low account%ROWTYPE;
    high account%ROWTYPE;
    a account%ROWTYPE;
    b account%ROWTYPE;
    made bigint;
BEGIN
    IF p_src = p_dst OR p_amt <= 0 THEN RETURN -3; END IF;
    -- always in key order: two payments in opposite directions must not deadlock
    SELECT * INTO low FROM account WHERE id = least(p_src, p_dst) FOR UPDATE;
    SELECT * INTO high FROM account WHERE id = greatest(p_src, p_dst) FOR UPDATE;
    IF p_src < p_dst THEN a := low; b := high; ELSE a := high; b := low; END IF;
    IF a.id IS NULL THEN RETURN -1; END IF;
    IF b.id IS NULL THEN RETURN -2; END IF;
    IF a.frozen OR b.frozen THEN RETURN -4; END IF;
    IF a.bal < p_amt THEN RETURN -3; END IF;
    UPDATE account SET bal = bal - p_amt WHERE id = p_src;
    UPDATE account SET bal = bal + p_amt WHERE id = p_dst;
    INSERT INTO transfer VALUES (nextval('transfer_id'), p_src, p_dst, p_amt, now()) RETURNING id INTO made;
    RETURN made;
END $$;
