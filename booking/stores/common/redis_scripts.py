"""The scripts that a Redis or Valkey server runs.

Each script is one effect: the server runs nothing else meanwhile. In a script `KEYS[1]` to
`KEYS[6]` are the keys that the list below names, in this order.
"""

from __future__ import annotations

KEYS = ("remaining", "version", "pool", "shards", "lease", "token")
EMPTY = "EMPTY"  # the error of a script that found no count

COUNT = """
local n = redis.call('GET', KEYS[1])
if not n then return false end
local sum = tonumber(n) + redis.call('LLEN', KEYS[3])
for _, shard in ipairs(redis.call('HVALS', KEYS[4])) do sum = sum + tonumber(shard) end
return sum"""
GATHER = f"""
local count = (function() {COUNT} end)()
if count then redis.call('SET', KEYS[1], count) redis.call('DEL', KEYS[3], KEYS[4]) end
return count"""
SET = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('INCR', KEYS[2]) return 1"
TAKE = """
local n = redis.call('GET', KEYS[1])
if not n then return redis.error_reply('EMPTY') end
if tonumber(n) < tonumber(ARGV[1]) then return false end
redis.call('DECRBY', KEYS[1], ARGV[1]) redis.call('INCR', KEYS[2])
return tonumber(n)"""
ADD = """
if redis.call('EXISTS', KEYS[1]) == 0 then return redis.error_reply('EMPTY') end
redis.call('INCR', KEYS[2])
return redis.call('INCRBY', KEYS[1], ARGV[1])"""
CLAIM = """
if redis.call('LLEN', KEYS[3]) < tonumber(ARGV[1]) then return false end
local highest = 0
for _, seat in ipairs(redis.call('RPOP', KEYS[3], ARGV[1])) do
  highest = math.max(highest, tonumber(seat))
end
return highest"""
TAKE_FROM = """
local n = tonumber(redis.call('HGET', KEYS[4], ARGV[1]) or '0')
if n < tonumber(ARGV[2]) then return false end
redis.call('HINCRBY', KEYS[4], ARGV[1], -ARGV[2])
return n"""
TAKE_ACROSS = """
local wanted, sum = tonumber(ARGV[1]), 0
for _, shard in ipairs(redis.call('HVALS', KEYS[4])) do sum = sum + tonumber(shard) end
if sum < wanted then return 0 end
for _, name in ipairs(redis.call('HKEYS', KEYS[4])) do
  local share = math.min(wanted, tonumber(redis.call('HGET', KEYS[4], name)))
  redis.call('HINCRBY', KEYS[4], name, -share)
  wanted = wanted - share
end
return 1"""
TAKE_LEASE = """
if redis.call('EXISTS', KEYS[5]) == 1 then return false end
local token = redis.call('INCR', KEYS[6])
redis.call('SET', KEYS[5], token, 'PX', ARGV[1])
return token"""
SET_FENCED = """
if redis.call('GET', KEYS[6]) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1]) redis.call('INCR', KEYS[2])
return 1"""
END_LEASE = """
if redis.call('GET', KEYS[5]) == ARGV[1] then redis.call('DEL', KEYS[5]) end
return 1"""
READ_ONLY = frozenset({COUNT})
