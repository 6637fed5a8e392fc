"""The scripts that Envoy runs: the target of the decision, the bound of a body, and a `Location` for the client."""

from gateway.envoy.messages import Json
from gateway.routing.table import Route

FILTER = "adaptation"
"""The name of the filter that runs `ADAPTATION`, under which it finds what is said of a route."""
CALLED_FIELD = "x-passgate-called"

TARGET = """\
function envoy_on_request(handle)
  local headers = handle:headers()
  local called, target = headers:get(":path"), headers:get("x-passgate-target")
  if target == nil then -- without a decision nothing is forwarded
    handle:respond({[":status"] = "503"}, "")
  else
    headers:replace(":path", target)
    headers:replace("x-passgate-called", called)
  end
end
"""
"""What was decided upon is what is forwarded. By itself: Envoy goes on with a request whose script has failed."""

ADAPTATION = """\
function envoy_on_request(handle)
  local headers = handle:headers()
  local length, limit = headers:get("content-length"), handle:metadata():get("max_body")
  if length ~= nil and limit ~= nil and tonumber(length) > limit then
    return handle:respond({[":status"] = "413"}, "")
  end
  local called = handle:streamInfo():dynamicMetadata()
  called:set("passgate", "path", (headers:get("x-passgate-called"):gsub("?.*$", "")))
  called:set("passgate", "host", headers:get(":authority") or "")
  called:set("passgate", "scheme", headers:get("x-forwarded-proto") or "http")
end

-- What the upstream calls `path`, as the client knows it: as `PrefixRewrite.outer_path`.
local function outer(path, called, route)
  local inner, segments = route["inner"], route["segments"]
  if segments == nil or path:sub(1, #inner) ~= inner then
    return path
  end
  if not ("/?#"):find(path:sub(#inner + 1, #inner + 1), 1, true) then
    return path
  end
  local ends = 1
  for _ = 1, segments do
    ends = called:find("/", ends + 1, true) or #called + 1
  end
  return called:sub(1, ends - 1) .. path:sub(#inner + 1)
end

local function same(authority, known)
  return known ~= nil and authority:lower() == known:lower()
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local location = headers:get("location")
  local called = handle:streamInfo():dynamicMetadata():get("passgate")
  local route = handle:metadata()
  if location == nil or called == nil or called["host"] == "" or route:get("scheme") == nil then
    return
  end
  local known = {inner = route:get("inner"), segments = route:get("segments")}
  local scheme, authority, rest = location:match("^(%a[%w+.-]*):?//([^/?#]*)(.*)$")
  if authority == nil then
    authority, rest = location:match("^//([^/?#]*)(.*)$")
  end
  if authority == nil then
    if location:sub(1, 1) == "/" then
      headers:replace("location", outer(location, called["path"], known))
    end
    return
  end
  local path = outer(rest, called["path"], known)
  if same(scheme or route:get("scheme"), route:get("scheme")) then
    for _, own in ipairs(route:get("authorities")) do
      if same(authority, own) then
        return headers:replace("location", called["scheme"] .. "://" .. called["host"] .. path)
      end
    end
  end
  if same(authority, called["host"]) then
    headers:replace("location", location:sub(1, #location - #rest) .. path)
  end
end
"""
"""After the filter that holds small bodies, and so says the length of each."""


def metadata(route: Route) -> Json:
    """What the script has to know of a route: without `scheme` a `Location` stays as it is."""
    known: Json = {"max_body": route.max_body}
    if route.rewrite_location:
        known |= _own_places(route)
    return {"metadata": {"filter_metadata": {FILTER: known}}}


def _own_places(route: Route) -> Json:
    default = ":443" if route.upstream.scheme == "https" else ":80"
    authorities = [address.authority for address in route.upstream.addresses]
    authorities += [name.removesuffix(default) for name in authorities if name.endswith(default)]
    places: Json = {"scheme": route.upstream.scheme, "authorities": authorities}
    if route.rewrite is not None:
        places |= {"inner": route.rewrite.inner, "segments": route.rewrite.segments}
    return places
