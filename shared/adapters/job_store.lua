-- Everything that must change together with a job changes here, in one step.
--
-- ARGV[1] is the operation, ARGV[2] the prefix of every key, ARGV[3] the time (empty: the server's own), ARGV[4] the
-- patience of lane waiters in seconds, ARGV[5] a JSON argument. All keys share the prefix's hash tag, so one slot.
-- Scores are epoch seconds, written with six digits: Lua's own number format would cut them.

local P, A = ARGV[2], cjson.decode(ARGV[5])
local now
if ARGV[3] ~= '' then
  now = tonumber(ARGV[3])
else
  local t = redis.call('TIME')
  now = tonumber(t[1]) + tonumber(t[2]) / 1e6
end
local patience = tonumber(ARGV[4])

local function num(x) return string.format('%.6f', x) end
local function job_key(id) return P .. 'job:' .. id end
local function lane_key(name, part) return P .. 'lane:' .. name .. ':' .. part end
local function present(x) return x ~= nil and x ~= cjson.null and x ~= false end

-- The first lane of a waiting job that is closed or full, or nil.
local function full_lane(id, lanes)
  for _, lane in ipairs(lanes) do
    local closed = redis.call('GET', lane_key(lane.name, 'closed'))
    if closed and tonumber(closed) > now then return lane.name end
    local runners = redis.call('HLEN', lane_key(lane.name, 'run'))
    if redis.call('HEXISTS', lane_key(lane.name, 'run'), id) == 1 then runners = runners - 1 end
    if runners >= lane.room then return lane.name end
  end
  return nil
end

-- Let a job wait at a lane; whoever leaves the lane wakes it, and its due is only the patience after that.
local function park(id, lane, queue, urgency, give_up)
  redis.call('ZREM', P .. 'ready:' .. queue, id)
  redis.call('ZADD', lane_key(lane, 'wait'), urgency, id)
  local closed = tonumber(redis.call('GET', lane_key(lane, 'closed')) or '0')
  local due = num(math.min(math.max(now + patience, closed), tonumber(give_up)))
  redis.call('HSET', job_key(id), 'due', due)
  redis.call('ZADD', P .. 'due', due, id)
end

-- Put a due job where it can be claimed, or let it wait at the first lane without room.
local function offer(id)
  local f = redis.call('HMGET', job_key(id), 'queue', 'urgency', 'lanes', 'waits', 'give_up')
  if f[4] == '1' then
    local full = full_lane(id, cjson.decode(f[3]))
    if full then
      park(id, full, f[1], f[2], f[5])
      return false
    end
  end
  redis.call('ZADD', P .. 'ready:' .. f[1], f[2], id)
  redis.call('SADD', P .. 'queues', f[1])
  return true
end

-- Let waiters of a lane go until one can be claimed, or the lane itself has no room.
local function wake(name)
  while true do
    local first = redis.call('ZRANGE', lane_key(name, 'wait'), 0, 0)[1]
    if not first then return end
    local lanes = cjson.decode(redis.call('HGET', job_key(first), 'lanes'))
    if full_lane(first, lanes) == name then return end
    redis.call('ZREM', lane_key(name, 'wait'), first)
    redis.call('HSET', job_key(first), 'due', num(now))
    redis.call('ZADD', P .. 'due', num(now), first)
    if offer(first) then return end
  end
end

-- One line; the same as one of the last two becomes a count on it, so that a rhythm does not flood the history.
local function write(id, line, fold)
  local key, list = job_key(id), P .. 'history:' .. id
  local last = redis.call('HMGET', key, 'fold1', 'count1', 'fold2', 'count2')
  for place = 1, 2 do
    if last[place * 2 - 1] == fold then
      local count = tonumber(last[place * 2]) + 1
      redis.call('HSET', key, 'count' .. place, count)
      redis.call('LSET', list, -place, '{"count":' .. count .. ',' .. string.sub(line, 2))
      return
    end
  end
  redis.call('HSET', key, 'fold2', last[1] or '', 'count2', last[2] or '0', 'fold1', fold, 'count1', '1')
  redis.call('RPUSH', list, '{"count":1,' .. string.sub(line, 2))
  redis.call('LTRIM', list, -200, -1)
end

local function drop_from_queues(id, queue, lanes)
  if queue and queue ~= '' then redis.call('ZREM', P .. 'ready:' .. queue, id) end
  for _, lane in ipairs(lanes) do redis.call('ZREM', lane_key(lane.name, 'wait'), id) end
end

-- The indexes that a job is in while it stands in a state: of its kind, and of its camera and its kind.
local function enter(id, camera, kind, state)
  local index = 'kind:' .. kind .. ':state:' .. state
  redis.call('ZADD', P .. index, 0, id)
  redis.call('ZADD', P .. 'camera:' .. camera .. ':' .. index, 0, id)
end

local function leave(id, camera, kind, state)
  local index = 'kind:' .. kind .. ':state:' .. state
  redis.call('ZREM', P .. index, id)
  redis.call('ZREM', P .. 'camera:' .. camera .. ':' .. index, id)
end

local operations = {}

function operations.now() return num(now) end

function operations.load()
  local f = redis.call('HMGET', job_key(A.id), 'version', 'doc', 'due')
  if not f[1] then return false end
  return {f[1], f[2], f[3] or '', num(now)}
end

function operations.commit()
  local id, key = A.id, job_key(A.id)
  local old = redis.call('HMGET', key, 'version', 'commits', 'state', 'queue', 'lanes', 'occupies', 'urgency', 'give_up')
  local version, commits = tonumber(old[1] or '0'), old[2] or ''
  if string.find(commits, A.commit, 1, true) then return 'saved' end
  if version ~= A.version then return 'conflict' end
  if version == 0 and redis.call('HEXISTS', P .. 'wishes', A.wish) == 1 then return 'exists' end
  if A.claims and old[6] ~= '1' then
    local full = full_lane(id, A.lanes)
    if full then
      park(id, full, old[4], old[7], old[8])
      return 'no-room'
    end
  end

  local old_lanes = old[5] and cjson.decode(old[5]) or {}
  drop_from_queues(id, old[4], old_lanes)
  redis.call('HSET', key, 'version', version + 1, 'doc', A.doc, 'state', A.state, 'camera', A.camera, 'kind', A.kind, 'wish', A.wish,
    'queue', A.queue, 'urgency', num(A.urgency), 'lanes', A.lanes_json, 'occupies', A.occupies and '1' or '0',
    'waits', A.waits and '1' or '0', 'give_up', num(A.give_up),
    'commits', string.sub(commits .. ' ' .. A.commit, -A.commits_kept))
  if present(A.due) then
    redis.call('HSET', key, 'due', num(A.due))
    redis.call('ZADD', P .. 'due', num(A.due), id)
    redis.call('ZREM', P .. 'ended', id)
  else
    redis.call('HDEL', key, 'due')
    redis.call('ZREM', P .. 'due', id)
    redis.call('ZADD', P .. 'ended', num(A.updated), id)
  end
  if present(A.owed) then
    redis.call('ZADD', P .. 'owed', num(A.owed), id)
  else
    redis.call('ZREM', P .. 'owed', id)
  end
  if old[3] ~= A.state then
    if old[3] then leave(id, A.camera, A.kind, old[3]) end
    enter(id, A.camera, A.kind, A.state)
  end
  if version == 0 then
    redis.call('ZADD', P .. 'jobs', 0, id)
    redis.call('ZADD', P .. 'camera:' .. A.camera, 0, id)
    redis.call('HSET', P .. 'wishes', A.wish, id)
  end
  if present(A.span) then
    redis.call('HSET', P .. 'spans:' .. A.camera, A.wish, A.span)
    redis.call('ZADD', P .. 'spans-by-start:' .. A.camera, num(A.start), A.wish)
  end

  for name, closed in pairs(A.closed) do redis.call('SET', lane_key(name, 'closed'), num(closed)) end
  for _, lane in ipairs(old_lanes) do redis.call('HDEL', lane_key(lane.name, 'run'), id) end
  if A.occupies then
    for _, lane in ipairs(A.lanes) do redis.call('HSET', lane_key(lane.name, 'run'), id, A.runner) end
  end
  if A.queue ~= '' and (A.occupies or (present(A.due) and A.due <= now)) then offer(id) end
  local woken = {}
  for _, lanes in ipairs({old_lanes, A.lanes}) do
    for _, lane in ipairs(lanes) do
      if not woken[lane.name] then wake(lane.name) end
      woken[lane.name] = true
    end
  end
  write(id, A.line, A.fold)
  return 'saved'
end

function operations.note()
  if redis.call('EXISTS', job_key(A.id)) == 1 then write(A.id, A.line, A.fold) end
  return 'saved'
end

function operations.take()
  return redis.call('ZPOPMIN', P .. 'ready:' .. A.queue)[1] or false
end

function operations.take_owed()
  local id = redis.call('ZRANGEBYSCORE', P .. 'owed', '-inf', num(now), 'LIMIT', 0, 1)[1]
  if not id then return false end
  redis.call('ZADD', P .. 'owed', num(now + A.hold), id)
  return id
end

-- Jobs that only wait to be claimed are put (back) into their queues here; the others need somebody to look.
function operations.overdue()
  local clocks = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', num(now))) do
    local f = redis.call('HMGET', job_key(id), 'queue', 'occupies', 'give_up', 'lanes')
    local claimable = f[1] and f[1] ~= '' and f[2] == '0' and now < tonumber(f[3])
    if claimable and not redis.call('ZSCORE', P .. 'ready:' .. f[1], id) then
      drop_from_queues(id, nil, cjson.decode(f[4]))
      offer(id)
    elseif not claimable and #clocks < A.limit then
      clocks[#clocks + 1] = id
    end
  end
  local waiting = {}
  for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
    waiting[#waiting + 1] = queue
    waiting[#waiting + 1] = redis.call('ZCARD', P .. 'ready:' .. queue)
  end
  return {clocks, waiting, redis.call('ZCOUNT', P .. 'owed', '-inf', num(now))}
end

function operations.overdue_seconds()
  local first = redis.call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')[2]
  return num(first and math.max(0, now - tonumber(first)) or 0)
end

function operations.forget()
  local gone = 0
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'ended', '-inf', num(A.before))) do
    if gone >= A.limit then break end
    if not redis.call('ZSCORE', P .. 'owed', id) then
      local f = redis.call('HMGET', job_key(id), 'state', 'camera', 'wish', 'kind')
      redis.call('ZREM', P .. 'ended', id)
      redis.call('ZREM', P .. 'jobs', id)
      leave(id, f[2], f[4], f[1])
      redis.call('ZREM', P .. 'camera:' .. f[2], id)
      if redis.call('HGET', P .. 'wishes', f[3]) == id then redis.call('HDEL', P .. 'wishes', f[3]) end
      redis.call('DEL', job_key(id), P .. 'history:' .. id)
      gone = gone + 1
    end
  end
  return gone
end

return operations[ARGV[1]]()
