-- wrk: every request registers another agent
local thread_count = 0
function setup(thread) thread:set("number", thread_count); thread_count = thread_count + 1 end
function init(args)
  prefix = (args[1] or "w") .. "-" .. tostring(number) .. "-"
  count = 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end
function request()
  count = count + 1
  return wrk.format(nil, "/register", nil, '{"agentId":"' .. prefix .. count .. '"}')
end
function response(status) if status ~= 201 then bad = (bad or 0) + 1 end end
function done(summary, latency)
  io.write(string.format("result %d %d %d %d\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.timeout + summary.errors.read, latency:percentile(99)))
end
