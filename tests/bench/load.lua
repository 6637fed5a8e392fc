-- Sends the requests of a file in turn, over and over; prints one line of JSON at the end.
-- The file holds each request as wrk is to send it, after a line with its length in bytes.
-- Arguments: the file; the number of the first request; the statuses that are expected, with commas ("": any below
-- 400, which wrk counts itself); the mean of the milliseconds that a connection waits before each request (0: none).

sent = -1 -- wrk asks for one request before any load, to look at it
unexpected = 0
counted = {}
local first = 0
local wait = 0
local expected = {}
local requests = {}
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

-- Only where it is needed: with it, wrk makes a table of each response's header.
local function count(status)
  local key = tostring(status)
  counted[key] = (counted[key] or 0) + 1
  if not expected[status] then
    unexpected = unexpected + 1
  end
end

-- Exponentially distributed: then the requests of many connections together come as at random.
local function pause()
  return math.floor(0.5 - wait * math.log(1 - math.random()))
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for line in file:lines() do
    table.insert(requests, file:read(tonumber(line)))
  end
  file:close()
  first = tonumber(arguments[2])
  for status in arguments[3]:gmatch("%d+") do
    expected[tonumber(status)] = true
    response = count
  end
  wait = tonumber(arguments[4])
  if wait > 0 then
    math.randomseed(os.time())
    delay = pause
  end
end

function request()
  sent = sent + 1
  return requests[(first + math.max(sent - 1, 0)) % #requests + 1]
end

function done(summary, latency)
  local begun, wrong, statuses = 0, 0, {}
  for _, thread in ipairs(threads) do
    begun = begun + thread:get("sent")
    wrong = wrong + thread:get("unexpected")
    for status, number in pairs(thread:get("counted")) do
      table.insert(statuses, string.format('"%s":%d', status, number))
    end
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"sent":%d,"responded":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d,"unexpected":%d,"broken":%d,"statuses":{%s}}\n',
    begun, summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, wrong, errors.connect + errors.read + errors.write + errors.timeout,
    table.concat(statuses, ",")))
end
