-- Sends the requests of a file in turn, over and over; prints one line of JSON at the end.
-- The file holds each request as wrk is to send it, after a line with its length in bytes.

sent = 0
local requests = {}
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for line in file:lines() do
    table.insert(requests, file:read(tonumber(line)))
  end
  file:close()
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
  local begun = 0
  for _, thread in ipairs(threads) do
    begun = begun + thread:get("sent")
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"sent":%d,"answered":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    begun, summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
