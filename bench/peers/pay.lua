-- The payment of bench_pay: same checks, same three rows. KEYS: two accounts; ARGV: cents.
if KEYS[1] == KEYS[2] then return 'INSUFFICIENT' end
local a = redis.call('HMGET', KEYS[1], 'bal', 'frozen')
local b = redis.call('HMGET', KEYS[2], 'bal', 'frozen')
if not a[1] then return 'NO_SRC' end
if not b[1] then return 'NO_DST' end
if a[2] == '1' or b[2] == '1' then return 'FROZEN' end
local amt = tonumber(ARGV[1])
if tonumber(a[1]) < amt then return 'INSUFFICIENT' end
redis.call('HINCRBY', KEYS[1], 'bal', -amt)
redis.call('HINCRBY', KEYS[2], 'bal', amt)
local id = redis.call('INCR', 'transfer_id')
redis.call('HSET', 'transfer:' .. id, 'src', KEYS[1], 'dst', KEYS[2], 'amt', amt, 'at', redis.call('TIME')[1])
return id
