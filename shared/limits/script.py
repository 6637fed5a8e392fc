"""What renews shares in Valkey: one script for all limits that calls were counted against since the last time."""

PROCESS_FORGOTTEN_AFTER_S = 10
"""Seconds after which a process that renews nothing takes no share any more."""

SCRIPT = """
-- KEYS[1]: who takes shares. KEYS[2]: the number of the last renewal of this process, and its reply. KEYS[3]: since
-- when these keys are kept. KEYS[4..]: one for each limit. ARGV[1]: this process, ARGV[2]: seconds until a silent
-- one is forgotten, ARGV[3]: the number of this renewal; one that comes again, as its reply was lost, counts
-- nothing. Then for each limit: 'rate', 'quota' or 'recount', its size (burst or calls), microseconds for one call
-- or the second of the epoch at which the period ends, how much of a quota is known to be used, should it not be
-- known here (or less, with 'recount'), and a renewal: back, owed, held, wanted, ahead.
local function get(key)
    local value = redis.pcall('GET', key)
    if type(value) == 'table' then -- what another has written there is no count
        redis.call('DEL', key)
    end
    return type(value) == 'string' and value or ''
end
local renewed = ARGV[3] .. ' '
local last = get(KEYS[2])
if last:sub(1, #renewed) == renewed then
    return cjson.decode(last:sub(#renewed + 1))
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then
    redis.call('DEL', KEYS[1])
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2] * 1000000)
redis.call('EXPIRE', KEYS[1], 60)
local processes = redis.call('ZCARD', KEYS[1])
local since = tonumber(get(KEYS[3]))
if not since then
    since = math.floor(now / 1000)
    redis.call('SET', KEYS[3], string.format('%.0f', since))
end
redis.call('EXPIRE', KEYS[3], 86400)
local reply = {processes, since}
for i = 4, #KEYS do
    local at = 4 + (i - 4) * 9
    local size, x = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local back, owed, held = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
    local wanted, ahead = tonumber(ARGV[at + 7]), tonumber(ARGV[at + 8])
    local kept = get(KEYS[i])
    local bound = ' ' .. ARGV[at + 1] .. ' ' .. ARGV[at + 2]
    local arrival, used, free
    if ARGV[at] == 'rate' then
        -- Kept with the limit that it was counted by. Under another one as many calls are used, and at most all.
        local known, by, old_x = string.match(kept, '^(%S+)( %S+ (%S+))$')
        known = tonumber(known or '') or now
        if by and by ~= bound then
            known = now + math.min(math.max(0, known - now) / tonumber(old_x), size) * x
        end
        -- What is held has not come yet: it is taken anew, so that a bucket that has filled since has room for it.
        arrival = math.max(known - (back + held) * x, now) + (owed + held) * x
        free = math.floor((now - arrival) / x + size + 0.000001)
    else
        local reported = tonumber(ARGV[at + 3])
        used = tonumber(kept) or reported
        if ARGV[at] == 'recount' then
            used = math.max(used, reported)
        end
        used = used + owed - back
        free = size - used
    end
    local given = math.max(0, math.min(wanted, free))
    local extra = math.max(0, math.min(ahead, math.floor((free - given) / (2 * processes))))
    local taken, wait = given + extra, 0
    if arrival then
        arrival = arrival + taken * x
        wait = math.max(0, math.ceil(arrival + x - size * x - now))
        local life = math.max(1, math.ceil((arrival - now) / 1000) + 1)
        redis.call('SET', KEYS[i], string.format('%.17g', arrival) .. bound, 'PX', life)
    else
        redis.call('SET', KEYS[i], string.format('%.0f', used + taken), 'EXAT', string.format('%.0f', x + 86400))
    end
    for _, value in ipairs({given, extra, math.max(0, free - taken), wait}) do
        table.insert(reply, value)
    end
end
redis.call('SET', KEYS[2], renewed .. cjson.encode(reply), 'EX', 86400)
return reply
"""
