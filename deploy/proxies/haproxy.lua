-- Asks Passgate's decision endpoint about each request, by HAProxy's own HTTP client: nothing else is needed.

local DECISIONS = "http://127.0.0.1:8082/rewrite/forward-auth"
local TIMEOUT_MS = 5000
-- What belongs to the client's message and not to the question.
local LEFT_OUT = {
  ["connection"] = true, ["content-length"] = true, ["expect"] = true, ["host"] = true, ["keep-alive"] = true,
  ["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true, ["upgrade"] = true,
}
local FOR_THE_PROXY = { ["x-passgate-target"] = true, ["x-passgate-route"] = true }

local function question(txn)
  local fields = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not LEFT_OUT[name] then
      fields[name] = {}
      for index, value in pairs(values) do
        fields[name][index + 1] = value
      end
    end
  end
  fields["x-forwarded-method"] = { txn.f:method() }
  fields["x-forwarded-uri"] = { txn.f:pathq() }
  return fields
end

local function refuse(txn, response)
  local reply = txn:reply({ status = response.status, body = response.body })
  for name, values in pairs(response.headers) do
    if name ~= "content-length" and name ~= "connection" and name ~= "date" then
      for _, value in pairs(values) do
        reply:add_header(name, value)
      end
    end
  end
  txn:done(reply)
end

local function decide(txn)
  local client = core.httpclient()
  local response = client:get({ url = DECISIONS, headers = question(txn), timeout = TIMEOUT_MS })
  local target = response and response.headers and response.headers["x-passgate-target"]
  if not response or response.status == 0 then
    return -- the next rule refuses
  end
  if response.status ~= 200 or not target then
    return refuse(txn, response)
  end
  for name, values in pairs(response.headers) do
    if name == "x-request-id" or (name:sub(1, 11) == "x-passgate-" and not FOR_THE_PROXY[name]) then
      txn.http:req_set_header(name, values[0])
    end
  end
  txn.http:req_set_uri(target[0])
  txn:set_var("txn.passgate_admitted", true)
end

core.register_action("passgate", { "http-req" }, decide, 0)
