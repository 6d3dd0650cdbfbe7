-- wrk: trades (respond-async) of the agents whose keys stand in the file given
local thread_count = 0
function setup(thread) thread:set("number", thread_count); thread_count = thread_count + 1 end
function init(args)
  keys = {}
  for line in io.lines(args[1]) do keys[#keys + 1] = line end
  at = (number * 7919) % #keys
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Prefer"] = "respond-async"
  body = '{"type":"transfer","token":"USDC","to":"0x000000000000000000000000000000000000dEaD","amount":"0.000001"}'
end
function request()
  at = at % #keys + 1
  wrk.headers["x-api-key"] = keys[at]
  return wrk.format(nil, "/trade", wrk.headers, body)
end
function done(summary, latency)
  io.write(string.format("result %d %d %d %d\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.timeout + summary.errors.read, latency:percentile(99)))
end
